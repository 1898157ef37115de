//! What blobs are called: a pure function of the coordinates of their first event.

use std::fmt;

use crate::encode::Compression;
use crate::event::{EnqueuedTime, Partition, Position, Stream};
use crate::store::name;

/// The folder of a partition column whose value is not known, as Hive and Spark write it: they
/// read it as null.
const UNKNOWN: &str = "__HIVE_DEFAULT_PARTITION__";

/// The folders at the top of a lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Accepted events; standing there is the commit.
    Bronze,
    /// Rejected events, published.
    Rejections,
}

impl Kind {
    /// The folder's name.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Bronze => "bronze",
            Self::Rejections => "rejections",
        }
    }
}

/// By what a blob is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// By the first event of a stretch of a partition's chain.
    Partition {
        /// The partition.
        partition: Partition,
        /// The first event's position.
        first: Position,
    },
    /// By the invocation, where coordinates are not known.
    Invocation {
        /// The host's id of it.
        id: String,
        /// A digest of the events' bytes.
        digest: String,
    },
}

/// The folder of rejections that are not published yet.
pub const OUTBOX: &str = "_outbox";

/// What the names of replays begin with, so that they stand beside the chain and not in it.
pub const REPLAY: &str = "replay-";

/// The name that a bronze blob, its rejection blob and its outbox entry share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The stream.
    pub stream: Stream,
    /// By what it is named.
    pub place: Place,
    /// Which replay of the rejections of that place it is, from 0; none where it is no replay.
    /// A replay's blob under `bronze/` holds events, and the one under `rejections/` says that
    /// they are resolved.
    pub replay: Option<u32>,
    /// Its ending.
    pub compression: Compression,
}

impl Name {
    /// The blob's whole name.
    pub fn blob(&self, kind: Kind) -> String {
        format!("{}/{self}", kind.folder())
    }

    /// The name of an outbox entry with this content.
    pub fn outbox(&self, digest: &str) -> String {
        format!("{OUTBOX}/{self}/{digest}")
    }

    /// The name of a replay of this place's rejections.
    pub fn replayed(&self, ordinal: u32) -> Self {
        Self {
            replay: Some(ordinal),
            ..self.clone()
        }
    }

    /// The name of the place itself.
    pub fn original(&self) -> Self {
        Self {
            replay: None,
            ..self.clone()
        }
    }

    /// Reads a blob's whole name; `None` for one that is not ours.
    pub fn parse(name: &str) -> Option<(Kind, Self)> {
        let (kind, parsed) = Self::read(name)?;
        // a name is ours only as we spell it: in its folder, with all its zeros
        (parsed.blob(kind) == name).then_some((kind, parsed))
    }

    /// The name that a blob should have whose file is named as we name it, and which stands in
    /// another folder than that of its hour.
    pub fn belongs(name: &str) -> Option<String> {
        let (kind, parsed) = Self::read(name)?;
        let proper = parsed.blob(kind);
        let file = |name: &str| name.rsplit('/').next().map(str::to_owned);
        (proper != name && file(&proper) == file(name)).then_some(proper)
    }

    fn read(name: &str) -> Option<(Kind, Self)> {
        name::check("parse", name).ok()?;
        let (top, rest) = name.split_once('/')?;
        let kind = match top {
            "bronze" => Kind::Bronze,
            "rejections" => Kind::Rejections,
            _ => return None,
        };
        let mut parts = rest.rsplitn(4, '/');
        let (file, hour, date, stream) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (stem, compression) = [Compression::Gzip, Compression::None]
            .into_iter()
            .find_map(|way| file.strip_suffix(way.ending()).map(|stem| (stem, way)))?;
        let (stem, replay) = match stem.strip_prefix(REPLAY).and_then(|it| it.rsplit_once('-')) {
            Some((stem, ordinal)) if stem.contains('-') => (stem, Some(ordinal.parse().ok()?)),
            _ => (stem, None),
        };
        let place = if date == format!("date={UNKNOWN}") {
            let (id, digest) = stem.rsplit_once('-')?;
            Place::Invocation {
                id: id.to_owned(),
                digest: digest.to_owned(),
            }
        } else {
            let mut parts = stem.split('-');
            let (partition, sequence, millis) = (parts.next()?, parts.next()?, parts.next()?);
            if partition.is_empty() {
                return None;
            }
            Place::Partition {
                partition: Partition::new(partition),
                first: Position {
                    sequence: sequence.parse().ok()?,
                    enqueued: EnqueuedTime::from_millis(millis.parse().ok()?)?,
                },
            }
        };
        let parsed = Self {
            stream: Stream::new(stream),
            place,
            replay,
            compression,
        };
        (!hour.is_empty()).then_some((kind, parsed))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replay = if self.replay.is_some() { REPLAY } else { "" };
        match &self.place {
            Place::Partition { partition, first } => write!(
                f,
                "{}{replay}{partition}-{:020}-{}",
                hour_folder(&self.stream, first.enqueued),
                first.sequence,
                first.enqueued.millis()
            ),
            Place::Invocation { id, digest } => write!(
                f,
                "{}/date={UNKNOWN}/hour={UNKNOWN}/{replay}{id}-{digest}",
                self.stream
            ),
        }?;
        if let Some(ordinal) = self.replay {
            write!(f, "-{ordinal}")?;
        }
        f.write_str(self.compression.ending())
    }
}

