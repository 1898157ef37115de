//! What a committed blob says of itself: its metadata.

use super::name::Name;
use super::ranges;
use crate::event::{EnqueuedTime, Log, Position};
use crate::store::Metadata;

/// The version of this metadata, under the key `bronzegate`.
const VERSION: &str = "1";

/// More events than any request can hold: a greater count was never written.
const MOST: u64 = 1 << 32;

/// The greatest sequence number of Event Hubs and offset of Kafka, which write signed numbers.
const LAST: u64 = i64::MAX as u64;

/// Events of a partition's chain that a blob stands for: every number from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// The first sequence number or offset.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Their times.
    pub times: Times,
}

/// The times of the events that a blob stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// The least and the greatest enqueued time, by which the lives of a hub are told apart.
    Enqueued(EnqueuedTime, EnqueuedTime),
    /// The least and the greatest timestamp of all records of the blob, as far as they have one.
    Stamped(Option<(EnqueuedTime, EnqueuedTime)>),
}

impl Covered {
    /// What some events of a partition, in order, are covered by. Of a hub it is one range; of a
    /// topic as many as its offsets have holes, and one more. A topic's records come with their
    /// timestamps.
    pub fn of(events: impl IntoIterator<Item = (Position, Option<EnqueuedTime>)>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut stamps = None;
        for (position, stamp) in events {
            let times = match position {
                Position::Enqueued { time, .. } => Times::Enqueued(time, time),
                Position::Offset(_) => Times::Stamped(None),
            };
            let sequence = position.sequence();
            stamps = widened(stamps, stamp.map(|stamp| (stamp, stamp)));
            match all.last_mut() {
                Some(range) if position.log() == Log::Hub || range.ends_before(sequence) => {
                    range.last = sequence;
                    range.times = range.times.and(times);
                }
                _ => all.push(Self {
                    first: sequence,
                    last: sequence,
                    times,
                }),
            }
        }
        for range in &mut all {
            if let Times::Stamped(of_all) = &mut range.times {
                *of_all = stamps;
            }
        }
        all
    }

    /// Whether this very event is among them. Of a hub its sequence has to be, and its time:
    /// another life has the same sequences at other times.
    pub fn covers(&self, position: Position) -> bool {
        (self.first..=self.last).contains(&position.sequence())
            && match (self.times, position) {
                (Times::Enqueued(least, greatest), Position::Enqueued { time, .. }) => {
                    (least..=greatest).contains(&time)
                }
                (Times::Stamped(_), Position::Offset(_)) => true,
                _ => false,
            }
    }

    /// Whether an event may be among them and among the others, too.
    pub fn overlaps(&self, other: &Self) -> bool {
        let numbers = self.first <= other.last && other.first <= self.last;
        numbers
            && match (self.times, other.times) {
                (Times::Enqueued(least, greatest), Times::Enqueued(from, to)) => {
                    least <= to && from <= greatest
                }
                _ => true,
            }
    }

    /// Whether a record with this timestamp can't be one of them: a record never changes it.
    pub fn refutes(&self, stamp: Option<EnqueuedTime>) -> bool {
        match (self.times, stamp) {
            (Times::Stamped(Some((least, greatest))), Some(stamp)) => {
                !(least..=greatest).contains(&stamp)
            }
            _ => false,
        }
    }

    /// What they are events of.
    pub fn log(&self) -> Log {
        match self.times {
            Times::Enqueued(..) => Log::Hub,
            Times::Stamped(_) => Log::Topic,
        }
    }

    /// Whether the number that follows the last one is this.
    pub fn ends_before(&self, sequence: u64) -> bool {
        self.last.checked_add(1) == Some(sequence)
    }
}

impl Times {
    /// The least and the greatest, where they are known.
    pub fn ends(self) -> Option<(EnqueuedTime, EnqueuedTime)> {
        match self {
            Self::Enqueued(least, greatest) => Some((least, greatest)),
            Self::Stamped(stamps) => stamps,
        }
    }

