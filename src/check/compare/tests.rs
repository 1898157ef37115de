//! Every rule, both ways.

use serde_json::{Value, json};

use super::*;

fn compared(old: &Value, new: &Value) -> Vec<Change> {
    compare(old, new, &|_| None)
}

/// The changes but for those that are wider, as `effect pointer`.
fn harm(old: &Value, new: &Value) -> Vec<String> {
    compared(old, new)
        .iter()
        .filter(|it| it.effect != Effect::Wider)
        .map(|it| format!("{:?} {}", it.effect, it.pointer).to_lowercase())
        .collect()
}

#[track_caller]
fn assert_harm(old: &Value, new: &Value, expected: &[&str]) {
    assert_eq!(harm(old, new), expected, "{old} -> {new}");
}

/// The rows of a table: two schemas, and what else there is.
fn rows(table: &str) -> impl Iterator<Item = (Value, Value, &str)> {
    table.trim().lines().map(|line| {
        let mut cells = line.split(" | ");
        let mut schema = || serde_json::from_str(cells.next().unwrap()).unwrap();
        let (old, new) = (schema(), schema());
        (old, new, cells.next().unwrap_or_default())
    })
}

/// Older, newer, and where the newer is narrower.
const NARROWER: &str = r##"
{"type": ["string", "null"]} | {"type": "string"} | /type
{"type": "number"} | {"type": "integer"} | /type
{} | {"type": "object"} | /type
{"enum": ["a", "b"]} | {"enum": ["a"]} | /enum
{"enum": ["a", "b"]} | {"const": "a"} | /const
{"type": "string"} | {"type": "string", "enum": ["a"]} | /enum
{"type": "boolean"} | {"const": true} | /const
{"const": 1} | {"const": 1, "enum": [2]} | /const
{"$ref": "#/$defs/a", "const": 1, "$defs": {"a": true}} | {"$ref": "#/$defs/a", "const": 1, "enum": [2], "$defs": {"a": true}} | /const
{"minimum": 1} | {"minimum": 2} | /minimum
{} | {"minimum": 2.5} | /minimum
{"minimum": 1} | {"exclusiveMinimum": 1} | /exclusiveminimum
{"maximum": 10} | {"maximum": 9.5} | /maximum
{"maximum": 10} | {"exclusiveMaximum": 10} | /exclusivemaximum
{"multipleOf": 2} | {"multipleOf": 4} | /multipleof
{} | {"multipleOf": 0.01} | /multipleof
{"minLength": 1} | {"minLength": 2} | /minlength
{} | {"maxLength": 64} | /maxlength
{} | {"minItems": 1} | /minitems
{"maxItems": 9} | {"maxItems": 8} | /maxitems
{} | {"minProperties": 1} | /minproperties
{} | {"maxProperties": 1} | /maxproperties
{} | {"pattern": "^a"} | /pattern
{} | {"format": "date"} | /format
{} | {"uniqueItems": true} | /uniqueitems
{"required": ["a"]} | {"required": ["a", "b"]} | /required
{} | {"dependentRequired": {"a": ["b"]}} | /dependentrequired
{} | {"additionalProperties": false} | /additionalproperties
{} | {"additionalProperties": {"type": "string"}} | /additionalproperties/type
{} | {"unevaluatedProperties": false} | /unevaluatedproperties
{} | {"unevaluatedItems": false} | /unevaluateditems
{} | {"propertyNames": {"maxLength": 3}} | /propertynames/maxlength
{} | {"properties": {"a": {"type": "string"}}} | /properties/a
{} | {"properties": {"a": false}} | /properties/a
{"properties": {"a": {"type": "number"}}} | {"properties": {"a": {"type": "integer"}}} | /properties/a/type
{"properties": {"a": true}, "additionalProperties": false} | {"additionalProperties": false} | /properties/a
{} | {"patternProperties": {"^x": {"type": "string"}}} | /patternproperties/^x/type
{} | {"items": {"type": "string"}} | /items/type
{} | {"prefixItems": [{"type": "string"}]} | /prefixitems/0/type
{"prefixItems": [true]} | {"prefixItems": [true], "items": false} | /items
{} | {"contains": {"type": "string"}} | /contains
{"contains": {"const": 1}, "minContains": 2} | {"contains": {"const": 1}, "minContains": 3} | /mincontains
{"contains": {"const": 1}} | {"contains": {"const": 1}, "maxContains": 3} | /maxcontains
{} | {"dependentSchemas": {"a": {"required": ["b"]}}} | /dependentschemas/a/required
{"allOf": [{"minimum": 1}]} | {"allOf": [{"minimum": 1}, {"maximum": 5}]} | /allof/1/maximum
{"allOf": [{"minimum": 1}]} | {"allOf": [{"minimum": 2}]} | /allof/0/minimum
{"if": {"minimum": 1}, "then": {"maximum": 9}} | {"if": {"minimum": 1}, "then": {"maximum": 8}} | /then/maximum
{"$ref": "#/$defs/a", "$defs": {"a": {"minimum": 1}}} | {"$ref": "#/$defs/a", "$defs": {"a": {"minimum": 2}}} | /$defs/a/minimum
true | false
"##;

