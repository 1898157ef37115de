//! What a committed blob says of itself: its metadata.

use crate::event::{EnqueuedTime, Position};
use crate::store::Metadata;

/// The version of this metadata, under the key `bronzegate`.
const VERSION: &str = "1";

/// More events than any request can hold: a greater count was never written.
const MOST: u64 = 1 << 32;

/// The greatest sequence number of Event Hubs, which writes them as signed numbers.
const LAST: u64 = i64::MAX as u64;

/// The events that a blob of a partition's chain stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// The first sequence number.
    pub first: u64,
    /// The last sequence number.
    pub last: u64,
    /// The least enqueued time.
    pub least: EnqueuedTime,
    /// The greatest enqueued time.
    pub greatest: EnqueuedTime,
}

impl Covered {
    /// What a stretch of a partition covers; `None` of nothing.
    pub fn of(positions: impl IntoIterator<Item = Position>) -> Option<Self> {
        let mut positions = positions.into_iter();
        let first = positions.next()?;
        let start = Self {
            first: first.sequence,
            last: first.sequence,
            least: first.enqueued,
            greatest: first.enqueued,
        };
        Some(positions.fold(start, |covered, position| Self {
            first: covered.first,
            last: position.sequence,
            least: covered.least.min(position.enqueued),
            greatest: covered.greatest.max(position.enqueued),
        }))
    }

    /// Whether this very event is among them: its sequence is, and so is its time. Another life
    /// of the hub has the same sequences at other times.
    pub fn covers(&self, position: Position) -> bool {
        (self.first..=self.last).contains(&position.sequence)
            && (self.least..=self.greatest).contains(&position.enqueued)
    }
}

/// A committed blob's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The events it stands for; none where their coordinates are not known.
    pub covered: Option<Covered>,
    /// How many of them were accepted: the lines of the bronze blob.
    pub accepted: u64,
    /// How many were rejected: the lines of the rejection blob of the same name.
    pub rejected: u64,
    /// The digest by which the outbox keeps the rejections until they are published.
    pub outbox: Option<String>,
    /// The digest of the schema catalog.
    pub catalog: String,
}

impl About {
    /// As it is kept beside the blob. The keys are `bronzegate` (the version, `1`), `first` and
    /// `last` (sequence numbers), `least` and `greatest` (enqueued times, ms since 1970),
    /// `accepted`, `rejected`, `outbox`, `catalog`.
    pub fn to_metadata(&self) -> Metadata {
        let mut metadata = Metadata::from([
            ("bronzegate".to_owned(), VERSION.to_owned()),
            ("accepted".to_owned(), self.accepted.to_string()),
            ("rejected".to_owned(), self.rejected.to_string()),
            ("catalog".to_owned(), self.catalog.clone()),
        ]);
        if let Some(covered) = self.covered {
            metadata.extend([
                ("first".to_owned(), covered.first.to_string()),
                ("last".to_owned(), covered.last.to_string()),
                ("least".to_owned(), covered.least.millis().to_string()),
                ("greatest".to_owned(), covered.greatest.millis().to_string()),
            ]);
        }
        if let Some(digest) = &self.outbox {
            metadata.insert("outbox".to_owned(), digest.clone());
        }
        metadata
    }

    /// Reads a blob's metadata; `None` where it is not ours.
    pub fn from_metadata(metadata: &Metadata) -> Option<Self> {
        let number = |key: &str| metadata.get(key)?.parse::<u64>().ok();
        let time = |key: &str| EnqueuedTime::from_millis(metadata.get(key)?.parse().ok()?);
        if metadata.get("bronzegate")? != VERSION {
            return None;
        }
        let covered = if metadata.contains_key("first") {
            let covered = Covered {
                first: number("first")?,
                last: number("last")?,
                least: time("least")?,
                greatest: time("greatest")?,
            };
            let forward = covered.first <= covered.last
                && covered.last <= LAST
                && covered.least <= covered.greatest;
            Some(forward.then_some(covered)?)
        } else {
            None
        };
        let about = Self {
            covered,
            accepted: number("accepted")?,
            rejected: number("rejected")?,
            outbox: metadata.get("outbox").cloned(),
            catalog: metadata.get("catalog")?.clone(),
        };
        // rejections and the digest under which they wait go together
        let together = (about.rejected > 0) == about.outbox.is_some();
        let counted = about.accepted <= MOST && about.rejected <= MOST;
        (together && counted).then_some(about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(sequence: u64, millis: i64) -> Position {
        Position {
            sequence,
            enqueued: EnqueuedTime::from_millis(millis).unwrap(),
        }
    }

    fn about() -> About {
        About {
            covered: Covered::of([position(5, 90), position(6, 70), position(9, 80)]),
            accepted: 2,
            rejected: 1,
            outbox: Some("ab".to_owned()),
            catalog: "cd".to_owned(),
        }
    }

    #[test]
    fn metadata_is_read_as_it_is_written() {
        let unknown = About {
            covered: None,
            rejected: 0,
            outbox: None,
            ..about()
        };
        for about in [about(), unknown] {
            assert_eq!(About::from_metadata(&about.to_metadata()), Some(about));
        }
    }

    #[test]
    fn metadata_that_lacks_something_is_not_ours() {
        for key in about().to_metadata().keys().filter(|key| *key != "first") {
            let mut metadata = about().to_metadata();
            metadata.remove(key);
            assert_eq!(About::from_metadata(&metadata), None, "without {key}");
        }
    }

    #[test]
    fn a_range_or_count_that_nobody_can_have_written_is_not_ours() {
        for (key, value) in [
            ("last", "4"),
            ("last", "9223372036854775808"),
            ("greatest", "69"),
            ("accepted", "4294967297"),
        ] {
            let mut metadata = about().to_metadata();
            metadata.insert(key.to_owned(), value.to_owned());
            assert_eq!(About::from_metadata(&metadata), None, "{key}");
        }
    }

    #[test]
    fn an_event_of_another_time_is_another_event() {
        let covered = about().covered.unwrap();
        assert!(covered.covers(position(6, 70)));
        assert!(covered.covers(position(7, 90)));
        assert!(!covered.covers(position(6, 91)));
        assert!(!covered.covers(position(10, 80)));
        assert!(!covered.covers(position(4, 80)));
    }
}
