//! An hour by its names and metadata: what it holds, and what does not fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::chain::follows;
use super::finding::{Finding, FindingKind, Findings};
use super::report::Counts;
use super::timeline::Timeline;
use crate::encode::Compression;
use crate::event::{EnqueuedTime, Log, Partition, Position};
use crate::lake::Hour;
use crate::landing::{About, Covered, Folder, Kind, Name, Place, Times};
use crate::replay::{Lines, Replayed};
use crate::store::Listed;

/// What stands in an hour.
#[derive(Debug, Default)]
pub(super) struct Stock {
    /// By partition.
    pub(super) partitions: BTreeMap<Partition, Segment>,
    /// What is not placed in a partition's chain.
    pub(super) unplaced: Counts,
    /// What is wrong.
    pub(super) findings: Findings,
    /// What may only look wrong since the lake was written meanwhile.
    pub(super) doubts: Vec<Doubt>,
    /// The blobs that belong together.
    pub(super) stretches: Vec<Stretch>,
}

/// What a partition has in an hour.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) counts: Counts,
    /// What its blobs cover, joined where they follow one another, in the order of time.
    pub(super) covered: Vec<Covered>,
    pub(super) timeline: Timeline,
    blobs: Vec<(Covered, Arc<str>)>,
}

/// A blob that is missing, as the listing has it: it is looked for once more in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    /// The blob that is missing.
    pub(super) missing: String,
    /// What it means that it is.
    pub(super) finding: Finding,
    /// The outbox entry that would explain it.
    pub(super) outbox: Option<String>,
}

/// The blobs of one commit.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The bronze blob.
    pub(super) bronze: Option<About>,
    /// The rejection blob.
    pub(super) rejections: Option<About>,
    /// The replays that stand in bronze.
    pub(super) landed: BTreeMap<u32, Replayed>,
    /// The replays that stand in the rejection log.
    pub(super) resolved: BTreeMap<u32, Replayed>,
    /// Its name; `None` only before its first blob is seen.
    pub(super) name: Option<Name>,
    /// Blobs and bytes.
    blobs: u64,
    bytes: u64,
}

impl Stretch {
    /// The lines of the rejection blob that were replayed.
    pub(super) fn replayed(&self) -> Lines {
        let mut lines = Lines::default();
        for replayed in self.landed.values().chain(self.resolved.values()) {
            lines.add(&replayed.lines);
        }
        lines
    }
}

/// Takes stock of an hour; `compression` is what the lake's marker says.
pub(super) fn take_stock(hour: &Hour, compression: Option<Compression>) -> Stock {
    let mut stock = Stock::default();
    let mut stretches: BTreeMap<String, Stretch> = BTreeMap::new();
    let listed = hour.bronze.iter().map(|it| (Kind::Bronze, it));
    for (kind, listed) in listed.chain(hour.rejections.iter().map(|it| (Kind::Rejections, it))) {
        let Some(name) = Name::parse(&listed.name).map(|(_, name)| name) else {
            stock.stray(&listed.name);
            continue;
        };
        if compression.is_some_and(|compression| name.compression != compression) {
            let problem = "its ending is not that of this lake's compression";
            stock.find(FindingKind::Foreign, &listed.name, problem);
        }
        let stretch = stretches.entry(name.original().to_string()).or_default();
        stretch.blobs += 1;
        stretch.bytes += listed.size;
        if !stretch.take(kind, &name, listed) {
            let problem = "its metadata is not this program's, or was changed";
            stock.find(FindingKind::Damaged, &listed.name, problem);
        }
        stretch.name = Some(name.original());
    }
    for stretch in stretches.into_values() {
        stock.weigh(stretch);
    }
    for segment in stock.partitions.values_mut() {
        stock.findings.merge(segment.join());
    }
    stock
}

impl Stretch {
    /// Takes a blob in; false where its metadata can't be read.
    fn take(&mut self, kind: Kind, name: &Name, listed: &Listed) -> bool {
        match (name.replay, kind) {
            (None, Kind::Bronze) => {
                self.bronze = About::of(name, &listed.metadata);
                self.bronze.is_some()
            }
            (None, Kind::Rejections) => {
                self.rejections = About::of(name, &listed.metadata);
                self.rejections.is_some()
            }
            (Some(ordinal), kind) => {
                let Some(replayed) = Replayed::from_metadata(&listed.metadata) else {
                    return false;
                };
                match kind {
                    Kind::Bronze => self.landed.insert(ordinal, replayed),
                    Kind::Rejections => self.resolved.insert(ordinal, replayed),
                };
                true
            }
        }
    }
}

impl Stock {
    fn find(&mut self, kind: FindingKind, blob: &str, message: impl Into<String>) {
        self.findings.add(Finding::of_blob(kind, blob, message));
    }

