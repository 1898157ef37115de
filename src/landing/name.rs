//! What blobs are called: a pure function of the coordinates of their first event.
//!
//! A hub's: `<stream>/date=2026-11-20/hour=12/<partition>-<sequence, 20 digits>-<enqueued ms>.json.gz`;
//! a topic's: `<stream>/offset=47/partition=<partition>/<partition>-<offset, 20 digits>.json.gz`,
//! where 47 is the offset divided by 1,000,000.

use std::fmt;

use super::folder::Folder;
use crate::encode::Compression;
use crate::event::{EnqueuedTime, Log, Partition, Position, Stream};
use crate::store::name;

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
        /// What the stream is.
        log: Log,
        /// The host's id of it.
        id: String,
        /// A digest of the events' bytes.
        digest: String,
    },
}

impl Place {
    /// What the stream is.
    pub fn log(&self) -> Log {
        match self {
            Self::Partition { first, .. } => first.log(),
            Self::Invocation { log, .. } => *log,
        }
    }
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
    /// another folder than its first event's.
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
        let (file, inner, outer, stream) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (log, unknown) = Folder::column(outer)?;
        let (stem, compression) = [Compression::Gzip, Compression::None]
            .into_iter()
            .find_map(|way| file.strip_suffix(way.ending()).map(|stem| (stem, way)))?;
        let (stem, replay) = match stem.strip_prefix(REPLAY).and_then(|it| it.rsplit_once('-')) {
            Some((stem, ordinal)) if stem.contains('-') => (stem, Some(ordinal.parse().ok()?)),
            _ => (stem, None),
        };
        let place = if unknown {
            let (id, digest) = stem.rsplit_once('-')?;
            Place::Invocation {
                log,
                id: id.to_owned(),
                digest: digest.to_owned(),
            }
        } else {
            let mut parts = stem.split('-');
            let (partition, sequence) = (parts.next()?, parts.next()?.parse().ok()?);
            if partition.is_empty() {
                return None;
            }
            let first = match log {
                Log::Hub => Position::Enqueued {
                    sequence,
                    time: EnqueuedTime::from_millis(parts.next()?.parse().ok()?)?,
                },
                Log::Topic => Position::Offset(sequence),
            };
            Place::Partition {
                partition: Partition::new(partition),
                first,
            }
        };
        let parsed = Self {
            stream: Stream::new(stream),
            place,
            replay,
            compression,
        };
        (!inner.is_empty()).then_some((kind, parsed))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replay = if self.replay.is_some() { REPLAY } else { "" };
        let stream = &self.stream;
        match &self.place {
            Place::Partition { partition, first } => {
                let (folder, sequence) = (Folder::of(*first).path(partition), first.sequence());
                write!(f, "{stream}/{folder}/{replay}{partition}-{sequence:020}")?;
                if let Position::Enqueued { time, .. } = first {
                    write!(f, "-{}", time.millis())?;
                }
            }
            Place::Invocation { log, id, digest } => {
                let folder = Folder::unknown(*log);
                write!(f, "{stream}/{folder}/{replay}{id}-{digest}")?;
            }
        }
        if let Some(ordinal) = self.replay {
            write!(f, "-{ordinal}")?;
        }
        f.write_str(self.compression.ending())
    }
}

/// What the names of a partition's blobs in one folder begin with.
pub fn chain_prefix(kind: Kind, stream: &Stream, partition: &Partition, folder: Folder) -> String {
    let folder = folder.path(partition);
    format!("{}/{stream}/{folder}/{partition}-", kind.folder())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Name {
        Name {
            stream: Stream::new("shop/orders"),
            place: Place::Partition {
                partition: Partition::new("3"),
                first: Position::Enqueued {
                    sequence: 47,
                    time: EnqueuedTime::from_millis(1_795_176_001_234).unwrap(),
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

    fn record() -> Name {
        Name {
            place: Place::Partition {
                partition: Partition::new("3"),
                first: Position::Offset(47_000_011),
            },
            ..name()
        }
    }

    #[test]
    fn a_records_name_says_stream_offset_and_partition() {
        let folder = "shop/orders/offset=47/partition=3";
        assert_eq!(
            record().blob(Kind::Bronze),
            format!("bronze/{folder}/3-00000000000047000011.json.gz")
        );
        assert_eq!(
            record().replayed(2).blob(Kind::Rejections),
            format!("rejections/{folder}/replay-3-00000000000047000011-2.json.gz")
        );
        let partition = Partition::new("3");
        let prefix = |folder| {
            chain_prefix(
                Kind::Bronze,
                &Stream::new("shop/orders"),
                &partition,
                folder,
            )
        };
        assert_eq!(
            prefix(Folder::Offsets(47)),
            "bronze/shop/orders/offset=47/partition=3/3-"
        );
        assert!(
            name()
                .blob(Kind::Bronze)
                .starts_with(&prefix(Folder::Hour(498_660)))
        );
    }

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let unknown = Name {
            place: Place::Invocation {
                log: Log::Hub,
                id: "f1248305-0000-4000-8000-000000000000".to_owned(),
                digest: "0123456789abcdef0123456789abcdef".to_owned(),
            },
            compression: Compression::None,
            ..name()
        };
        let called_replay = Name {
            place: Place::Partition {
                partition: Partition::new("replay"),
                first: Position::Enqueued {
                    sequence: 7,
                    time: EnqueuedTime::from_millis(0).unwrap(),
                },
            },
            ..name()
        };
        let unknown_record = Name {
            place: Place::Invocation {
                log: Log::Topic,
                id: "f1248305".to_owned(),
                digest: "0123".to_owned(),
            },
            ..name()
        };
        for name in [
            name(),
            record(),
            record().replayed(3),
            unknown.clone(),
            unknown.replayed(0),
            unknown_record.replayed(1),
            unknown_record,
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
    fn a_blob_in_another_folder_is_told_where_it_belongs() {
        let proper = name().blob(Kind::Rejections);
        for moved in [
            proper.replace("hour=12", "hour=11"),
            proper.replace("date=2026-11-20", "date=2026-11-21"),
        ] {
            assert_eq!(Name::belongs(&moved), Some(proper.clone()));
        }
        let record = record().blob(Kind::Bronze);
        for moved in ["offset=48/partition=3", "offset=47/partition=4"] {
            let moved = record.replace("offset=47/partition=3", moved);
            assert_eq!(Name::belongs(&moved), Some(record.clone()));
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
            "bronze/shop/orders/offset=0/partition=3/3-00000000000000000047-1795176001234.json.gz",
            "bronze/shop/orders/offset=1/partition=3/3-00000000000000000047.json.gz",
            "bronze/shop/orders/offset=00/partition=3/3-00000000000000000047.json.gz",
            "bronze/shop/orders/offset=0/partition=4/3-00000000000000000047.json.gz",
            "bronze/shop/orders/offset=0/3-00000000000000000047.json.gz",
            "bronze/shop/orders/date=2026-11-20/hour=12/3-00000000000000000047.json.gz",
        ] {
            assert_eq!(Name::parse(foreign), None, "{foreign}");
        }
    }
}
