//! Lakes of a Kafka topic.

use super::*;

const BLOB: &str = "kafka/orders/offset=0/partition=0/0-00000000000000999990.json";
const NEXT: &str = "kafka/orders/offset=1/partition=0/0-00000000000001000000.json";

/// Records of a partition around the end of a folder, with two holes; every third is rejected.
const OFFSETS: [u64; 12] = [
    999_990, 999_991, 999_992, 999_995, 999_996, 999_997, 999_998, 999_999, 1_000_000, 1_000_001,
    1_000_004, 1_000_005,
];

async fn lake() -> MemoryStore {
    let store = MemoryStore::new();
    land(&store, "kafka/orders", &OFFSETS).await;
    store
}

async fn land(store: &MemoryStore, stream: &str, offsets: &[u64]) {
    let mut batch = Batch::empty(Origin::Partition {
        log: Log::Topic,
        stream: Stream::new(stream),
        partition: Partition::new("0"),
    });
    for offset in offsets {
        let first = batch.payload.len();
        let payload = format!("{{\"n\":{offset}}}");
        batch.payload.extend_from_slice(payload.as_bytes());
        // timestamps as producers write them: in no order
        let stamp = START + (offset % 7) as i64 * MINUTE;
        batch.events.push(Event {
            body: first..batch.payload.len(),
            sequence: Some(*offset),
            enqueued: EnqueuedTime::from_millis(stamp),
            ..Event::default()
        });
    }
    let verdicts = offsets.iter().map(|offset| verdict(*offset)).collect();
    land_judged(store, batch, verdicts).await;
}

#[tokio::test]
async fn a_topic_is_sound_and_its_holes_are_a_note() {
    let store = lake().await;
    let report = audited(&store, deep()).await;
    assert!(report.sound, "{:?}", report.findings);
    assert_eq!(report.totals.events, 12);
    let partition = &report.streams[0].partitions[0];
    assert_eq!((report.streams[0].log, partition.lives.len()), ("topic", 1));
    let gaps = partition.lives[0].gaps.iter();
    let gaps: Vec<_> = gaps.map(|gap| (gap.first, gap.last)).collect();
    assert_eq!(gaps, [(999_993, 999_994), (1_000_002, 1_000_003)]);
    let notes: Vec<&str> = report.notes.iter().map(|it| it.message.as_str()).collect();
    assert!(notes[0].contains("STREAM_EPOCH"), "{notes:?}");
    assert!(notes[1].starts_with("4 offsets in 2 places"), "{notes:?}");
    let page = page(&report);
    assert!(page.contains("4 offsets in 2 places") && !page.contains("class=\"gap\" x"));
}

#[tokio::test]
async fn where_a_topic_has_no_holes_a_hole_is_a_gap() {
    let request = Request {
        no_holes: true,
        ..Request::default()
    };
    let report = audited(&lake().await, request).await;
    assert_eq!(
        (report.sound, report.wrong, report.notes.len()),
        (false, 2, 1)
    );
    assert_eq!(report.findings[0].kind, FindingKind::Gap);
    assert_eq!(report.findings[0].first, Some(999_993));
}

#[tokio::test]
async fn a_topic_is_looked_at_whole_whatever_time_is_asked_for() {
    let request = Request {
        since: EnqueuedTime::from_millis(START + 10_000 * MINUTE),
        ..Request::default()
    };
    assert_eq!(audited(&lake().await, request).await.totals.events, 12);
}

#[tokio::test]
async fn records_without_a_timestamp_make_a_page_without_strips() {
    let store = lake().await;
    for (name, mut blob) in store.blobs() {
        blob.metadata.remove("least");
        blob.metadata.remove("greatest");
        store.put(&name, blob).await.unwrap();
    }
    let report = audited(&store, Request::default()).await;
    assert!(report.sound && report.streams[0].partitions[0].timeline.is_empty());
    assert_eq!(
        report.streams[0].partitions[0].lives[0].ranges[0].least,
        None
    );
    let page = page(&report);
    assert!(page.contains("data-partition=\"0\"") && !page.contains("<svg class=\"strip\""));
}

#[tokio::test]
async fn a_blob_that_says_other_offsets_than_it_has_is_found() {
    let store = lake().await;
    for kind in ["bronze", "rejections"] {
        let name = format!("{kind}/{BLOB}");
        let mut blob = store.blobs()[&name].clone();
        let offsets = blob.metadata.get_mut("offsets").unwrap();
        assert_eq!(offsets, "999990-999992,999995-999999");
        *offsets = "999990,999993-999999".to_owned();
        store.put(&name, blob).await.unwrap();
    }
    // 999991 and 999992, of which the first was rejected
    let outside = "its sequence number or its time is outside of what the blob covers";
    let lines = ["1", "2"].map(|line| format!("misplaced: line {line}: {outside}"));
    assert_found(
        &findings(&store).await,
        &[],
        &lines.each_ref().map(String::as_str),
    );
}

#[tokio::test]
async fn metadata_of_a_hub_does_not_make_a_topics_blob() {
    let store = lake().await;
    let name = format!("bronze/{NEXT}");
    let mut blob = store.blobs()[&name].clone();
    blob.metadata.remove("offsets");
    store.put(&name, blob).await.unwrap();
    let [names, _] = findings(&store).await;
    let says = "damaged: its metadata is not this program's, or was changed";
    assert!(names.iter().any(|it| it == says), "{names:?}");
}

#[tokio::test]
async fn offsets_that_two_blobs_cover_overlap_whatever_their_times_are() {
    let store = lake().await;
    let other = MemoryStore::new();
    land(&other, "kafka/orders", &[999_996, 999_997]).await;
    for (name, blob) in other.blobs() {
        if !name.starts_with('_') {
            store.put(&name, blob).await.unwrap();
        }
    }
    let [names, _] = findings(&store).await;
    assert!(
        names.iter().any(|it| it.starts_with("overlap: ")),
        "{names:?}"
    );
}

#[tokio::test]
async fn two_triggers_on_one_stream_are_found() {
    let store = super::lake().await;
    land(&store, "shop/orders", &[0, 1, 2]).await;
    let two = "misplaced: it has folders of hours and of offsets: two triggers land in one stream, \
               and an event that comes by both stands twice";
    assert_found(&findings(&store).await, &[two], &[]);
}

#[tokio::test]
async fn i7_rejected_records_are_replayed_beside_their_blob() {
    let store = lake().await;
    replay_all(&store).await;
    let names: Vec<String> = store.blobs().into_keys().collect();
    let replay = "bronze/kafka/orders/offset=0/partition=0/replay-0-00000000000000999990-0.json";
    assert!(names.iter().any(|name| name == replay), "{names:?}");
    let report = audited(&store, deep()).await;
    assert!(report.sound, "{:?}", report.findings);
    assert_eq!((report.totals.replayed, report.totals.open), (3, 0));
    assert_eq!(replayed(&store).await.landed, 0);
}