    /// A name that is not ours, or not there.
    fn stray(&mut self, blob: &str) {
        if let Some(proper) = Name::belongs(blob) {
            let message = format!(
                "it stands in another folder than its first event's: it belongs at {proper}"
            );
            self.find(FindingKind::Misplaced, blob, message);
        } else {
            let message = "its name is none that this program writes";
            self.find(FindingKind::Foreign, blob, message);
        }
    }

    fn doubt(&mut self, missing: String, finding: Finding, outbox: Option<String>) {
        self.doubts.push(Doubt {
            missing,
            finding,
            outbox,
        });
    }

    /// Holds the blobs of one commit against one another.
    fn weigh(&mut self, stretch: Stretch) {
        let Some(name) = stretch.name.clone() else {
            return;
        };
        let (bronze, rejections) = (name.blob(Kind::Bronze), name.blob(Kind::Rejections));
        match (&stretch.bronze, &stretch.rejections) {
            (Some(about), Some(published)) if about != published => {
                let problem = "its metadata is not that of the bronze blob of the same name";
                self.find(FindingKind::Mismatch, &rejections, problem);
            }
            (Some(about), None) if about.rejected > 0 => {
                let message = format!(
                    "events rejected: {}; this blob of the rejection log is missing",
                    about.rejected
                );
                let mut finding = Finding::of_blob(FindingKind::Unpublished, &rejections, message);
                finding.last = about.span().map(|(_, last)| last);
                let outbox = about.outbox.as_ref().map(|digest| name.outbox(digest));
                self.doubt(rejections.clone(), finding, outbox);
            }
            (None, Some(_)) => {
                let message = "the bronze blob of the same name, which commits it, is missing";
                let finding = Finding::of_blob(FindingKind::Orphan, &rejections, message);
                self.doubt(bronze.clone(), finding, None);
            }
            _ => {}
        }
        self.weigh_replays(&name, &stretch);
        let about = stretch.bronze.as_ref().or(stretch.rejections.as_ref());
        let replayed = stretch.replayed().len();
        let (accepted, rejected) =
            about.map_or((0, replayed), |about| (about.accepted, about.rejected));
        let counts = Counts {
            events: accepted + rejected,
            accepted,
            rejected,
            replayed,
            open: rejected.saturating_sub(replayed),
            blobs: stretch.blobs,
            bytes: stretch.bytes,
        };
        match &name.place {
            Place::Partition { partition, first } => {
                let segment = self.partitions.entry(partition.clone()).or_default();
                segment.counts += counts;
                let covered = about.map(|about| &about.covered[..]).unwrap_or_default();
                if let Some(times) = covered.first().and_then(|range| range.times.ends()) {
                    segment.timeline.add(times, accepted, rejected);
                }
                let blob: Arc<str> = bronze.as_str().into();
                let ranges = covered.iter().map(|range| (*range, Arc::clone(&blob)));
                segment.blobs.extend(ranges);
                if let Some(about) = about {
                    self.weigh_range(&bronze, *first, about);
                }
            }
            Place::Invocation { .. } => self.unplaced += counts,
        }
        self.stretches.push(stretch);
    }

    /// Whether what a blob covers is that of its name, in its folder, and has room for its events.
    fn weigh_range(&mut self, blob: &str, named: Position, about: &About) {
        let Some((first, last)) = about.span() else {
            let problem = "its metadata does not say which events it covers";
            return self.find(FindingKind::Damaged, blob, problem);
        };
        if first != named.sequence() || !about.covers(named) {
            let problem = "its metadata does not cover the event by which it is named";
            self.find(FindingKind::Misplaced, blob, problem);
        }
        let beyond = |position: Position| Folder::of(position) != Folder::of(named);
        match about.covered[0].times {
            Times::Enqueued(from, to) => {
                let at = |time| Position::Enqueued {
                    sequence: first,
                    time,
                };
                if beyond(at(from)) || beyond(at(to)) {
                    let problem =
                        format!("it has events from {from} to {to}, and its folder is of one hour");
                    self.find(FindingKind::Misplaced, blob, problem);
                }
            }
            Times::Stamped(_) if beyond(Position::Offset(last)) => {
                let problem = "it has offsets of more than one folder";
                self.find(FindingKind::Misplaced, blob, problem);
            }
            Times::Stamped(_) => {}
        }
        let (numbers, events) = (about.numbers(), about.accepted + about.rejected);
        if numbers != u128::from(events) {
            let message = format!("events: {events}, for {numbers} sequence numbers");
            // a topic's blob says just which offsets it has
            let kind = if numbers > u128::from(events) && named.log() == Log::Hub {
                FindingKind::Hole
            } else {
                FindingKind::Count
            };
            let finding = Finding::of_blob(kind, blob, message);
            self.findings.add(finding.of_sequences(first, last));
        }
    }

