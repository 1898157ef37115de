//! `bronzegate backfill`: events that the function did not land, read back and landed, once.
//!
//! They come from the hub, as long as it holds them, or out of the files of Event Hubs Capture, and
//! are judged and landed by the function's own code. So what is landed already is dropped, and the
//! function may land the same events at the same time, as two instances of it may: both begin where
//! the gap begins. That is why a range has to begin there.

mod batch;
mod capture;
mod hub;
mod summary;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub use batch::Received;
use batch::batch;
pub use capture::CaptureError;
pub use hub::StrangeEvent;
pub use summary::Summary;

use crate::encode::Compression;
use crate::event::{Partition, Position, Stream};
use crate::event_hubs::{Client, HubError, PartitionState, Reader};
use crate::judge::{Catalog, Limits, judge_batch};
use crate::landing::{Landing, LandingError, MARKER, Marked, marked};
use crate::store::{Listed, Overlay, Store, StoreError, list_all};
use crate::terminal::Bar;
use crate::workers::Workers;

/// Events, and bytes of payloads, that are landed at once.
const BATCH: (usize, usize) = (1_000, 8 << 20);

/// What is read back, and where from.
pub struct Request {
    /// The lake.
    pub store: Arc<dyn Store>,
    /// Its name, without a SAS.
    pub lake: String,
    /// The schemas.
    pub catalog: Arc<Catalog>,
    /// What an event may be.
    pub limits: Limits,
    /// The stream under which the events are landed.
    pub stream: Stream,
    /// The partition.
    pub partition: Partition,
    /// The first sequence number, and the last.
    pub range: (u64, u64),
    /// Where the events are.
    pub source: Source,
    /// Whether it only says what it would land.
    pub dry_run: bool,
}

/// Where the events are.
pub enum Source {
    /// In the hub.
    Hub {
        /// The hub.
        client: Client,
        /// The consumer group to read as.
        group: String,
    },
    /// In the files of Event Hubs Capture.
    Capture {
        /// Where the files are.
        store: Arc<dyn Store>,
        /// The hub's name, which stands in the files' names before the partition.
        hub: String,
    },
}

/// How far it is.
#[derive(Debug, Default)]
pub struct Progress {
    read: AtomicU64,
}

impl Progress {
    /// As it is shown.
    pub fn bar(&self, (from, to): (u64, u64)) -> Bar {
        Bar {
            done: self.read.load(Ordering::Relaxed),
            total: Some((to - from).saturating_add(1)),
            note: String::new(),
        }
    }
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The hub can't be read.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// An event can't be landed.
    #[error(transparent)]
    Strange(#[from] StrangeEvent),
    /// A file of Capture can't be read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A store can't be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lake does not take it.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// The hub has no such partition.
    #[error("{hub} has no partition {partition}: its partitions are {partitions}")]
    NoPartition {
        /// The hub.
        hub: String,
        /// The partition.
        partition: Partition,
        /// Those that it has.
        partitions: String,
    },
    /// There are no files of the partition.
    #[error(
        "no files of {hub}/{partition}/ are there: Capture names them NAMESPACE/HUB/PARTITION/… by default"
    )]
    NoFiles {
        /// The hub.
        hub: String,
        /// The partition.
        partition: Partition,
    },
    /// There is no lake.
    #[error(
        "{0} is no lake: {MARKER} is missing or says something that this program does not know"
    )]
    NoLake(String),
    /// The event before the range is not landed either.
    #[error(
        "event {before} of partition {partition} is not landed either: begin where the gap begins, as `bronzegate audit` says, since a gap that is landed from two places at a time could land an event twice"
    )]
    NotTheBeginning {
        /// The partition.
        partition: Partition,
        /// The event's sequence number.
        before: u64,
    },
}

/// Reads the range back and lands what is not landed.
///
/// # Errors
/// Where it could not be done; what is landed by then is landed, and the same command goes on.
pub async fn backfill(
    request: &Request,
    workers: &Workers,
    progress: &Progress,
) -> Result<Summary, BackfillError> {
    let Marked::Lake(compression) = marked(&*request.store).await? else {
        return Err(BackfillError::NoLake(request.lake.clone()));
    };
    let mut filling = Filling::new(request, compression, workers, progress);
    match &request.source {
        Source::Hub { client, group } => filling.read_hub(client, group).await?,
        Source::Capture { store, hub } => filling.read_capture(&**store, hub).await?,
    }
    filling.land().await?;
    Ok(filling.summary)
}

/// A backfill under way.
struct Filling<'a> {
    request: &'a Request,
    landing: Landing,
    workers: &'a Workers,
    progress: &'a Progress,
    start: Instant,
    waiting: Vec<Received>,
    bytes: usize,
    summary: Summary,
    /// The number that has to come next.
    next: u64,
}

