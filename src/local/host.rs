//! The embedded host: feeds a hub's partitions to the handler as the Functions host would.
//!
//! A partition's batches go one after another, and partitions beside one another. A batch is held
//! and tried again until it succeeds, and only then is the checkpoint moved. After a kill the
//! batches are cut anew, and sometimes from an earlier checkpoint, as after a restart of the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::call::{Call, invocation_id};
use super::dice::Dice;
use super::hub::{Hub, posted};
use super::payload::Tries;
use super::process::{Process, ProcessError};

/// The wait before a batch is tried again, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long a batch may fail without the handler being killed before the run is given up.
const PATIENCE: Duration = Duration::from_mins(2);
/// Ends at its own hand after which the host gives up.
const CRASHES: u64 = 3;
/// Kills that a run is paced for: a hundred thousand events land in a second, before the first.
const KILLS: u32 = 3;
/// How long a run is held back for them at most; not at all where not even one would fit well.
const HELD_BACK: Duration = Duration::from_mins(1);
/// A kill strikes while an invocation is in flight, up to so many milliseconds into it.
const STROKE: u64 = 20;

/// What happened while feeding. Shared, and counted up as it goes.
#[derive(Debug, Default)]
pub struct Progress {
    /// Events up to the partitions' checkpoints.
    pub checkpointed: AtomicU64,
    /// Invocations that were answered 200.
    pub invocations: AtomicU64,
    /// Events that were posted again, after a failure or from an earlier checkpoint.
    pub redelivered: AtomicU64,
    /// How often the handler was killed.
    pub kills: AtomicU64,
    /// How often it ended by itself.
    pub crashes: AtomicU64,
    /// Events up to the farthest that each partition's checkpoint ever was.
    farthest: AtomicU64,
    /// Invocations that are not answered yet.
    in_flight: AtomicU64,
    /// Starts after the first.
    restarts: AtomicU64,
}

/// Why a run was given up.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The handler does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The handler refuses a batch, and goes on refusing it.
    #[error(
        "partition {partition}, from sequence {sequence}: the handler did not land the batch: {answer}"
    )]
    Refused {
        /// The partition.
        partition: usize,
        /// The batch's first sequence number.
        sequence: usize,
        /// What it answered last.
        answer: String,
    },
}

/// The embedded host.
pub struct Host {
    hub: Arc<Hub>,
    batch: usize,
    process: Mutex<Process>,
    call: Call,
    progress: Arc<Progress>,
    seed: u64,
}

impl Host {
    /// A host of this hub, whose batches have so many events at most.
    pub fn new(
        hub: Arc<Hub>,
        process: Process,
        batch: usize,
        progress: Arc<Progress>,
        seed: u64,
    ) -> Self {
        Self {
            hub,
            batch,
            call: Call::of(&process),
            process: Mutex::new(process),
            progress,
            seed,
        }
    }

    /// Lets the handler end by itself.
    pub async fn let_go(self) {
        self.process.into_inner().let_go().await;
    }

    /// Feeds every partition to its end; kills the handler again and again where that is asked.
    ///
    /// # Errors
    /// Where the handler does not run, or does not land a batch.
    pub async fn run(&self, kill_every: Option<Duration>) -> Result<(), HostError> {
        let pace = kill_every.filter(|every| *every < HELD_BACK / 2);
        let pace = pace.map(|every| {
            let whole = every * KILLS + every / 2;
            (Instant::now(), whole.min(HELD_BACK))
        });
        let partitions = (0..self.hub.partitions.len()).map(|partition| self.feed(partition, pace));
        tokio::select! {
            fed = try_join_all(partitions) => fed.map(|_| ()),
            ended = self.watch(kill_every) => Err(ended.into()),
        }
    }