/// Older, newer, and what is unclear.
const UNCLEAR: &str = r##"
{"pattern": "^a"} | {"pattern": "^b"} | /pattern
{"format": "date"} | {"format": "time"} | /format
{"multipleOf": 0.1} | {"multipleOf": 0.01} | /multipleof
{"anyOf": [{"minimum": 1}, {"maxLength": 1}]} | {"anyOf": [{"maxLength": 1}]} | /anyof
{"oneOf": [{"minimum": 1}]} | {"oneOf": [{"minimum": 0}]} | /oneof
{"not": {"const": 0}} | {"not": {"enum": [0, 1]}} | /not
{} | {"not": {"const": 0}} | /not
{"if": {"minimum": 1}, "then": {"maximum": 9}} | {"if": {"minimum": 0}, "then": {"maximum": 9}} | /if
{"$ref": "other#/a"} | {"$ref": "other#/b"} | /$ref
{"$dynamicRef": "#a"} | {"$dynamicRef": "#a", "minimum": 0} | /$dynamicref
{"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false} | {"allOf": [{"properties": {"b": true}}], "unevaluatedProperties": false} | /unevaluatedproperties
{"contains": {"minimum": 1}, "maxContains": 2} | {"contains": {"minimum": 0}, "maxContains": 2} | /contains
{"properties": {"a": {"$id": "urn:x", "minimum": 1}}} | {"properties": {"a": {"$id": "urn:x", "minimum": 0}}} | /properties/a/$id
"##;

/// Two ways to write the same.
const SAME: &str = r##"
{"title": "a", "description": "b", "examples": [1], "default": 1, "x-hint": "c", "$comment": "d"} | {"deprecated": true, "contentEncoding": "base64"}
{"type": "integer", "minimum": 1} | {"type": "integer", "exclusiveMinimum": 0}
{"type": "integer"} | {"type": "integer", "multipleOf": 1}
{"type": "string"} | {"type": "string", "minimum": 3, "required": ["a"]}
{"properties": {"a": {"minimum": 1}}} | {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"minimum": 1}}}
{"allOf": [{"minimum": 1}, {"maximum": 2}]} | {"allOf": [{"maximum": 2}, {"minimum": 1}]}
{"minimum": 1} | {"minimum": 1, "allOf": [{"minimum": 0}]}
{"anyOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"not": {"const": 1}}}} | {"anyOf": [{"title": "x", "not": {"const": 1}}]}
{"properties": {"next": {"$ref": "#"}, "a": {"minimum": 1}}} | {"properties": {"next": {"$ref": "#"}, "a": {"minimum": 1}}}
"##;

/// A schema as that of a property; its definitions stay where references find them.
fn as_property(schema: &Value) -> Value {
    let mut document = json!({"properties": {"P": schema}});
    if let Some(definitions) = schema.get("$defs") {
        document["$defs"] = definitions.clone();
    }
    document
}

#[test]
fn a_stricter_keyword_is_breaking_and_a_laxer_one_wider() {
    for (old, new, pointer) in rows(NARROWER) {
        let pointer = match pointer {
            definition if definition.starts_with("/$defs") => definition.to_owned(),
            pointer => format!("/properties/p{pointer}"),
        };
        let (old, new) = (as_property(&old), as_property(&new));
        assert_harm(&old, &new, &[&format!("breaking {pointer}")]);
        let back = compared(&new, &old);
        assert!(
            !back.is_empty() && back.iter().all(|it| it.effect == Effect::Wider),
            "{new} -> {old}: {back:?}"
        );
    }
}

#[test]
fn what_can_not_be_compared_is_said_to_be_unclear() {
    for (old, new, pointer) in rows(UNCLEAR) {
        let found = harm(&old, &new);
        let unclear = format!("unclear {pointer}");
        assert!(found.contains(&unclear), "{old} -> {new}: {found:?}");
    }
}

#[test]
fn what_is_only_written_otherwise_is_no_change() {
    for (old, new, _) in rows(SAME) {
        assert_eq!(compared(&old, &new), [], "{old} -> {new}");
    }
    for (old, new, _) in rows(NARROWER) {
        assert_eq!(compared(&old, &old), []);
        assert_eq!(compared(&new, &new), []);
    }
}

#[test]
fn a_field_can_be_added_to_what_was_closed() {
    for closed in ["additionalProperties", "unevaluatedProperties"] {
        let with = |properties: Value| json!({"properties": properties, closed: false});
        let (old, new) = (
            with(json!({"a": true})),
            with(json!({"a": true, "b": {"type": "string"}})),
        );
        assert_harm(&old, &new, &[]);
        let back = harm(&new, &old);
        assert!(
            back.contains(&"breaking /properties/b".to_owned()),
            "{back:?}"
        );
    }
}

#[test]
fn a_type_that_is_new_brings_its_own_limits() {
    let old = json!({"type": "string"});
    let new = json!({"type": ["string", "integer"], "minimum": 1});
    assert_harm(&old, &new, &[]);
}

#[test]
fn values_that_are_named_are_judged_by_what_takes_their_place() {
    let old = json!({"enum": ["12345", "54321"]});
    assert_harm(&old, &json!({"pattern": "^[0-9]{5}$"}), &[]);
    assert_harm(&old, &json!({"pattern": "^1"}), &["breaking "]);
}

#[test]
fn changes_of_a_recursive_schema_are_found_once() {
    let tree = |minimum| {
        json!({"type": "object", "properties": {
            "value": {"minimum": minimum},
            "children": {"items": {"$ref": "#"}},
            "same": {"anyOf": [{"type": "null"}, {"$ref": "#"}]},
        }})
    };
    assert_harm(&tree(1), &tree(2), &["breaking /properties/value/minimum"]);
    assert_harm(&tree(2), &tree(1), &[]);
}

#[test]
fn a_reference_to_another_document_is_followed() {
    let (v1, v2) = (
        json!({"$id": "urn:a:1", "minimum": 1}),
        json!({"$id": "urn:a:2", "minimum": 2}),
    );
    let documents = |id: &str| match id {
        "urn:a:1" => Some(&v1),
        "urn:a:2" => Some(&v2),
        _ => None,
    };
    let (old, new) = (json!({"$ref": "urn:a:1"}), json!({"$ref": "urn:a:2"}));
    let changes = compare(&old, &new, &documents);
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].effect, changes[0].pointer.as_str()),
        (Effect::Breaking, "urn:a:2#/minimum")
    );
    assert_eq!(compare(&old, &old, &documents), []);
}

#[test]
fn a_schema_that_branches_without_end_is_given_up() {
    let branching = |limit: u64| {
        let members: Vec<_> = (0..12).map(|it| json!({"properties": {format!("p{it}"): {"$ref": "#"}}, "minimum": it + limit})).collect();
        json!({"anyOf": members})
    };
    let start = std::time::Instant::now();
    let found = compared(&branching(0), &branching(100));
    assert!(found.iter().any(|it| it.effect == Effect::Unclear));
    assert!(start.elapsed().as_secs() < 60);
}
