//! What happens behind a live hub, for its view.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counted up as it goes.
#[derive(Debug)]
pub struct Progress {
    partitions: Mutex<Vec<Partition>>,
    crashes: AtomicU64,
}

/// What happens to a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    /// The sequence number up to which, without it, events are landed.
    pub landed: u64,
    /// Failed tries, all together.
    pub failures: u64,
    /// Events of batches that failed and were passed over, as the policy has it.
    pub passed_over: u64,
    /// Why the batch in flight has failed so far, and when it is tried again.
    pub trouble: Option<String>,
}

impl Progress {
    /// Of so many partitions.
    pub fn new(partitions: usize) -> Self {
        Self {
            partitions: Mutex::new(vec![Partition::default(); partitions]),
            crashes: AtomicU64::new(0),
        }
    }

    /// How it stands.
    pub fn partitions(&self) -> Vec<Partition> {
        self.state().clone()
    }

    /// How often the handler ended by itself.
    pub fn crashes(&self) -> u64 {
        self.crashes.load(Ordering::Relaxed)
    }

    pub(super) fn crashed(&self) {
        self.crashes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn landed(&self, partition: usize, next: u64) {
        self.change(partition, |it| it.landed = next);
    }

    pub(super) fn recovered(&self, partition: usize) {
        self.change(partition, |it| it.trouble = None);
    }

    pub(super) fn failed(&self, partition: usize, problem: &str, wait: Option<Duration>) {
        let next = match wait {
            Some(wait) => format!("tried again in {} s", wait.as_secs_f64()),
            None => "passed over: its events are not landed".to_owned(),
        };
        self.change(partition, |it| {
            it.failures += 1;
            it.trouble = Some(format!("{problem}; {next}"));
        });
    }

    pub(super) fn passed_over(&self, partition: usize, events: u64) {
        self.change(partition, |it| it.passed_over += events);
    }

    fn change(&self, partition: usize, change: impl FnOnce(&mut Partition)) {
        if let Some(partition) = self.state().get_mut(partition) {
            change(partition);
        }
    }

    fn state(&self) -> MutexGuard<'_, Vec<Partition>> {
        // figures are changed one by one
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
