//! What every client does with a hub, and what is in the lake after it.

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::client::Client;
use crate::running::Lake;

/// What a client's `send` sends, and of it what has the key `mass`.
const SENT: u64 = 512;
const BULK: u64 = 500;

#[test]
fn the_javascript_client_works_and_what_it_sends_is_landed_once() {
    drive(Client::Node);
}

#[test]
fn the_python_client_works_and_what_it_sends_is_landed_once() {
    drive(Client::Python);
}

fn drive(client: Client) {
    let lake = Lake::new();
    let hub = lake.hub();
    let does = |arguments: &[&str]| client.does(&hub.connection, arguments);

    assert_eq!(
        does(&["describe"]),
        json!({"name": "orders", "partitions": ["0", "1", "2", "3"], "empty": [true, true, true, true], "last": [-1, -1, -1, -1]})
    );
    assert_eq!(does(&["send"])["sent"], SENT);
    let described = does(&["describe"]);
    assert_eq!(described["empty"], json!([false, false, false, false]));
    let last: Vec<i64> = serde_json::from_value(described["last"].clone()).unwrap();
    assert_eq!(last.iter().map(|it| it + 1).sum::<i64>() as u64, SENT);

    assert_landed(&lake.landed(SENT));
    assert_received(&does, &lake);

    let epoch = does(&["epoch"]);
    assert_eq!(
        (&epoch["both"], &epoch["second"]),
        (&json!(true), &Value::Null),
        "{epoch}"
    );
    for (what, words) in [
        (
            "displaced",
            "New receiver with higher epoch of '2' is created",
        ),
        ("refused", "created with epoch of '2'"),
    ] {
        assert!(
            epoch[what].as_str().is_some_and(|it| it.contains(words)),
            "{epoch}"
        );
    }
    let wrong = does(&["wrong"]);
    for what in ["send", "describe"] {
        let said = wrong[what].as_str().unwrap_or_default();
        assert!(said.contains("'nosuch' could not be found"), "{wrong}");
    }
    let large = does(&["large"]);
    assert_eq!(large["limit"], 1 << 20);
    assert!(
        large["added"].is_string() && large["sent"].is_string(),
        "{large}"
    );
    let whole = lake.landed(SENT + 1);
    let largest = whole.iter().find(|it| it["_message_id"].is_null());
    let largest = largest.unwrap();
    let body = largest["body_base64"].as_str().unwrap();
    assert!(body.len() >= (1000 << 10) * 4 / 3);
    // it takes many frames on its way to a consumer, too
    let sequence = largest["_sequence"].to_string();
    let received = does(&["receive", "3", "sequence", &sequence, "true", "1"]);
    assert!(received["events"][0]["body"] == body);
}

/// Every event is in the lake once, with all that was sent with it.
fn assert_landed(records: &[Value]) {
    let by_id: BTreeMap<&str, &Value> = records
        .iter()
        .map(|record| (record["_message_id"].as_str().unwrap(), record))
        .collect();
    assert_eq!(by_id.len() as u64, SENT, "each id stands there once");
    let bulk = (0..BULK).map(|n| (format!("bulk-{n}"), json!("mass"), Some("1")));
    let keyed = (0..2).map(|n| (format!("key-{n}"), json!("cust-9"), Some("2")));
    let others = [("partition-0".to_owned(), Value::Null, Some("2"))];
    let turns = (0..8).map(|n| (format!("turn-{n}"), Value::Null, None));
    for (id, key, partition) in bulk.chain(keyed).chain(others).chain(turns) {
        let record = by_id[id.as_str()];
        assert_eq!(record["_stream"], "localhost/orders");
        assert_eq!(record["_key"], key, "{record}");
        if let Some(partition) = partition {
            assert_eq!(record["_partition"], partition, "{record}");
        }
        assert_eq!(record["_correlation_id"], "c-1");
        assert_eq!(record["_content_type"], "application/json");
        assert_eq!(
            record["_properties"],
            json!({"schema": "order-transaction/1.0.0", "n": 5, "flag": true})
        );
        assert_eq!(record["_schema"], "order-transaction/1.0.0", "{record}");
        assert_eq!(record["body"]["TransactionNo"], "581482");
    }
    let turns: Vec<&str> = (0..8)
        .map(|n| {
            by_id[format!("turn-{n}").as_str()]["_partition"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(turns, ["0", "1", "2", "3", "0", "1", "2", "3"]);
    let bad = by_id["bad"];
    assert_eq!(
        (&bad["_reason"], &bad["body_base64"]),
        (&json!("not-utf8"), &json!("/w=="))
    );
}

/// A consumer begins where it wants to, and gets what was sent.
fn assert_received(does: &dyn Fn(&[&str]) -> Value, lake: &Lake) {
    let receive = |kind: &str, value: &str, inclusive: bool, count: u64| {
        let count = count.to_string();
        let inclusive = inclusive.to_string();
        let said = does(&["receive", "1", kind, value, &inclusive, &count]);
        assert_eq!(said["whole"], true, "{said}");
        said["events"].as_array().unwrap().clone()
    };
    let all = receive("offset", "-1", false, BULK + 2);
    assert_eq!(all.len() as u64, BULK + 2);
    for (sequence, event) in all.iter().enumerate() {
        assert_eq!(event["sequence"], sequence);
    }
    let middle = &all[250];
    assert_eq!(middle["key"], "mass");
    assert_eq!(
        (&middle["correlation"], &middle["type"]),
        (&json!("c-1"), &json!("application/json"))
    );
    assert_eq!(middle["properties"]["schema"], "order-transaction/1.0.0");
    assert_eq!(middle["properties"]["n"], 5);
    let landed = lake.records();
    let record = landed
        .iter()
        .find(|it| it["_message_id"] == middle["id"])
        .unwrap();
    assert_eq!(record["_sequence"], middle["sequence"]);
    assert_eq!(record["_offset"], middle["offset"]);
    let body = STANDARD
        .decode_to_vec(middle["body"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        record["body"]
    );

    let offset = middle["offset"].as_str().unwrap();
    assert_eq!(receive("offset", offset, false, 251)[0], all[251]);
    assert_eq!(receive("offset", offset, true, 252)[0], all[250]);
    assert_eq!(receive("sequence", "250", false, 251)[0], all[251]);
    assert_eq!(receive("sequence", "250", true, 252)[0], all[250]);
    // the batch has one time, and before it are others
    let time = (middle["time"].as_i64().unwrap() - 1).to_string();
    let first = all
        .iter()
        .position(|event| event["time"] == middle["time"])
        .unwrap();
    assert!(first > 0);
    let since = receive("time", &time, false, BULK + 2 - first as u64);
    assert_eq!(since[0], all[first]);
}
