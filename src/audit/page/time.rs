//! The times of a page, and where they stand on its axis.

use crate::decode::enqueued_time;
use crate::event::EnqueuedTime;

use super::super::report::StreamReport;

/// The times that a stream's pictures show, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    /// All that a stream has landed; `None` where that is nothing.
    pub(super) fn of(stream: &StreamReport) -> Option<Self> {
        let buckets = || stream.partitions.iter().flat_map(|it| &it.timeline);
        let from = buckets().map(|it| it.start).min()?;
        let to = buckets().map(|it| it.start + it.width).max()?;
        Some(Self { from, to })
    }

    /// Where a stretch of time begins, and how wide it is.
    pub(super) fn span(self, from: i64, to: i64, width: f64) -> (f64, f64) {
        let length = (self.to - self.from).max(1) as f64;
        let at = |time: i64| width * (time - self.from).max(0) as f64 / length;
        (at(from), (at(to) - at(from)).max(0.0))
    }

    /// The times at its left, middle and right, as short as they can be told apart.
    pub(super) fn labels(self) -> [String; 3] {
        let middle = i64::midpoint(self.from, self.to);
        [self.from, middle, self.to].map(short)
    }
}

/// Milliseconds since 1970 of a time in a report, which wrote it itself; `None` where it is not
/// known.
pub(super) fn millis(time: Option<&String>) -> Option<i64> {
    enqueued_time(time?).map(EnqueuedTime::millis)
}

/// `2026-11-20 12:00:01`, in UTC.
pub(super) fn short(millis: i64) -> String {
    let text = EnqueuedTime::from_millis(millis).map_or_else(String::new, |it| it.to_string());
    text.get(..19).unwrap_or_default().replace('T', " ")
}

/// `5 s`, `10 min`, `3 h`, `2 days`.
pub(super) fn long(millis: i64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
