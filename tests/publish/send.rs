//! `bronzegate send`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::command::{bronzegate, fed, json, says};
use crate::running::{Lake, send};

/// The message ids of a lake's records, each with how often it stands there.
fn ids(records: &[Value]) -> BTreeMap<&str, usize> {
    let mut ids = BTreeMap::new();
    for record in records {
        *ids.entry(record["_message_id"].as_str().unwrap())
            .or_insert(0) += 1;
    }
    ids
}

#[test]
fn what_is_generated_is_sent_and_landed() {
    let lake = Lake::new();
    let hub = lake.hub();
    let arguments = [
        "send",
        "--hub",
        &hub.connection,
        "--events",
        "5000",
        "--spoil",
        "2%",
    ];
    let sent = json(lake.folder.path(), &arguments, 0);
    assert_eq!(
        (&sent["events"], &sent["not_sent"]["events"]),
        (&5000.into(), &0.into())
    );
    assert!(sent["acknowledged_ms"]["p99"].as_f64() >= sent["acknowledged_ms"]["p50"].as_f64());
    let partitions = sent["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 4);
    assert!(
        partitions
            .iter()
            .all(|it| it["events"].as_u64() > Some(500))
    );
    let batches = sent["batches"].as_u64().unwrap();
    assert!(batches < 500, "batches are filled: {batches}");

    let twice = sent["in_doubt"].as_u64().unwrap();
    let records = landed(&lake, 5000, twice);
    assert_eq!(ids(&records).len(), 5000);
    let rejected = records
        .iter()
        .filter(|it| it["_reason"].is_string())
        .count();
    assert!((50..200).contains(&rejected), "{rejected}");
    for record in &records {
        assert_eq!(record["_content_type"], "application/json");
        let key = record["_key"].as_str().unwrap();
        if let Some(transaction) = record["body"]["TransactionNo"].as_str() {
            assert_eq!(key, transaction);
        }
    }
    // a key has one partition, and its events are in the order in which they were sent
    let mut partitions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for record in &records {
        let partition = record["_partition"].as_str().unwrap();
        partitions
            .entry(record["_key"].as_str().unwrap())
            .or_default()
            .insert(partition);
    }
    assert!(partitions.values().all(|it| it.len() == 1));
}

/// Waits until so many events and at most so many twins stand in the lake, and audits it.
fn landed(lake: &Lake, events: usize, twice: u64) -> Vec<Value> {
    let all = || {
        let records = lake.records();
        let known = ids(&records).len();
        (records, known)
    };
    let start = std::time::Instant::now();
    loop {
        let (records, known) = all();
        if known == events {
            let twins = (records.len() - known) as u64;
            assert!(twins <= twice, "{twins} stand twice, and {twice} may");
            lake.sound();
            return records;
        }
        assert!(
            start.elapsed() < crate::running::PATIENCE,
            "{known} of {events} are landed"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_send_that_was_stopped_or_killed_goes_on() {
    let lake = Lake::new();
    let hub = lake.hub();
    let folder = lake.folder.path();
    let base = [
        "send",
        "--hub",
        &hub.connection,
        "--events",
        "6000",
        "--hub-timeout",
        "4s",
    ];
    let mut in_doubt = 0;
    for (signal, resume) in [("-INT", false), ("-KILL", true)] {
        let mut arguments = [&base[..], &["--rate", "1500/s", "--json"]].concat();
        if resume {
            arguments.push("--resume");
        }
        let child = bronzegate(folder, &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(1_500));
        send(signal, &child.id().to_string());
        let output = child.wait_with_output().unwrap();
        if signal == "-INT" {
            assert_eq!(output.status.code(), Some(130));
            let stopped: Value = serde_json::from_slice(&output.stdout).unwrap();
            in_doubt += stopped["in_doubt"].as_u64().unwrap();
            assert!(stopped["events"].as_u64() < Some(6000), "{stopped}");
            assert!(stopped["journal"].is_string());
        } else {
            assert_eq!(output.status.code(), None);
        }
        let again = says(folder, &base, 2);
        assert!(again.contains("--resume"), "{again}");
    }
    let rest = json(folder, &[&base[..], &["--resume"]].concat(), 0);
    in_doubt += rest["in_doubt"].as_u64().unwrap();
    assert_eq!(rest["journal"], Value::Null);
    assert!(rest["events"].as_u64() < Some(6000), "it went on");
    landed(&lake, 6000, in_doubt);
    let nothing = says(folder, &[&base[..], &["--resume"]].concat(), 2);
    assert!(nothing.contains("nothing to resume"), "{nothing}");
}

#[test]
fn lines_are_sent_with_their_own_key_and_properties() {
    let lake = Lake::new();
    let hub = lake.hub();
    let lines = concat!(
        r#"{"orderId":"581482","event":"cancelled","time":"2026-11-20T12:00:00Z","reason":"x"}"#,
        "\nno JSON\n",
        r#"{"orderId":"581483","event":"cancelled","time":"2026-11-20T12:00:00Z","reason":"y"}"#,
        "\n"
    );
    let arguments = [
        "send",
        "--hub",
        &hub.connection,
        "--ndjson",
        "-",
        "--key",
        "/orderId",
        "--property",
        "schema=order/1",
        "--content-type",
        "application/vnd.shop+json",
    ];
    let sent = fed(lake.folder.path(), &arguments, lines.as_bytes(), 0);
    assert_eq!(sent["events"], 3);
    let records = lake.landed(3);
    let orders: Vec<&Value> = records
        .iter()
        .filter(|it| it["_schema"] == "order/1.0.0")
        .collect();
    assert_eq!(orders.len(), 2);
    for order in orders {
        assert_eq!(order["_key"], order["body"]["orderId"]);
        assert_eq!(order["_properties"]["schema"], "order/1");
        assert_eq!(order["_content_type"], "application/vnd.shop+json");
    }
}

#[test]
fn what_the_hub_does_not_take_is_named_and_the_rest_is_sent() {
    let lake = Lake::new();
    let hub = lake.hub();
    let folder = lake.folder.path();
    let large = format!(
        "{{\"a\":1}}\n{{\"a\":\"{}\"}}\n{{\"a\":2}}\n",
        "x".repeat(2 << 20)
    );
    let arguments = ["send", "--hub", &hub.connection, "--ndjson", "-"];
    let sent = fed(folder, &arguments, large.as_bytes(), 1);
    assert_eq!(
        (&sent["events"], &sent["not_sent"]["events"]),
        (&2.into(), &1.into())
    );
    assert_eq!(sent["not_sent"]["first"][0]["event"], 2);
    lake.landed(2);
}

#[test]
fn what_can_not_be_sent_to_is_said() {
    let lake = Lake::new();
    let hub = lake.hub();
    let folder = lake.folder.path();
    let wrong = hub
        .connection
        .replace("EntityPath=orders", "EntityPath=nohub");
    let said = says(folder, &["send", "--hub", &wrong, "--events", "1"], 2);
    assert!(said.contains("does it exist?"), "{said}");
    let said = says(
        folder,
        &["send", "--hub", "localhost:1", "--events", "1"],
        2,
    );
    assert!(
        said.contains("start one by `bronzegate local --hub`"),
        "{said}"
    );
    let secret =
        "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=x;SharedAccessKey=c2VjcmV0";
    let said = says(folder, &["send", "--hub", secret, "--events", "1"], 2);
    assert!(
        said.contains("no key is used") && !said.contains("c2VjcmV0"),
        "{said}"
    );
    let said = says(
        folder,
        &[
            "send",
            "--hub",
            &hub.connection,
            "--ndjson",
            "missing.ndjson",
        ],
        2,
    );
    assert!(said.contains("missing.ndjson"), "{said}");
}
