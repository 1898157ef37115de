//! What was landed when, in buckets that grow with the time they have to show.

use std::collections::BTreeMap;

use super::report::Bucket;
use crate::event::EnqueuedTime;

/// The most buckets from the first to the last.
const MOST: i64 = 360;

/// Widths of buckets in seconds, each a multiple of the one before; then they double.
const WIDTHS: [i64; 13] = [
    1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400,
];

/// Counts of accepted and rejected events over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Timeline {
    /// An index into the widths.
    step: u32,
    buckets: BTreeMap<i64, (u64, u64)>,
}

impl Timeline {
    /// Adds a blob's events, spread evenly over its time.
    pub(super) fn add(
        &mut self,
        (from, to): (EnqueuedTime, EnqueuedTime),
        accepted: u64,
        rejected: u64,
    ) {
        self.make_room(from.millis(), to.millis());
        let width = self.width();
        let (first, last) = (from.millis() / width, to.millis() / width);
        let buckets = (last - first + 1) as u64;
        // what falls into the first so many buckets, so that nothing is lost by rounding
        let up_to = |count: u64, bucket: u64| {
            (u128::from(count) * u128::from(bucket) / u128::from(buckets)) as u64
        };
        for (index, bucket) in (0..buckets).zip(first..) {
            let share = |count| up_to(count, index + 1) - up_to(count, index);
            let (accepted, rejected) = (share(accepted), share(rejected));
            if accepted + rejected > 0 {
                let sums = self.buckets.entry(bucket).or_insert((0, 0));
                sums.0 += accepted;
                sums.1 += rejected;
            }
        }
    }

    /// Adds another one.
    pub(super) fn merge(&mut self, mut other: Self) {
        let step = self.step.max(other.step);
        self.coarsen(step);
        other.coarsen(step);
        for (bucket, (accepted, rejected)) in other.buckets {
            let sums = self.buckets.entry(bucket).or_insert((0, 0));
            sums.0 += accepted;
            sums.1 += rejected;
        }
        if let (Some((first, _)), Some((last, _))) = (
            self.buckets.first_key_value(),
            self.buckets.last_key_value(),
        ) {
            let width = self.width();
            self.make_room(first * width, last * width);
        }
    }

    /// How wide its buckets are: a step on the ladder of widths.
    pub(super) fn step(&self) -> u32 {
        self.step
    }

    /// Makes the buckets as wide as this step says, where they are narrower.
    pub(super) fn coarsen(&mut self, step: u32) {
        if step <= self.step {
            return;
        }
        let narrow = self.width();
        self.step = step;
        let wide = self.width();
        for (bucket, (accepted, rejected)) in std::mem::take(&mut self.buckets) {
            let sums = self.buckets.entry(bucket * narrow / wide).or_insert((0, 0));
            sums.0 += accepted;
            sums.1 += rejected;
        }
    }

    /// Coarsens the buckets until these times fit beside those that are there.
    fn make_room(&mut self, from: i64, to: i64) {
        loop {
            let width = self.width();
            let ends = (
                self.buckets.first_key_value(),
                self.buckets.last_key_value(),
            );
            let (first, last) = match ends {
                (Some((first, _)), Some((last, _))) => {
                    ((*first).min(from / width), (*last).max(to / width))
                }
                _ => (from / width, to / width),
            };
            if last - first < MOST {
                return;
            }
            self.coarsen(self.step + 1);
        }
    }

    /// Milliseconds of a bucket.
    fn width(&self) -> i64 {
        let last = WIDTHS.len() - 1;
        let seconds = match WIDTHS.get(self.step as usize) {
            Some(seconds) => *seconds,
            None => WIDTHS[last] << (self.step as usize - last),
        };
        seconds * 1_000
    }

    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let width = self.width();
        let buckets = self.buckets.iter();
        buckets
            .map(|(bucket, (accepted, rejected))| Bucket {
                start: bucket * width,
                width,
                accepted: *accepted,
                rejected: *rejected,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> EnqueuedTime {
        EnqueuedTime::from_millis(seconds * 1_000).unwrap()
    }

    fn sums(timeline: &Timeline) -> (u64, u64) {
        let sum = |of: fn(&Bucket) -> u64| timeline.buckets().iter().map(of).sum();
        (sum(|it| it.accepted), sum(|it| it.rejected))
    }

    #[test]
    fn a_blob_is_spread_over_its_seconds() {
        let mut timeline = Timeline::default();
        timeline.add((time(100), time(103)), 10, 1);
        let accepted: Vec<u64> = timeline.buckets().iter().map(|it| it.accepted).collect();
        assert_eq!(accepted, [2, 3, 2, 3]);
        assert_eq!(sums(&timeline), (10, 1));
    }

    #[test]
    fn nothing_is_lost_however_long_it_takes() {
        let mut timeline = Timeline::default();
        for n in 0..1_000 {
            timeline.add((time(n * 86_400 * 3), time(n * 86_400 * 3 + 700)), 7, 2);
        }
        let mut other = Timeline::default();
        other.add((time(5), time(6)), 1, 1);
        other.merge(timeline.clone());
        timeline.add((EnqueuedTime::LAST, EnqueuedTime::LAST), 1, 1);
        for timeline in [timeline, other] {
            assert_eq!(sums(&timeline), (7_001, 2_001));
            let buckets = timeline.buckets();
            let width = buckets[0].width;
            let span = buckets[buckets.len() - 1].start - buckets[0].start;
            assert!(span / width < MOST);
            assert!(buckets.iter().all(|it| it.start % width == 0));
        }
    }

    #[test]
    fn each_width_is_a_multiple_of_the_one_before() {
        assert!(WIDTHS.windows(2).all(|pair| pair[1] % pair[0] == 0));
    }
}
