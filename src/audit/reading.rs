//! The records of a commit, read and held against its names, its metadata and one another.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;

use super::finding::{Finding, FindingKind, Findings};
use super::hour::Stretch;
use super::reasons::Reasons;
use crate::encode::LinesDigest;
use crate::event::Position;
use crate::lake::{Record, each_line};
use crate::landing::{About, Folder, Kind, Name, Place};
use crate::replay::{Lines, Replayed};

/// Sees every record that a landing wrote, beside the audit: `local` holds them against what was
/// sent.
pub trait Witness: Send + Sync {
    /// Looks at a record, which is that line of that blob; says what is wrong with it.
    fn see(&self, blob: &str, kind: Kind, record: &Record<'_>, line: &str) -> Option<String>;
}

/// The bodies of a commit's blobs; `None` for one that is not there.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) bronze: Option<Bytes>,
    pub(super) rejections: Option<Bytes>,
    pub(super) landed: BTreeMap<u32, Bytes>,
    pub(super) resolved: BTreeMap<u32, Bytes>,
}

/// What reading found.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) findings: Findings,
    pub(super) reasons: Reasons,
}

/// Reads a commit's records. `values` says whether examples show payloads.
pub(super) fn read(
    stretch: &Stretch,
    bodies: &Bodies,
    values: bool,
    witness: Option<&dyn Witness>,
) -> Read {
    let mut reader = Reader {
        stretch,
        witness,
        values,
        done: stretch.replayed(),
        seen: HashSet::new(),
        rejected: BTreeMap::new(),
        read: Read::default(),
    };
    let Some(name) = &stretch.name else {
        return reader.read;
    };
    if let (Some(body), Some(about)) = (&bodies.bronze, &stretch.bronze) {
        reader.bronze(name, body, about);
    }
    if let (Some(body), Some(about)) = (&bodies.rejections, &stretch.rejections) {
        reader.rejections(name, body, about);
    }
    for (ordinal, replayed) in &stretch.landed {
        if let Some(body) = bodies.landed.get(ordinal) {
            reader.replay(&name.replayed(*ordinal), body, replayed);
        }
    }
    for (ordinal, replayed) in &stretch.resolved {
        if let Some(body) = bodies.resolved.get(ordinal) {
            reader.resolution(name, &name.replayed(*ordinal), body, replayed);
        }
    }
    reader.read
}

struct Reader<'a> {
    stretch: &'a Stretch,
    witness: Option<&'a dyn Witness>,
    values: bool,
    /// Lines of the rejection blob that were replayed.
    done: Lines,
    /// Sequence numbers, in this commit.
    seen: HashSet<u64>,
    /// The rejections that were replayed: where they stood, and their bytes.
    rejected: BTreeMap<u64, (Option<Position>, Vec<u8>)>,
    read: Read,
}

