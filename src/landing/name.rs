//! What blobs are called: a pure function of the coordinates of their first event.

use std::fmt;

use crate::encode::Compression;
use crate::event::{EnqueuedTime, Partition, Position, Stream};

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
    fn folder(self) -> &'static str {
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

/// The name that a bronze blob, its rejection blob and its outbox entry share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The stream.
    pub stream: Stream,
    /// By what it is named.
    pub place: Place,
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
        format!("_outbox/{self}/{digest}")
    }

    /// Reads a blob's whole name; `None` for one that is not ours.
    pub fn parse(name: &str) -> Option<(Kind, Self)> {
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
        let place = if date == format!("date={UNKNOWN}") {
            let (id, digest) = stem.rsplit_once('-')?;
            Place::Invocation {
                id: id.to_owned(),
                digest: digest.to_owned(),
            }
        } else {
            let mut parts = stem.split('-');
            let (partition, sequence, millis) = (parts.next()?, parts.next()?, parts.next()?);
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
            compression,
        };
        // a name is ours only as we spell it: in its folder, with all its zeros
        (parsed.blob(kind) == name && !hour.is_empty()).then_some((kind, parsed))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stream, ending) = (&self.stream, self.compression.ending());
        match &self.place {
            Place::Partition { partition, first } => write!(
                f,
                "{}{:020}-{}{ending}",
                chain(stream, partition, first.enqueued),
                first.sequence,
                first.enqueued.millis()
            ),
            Place::Invocation { id, digest } => write!(
                f,
                "{stream}/date={UNKNOWN}/hour={UNKNOWN}/{id}-{digest}{ending}"
            ),
        }
    }
}

/// What the names of an hour's blobs of a partition begin with.
pub fn chain_prefix(
    kind: Kind,
    stream: &Stream,
    partition: &Partition,
    hour: EnqueuedTime,
) -> String {
    format!("{}/{}", kind.folder(), chain(stream, partition, hour))
}

fn chain(stream: &Stream, partition: &Partition, hour: EnqueuedTime) -> String {
    let utc = hour.utc();
    format!(
        "{stream}/date={:04}-{:02}-{:02}/hour={:02}/{partition}-",
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
        for name in [name(), unknown] {
            for kind in [Kind::Bronze, Kind::Rejections] {
                assert_eq!(Name::parse(&name.blob(kind)), Some((kind, name.clone())));
            }
        }
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
        ] {
            assert_eq!(Name::parse(foreign), None, "{foreign}");
        }
    }
}
