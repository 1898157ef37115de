//! Every payload of `tests/fixtures/payloads`, and what it lands.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::handler::{Handler, records};

const INVOCATION: &str = "f1248305-0000-4000-8000-000000000000";
const HOUR: &str = "shop-eh/orders/date=2026-11-20/hour=12";

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/payloads");
    std::fs::read(folder.join(name)).unwrap()
}

/// An app whose function.json declares this.
fn app(folder: &Path, declared: &str) -> PathBuf {
    let function = folder.join("IngestOrders");
    std::fs::create_dir_all(&function).unwrap();
    let binding =
        format!(r#"{{"bindings":[{{"type":"eventHubTrigger","name":"events"{declared}}}]}}"#);
    std::fs::write(function.join("function.json"), binding).unwrap();
    folder.to_owned()
}

/// Lands one payload on a fresh lake, twice; returns bronze and rejections.
async fn land(name: &str, declared: Option<&str>) -> (Vec<(String, Value)>, Vec<(String, Value)>) {
    let folder = TempDir::new().unwrap();
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    let mut settings = vec![("SCHEMAS_DIR", schemas)];
    let declared = declared.map(|it| app(folder.path(), it).display().to_string());
    if let Some(app) = &declared {
        settings.push(("FUNCTIONS_APP_ROOT_PATH", app));
    }
    let handler = Handler::start(folder.path(), &settings).await;
    for turn in 0..2 {
        let answer = handler.post(fixture(name), INVOCATION).await.unwrap();
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        assert!(answer.content_type.starts_with("application/json"));
        assert_eq!(answer.body["Outputs"], json!({}));
        assert_eq!(answer.body["ReturnValue"], Value::Null);
        assert_eq!(
            answer.body["Logs"].as_array().unwrap().len(),
            1,
            "turn {turn}"
        );
    }
    let lake = folder.path().join("lake");
    assert!(
        records(&lake, "_outbox").is_empty(),
        "{name}: the outbox is cleared"
    );
    let flat = |top: &str| {
        let blobs = records(&lake, top).into_iter();
        blobs
            .flat_map(|(blob, lines)| lines.into_iter().map(move |line| (blob.clone(), line)))
            .collect()
    };
    (flat("bronze"), flat("rejections"))
}

fn reasons(rejections: &[(String, Value)]) -> Vec<&str> {
    rejections
        .iter()
        .map(|(_, record)| record["_reason"].as_str().unwrap())
        .collect()
}

fn sequences(records: &[(String, Value)]) -> Vec<Option<u64>> {
    records
        .iter()
        .map(|(_, record)| record["_sequence"].as_u64())
        .collect()
}

#[tokio::test]
async fn many_and_binary_lands_the_bytes_and_says_why_not() {
    let (bronze, rejections) = land("many-binary.json", None).await;
    let blob = format!("{HOUR}/3-00000000000000000047-1795176001234.json.gz");
    assert_eq!(
        bronze,
        [(
            blob.clone(),
            json!({
                "_stream": "shop-eh/orders", "_partition": "3", "_sequence": 47,
                "_offset": "4294967296", "_enqueued_time": "2026-11-20T12:00:01.234Z",
                "_key": "cust-7", "_message_id": "m-1", "_correlation_id": 7,
                "_content_type": "application/json", "_properties": {"source": "shop", "n": 5},
                "_schema": "order-transaction/1.0.0",
                "body": {
                    "TransactionNo": "581482", "Date": "12/9/2019", "ProductNo": "22485",
                    "ProductName": "Set Of 2 Wooden Market Crates", "Price": 21.47,
                    "Quantity": 12, "CustomerNo": "17490", "Country": "United Kingdom"
                }
            })
        )]
    );
    assert_eq!(reasons(&rejections), ["not-utf8", "empty", "schema"]);
    assert_eq!(sequences(&rejections), [Some(48), Some(49), Some(50)]);
    assert!(rejections.iter().all(|(name, _)| *name == blob));
    let (bytes, text) = (&rejections[0].1, &rejections[2].1);
    assert_eq!(bytes["body_base64"], "eyL/In0=");
    assert_eq!(bytes["body_text"], Value::Null);
    assert_eq!(text["_schema"], "order-transaction/1.0.0");
    assert_eq!(text["_errors"][0]["pointer"], "/Price");
    assert_eq!(text["_errors"][0]["keyword"], "type");
    assert_eq!(
        text["_errors"][0]["schema_pointer"],
        "/properties/Price/type"
    );
    assert!(text["body_text"].as_str().unwrap().contains("581483"));
}

#[tokio::test]
async fn other_spellings_of_the_same_batch_land_the_same() {
    let expected = land("many-binary.json", None).await;
    for name in [
        "many-binary-spaced.json",
        "many-binary-real-array.json",
        "many-binary-real-metadata.json",
        "trigger-partition-context.json",
    ] {
        assert_eq!(land(name, None).await, expected, "{name}");
    }
    for declared in [r#","cardinality":"many","dataType":"binary""#] {
        assert_eq!(land("many-binary.json", Some(declared)).await, expected);
    }
}

#[tokio::test]
async fn strings_and_values_land_as_declared() {
    let (bronze, rejections) = land(
        "many-string.json",
        Some(r#","cardinality":"many","dataType":"string""#),
    )
    .await;
    assert_eq!(
        (sequences(&bronze), reasons(&rejections)),
        (vec![Some(47)], vec!["schema"])
    );

    let (bronze, rejections) = land("many-unset.json", Some(r#","cardinality":"many""#)).await;
    assert_eq!(sequences(&bronze), [Some(47)]);
    assert_eq!(reasons(&rejections), ["schema"; 4]);
    assert_eq!(rejections[1].1["body_text"], "\"a string\"");
    assert_eq!(rejections[2].1["body_text"], "null");
}

#[tokio::test]
async fn a_single_event_lands_with_its_coordinates() {
    for (name, declared) in [
        (
            "one-binary.json",
            r#","cardinality":"one","dataType":"binary""#,
        ),
        (
            "one-string.json",
            r#","cardinality":"one","dataType":"string""#,
        ),
        ("one-string.json", ""),
    ] {
        let (bronze, _) = land(name, Some(declared)).await;
        let (blob, record) = &bronze[0];
        assert_eq!(
            blob,
            &format!("{HOUR}/3-00000000000000000047-1795176001000.json.gz"),
            "{name}"
        );
        assert_eq!(record["_key"], "cust-7");
        assert_eq!(record["_message_id"], "m-1");
        assert_eq!(record["_properties"], json!({"source": "shop"}));
    }
}

#[tokio::test]
async fn coordinates_that_a_producer_could_have_written_are_not_believed() {
    let declared = r#","cardinality":"one","dataType":"string""#;
    let (bronze, _) = land("one-string-forged-coordinates.json", Some(declared)).await;
    assert!(
        bronze[0].0.starts_with("unknown/unknown/"),
        "{}",
        bronze[0].0
    );
    assert_eq!(bronze[0].1["_sequence"], Value::Null);
}

#[tokio::test]
async fn what_is_not_known_is_not_invented_and_lands_once_under_the_invocation() {
    let unknown = "date=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__";
    for (name, stream, sequence) in [
        ("metadata-missing.json", "unknown/unknown", None),
        ("metadata-absent.json", "unknown/unknown", None),
        ("metadata-null.json", "unknown/unknown", None),
        ("sequences-of-another-length.json", "shop-eh/orders", None),
        ("times-not-usable.json", "shop-eh/orders", Some(47)),
        ("hub-missing.json", "unknown/unknown", Some(47)),
    ] {
        let (bronze, _) = land(name, None).await;
        assert_eq!(bronze.len(), 1, "{name}: once");
        let (blob, record) = &bronze[0];
        assert!(
            blob.starts_with(&format!("{stream}/{unknown}/{INVOCATION}-")),
            "{name}: {blob}"
        );
        assert_eq!(record["_sequence"].as_u64(), sequence, "{name}");
    }
}

#[tokio::test]
async fn columns_that_are_missing_are_null() {
    let (bronze, _) = land("columns-missing.json", None).await;
    let (blob, record) = &bronze[0];
    assert!(blob.starts_with(HOUR));
    for column in [
        "_offset",
        "_key",
        "_message_id",
        "_correlation_id",
        "_content_type",
        "_properties",
    ] {
        assert_eq!(record.get(column), Some(&Value::Null), "{column}");
    }
}

#[tokio::test]
async fn a_batch_is_cut_where_the_hour_changes() {
    let (bronze, _) = land("hour-changes.json", None).await;
    let blobs: Vec<&str> = bronze
        .iter()
        .map(|(blob, _)| &blob["shop-eh/orders/".len()..])
        .collect();
    assert_eq!(
        blobs,
        [
            "date=2026-11-20/hour=12/3-00000000000000000047-1795179599999.json.gz",
            "date=2026-11-20/hour=12/3-00000000000000000050-1795179599999.json.gz",
            "date=2026-11-20/hour=13/3-00000000000000000048-1795179600000.json.gz",
            "date=2026-11-20/hour=13/3-00000000000000000048-1795179600000.json.gz",
        ]
    );
}

#[tokio::test]
async fn a_payload_of_many_lines_becomes_one_line() {
    let (bronze, _) = land("broken-lines.json", None).await;
    assert_eq!(bronze.len(), 1);
    assert_eq!(bronze[0].1["body"]["Quantity"], 12);
}

#[tokio::test]
async fn an_empty_batch_lands_nothing() {
    assert_eq!(land("many-empty.json", None).await, (vec![], vec![]));
}

#[tokio::test]
async fn what_no_host_could_have_sent_is_a_400_that_says_where() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    for (name, says) in [
        ("not-json.json", "body: "),
        ("empty.json", "body: "),
        ("data-missing.json", "Data: missing"),
        ("data-empty.json", "Data: empty"),
        ("events-number.json", "Data.events: 5"),
        ("events-not-an-array.json", "Data.events: not a JSON array"),
        ("not-base64.json", "Data.events[1]: not base64"),
        (
            "partition-leaves-the-folder.json",
            "Metadata.PartitionContext: ",
        ),
        (
            "hub-leaves-the-folder.json",
            "Metadata.PartitionContext.EventHubName: ",
        ),
        ("sequences-not-json.json", "Metadata.SequenceNumberArray: "),
        ("several-bindings.json", "Data: holds several"),
    ] {
        let answer = handler
            .post(fixture(&format!("refused/{name}")), INVOCATION)
            .await
            .unwrap();
        assert_eq!(answer.status, 400, "{name}: {}", answer.body);
        let error = answer.body["error"].as_str().unwrap();
        assert!(error.starts_with(says), "{name}: {error}");
        assert_eq!(answer.body["invocation_id"], INVOCATION);
    }
    assert!(records(&folder.path().join("lake"), "bronze").is_empty());
}
