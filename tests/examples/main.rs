//! The examples, run as their READMEs say: the real hub, the real handler, the real clients, and the
//! lake held against what the READMEs say of it. The Kafka producer's broker is in `tests/kafka`.

#![cfg(feature = "hub")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;
#[path = "../support/installed.rs"]
mod installed;
#[path = "../hub/running.rs"]
#[expect(dead_code, reason = "the tests of the hub use the rest")]
mod running;

mod catalogs;
mod example;

use std::collections::BTreeMap;

use serde_json::Value;

use example::{Example, words};

/// How the tables of those that send message ids name an event.
fn message(rejection: &Value) -> &str {
    rejection["_message_id"].as_str().unwrap()
}

#[test]
fn the_media_stores_events_are_accepted_or_say_what_is_wrong() {
    let example = Example::copy("media-store");
    let check = example.block("bronzegate check --schemas");
    let said = example.run(&check, &[], 1);
    assert!(said.contains("10 events: 7 accepted, 3 rejected"), "{said}");
    let hub = example.hub();
    let sends = example.block(".venv/bin/python store.py");
    let said = example.run(&sends, &[("CONNECTION", &hub.connection)], 0);
    assert_eq!(said, "31 events sent\n");
    example.lands((20, 11), message);

    let accepted = example.accepted();
    let schemas = words(&accepted, "_schema");
    let wanted = [("rental/1.0.0", 7), ("return/1.0.0", 5), ("sale/1.0.0", 8)];
    assert_eq!(schemas, BTreeMap::from(wanted));
    for record in &accepted {
        // a rental and its return meet in one partition
        let key = record["body"]["copy"].as_str();
        let key = key.or(record["body"]["receipt"].as_str());
        assert_eq!(record["_key"].as_str(), key, "{record}");
    }

    // the card waits for its schema
    let schema = r#"{"$id": "urn:media-store:schema:gift-card:1.0.0", "type": "object", "required": ["card"]}"#;
    let write = format!("mkdir schemas/gift-card; echo '{schema}' > schemas/gift-card/1.0.0.json");
    example.run(&write, &[], 0);
    let said = example.run("bronzegate replay --catalog schemas --json", &[], 0);
    let replayed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(replayed["landed"], 1);
    let accepted = example.accepted();
    assert_eq!(words(&accepted, "_schema")["gift-card/1.0.0"], 1);
}

#[test]
fn the_order_apis_changes_are_events_in_their_order() {
    let example = Example::copy("order-crud");
    example.run(&example.block("bronzegate check --schemas"), &[], 0);
    let hub = example.hub();
    let environment = [("CONNECTION", hub.connection.as_str()), ("PORT", "0")];
    let api = example.server(".venv/bin/python api.py", &environment);
    let said = example.run(&example.block("bash requests.sh"), &[("API", &api.url)], 0);
    let (asked, order) = said.trim_end().rsplit_once('\n').unwrap();
    let statuses: Vec<&str> = asked.lines().map(|line| &line[..3]).collect();
    let wanted = "201 201 201 200 200 200 200 201 201 201 200 200 200 404 400";
    assert_eq!(statuses.join(" "), wanted);
    let order: Value = serde_json::from_str(order).unwrap();
    // it takes what it is given, and so the customer is a number now
    assert_eq!(
        (&order["version"], &order["order"]["customer"]),
        (&4.into(), &12_502.into())
    );
    example.lands((7, 6), message);

    let accepted = example.accepted();
    let wanted = [
        ("order-created/1.0.0", 3),
        ("order-deleted/1.0.0", 1),
        ("order-updated/1.0.0", 3),
    ];
    assert_eq!(words(&accepted, "_schema"), BTreeMap::from(wanted));
    let mut orders: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    for record in &accepted {
        let place = (&record["_sequence"], &record["body"]["data"]["version"]);
        let (sequence, version) = (place.0.as_u64().unwrap(), place.1.as_u64().unwrap());
        let order = orders.entry(record["_key"].as_str().unwrap()).or_default();
        order.push((sequence, version));
    }
    for (order, events) in &mut orders {
        events.sort_unstable();
        assert!(
            events.is_sorted_by_key(|event| event.1),
            "{order}: {events:?}"
        );
    }
    assert_eq!(orders["00000001"].len(), 3);
}

#[test]
fn without_the_hub_the_order_api_changes_nothing() {
    let example = Example::copy("order-crud");
    let hub = example.hub();
    let environment = [("CONNECTION", hub.connection.as_str()), ("PORT", "0")];
    let api = example.server(".venv/bin/python api.py", &environment);
    let ask = |script: &str| example.run(script, &[("API", &api.url)], 0);
    let status = r"curl -sS -o /dev/null -w '%{http_code}'";
    let create = format!(
        r#"{status} -d '{{"customer":"1","currency":"GBP","items":[{{"sku":"1","quantity":1,"price":1}}]}}' $API/orders"#
    );
    assert_eq!(ask(&create), "201");
    drop(hub);
    assert_eq!(ask(&create), "503");
    assert_eq!(ask(&format!("{status} $API/orders/00000001")), "200");
    assert_eq!(ask(&format!("{status} $API/orders/00000002")), "404");
}

#[test]
fn the_pollers_answers_are_sent_as_they_came() {
    let example = Example::copy("price-poller");
    example.run(&example.block("bronzegate check --schemas"), &[], 0);
    let hub = example.hub();
    let api = example.server("python3 fixtures/serve.py", &[("PORT", "0")]);
    let environment = [
        ("CONNECTION", hub.connection.as_str()),
        ("PRICE_API", &api.url),
    ];
    let said = example.run(&example.block("export PRICE_API"), &environment, 0);
    assert_eq!(said, "10 answers sent, 2 missed\n");
    example.lands((6, 4), |rejection| {
        rejection["_properties"]["pair"].as_str().unwrap()
    });

    let accepted = example.accepted();
    let mut amounts: Vec<_> = accepted
        .iter()
        .map(|record| record["body"]["data"]["amount"].as_str().unwrap())
        .collect();
    amounts.sort_unstable();
    let wanted = [
        "3012.40",
        "3013.125000000000000001",
        "3015.75",
        "91234.565",
        "91240.01",
        "91250",
    ];
    assert_eq!(amounts, wanted);
    let html = example.rejected();
    let html = html.iter().find(|it| it["_reason"] == "not-json").unwrap();
    assert_eq!(html["_content_type"], "text/html");
    assert_eq!(html["body_text"], "<html><body>Back soon</body></html>");
}

#[test]
fn the_exports_lines_are_judged_and_landed_without_a_broker() {
    let example = Example::copy("kafka-producer");
    let check = example.block("bronzegate check --schemas");
    let said = example.run(&check, &[], 1);
    assert!(said.contains("15 events: 9 accepted, 6 rejected"), "{said}");
    let local = example.block("bronzegate local --catalog");
    let said = example.run(&local, &[], 0);
    assert!(said.contains("PROVEN  15 sent"), "{said}");
    example.sound((9, 6), |rejection| {
        let body = rejection["body_text"].as_str().unwrap();
        body.split('"').nth(3).unwrap()
    });
    assert_eq!(
        words(&example.accepted(), "_schema"),
        BTreeMap::from([("transaction-line/1.0.0", 9)])
    );
}
