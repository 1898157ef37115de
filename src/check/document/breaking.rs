//! Events that break one rule of a schema, and what the judge says of them.

use serde_json::{Value, json};

use super::fields::Rule;
use crate::event::Stream;
use crate::judge::{Judge, Submission, Verdict, Violation};

/// What breaking a rule brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// The value that broke it; none where the field was left out.
    pub(super) value: Option<Value>,
    pub(super) violation: Violation,
}

/// Breaks a rule in the first of the examples in which it can be broken.
pub(super) fn broken(rule: &Rule<'_>, examples: &[Value], judge: &mut Judge) -> Option<Broken> {
    for example in examples {
        let Some(found) = place(example, &rule.pointer) else {
            continue;
        };
        let before = example.pointer(&found).cloned().unwrap_or(Value::Null);
        for value in values(rule, &before) {
            let mut event = example.clone();
            *event.pointer_mut(&found)? = value.clone();
            let violations = violations(judge, &event);
            let is_it = |violation: &Violation| {
                violation.pointer == found
                    && violation.keyword == rule.keyword
                    && under(violation, rule.branch)
            };
            if let Some(violation) = violations.into_iter().find(is_it) {
                let value = Some(value);
                return Some(Broken { value, violation });
            }
        }
    }
    None
}

/// Leaves a field out of the first of the examples from which it is missed.
pub(super) fn missing(pointer: &str, examples: &[Value], judge: &mut Judge) -> Vec<Broken> {
    let mut found: Vec<Broken> = Vec::new();
    for example in examples {
        let Some(place) = place(example, pointer) else {
            continue;
        };
        let mut event = example.clone();
        let Some((parent, name)) = place.rsplit_once('/') else {
            continue;
        };
        let Some(object) = event.pointer_mut(parent).and_then(Value::as_object_mut) else {
            continue;
        };
        object.remove(name);
        let missed = |it: &Violation| it.pointer == parent && it.keyword == "required";
        for violation in violations(judge, &event).into_iter().filter(missed) {
            if !found
                .iter()
                .any(|it| it.violation.message == violation.message)
            {
                let value = None;
                found.push(Broken { value, violation });
            }
        }
    }
    found
}

/// Where the field stands in this event: the first element for each `*`.
fn place(event: &Value, pointer: &str) -> Option<String> {
    let place = pointer.replace('*', "0");
    event.pointer(&place).map(|_| place)
}

fn under(violation: &Violation, branch: Option<usize>) -> bool {
    match branch {
        Some(branch) => violation
            .schema_pointer
            .starts_with(&format!("/allOf/{branch}/then/")),
        None => !violation.schema_pointer.starts_with("/allOf/"),
    }
}

fn violations(judge: &mut Judge, event: &Value) -> Vec<Violation> {
    let body = event.to_string();
    let submission = Submission {
        body: body.as_bytes(),
        properties: None,
        content_type: None,
    };
    match judge.judge(&Stream::new("document"), &submission) {
        Verdict::Accepted(_) => Vec::new(),
        Verdict::Rejected(rejection) => rejection.violations,
    }
}

/// Values that may break a rule, those first that a producer would send.
fn values(rule: &Rule<'_>, before: &Value) -> Vec<Value> {
    let number = rule.value.as_f64().unwrap_or_default();
    let size = rule.value.as_u64().unwrap_or_default() as usize;
    match rule.keyword {
        "type" => vec![
            before.as_str().map_or_else(
                || json!(before.to_string()),
                |text| text.parse::<u64>().map_or(json!(1), Value::from),
            ),
            json!([before]),
        ],
        "pattern" => text(before),
        "format" | "enum" | "const" => vec![json!("?")],
        "minLength" => vec![json!("")],
        "maxLength" => vec![json!("x".repeat(size + 1))],
        "minimum" => vec![whole(number - 2.0), whole(number - 1.0)],
        "maximum" => vec![whole(number + 2.0), whole(number + 1.0)],
        "exclusiveMinimum" | "exclusiveMaximum" => vec![whole(number)],
        "multipleOf" => vec![json!(number / 2.0)],
        "minItems" => vec![json!([])],
        "maxItems" => {
            let first = before.get(0).cloned().unwrap_or(Value::Null);
            vec![Value::Array(vec![first; size + 1])]
        }
        "not" => rule.value.get("const").cloned().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Texts that a pattern may refuse: what was there with something behind it, and no letter at all.
fn text(before: &Value) -> Vec<Value> {
    let before = before.as_str().unwrap_or_default();
    vec![json!(format!("{before} ")), json!("?")]
}

fn whole(number: f64) -> Value {
    if number.fract() == 0.0 {
        json!(number as i64)
    } else {
        json!(number)
    }
}
