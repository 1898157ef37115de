//! The shipped schemas: their examples, and that they judge as they do over other values.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use bronzegate::event::Stream;
use bronzegate::judge::{Catalog, Judge, Limits, Reason, Submission, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

fn schemas() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

fn judge(schema: &str, body: &[u8]) -> Verdict {
    let catalog = Arc::new(Catalog::load(&schemas()).unwrap());
    judge_by(&catalog, schema, body)
}

fn judge_by(catalog: &Arc<Catalog>, schema: &str, body: &[u8]) -> Verdict {
    let properties = json!({ "schema": schema }).to_string();
    let submission = Submission {
        body,
        properties: Some(&properties),
        content_type: None,
    };
    Judge::new(catalog, Limits::default()).judge(&Stream::new("shop/orders"), &submission)
}

#[test]
fn every_version_has_examples_and_they_are_judged_as_they_say() {
    let catalog = Catalog::load(&schemas()).unwrap();
    for schema in catalog.schemas() {
        let file = schemas().join(format!("{schema}.examples.json"));
        let examples: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let list = |kind: &str| examples[kind].as_array().unwrap().clone();
        assert!(!list("valid").is_empty() && !list("invalid").is_empty());
        for example in list("valid") {
            let verdict = judge(schema, example["event"].to_string().as_bytes());
            assert_eq!(
                verdict,
                Verdict::Accepted(schema.as_ref().into()),
                "{}",
                example["name"]
            );
        }
        for example in list("invalid") {
            let verdict = judge(schema, example["event"].to_string().as_bytes());
            let Verdict::Rejected(rejection) = verdict else {
                panic!("accepted: {}", example["name"]);
            };
            assert_eq!(rejection.reason, Reason::Schema);
            let named = rejection.violations.iter().any(|violation| {
                violation.pointer == example["pointer"] && violation.keyword == example["keyword"]
            });
            assert!(named, "{}: {:?}", example["name"], rejection.violations);
        }
    }
}

/// Order lines, most of them nearly right.
fn line() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!([1, {"a": []}])),
    ];
    let good = json!({
        "TransactionNo": "581482", "Date": "12/9/2019", "ProductNo": "22485", "ProductName": "Crates",
        "Price": 21.47, "Quantity": 12, "CustomerNo": "17490", "Country": "United Kingdom"
    });
    let names: Vec<String> = good.as_object().unwrap().keys().cloned().collect();
    let change = (prop::sample::select(names), prop::option::of(odd));
    prop::collection::vec(change, 0..3).prop_map(move |changes| {
        let mut line = good.clone();
        for (name, value) in changes {
            let fields = line.as_object_mut().unwrap();
            match value {
                Some(value) => drop(fields.insert(name, value)),
                None => drop(fields.remove(&name)),
            }
        }
        line
    })
}

proptest! {
    /// The tape is another representation of the same values: the library judges both alike.
    #[test]
    fn i4_the_tape_is_judged_as_serde_json_is(line in line()) {
        let catalog = Arc::new(Catalog::load(&schemas()).unwrap());
        let file = schemas().join("order-transaction/1.0.0.json");
        let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let verdict = judge_by(&catalog, "order-transaction/1.0.0", line.to_string().as_bytes());
        prop_assert_eq!(matches!(verdict, Verdict::Accepted(_)), validator.is_valid(&line));
    }

    /// Whether a text is JSON at all is not decided otherwise than by serde_json, but for numbers
    /// that it can't hold.
    #[test]
    fn i4_what_is_json_is_what_serde_json_reads(text in r#"[\[\]{}",:0-9eE.\-+a-z\\ ]{1,24}"#) {
        prop_assume!(!text.trim().is_empty());
        let verdict = judge("order-transaction/1.0.0", text.as_bytes());
        let refused = matches!(&verdict, Verdict::Rejected(it) if it.reason == Reason::NotJson);
        match serde_json::from_str::<Value>(&text) {
            Ok(_) => prop_assert!(!refused, "{verdict:?}"),
            Err(error) if error.to_string().contains("out of range") => {}
            Err(_) => prop_assert!(refused, "{verdict:?}"),
        }
    }
}
