//! A plan accepts what the library accepts.

use std::path::Path;

use jsonschema::{Draft, PatternOptions};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::judge::tape::{Document, Tape};

fn library(schema: &Value) -> Option<jsonschema::Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(schema)
        .ok()
}

fn accepts(plan: &Plan, value: &Value) -> bool {
    let source = value.to_string();
    let mut tape = Tape::default();
    tape.read(&source, 64).unwrap();
    let document = Document {
        source: &source,
        tape: &tape,
    };
    plan.accepts(TapeNode { document, index: 0 })
}

fn shipped(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(name);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn the_shipped_schemas_have_a_plan_that_judges_their_examples() {
    for name in ["order-transaction/1.0.0", "order/1.0.0"] {
        let schema = shipped(&format!("{name}.json"));
        let (plan, library) = (Plan::compile(&schema).unwrap(), library(&schema).unwrap());
        let asked = format!("{plan:?}").matches("Library").count();
        // the format of a time, and nothing else
        assert_eq!(asked, usize::from(name.starts_with("order/")), "{name}");
        let examples = shipped(&format!("{name}.examples.json"));
        for kind in ["valid", "invalid"] {
            for example in examples[kind].as_array().unwrap() {
                let event = &example["event"];
                assert_eq!(
                    accepts(&plan, event),
                    kind == "valid",
                    "{}",
                    example["name"]
                );
                assert_eq!(accepts(&plan, event), library.is_valid(event));
            }
        }
    }
}

#[test]
fn what_a_plan_does_not_know_is_left_to_the_library() {
    for schema in [
        json!({"patternProperties": {"^a": true}}),
        json!({"properties": {"a": {"prefixItems": [true]}}}),
        json!({"propertyNames": {"minLength": 1}}),
        json!({"unevaluatedProperties": false}),
        json!({"dependentRequired": {"a": ["b"]}}),
        json!({"contains": {"type": "string"}}),
        json!({"properties": {"a": {"$id": "urn:other", "type": "string"}}}),
        json!({"$ref": "urn:other"}),
        json!({"$ref": "#name", "$defs": {"a": {"$anchor": "name"}}}),
        json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": true}}),
        json!({"$dynamicRef": "#a"}),
        json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
        // without an end, but for the library's own
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"minLength": 1.5}),
    ] {
        assert!(Plan::compile(&schema).is_none(), "{schema}");
    }
}

#[test]
fn a_schema_that_refers_to_itself_goes_as_deep_as_events_do() {
    let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
    let plan = Plan::compile(&schema).unwrap();
    let chain = |depth: usize, end: &str| {
        let source = "{\"next\":".repeat(depth) + end + &"}".repeat(depth);
        let mut tape = Tape::default();
        tape.read(&source, 512).unwrap();
        let document = Document {
            source: &source,
            tape: &tape,
        };
        plan.accepts(TapeNode { document, index: 0 })
    };
    assert!(chain(511, "{}"));
    assert!(!chain(511, "[]"));
}

/// Schemas of the keywords that plans know, over few names, so that they meet the values below.
fn schema() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-3..4_i64).prop_map(Value::from),
        Just(json!(0.5)),
        Just(json!(1e17)),
        Just(json!(i64::MIN)),
    ];
    let size = 0..4_u64;
    let kind = prop::sample::select(vec![
        "null", "boolean", "number", "integer", "string", "array", "object",
    ]);
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        kind.clone().prop_map(|kind| json!({ "type": kind })),
        prop::collection::hash_set(kind, 1..4).prop_map(|kinds| json!({ "type": kinds })),
        prop::collection::vec(scalar(), 1..3).prop_map(|values| json!({ "enum": values })),
        scalar().prop_map(|value| json!({ "const": value })),
        (size.clone(), size.clone())
            .prop_map(|(least, most)| json!({"minLength": least, "maxLength": most})),
        prop::sample::select(vec!["^a", "^[ab]{1,2}$", "b", "^(a|é)$", "^\\w"])
            .prop_map(|pattern| json!({ "pattern": pattern })),
        (
            prop::sample::select(vec![
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum"
            ]),
            number
        )
            .prop_map(|(keyword, limit)| json!({ keyword: limit })),
        Just(json!({"multipleOf": 2})),
        Just(json!({"uniqueItems": true})),
        Just(json!({"format": "date"})),
        prop::collection::vec(name(), 0..3).prop_map(|names| json!({ "required": names })),
        (size.clone(), size.clone())
            .prop_map(|(least, most)| json!({"minItems": least, "maxProperties": most})),
        (size.clone(), size)
            .prop_map(|(least, most)| json!({"maxItems": least, "minProperties": most})),
        Just(json!({"$ref": "#/$defs/node"})),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let properties = prop::collection::hash_map(name(), inner.clone(), 0..3).boxed();
        prop_oneof![
            (properties.clone(), inner.clone()).prop_map(
                |(properties, other)| json!({"properties": properties, "additionalProperties": other})
            ),
            (properties, prop::collection::vec(name(), 0..2)).prop_map(
                |(properties, names)| json!({"type": "object", "properties": properties, "required": names, "title": "x"})
            ),
            inner.clone().prop_map(|items| json!({ "items": items })),
            inner.clone().prop_map(|schema| json!({ "not": schema })),
            (
                prop::sample::select(vec!["allOf", "anyOf", "oneOf"]),
                prop::collection::vec(inner.clone(), 1..4)
            )
                .prop_map(|(keyword, schemas)| json!({ keyword: schemas })),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| json!({"if": a, "then": b, "else": c})),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "ab", "é", "a/b~", "\"", ""]).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-4..5_i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-4..5_i64).prop_map(|number| json!(number as f64 / 2.0)),
        any::<f64>().prop_filter_map("finite", |number| serde_json::Number::from_f64(number)
            .map(Value::from)),
        Just(json!(1e-300)),
        Just(json!(-0.0)),
        "[ab]{0,3}".prop_map(Value::from),
        "\\PC{0,3}".prop_map(Value::from),
        Just(json!("2020-02-30")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name(), inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn i4_a_plan_accepts_what_the_library_accepts(
        mut schema in schema(),
        node in schema(),
        values in prop::collection::vec(value(), 8),
    ) {
        if let Some(keywords) = schema.as_object_mut() {
            keywords.insert("$defs".to_owned(), json!({ "node": node }));
        }
        let Some(library) = library(&schema) else { return Ok(()) };
        if let Some(plan) = Plan::compile(&schema) {
            for value in values {
                prop_assert_eq!(accepts(&plan, &value), library.is_valid(&value), "{} on {}", schema, value);
            }
        }
    }
}
