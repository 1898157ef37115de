//! The thread that reads the input, and hands each event to the worker of its partition.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::journal::Done;
use super::pace::Rate;
use super::worker::Queued;
use crate::event_hubs::{Outgoing, partition_of};
use crate::local::input::InputError;

/// The bytes of events that wait for their batches.
const MEMORY: usize = 64 << 20;

/// The longest sleep, after which an order to stop is heard.
const NAP: Duration = Duration::from_millis(50);

/// Feeds the workers.
pub(super) struct Feeder {
    /// The workers' queues, by partition.
    pub(super) queues: Vec<mpsc::Sender<Queued>>,
    /// What an earlier send got done: it is passed over.
    pub(super) done: Done,
    pub(super) rate: Option<Rate>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Feeder {
    /// Starts; what is received is how the input ended. A thread of its own, since an input may
    /// keep it waiting for ever.
    pub(super) fn start(
        self,
        events: impl Iterator<Item = Result<Outgoing, InputError>> + Send + 'static,
    ) -> io::Result<oneshot::Receiver<Result<(), InputError>>> {
        let (ended, end) = oneshot::channel();
        let runtime = Handle::current();
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || {
                let fed = self.feed(events, &runtime);
                // whoever waited may be gone
                let _ = ended.send(fed);
            })?;
        Ok(end)
    }

    fn feed(
        &self,
        events: impl Iterator<Item = Result<Outgoing, InputError>>,
        runtime: &Handle,
    ) -> Result<(), InputError> {
        let memory = Arc::new(Semaphore::new(MEMORY));
        let (start, mut fed) = (Instant::now(), 0);
        for (index, event) in (0_u64..).zip(events) {
            let event = event?;
            let partition = match &event.key {
                Some(key) => partition_of(key, self.queues.len()),
                None => (index % self.queues.len() as u64) as usize,
            };
            if self
                .done
                .last
                .get(&partition)
                .is_some_and(|last| index <= *last)
            {
                continue;
            }
            if !self.is_due(start, fed) {
                return Ok(());
            }
            fed += 1;
            let bytes = event.body.len().clamp(1, MEMORY) as u32;
            let queue = &self.queues[partition];
            let handed = runtime.block_on(async {
                let memory = Arc::clone(&memory).acquire_many_owned(bytes).await.ok()?;
                let queued = Queued {
                    index,
                    event,
                    memory,
                };
                queue.send(queued).await.ok()
            });
            if handed.is_none() {
                // the worker has ended: it says why
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits until an event is due; false where it is told to stop.
    fn is_due(&self, start: Instant, number: u64) -> bool {
        let due = self.rate.map_or(Duration::ZERO, |rate| rate.due(number));
        loop {
            if *self.stop.borrow() {
                return false;
            }
            let left = due.saturating_sub(start.elapsed());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(NAP));
        }
    }
}
