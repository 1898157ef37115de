//! What was sent so far, counted as it goes.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::event_hubs::HubError;

/// Refused events that are listed; the others are counted.
const LISTED: usize = 10;

/// Counters of a send. Shared by its workers.
#[derive(Debug, Default)]
pub struct Progress {
    partitions: Vec<Counters>,
    again: AtomicU64,
    in_doubt: AtomicU64,
    refused: AtomicU64,
    first_refused: Mutex<Vec<(u64, String)>>,
    acknowledgements: Mutex<Vec<Duration>>,
}

/// What went to a partition.
#[derive(Debug, Default)]
struct Counters {
    events: AtomicU64,
    batches: AtomicU64,
    bytes: AtomicU64,
}

/// What went to a partition, as it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were acknowledged.
    pub events: u64,
    /// In so many batches.
    pub batches: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

impl Progress {
    /// Nothing yet, of so many partitions.
    pub fn new(partitions: usize) -> Self {
        Self {
            partitions: (0..partitions).map(|_| Counters::default()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn sent(&self, partition: usize, events: usize, bytes: usize, took: Duration) {
        let counters = &self.partitions[partition];
        counters.events.fetch_add(events as u64, Ordering::Relaxed);
        counters.batches.fetch_add(1, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        locked(&self.acknowledgements).push(took);
    }

    pub(super) fn refused(&self, index: u64, error: &HubError) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut listed = locked(&self.first_refused);
        if listed.len() < LISTED {
            listed.push((index, error.detail.clone()));
        }
    }

    pub(super) fn again(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn in_doubt(&self, events: usize) {
        self.in_doubt.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// What each partition got.
    pub fn partitions(&self) -> Vec<Counts> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.partitions
            .iter()
            .map(|it| Counts {
                events: read(&it.events),
                batches: read(&it.batches),
                bytes: read(&it.bytes),
            })
            .collect()
    }

    /// Events that were acknowledged.
    pub fn events(&self) -> u64 {
        self.partitions().iter().map(|it| it.events).sum()
    }

    /// Batches that were sent again.
    pub fn sent_again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    /// Events that may stand in the hub twice, or without an acknowledgement.
    pub fn doubtful(&self) -> u64 {
        self.in_doubt.load(Ordering::Relaxed)
    }

    /// How many events the hub does not take, and the first of them: its place in the input, from
    /// 0, and why.
    pub fn not_sent(&self) -> (u64, Vec<(u64, String)>) {
        let count = self.refused.load(Ordering::Relaxed);
        (count, locked(&self.first_refused).clone())
    }

    /// The time to the acknowledgement of a batch: the median, the 99th percentile, the longest.
    pub fn acknowledged(&self) -> Option<[Duration; 3]> {
        let mut all = locked(&self.acknowledgements).clone();
        all.sort_unstable();
        // the nearest rank: the smallest value that so many of a hundred do not exceed
        let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).max(1) - 1);
        Some([*rank(50)?, *rank(99)?, *rank(100)?])
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let progress = Progress::new(1);
        assert_eq!(progress.acknowledged(), None);
        for millis in (1..=100).rev() {
            progress.sent(0, 1, 10, Duration::from_millis(millis));
        }
        let [median, high, longest] = progress.acknowledged().unwrap();
        assert_eq!(
            [median, high, longest].map(|it| it.as_millis()),
            [50, 99, 100]
        );
    }
}
