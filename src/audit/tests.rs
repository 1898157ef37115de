//! Lakes that the landing made, and what an audit says after something was done to them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;

mod topic;

use super::*;
use crate::event::{Batch, Event, Log, Origin, Partition};
use crate::judge::{Catalog, Judged, Reason, Rejection, Verdict, Violation};
use crate::landing::Landing;
use crate::replay::{self, Judging, Selection};
use crate::store::{Blob, Creation, Level, MemoryStore, Metadata, Page};

/// 2026-11-20T22:30:00Z: the third batch is of the next day.
const START: i64 = 1_795_213_800_000;
const MINUTE: i64 = 60_000;

const HOUR_22: &str =
    "shop/orders/date=2026-11-20/hour=22/0-00000000000000000000-1795213800000.json";
const HOUR_23: &str =
    "shop/orders/date=2026-11-20/hour=23/0-00000000000000000003-1795215600000.json";
const HOUR_00: &str =
    "shop/orders/date=2026-11-21/hour=00/0-00000000000000000009-1795219200000.json";

/// Twelve events of a partition, ten minutes apart, of which every third is rejected: 3 of hour
/// 22, 6 of hour 23, 3 of the next day.
async fn lake() -> MemoryStore {
    let store = MemoryStore::new();
    land(&store, "0", 0..12, START).await;
    store
}

async fn land(store: &MemoryStore, partition: &str, sequences: std::ops::Range<u64>, start: i64) {
    let mut batch = Batch::empty(Origin::Partition {
        log: Log::Hub,
        stream: Stream::new("shop/orders"),
        partition: Partition::new(partition),
    });
    let mut verdicts = Vec::new();
    for sequence in sequences {
        let first = batch.payload.len();
        batch
            .payload
            .extend_from_slice(format!("{{\"n\":{sequence}}}").as_bytes());
        batch.events.push(Event {
            body: first..batch.payload.len(),
            sequence: Some(sequence),
            enqueued: EnqueuedTime::from_millis(start + sequence as i64 * 10 * MINUTE),
            ..Event::default()
        });
        verdicts.push(verdict(sequence));
    }
    land_judged(store, batch, verdicts).await;
}

fn verdict(sequence: u64) -> Verdict {
    if sequence % 3 != 1 {
        return Verdict::Accepted("x/1.0.0".into());
    }
    Verdict::Rejected(Rejection {
        reason: Reason::Schema,
        schema: Some("x/1.0.0".into()),
        violations: vec![Violation {
            pointer: "/n".to_owned(),
            keyword: "maximum".to_owned(),
            schema_pointer: String::new(),
            message: "too much".to_owned(),
        }],
    })
}

async fn land_judged(store: &MemoryStore, batch: Batch, verdicts: Vec<Verdict>) {
    let judged = Judged {
        batch,
        verdicts,
        catalog: "digest".into(),
    };
    let landing = Landing::new(Arc::new(store.clone()), Compression::None, Workers::Inline);
    landing
        .land(Arc::new(judged), Duration::ZERO)
        .await
        .unwrap();
}

/// A catalog that takes all rejections of the lake but the first.
static MENDED: LazyLock<Judging> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("x")).unwrap();
    let schema = r#"{"$id":"https://shop.example/x/1.0.0","properties":{"n":{"minimum":2}}}"#;
    std::fs::write(dir.path().join("x/1.0.0.json"), schema).unwrap();
    std::fs::write(dir.path().join("catalog.json"), r#"{"default":"x"}"#).unwrap();
    Judging {
        catalog: Arc::new(Catalog::load(dir.path()).unwrap()),
        limits: crate::judge::Limits::default(),
    }
});

async fn replayed(store: &MemoryStore) -> replay::Outcome {
    let store: Arc<dyn Store> = Arc::new(store.clone());
    let (selection, progress) = (Selection::default(), replay::Progress::default());
    let about = (&Workers::Inline, &progress);
    let outcome = replay::replay(&store, &MENDED, &selection, false, about).await;
    outcome.unwrap()
}

