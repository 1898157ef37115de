//! The hub and its host where something is wrong.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::Client;
use crate::handler::shipped_app;
use crate::running::{Hub, Lake, sum};

/// A lake in which nothing can be landed, until [`mended`].
fn unwritable(lake: &Lake) {
    fs::create_dir_all(lake.path()).unwrap();
    // permissions do not hold an administrator back
    fs::write(lake.path().join("bronze"), "in the way").unwrap();
}

fn mended(lake: &Lake) {
    fs::remove_file(lake.path().join("bronze")).unwrap();
}

fn bulk(hub: &Hub) -> u64 {
    Client::Node.does(&hub.connection, &["send"])["sent"]
        .as_u64()
        .unwrap()
}

#[test]
fn i3_what_the_handler_refuses_is_tried_again_until_it_is_landed() {
    let lake = Lake::new();
    unwritable(&lake);
    let hub = lake.hub();
    let sent = bulk(&hub);
    hub.wait_for("tries fail", |it| sum(it, "failures") >= 4);
    hub.wait_for("it says why", |it| {
        let rows = it["partitions"].as_array().unwrap();
        let trouble = rows.iter().filter_map(|row| row["trouble"].as_str());
        trouble
            .into_iter()
            .any(|it| it.contains("503") && it.contains("tried again in"))
    });
    assert!(lake.records().is_empty());
    mended(&lake);
    lake.landed(sent);
    hub.wait_for("nothing is wrong any more", |it| {
        let rows = it["partitions"].as_array().unwrap();
        sum(it, "lag") == 0 && rows.iter().all(|row| row["trouble"].is_null())
    });
}

/// The shipped function app with another retry policy.
fn app(folder: &Path, retry: &Value) {
    for file in [
        "host.json",
        "schemas/catalog.json",
        "schemas/order/1.0.0.json",
        "schemas/order-transaction/1.0.0.json",
    ] {
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(shipped_app().join(file), copy).unwrap();
    }
    let function = shipped_app().join("IngestOrders/function.json");
    let mut function: Value = serde_json::from_slice(&fs::read(function).unwrap()).unwrap();
    function["retry"] = retry.clone();
    fs::create_dir_all(folder.join("IngestOrders")).unwrap();
    fs::write(
        folder.join("IngestOrders/function.json"),
        function.to_string(),
    )
    .unwrap();
}

#[test]
fn without_a_policy_that_holds_it_a_failed_batch_is_passed_over_as_the_host_does() {
    let twice = json!({"strategy": "fixedDelay", "maxRetryCount": 1, "delayInterval": "00:00:00"});
    for (retry, tries) in [(Value::Null, 1), (twice, 2)] {
        let lake = Lake::new();
        unwritable(&lake);
        app(lake.folder.path(), &retry);
        let hub = Hub::start(&lake.path(), lake.folder.path(), &[]);
        let sent = bulk(&hub);
        hub.wait_for("all of it is passed over", |it| {
            sum(it, "passed_over") == sent && sum(it, "lag") == 0
        });
        hub.wait_for("each try is counted", |it| {
            let failures = sum(it, "failures");
            failures >= 4 * tries && failures.is_multiple_of(tries)
        });
        drop(hub);
        mended(&lake);
        // the checkpoints have moved: it does not come again
        let hub = Hub::start(&lake.path(), lake.folder.path(), &[]);
        let again = bulk(&hub);
        hub.wait_for("what comes now is landed", |it| {
            sum(it, "accepted") + sum(it, "rejected") == again && sum(it, "lag") == 0
        });
        assert_eq!(lake.records().len() as u64, again);
    }
}

#[test]
fn a_message_that_is_too_large_is_refused_as_the_service_refuses_it() {
    let lake = Lake::new();
    let hub = lake.hub();
    let said = Client::Node.does(&hub.connection, &["unlimited"]);
    assert_eq!(said, json!({"error": "amqp:link:message-size-exceeded"}));
    assert_eq!(
        Client::Node.does(&hub.connection, &["describe"])["last"],
        json!([-1, -1, -1, -1])
    );
}

#[test]
fn i8_a_consumer_that_does_not_read_costs_no_memory() {
    let lake = Lake::new();
    let hub = lake.hub();
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{}/status", hub.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes / 1024
    };
    // the log is there before the consumers are, and landed: what is measured is their part
    Client::Node.does(&hub.connection, &["heavy", "20000"]);
    hub.wait_for("it is landed", |it| {
        sum(it, "last") >= 39 && sum(it, "lag") == 0
    });
    let before = memory();
    let mut stalled: Vec<_> = (0..5)
        .map(|_| Client::Node.starts(&hub.connection, "stalled"))
        .collect();
    for consumer in &mut stalled {
        assert_eq!(consumer.line().as_deref(), Some("stalled"));
    }
    // until what is on the way is on the way
    let mut last = 0;
    while last != memory() {
        last = memory();
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    // five times the log would be 100 MB
    let after = memory();
    assert!(after < before + 50, "{before} MB before, {after} MB after");
}
