//! What was acknowledged is landed once, whoever is killed.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde_json::Value;

use crate::client::{Client, Running};
use crate::running::{Hub, Lake, PATIENCE, send, sum};

/// Reads what a flood says until it has said so much more; returns the numbers that it said.
fn acknowledged(flood: &mut Running, more: usize) -> Vec<String> {
    (0..more).map(|_| flood.line().unwrap()).collect()
}

/// Waits until the hub's log has no event that is not landed.
fn settled(hub: &Hub) {
    hub.wait_for("everything is landed", |it| {
        sum(it, "last") > 0 && sum(it, "lag") == 0
    });
}

/// Each event of these batches stands in the lake once, and no other twice.
fn assert_once(records: &[Value], batches: &[String]) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for record in records {
        *counts
            .entry(record["_message_id"].as_str().unwrap())
            .or_default() += 1;
    }
    for batch in batches {
        for n in 0..10 {
            let id = format!("flood-{batch}-{n}");
            assert_eq!(counts.get(id.as_str()), Some(&1), "{id}");
        }
    }
    assert!(counts.values().all(|count| *count == 1));
    assert_one_place_each(records);
}

/// No two events have one place in the hub.
fn assert_one_place_each(records: &[Value]) {
    let places: HashSet<String> = records
        .iter()
        .map(|it| format!("{} {}", it["_partition"], it["_sequence"]))
        .collect();
    assert_eq!(places.len(), records.len());
}

/// The events that a whole batch has: a batch is there as a whole or not at all.
fn assert_whole_batches(records: &[Value]) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for record in records {
        let id = record["_message_id"].as_str().unwrap();
        *counts.entry(id.rsplit_once('-').unwrap().0).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 10), "{counts:?}");
}

#[test]
fn i1_i2_what_a_killed_hub_acknowledged_is_landed_once_after_it_is_started_again() {
    const ROUNDS: usize = 3;
    let lake = Lake::new();
    // each round's flood begins with the same numbers
    let mut acknowledgements: HashMap<String, usize> = HashMap::new();
    for round in 1..=ROUNDS {
        let mut hub = lake.hub();
        let mut flood = Client::Node.starts(&hub.connection, "flood");
        let said = acknowledged(&mut flood, 40 * round);
        let handlers = hub.handlers();
        hub.kill();
        for batch in said.into_iter().chain(flood.kill()) {
            *acknowledgements.entry(batch).or_default() += 1;
        }
        // the handler goes with its hub, whatever that ends of
        let start = Instant::now();
        for pid in handlers {
            while std::path::Path::new("/proc").join(&pid).exists() {
                assert!(start.elapsed() < PATIENCE, "the handler {pid} is left over");
                std::thread::yield_now();
            }
        }
    }
    let hub = lake.hub();
    settled(&hub);
    lake.sound();
    let records = lake.records();
    assert_one_place_each(&records);
    let mut landed: HashMap<&str, usize> = HashMap::new();
    for record in &records {
        let id = record["_message_id"].as_str().unwrap();
        *landed.entry(id).or_default() += 1;
    }
    for (batch, times) in &acknowledgements {
        let ids = (0..10).map(|n| format!("flood-{batch}-{n}"));
        let counts: Vec<_> = ids.map(|id| landed.get(id.as_str()).copied()).collect();
        // a batch is there as a whole; one that a kill left without its answer may be there, too
        assert!(
            counts.iter().all(|it| *it == counts[0]),
            "{batch}: {counts:?}"
        );
        assert!(
            counts[0].is_some_and(|it| (*times..=ROUNDS).contains(&it)),
            "{batch}: {counts:?}"
        );
    }
    let batches: usize = acknowledgements.values().sum();
    assert!((batches..=batches + ROUNDS).contains(&(records.len() / 10)));
}

#[test]
fn a_client_that_is_killed_in_the_middle_costs_the_others_nothing() {
    let lake = Lake::new();
    let hub = lake.hub();
    let mut killed = Client::Python.starts(&hub.connection, "flood");
    let mut said = acknowledged(&mut killed, 30);
    said.extend(killed.kill());
    let sent = Client::Node.does(&hub.connection, &["send"])["sent"]
        .as_u64()
        .unwrap();
    settled(&hub);
    let records = lake.records();
    let (floods, others): (Vec<Value>, Vec<Value>) = records
        .into_iter()
        .partition(|it| it["_message_id"].as_str().unwrap().starts_with("flood"));
    assert_eq!(others.len() as u64, sent);
    assert_once(&floods, &said);
    assert_whole_batches(&floods);
    lake.sound();
}

#[test]
fn i1_i2_a_handler_that_is_killed_while_events_come_lands_each_once() {
    let lake = Lake::new();
    let hub = lake.hub();
    let mut flood = Client::Node.starts(&hub.connection, "flood");
    let mut said = Vec::new();
    // a third end within half an hour would end the host
    for crashes in 1..=2 {
        said.extend(acknowledged(&mut flood, 100));
        let handlers = hub.handlers();
        assert_eq!(handlers.len(), 1);
        send("-KILL", &handlers[0]);
        hub.wait_for("the handler is started again", |it| {
            it["crashes"] == crashes
        });
    }
    said.extend(acknowledged(&mut flood, 100));
    said.extend(flood.kill());
    settled(&hub);
    assert_once(&lake.records(), &said);
    lake.sound();
}
