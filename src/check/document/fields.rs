//! The fields of a schema, and their rules.

use serde_json::Value;

/// Keywords that the page tells, and whose breaking it shows, in this order.
pub(super) const KEYWORDS: [&str; 15] = [
    "type",
    "enum",
    "const",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "not",
];

/// A field, and where it stands in an event: `/lines/*/price`.
#[derive(Debug, Clone)]
pub(super) struct Field<'s> {
    pub(super) pointer: String,
    pub(super) schema: &'s Value,
    /// Whether it has to be there wherever its parent is.
    pub(super) required: bool,
}

/// A rule of a field.
#[derive(Debug, Clone)]
pub(super) struct Rule<'s> {
    pub(super) pointer: String,
    pub(super) keyword: &'s str,
    pub(super) value: &'s Value,
    /// The condition under which it holds: where in the schema; none where it always does.
    pub(super) branch: Option<usize>,
}

/// The fields of an event, each behind the one that holds it; those that are required first.
pub(super) fn fields(root: &Value) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    below(root, root, "", &mut found);
    found
}

fn below<'s>(root: &'s Value, schema: &'s Value, pointer: &str, found: &mut Vec<Field<'s>>) {
    for (name, schema, required) in members(schema) {
        let pointer = format!("{pointer}/{name}");
        found.push(Field {
            pointer: pointer.clone(),
            schema,
            required,
        });
        below(root, referred(root, schema), &pointer, found);
        if let Some(items) = schema.get("items") {
            below(root, referred(root, items), &format!("{pointer}/*"), found);
        }
    }
}

/// The properties in the order of `required`, then the others.
fn members(schema: &Value) -> Vec<(&str, &Value, bool)> {
    let properties = schema["properties"].as_object();
    let names = required(schema);
    let first = names
        .iter()
        .filter_map(|name| Some((*name, schema["properties"].get(name)?, true)));
    let others = properties
        .into_iter()
        .flatten()
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .map(|(name, schema)| (name.as_str(), schema, false));
    first.chain(others).collect()
}

/// What has to be there.
pub(super) fn required(schema: &Value) -> Vec<&str> {
    let names = schema["required"].as_array();
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The schema that a reference within the document names, or itself.
fn referred<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    target.and_then(|it| root.pointer(it)).unwrap_or(schema)
}

/// The rules of all fields, those of conditions last.
pub(super) fn rules<'s>(root: &'s Value, fields: &[Field<'s>]) -> Vec<Rule<'s>> {
    let mut found = Vec::new();
    for field in fields {
        of(field.schema, &field.pointer, None, &mut found);
    }
    for (branch, condition) in conditions(root).enumerate() {
        let then = &condition["then"];
        of(then, "", Some(branch), &mut found);
        for (name, schema) in then["properties"].as_object().into_iter().flatten() {
            of(schema, &format!("/{name}"), Some(branch), &mut found);
        }
    }
    found
}

/// The branches of `allOf`.
pub(super) fn conditions(root: &Value) -> impl Iterator<Item = &Value> {
    root["allOf"].as_array().into_iter().flatten()
}

fn of<'s>(schema: &'s Value, pointer: &str, branch: Option<usize>, found: &mut Vec<Rule<'s>>) {
    for keyword in KEYWORDS {
        if let Some(value) = schema.get(keyword) {
            found.push(Rule {
                pointer: pointer.to_owned(),
                keyword,
                value,
                branch,
            });
        }
    }
}
