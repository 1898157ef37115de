//! What the landing promises beside exactly once: partitions don't wait for one another.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bronzegate::encode::Compression;
use bronzegate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Stream};
use bronzegate::judge::{Judged, Verdict};
use bronzegate::landing::Landing;
use bronzegate::store::{Blob, Creation, Level, MemoryStore, Metadata, Page, Store, StoreError};
use bronzegate::workers::Workers;
use futures::FutureExt;

/// Never answers for partition 0.
struct Stuck(MemoryStore);

#[async_trait]
impl Store for Stuck {
    async fn ready(&self) -> Result<(), StoreError> {
        self.0.ready().await
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        if name.contains("/0-") {
            std::future::pending::<()>().await;
        }
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
        self.0.list(prefix, from).await
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        self.0.level(folder, from).await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.0.delete(name).await
    }
}

fn batch(partition: &str) -> Arc<Judged> {
    sequences(partition, 7..8)
}

fn sequences(partition: &str, numbers: std::ops::Range<u64>) -> Arc<Judged> {
    let verdicts = numbers
        .clone()
        .map(|_| Verdict::Accepted("order/1.0.0".into()));
    Arc::new(Judged {
        verdicts: verdicts.collect(),
        batch: Batch {
            origin: Origin::Partition {
                log: Log::Hub,
                stream: Stream::new("shop/orders"),
                partition: Partition::new(partition),
            },
            payload: b"{}".to_vec(),
            text: String::new(),
            events: numbers
                .map(|sequence| Event {
                    body: 0..2,
                    sequence: Some(sequence),
                    enqueued: EnqueuedTime::from_millis(1_795_176_001_234),
                    ..Event::default()
                })
                .collect(),
        },
        catalog: "c".into(),
    })
}

#[tokio::test]
async fn partitions_do_not_wait_for_one_another() {
    let store = Arc::new(Stuck(MemoryStore::new()));
    let landing = Landing::new(store, Compression::Gzip, Workers::Inline);
    let mut stuck = Box::pin(landing.land(batch("0"), Duration::ZERO));
    assert!((&mut stuck).now_or_never().is_none());
    let other = landing
        .land(batch("1"), Duration::ZERO)
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(other.accepted, 1);
    assert!((&mut stuck).now_or_never().is_none());
}

#[tokio::test]
async fn i9_the_same_events_give_the_same_bytes_under_the_same_names() {
    let landed = || async {
        let store = MemoryStore::new();
        let landing = Landing::new(
            Arc::new(store.clone()),
            Compression::Gzip,
            Workers::per_core(),
        );
        landing
            .land(batch("1"), Duration::from_secs(5))
            .await
            .unwrap();
        store.blobs()
    };
    assert_eq!(landed().await, landed().await);
}

/// As after a rule that emptied the lake from behind, and a checkpoint that was lost.
#[tokio::test]
async fn i6_a_blob_ends_where_the_next_one_begins() {
    let store = MemoryStore::new();
    let landing = || Landing::new(Arc::new(store.clone()), Compression::Gzip, Workers::Inline);
    landing()
        .land(sequences("1", 5..8), Duration::ZERO)
        .await
        .unwrap();
    let landed = landing()
        .land(sequences("1", 3..10), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((landed.accepted, landed.duplicates), (4, 3));
    let blobs = store.blobs();
    let ranges: Vec<(&str, &str)> = blobs
        .values()
        .filter_map(|blob| {
            Some((
                blob.metadata.get("first")?.as_str(),
                blob.metadata.get("last")?.as_str(),
            ))
        })
        .collect();
    assert_eq!(ranges, [("3", "4"), ("5", "7"), ("8", "9")]);
}

/// Offsets of a partition of a topic, as one batch.
fn offsets(offsets: impl IntoIterator<Item = u64>) -> Arc<Judged> {
    let mut batch = Batch::empty(Origin::Partition {
        log: Log::Topic,
        stream: Stream::new("kafka/orders"),
        partition: Partition::new("0"),
    });
    batch.payload.extend_from_slice(b"{}");
    batch.events = offsets
        .into_iter()
        .map(|offset| Event {
            body: 0..2,
            sequence: Some(offset),
            ..Event::default()
        })
        .collect();
    Arc::new(Judged {
        verdicts: vec![Verdict::Accepted("order/1.0.0".into()); batch.events.len()],
        batch,
        catalog: "c".into(),
    })
}

/// As after a partition that another consumer had meanwhile: the buffer goes on behind what that one
/// has landed, and joins on by chance.
#[tokio::test]
async fn i2_a_batch_that_leaves_something_out_is_read_anew() {
    let store = MemoryStore::new();
    let landing = || Landing::new(Arc::new(store.clone()), Compression::Gzip, Workers::Inline);
    let (one, other) = (landing(), landing());
    one.land(offsets(0..5), Duration::ZERO).await.unwrap();
    for records in [5..7, 7..11] {
        other.land(offsets(records), Duration::ZERO).await.unwrap();
    }
    let landed = one
        .land(offsets([5, 6, 9, 10]), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((landed.accepted, landed.duplicates), (0, 4));
}

/// As after the group's offsets were set forward, and back again.
#[tokio::test]
async fn i1_a_blob_stands_for_no_offset_that_it_was_not_handed() {
    let store = MemoryStore::new();
    let landing = Landing::new(Arc::new(store.clone()), Compression::Gzip, Workers::Inline);
    landing
        .land(offsets([5, 6, 20, 21]), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(
        store.blobs().values().last().unwrap().metadata["offsets"],
        "5-6,20-21"
    );
    let landed = landing.land(offsets(5..30), Duration::ZERO).await.unwrap();
    assert_eq!((landed.accepted, landed.duplicates), (21, 4));
}

#[tokio::test]
async fn i8_the_metadata_of_scattered_offsets_stays_small() {
    let store = MemoryStore::new();
    let landing = Landing::new(Arc::new(store.clone()), Compression::Gzip, Workers::Inline);
    let scattered = || offsets((0..1_000).map(|n| 7_000_000_000 + n * 3));
    let landed = landing.land(scattered(), Duration::ZERO).await.unwrap();
    assert_eq!((landed.accepted, landed.blobs.len()), (1_000, 3));
    let blobs = store.blobs();
    assert!(blobs.values().all(|blob| {
        let metadata = blob.metadata.iter();
        metadata
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>()
            < 5_000
    }));
    let landed = landing.land(scattered(), Duration::ZERO).await.unwrap();
    assert_eq!((landed.accepted, landed.duplicates), (0, 1_000));
    assert_eq!(store.blobs(), blobs);
}
