//! What an audit found wrong, and what to do about it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::landing::{Name, Place};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// There is no lake: its marker is missing.
    NoLake,
    /// Sequence numbers between two landed ranges stand nowhere.
    Gap,
    /// Sequence numbers that were not landed, and that the hub no longer has.
    Expired,
    /// Events that were sent and stand nowhere.
    Lost,
    /// Events that were sent once and stand twice.
    Twice,
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
            Self::Expired => "expired",
            Self::Lost => "lost",
            Self::Twice => "twice",
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

impl FindingKind {
    /// What to do about such a thing.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NoLake => {
                "name the lake by --lake or LANDING_URL, with its prefix; a lake that nothing was landed in yet has none"
            }
            Self::Gap => {
                "if a rule removed these, say so by --purged-before; else set the consumer group's checkpoint back to before the gap while the hub still has these events: what is landed is not landed again"
            }
            Self::Expired => {
                "only Event Hubs Capture's files can bring them back, by `bronzegate backfill --capture`; longer retention gives a slow reader more time"
            }
            Self::Lost => {
                "has all of it come yet? `bronzegate audit --hub` says what is still to come; else look for a gap of its partition"
            }
            Self::Twice => {
                "was the same sent twice? what the hub took twice lands twice, with one message id; else keep the blobs and report it"
            }
            Self::Hole => {
                "normal for a hub with log compaction; else set the checkpoint back to before it and compare with what the hub has"
            }
            Self::Overlap | Self::Duplicate => {
                "should not be: keep the blobs and report it; was maxRetryCount changed, or a blob copied by hand?"
            }
            Self::Order | Self::Count | Self::Mismatch | Self::Misplaced => {
                "should not be: was the blob or its metadata changed or copied? restore it from a version or a backup"
            }
            Self::Unpublished => {
                "it is published when the partition gets its next batch of that hour; or restart the function app and set the checkpoint back by one batch"
            }
            Self::Orphan => {
                "was a blob removed by hand or by a rule? restore it (soft delete, versions), or say by --purged-before which days a rule has removed"
            }
            Self::Foreign => "move it out of bronze/ and rejections/: readers take it for events",
            Self::Damaged => "restore it from a version or a backup",
            Self::Unresolved => "run `bronzegate replay` again: it finishes what was begun",
        }
    }
}

impl Finding {
    /// Something about a blob; its coordinates are those of its name.
    pub(super) fn of_blob(kind: FindingKind, blob: &str, message: impl Into<String>) -> Self {
        let name = Name::parse(blob).map(|(_, name)| name);
        let (partition, first) = match name.as_ref().map(|name| &name.place) {
            Some(Place::Partition { partition, first }) => {
                (Some(partition.to_string()), Some(first.sequence()))
            }
            _ => (None, None),
        };
        Self {
            kind,
            stream: name.map(|name| name.stream.to_string()),
            partition,
            first,
            last: None,
            blob: Some(blob.to_owned()),
            message: message.into(),
            remedy: kind.remedy(),
        }
    }

    /// Something about events, wherever they stand.
    pub(super) fn of_events(kind: FindingKind, message: String) -> Self {
        Self {
            kind,
            stream: None,
            partition: None,
            first: None,
            last: None,
            blob: None,
            message,
            remedy: kind.remedy(),
        }
    }

    /// With the sequence numbers that it concerns.
    pub(super) fn of_sequences(mut self, first: u64, last: u64) -> Self {
        (self.first, self.last) = (Some(first), Some(last));
        self
    }

    /// With another remedy than its kind's.
    pub(super) fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = remedy;
        self
    }
}

/// Findings: the first of each kind are kept, and all are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    by_kind: BTreeMap<FindingKind, u64>,
}

impl Findings {
    /// Findings of one kind that are kept.
    const KEPT: u64 = 200;

    pub(super) fn add(&mut self, finding: Finding) {
        let count = self.by_kind.entry(finding.kind).or_insert(0);
        *count += 1;
        if *count <= Self::KEPT {
            self.kept.push(finding);
        }
    }

    pub(super) fn merge(&mut self, others: Self) {
        let mut unkept = others.by_kind;
        for finding in others.kept {
            if let Some(count) = unkept.get_mut(&finding.kind) {
                *count -= 1;
            }
            self.add(finding);
        }
        for (kind, count) in unkept {
            *self.by_kind.entry(kind).or_insert(0) += count;
        }
    }

    /// How many there are, kept or not.
    pub(super) fn count(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// Those that were kept, by kind and then as they were found.
    pub(super) fn into_kept(mut self) -> Vec<Finding> {
        self.kept.sort_by_key(|finding| finding.kind);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_findings_are_counted_and_the_first_of_each_kind_kept() {
        let of = |kind, n: u64| Finding::of_blob(kind, "bronze/x", n.to_string());
        let mut findings = Findings::default();
        for round in 0..3 {
            let mut more = Findings::default();
            for n in 0..150 {
                more.add(of(FindingKind::Foreign, round * 1000 + n));
            }
            findings.merge(more);
        }
        findings.add(of(FindingKind::NoLake, 7));
        assert_eq!(findings.count(), 451);
        let kept = findings.into_kept();
        assert_eq!(kept.len(), 201);
        assert_eq!(kept[0].kind, FindingKind::NoLake);
        assert_eq!(kept[200].message, "1049");
    }
}
