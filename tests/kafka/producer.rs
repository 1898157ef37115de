//! The example of a Kafka producer, against the real broker and the real handler.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::Value;

use crate::broker::{broker, python};
use crate::handler::{records, shipped_app};
use crate::{Setup, script};

/// Runs it with event-hubs.ini: the broker has the shape of Event Hubs' Kafka endpoint, so that what
/// is its own comes from the environment, as the README says.
fn produce(topic: &str, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    let settings = std::fs::read_to_string(broker().producer()).unwrap();
    let own = ["bootstrap.servers", "sasl.password", "ssl.ca.location"];
    let own = settings
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| own.contains(name))
        .map(|(name, value)| (variable(name), value));
    Command::new(python())
        .arg("producer.py")
        .args(["--config", "event-hubs.ini", "--topic", topic])
        .args(arguments)
        .current_dir(shipped_app().join("examples/kafka-producer"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(own)
        .envs(more.iter().copied())
        .output()
        .unwrap()
}

/// The variable that says a setting of librdkafka.
fn variable(setting: &str) -> String {
    format!("KAFKA_{}", setting.to_uppercase().replace('.', "_"))
}

/// Makes a topic of four partitions.
fn make(topic: &str) {
    let mut maker = script("producer.py");
    maker.arg("--config").arg(broker().producer());
    maker.args(["--topic", topic, "--partitions", "4"]);
    assert!(maker.output().unwrap().status.success());
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn the_examples_records_are_confirmed_and_land_once_each_orders_in_order() {
    let mut setup = Setup::new("example", "binary");
    setup.schemas = shipped_app().join("examples/kafka-producer/schemas");
    make(setup.topic);
    let _handler = setup.handler().await;
    for (arguments, says) in [
        (["--csv", "sample.csv"], "15 of 15 records delivered\n"),
        (["--generate", "485"], "485 of 485 records delivered\n"),
    ] {
        let output = produce(setup.topic, &arguments, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), says);
    }
    let extension = setup.extension("bronzegate");
    setup.until(500).await;
    drop(extension);
    let report = setup.command(&["audit", "--deep"], 0);
    assert_eq!(
        (&report["totals"]["accepted"], &report["totals"]["rejected"]),
        (&494.into(), &6.into())
    );

    let lake = setup.lake();
    let bronze: Vec<Value> = records(&lake, "bronze").into_values().flatten().collect();
    assert_eq!(orders(&bronze), wanted());
    let mut refused = BTreeMap::new();
    for rejection in records(&lake, "rejections").into_values().flatten() {
        for error in rejection["_errors"].as_array().unwrap() {
            let cells = [&rejection["_reason"], &error["pointer"], &error["keyword"]];
            let row = cells.map(|it| it.as_str().unwrap()).join(" ");
            *refused.entry(row).or_insert(0) += 1;
        }
    }
    let rows = [
        ("schema  required", 1),
        ("schema /CustomerNo pattern", 1),
        ("schema /Date pattern", 1),
        ("schema /Price type", 1),
        ("schema /Quantity minimum", 2),
        ("schema /Quantity not", 1),
    ];
    assert_eq!(
        refused,
        rows.map(|(row, count)| (row.to_owned(), count)).into()
    );
}

/// The products of each order's lines, in the order in which they stand in its partition.
fn orders(bronze: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut records: Vec<&Value> = bronze.iter().collect();
    records.sort_unstable_by_key(|it| (it["_partition"].to_string(), it["_sequence"].as_u64()));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        let body = &record["body"];
        assert_eq!(record["_key"], body["TransactionNo"]);
        let order = found.entry(record["_key"].as_str().unwrap().to_owned());
        order.or_default().push(body.to_string());
    }
    found
}

/// The same of what a dry run prints, without the lines of the sample that are refused.
fn wanted() -> BTreeMap<String, Vec<String>> {
    let printed = |arguments: [&str; 2]| {
        let mut dry = Command::new("python3");
        dry.args(["producer.py", "--dry-run"]).args(arguments);
        dry.current_dir(shipped_app().join("examples/kafka-producer"));
        String::from_utf8(dry.output().unwrap().stdout).unwrap()
    };
    let refused = ["700005", "700006", "700007", "700008", "700009"];
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in [
        printed(["--csv", "sample.csv"]),
        printed(["--generate", "485"]),
    ] {
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let order = line["TransactionNo"].as_str().unwrap().to_owned();
            if !refused.contains(&order.as_str()) {
                found.entry(order).or_default().push(line.to_string());
            }
        }
    }
    assert_eq!(found.values().map(Vec::len).sum::<usize>(), 494);
    found
}

#[test]
fn what_the_broker_does_not_confirm_is_named_and_the_end_is_1() {
    make("example-refused");
    let soon = ("KAFKA_MESSAGE_TIMEOUT_MS", "3000");
    let wrong = ("KAFKA_SASL_PASSWORD", "wrong");
    let output = produce("example-refused", &["--generate", "2"], &[soon, wrong]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("not delivered").count(), 2, "{said}");
    assert!(said.contains("0 of 2 records delivered"), "{said}");
    assert!(!said.contains("wrong"), "{said}");
}
