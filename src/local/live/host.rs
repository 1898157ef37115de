//! The embedded host of a live hub: what the Functions host does between a hub and the handler.
//!
//! A partition's batches go one after another, and partitions beside one another. A batch is
//! collected as host.json says, posted, and tried again as function.json says; then the checkpoint
//! is moved, on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::checkpoint::Checkpoints;
use super::progress::Progress;
use crate::hub::Hub;
use crate::hub::log::{Cursor, Log, Start};
use crate::hub::message::{Handed, MessageError, handed};
use crate::hub::record::Stored;
use crate::local::call::{Call, invocation_id};
use crate::local::dice::Dice;
use crate::local::payload::{Event, Invocation, Tries};
use crate::local::process::{Process, ProcessError};
use crate::settings::{HostJson, Retry};

/// How often the host looks whether the handler still runs.
const LOOK: Duration = Duration::from_millis(50);
/// So many ends at its own hand within that time, and the host gives up.
const CRASHES: usize = 3;
const CRASHES_WITHIN: Duration = Duration::from_mins(30);

/// The namespace under which the host hands events over, and so the stream's: that of the
/// connection string.
pub const NAMESPACE: &str = "localhost";

/// Why the host gave up.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The handler does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The hub's log or a checkpoint can't be read or written.
    #[error("partition {partition}: {problem}")]
    Partition {
        /// The partition.
        partition: usize,
        /// What is wrong.
        problem: String,
    },
}

/// How the host reads and tries again.
#[derive(Debug, Clone)]
pub struct Policy {
    /// host.json.
    pub host: HostJson,
    /// function.json's retry policy; without one a batch that failed is passed over.
    pub retry: Option<Retry>,
}

/// The embedded host.
pub struct Host {
    hub: Arc<Hub>,
    policy: Policy,
    call: Call,
    process: Mutex<Process>,
    checkpoints: Checkpoints,
    progress: Arc<Progress>,
    stop: watch::Receiver<bool>,
    seed: u64,
    restarts: AtomicU64,
}

/// What became of a batch.
enum Delivered {
    /// The checkpoint moves past it.
    Done,
    /// The host is told to stop: it comes again.
    NotYet,
}

impl Host {
    /// A host of this hub; it ends when `stop` says so.
    pub fn new(
        hub: Arc<Hub>,
        policy: Policy,
        process: Process,
        checkpoints: Checkpoints,
        progress: Arc<Progress>,
        stop: watch::Receiver<bool>,
        seed: u64,
    ) -> Self {
        Self {
            hub,
            policy,
            call: Call::of(&process),
            process: Mutex::new(process),
            checkpoints,
            progress,
            stop,
            seed,
            restarts: AtomicU64::new(0),
        }
    }

    /// Feeds every partition to the handler until it is told to stop; what is in flight then is
    /// finished.
    ///
    /// # Errors
    /// Where the handler does not run, or the hub's files can't be used.
    pub async fn run(&self) -> Result<(), HostError> {
        let partitions = (0..self.hub.partitions().len()).map(|partition| async move {
            let fed = self.feed(partition).await;
            fed.map_err(|problem| HostError::Partition { partition, problem })
        });
        tokio::select! {
            fed = try_join_all(partitions) => { fed?; }
            ended = self.watch() => return Err(ended.into()),
        }
        self.process.lock().await.let_go().await;
        Ok(())
    }

    async fn feed(&self, partition: usize) -> Result<(), String> {
        let log = &self.hub.partitions()[partition];
        let next = self.checkpoints.next(partition).map_err(text)?;
        // a machine that went down may have lost the log's end, and not the checkpoint
        let next = next.min(log.next());
        let mut cursor = log.cursor(Start::Sequence(next)).map_err(text)?;
        let mut dice = Dice::new(self.seed, partition as u64);
        let (most, bytes) = (
            self.policy.host.max_event_batch_size.max(1) as usize,
            self.policy.host.prefetch_bytes.unwrap_or(u64::MAX) as usize,
        );
        self.progress.landed(partition, cursor.sequence());
        while self.collect(log, &cursor).await {
            let read_again = cursor;
            let events = log.read(&mut cursor, most, bytes).map_err(text)?;
            let Some(last) = events.last() else {
                continue;
            };
            match self.deliver(partition, &events, &mut dice).await? {
                Delivered::Done => {
                    self.checkpoints.write(partition, last).map_err(text)?;
                    self.progress.landed(partition, cursor.sequence());
                }
                Delivered::NotYet => {
                    cursor = read_again;
                }
            }
        }
        Ok(())
    }

