//! What an audit found wrong, and what to do about it.

use serde::Serialize;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// There is no lake: its marker is missing.
    NoLake,
    /// Sequence numbers between two landed ranges stand nowhere.
    Gap,
    /// A blob holds fewer events than its range has sequence numbers.
    Hole,
    /// Two blobs say that they hold the same events.
    Overlap,
    /// An event stands more than once.
    Duplicate,
    /// Records do not stand in the order of their sequence numbers.
    Order,
    /// What metadata counts, and what is there, differ.
    Count,
    /// A committed blob's rejections are not in the rejection log.
    Unpublished,
    /// A rejection blob or a replay whose counterpart is missing.
    Orphan,
    /// Two blobs that belong together say different things.
    Mismatch,
    /// A record or a blob stands where its coordinates do not belong.
    Misplaced,
    /// A blob that this program did not write.
    Foreign,
    /// A blob that can't be read as what it is.
    Damaged,
    /// A replay is landed, and the rejection log does not say so yet.
    Unresolved,
}

impl FindingKind {
    /// The word that stands in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoLake => "no-lake",
            Self::Gap => "gap",
            Self::Hole => "hole",
            Self::Overlap => "overlap",
            Self::Duplicate => "duplicate",
            Self::Order => "order",
            Self::Count => "count",
            Self::Unpublished => "unpublished",
            Self::Orphan => "orphan",
            Self::Mismatch => "mismatch",
            Self::Misplaced => "misplaced",
            Self::Foreign => "foreign",
            Self::Damaged => "damaged",
            Self::Unresolved => "unresolved",
        }
    }
}

/// One thing that is wrong, with its coordinates as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The stream.
    pub stream: Option<String>,
    /// The partition.
    pub partition: Option<String>,
    /// The first sequence number that is concerned.
    pub first: Option<u64>,
    /// The last one.
    pub last: Option<u64>,
    /// The blob.
    pub blob: Option<String>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do.
    pub remedy: &'static str,
}