    /// Feeds a partition; where a pace is given, its end not before that time has passed.
    async fn feed(
        &self,
        partition: usize,
        pace: Option<(Instant, Duration)>,
    ) -> Result<(), HostError> {
        let log = &self.hub.partitions[partition];
        let mut dice = Dice::new(self.seed, 1_000 + partition as u64);
        let most = match pace {
            // batches enough that each kill finds one in flight
            Some(_) => (log.len() / (4 * KILLS as usize)).clamp(1, self.batch),
            None => self.batch,
        };
        let (mut checkpoint, mut farthest, mut delivered, mut size) = (0, 0, 0, most);
        while checkpoint < log.len() {
            let end = log.len().min(checkpoint + size);
            if let Some((start, whole)) = pace {
                sleep_until(start + whole.mul_f64(end as f64 / log.len() as f64)).await;
            }
            let restarts = self.progress.restarts.load(Ordering::Relaxed);
            self.counted_again(checkpoint, end, delivered);
            delivered = delivered.max(end);
            if self
                .deliver(partition, checkpoint..end, restarts, &mut dice)
                .await?
            {
                self.progress
                    .checkpointed
                    .fetch_add((end - checkpoint) as u64, Ordering::Relaxed);
                checkpoint = end;
                let gained = checkpoint.saturating_sub(farthest) as u64;
                self.progress.farthest.fetch_add(gained, Ordering::Relaxed);
                farthest = farthest.max(checkpoint);
            } else {
                size = 1 + dice.below(most as u64) as usize;
                if dice.happens(3_000) {
                    let back = dice.below(1 + checkpoint as u64) as usize % (4 * self.batch);
                    self.progress
                        .checkpointed
                        .fetch_sub(back as u64, Ordering::Relaxed);
                    checkpoint -= back;
                }
            }
        }
        Ok(())
    }

    /// Posts a batch until it is landed; false where the handler was started anew meanwhile, and
    /// the batches are to be cut anew.
    async fn deliver(
        &self,
        partition: usize,
        part: std::ops::Range<usize>,
        restarts: u64,
        dice: &mut Dice,
    ) -> Result<bool, HostError> {
        let id = invocation_id(dice);
        let (start, mut wait) = (Instant::now(), WAITS.0);
        for retries in 0.. {
            let tries = Tries {
                before: retries,
                most: -1,
            };
            let messages = &self.hub.partitions[partition][part.clone()];
            let place = (self.hub.name.as_str(), partition);
            let body = posted(place, part.start, messages, &id, tries);
            self.progress.in_flight.fetch_add(1, Ordering::Relaxed);
            let answer = self.call.post(body, &id).await;
            self.progress.in_flight.fetch_sub(1, Ordering::Relaxed);
            let answer = match answer {
                Ok(()) => {
                    self.progress.invocations.fetch_add(1, Ordering::Relaxed);
                    return Ok(true);
                }
                Err(answer) => answer,
            };
            if self.progress.restarts.load(Ordering::Relaxed) != restarts {
                return Ok(false);
            }
            if start.elapsed() > PATIENCE {
                let sequence = part.start;
                return Err(HostError::Refused {
                    partition,
                    sequence,
                    answer,
                });
            }
            self.counted_again(part.start, part.end, part.end);
            sleep(wait).await;
            wait = (wait * 2).min(WAITS.1);
        }
        Ok(false)
    }

    /// Kills the handler as asked, and starts it again where it ended. Returns only where it can't.
    async fn watch(&self, kill_every: Option<Duration>) -> ProcessError {
        const LOOK: Duration = Duration::from_millis(50);
        let (mut crashes, mut last, mut reached) = (0, Instant::now(), 0);
        let mut dice = Dice::new(self.seed, 999);
        loop {
            sleep(kill_every.map_or(LOOK, |every| every.min(LOOK))).await;
            // a kill waits for new ground, or a slow machine would never get to the end
            let farthest = self.progress.farthest.load(Ordering::Relaxed);
            let due = |every: Duration| last.elapsed() >= every && farthest > reached;
            let mut process = self.process.lock().await;
            if let Some(status) = process.ended() {
                crashes += 1;
                self.progress.crashes.fetch_add(1, Ordering::Relaxed);
                if crashes == CRASHES {
                    return process.error(format!("ended {CRASHES} times by itself ({status})"));
                }
            } else if kill_every.is_some_and(due) {
                self.stroke(&mut dice).await;
                (last, reached) = (Instant::now(), farthest);
                self.progress.kills.fetch_add(1, Ordering::Relaxed);
            } else {
                continue;
            }
            self.progress.restarts.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = process.kill_and_start().await {
                return error;
            }
        }
    }

    /// Waits for the moment of a kill: somewhere inside of an invocation.
    async fn stroke(&self, dice: &mut Dice) {
        while self.progress.in_flight.load(Ordering::Relaxed) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(dice.below(STROKE))).await;
    }

    fn counted_again(&self, first: usize, end: usize, delivered: usize) {
        let again = end.min(delivered).saturating_sub(first);
        self.progress
            .redelivered
            .fetch_add(again as u64, Ordering::Relaxed);
    }
}
