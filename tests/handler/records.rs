//! Every payload of `tests/fixtures/payloads/kafka`, and what it lands.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::handler::{Handler, records};

const INVOCATION: &str = "f1248305-0000-4000-8000-000000000000";

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/payloads/kafka");
    std::fs::read(folder.join(name)).unwrap()
}

/// An app whose Kafka function declares `dataType: string`.
fn string_app(folder: &Path) -> PathBuf {
    let function = folder.join("IngestOrdersKafka");
    std::fs::create_dir_all(&function).unwrap();
    let binding = r#"{"bindings":[{"type":"kafkaTrigger","name":"records","cardinality":"MANY","dataType":"string"}]}"#;
    std::fs::write(function.join("function.json"), binding).unwrap();
    folder.to_owned()
}

type Landed = Vec<(String, Value)>;

/// Lands one payload on a fresh lake, twice; returns bronze and rejections.
async fn land(name: &str) -> (Landed, Landed) {
    let folder = TempDir::new().unwrap();
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    let mut settings = vec![("SCHEMAS_DIR", schemas)];
    let app = string_app(folder.path()).display().to_string();
    if name.starts_with("many-string") {
        settings.push(("FUNCTIONS_APP_ROOT_PATH", &app));
    }
    let handler = Handler::start(folder.path(), &settings).await;
    for turn in 0..2 {
        let answer = handler
            .send("POST", "/IngestOrdersKafka", fixture(name), INVOCATION)
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{name}, turn {turn}: {}", answer.body);
        assert_eq!(answer.body["Outputs"], json!({}));
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

fn places(landed: &Landed) -> Vec<(&str, Option<u64>)> {
    landed
        .iter()
        .map(|(blob, record)| (blob.as_str(), record["_sequence"].as_u64()))
        .collect()
}

const ZERO: &str = "kafka/orders/offset=0/partition=0/0-00000000000000000017.json.gz";
const ONE: &str = "kafka/orders/offset=1/partition=2/2-00000000000001000041.json.gz";

#[tokio::test]
async fn many_and_binary_is_split_by_partition_with_keys_headers_and_tombstones() {
    let (bronze, rejections) = land("many-binary.json").await;
    assert_eq!(places(&bronze), [(ZERO, Some(17)), (ONE, Some(1_000_041))]);
    assert_eq!(
        bronze[1].1,
        json!({
            "_stream": "kafka/orders", "_partition": "2", "_sequence": 1_000_041,
            "_offset": "1000041", "_enqueued_time": "2026-11-20T12:00:01.234Z",
            "_key": "cust-7", "_message_id": null, "_correlation_id": null,
            "_content_type": null, "_properties": {"source": "shop", "n": "5"},
            "_schema": "order-transaction/1.0.0",
            "body": {
                "TransactionNo": "581482", "Date": "12/9/2019", "ProductNo": "22485",
                "ProductName": "Set Of 2 Wooden Market Crates", "Price": 21.47,
                "Quantity": 12, "CustomerNo": "17490", "Country": "United Kingdom"
            }
        })
    );
    assert_eq!(
        (&bronze[0].1["_key"], &bronze[0].1["_properties"]),
        (&Value::Null, &json!({}))
    );
    assert_eq!(
        places(&rejections),
        [
            (ZERO, Some(18)),
            (ZERO, Some(19)),
            (ONE, Some(1_000_042)),
            (ONE, Some(1_000_045))
        ]
    );
    let [tombstone, routed, bytes, wrong] = [0, 1, 2, 3].map(|index| &rejections[index].1);
    assert_eq!(tombstone["_reason"], "empty");
    assert_eq!(
        (&tombstone["_key"], &tombstone["_properties"]),
        (&json!("cust-9"), &json!({"reason": "deleted"}))
    );
    assert_eq!(
        routed["_schema"], "order/1.0.0",
        "a header names the schema"
    );
    assert_eq!(
        (&bytes["_reason"], &bytes["body_base64"]),
        (&json!("not-utf8"), &json!("eyL/"))
    );
    assert_eq!(
        bytes["_properties"],
        json!({"trace": ["a", "b"], "raw": {"base64": "/wA="}, "none": null})
    );
    assert_eq!(wrong["_errors"][0]["pointer"], "/Price");
}

#[tokio::test]
async fn other_spellings_of_the_same_records_land_the_same() {
    let expected = land("many-binary.json").await;
    assert_eq!(land("many-binary-real-array.json").await, expected);
    let enveloped = land("many-string.json").await;
    for name in [
        "many-string-without-metadata.json",
        "many-string-real-array.json",
    ] {
        assert_eq!(land(name).await, enveloped, "{name}");
    }
    // what was not UTF-8 had become U+FFFD before it came here
    let (bronze, mut rejections) = enveloped;
    assert_eq!(bronze, expected.0);
    assert_eq!(rejections[2].1["_reason"], "not-json");
    rejections[2] = expected.1[2].clone();
    assert_eq!(rejections, expected.1);
}

#[tokio::test]
async fn a_value_that_looks_like_an_envelope_is_not_believed() {
    let (bronze, rejections) = land("many-string-forged.json").await;
    assert_eq!(bronze, []);
    assert_eq!(places(&rejections), [(ONE, Some(1_000_041))]);
    assert!(
        rejections[0].1["body_text"]
            .as_str()
            .unwrap()
            .contains("Other")
    );
}

#[tokio::test]
async fn columns_that_are_missing_are_null() {
    let (bronze, _) = land("columns-missing.json").await;
    assert_eq!(places(&bronze), [(ZERO, Some(17)), (ONE, Some(1_000_041))]);
    for column in ["_enqueued_time", "_key", "_properties"] {
        assert_eq!(bronze[1].1.get(column), Some(&Value::Null), "{column}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_not_invented_and_lands_once_under_the_invocation() {
    let unknown = "offset=__HIVE_DEFAULT_PARTITION__/partition=__HIVE_DEFAULT_PARTITION__";
    for (name, stream, count) in [
        ("offsets-of-another-length.json", "kafka/orders", 2),
        ("topics-missing.json", "kafka/unknown", 2),
        ("metadata-missing.json", "kafka/unknown", 2),
        ("partition-of-one-null.json", "kafka/orders", 1),
    ] {
        let (bronze, _) = land(name).await;
        assert_eq!(bronze.len(), 2, "{name}: each once");
        let start = format!("{stream}/{unknown}/{INVOCATION}-");
        let under_it = bronze.iter().filter(|(blob, _)| blob.starts_with(&start));
        assert_eq!(under_it.count(), count, "{name}: {bronze:?}");
    }
}

#[tokio::test]
async fn a_batch_is_cut_where_the_folder_changes_and_where_it_goes_back() {
    let (bronze, _) = land("offsets-cross-a-folder.json").await;
    assert_eq!(
        places(&bronze),
        [
            (
                "kafka/orders/offset=0/partition=2/2-00000000000000999995.json.gz",
                Some(999_995)
            ),
            (
                "kafka/orders/offset=0/partition=2/2-00000000000000999999.json.gz",
                Some(999_999)
            ),
            (
                "kafka/orders/offset=1/partition=2/2-00000000000001000000.json.gz",
                Some(1_000_000)
            ),
        ]
    );
}

#[tokio::test]
async fn an_empty_batch_lands_nothing() {
    assert_eq!(land("many-empty.json").await, (vec![], vec![]));
}

#[tokio::test]
async fn what_no_host_could_have_sent_is_a_400_that_says_where() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    for (name, says) in [
        ("topic-leaves-the-folder.json", "Metadata.TopicArray: "),
        ("partitions-not-json.json", "Metadata.PartitionArray: "),
    ] {
        let body = fixture(&format!("refused/{name}"));
        let answer = handler
            .send("POST", "/IngestOrdersKafka", body, INVOCATION)
            .await
            .unwrap();
        assert_eq!(answer.status, 400, "{name}: {}", answer.body);
        let error = answer.body["error"].as_str().unwrap();
        assert!(error.starts_with(says), "{name}: {error}");
    }
}

/// The record that a topic has under an offset now is not the one that was landed.
#[tokio::test]
async fn i1_a_topic_made_anew_is_no_duplicate_and_needs_an_epoch() {
    let folder = TempDir::new().unwrap();
    let anew = String::from_utf8(fixture("many-binary.json")).unwrap();
    let anew = anew.replace("2026-11-20T12:", "2026-11-21T07:");
    let post = async |settings: &[(&str, &str)], body: String| {
        let handler = Handler::start(folder.path(), settings).await;
        let answer = handler
            .send("POST", "/IngestOrdersKafka", body, INVOCATION)
            .await
            .unwrap();
        (
            answer.status,
            answer.body["error"].to_string(),
            handler.log(),
        )
    };
    let first = String::from_utf8(fixture("many-binary.json")).unwrap();
    assert_eq!(post(&[], first).await.0, 200);
    let (status, error, _) = post(&[], anew.clone()).await;
    assert_eq!(status, 503);
    assert!(error.contains("STREAM_EPOCH"), "{error}");
    let (status, _, log) = post(&[("STREAM_EPOCH", "2"), ("KAFKA_TOPIC", "orders")], anew).await;
    assert_eq!(status, 200);
    let said = log
        .lines()
        .filter(|line| line.contains("IngestOrdersKafka"));
    assert_eq!(said.filter(|line| line.contains("STREAM_EPOCH")).count(), 1);
    let lake = records(&folder.path().join("lake"), "bronze");
    let streams: Vec<&str> = lake
        .keys()
        .map(|blob| &blob[.."kafka/orders@2".len()])
        .collect();
    assert_eq!(
        streams,
        [
            "kafka/orders/o",
            "kafka/orders/o",
            "kafka/orders@2",
            "kafka/orders@2"
        ]
    );
}
