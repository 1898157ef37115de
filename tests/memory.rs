//! How much memory an audit takes: what it holds is an hour of the lake, not the lake.
//!
//! `NAMES=1000000 cargo test --release --test memory -- --nocapture` prints it for more names.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use async_trait::async_trait;
use bronzegate::audit::{Depth, Progress, Request, audit};
use bronzegate::encode::Compression;
use bronzegate::event::{EnqueuedTime, Partition, Position, Stream};
use bronzegate::landing::{About, Covered, Kind, MARKER, Name, Place};
use bronzegate::store::{Blob, Cause, Creation, Level, Listed, Metadata, Page, Store, StoreError};
use bronzegate::workers::Workers;

const HOUR: i64 = 3_600_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;
const PARTITIONS: u64 = 4;
/// Blobs of a partition in an hour.
const BLOBS: u64 = 25;
const EVENTS: u64 = 100;

/// A lake of so many hours that stands nowhere: its listings are made when they are asked for.
struct Made {
    hours: u64,
}

impl Made {
    fn names(&self) -> u64 {
        self.hours * PARTITIONS * BLOBS
    }

    fn day(&self, prefix: &str) -> Vec<Listed> {
        let kind = if prefix.starts_with("bronze/") {
            Kind::Bronze
        } else {
            return Vec::new();
        };
        (0..self.hours)
            .map(|hour| START + hour as i64 * HOUR)
            .filter(|start| {
                let time = EnqueuedTime::from_millis(*start).unwrap().to_string();
                prefix.contains(&time[..10])
            })
            .flat_map(|start| (0..PARTITIONS).map(move |partition| (start, partition)))
            .flat_map(|(start, partition)| {
                (0..BLOBS).map(move |blob| blob_of(kind, start, partition, blob))
            })
            .collect()
    }
}

fn blob_of(kind: Kind, start: i64, partition: u64, blob: u64) -> Listed {
    let hour = ((start - START) / HOUR) as u64;
    let first = (hour * BLOBS + blob) * EVENTS;
    let at = |event: u64| Position::Enqueued {
        sequence: first + event,
        time: EnqueuedTime::from_millis(start + (blob * EVENTS + event) as i64 * 1_000).unwrap(),
    };
    let name = Name {
        stream: Stream::new("shop/orders"),
        place: Place::Partition {
            partition: Partition::new(partition.to_string()),
            first: at(0),
        },
        replay: None,
        compression: Compression::Gzip,
    };
    let about = About {
        covered: Covered::of((0..EVENTS).map(|event| (at(event), None))),
        accepted: EVENTS,
        rejected: 0,
        outbox: None,
        catalog: "0123456789abcdef".to_owned(),
    };
    Listed {
        name: name.blob(kind),
        size: 10_000,
        modified: SystemTime::UNIX_EPOCH,
        metadata: about.to_metadata(),
    }
}

fn unused(name: &str) -> StoreError {
    StoreError::new(
        "change",
        name,
        Cause::Unexpected,
        "an audit changes nothing",
    )
}

#[async_trait]
impl Store for Made {
    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn create(&self, name: &str, _: Blob) -> Result<Creation, StoreError> {
        Err(unused(name))
    }

    async fn put(&self, name: &str, _: Blob) -> Result<(), StoreError> {
        Err(unused(name))
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        Ok((name == MARKER).then(|| Blob {
            body: "{\"format\":1,\"compression\":\"gzip\"}\n".into(),
            ..Blob::default()
        }))
    }

    async fn metadata(&self, _: &str) -> Result<Option<Metadata>, StoreError> {
        Ok(None)
    }

    /// Pages of the service's own size.
    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let start: usize = from.map_or(0, |from| from.parse().unwrap());
        let mut blobs = self.day(prefix);
        blobs.sort_by(|one, other| one.name.cmp(&other.name));
        let next = (blobs.len() > start + 5_000).then(|| (start + 5_000).to_string());
        let blobs = blobs.into_iter().skip(start).take(5_000).collect();
        Ok(Page { blobs, next })
    }

    async fn level(&self, folder: &str, _: Option<String>) -> Result<Level, StoreError> {
        let folders = match folder {
            "bronze/" => vec!["bronze/shop/".to_owned()],
            "bronze/shop/" => vec!["bronze/shop/orders/".to_owned()],
            "bronze/shop/orders/" => (0..self.hours.div_ceil(24))
                .map(|day| START + day as i64 * 24 * HOUR)
                .map(|start| EnqueuedTime::from_millis(start).unwrap().to_string())
                .map(|time| format!("bronze/shop/orders/date={}/", &time[..10]))
                .collect(),
            _ => Vec::new(),
        };
        Ok(Level {
            folders,
            ..Level::default()
        })
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        Err(unused(name))
    }
}

/// The most memory that this process had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn audited(names: u64) -> u64 {
    let lake = Made {
        hours: names / PARTITIONS / BLOBS,
    };
    let (expected, start) = (lake.names(), Instant::now());
    let store: Arc<dyn Store> = Arc::new(lake);
    let request = Request {
        depth: Depth::Names,
        ..Request::default()
    };
    let progress = Progress::default();
    let report = audit(&store, &request, (&Workers::per_core(), &progress))
        .await
        .unwrap();
    assert!(report.sound, "{:?}", report.findings.first());
    assert_eq!(report.totals.blobs, expected);
    assert_eq!(report.totals.events, expected * EVENTS);
    let (peak, took) = (peak(), start.elapsed());
    println!("{expected:>9} names: peak {peak:>7} kB, {took:.1?}");
    peak
}

#[tokio::test]
async fn i8_an_audit_holds_an_hour_and_not_the_lake() {
    let few = audited(20_000).await;
    let many = audited(100_000).await;
    // 80,000 names and their metadata are more than 40 MB
    assert!(many < few + 4_096, "{few} kB, and then {many} kB");
    if let Ok(names) = std::env::var("NAMES") {
        audited(names.parse().unwrap()).await;
    }
}
