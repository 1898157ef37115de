//! A partition's chain: which sequence numbers are landed, life by life, and what is missing.
//!
//! A hub that is made anew, and the other side of a failover, begin their sequence numbers anew: a
//! life. The same numbers at other times are other events, so what does not fit into a life, by
//! number and by time, begins another one. A topic has one life.

use super::report::{GapReport, LifeReport, RangeReport};
use crate::event::{EnqueuedTime, Log};
use crate::landing::{Covered, Times};

/// How far a broker's clock may step back within one life, in milliseconds.
pub(super) const SKEW: i64 = 10 * 60 * 1_000;

/// Ranges up to which lives are settled: beyond, so much is missing that it does not matter.
const SETTLED: usize = 10_000;

/// What is landed of a partition; fed in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chain {
    lives: Vec<Life>,
}

/// Ranges without a gap, in order and not adjacent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Life(Vec<Covered>);

/// What is missing between two ranges of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// The range before it.
    below: Covered,
    /// The range behind it.
    above: Covered,
}

impl Gap {
    /// The first number that is missing.
    pub(super) fn first(&self) -> u64 {
        self.below.last + 1
    }

    /// The last one.
    pub(super) fn last(&self) -> u64 {
        self.above.first - 1
    }

    /// What it is missing in.
    pub(super) fn log(&self) -> Log {
        self.below.log()
    }

    /// The time of the last event before it, where it is known.
    pub(super) fn after(&self) -> Option<EnqueuedTime> {
        self.below.times.ends().map(|(_, greatest)| greatest)
    }

    /// The time of the first event behind it, where it is known.
    pub(super) fn before(&self) -> Option<EnqueuedTime> {
        self.above.times.ends().map(|(least, _)| least)
    }
}

/// Which times were looked at: what lies outside was not, and explains a gap at its edge. A topic
/// is looked at whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// From this time on.
    pub(super) from: Option<EnqueuedTime>,
    /// Until before this time.
    pub(super) until: Option<EnqueuedTime>,
}

impl Window {
    /// Whether what is missing may stand in what was not looked at.
    fn explains(&self, gap: &Gap) -> bool {
        let (Times::Enqueued(_, after), Times::Enqueued(before, _)) =
            (gap.below.times, gap.above.times)
        else {
            return false;
        };
        self.from
            .is_some_and(|from| after.millis() < from.millis() + SKEW)
            || self
                .until
                .is_some_and(|until| before.millis() >= until.millis() - SKEW)
    }
}

impl Chain {
    /// Adds what a blob, or several that join on, cover.
    pub(super) fn add(&mut self, covered: Covered) {
        for life in self.lives.iter_mut().rev() {
            if let Some(at) = life.place(covered) {
                return life.insert(at, covered);
            }
        }
        self.lives.push(Life(vec![covered]));
    }

    /// Puts what began a life of its own, since a clock stepped far, into the life that it joins on
    /// to, now that all is known.
    pub(super) fn settle(&mut self) {
        let ranges: usize = self.lives.iter().map(|life| life.0.len()).sum();
        let mut moved = self.lives.len() > 1 && ranges <= SETTLED;
        while moved {
            moved = false;
            for from in 0..self.lives.len() {
                for range in std::mem::take(&mut self.lives[from].0) {
                    let lives = 0..self.lives.len();
                    let joined = lives.filter(|life| *life != from).find_map(|life| {
                        let (at, joins_on) = self.lives[life].free(range)?;
                        joins_on.then_some((life, at))
                    });
                    match joined {
                        Some((life, at)) => {
                            self.lives[life].insert(at, range);
                            moved = true;
                        }
                        None => self.lives[from].0.push(range),
                    }
                }
            }
            self.lives.retain(|life| !life.0.is_empty());
        }
    }

    /// What is missing and not explained by what was not looked at.
    pub(super) fn gaps(&self, window: Window) -> impl Iterator<Item = Gap> {
        self.lives
            .iter()
            .flat_map(Life::gaps)
            .filter(move |gap| !window.explains(gap))
    }

    /// Where it begins and ends: the first number of the first life, and the last of the last.
    pub(super) fn report(&self, window: Window) -> Vec<LifeReport> {
        let life = |life: &Life| LifeReport {
            ranges: life.0.iter().map(range).collect(),
            gaps: life
                .gaps()
                .filter(|gap| !window.explains(gap))
                .map(|gap| GapReport {
                    first: gap.first(),
                    last: gap.last(),
                    after: gap.after().map(|time| time.to_string()),
                    before: gap.before().map(|time| time.to_string()),
                })
                .collect(),
        };
        self.lives.iter().map(life).collect()
    }
}

impl Life {
    /// Where there is room for it: no number of it is landed in this life. And whether it joins on
    /// to what is.
    fn free(&self, covered: Covered) -> Option<(usize, bool)> {
        let at = self.0.partition_point(|range| range.first < covered.first);
        let below = at.checked_sub(1).map(|index| self.0[index]);
        let above = self.0.get(at);
        let free = below.is_none_or(|below| below.last < covered.first)
            && above.is_none_or(|above| covered.last < above.first);
        let joins_on = below.is_some_and(|below| joins(&below, &covered))
            || above.is_some_and(|above| joins(&covered, above));
        free.then_some((at, joins_on))
    }

    /// Where it fits in: there is room, and it joins on or its time lies between those of its
    /// neighbours.
    fn place(&self, covered: Covered) -> Option<usize> {
        let (at, joins_on) = self.free(covered)?;
        let below = at.checked_sub(1).map(|index| self.0[index]);
        let in_time = below.is_none_or(|below| follows(&below, &covered))
            && self.0.get(at).is_none_or(|above| precedes(&covered, above));
        (joins_on || in_time).then_some(at)
    }