/// What the names of an hour's blobs of a partition begin with.
pub fn chain_prefix(
    kind: Kind,
    stream: &Stream,
    partition: &Partition,
    hour: EnqueuedTime,
) -> String {
    let folder = hour_folder(stream, hour);
    format!("{}/{folder}{partition}-", kind.folder())
}

fn hour_folder(stream: &Stream, hour: EnqueuedTime) -> String {
    let utc = hour.utc();
    format!(
        "{stream}/date={:04}-{:02}-{:02}/hour={:02}/",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Name {
        Name {
            stream: Stream::new("shop/orders"),
            place: Place::Partition {
                partition: Partition::new("3"),
                first: Position {
                    sequence: 47,
                    enqueued: EnqueuedTime::from_millis(1_795_176_001_234).unwrap(),
                },
            },
            replay: None,
            compression: Compression::Gzip,
        }
    }

    #[test]
    fn a_name_says_stream_hour_partition_sequence_and_time() {
        assert_eq!(
            name().blob(Kind::Bronze),
            "bronze/shop/orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.json.gz"
        );
        assert_eq!(
            name().replayed(2).blob(Kind::Rejections),
            "rejections/shop/orders/date=2026-11-20/hour=12/replay-3-00000000000000000047-1795176001234-2.json.gz"
        );
        assert_eq!(
            name().outbox("abc"),
            "_outbox/shop/orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.json.gz/abc"
        );
    }

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let unknown = Name {
            place: Place::Invocation {
                id: "f1248305-0000-4000-8000-000000000000".to_owned(),
                digest: "0123456789abcdef0123456789abcdef".to_owned(),
            },
            compression: Compression::None,
            ..name()
        };
        let called_replay = Name {
            place: Place::Partition {
                partition: Partition::new("replay"),
                first: Position {
                    sequence: 7,
                    enqueued: EnqueuedTime::from_millis(0).unwrap(),
                },
            },
            ..name()
        };
        for name in [
            name(),
            unknown.clone(),
            unknown.replayed(0),
            name().replayed(17),
        ]
        .into_iter()
        .chain([called_replay.clone(), called_replay.replayed(1)])
        {
            for kind in [Kind::Bronze, Kind::Rejections] {
                assert_eq!(Name::parse(&name.blob(kind)), Some((kind, name.clone())));
            }
        }
    }

    #[test]
    fn a_blob_in_another_hours_folder_is_told_where_it_belongs() {
        let proper = name().blob(Kind::Rejections);
        for moved in [
            proper.replace("hour=12", "hour=11"),
            proper.replace("date=2026-11-20", "date=2026-11-21"),
        ] {
            assert_eq!(Name::belongs(&moved), Some(proper.clone()));
        }
        assert_eq!(Name::belongs(&proper), None);
        assert_eq!(Name::belongs(&proper.replace("000047", "47")), None);
    }

    #[test]
    fn what_we_would_not_write_is_not_ours() {
        for foreign in [
            "",
            "bronze",
            "silver/shop/orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=13/3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=12/3-47-1795176001234.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.parquet",
            "bronze/shop/orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234-1.json.gz",
            "bronze/Shop/orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=12/readme.json",
            "bronze/shop/orders/date=2026-11-20/hour=12/-00000000000000000047-1795176001234.json.gz",
            "bronze/shop//orders/date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/../date=2026-11-20/hour=12/3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=12/replay-3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=12/replay-3-00000000000000000047-1795176001234-01.json.gz",
        ] {
            assert_eq!(Name::parse(foreign), None, "{foreign}");
        }
    }
}
