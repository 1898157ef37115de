use serde_json::json;

use super::*;
use crate::encode::Compression;
use crate::event::EnqueuedTime;
use crate::store::Blob;
use crate::store::memory::MemoryStore;

/// 2026-01-05T09:00:00Z, where an hour begins.
const NINE: i64 = 1_767_603_600_000;

/// Six events of one partition; every third is spoilt, and the last is of the next hour.
fn hub() -> Hub {
    let message = |sequence: i64| {
        let spoilt = sequence % 3 == 1;
        let body = match sequence {
            1 => "{\"a\":".to_owned(),
            2 => "{\r\n  \"a\": 2\n} ".to_owned(),
            _ => json!({ "a": sequence }).to_string(),
        };
        let hour = if sequence == 5 { 3_600_000 } else { 0 };
        Message {
            key: Some("536365".to_owned()),
            body: body.into_bytes(),
            properties: "{}",
            enqueued: EnqueuedTime::from_millis(NINE + hour + sequence).unwrap(),
            expected: Some(if spoilt {
                Expected::Rejected(Reason::NotJson)
            } else {
                Expected::Accepted
            }),
        }
    };
    Hub {
        name: "orders".to_owned(),
        partitions: vec![(0..6).map(message).collect()],
    }
}

/// A blob by hand: its kind, the events of its name and metadata, and its records.
struct Landed {
    kind: Kind,
    covered: Range<usize>,
    records: Vec<String>,
    counted: u64,
}

impl Landed {
    fn bronze(covered: Range<usize>, sequences: &[usize]) -> Self {
        Self::of(Kind::Bronze, covered, sequences)
    }

    fn rejections(covered: Range<usize>, sequences: &[usize]) -> Self {
        Self::of(Kind::Rejections, covered, sequences)
    }

    fn of(kind: Kind, covered: Range<usize>, sequences: &[usize]) -> Self {
        let records: Vec<_> = sequences.iter().map(|it| record(kind, *it)).collect();
        Self {
            kind,
            covered,
            counted: records.len() as u64,
            records,
        }
    }
}

