//! What one process remembers of a partition, and for how long that can be trusted.

use std::collections::BTreeSet;
use std::time::Duration;

use super::about::Covered;
use crate::event::Position;

/// How long a partition may be silent before another instance may have had it in between: half
/// of the two minutes after which the host's ownership of a partition expires.
const SILENCE: Duration = Duration::from_mins(1);

/// What is landed of a partition, as far as this process has seen.
#[derive(Debug, Default)]
pub(super) struct Memory {
    landed: Vec<Covered>,
    hours: BTreeSet<i64>,
    last: Option<u64>,
    heard: Duration,
}

impl Memory {
    /// What a listing of these hours has shown.
    pub(super) fn listed(hours: BTreeSet<i64>, landed: Vec<Covered>) -> Self {
        Self {
            landed,
            hours,
            ..Self::default()
        }
    }

    /// Whether the batch goes on where the last one ended, in hours that were listed, and soon
    /// enough. Otherwise what is landed has to be read anew.
    pub(super) fn joins(&self, first: Position, hours: &BTreeSet<i64>, now: Duration) -> bool {
        self.last.and_then(|last| last.checked_add(1)) == Some(first.sequence)
            && now.saturating_sub(self.heard) <= SILENCE
            && hours.is_subset(&self.hours)
    }

    pub(super) fn has_landed(&self, position: Position) -> bool {
        // what was landed last is what a batch most likely overlaps
        self.landed
            .iter()
            .rev()
            .any(|covered| covered.covers(position))
    }

    /// A blob of the chain, ours or another's.
    pub(super) fn add(&mut self, covered: Covered) {
        self.landed.push(covered);
    }

    /// A batch was landed whole.
    pub(super) fn heard(&mut self, last: Position, now: Duration) {
        self.last = Some(last.sequence);
        self.heard = now;
    }
}