impl Reader<'_> {
    fn find(&mut self, kind: FindingKind, blob: &str, line: u64, message: &str) {
        let message = format!("line {line}: {message}");
        self.read
            .findings
            .add(Finding::of_blob(kind, blob, message));
    }

    /// Hands on each record of a blob that can be read, and counts the lines.
    fn each(
        &mut self,
        blob: &str,
        (body, expected): (&Bytes, u64),
        mut take: impl FnMut(&mut Self, u64, &Record<'_>, &str),
    ) {
        let counted = each_line(body, |line, text| match Record::parse(text) {
            Ok(record) => take(self, line, &record, text),
            Err(problem) => self.find(FindingKind::Damaged, blob, line, &problem),
        });
        match counted {
            Ok(lines) if lines != expected => {
                let message = format!("its metadata counts {expected} records, and it has {lines}");
                let finding = Finding::of_blob(FindingKind::Count, blob, message);
                self.read.findings.add(finding);
            }
            Ok(_) => {}
            Err(damage) => self.find(FindingKind::Damaged, blob, damage.line, &damage.problem),
        }
    }

    fn bronze(&mut self, name: &Name, body: &Bytes, about: &About) {
        let (blob, mut last) = (name.blob(Kind::Bronze), None);
        self.each(&blob, (body, about.accepted), |it, line, record, text| {
            it.place(name, &blob, (line, record), &mut last);
            if record.body.is_none() || record.reason.is_some() {
                it.find(FindingKind::Damaged, &blob, line, "it has no payload");
            }
            it.witness(&blob, Kind::Bronze, (line, record), text);
        });
    }

    fn rejections(&mut self, name: &Name, body: &Bytes, about: &About) {
        let (blob, mut last) = (name.blob(Kind::Rejections), None);
        let mut digest = LinesDigest::default();
        self.each(&blob, (body, about.rejected), |it, line, record, text| {
            digest.add(text.as_bytes());
            digest.add(b"\n");
            it.place(name, &blob, (line, record), &mut last);
            let open = !it.done.contains(line);
            it.read.reasons.add(&blob, record, open, it.values);
            match record.payload() {
                Some(payload) if !open => {
                    let position = record.position(name.place.log());
                    it.rejected.insert(line, (position, payload));
                }
                Some(_) if record.reason.is_some() => {}
                _ => it.find(
                    FindingKind::Damaged,
                    &blob,
                    line,
                    "it has no reason or no payload",
                ),
            }
            it.witness(&blob, Kind::Rejections, (line, record), text);
        });
        if about.outbox.as_deref() != Some(digest.finish().as_str()) {
            let message = "its lines are not those that were committed: their digest is another";
            let finding = Finding::of_blob(FindingKind::Mismatch, &blob, message);
            self.read.findings.add(finding);
        }
    }

    fn replay(&mut self, name: &Name, body: &Bytes, replayed: &Replayed) {
        let blob = name.blob(Kind::Bronze);
        let mut lines = replayed.lines.iter();
        let expected = replayed.lines.len();
        self.each(&blob, (body, expected), |it, line, record, text| {
            let of = lines.next().unwrap_or_default();
            let Some((position, payload)) = it.rejected.get(&of) else {
                // the rejection blob is not there, or not readable: that was said
                return;
            };
            let problem = if *position != record.position(name.place.log()) {
                format!("it is not the event of line {of}, which it says that it replays")
            } else if !record.carries(Kind::Bronze, text, payload) {
                format!("its payload is not that of line {of}, which it replays")
            } else if !record.replayed {
                "it does not say that it is replayed".to_owned()
            } else {
                return;
            };
            it.find(FindingKind::Mismatch, &blob, line, &problem);
        });
    }

    fn resolution(&mut self, of: &Name, name: &Name, body: &Bytes, replayed: &Replayed) {
        let (blob, rejection) = (name.blob(Kind::Rejections), of.blob(Kind::Rejections));
        let mut lines = replayed.lines.iter();
        let expected = replayed.lines.len();
        self.each(&blob, (body, expected), |it, line, record, _| {
            let resolves = record.resolution.is_some()
                && record.rejection.as_deref() == Some(rejection.as_str())
                && record.line == lines.next();
            if !resolves {
                let problem = "it is not the resolution of the line that it should be of";
                it.find(FindingKind::Mismatch, &blob, line, problem);
            }
        });
    }

    /// Whether a record stands where it belongs, once and in order.
    fn place(
        &mut self,
        name: &Name,
        blob: &str,
        (line, record): (u64, &Record<'_>),
        last: &mut Option<u64>,
    ) {
        if record.stream != name.stream.as_str() {
            self.find(
                FindingKind::Misplaced,
                blob,
                line,
                "it is of another stream",
            );
        }
        let Place::Partition { partition, first } = &name.place else {
            return;
        };
        let Some(position) = record.position(first.log()) else {
            let problem = "its sequence number or its time is missing";
            return self.find(FindingKind::Damaged, blob, line, problem);
        };
        let sequence = position.sequence();
        let find = |kind, problem: &str| {
            let message = format!("line {line}: {problem}");
            Finding::of_blob(kind, blob, message).of_sequences(sequence, sequence)
        };
        let about = [&self.stretch.bronze, &self.stretch.rejections];
        let about = about.into_iter().flatten().next();
        let mut found = Vec::new();
        if record.partition.as_deref() != Some(partition.as_str()) {
            found.push(find(FindingKind::Misplaced, "it is of another partition"));
        }
        let covered = about.is_none_or(|about| {
            let mut ranges = about.covered.iter();
            ranges.any(|range| range.covers(position) && !range.refutes(record.enqueued))
        });
        if Folder::of(position) != Folder::of(*first) || !covered {
            let problem = "its sequence number or its time is outside of what the blob covers";
            found.push(find(FindingKind::Misplaced, problem));
        }
        if last.is_some_and(|last| last >= sequence) {
            found.push(find(FindingKind::Order, "a later event stands before it"));
        }
        if !self.seen.insert(sequence) {
            let problem = "this event stands in the blob, or in the other one of its name, before";
            found.push(find(FindingKind::Duplicate, problem));
        }
        *last = Some(sequence);
        for finding in found {
            self.read.findings.add(finding);
        }
    }

    fn witness(&mut self, blob: &str, kind: Kind, (line, record): (u64, &Record<'_>), text: &str) {
        let wrong = self
            .witness
            .and_then(|witness| witness.see(blob, kind, record, text));
        if let Some(message) = wrong {
            let mut finding = Finding::of_blob(
                FindingKind::Mismatch,
                blob,
                format!("line {line}: {message}"),
            );
            if let Some(sequence) = record.sequence {
                finding = finding.of_sequences(sequence, sequence);
            }
            self.read.findings.add(finding);
        }
    }
}
