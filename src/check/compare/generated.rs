//! The promise of all rules together, over generated schemas and values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, Effect, compare};

fn compared(old: &Value, new: &Value) -> Vec<Change> {
    compare(old, new, &|_| None)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.5, -0.5]).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "ab", "b", "ba"]).prop_map(Value::from),
    ]
}

fn instance() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(vec!["a", "b", "xa"]), inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// One of these keywords with a value.
fn under(
    keywords: &[&'static str],
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<(&'static str, Value)> {
    (prop::sample::select(keywords.to_vec()), value).boxed()
}

/// Keywords with small values, so that two schemas often differ in one of them only.
fn keyword(schema: BoxedStrategy<Value>) -> impl Strategy<Value = (&'static str, Value)> {
    let (name, names) = (
        prop::sample::select(vec!["a", "b", "xa"]),
        prop::collection::btree_set(prop::sample::select(vec!["a", "b", "xa"]), 0..3),
    );
    let types = prop::collection::btree_set(
        prop::sample::select(vec![
            "null", "boolean", "integer", "number", "string", "array", "object",
        ]),
        1..4,
    );
    let number = || prop_oneof![(-2..3_i64).prop_map(Value::from), Just(json!(0.5))];
    let count = || (0..3_u64).prop_map(Value::from);
    let list = prop::collection::vec(schema.clone(), 1..3).prop_map(Value::from);
    let map = prop::collection::btree_map(name.clone(), schema.clone(), 1..3)
        .prop_map(|members| members.into_iter().collect::<Value>());
    let patterns =
        prop::collection::btree_map(prop::sample::select(vec!["^x", "a$"]), schema.clone(), 1..3)
            .prop_map(|members| members.into_iter().collect::<Value>());
    prop_oneof![
        under(&["type"], types.prop_map(|it| json!(it))),
        under(
            &["enum"],
            prop::collection::vec(scalar(), 1..4).prop_map(Value::from)
        ),
        under(&["const"], scalar()),
        under(
            &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
            number()
        ),
        under(
            &["multipleOf"],
            prop::sample::select(vec![json!(1), json!(2), json!(4), json!(0.5)])
        ),
        under(
            &[
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties"
            ],
            count()
        ),
        under(
            &["pattern"],
            prop::sample::select(vec![json!("^a"), json!("b")])
        ),
        under(&["uniqueItems"], any::<bool>().prop_map(Value::from)),
        under(&["required"], names.prop_map(|it| json!(it))),
        under(
            &["dependentRequired"],
            (name, prop::sample::select(vec!["a", "b"])).prop_map(|(a, b)| json!({a: [b]}))
        ),
        under(&["properties", "properties", "dependentSchemas"], map),
        under(&["patternProperties"], patterns),
        under(&["allOf", "anyOf", "oneOf", "prefixItems"], list),
        under(&["minContains", "maxContains"], count()),
        under(
            &[
                "additionalProperties",
                "unevaluatedProperties",
                "unevaluatedItems",
                "items",
                "contains",
                "propertyNames",
                "not",
                "if",
                "then",
                "else"
            ],
            schema
        ),
        under(
            &["$ref"],
            prop::sample::select(vec![json!("#/$defs/x"), json!("#/$defs/y")])
        ),
    ]
}

fn subschema() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![4 => Just(json!({})), 1 => any::<bool>().prop_map(Value::from)].boxed();
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop::collection::vec(keyword(inner.boxed()), 1..4)
            .prop_map(|keywords| keywords.into_iter().collect::<Value>())
    })
    .boxed()
}

/// A schema whose definitions refer to nothing, so that none refers to itself.
fn document() -> impl Strategy<Value = Value> {
    let definition = || {
        prop::collection::vec(keyword(Just(json!({"type": "string"})).boxed()), 0..2).prop_map(
            |keywords| {
                keywords
                    .into_iter()
                    .filter(|(name, _)| *name != "$ref")
                    .collect::<Value>()
            },
        )
    };
    (subschema(), definition(), definition()).prop_map(|(mut schema, x, y)| {
        if let Some(members) = schema.as_object_mut() {
            members.insert("$defs".to_owned(), json!({"x": x, "y": y}));
            return schema;
        }
        schema
    })
}

/// A document and one that differs from it in a few places.
fn versions() -> impl Strategy<Value = (Value, Value)> {
    let edit = (any::<prop::sample::Index>(), keyword(subschema()), 0..3_u8);
    (document(), prop::collection::vec(edit, 0..3)).prop_map(|(old, edits)| {
        let mut new = old.clone();
        for (place, (name, value), how) in edits {
            let mut schemas = Vec::new();
            places(&new, "", &mut schemas);
            if schemas.is_empty() {
                continue;
            }
            let at = schemas.swap_remove(place.index(schemas.len()));
            let Some(members) = new.pointer_mut(&at).and_then(Value::as_object_mut) else {
                continue;
            };
            match how {
                0 => drop(members.remove(name)),
                // a reference would lead to itself
                _ if name == "$ref" && at.starts_with("/$defs")
                    || value.to_string().contains("$ref") && at.starts_with("/$defs") => {}
                _ => drop(members.insert(name.to_owned(), value)),
            }
        }
        (old, new)
    })
}

/// The pointers of the objects that are subschemas.
fn places(schema: &Value, pointer: &str, all: &mut Vec<String>) {
    let Some(members) = schema.as_object() else {
        return;
    };
    all.push(pointer.to_owned());
    for (name, value) in members {
        let below = format!("{pointer}/{name}");
        match name.as_str() {
            "properties" | "patternProperties" | "dependentSchemas" | "$defs" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    places(value, &format!("{below}/{name}"), all);
                }
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    places(value, &format!("{below}/{index}"), all);
                }
            }
            "enum" | "const" | "dependentRequired" => {}
            _ => places(value, &below, all),
        }
    }
}

fn validator(schema: &Value) -> Option<jsonschema::Validator> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .ok()
}

/// More cases than usual, since most pairs of versions are not compatible.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(1_500),
        max_global_rejects: u32::MAX,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn where_nothing_is_breaking_or_unclear_what_was_accepted_is_accepted(
        (old, new) in versions(),
        instances in prop::collection::vec(instance(), 24),
    ) {
        prop_assume!(compared(&old, &new).iter().all(|it| it.effect == Effect::Wider));
        let (Some(older), Some(newer)) = (validator(&old), validator(&new)) else {
            return Err(TestCaseError::reject("it does not compile"));
        };
        for instance in &instances {
            if older.is_valid(instance) {
                prop_assert!(newer.is_valid(instance), "{} is refused now\n{old}\n{new}", instance);
            }
        }
    }

    #[test]
    fn a_schema_accepts_what_it_accepts(schema in document()) {
        prop_assert_eq!(compared(&schema, &schema), []);
    }
}
