//! Events as the real serializers and SDKs write them, from the host's request to the lake.
//! `tests/fixtures/producers/make.py` says by which they were written.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;

use std::collections::BTreeMap;
use std::path::Path;

use base64_simd::STANDARD;
use cloudevents::{EventBuilder, EventBuilderV10};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use handler::{Handler, records};

#[derive(Deserialize)]
struct Event {
    body: String,
    content_type: Option<String>,
    properties: Value,
}

fn events() -> BTreeMap<String, Event> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/producers/events.json");
    let mut events: BTreeMap<String, Event> =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let order: Value = serde_json::from_str(ORDER).unwrap();
    let event = EventBuilderV10::new()
        .id("9d5c8f5e-0000-4000-8000-000000000002")
        .source("/shop/checkout")
        .ty("bronzegate.order-transaction")
        .data("application/json", order)
        .build()
        .unwrap();
    let event = Event {
        body: STANDARD.encode_to_string(serde_json::to_vec(&event).unwrap()),
        content_type: Some("application/cloudevents+json".to_owned()),
        properties: json!({}),
    };
    events.insert("cloudevents-rust-structured".to_owned(), event);
    events
}

/// The order of the fixtures.
const ORDER: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Set Of 2 Wooden Market Crates, Größe M","Price":21.47,"Quantity":12,"Country":"United Kingdom"}"#;

/// The shipped schemas, with a default under which an order line is refused, so that only a route
/// lets it pass, and with these registries.
fn catalog(folder: &Path, registries: &Value) -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for name in ["order/1.0.0.json", "order-transaction/1.0.0.json"] {
        let file = folder.join("schemas").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::copy(shipped.join(name), file).unwrap();
    }
    let catalog = json!({
        "default": "order/1.0.0",
        "property": "schema",
        "types": {"bronzegate.order-transaction": "order-transaction/1"},
        "registries": registries,
    });
    std::fs::write(folder.join("schemas/catalog.json"), catalog.to_string()).unwrap();
    folder.join("schemas").to_str().unwrap().to_owned()
}

fn invocation(events: &[&Event]) -> String {
    let all = |value: &dyn Fn(&Event) -> Value| {
        let values: Vec<Value> = events.iter().map(|event| value(event)).collect();
        json!(values).to_string()
    };
    let sequences: Vec<usize> = (0..events.len()).collect();
    json!({
        "Data": {"events": all(&|event| json!(event.body))},
        "Metadata": {
            "PartitionContext": {
                "FullyQualifiedNamespace": "shop.servicebus.windows.net",
                "EventHubName": "orders",
                "PartitionId": "0"
            },
            "SequenceNumberArray": json!(sequences).to_string(),
            "EnqueuedTimeUtcArray": all(&|_| json!("2026-11-20T12:00:01")),
            "PropertiesArray": all(&|event| event.properties.clone()),
            "SystemPropertiesArray": all(&|event| match &event.content_type {
                Some(content_type) => json!({"content-type": content_type}),
                None => json!({}),
            }),
        }
    })
    .to_string()
}

/// Lands all events under a catalog; the records of both folders, by sequence number.
async fn land(registries: &Value) -> (Vec<Value>, Vec<Value>, TempDir) {
    let folder = TempDir::new().unwrap();
    let schemas = catalog(folder.path(), registries);
    let handler = Handler::start(folder.path(), &[("SCHEMAS_DIR", &schemas)]).await;
    let events = events();
    let body = invocation(&events.values().collect::<Vec<_>>());
    let answer = handler.post(body, "f1248305-0000-4000-8000-000000000000");
    assert_eq!(answer.await.unwrap().status, 200);
    let of = |top| {
        let found = records(&folder.path().join("lake"), top);
        found.into_values().flatten().collect()
    };
    (of("bronze"), of("rejections"), folder)
}

#[tokio::test]
async fn what_the_real_serializers_write_lands_with_its_own_bytes() {
    let registries = json!({
        "confluent": {"1": "order-transaction/1.0.0"},
        "azure": {"3F2A8C1D5E6B4F708192A3B4C5D6E7F8": "order-transaction/1"}
    });
    let (accepted, rejected, folder) = land(&registries).await;
    assert_eq!(rejected, [] as [Value; 0]);
    assert_eq!(accepted.len(), events().len());
    for record in &accepted {
        assert_eq!(record["_schema"], "order-transaction/1.0.0", "{record}");
        let order = record["body"].get("data").unwrap_or(&record["body"]);
        assert_eq!(
            order["ProductName"],
            "Set Of 2 Wooden Market Crates, Größe M"
        );
    }
    let blob = std::fs::read_dir(
        folder
            .path()
            .join("lake/bronze/shop/orders/date=2026-11-20/hour=12"),
    );
    let mut blob = blob.unwrap().map(|it| it.unwrap().path());
    let blob = blob
        .find(|it| it.extension().is_some_and(|it| it == "gz"))
        .unwrap();
    let mut lines = Vec::new();
    bronzegate::lake::each_line(&std::fs::read(blob).unwrap(), |_, line| {
        lines.push(line.to_owned());
    })
    .unwrap();
    for (line, event) in lines.iter().zip(events().values()) {
        let body = STANDARD.decode_to_vec(&event.body).unwrap();
        // Confluent's prefix is no part of the JSON
        let json = body.strip_prefix(b"\0\0\0\0\x01").unwrap_or(&body);
        let json = std::str::from_utf8(json).unwrap();
        assert!(line.ends_with(&format!("\"body\":{json}}}")), "{line}");
    }
}

#[tokio::test]
async fn an_id_that_is_not_mapped_is_named_and_its_bytes_are_kept() {
    let (accepted, rejected, _folder) =
        land(&json!({"confluent": {"2": "order-transaction"}})).await;
    assert_eq!((accepted.len(), rejected.len()), (5, 2));
    let ids = ["3f2a8c1d5e6b4f708192a3b4c5d6e7f8", "1"];
    for (record, id) in rejected.iter().zip(ids) {
        assert_eq!(
            (&record["_reason"], &record["_schema"]),
            (&json!("unknown-schema"), &json!(id))
        );
        let message = record["_errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{id}`")), "{message}");
    }
    let confluent = &events()["confluent-json-serializer"];
    assert_eq!(rejected[1]["body_base64"], confluent.body);
    assert!(
        rejected[1]["body_text"]
            .as_str()
            .unwrap()
            .starts_with("{\"TransactionNo\"")
    );
}

#[tokio::test]
async fn i7_what_was_rejected_for_its_id_is_replayed_when_it_is_mapped() {
    let (_, rejected, folder) = land(&json!({})).await;
    assert_eq!(rejected.len(), 2);
    let registries = json!({"confluent": {"1": "order-transaction"}});
    let schemas = catalog(folder.path(), &registries);
    let lake = folder.path().join("lake");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args(arguments)
            .args(["--json", "--lake", lake.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(run(&["replay", "--catalog", &schemas])["landed"], 1);
    let report = run(&["audit", "--deep"]);
    assert_eq!(
        (&report["sound"], &report["totals"]["replayed"]),
        (&json!(true), &json!(1))
    );
}