async fn replay_all(store: &MemoryStore) {
    assert!(replayed(store).await.landed > 0);
}

async fn audited(store: &MemoryStore, request: Request) -> Report {
    let store: Arc<dyn Store> = Arc::new(store.clone());
    let progress = Progress::default();
    audit(&store, &request, (&Workers::Inline, &progress))
        .await
        .unwrap()
}

fn deep() -> Request {
    Request {
        depth: Depth::Records,
        ..Request::default()
    }
}

/// The findings as `kind: message`, of names alone and of a deep audit.
async fn findings(store: &MemoryStore) -> [Vec<String>; 2] {
    let words = |report: Report| -> Vec<String> {
        assert_eq!(report.sound, report.findings.is_empty());
        assert!(report.findings.iter().all(|it| !it.remedy.is_empty()));
        let findings = report.findings.iter();
        findings
            .map(|it| format!("{}: {}", it.kind.word(), it.message))
            .collect()
    };
    [
        words(audited(store, Request::default()).await),
        words(audited(store, deep()).await),
    ]
}

#[track_caller]
fn assert_found([names, deep]: &[Vec<String>; 2], in_names: &[&str], in_records: &[&str]) {
    for (found, expected) in [
        (names, in_names),
        (deep, &[in_names, in_records].concat()[..]),
    ] {
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for expected in expected {
            assert!(
                found.iter().any(|it| it.contains(expected)),
                "{expected}: {found:#?}"
            );
        }
    }
}

fn text(store: &MemoryStore, name: &str) -> String {
    String::from_utf8(store.blobs()[name].body.to_vec()).unwrap()
}

/// Puts another body, or other metadata, in a blob's place.
async fn change(store: &MemoryStore, name: &str, change: impl FnOnce(&mut String, &mut Blob)) {
    let mut blob = store.blobs()[name].clone();
    let mut body = text(store, name);
    change(&mut body, &mut blob);
    blob.body = body.into();
    store.put(name, blob).await.unwrap();
}

#[tokio::test]
async fn what_the_landing_made_is_sound() {
    let store = lake().await;
    land(&store, "1", 5..9, START).await;
    replay_all(&store).await;
    assert_found(&findings(&store).await, &[], &[]);
    let report = audited(&store, deep()).await;
    let counts = Counts {
        events: 16,
        accepted: 11,
        rejected: 5,
        replayed: 4,
        open: 1,
        ..report.totals
    };
    assert_eq!(report.totals, counts);
    let partition = &report.streams[0].partitions[0];
    let ranges = &partition.lives[0].ranges;
    assert_eq!((ranges.len(), ranges[0].first, ranges[0].last), (1, 0, 11));
    let greatest = ranges[0].greatest.as_deref();
    assert_eq!(greatest, Some("2026-11-21T00:20:00.000Z"));
    let sum: u64 = partition
        .timeline
        .iter()
        .map(|it| it.accepted + it.rejected)
        .sum();
    assert_eq!(sum, 12);
    let reasons = report.reasons.unwrap();
    assert_eq!(
        (reasons.len(), reasons[0].count, reasons[0].open),
        (1, 5, 1)
    );
    assert_eq!(reasons[0].examples[0].errors[0].pointer, "/n");
    assert_eq!(reasons[0].examples[0].body_text, None);
}

