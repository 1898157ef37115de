//! Landing: judged events in, blobs out, each event exactly once.
//!
//! A partition's events stand in a chain of blobs, each named by its first event and holding
//! events of one hour, or of a Kafka topic of one million offsets. Creating the bronze blob under a
//! name that must be free is the commit. Rejections wait in the outbox from before the commit until
//! they are published after it, under the same name; whoever finds a committed blob without its
//! rejections publishes them. Whether an event is landed already is read from the chain itself, so
//! there is no state beside it.

mod about;
mod chain;
mod folder;
mod lake;
mod memory;
mod name;
mod ranges;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

pub use about::{About, Covered, Times};
use chain::Chain;
pub use folder::Folder;
pub use lake::{MARKER, Marked, marked};
use memory::Memory;
pub use name::{Kind, Name, OUTBOX, Place, REPLAY, chain_prefix};

use crate::encode::{Compression, Encoded, bodies_digest, encode};
use crate::event::{Batch, Log, Origin, Partition, Position, Stream};
use crate::judge::{Judged, Reason};
use crate::store::{Blob, Creation, Store, StoreError};
use crate::telemetry::{Telemetry, Worded};
use crate::workers::Workers;

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landed {
    /// Events landed as bronze.
    pub accepted: u64,
    /// Events landed as rejections, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// Events that were landed before.
    pub duplicates: u64,
    /// The blobs that this batch committed or published.
    pub blobs: Vec<String>,
    /// Their bodies' bytes.
    pub bytes: u64,
}

/// Why a batch could not be landed. All of it is the world's: the batch comes again.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// The store did not do what it was asked to.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name of a commit is taken by a blob that is not ours.
    #[error(
        "{name} is taken by a blob without this program's metadata: move it elsewhere, it can't be told which events it holds"
    )]
    NameTaken {
        /// The blob's name.
        name: String,
    },
    /// The name of a commit is taken by a blob of ours that does not hold the event.
    #[error(
        "{name} says that it does not hold the event by which it is named: was its metadata changed?"
    )]
    NameDoubtful {
        /// The blob's name.
        name: String,
    },
    /// A committed blob's rejections are neither published nor in the outbox.
    #[error(
        "the rejections of {name} are neither published nor in the outbox: was _outbox/ emptied by a rule or by hand?"
    )]
    OutboxEmpty {
        /// The bronze blob's name.
        name: String,
    },
    /// Another record was landed under an offset.
    #[error(
        "{stream}, partition {partition}: under offset {offset} another record was landed, as its timestamp shows: was the topic made anew? then give it a new STREAM_EPOCH"
    )]
    OtherRecord {
        /// The stream.
        stream: Stream,
        /// The partition.
        partition: Partition,
        /// The offset.
        offset: u64,
    },
    /// The lake's marker says something else than the settings.
    #[error("{problem}")]
    OtherLake {
        /// What does not fit, and what to do.
        problem: String,
    },
}

impl Worded for LandingError {
    fn word(&self) -> &'static str {
        match self {
            Self::Store(error) => error.word(),
            Self::NameTaken { .. } => "name-taken",
            Self::NameDoubtful { .. } => "name-doubtful",
            Self::OutboxEmpty { .. } => "outbox-empty",
            Self::OtherRecord { .. } => "other-record",
            Self::OtherLake { .. } => "other-lake",
        }
    }
}

type Slot = Arc<AsyncMutex<Option<Memory>>>;

/// Lands batches in a store.
pub struct Landing {
    store: Arc<dyn Store>,
    compression: Compression,
    workers: Workers,
    telemetry: Telemetry,
    ready: OnceCell<()>,
    partitions: Mutex<HashMap<(Log, Stream, Partition), Slot>>,
}

impl Landing {
    /// Lands in this store; encodes on these workers.
    pub fn new(store: Arc<dyn Store>, compression: Compression, workers: Workers) -> Self {
        Self {
            store,
            compression,
            workers,
            telemetry: Telemetry::off(),
            ready: OnceCell::new(),
            partitions: Mutex::default(),
        }
    }

    /// Reports what becomes of events.
    pub fn with_telemetry(self, telemetry: Telemetry) -> Self {
        Self { telemetry, ..self }
    }

    /// Whether the lake is there and is such a one as the settings say. Asked until it is.
    ///
    /// # Errors
    /// Where the store can't be used, or the lake was made with other settings.
    pub async fn ready(&self) -> Result<(), LandingError> {
        self.ready
            .get_or_try_init(|| lake::open(&*self.store, self.compression))
            .await
            .copied()
    }

    /// Lands a batch: every event of it stands in the lake once when this returns `Ok`. `now` is
    /// the time of a clock that never goes back.
    ///
    /// # Errors
    /// Where it could not be landed whole; part of it may have been, and coming again is safe.
    pub async fn land(&self, judged: Arc<Judged>, now: Duration) -> Result<Landed, LandingError> {
        let mut landed = Landed::default();
        let events = judged.batch.events.len();
        if events == 0 {
            return Ok(landed);
        }
        self.ready().await?;
        match judged.batch.origin.clone() {
            Origin::Invocation {
                log, stream, id, ..
            } => {
                let name = Name {
                    stream,
                    place: Place::Invocation {
                        log,
                        id,
                        digest: bodies_digest(&judged.batch),
                    },
                    replay: None,
                    compression: self.compression,
                };
                let commit = self.commit(&name, &judged, 0..events, &mut landed);
                if commit.await?.is_some() {
                    landed.duplicates = events as u64;
                }
            }
            Origin::Partition {
                log,
                stream,
                partition,
            } => {
                let slot = self.slot(log, &stream, &partition);
                let mut slot = slot.lock().await;
                // what fails or is dropped half-way leaves nothing to be trusted behind
                let memory = slot.take();
                let chain = Chain {
                    landing: self,
                    stream,
                    partition,
                };
                *slot = Some(chain.land(&judged, memory, now, &mut landed).await?);
            }
        }
        self.telemetry.landed(&judged.batch, &landed);
        Ok(landed)
    }