    fn weigh_replays(&mut self, name: &Name, stretch: &Stretch) {
        let ordinals: BTreeSet<u32> = [&stretch.landed, &stretch.resolved]
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        let digest = [&stretch.rejections, &stretch.bronze]
            .into_iter()
            .flatten()
            .find_map(|about| about.outbox.as_ref());
        let mut done = Lines::default();
        for (expected, ordinal) in (0..).zip(ordinals) {
            let replay = name.replayed(ordinal);
            let (bronze, resolution) = (replay.blob(Kind::Bronze), replay.blob(Kind::Rejections));
            let (landed, resolved) = (stretch.landed.get(&ordinal), stretch.resolved.get(&ordinal));
            if expected != ordinal {
                let problem = "a replay before it is missing";
                self.find(FindingKind::Orphan, &bronze, problem);
            }
            match (landed, resolved) {
                (Some(landed), Some(resolved)) if landed != resolved => {
                    let problem = "its metadata is not that of the bronze blob of the same name";
                    self.find(FindingKind::Mismatch, &resolution, problem);
                }
                (Some(landed), None) => {
                    let message = format!(
                        "events replayed: {}; the rejection log does not say so",
                        landed.lines.len()
                    );
                    let finding = Finding::of_blob(FindingKind::Unresolved, &resolution, message);
                    self.doubt(resolution, finding, None);
                }
                (None, Some(resolved)) => {
                    let message = format!(
                        "events replayed, as the rejection log says: {}; they are missing",
                        resolved.lines.len()
                    );
                    let finding = Finding::of_blob(FindingKind::Orphan, &bronze, message);
                    self.doubt(bronze.clone(), finding, None);
                }
                _ => {}
            }
            let Some(replayed) = landed.or(resolved) else {
                continue;
            };
            if digest.is_some_and(|digest| *digest != replayed.rejections) {
                let problem = "it replays other rejections than those of its name";
                self.find(FindingKind::Mismatch, &bronze, problem);
            }
            let again = done.add(&replayed.lines);
            if !again.is_empty() {
                let problem = format!(
                    "events that a replay before it landed: {}, the first of them line {} of {}",
                    again.len(),
                    again[0],
                    name.blob(Kind::Rejections)
                );
                self.find(FindingKind::Duplicate, &bronze, problem);
            }
            let about = stretch.rejections.as_ref().or(stretch.bronze.as_ref());
            if let Some(about) = about
                && replayed.lines.last() > Some(about.rejected)
            {
                let problem = format!(
                    "it replays line {} of {} rejections",
                    replayed.lines.last().unwrap_or_default(),
                    about.rejected
                );
                self.find(FindingKind::Count, &bronze, problem);
            }
        }
    }
}

impl Segment {
    /// Adds a later one.
    pub(super) fn absorb(&mut self, later: Self) {
        self.counts += later.counts;
        self.covered.extend(later.covered);
        self.timeline.merge(later.timeline);
    }

    /// Joins the ranges that follow one another, and names those that overlap: of a hub only events
    /// with the same number *and* time can be the same.
    fn join(&mut self) -> Findings {
        let mut findings = Findings::default();
        self.blobs
            .sort_unstable_by_key(|(covered, _)| (covered.first, begin(covered)));
        let mut joined: Vec<Covered> = Vec::new();
        let mut active: Vec<(Covered, Arc<str>)> = Vec::new();
        for (covered, blob) in self.blobs.drain(..) {
            active.retain(|(other, _)| other.last >= covered.first);
            let twice = active.iter().find(|(other, _)| other.overlaps(&covered));
            if let Some((other, of)) = twice {
                let message = format!("{of} covers them, too");
                let finding = Finding::of_blob(FindingKind::Overlap, &blob, message);
                findings.add(finding.of_sequences(covered.first, covered.last.min(other.last)));
            }
            let twice = twice.is_some();
            active.push((covered, blob));
            let goes_on = |before: &Covered| {
                covered.first <= before.last.saturating_add(1)
                    && (twice || covered.first > before.last && follows(before, &covered))
            };
            match joined.last_mut() {
                Some(before) if goes_on(before) => {
                    before.last = before.last.max(covered.last);
                    before.times = before.times.and(covered.times);
                }
                _ => joined.push(covered),
            }
        }
        joined.sort_unstable_by_key(|covered| (begin(covered), covered.first));
        self.covered = joined;
        findings
    }
}

/// When a hub took the first of these events.
fn begin(covered: &Covered) -> Option<EnqueuedTime> {
    match covered.times {
        Times::Enqueued(least, _) => Some(least),
        Times::Stamped(_) => None,
    }
}
