//! Types, and schemas that accept a few values only.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::Walk;
use super::at::At;
use super::same::same;

/// Values that are named in a message, and their length.
const NAMED: usize = 3;
const NAME: usize = 60;

/// A set of types. `number` is an integer or a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    const ALL: Self = Self(0x7f);
    const NULL: Self = Self(1);
    const BOOLEAN: Self = Self(2);
    pub(super) const OBJECT: Self = Self(4);
    pub(super) const ARRAY: Self = Self(8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const INTEGER: Self = Self(32);
    const FRACTION: Self = Self(64);

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "object" => Self::OBJECT,
            "array" => Self::ARRAY,
            "string" => Self::STRING,
            "integer" => Self::INTEGER,
            "number" => Self(Self::INTEGER.0 | Self::FRACTION.0),
            _ => Self(0),
        }
    }

    fn of(at: &At<'_>) -> Self {
        match at.value.get("type") {
            Some(Value::String(name)) => Self::named(name),
            Some(Value::Array(names)) => {
                let types = names.iter().filter_map(Value::as_str).map(Self::named);
                Self(types.fold(0, |all, it| all | it.0))
            }
            _ => Self::ALL,
        }
    }

    /// Whether one of these is among them.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn has_numbers(self) -> bool {
        self.has(Self::INTEGER) || self.has(Self::FRACTION)
    }

    pub(super) fn has_fractions(self) -> bool {
        self.has(Self::FRACTION)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn words(self) -> String {
        let names = [
            (Self::NULL, "null"),
            (Self::BOOLEAN, "boolean"),
            (Self::OBJECT, "object"),
            (Self::ARRAY, "array"),
            (Self::STRING, "string"),
            (Self::INTEGER, "integer"),
            (Self::FRACTION, "number with a fraction"),
        ];
        let mut words: Vec<_> = names
            .into_iter()
            .filter(|(of, _)| self.has(*of))
            .map(|(_, word)| word)
            .collect();
        if let [.., "integer", "number with a fraction"] = words.as_slice() {
            words.truncate(words.len() - 2);
            words.push("number");
        }
        words.join(", ")
    }
}

impl<'a> Walk<'_, 'a> {
    /// Compares the types; the older ones.
    pub(super) fn compare_types(&mut self, old: &At<'a>, new: &At<'a>) -> Types {
        let (older, newer) = (Types::of(old), Types::of(new));
        let removed = older.without(newer);
        if removed != Types(0) {
            let message = format!("{} was accepted, and is not any more", removed.words());
            self.breaking(new, "type", message);
        } else if newer != older {
            let message = format!("{} is accepted, too", newer.without(older).words());
            self.wider(new, "type", message);
        }
        older
    }

    /// Compares schemas of which the older accepts a few values only, by these values; true where
    /// nothing is left to compare.
    pub(super) fn compare_finite(&mut self, old: &At<'a>, new: &At<'a>) -> bool {
        let keyword = ["const", "enum"]
            .into_iter()
            .find(|it| new.value.get(it).is_some());
        let Some(values) = finite(old) else {
            if let Some(keyword) = keyword {
                let only = finite(new).unwrap_or_default();
                let message = format!(
                    "only {} can be accepted now",
                    named(&only.iter().collect::<Vec<_>>())
                );
                self.breaking(new, keyword, message);
            }
            return false;
        };
        let word = keyword.unwrap_or_else(|| {
            if old.value.get("const").is_some() {
                "const"
            } else {
                "enum"
            }
        });
        if let (Some(older), Some(newer)) = (alone(old), alone(new)) {
            let refused: Vec<_> = values
                .iter()
                .filter(|it| older.is_valid(it) && !newer.is_valid(it))
                .collect();
            if !refused.is_empty() {
                let message = format!("{} was accepted, and is not any more", named(&refused));
                let by = keyword.unwrap_or_default();
                self.breaking(new, by, message);
            } else if !same(self.documents, old, new) {
                self.wider(new, word, "other values may be accepted, too");
            }
            return true;
        }
        let Some(accepted) = finite(new) else {
            return false;
        };
        let takes = |value: &Value| accepted.iter().any(|it| equal(it, value));
        let refused: Vec<_> = values.iter().filter(|it| !takes(it)).collect();
        if !refused.is_empty() {
            let message = format!("{} was accepted, and is not any more", named(&refused));
            self.breaking(new, word, message);
        } else if accepted.len() > values.len() {
            self.wider(new, word, "other values are accepted, too");
        }
        false
    }
}

/// The values of a schema that can accept none but these.
fn finite(at: &At<'_>) -> Option<Vec<Value>> {
    let listed = at.value.get("enum").and_then(Value::as_array);
    match (at.value.get("const"), listed) {
        (Some(value), Some(listed)) => {
            let both = listed.iter().any(|it| equal(it, value));
            return Some(both.then(|| value.clone()).into_iter().collect());
        }
        (Some(value), None) => return Some(vec![value.clone()]),
        (None, Some(listed)) => return Some(listed.clone()),
        (None, None) => {}
    }
    let types = Types::of(at);
    if types.without(Types::NULL).without(Types::BOOLEAN) != Types(0) {
        return None;
    }
    let mut values = Vec::new();
    if types.has(Types::NULL) {
        values.push(Value::Null);
    }
    if types.has(Types::BOOLEAN) {
        values.extend([Value::Bool(false), Value::Bool(true)]);
    }
    Some(values)
}

/// Equal as JSON Schema has it: 1 is 1.0.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() != y.is_f64() => {
            x.as_f64() == y.as_f64()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(name, x)| y.get(name).is_some_and(|y| equal(x, y)))
        }
        _ => a == b,
    }
}

/// A validator of a subschema that needs nothing around it.
fn alone(at: &At<'_>) -> Option<Validator> {
    if refers(at.value) {
        return None;
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(at.value)
        .ok()
}

/// Whether there is a reference in it.
pub(super) fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| matches!(name.as_str(), "$ref" | "$dynamicRef") || refers(value)),
        Value::Array(elements) => elements.iter().any(refers),
        _ => false,
    }
}

/// Whether a name matches a pattern of `patternProperties`; `None` where that can't be said.
pub(super) fn matches(pattern: &str, name: &str) -> Option<bool> {
    let schema = serde_json::json!({ "pattern": pattern });
    let validator = alone(&At::root(&schema))?;
    Some(validator.is_valid(&Value::from(name)))
}

fn named(values: &[&Value]) -> String {
    let named: Vec<_> = values
        .iter()
        .take(NAMED)
        .map(|value| {
            let text = value.to_string();
            match text.char_indices().nth(NAME) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        })
        .collect();
    match values.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