    /// Waits for events: the least that a batch shall have, or what came within the time for it.
    /// False where the host is told to stop.
    async fn collect(&self, log: &Log, cursor: &Cursor) -> bool {
        let (mut grown, mut stop) = (log.grown(), self.stop.clone());
        let least = self.policy.host.min_event_batch_size.max(1);
        let mut until: Option<Instant> = None;
        loop {
            if *stop.borrow_and_update() {
                return false;
            }
            let waiting = grown.borrow_and_update().saturating_sub(cursor.sequence());
            if waiting >= least {
                return true;
            }
            if waiting > 0 && until.is_none() {
                until = Some(Instant::now() + self.policy.host.max_wait_time);
            }
            let long_enough = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = grown.changed() => {}
                _ = stop.changed() => {}
                () = long_enough => return true,
            }
        }
    }

    /// Posts a batch until it is landed, or the retry policy gives it up.
    async fn deliver(
        &self,
        partition: usize,
        events: &[Stored],
        dice: &mut Dice,
    ) -> Result<Delivered, String> {
        let handed: Result<Vec<Handed>, MessageError> = events.iter().map(handed).collect();
        let handed = handed.map_err(text)?;
        let id = invocation_id(dice);
        for before in 0.. {
            let tries = self.policy.retry.map(|retry| Tries {
                before,
                most: retry.count(),
            });
            let body = self.body(partition, events, &handed, &id, tries);
            let problem = match self.post(body, &id).await {
                Ok(()) => {
                    self.progress.recovered(partition);
                    return Ok(Delivered::Done);
                }
                Err(problem) => problem,
            };
            let wait = self.policy.retry.and_then(|retry| retry.wait(before));
            self.progress.failed(partition, &problem, wait);
            let Some(wait) = wait else {
                let passed_over = events.len() as u64;
                self.progress.passed_over(partition, passed_over);
                return Ok(Delivered::Done);
            };
            let mut stop = self.stop.clone();
            tokio::select! {
                () = sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(Delivered::NotYet),
            }
        }
        Ok(Delivered::NotYet)
    }

    fn body(
        &self,
        partition: usize,
        events: &[Stored],
        handed: &[Handed],
        id: &str,
        retry: Option<Tries>,
    ) -> Vec<u8> {
        let properties = handed
            .iter()
            .map(|it| serde_json::to_string(&it.properties).unwrap_or_else(|_| "{}".to_owned()));
        let properties: Vec<String> = properties.collect();
        let events = events.iter().zip(handed).zip(&properties);
        let events = events.map(|((stored, handed), properties)| Event {
            sequence: stored.sequence,
            offset: stored.offset,
            enqueued: stored.enqueued,
            key: stored.key.as_deref(),
            body: &handed.body,
            properties,
            system: handed.system.clone(),
        });
        Invocation {
            id,
            namespace: NAMESPACE,
            hub: self.hub.name(),
            partition,
            events: &events.collect::<Vec<_>>(),
            retry,
        }
        .body()
    }

    /// One invocation; one that takes longer than functionTimeout costs the handler its life, as
    /// the host has it.
    async fn post(&self, body: Vec<u8>, id: &str) -> Result<(), String> {
        let limit = self.policy.host.function_timeout;
        let started = self.restarts.load(Ordering::Relaxed);
        let posted = timeout(limit.unwrap_or(Duration::MAX), self.call.post(body, id));
        if let Ok(answer) = posted.await {
            return answer;
        }
        let mut process = self.process.lock().await;
        // another partition's invocation may have timed out before this one
        if self.restarts.load(Ordering::Relaxed) == started {
            self.restarts.fetch_add(1, Ordering::Relaxed);
            process.kill_and_start().await.map_err(text)?;
        }
        let seconds = limit.unwrap_or_default().as_secs();
        Err(format!("no answer within functionTimeout, {seconds} s"))
    }

    /// Starts the handler again where it ended. Returns only where it can't.
    async fn watch(&self) -> ProcessError {
        let mut crashes: Vec<Instant> = Vec::new();
        loop {
            sleep(LOOK).await;
            let mut process = self.process.lock().await;
            let Some(status) = process.ended() else {
                continue;
            };
            crashes.retain(|crash| crash.elapsed() < CRASHES_WITHIN);
            crashes.push(Instant::now());
            self.progress.crashed();
            if crashes.len() == CRASHES {
                let problem = format!("ended {CRASHES} times by itself within 30 min ({status})");
                return process.error(problem);
            }
            self.restarts.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = process.kill_and_start().await {
                return error;
            }
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