    fn insert(&mut self, at: usize, covered: Covered) {
        let join = |one: Covered, next: Covered| Covered {
            first: one.first,
            last: next.last,
            times: one.times.and(next.times),
        };
        let mut covered = covered;
        let mut replaced = at..at;
        if let Some(above) = self.0.get(at).filter(|above| joins(&covered, above)) {
            covered = join(covered, *above);
            replaced.end += 1;
        }
        if let Some(below) = at.checked_sub(1).map(|index| self.0[index])
            && joins(&below, &covered)
        {
            covered = join(below, covered);
            replaced.start -= 1;
        }
        self.0.splice(replaced, [covered]);
    }

    fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.0.windows(2).map(|pair| Gap {
            below: pair[0],
            above: pair[1],
        })
    }
}

fn joins(one: &Covered, next: &Covered) -> bool {
    one.ends_before(next.first)
}

/// Whether the second ends no earlier than the first, as far as a clock says so that can be trusted.
pub(super) fn follows(one: &Covered, next: &Covered) -> bool {
    match (one.times, next.times) {
        (Times::Enqueued(_, one), Times::Enqueued(_, next)) => one.millis() <= next.millis() + SKEW,
        _ => true,
    }
}

/// The same of where they begin.
fn precedes(one: &Covered, next: &Covered) -> bool {
    match (one.times, next.times) {
        (Times::Enqueued(one, _), Times::Enqueued(next, _)) => one.millis() <= next.millis() + SKEW,
        _ => true,
    }
}

fn range(covered: &Covered) -> RangeReport {
    RangeReport {
        first: covered.first,
        last: covered.last,
        least: covered.times.ends().map(|(least, _)| least.to_string()),
        greatest: covered
            .times
            .ends()
            .map(|(_, greatest)| greatest.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes to a time.
    fn at(minutes: i64) -> EnqueuedTime {
        EnqueuedTime::from_millis(1_700_000_000_000 + minutes * 60_000).unwrap()
    }

    fn covered(first: u64, last: u64, from: i64, to: i64) -> Covered {
        Covered {
            first,
            last,
            times: Times::Enqueued(at(from), at(to)),
        }
    }

    fn chain(blobs: &[(u64, u64, i64, i64)]) -> Chain {
        let mut chain = Chain::default();
        for (first, last, from, to) in blobs {
            chain.add(covered(*first, *last, *from, *to));
        }
        chain
    }

    fn lives(chain: &Chain) -> Vec<Vec<(u64, u64)>> {
        let ranges = |life: &Life| life.0.iter().map(|it| (it.first, it.last)).collect();
        chain.lives.iter().map(ranges).collect()
    }

    fn gaps(chain: &Chain, window: Window) -> Vec<(u64, u64)> {
        chain
            .gaps(window)
            .map(|gap| (gap.first(), gap.last()))
            .collect()
    }

    #[test]
    fn blobs_that_join_on_are_one_range() {
        let whole = chain(&[(5, 9, 0, 1), (10, 99, 2, 60), (100, 100, 60, 60)]);
        assert_eq!(lives(&whole), [[(5, 100)]]);
        assert_eq!(gaps(&whole, Window::default()), []);
    }

    #[test]
    fn what_is_missing_between_is_a_gap() {
        let gapped = chain(&[(0, 9, 0, 1), (20, 29, 2, 3), (40, 40, 4, 5)]);
        assert_eq!(gaps(&gapped, Window::default()), [(10, 19), (30, 39)]);
    }

    #[test]
    fn a_clock_that_steps_back_makes_no_gap() {
        // 101 was taken a minute before 100, and so stands in the hour before
        let stepped = chain(&[
            (0, 99, 0, 58),
            (101, 101, 59, 59),
            (100, 100, 60, 60),
            (102, 110, 61, 62),
        ]);
        assert_eq!(lives(&stepped), [[(0, 110)]]);
    }

    #[test]
    fn a_clock_that_steps_far_begins_no_life_in_the_end() {
        let mut stepped = chain(&[(0, 99, 0, 50), (111, 120, 20, 21), (100, 110, 61, 62)]);
        assert_eq!(stepped.lives.len(), 2);
        stepped.settle();
        assert_eq!(lives(&stepped), [[(0, 120)]]);
    }

    #[test]
    fn a_hub_made_anew_begins_another_life() {
        let anew = chain(&[(1_000, 5_000, 0, 60), (0, 50, 75, 76), (51, 2_000, 77, 90)]);
        assert_eq!(lives(&anew), [vec![(1_000, 5_000)], vec![(0, 2_000)]]);
        assert_eq!(gaps(&anew, Window::default()), []);
        let same_numbers = chain(&[(0, 100, 0, 60), (0, 100, 61, 62)]);
        assert_eq!(lives(&same_numbers).len(), 2);
    }

    #[test]
    fn a_gap_at_the_edge_of_what_was_looked_at_is_explained() {
        // 10 was taken before midnight, and that day is purged
        let edge = chain(&[(9, 9, 0, 0), (11, 20, 1, 20), (30, 40, 60, 61)]);
        let window = |from: Option<i64>, until: Option<i64>| Window {
            from: from.map(at),
            until: until.map(at),
        };
        assert_eq!(gaps(&edge, window(Some(0), None)), [(21, 29)]);
        assert_eq!(gaps(&edge, window(None, Some(62))), [(10, 10)]);
        assert_eq!(gaps(&edge, window(None, Some(90))), [(10, 10), (21, 29)]);
        assert_eq!(
            gaps(&edge, window(Some(-60), Some(120))),
            [(10, 10), (21, 29)]
        );
    }
}
