//! `bronzegate backfill`, from the files of Event Hubs Capture: as an operator fills a gap.

#![cfg(feature = "event-hubs")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

use apache_avro::types::{Record, Value as Avro};
use apache_avro::{Codec, DeflateSettings, Schema, Writer};
use serde_json::Value;
use tempfile::TempDir;

use handler::{Handler, payload, records};

/// The schema of the service's documentation, "Exploring captured Avro files in Azure Event Hubs".
const CAPTURED: &str = r#"{"type":"record","name":"EventData","namespace":"Microsoft.ServiceBus.Messaging","fields":[
    {"name":"SequenceNumber","type":"long"},
    {"name":"Offset","type":"string"},
    {"name":"EnqueuedTimeUtc","type":"string"},
    {"name":"SystemProperties","type":{"type":"map","values":["long","double","string","bytes"]}},
    {"name":"Properties","type":{"type":"map","values":["long","double","string","bytes","null"]}},
    {"name":"Body","type":["null","bytes"]}]}"#;

/// 2026-11-20T12:00:01Z, the time of every event.
const TIME: i64 = 1_795_176_001_000;

fn captured(sequences: impl Iterator<Item = u64>) -> Vec<u8> {
    let schema = Schema::parse_str(CAPTURED).unwrap();
    let codec = Codec::Deflate(DeflateSettings::default());
    let mut writer = Writer::with_codec(&schema, Vec::new(), codec).unwrap();
    for sequence in sequences {
        let long = |number: i64| Avro::Union(0, Box::new(Avro::Long(number)));
        let string = |text: &str| Avro::Union(2, Box::new(Avro::String(text.to_owned())));
        let system = HashMap::from([
            ("x-opt-enqueued-time".to_owned(), long(TIME)),
            ("x-opt-partition-key".to_owned(), string("581482")),
            ("message-id".to_owned(), string(&format!("m-{sequence}"))),
        ]);
        let properties = HashMap::from([("team".to_owned(), string("shop"))]);
        let mut record = Record::new(&schema).unwrap();
        record.put("SequenceNumber", Avro::Long(sequence as i64));
        record.put("Offset", (sequence * 128).to_string());
        record.put("EnqueuedTimeUtc", "11/20/2026 12:00:01 PM");
        record.put("SystemProperties", Avro::Map(system));
        record.put("Properties", Avro::Map(properties));
        let body = Avro::Bytes(event(sequence).into_bytes());
        record.put("Body", Avro::Union(1, Box::new(body)));
        writer.append_value(record).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Every tenth is refused.
fn event(sequence: u64) -> String {
    let price = if sequence % 10 == 5 { "\"1.5\"" } else { "1.5" };
    format!(
        r#"{{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Set {sequence}","Price":{price},"Quantity":12,"Country":"UK"}}"#
    )
}

fn bronzegate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(arguments)
        .env_remove("LANDING_URL")
        .output()
        .unwrap()
}

fn json(arguments: &[&str], status: i32) -> Value {
    let output = bronzegate(&[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A lake in which the events 10 to 39 of partition 3 are missing, and the files of Capture that
/// have all from 0 to 49.
async fn gapped() -> (TempDir, String, String) {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    for (first, last) in [(0, 9), (40, 49)] {
        let bodies: Vec<String> = (first..=last).map(event).collect();
        let body = payload("3", first as usize, &bodies);
        assert_eq!(handler.post(body, "i-1").await.unwrap().status, 200);
    }
    drop(handler);
    let captures = folder.path().join("captures");
    for (name, sequences) in [
        ("shop/Orders/3/2026/11/20/12/00/00.avro", 0..25),
        // an event that was captured twice
        ("shop/Orders/3/2026/11/20/12/05/00.avro", 24..50),
        ("shop/orders/13/2026/11/20/12/00/00.avro", 0..50),
    ] {
        let file = captures.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, captured(sequences)).unwrap();
    }
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (lake, captures) = (text(&folder.path().join("lake")), text(&captures));
    (folder, lake, captures)
}

fn audit(lake: &str, status: i32) -> Value {
    json(&["audit", "--lake", lake, "--deep"], status)
}

#[tokio::test]
async fn a_gap_is_filled_from_capture_once() {
    let (_folder, lake, captures) = gapped().await;
    let gap = &audit(&lake, 1)["findings"][0];
    assert_eq!(
        (&gap["kind"], &gap["first"], &gap["last"]),
        (&"gap".into(), &10.into(), &39.into())
    );
    let fill = |more: &[&str], status| {
        let arguments = [
            "backfill",
            "--lake",
            &lake,
            "--capture",
            &captures,
            "--hub",
            "shop.servicebus.windows.net/orders",
            "--partition",
            "3",
        ];
        json(&[&arguments[..], more].concat(), status)
    };

    let before = records(Path::new(&lake), "");
    let dry = fill(&["--from", "10", "--to", "39", "--dry-run"], 0);
    assert_eq!(
        (&dry["accepted"], &dry["rejected"]["schema"]),
        (&27.into(), &3.into())
    );
    assert_eq!(
        records(Path::new(&lake), ""),
        before,
        "a dry run writes nothing"
    );

    let filled = fill(&["--from", "10", "--to", "39"], 0);
    for figure in ["read", "accepted", "rejected", "landed_before", "blobs"] {
        assert_eq!(filled[figure], dry[figure], "{figure}");
    }
    let sound = audit(&lake, 0);
    assert_eq!(sound["totals"]["events"], 50);
    let bronze = records(Path::new(&lake), "bronze");
    let landed = bronze
        .values()
        .flatten()
        .find(|it| it["_sequence"] == 24)
        .unwrap();
    assert_eq!(landed["_message_id"], "m-24");
    assert_eq!(landed["_key"], "581482");
    assert_eq!(landed["_properties"]["team"], "shop");
    assert_eq!(landed["_enqueued_time"], "2026-11-20T12:00:01.000Z");

    let again = fill(&["--from", "0", "--to", "60"], 1);
    assert_eq!(
        (&again["landed_before"], &again["accepted"]),
        (&50.into(), &0.into())
    );
    assert_eq!(again["missing_ranges"], serde_json::json!([[50, 60]]));
    audit(&lake, 0);
}

#[tokio::test]
async fn what_can_not_be_filled_is_said() {
    let (folder, lake, captures) = gapped().await;
    let said = |partition: &str, from: &str, captures: &str| {
        let output = bronzegate(&[
            "backfill",
            "--lake",
            &lake,
            "--capture",
            captures,
            "--hub",
            "shop.servicebus.windows.net/orders",
            "--partition",
            partition,
            "--from",
            from,
            "--to",
            "39",
        ]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said("3", "20", &captures).contains("event 19 of partition 3 is not landed either"));
    assert!(said("4", "10", &captures).contains("no files of orders/4/"));
    let file = Path::new(&captures).join("shop/Orders/3/2026/11/20/12/05/00.avro");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let damaged = said("3", "10", &captures);
    assert!(damaged.contains("12/05/00.avro: record"), "{damaged}");
    std::fs::write(&file, "no Avro").unwrap();
    assert!(said("3", "10", &captures).contains("no Avro file"));
    let nowhere = folder.path().join("nowhere");
    assert!(said("3", "10", nowhere.to_str().unwrap()).contains("no such folder"));
}