fn record(kind: Kind, sequence: usize) -> String {
    let message = &hub().partitions[0][sequence];
    let head = format!(
        r#"{{"_stream":"local/orders","_partition":"0","_sequence":{sequence},"_enqueued_time":"{}","_key":"536365""#,
        message.enqueued
    );
    match kind {
        Kind::Bronze => {
            let body = String::from_utf8_lossy(&message.body).replace(['\r', '\n'], " ");
            format!("{head},\"body\":{body}}}")
        }
        Kind::Rejections => {
            let body = STANDARD.encode_to_string(&message.body);
            format!(r#"{head},"_reason":"not-json","body_base64":"{body}"}}"#)
        }
    }
}

/// A lake in which each event stands once.
fn good() -> Vec<Landed> {
    vec![
        Landed::bronze(0..3, &[0, 2]),
        Landed::rejections(0..3, &[1]),
        Landed::bronze(3..5, &[3]),
        Landed::rejections(3..5, &[4]),
        Landed::bronze(5..6, &[5]),
    ]
}

async fn proof(lake: Vec<Landed>) -> Proof {
    let (store, hub) = (MemoryStore::new(), hub());
    for landed in lake {
        let position = |sequence: usize| Position {
            sequence: sequence as u64,
            enqueued: hub.partitions[0][sequence].enqueued,
        };
        let name = Name {
            stream: hub.stream(),
            place: Place::Partition {
                partition: Partition::new("0"),
                first: position(landed.covered.start),
            },
            replay: None,
            compression: Compression::None,
        };
        let about = About {
            covered: Covered::of(landed.covered.clone().map(position)),
            accepted: landed.counted,
            rejected: landed.counted,
            outbox: (landed.counted > 0).then(|| "digest".to_owned()),
            catalog: "digest".to_owned(),
        };
        let body: String = landed.records.iter().map(|it| format!("{it}\n")).collect();
        let blob = Blob {
            body: body.into(),
            metadata: about.to_metadata(),
        };
        store.put(&name.blob(landed.kind), blob).await.unwrap();
    }
    Proof::read(&store, &hub).await.unwrap()
}

/// The one finding that this change of a good lake makes.
async fn finding(change: impl FnOnce(&mut Vec<Landed>)) -> String {
    let mut lake = good();
    change(&mut lake);
    let proof = proof(lake).await;
    assert_eq!(proof.wrong, 1, "{:?}", proof.findings);
    proof.findings.concat()
}

#[tokio::test]
async fn a_good_lake_is_proven_and_counted() {
    let proof = proof(good()).await;
    assert_eq!((proof.wrong, &proof.findings), (0, &Vec::new()));
    assert_eq!((proof.accepted, proof.rejections(), proof.blobs), (4, 2, 5));
    assert_eq!(proof.rejected["not-json"], 2);
    assert!(proof.example.unwrap().contains("\"_sequence\":1,"));
}

#[tokio::test]
async fn a_lost_event_is_found() {
    let found = finding(|lake| drop(lake.pop())).await;
    assert_eq!(found, "partition 0, sequence 5: lost, it stands nowhere");
}

#[tokio::test]
async fn an_event_that_stands_twice_is_found() {
    let both = |lake: &mut Vec<Landed>| lake.push(Landed::rejections(5..6, &[5]));
    assert!(
        finding(both)
            .await
            .starts_with("partition 0, sequence 5: twice")
    );

    let mut overlapping = good();
    overlapping.push(Landed::bronze(2..3, &[2]));
    let findings = proof(overlapping).await.findings.join("\n");
    assert!(findings.contains("sequence 2: twice"), "{findings}");
    assert!(findings.contains("overlap"), "{findings}");
}

#[tokio::test]
async fn other_bytes_are_found() {
    for (blob, was, is) in [
        (0, r#""a":0}"#, r#""a":1}"#),
        (0, r#""a":0}"#, r#""a": 0}"#),
        (0, r#""body":{"a":0}"#, r#""body":{"x":1,"a":0}"#),
        (1, "eyJhIjo=", "eyJhIjp="),
    ] {
        let found = finding(|lake| {
            let record = &mut lake[blob].records[0];
            assert!(record.contains(was), "{record}");
            *record = record.replace(was, is);
        });
        let found = found.await;
        assert!(found.contains("the payload in"), "{is}: {found}");
    }
    let trimmed = |lake: &mut Vec<Landed>| {
        let record = &mut lake[0].records[1];
        *record = record.replace("} }", "}}");
    };
    assert!(finding(trimmed).await.contains("sequence 2: the payload"));
}

#[tokio::test]
async fn other_coordinates_are_found() {
    for (was, is, says) in [
        ("09:00:00.000Z", "09:00:00.007Z", "with the time"),
        ("536365", "536366", "the key in"),
        ("local/orders", "local/order", "its stream in"),
    ] {
        let change = |lake: &mut Vec<Landed>| {
            let record = &mut lake[0].records[0];
            *record = record.replace(was, is);
        };
        let found = finding(change).await;
        assert!(found.contains(says), "{found}");
    }
}

#[tokio::test]
async fn a_wrong_order_is_found() {
    let found = finding(|lake| lake[0].records.reverse()).await;
    assert!(found.contains("sequence 0: out of order in"), "{found}");
}

#[tokio::test]
async fn an_event_in_another_events_blob_is_found() {
    let moved = |lake: &mut Vec<Landed>| {
        lake[2] = Landed::bronze(3..5, &[]);
        lake[4] = Landed::bronze(5..6, &[3, 5]);
    };
    assert!(
        finding(moved)
            .await
            .contains("sequence 3: it does not belong in")
    );

    let hours = |lake: &mut Vec<Landed>| {
        lake.pop();
        lake[2] = Landed::bronze(3..6, &[3, 5]);
    };
    assert!(
        finding(hours)
            .await
            .contains("sequence 5: it does not belong in")
    );
}

#[tokio::test]
async fn a_count_that_does_not_hold_is_found() {
    let found = finding(|lake| lake[0].counted = 7).await;
    assert!(
        found.contains("counts 7 records, and there are 2"),
        "{found}"
    );
}

#[tokio::test]
async fn another_reason_than_expected_is_found() {
    let change = |lake: &mut Vec<Landed>| {
        let record = &mut lake[1].records[0];
        *record = record.replace("not-json", "schema");
    };
    let found = finding(change).await;
    assert!(
        found.contains("not-json was expected, and it is schema"),
        "{found}"
    );
}

#[tokio::test]
async fn a_line_that_is_no_record_is_found() {
    let change = |lake: &mut Vec<Landed>| {
        lake[0].records.push("{".to_owned());
        lake[0].counted += 1;
    };
    assert!(finding(change).await.contains("line 3: not a record"));
}