impl<'a> Filling<'a> {
    fn new(
        request: &'a Request,
        compression: Compression,
        workers: &'a Workers,
        progress: &'a Progress,
    ) -> Self {
        let store: Arc<dyn Store> = if request.dry_run {
            Arc::new(Overlay::new(Arc::clone(&request.store)))
        } else {
            Arc::clone(&request.store)
        };
        Self {
            request,
            landing: Landing::new(store, compression, workers.clone()),
            workers,
            progress,
            start: Instant::now(),
            waiting: Vec::new(),
            bytes: 0,
            summary: Summary::new(request),
            next: request.range.0,
        }
    }

    async fn read_hub(&mut self, client: &Client, group: &str) -> Result<(), BackfillError> {
        let reader = Reader::open(client, group).await?;
        let partitions = reader.partitions().await?;
        let id = self.request.partition.as_str();
        let Some(state) = partitions.iter().find(|it| it.id == id) else {
            let ids: Vec<&str> = partitions.iter().map(|it| it.id.as_str()).collect();
            return Err(BackfillError::NoPartition {
                hub: client.address().to_string(),
                partition: self.request.partition.clone(),
                partitions: ids.join(", "),
            });
        };
        let (from, to) = self.request.range;
        let Some((first, last)) = within(state, (from, to)) else {
            self.end();
            return Ok(());
        };
        // the event before says whether the range begins where the gap begins
        let before = first
            .checked_sub(1)
            .filter(|it| state.held.is_some_and(|held| held.0 <= *it));
        let mut failed = None;
        let reading = reader.read(id, (before.unwrap_or(first), last), async |event| {
            let taken = match hub::received(&event) {
                Ok(received) => self.take(received).await,
                Err(error) => Err(error.into()),
            };
            failed = taken.err();
            failed.is_none()
        });
        reading.await?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.end();
        Ok(())
    }

    async fn read_capture(&mut self, store: &dyn Store, hub: &str) -> Result<(), BackfillError> {
        let folder = format!("{hub}/{}/", self.request.partition).to_lowercase();
        let mut files: Vec<Listed> = list_all(store, "").await?;
        files.retain(|it| {
            let name = format!("/{}", it.name.to_lowercase());
            Path::new(&name).extension().is_some_and(|it| it == "avro")
                && name.contains(&format!("/{folder}"))
        });
        if files.is_empty() {
            return Err(BackfillError::NoFiles {
                hub: hub.to_owned(),
                partition: self.request.partition.clone(),
            });
        }
        let (from, to) = self.request.range;
        for file in files {
            let Some(blob) = store.read(&file.name).await? else {
                continue;
            };
            for received in capture::events(&file.name, &blob.body)? {
                let received = received?;
                if received.sequence > to {
                    break;
                }
                if received.sequence + 1 >= from {
                    self.take(received).await?;
                }
            }
        }
        self.end();
        Ok(())
    }

    /// Takes the next event, in order. The one before the range only says where the gap begins.
    async fn take(&mut self, received: Received) -> Result<(), BackfillError> {
        let (from, to) = self.request.range;
        if received.sequence < from {
            let position = Position::Enqueued {
                sequence: received.sequence,
                time: received.enqueued,
            };
            let (stream, partition) = (&self.request.stream, &self.request.partition);
            if !self.landing.has_landed(stream, partition, position).await? {
                return Err(BackfillError::NotTheBeginning {
                    partition: partition.clone(),
                    before: received.sequence,
                });
            }
            return Ok(());
        }
        // Capture may write an event twice, in two files
        if received.sequence > to || received.sequence < self.next {
            return Ok(());
        }
        self.summary.passed_over(self.next, received.sequence);
        self.next = received.sequence + 1;
        self.progress.read.fetch_add(1, Ordering::Relaxed);
        self.bytes += received.body.len();
        self.waiting.push(received);
        if self.waiting.len() >= BATCH.0 || self.bytes >= BATCH.1 {
            self.land().await?;
        }
        Ok(())
    }

    /// Nothing more comes.
    fn end(&mut self) {
        let end = self.request.range.1.saturating_add(1);
        self.summary.passed_over(self.next, end);
        self.next = end;
    }

    async fn land(&mut self) -> Result<(), BackfillError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let request = self.request;
        let batch = batch(&request.stream, &request.partition, &self.waiting);
        let (catalog, limits) = (Arc::clone(&request.catalog), request.limits);
        let judge = move || judge_batch(&catalog, limits, batch);
        let judged = Arc::new(self.workers.run(judge).await);
        let landed = self.landing.land(judged, self.start.elapsed()).await?;
        self.summary.landed(self.waiting.len(), landed);
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// What of a range a partition holds.
fn within(state: &PartitionState, (from, to): (u64, u64)) -> Option<(u64, u64)> {
    let (first, last) = state.held?;
    let (from, to) = (from.max(first), to.min(last));
    (from <= to).then_some((from, to))
}
