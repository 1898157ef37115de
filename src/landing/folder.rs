//! Which events share a folder: what a batch is cut by, and what is listed at once.

use std::fmt;

use crate::event::{EnqueuedTime, Log, Partition, Position};

/// The folder of a partition column whose value is not known, as Hive and Spark write it: they
/// read it as null.
const UNKNOWN: &str = "__HIVE_DEFAULT_PARTITION__";

/// The offsets that share a folder.
const OFFSETS: u64 = 1_000_000;

/// A folder below a stream's, as far as an event's position settles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Folder {
    /// An hour of a hub, in hours since 1970, UTC.
    Hour(i64),
    /// So many offsets of a topic's partition: the offset divided by 1,000,000.
    Offsets(u64),
}

impl Folder {
    /// The folder of an event.
    pub fn of(position: Position) -> Self {
        match position {
            Position::Enqueued { time, .. } => Self::Hour(time.hour()),
            Position::Offset(offset) => Self::Offsets(offset / OFFSETS),
        }
    }

    /// Its path below the stream's, as it is for this partition. A topic's has the partition, since
    /// so many of its blobs are listed at once.
    pub(super) fn path(self, partition: &Partition) -> impl fmt::Display {
        match self {
            Self::Hour(hour) => {
                // the hour is that of a time between 1970 and 9999
                let start = EnqueuedTime::from_millis(hour * 3_600_000);
                let utc = start.unwrap_or(EnqueuedTime::LAST).utc();
                format!(
                    "date={:04}-{:02}-{:02}/hour={:02}",
                    utc.year(),
                    u8::from(utc.month()),
                    utc.day(),
                    utc.hour()
                )
            }
            Self::Offsets(number) => format!("offset={number}/partition={partition}"),
        }
    }

    /// The path of events whose coordinates are not known.
    pub(super) fn unknown(log: Log) -> impl fmt::Display {
        let (outer, inner) = match log {
            Log::Hub => ("date", "hour"),
            Log::Topic => ("offset", "partition"),
        };
        format!("{outer}={UNKNOWN}/{inner}={UNKNOWN}")
    }

    /// What a stream is that has a folder of this name, and whether it is that of what is not
    /// known; `None` where it is none of ours.
    pub fn column(folder: &str) -> Option<(Log, bool)> {
        let (column, value) = folder.split_once('=')?;
        let log = match column {
            "date" => Log::Hub,
            "offset" => Log::Topic,
            _ => return None,
        };
        Some((log, value == UNKNOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_an_hour_or_a_million_offsets() {
        let partition = Partition::new("7");
        for (position, path) in [
            (
                Position::Enqueued {
                    sequence: 2_000_000,
                    time: EnqueuedTime::from_millis(1_795_176_001_234).unwrap(),
                },
                "date=2026-11-20/hour=12",
            ),
            (Position::Offset(0), "offset=0/partition=7"),
            (Position::Offset(999_999), "offset=0/partition=7"),
            (Position::Offset(1_000_000), "offset=1/partition=7"),
            (
                Position::Offset(i64::MAX as u64),
                "offset=9223372036854/partition=7",
            ),
        ] {
            assert_eq!(Folder::of(position).path(&partition).to_string(), path);
        }
    }
}
