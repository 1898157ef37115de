//! The sums of an audit, from the sections to the report.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, Gap, Window};
use super::finding::{Finding, FindingKind, Findings};
use super::hour::Doubt;
use super::reasons::Reasons;
use super::report::{Counts, Note, OutboxReport, PartitionReport, Report, StreamReport};
use super::section::SectionStock;
use super::timeline::Timeline;
use super::{Depth, LOOKED_AGAIN, Request};
use crate::event::{EnqueuedTime, Log, Partition, Position, Stream};
use crate::landing::{About, Folder, Kind, Name, chain_prefix};
use crate::store::{Store, StoreError, list_all};
use crate::terminal::grouped;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Sums {
    streams: BTreeMap<Stream, StreamSums>,
    pub(super) findings: Findings,
    pub(super) doubts: Vec<Doubt>,
    reasons: Reasons,
}

#[derive(Debug, Default)]
struct StreamSums {
    /// What it is; one, unless two triggers land in it.
    logs: BTreeSet<Log>,
    partitions: BTreeMap<Partition, PartitionSums>,
    unplaced: Counts,
}

#[derive(Debug, Default)]
struct PartitionSums {
    counts: Counts,
    chain: Chain,
    timeline: Timeline,
}

impl Sums {
    pub(super) fn find(&mut self, finding: Finding) {
        self.findings.add(finding);
    }

    /// Adds a section; those of a stream come in order.
    pub(super) fn add(&mut self, stream: Stream, log: Log, section: SectionStock) {
        self.findings.merge(section.findings);
        for doubt in section.doubts {
            if self.doubts.len() < LOOKED_AGAIN {
                self.doubts.push(doubt);
            } else {
                self.findings.add(doubt.finding);
            }
        }
        self.reasons.merge(section.reasons);
        let stream = self.streams.entry(stream).or_default();
        stream.logs.insert(log);
        stream.unplaced += section.unplaced;
        for (partition, column) in section.partitions {
            let sums = stream.partitions.entry(partition).or_default();
            sums.counts += column.counts;
            sums.timeline.merge(column.timeline);
            for covered in column.covered {
                sums.chain.add(covered);
            }
        }
    }

    /// All sections were added.
    pub(super) fn settle(&mut self) {
        let streams = self.streams.values_mut();
        for sums in streams.flat_map(|it| it.partitions.values_mut()) {
            sums.chain.settle();
        }
    }

    /// All gaps.
    pub(super) fn gaps(&self, window: Window) -> Vec<(Stream, Partition, Gap)> {
        let mut gaps = Vec::new();
        for (stream, sums) in &self.streams {
            for (partition, sums) in &sums.partitions {
                let found = sums.chain.gaps(window);
                gaps.extend(found.map(|gap| (stream.clone(), partition.clone(), gap)));
            }
        }
        gaps
    }

    /// Looks once more for the blobs of a gap, and adds those that are there.
    pub(super) async fn fill(
        &mut self,
        store: &dyn Store,
        stream: &Stream,
        partition: &Partition,
        gap: Gap,
    ) -> Result<(), StoreError> {
        for folder in near(gap) {
            let prefix = chain_prefix(Kind::Bronze, stream, partition, folder);
            for listed in list_all(store, &prefix).await? {
                let name = Name::parse(&listed.name).map(|(_, name)| name);
                let about = name
                    .filter(|name| name.replay.is_none())
                    .and_then(|name| About::of(&name, &listed.metadata));
                let sums = self
                    .streams
                    .get_mut(stream)
                    .and_then(|sums| sums.partitions.get_mut(partition));
                if let (Some(about), Some(sums)) = (about, sums)
                    && let Some((first, _)) = about.span()
                    && (gap.first()..=gap.last()).contains(&first)
                {
                    for covered in &about.covered {
                        sums.chain.add(*covered);
                    }
                    sums.counts += Counts {
                        events: about.accepted + about.rejected,
                        accepted: about.accepted,
                        rejected: about.rejected,
                        open: about.rejected,
                        replayed: 0,
                        blobs: 1,
                        bytes: listed.size,
                    };
                }
            }
        }
        Ok(())
    }