#[tokio::test]
async fn what_is_removed_is_missed() {
    for (name, in_names) in [
        // it has rejections, which say what it covered
        (format!("bronze/{HOUR_23}"), vec!["orphan: the bronze blob"]),
        (
            format!("rejections/{HOUR_23}"),
            vec![
                "unpublished: events rejected: 2; this blob of the rejection log is missing; the outbox has lost them",
            ],
        ),
        (
            MARKER.to_owned(),
            vec!["no-lake: the lake's marker is missing"],
        ),
    ] {
        let store = lake().await;
        store.delete(&name).await.unwrap();
        assert_found(&findings(&store).await, &in_names, &[]);
    }
    let store = lake().await;
    for kind in ["bronze", "rejections"] {
        store.delete(&format!("{kind}/{HOUR_23}")).await.unwrap();
    }
    let gap = "gap: 6 sequence numbers between 2026-11-20T22:50:00.000Z and 2026-11-21T00:00:00.000Z stand nowhere";
    assert_found(&findings(&store).await, &[gap], &[]);
    let report = audited(&store, Request::default()).await;
    let finding = &report.findings[0];
    assert_eq!(
        (finding.partition.as_deref(), finding.first, finding.last),
        (Some("0"), Some(3), Some(8))
    );
    let life = &report.streams[0].partitions[0].lives[0];
    assert_eq!((life.ranges.len(), life.gaps[0].first), (2, 3));
}

#[tokio::test]
async fn rejections_that_wait_in_the_outbox_are_said_to() {
    let store = lake().await;
    let (name, waiting) = (format!("rejections/{HOUR_23}"), store.blobs());
    let waiting = &waiting[&name];
    let entry = format!("_outbox/{HOUR_23}/{}", waiting.metadata["outbox"]);
    store.put(&entry, waiting.clone()).await.unwrap();
    store.delete(&name).await.unwrap();
    assert_found(&findings(&store).await, &["they wait in the outbox"], &[]);
    assert_eq!(audited(&store, Request::default()).await.outbox.waiting, 1);
}

#[tokio::test]
async fn blobs_that_cover_the_same_events_overlap() {
    let store = lake().await;
    // events 4 to 8 once more, as a second instance with another idea of what is landed would
    let again = MemoryStore::new();
    land(&again, "0", 4..9, START).await;
    for (name, blob) in again.blobs() {
        store.put(&name, blob).await.unwrap();
    }
    let overlap = "overlap: bronze/shop/orders/date=2026-11-20/hour=23/0-00000000000000000003-1795215600000.json covers them, too";
    assert_found(&findings(&store).await, &[overlap], &[]);
}

#[tokio::test]
async fn metadata_that_does_not_hold_is_found() {
    for (key, value, in_names, in_records) in [
        (
            "accepted",
            "3",
            vec!["hole: events: 5", "mismatch: its metadata"],
            vec!["count: its metadata counts 3 records, and it has 4"],
        ),
        (
            "accepted",
            "7",
            vec!["count: events: 9, for 6", "mismatch"],
            vec!["count: its metadata counts 7"],
        ),
        (
            "last",
            "9",
            vec!["hole: events: 6, for 7", "mismatch", "overlap"],
            vec![],
        ),
        (
            "first",
            "2",
            vec![
                "misplaced: its metadata does not cover",
                "hole",
                "mismatch",
                "overlap",
            ],
            vec![],
        ),
        (
            "greatest",
            "1795219300000",
            vec!["misplaced: it has events from", "mismatch"],
            vec![],
        ),
        (
            "catalog",
            "other",
            vec!["mismatch: its metadata is not that of the bronze blob"],
            vec![],
        ),
        (
            "bronzegate",
            "2",
            vec!["damaged: its metadata is not this program's"],
            vec![],
        ),
    ] {
        let store = lake().await;
        let bronze = format!("bronze/{HOUR_23}");
        change(&store, &bronze, |_, blob| {
            blob.metadata.insert(key.to_owned(), value.to_owned());
        })
        .await;
        let mut found = findings(&store).await;
        // without its metadata, nothing is known of what the blob is for
        if key == "bronzegate" {
            found[1].retain(|it| it.contains("damaged"));
        }
        // events 9 of the next hour are not the same event: the overlap is by number alone
        let in_names: Vec<&str> = in_names.into_iter().filter(|it| *it != "overlap").collect();
        assert_found(&found, &in_names, &in_records);
    }
}

