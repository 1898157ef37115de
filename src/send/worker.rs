//! A partition's worker: batches filled to the limit, each acknowledged before the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep};

use super::SendError;
use super::journal::Journal;
use super::progress::Progress;
use crate::event_hubs::{Cause, Outgoing, Published, Publisher, Target};

/// More events than a batch of 1 MiB holds.
const WINDOW: usize = 8_192;

/// The wait before a batch is sent again, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// How long a batch may fail before the send is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// An event that waits for its batch, and holds its part of the memory.
pub(super) struct Queued {
    pub(super) index: u64,
    pub(super) event: Outgoing,
    pub(super) memory: OwnedSemaphorePermit,
}

/// Sends a partition's events.
pub(super) struct Worker {
    pub(super) number: usize,
    pub(super) target: Target,
    pub(super) publisher: Publisher,
    pub(super) journal: Arc<Journal>,
    pub(super) progress: Arc<Progress>,
    /// True where what is in flight is the last.
    pub(super) stop: watch::Receiver<bool>,
}

impl Worker {
    /// Sends what comes, until there is nothing more or it is told to stop.
    pub(super) async fn run(mut self, mut events: mpsc::Receiver<Queued>) -> Result<(), SendError> {
        let mut window = Window::default();
        loop {
            if window.events.is_empty() {
                let mut coming = Vec::new();
                tokio::select! {
                    // an order to stop goes before what waits
                    biased;
                    _ = self.stop.wait_for(|stop| *stop) => return Ok(()),
                    count = events.recv_many(&mut coming, WINDOW) => if count == 0 {
                        return Ok(());
                    },
                }
                window.extend(coming);
            }
            while window.events.len() < WINDOW
                && let Ok(more) = events.try_recv()
            {
                window.extend([more]);
            }
            if *self.stop.borrow() {
                return Ok(());
            }
            let sent = self.send(&window).await?;
            window.drop_first(sent);
        }
    }

    /// Sends a batch from the window's first event on, until it is acknowledged; how many events
    /// are done with; none where it was told to stop meanwhile.
    async fn send(&mut self, window: &Window) -> Result<usize, SendError> {
        let (start, mut wait) = (Instant::now(), WAITS.0);
        let journal = |error| SendError::Journal(error);
        loop {
            let mut noted = Ok(());
            let published = self
                .publisher
                .publish(&self.target, &window.events, |count| {
                    noted = self
                        .journal
                        .sending(self.number, window.indexes[count - 1], count);
                })
                .await;
            noted.map_err(journal)?;
            let done = match published {
                Ok(Published { events, took }) => {
                    let bytes = window.events[..events].iter().map(|it| it.body.len());
                    self.progress.sent(self.number, events, bytes.sum(), took);
                    events
                }
                Err(error) if error.cause == Cause::TooLarge => {
                    self.progress.refused(window.indexes[0], &error);
                    1
                }
                Err(error) => {
                    self.progress.in_doubt(error.in_doubt);
                    if *self.stop.borrow() {
                        return Ok(0);
                    }
                    if !error.cause.passes() || start.elapsed() > PATIENCE {
                        return Err(SendError::Hub(error));
                    }
                    self.progress.again();
                    sleep(wait).await;
                    wait = (wait * 2).min(WAITS.1);
                    continue;
                }
            };
            self.journal
                .sent(self.number, window.indexes[done - 1])
                .map_err(journal)?;
            return Ok(done);
        }
    }
}

/// Events that come next, with their places in the input.
#[derive(Default)]
struct Window {
    events: Vec<Outgoing>,
    indexes: Vec<u64>,
    memory: Vec<OwnedSemaphorePermit>,
}

impl Window {
    fn extend(&mut self, queued: impl IntoIterator<Item = Queued>) {
        for Queued {
            index,
            event,
            memory,
        } in queued
        {
            self.events.push(event);
            self.indexes.push(index);
            self.memory.push(memory);
        }
    }

    fn drop_first(&mut self, count: usize) {
        self.events.drain(..count);
        self.indexes.drain(..count);
        self.memory.drain(..count);
    }
}