    /// These times and others of the same log.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Enqueued(least, greatest), Self::Enqueued(from, to)) => {
                Self::Enqueued(least.min(from), greatest.max(to))
            }
            _ => Self::Stamped(widened(self.ends(), other.ends())),
        }
    }
}

type Ends = Option<(EnqueuedTime, EnqueuedTime)>;

fn widened(one: Ends, other: Ends) -> Ends {
    match (one, other) {
        (Some((least, greatest)), Some((from, to))) => Some((least.min(from), greatest.max(to))),
        _ => one.or(other),
    }
}

/// A committed blob's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The events it stands for, in order; none where their coordinates are not known. A blob of a
    /// hub has one range.
    pub covered: Vec<Covered>,
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
    /// `last` (sequence numbers or offsets), `least` and `greatest` (enqueued times or timestamps,
    /// ms since 1970), `accepted`, `rejected`, `outbox`, `catalog`; of a topic `offsets` as well
    /// (`47-60,62`), and the times only where they are known.
    pub fn to_metadata(&self) -> Metadata {
        let mut metadata = Metadata::from([
            ("bronzegate".to_owned(), VERSION.to_owned()),
            ("accepted".to_owned(), self.accepted.to_string()),
            ("rejected".to_owned(), self.rejected.to_string()),
            ("catalog".to_owned(), self.catalog.clone()),
        ]);
        let mut add = |key: &str, value: String| metadata.insert(key.to_owned(), value);
        if let (Some(first), Some(last)) = (self.covered.first(), self.covered.last()) {
            add("first", first.first.to_string());
            add("last", last.last.to_string());
            if let Some((least, greatest)) = first.times.ends() {
                add("least", least.millis().to_string());
                add("greatest", greatest.millis().to_string());
            }
            if first.log() == Log::Topic {
                add("offsets", ranges::text(&self.covered));
            }
        }
        if let Some(digest) = &self.outbox {
            add("outbox", digest.clone());
        }
        metadata
    }

    /// Reads a blob's metadata; `None` where it is not ours.
    pub fn from_metadata(metadata: &Metadata) -> Option<Self> {
        let number = |key: &str| metadata.get(key)?.parse::<u64>().ok();
        if metadata.get("bronzegate")? != VERSION {
            return None;
        }
        let covered = if metadata.contains_key("first") {
            covered((number("first")?, number("last")?), metadata)?
        } else {
            Vec::new()
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

    /// What the blob of this name says of itself; `None` where it is not ours, or of another kind
    /// of log than its name.
    pub fn of(name: &Name, metadata: &Metadata) -> Option<Self> {
        Self::from_metadata(metadata)
            .filter(|about| about.covered.iter().all(|it| it.log() == name.place.log()))
    }

    /// The first and the last number that it stands for.
    pub fn span(&self) -> Option<(u64, u64)> {
        Some((self.covered.first()?.first, self.covered.last()?.last))
    }

    /// Whether it stands for this very event.
    pub fn covers(&self, position: Position) -> bool {
        self.covered.iter().any(|range| range.covers(position))
    }

    /// How many numbers it stands for.
    pub fn numbers(&self) -> u128 {
        let of = |range: &Covered| u128::from(range.last - range.first) + 1;
        self.covered.iter().map(of).sum()
    }
}

/// The ranges that metadata says, between these ends; `None` where nobody can have written it.
fn covered((first, last): (u64, u64), metadata: &Metadata) -> Option<Vec<Covered>> {
    let time = |key: &str| EnqueuedTime::from_millis(metadata.get(key)?.parse().ok()?);
    let ends = if metadata.contains_key("least") || metadata.contains_key("greatest") {
        Some((time("least")?, time("greatest")?))
    } else {
        None
    };
    if first > last || last > LAST || ends.is_some_and(|(from, to)| from > to) {
        return None;
    }
    let Some(text) = metadata.get("offsets") else {
        let times = ends.map(|(from, to)| Times::Enqueued(from, to))?;
        return Some(vec![Covered { first, last, times }]);
    };
    let ranges = ranges::parse(text)?;
    let whole = ranges.first()?.0 == first && ranges.last()?.1 == last;
    let range = |(first, last)| Covered {
        first,
        last,
        times: Times::Stamped(ends),
    };
    whole.then(|| ranges.into_iter().map(range).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(sequence: u64, millis: i64) -> Position {
        let time = EnqueuedTime::from_millis(millis).unwrap();
        Position::Enqueued { sequence, time }
    }

    fn about() -> About {
        let positions = [position(5, 90), position(6, 70), position(9, 80)];
        About {
            covered: Covered::of(positions.map(|position| (position, None))),
            accepted: 2,
            rejected: 1,
            outbox: Some("ab".to_owned()),
            catalog: "cd".to_owned(),
        }
    }

    fn of_topic() -> About {
        let records = [(5, Some(90)), (6, None), (9, Some(80))];
        let records = records.map(|(offset, millis)| {
            let stamp = millis.and_then(EnqueuedTime::from_millis);
            (Position::Offset(offset), stamp)
        });
        About {
            covered: Covered::of(records),
            ..about()
        }
    }

    #[test]
    fn metadata_is_read_as_it_is_written() {
        let unknown = About {
            covered: Vec::new(),
            rejected: 0,
            outbox: None,
            ..about()
        };
        let unstamped = About {
            covered: Covered::of([(Position::Offset(7), None)]),
            ..about()
        };
        for about in [about(), of_topic(), unknown, unstamped] {
            assert_eq!(About::from_metadata(&about.to_metadata()), Some(about));
        }
    }

    #[test]
    fn metadata_that_lacks_something_is_not_ours() {
        let topic = of_topic().to_metadata();
        assert_eq!(topic["offsets"], "5-6,9");
        for metadata in [about().to_metadata(), topic] {
            // without its offsets it would be a hub's, and its folder says that it is not
            let keys = metadata.keys();
            for key in keys.filter(|key| *key != "first" && *key != "offsets") {
                let mut metadata = metadata.clone();
                metadata.remove(key);
                assert_eq!(About::from_metadata(&metadata), None, "without {key}");
            }
        }
    }

    #[test]
    fn a_range_or_count_that_nobody_can_have_written_is_not_ours() {
        for (key, value) in [
            ("last", "4"),
            ("last", "9223372036854775808"),
            ("greatest", "69"),
            ("accepted", "4294967297"),
            ("offsets", "5-8"),
            ("offsets", "4-9"),
            ("offsets", "5-6,6-9"),
        ] {
            let mut metadata = of_topic().to_metadata();
            metadata.insert(key.to_owned(), value.to_owned());
            assert_eq!(About::from_metadata(&metadata), None, "{key}");
        }
    }

    #[test]
    fn an_event_of_another_time_is_another_event() {
        let about = about();
        assert!(about.covers(position(6, 70)));
        assert!(about.covers(position(7, 90)));
        assert!(!about.covers(position(6, 91)));
        assert!(!about.covers(position(10, 80)));
        assert!(!about.covers(position(4, 80)));
        assert!(!about.covers(Position::Offset(6)));
    }

    #[test]
    fn a_record_is_known_by_its_offset_and_a_hole_stands_for_nothing() {
        let about = of_topic();
        for offset in [5, 6, 9] {
            assert!(about.covers(Position::Offset(offset)));
        }
        for offset in [4, 7, 8, 10] {
            assert!(!about.covers(Position::Offset(offset)));
        }
        assert!(!about.covers(position(5, 90)));
        let stamped = |millis| EnqueuedTime::from_millis(millis);
        let range = about.covered[1];
        assert!(!range.refutes(stamped(90)) && !range.refutes(None));
        assert!(range.refutes(stamped(91)) && range.refutes(stamped(79)));
    }
}