    /// Whether this event stands in the lake, as its chain says now. What a kill left unpublished in
    /// its folder is published.
    ///
    /// # Errors
    /// Where the lake can't be asked.
    pub async fn has_landed(
        &self,
        stream: &Stream,
        partition: &Partition,
        position: Position,
    ) -> Result<bool, LandingError> {
        let chain = Chain {
            landing: self,
            stream: stream.clone(),
            partition: partition.clone(),
        };
        chain.has_landed(position).await
    }

    fn slot(&self, log: Log, stream: &Stream, partition: &Partition) -> Slot {
        let key = (log, stream.clone(), partition.clone());
        let mut partitions = self
            .partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(partitions.entry(key).or_default())
    }

    /// Commits a part of a batch under its name, and publishes its rejections. Where the name was
    /// taken, what is published are the rejections of the blob that stands there, and what that
    /// blob says of itself is returned.
    async fn commit(
        &self,
        name: &Name,
        judged: &Arc<Judged>,
        part: Range<usize>,
        landed: &mut Landed,
    ) -> Result<Option<About>, LandingError> {
        let events = Arc::clone(judged);
        let (stretch, compression) = (part.clone(), self.compression);
        let encoding = self
            .workers
            .run(move || encode(&events, stretch, compression));
        let encoded = self.telemetry.within("encode", encoding).await;
        let about = About {
            covered: covered(&judged.batch, part.clone()),
            accepted: encoded.accepted,
            rejected: encoded.rejected(),
            outbox: encoded.rejections.as_ref().map(|it| it.digest.clone()),
            catalog: judged.catalog.to_string(),
        };
        let blob = |body: &Bytes| Blob {
            body: body.clone(),
            metadata: about.to_metadata(),
        };
        if let Some(rejections) = &encoded.rejections {
            let entry = name.outbox(&rejections.digest);
            self.store.put(&entry, blob(&rejections.body)).await?;
        }
        let bronze = name.blob(Kind::Bronze);
        let creation = self.store.create(&bronze, blob(&encoded.bronze)).await?;
        if creation == Creation::Taken {
            return self.taken(name, &about).await.map(Some);
        }
        landed.commit(bronze, &encoded);
        let rejections = encoded.rejections.as_ref().map(|it| it.body.len());
        self.telemetry
            .committed(judged, part, encoded.bronze.len(), rejections);
        if let Some(rejections) = &encoded.rejections {
            let rejected = name.blob(Kind::Rejections);
            self.store.create(&rejected, blob(&rejections.body)).await?;
            self.store.delete(&name.outbox(&rejections.digest)).await?;
            landed.publish(rejected, rejections.body.len());
        }
        Ok(None)
    }

    /// Somebody committed under this name before us, maybe we ourselves: what they did stands.
    async fn taken(&self, name: &Name, ours: &About) -> Result<About, LandingError> {
        let bronze = name.blob(Kind::Bronze);
        let about = match self.store.metadata(&bronze).await? {
            Some(metadata) => About::of(name, &metadata),
            None => None,
        };
        let Some(about) = about else {
            return Err(LandingError::NameTaken { name: bronze });
        };
        if let Some(digest) = &ours.outbox
            && about.outbox != ours.outbox
        {
            self.store.delete(&name.outbox(digest)).await?;
        }
        self.publish(name, &about).await?;
        Ok(about)
    }

    /// Publishes a committed blob's rejections out of the outbox, if they don't stand yet.
    async fn publish(&self, name: &Name, about: &About) -> Result<(), LandingError> {
        let Some(digest) = &about.outbox else {
            return Ok(());
        };
        let (entry, rejected) = (name.outbox(digest), name.blob(Kind::Rejections));
        if self.store.metadata(&rejected).await?.is_none() {
            if let Some(waiting) = self.store.read(&entry).await? {
                // another try of the batch, cut elsewhere, may have written the same rejections
                let blob = Blob {
                    body: waiting.body,
                    metadata: about.to_metadata(),
                };
                self.store.create(&rejected, blob).await?;
            } else if self.store.metadata(&rejected).await?.is_none() {
                let name = name.blob(Kind::Bronze);
                return Err(LandingError::OutboxEmpty { name });
            }
        }
        self.store.delete(&entry).await?;
        Ok(())
    }
}

impl Landed {
    fn commit(&mut self, blob: String, encoded: &Encoded) {
        self.accepted += encoded.accepted;
        for (reason, count) in &encoded.reasons {
            *self.rejected.entry(*reason).or_insert(0) += count;
        }
        self.publish(blob, encoded.bronze.len());
    }

    fn publish(&mut self, blob: String, bytes: usize) {
        self.blobs.push(blob);
        self.bytes += bytes as u64;
    }
}

/// What a part of a batch is covered by; nothing where its coordinates are not known.
fn covered(batch: &Batch, part: Range<usize>) -> Vec<Covered> {
    if matches!(batch.origin, Origin::Invocation { .. }) {
        return Vec::new();
    }
    let known =
        part.filter_map(|index| Some((batch.position(index)?, batch.events[index].enqueued)));
    Covered::of(known)
}
