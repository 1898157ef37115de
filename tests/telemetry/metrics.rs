//! What is counted and measured, for batches that are known.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::collector::Manner::Takes;
use crate::collector::{Collector, Points};
use crate::handler::{Handler, payload};
use crate::story::{BAD, CANARY, GOOD, OFTEN, stop, until, with_properties};

const PLACE: &str = "messaging.destination.name=shop/orders messaging.destination.partition.id=0";

fn counts(points: &Points) -> Vec<(&str, u64)> {
    let counts = points.iter().map(|(key, point)| (&**key, point.count));
    counts.collect()
}

/// A handler that lands in the folder, and exports often and by OTLP.
async fn exporting(folder: &TempDir, collector: &Collector) -> Handler {
    let url = collector.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    Handler::start(folder.path(), &[OFTEN[0], OFTEN[1], endpoint]).await
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| {
        let about = entry.metadata().unwrap();
        let name = entry.file_name();
        match (about.is_dir(), name.to_str().unwrap().starts_with('.')) {
            (true, false) => bytes_below(&entry.path()),
            (false, false) => about.len(),
            (_, true) => 0,
        }
    });
    sizes.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_counted_once_and_every_byte() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let url = collector.url();
    let settings = [
        OFTEN[0],
        OFTEN[1],
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=k-1"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        ),
        ("WEBSITE_INSTANCE_ID", "instance-1"),
    ];
    let handler = Handler::start(folder.path(), &settings).await;
    let first = payload("0", 0, &[GOOD, BAD, "", GOOD]);
    // 4 to 9 are missing, and 12
    let second = payload("0", 10, &[GOOD, GOOD]);
    let third = payload("0", 13, &[GOOD]);
    let batches = [&first, &first, &second, &third];
    for batch in batches {
        let answer = handler.post(batch.clone(), "i").await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let refused = handler.post("{}", "i").await.unwrap();
    assert_eq!(refused.status, 400);
    stop(handler).await;

    let place = |rest: &str| format!("{PLACE}{rest}");
    let schema = "order-transaction/1.0.0";
    let events = collector.points("bronzegate.events");
    assert_eq!(
        counts(&events),
        [(&*place(" messaging.system=eventhubs"), 11)]
    );
    let accepted = collector.points("bronzegate.events.accepted");
    let key = format!("bronzegate.schema={schema} {PLACE}");
    assert_eq!(counts(&accepted), [(&*key, 5)]);
    let rejected = collector.points("bronzegate.events.rejected");
    let empty = format!("bronzegate.reason=empty bronzegate.schema=none {PLACE}");
    let bad = format!("bronzegate.reason=schema bronzegate.schema={schema} {PLACE}");
    assert_eq!(counts(&rejected), [(&*empty, 1), (&*bad, 1)]);
    for (name, count) in [
        ("bronzegate.events.duplicate", 4),
        ("bronzegate.sequence.gaps", 2),
        ("bronzegate.sequence.missing", 7),
        // a batch that is landed already says nothing of how old events are when they land
        ("bronzegate.event.age", 3),
    ] {
        assert_eq!(counts(&collector.points(name)), [(PLACE, count)], "{name}");
    }
    let sizes = collector.points("bronzegate.batch.size");
    let stream = "messaging.destination.name=shop/orders";
    assert_eq!(sizes.len(), 1);
    assert_eq!((sizes[stream].count, sizes[stream].sum), (4, 11.0));
    let requests = collector.points("bronzegate.request.size")[""];
    let bytes: usize = batches.iter().map(|batch| batch.len()).sum();
    assert_eq!((requests.count, requests.sum), (5, (bytes + 2) as f64));
    let blobs = collector.points("bronzegate.blob.size");
    for kind in ["bronze", "rejections"] {
        let stands = bytes_below(&folder.path().join("lake").join(kind));
        assert!(stands > 0);
        let key = format!("bronzegate.kind={kind}");
        assert_eq!(blobs[&key].count, stands, "{kind}");
    }
    let durations = collector.points("bronzegate.landing.duration");
    let failed = "bronzegate.outcome=failed error.type=payload".to_owned();
    let landed = format!("bronzegate.outcome=landed {stream}");
    assert_eq!(counts(&durations), [(&*failed, 1), (&*landed, 4)]);
    let calls = collector.points("bronzegate.store.duration");
    let call = |operation: &str| calls[&format!("bronzegate.operation={operation}")].count;
    // three commits, one publication, and the lake's marker
    assert_eq!((call("create"), call("put"), call("delete")), (5, 1, 1));
    assert_eq!(collector.points("bronzegate.starts")[""].count, 1);
    assert_eq!(collector.points("bronzegate.memory.in_flight")[""].count, 0);
    let dropped = collector.points("bronzegate.telemetry.dropped");
    assert_eq!(
        counts(&dropped),
        [
            ("bronzegate.signal=metrics", 0),
            ("bronzegate.signal=traces", 0)
        ]
    );

    let resource = collector.resource();
    for (name, value) in [
        ("service.name", "bronzegate"),
        ("service.instance.id", "instance-1"),
        ("deployment.environment.name", "test"),
    ] {
        assert_eq!(resource[name], value, "{resource:?}");
    }
    assert!(collector.headers().iter().all(|it| it["x-key"] == "k-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_event_calls_its_schema_is_not_exported_where_none_is_called_so() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let handler = exporting(&folder, &collector).await;
    let routed = json!({ "schema": format!("{CANARY}/1.0.0") });
    let answer = handler.post(with_properties(0, &[(GOOD, routed)]), "i");
    assert_eq!(answer.await.unwrap().status, 200);
    stop(handler).await;
    let rejected = collector.points("bronzegate.events.rejected");
    let unknown = format!("bronzegate.reason=unknown-schema bronzegate.schema=none {PLACE}");
    assert_eq!(counts(&rejected), [(&*unknown, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_seen_across_a_restart() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    for (sequence, gaps) in [(0, None), (1, None), (5, Some(3)), (6, None)] {
        let handler = exporting(&folder, &collector).await;
        let batch = payload("0", sequence, &[GOOD]);
        assert_eq!(handler.post(batch, "i").await.unwrap().status, 200);
        let before = collector.points("bronzegate.sequence.missing");
        stop(handler).await;
        let after = collector.points("bronzegate.sequence.missing");
        match gaps {
            Some(missing) => assert_eq!(counts(&after), [(PLACE, missing)]),
            None => assert_eq!(before, after, "{sequence} follows"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_counted_by_partition_and_its_holes_are_no_gaps() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let handler = exporting(&folder, &collector).await;
    let batch = fs::read("tests/fixtures/payloads/kafka/many-binary.json").unwrap();
    let answer = handler.send("POST", "/IngestOrdersKafka", batch, "i").await;
    assert_eq!(answer.unwrap().status, 200);
    stop(handler).await;
    let of = |partition: u8| {
        format!(
            "messaging.destination.name=kafka/orders messaging.destination.partition.id={partition} messaging.system=kafka"
        )
    };
    let events = collector.points("bronzegate.events");
    assert_eq!(counts(&events), [(&*of(0), 3), (&*of(2), 3)]);
    assert_eq!(collector.metric("bronzegate.sequence.gaps"), None);
    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).count();
    assert_eq!((named("process orders"), named("land")), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_worked_on_is_seen_while_it_is() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let handler = exporting(&folder, &collector).await;
    let body = payload("0", 0, &[GOOD]);
    let mut socket = TcpStream::connect(handler.address()).await.unwrap();
    let head = format!(
        "POST /IngestOrders HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let in_flight = || {
        let points = collector.points("bronzegate.memory.in_flight");
        points.get("").map(|point| point.count)
    };
    let announced = Some(body.len() as u64);
    until("its bytes are in flight", || in_flight() == announced).await;
    socket.write_all(&body).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    until("they are not any more", || in_flight() == Some(0)).await;
}