#[tokio::test]
async fn foreign_names_are_named() {
    let store = lake().await;
    let foreign = [
        "bronze/readme.md".to_owned(),
        "rejections/shop/notes.txt".to_owned(),
        "bronze/shop/orders/_delta_log/0.json".to_owned(),
        "bronze/shop/orders/date=2026-11-20/hour=22/part-0.parquet".to_owned(),
        format!("bronze/{HOUR_22}.gz"),
    ];
    for name in &foreign {
        store.put(name, Blob::default()).await.unwrap();
    }
    let report = audited(&store, deep()).await;
    let named: Vec<&str> = report
        .findings
        .iter()
        .filter(|it| it.kind == FindingKind::Foreign)
        .filter_map(|it| it.blob.as_deref())
        .collect();
    for name in &foreign[..4] {
        let folder = name.rsplit_once('/').unwrap().0;
        assert!(
            named.contains(&name.as_str()) || named.contains(&format!("{folder}/").as_str()),
            "{name}: {named:?}"
        );
    }
    assert!(!report.sound);
}

#[tokio::test]
async fn a_blob_in_another_folder_is_told_where_it_belongs() {
    let store = lake().await;
    let moved = HOUR_22.replace("hour=22", "hour=21");
    for kind in ["bronze", "rejections"] {
        let blob = store.blobs()[&format!("{kind}/{HOUR_22}")].clone();
        store.put(&format!("{kind}/{moved}"), blob).await.unwrap();
    }
    let [found, _] = findings(&store).await;
    assert_eq!(found.len(), 2);
    let says = format!(
        "misplaced: it stands in another folder than its first event's: it belongs at bronze/{HOUR_22}"
    );
    assert!(found.contains(&says), "{found:?}");
}