    /// What is to be known of topics; a stream that is a hub and a topic at once is wrong.
    fn notes(&mut self, holes: &BTreeMap<Stream, (u64, u64)>) -> Vec<Note> {
        let mut notes = Vec::new();
        for (stream, sums) in &self.streams {
            if !sums.logs.contains(&Log::Topic) {
                continue;
            }
            let mut note = |message: String| {
                notes.push(Note {
                    stream: stream.to_string(),
                    message,
                });
            };
            note("a Kafka topic: one that is made anew needs a new STREAM_EPOCH".to_owned());
            if let Some((places, offsets)) = holes.get(stream) {
                note(format!(
                    "{} offsets in {} places stand nowhere: normal where the topic is compacted or \
                     written in transactions; --no-holes takes them for gaps",
                    grouped(*offsets),
                    grouped(*places)
                ));
            }
            if sums.logs.contains(&Log::Hub) {
                let folder = format!("bronze/{stream}/");
                let message = "it has folders of hours and of offsets: two triggers land in one stream, \
                               and an event that comes by both stands twice";
                let finding = Finding::of_blob(FindingKind::Misplaced, &folder, message);
                let remedy = "let one trigger read it, or give each a STREAM_NAME of its own";
                self.findings.add(finding.with_remedy(remedy));
            }
        }
        notes
    }

    pub(super) fn report(
        mut self,
        request: &Request,
        window: Window,
        outbox: OutboxReport,
    ) -> Report {
        let mut holes: BTreeMap<Stream, (u64, u64)> = BTreeMap::new();
        for (stream, partition, gap) in self.gaps(window) {
            let count = gap.last() - gap.first() + 1;
            if request.is_wrong(&gap) {
                self.findings.add(missing(&stream, &partition, gap, count));
            } else {
                let of_stream = holes.entry(stream).or_default();
                of_stream.0 += 1;
                of_stream.1 = of_stream.1.saturating_add(count);
            }
        }
        let notes = self.notes(&holes);
        let step = self.streams.values().flat_map(|it| it.partitions.values());
        let step = step.map(|it| it.timeline.step()).max().unwrap_or_default();
        let streams: Vec<StreamReport> = self
            .streams
            .into_iter()
            .map(|(stream, sums)| sums.report(&stream, window, step))
            .collect();
        let mut totals = Counts::default();
        for stream in &streams {
            totals += stream.totals;
        }
        let wrong = self.findings.count();
        let time = |time: Option<EnqueuedTime>| time.map(|time| time.to_string());
        Report {
            lake: request.lake.clone(),
            at: time(request.now).unwrap_or_default(),
            deep: request.depth == Depth::Records,
            since: time(request.since),
            until: time(request.until),
            purged_before: time(request.purged_before),
            sound: wrong == 0,
            totals,
            streams,
            reasons: (request.depth != Depth::Names).then(|| self.reasons.report()),
            outbox,
            hub: None,
            sent: None,
            notes,
            findings: self.findings.into_kept(),
            wrong,
        }
    }
}

/// The folders near the ends of a gap: what is landed meanwhile stands there.
fn near(gap: Gap) -> Vec<Folder> {
    if let (Log::Hub, Some(after), Some(before)) = (gap.log(), gap.after(), gap.before()) {
        let (first, last) = (after.hour(), before.hour());
        let near = |hour: &i64| hour - first < 2 || last - hour < 2;
        return (first..=last).filter(near).map(Folder::Hour).collect();
    }
    let ends = [gap.first(), gap.last()];
    let folders = ends.map(|offset| Folder::of(Position::Offset(offset)));
    BTreeSet::from(folders).into_iter().collect()
}

fn missing(stream: &Stream, partition: &Partition, gap: Gap, count: u64) -> Finding {
    let times = match (gap.after(), gap.before()) {
        (Some(after), Some(before)) => format!(" between {after} and {before}"),
        _ => String::new(),
    };
    Finding {
        kind: FindingKind::Gap,
        stream: Some(stream.to_string()),
        partition: Some(partition.to_string()),
        first: Some(gap.first()),
        last: Some(gap.last()),
        blob: None,
        message: format!("{} sequence numbers{times} stand nowhere", grouped(count)),
        remedy: FindingKind::Gap.remedy(),
    }
}

impl StreamSums {
    fn report(self, stream: &Stream, window: Window, step: u32) -> StreamReport {
        let mut totals = self.unplaced;
        let mut partitions: Vec<PartitionReport> = Vec::new();
        for (partition, mut sums) in self.partitions {
            totals += sums.counts;
            sums.timeline.coarsen(step);
            partitions.push(PartitionReport {
                partition: partition.to_string(),
                totals: sums.counts,
                lives: sums.chain.report(window),
                timeline: sums.timeline.buckets(),
            });
        }
        // 2 comes before 10
        partitions.sort_by(|one, other| {
            let number = |it: &PartitionReport| it.partition.parse::<u64>().unwrap_or(u64::MAX);
            (number(one), &one.partition).cmp(&(number(other), &other.partition))
        });
        StreamReport {
            stream: stream.to_string(),
            log: self.logs.last().copied().unwrap_or(Log::Hub).word(),
            totals,
            partitions,
            unplaced: self.unplaced,
        }
    }
}
