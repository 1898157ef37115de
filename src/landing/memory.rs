//! What one process remembers of a partition, and for how long that can be trusted.

use std::collections::BTreeSet;
use std::time::Duration;

use super::about::Covered;
use super::folder::Folder;
use crate::event::{Log, Position};

/// How long a partition may be silent before another instance may have had it in between: half
/// of the two minutes after which the host's ownership of a partition expires.
const SILENCE: Duration = Duration::from_mins(1);

/// What is landed of a partition, as far as this process has seen.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Of a hub in the order in which it was seen; of a topic by offset, and joined.
    landed: Vec<Covered>,
    /// The greatest number among them: what lies beyond it needs no search, and mostly all does.
    highest: Option<u64>,
    folders: BTreeSet<Folder>,
    last: Option<u64>,
    heard: Duration,
}

impl Memory {
    /// What a listing of these folders has shown.
    pub(super) fn listed(folders: BTreeSet<Folder>, landed: Vec<Covered>) -> Self {
        let mut memory = Self {
            folders,
            ..Self::default()
        };
        for covered in landed {
            memory.add(covered);
        }
        memory
    }

    /// Whether the batch goes on where the last one ended and leaves nothing out, in folders that
    /// were listed, and soon enough. Otherwise what is landed has to be read anew: what it leaves
    /// out others may have landed, and more behind it.
    pub(super) fn joins(
        &self,
        batch: &[Position],
        folders: &BTreeSet<Folder>,
        now: Duration,
    ) -> bool {
        let mut next = self.last.and_then(|last| last.checked_add(1));
        let follows = batch.iter().all(|position| {
            let expected = next == Some(position.sequence());
            next = position.sequence().checked_add(1);
            expected
        });
        follows && now.saturating_sub(self.heard) <= SILENCE && folders.is_subset(&self.folders)
    }

    /// The number of the event that was heard last, unless others may have landed more since.
    pub(super) fn last_heard(&self, now: Duration) -> Option<u64> {
        let fresh = now.saturating_sub(self.heard) <= SILENCE;
        self.last.filter(|_| fresh)
    }

    /// How many numbers lie between this one and the greatest below it that is landed, or that is
    /// known otherwise; none where nothing is known below it.
    pub(super) fn missing_before(&self, sequence: u64, known: Option<u64>) -> u64 {
        let Some(previous) = sequence.checked_sub(1) else {
            return 0;
        };
        if known == Some(previous) {
            return 0;
        }
        let below = self.landed.iter().filter(|it| it.first < sequence);
        let below = below.map(|it| it.last.min(previous));
        let greatest = below.chain(known.filter(|it| *it < sequence)).max();
        greatest.map_or(0, |greatest| previous - greatest)
    }

    pub(super) fn has_landed(&self, position: Position) -> bool {
        self.landed_in(position).is_some()
    }

    /// The events among which this one was landed.
    pub(super) fn landed_in(&self, position: Position) -> Option<&Covered> {
        if Some(position.sequence()) > self.highest {
            return None;
        }
        match position {
            // what was landed last is what a batch most likely overlaps
            Position::Enqueued { .. } => self.landed.iter().rev().find(|it| it.covers(position)),
            Position::Offset(offset) => {
                let behind = self.landed.partition_point(|it| it.first <= offset);
                let range = self.landed.get(behind.checked_sub(1)?)?;
                range.covers(position).then_some(range)
            }
        }
    }

    /// A blob's part of the chain, ours or another's.
    pub(super) fn add(&mut self, covered: Covered) {
        self.highest = self.highest.max(Some(covered.last));
        if covered.log() == Log::Hub {
            return self.landed.push(covered);
        }
        let before = |it: &Covered| it.last < covered.first && !it.ends_before(covered.first);
        let from = self.landed.partition_point(before);
        let until = |it: &Covered| it.first <= covered.last || covered.ends_before(it.first);
        let to = self.landed.partition_point(until);
        let joined = self.landed[from..to]
            .iter()
            .fold(covered, |sum, it| Covered {
                first: sum.first.min(it.first),
                last: sum.last.max(it.last),
                times: sum.times.and(it.times),
            });
        self.landed.splice(from..to, [joined]);
    }

    /// A batch was landed whole.
    pub(super) fn heard(&mut self, last: Position, now: Duration) {
        self.last = Some(last.sequence());
        self.heard = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landing::Times;

    fn range(first: u64, last: u64) -> Covered {
        Covered {
            first,
            last,
            times: Times::Stamped(None),
        }
    }

    #[test]
    fn offsets_are_found_in_whatever_order_they_were_added() {
        let mut memory = Memory::default();
        for (first, last) in [(20, 29), (0, 4), (5, 9), (12, 12), (10, 11), (40, 40)] {
            memory.add(range(first, last));
        }
        let landed: Vec<u64> = (0..50)
            .filter(|offset| memory.has_landed(Position::Offset(*offset)))
            .collect();
        let expected: Vec<u64> = (0..=12).chain(20..=29).chain([40]).collect();
        assert_eq!(landed, expected);
    }

    #[test]
    fn what_is_missing_lies_behind_the_greatest_that_is_known() {
        let mut memory = Memory::default();
        assert_eq!(memory.missing_before(7, None), 0, "nothing is known");
        assert_eq!(memory.missing_before(7, Some(6)), 0);
        assert_eq!(memory.missing_before(7, Some(3)), 3);
        assert_eq!(memory.missing_before(7, Some(9)), 0, "it went back");
        assert_eq!(memory.missing_before(0, Some(9)), 0);
        memory.add(range(0, 4));
        memory.add(range(20, 29));
        assert_eq!(memory.missing_before(7, None), 2);
        assert_eq!(memory.missing_before(7, Some(3)), 2, "others landed 4");
        assert_eq!(memory.missing_before(25, None), 0, "another life has it");
        assert_eq!(memory.missing_before(33, Some(3)), 3);
    }

    #[test]
    fn what_was_heard_long_ago_is_not_the_last() {
        let mut memory = Memory::default();
        memory.heard(Position::Offset(4), Duration::ZERO);
        assert_eq!(memory.last_heard(SILENCE), Some(4));
        assert_eq!(memory.last_heard(SILENCE + Duration::from_nanos(1)), None);
    }

    #[test]
    fn a_batch_that_leaves_something_out_does_not_join() {
        let mut memory = Memory::listed([Folder::Offsets(0)].into(), Vec::new());
        memory.heard(Position::Offset(4), Duration::ZERO);
        let joins = |offsets: &[u64]| {
            let batch: Vec<Position> = offsets.iter().copied().map(Position::Offset).collect();
            memory.joins(&batch, &[Folder::Offsets(0)].into(), Duration::ZERO)
        };
        assert!(joins(&[5, 6, 7]));
        assert!(!joins(&[6, 7]));
        assert!(!joins(&[5, 6, 9]));
        assert!(!joins(&[5, 6, 5]));
    }
}
