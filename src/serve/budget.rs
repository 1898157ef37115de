//! How many bytes of requests are worked on at once.
//!
//! A body that comes in chunks has no length to ask for, so a share grows as its body does. Two
//! half-read bodies must never wait for one another: one request at a time may go beyond the
//! budget, and runs to its end. So there are never more bytes than the budget and one request.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::telemetry::Telemetry;

/// Permits are handed out by this many bytes.
const UNIT: usize = 1024;

/// The bytes that all requests share.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    units: Arc<Semaphore>,
    beyond: Arc<Mutex<()>>,
    telemetry: Telemetry,
}

impl Budget {
    pub(super) fn new(bytes: usize, telemetry: Telemetry) -> Self {
        Self {
            units: Arc::new(Semaphore::new(bytes / UNIT)),
            beyond: Arc::default(),
            telemetry,
        }
    }

    /// A share of nothing yet.
    pub(super) fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            held: None,
            beyond: None,
            bytes: 0,
        }
    }
}

/// One request's part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    held: Option<OwnedSemaphorePermit>,
    beyond: Option<OwnedMutexGuard<()>>,
    /// What was asked for.
    bytes: usize,
}

impl Share {
    /// Waits until the share is at least this large, or may go beyond the budget.
    pub(super) async fn grow(&mut self, bytes: usize) {
        self.take(bytes).await;
        if let Some(more) = bytes.checked_sub(self.bytes) {
            self.bytes = bytes;
            self.budget.telemetry.in_flight(more as i64);
        }
    }

    async fn take(&mut self, bytes: usize) {
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = bytes.div_ceil(UNIT).saturating_sub(held);
        if wanted == 0 || self.beyond.is_some() {
            return;
        }
        let more = u32::try_from(wanted).unwrap_or(u32::MAX);
        let units = Arc::clone(&self.budget.units);
        let beyond = Arc::clone(&self.budget.beyond);
        tokio::select! {
            biased;
            // the semaphore is never closed
            Ok(permit) = units.acquire_many_owned(more) => match &mut self.held {
                Some(held) => held.merge(permit),
                None => self.held = Some(permit),
            },
            guard = beyond.lock_owned() => self.beyond = Some(guard),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.telemetry.in_flight(-(self.bytes as i64));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll(future: impl Future<Output = ()>) -> Poll<()> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn i8_one_request_at_a_time_goes_beyond_the_budget() {
        let budget = Budget::new(10 * UNIT, Telemetry::off());
        let (mut one, mut two, mut three) = (budget.share(), budget.share(), budget.share());
        assert!(poll(one.grow(6 * UNIT)).is_ready());
        assert!(poll(two.grow(4 * UNIT)).is_ready());
        assert!(poll(two.grow(5 * UNIT)).is_ready(), "it goes beyond");
        assert!(poll(one.grow(7 * UNIT)).is_pending(), "only one may");
        assert!(poll(three.grow(1)).is_pending());
        drop(two);
        assert!(poll(one.grow(7 * UNIT)).is_ready());
        assert!(poll(three.grow(3 * UNIT)).is_ready());
        drop((one, three));
        assert_eq!(budget.units.available_permits(), 10, "all is given back");
    }

    #[test]
    fn i8_a_request_above_the_budget_runs_all_the_same() {
        let budget = Budget::new(10 * UNIT, Telemetry::off());
        let mut large = budget.share();
        assert!(poll(large.grow(1 << 40)).is_ready());
        let mut small = budget.share();
        assert!(poll(small.grow(10 * UNIT)).is_ready());
    }
}