#[tokio::test]
async fn records_that_are_not_as_they_were_written_are_found() {
    type Change = fn(&mut String);
    let cases: [(&str, Change, &[&str]); 9] = [
        (
            "bronze",
            |it| it.truncate(it.len() - 4),
            &["damaged: line 4: the last line has no end"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("{\"_stream\"", "\"_stream\"", 1),
            &["damaged: line 1: not a record"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("\"_partition\":\"0\"", "\"_partition\":\"1\"", 1),
            &["misplaced: line 1: it is of another partition"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("shop/orders", "shop/order", 1),
            &["misplaced: line 1: it is of another stream"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("T23:00", "T22:00", 1),
            &["misplaced: line 1: its sequence number or its time"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("\"_sequence\":3", "\"_sequence\":4", 1),
            &["duplicate: line 1"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("\"_sequence\":3", "\"_sequence\":5", 1),
            &["order: line 2", "duplicate: line 2"],
        ),
        (
            "bronze",
            |it| *it = it.replacen("body", "boody", 1),
            &["damaged: line 1: it has no payload"],
        ),
        (
            "rejections",
            |it| *it = it.replacen("too much", "too little", 1),
            &["mismatch: its lines are not those that were committed"],
        ),
    ];
    for (kind, damage, in_records) in cases {
        let store = lake().await;
        change(&store, &format!("{kind}/{HOUR_23}"), |body, _| damage(body)).await;
        assert_found(&findings(&store).await, &[], in_records);
    }
}

#[tokio::test]
async fn replays_are_held_against_what_they_replay() {
    let replays = async || {
        let store = lake().await;
        replay_all(&store).await;
        store
    };
    let replay = HOUR_23
        .replace("/0-", "/replay-0-")
        .replace(".json", "-0.json");
    let (bronze, resolution) = (format!("bronze/{replay}"), format!("rejections/{replay}"));

    let store = replays().await;
    store.delete(&resolution).await.unwrap();
    let unresolved = "unresolved: events replayed: 2; the rejection log does not say so";
    assert_found(&findings(&store).await, &[unresolved], &[]);

    let store = replays().await;
    store.delete(&bronze).await.unwrap();
    let missing = "orphan: events replayed, as the rejection log says: 2; they are missing";
    assert_found(&findings(&store).await, &[missing], &[]);

    let store = replays().await;
    for name in [&bronze, &resolution] {
        let again = name.replace("-0.json", "-1.json");
        store
            .put(&again, store.blobs()[name].clone())
            .await
            .unwrap();
    }
    assert_found(
        &findings(&store).await,
        &["duplicate: events that a replay before it landed: 2"],
        &[],
    );

    let store = replays().await;
    for name in [&bronze, &resolution] {
        store
            .put(
                &name.replace("-0.json", "-1.json"),
                store.blobs()[name].clone(),
            )
            .await
            .unwrap();
        store.delete(name).await.unwrap();
    }
    assert_found(
        &findings(&store).await,
        &["orphan: a replay before it is missing"],
        &[],
    );

    let store = replays().await;
    change(&store, &bronze, |body, _| {
        *body = body.replacen("\"n\":4", "\"n\":6", 1);
    })
    .await;
    assert_found(
        &findings(&store).await,
        &[],
        &["mismatch: line 1: its payload is not that of line 1"],
    );

    let store = replays().await;
    change(&store, &bronze, |body, _| {
        *body = body.replacen("\"_replayed\":true,", "", 1);
    })
    .await;
    assert_found(
        &findings(&store).await,
        &[],
        &["mismatch: line 1: it does not say"],
    );

    let store = replays().await;
    change(&store, &resolution, |body, _| {
        *body = body.replacen("\"_line\":1", "\"_line\":2", 1);
    })
    .await;
    assert_found(
        &findings(&store).await,
        &[],
        &["mismatch: line 1: it is not the resolution"],
    );
}

#[tokio::test]
async fn a_lake_that_a_rule_empties_from_behind_is_sound() {
    // half of a day, and blobs of the middle of it
    let store = lake().await;
    for kind in ["bronze", "rejections"] {
        store.delete(&format!("{kind}/{HOUR_23}")).await.unwrap();
    }
    assert!(!audited(&store, Request::default()).await.sound);
    let purged = Request {
        purged_before: EnqueuedTime::from_millis(START + 90 * MINUTE),
        ..Request::default()
    };
    let report = audited(&store, purged).await;
    assert!(report.sound, "{:?}", report.findings);
    assert_eq!(report.totals.events, 3);
    assert!(
        report
            .purged_before
            .unwrap()
            .starts_with("2026-11-21T00:00")
    );
}

#[tokio::test]
async fn a_window_of_time_has_no_gaps_at_its_edges() {
    let store = lake().await;
    for (since, until, events) in [
        (Some(30), None, 9),
        (None, Some(30), 3),
        (Some(40), Some(50), 6),
    ] {
        let at = |minutes: Option<i64>| {
            minutes.and_then(|it| EnqueuedTime::from_millis(START + it * MINUTE))
        };
        let request = Request {
            since: at(since),
            until: at(until),
            ..deep()
        };
        let report = audited(&store, request).await;
        assert!(report.sound, "{:?}", report.findings);
        assert_eq!(report.totals.events, events);
    }
}

#[tokio::test]
async fn a_hub_made_anew_is_another_life_and_no_finding() {
    let store = lake().await;
    land(&store, "0", 0..5, START + 600 * MINUTE).await;
    assert_found(&findings(&store).await, &[], &[]);
    let report = audited(&store, Request::default()).await;
    assert_eq!(report.streams[0].partitions[0].lives.len(), 2);
    assert_eq!(report.totals.events, 17);
}

#[tokio::test]
async fn the_outbox_is_swept_of_what_nothing_needs() {
    let store = lake().await;
    let published = store.blobs()[&format!("rejections/{HOUR_23}")].clone();
    let entries = [
        // published, and committed with another digest
        (
            format!("_outbox/{HOUR_23}/{}", published.metadata["outbox"]),
            true,
        ),
        (format!("_outbox/{HOUR_23}/0123"), true),
        // young
        (format!("_outbox/{HOUR_00}/0123"), false),
        // not committed
        (
            format!("_outbox/{}/0123", HOUR_00.replace("/0-", "/7-")),
            false,
        ),
    ];
    for (index, (name, _)) in entries.iter().enumerate() {
        store.put(name, published.clone()).await.unwrap();
        if index != 2 {
            store.age(name, Duration::from_hours(25));
        }
    }
    store.put("_outbox/stray", Blob::default()).await.unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap();
    let request = |sweep| Request {
        now: EnqueuedTime::from_millis(now.as_millis() as i64),
        sweep,
        ..Request::default()
    };
    let looked = audited(&store, request(false)).await;
    assert_eq!(store.blobs().len(), 6 + 1 + 5);
    let outbox = OutboxReport {
        entries: 5,
        waiting: 0,
        leftover: 3,
        kept: 1,
        swept: 0,
    };
    assert_eq!(looked.outbox, outbox);
    assert_eq!(looked.findings.len(), 1, "{:?}", looked.findings);
    let swept = audited(&store, request(true)).await;
    assert_eq!(swept.outbox.swept, 2);
    for (name, gone) in entries {
        assert_eq!(!store.blobs().contains_key(&name), gone, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_lake_is_a_finding() {
    let store = MemoryStore::new();
    assert_found(&findings(&store).await, &["no-lake"], &[]);
    let other = Blob {
        body: "{\"format\":2}".into(),
        ..Blob::default()
    };
    store.put(MARKER, other).await.unwrap();
    assert_found(
        &findings(&store).await,
        &["no-lake: the lake's marker says something"],
        &[],
    );
}

/// Lists days without some blobs, as if they were landed right after the listing.
struct Meanwhile(MemoryStore, Vec<String>);

#[async_trait::async_trait]
impl Store for Meanwhile {
    async fn ready(&self) -> Result<(), StoreError> {
        self.0.ready().await
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        self.0.create(name, blob).await
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        self.0.put(name, blob).await
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        self.0.read(name).await
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        self.0.metadata(name).await
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let mut page = self.0.list(prefix, from).await?;
        if prefix.ends_with('/') {
            page.blobs.retain(|listed| !self.1.contains(&listed.name));
        }
        Ok(page)
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        self.0.level(folder, from).await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.0.delete(name).await
    }
}

#[tokio::test]
async fn what_is_landed_meanwhile_is_no_finding() {
    let replay = HOUR_00
        .replace("/0-", "/replay-0-")
        .replace(".json", "-0.json");
    for hidden in [
        vec![format!("rejections/{HOUR_23}")],
        vec![format!("bronze/{HOUR_23}"), format!("rejections/{HOUR_23}")],
        vec![format!("bronze/{HOUR_23}")],
        vec![format!("rejections/{replay}")],
    ] {
        let memory = lake().await;
        replay_all(&memory).await;
        let store: Arc<dyn Store> = Arc::new(Meanwhile(memory, hidden.clone()));
        let progress = Progress::default();
        let report = audit(&store, &Request::default(), (&Workers::Inline, &progress)).await;
        let mut found = report.unwrap().findings;
        // its replays are there, and their events are not: a listing that no landing makes
        found.retain(|it| it.kind != FindingKind::Count || hidden.len() == 1);
        assert_eq!(found, [], "{hidden:?}");
    }
}

/// Events whose coordinates the host did not say.
async fn land_unplaced(store: &MemoryStore) {
    let mut batch = Batch::empty(Origin::Invocation {
        log: Log::Hub,
        stream: Stream::new("shop/orders"),
        partition: None,
        id: "f1248305-0000-4000-8000-000000000000".to_owned(),
    });
    batch.payload = b"{\"n\":2}".to_vec();
    batch.events = vec![Event {
        body: 0..7,
        ..Event::default()
    }];
    let judged = Judged {
        batch,
        verdicts: vec![Verdict::Rejected(Rejection {
            reason: Reason::Schema,
            schema: None,
            violations: Vec::new(),
        })],
        catalog: "digest".into(),
    };
    let landing = Landing::new(Arc::new(store.clone()), Compression::None, Workers::Inline);
    let landed = landing.land(Arc::new(judged), Duration::ZERO).await;
    landed.unwrap();
}

#[tokio::test]
async fn events_without_coordinates_are_accounted_for_apart() {
    let store = lake().await;
    land_unplaced(&store).await;
    assert_found(&findings(&store).await, &[], &[]);
    let purged = Request {
        purged_before: EnqueuedTime::from_millis(START + 90 * MINUTE),
        ..deep()
    };
    let report = audited(&store, purged).await;
    assert_eq!(report.streams[0].unplaced.rejected, 1);
    assert!(report.sound, "{:?}", report.findings);
    replay_all(&store).await;
    assert_found(&findings(&store).await, &[], &[]);
    let report = audited(&store, deep()).await;
    assert_eq!(
        (report.totals.replayed, report.streams[0].unplaced.replayed),
        (4, 1)
    );
}

/// What may be done to a blob.
#[derive(Debug, Clone)]
enum Damage {
    Byte(usize, u8),
    Cut(usize),
    Metadata(String, String),
    Renamed(String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let keys = [
        "bronzegate",
        "first",
        "last",
        "least",
        "greatest",
        "accepted",
        "rejected",
        "outbox",
        "lines",
        "replays",
        "catalog",
    ];
    let values = prop_oneof![
        "[0-9]{0,20}",
        "[0-9]{1,3}-[0-9]{1,9}(,[0-9]{1,3})?",
        Just(u64::MAX.to_string()),
        Just(i64::MAX.to_string()),
        "[a-z]{0,5}",
    ];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        any::<usize>().prop_map(Damage::Cut),
        (prop::sample::select(keys.to_vec()), values)
            .prop_map(|(key, value)| Damage::Metadata(key.to_owned(), value)),
        "[a-z0-9=/.-]{1,40}".prop_map(Damage::Renamed),
    ]
}

async fn audited_after(damages: Vec<(usize, Damage)>) -> Result<(), TestCaseError> {
    let store = lake().await;
    land_unplaced(&store).await;
    let first_replayed = damages.len() == 2;
    if first_replayed {
        replay_all(&store).await;
    }
    for (index, damage) in damages {
        let blobs = store.blobs();
        let (name, mut blob) = blobs
            .into_iter()
            .nth(index % store.blobs().len())
            .unwrap_or_default();
        let mut body = blob.body.to_vec();
        let mut renamed = None;
        match damage {
            Damage::Byte(at, byte) if !body.is_empty() => {
                let at = at % body.len();
                body[at] = byte;
            }
            Damage::Byte(..) => {}
            Damage::Cut(at) => body.truncate(at % (body.len() + 1)),
            Damage::Metadata(key, value) => _ = blob.metadata.insert(key, value),
            Damage::Renamed(end) => renamed = Some(end),
        }
        blob.body = body.into();
        let folder = name.rsplit_once('/').map_or("bronze", |(folder, _)| folder);
        let to = renamed.map_or(name.clone(), |end| format!("{folder}/{end}"));
        if crate::store::name::check("put", &to).is_ok() {
            store.put(&to, blob).await.unwrap();
        }
    }
    let report = audited(&store, deep()).await;
    prop_assert_eq!(report.sound, report.wrong == 0);
    prop_assert!(page(&report).contains("<h1>"));
    report.print(&mut Vec::new()).unwrap();
    let outcome = replayed(&store).await;
    let summary = replay::Summary::of(String::new(), String::new(), false, outcome);
    summary.print(&mut Vec::new()).unwrap();
    Ok(())
}

proptest! {
    /// A blob that is damaged and a name that is foreign are findings, never a panic or a stop.
    #[test]
    fn i4_whatever_is_in_a_lake_can_be_audited_and_replayed(
        damages in prop::collection::vec((any::<usize>(), damage()), 1..4)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(audited_after(damages))?;
    }
}
