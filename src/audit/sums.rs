//! The sums of an audit, from the days to the report.

use std::collections::BTreeMap;

use super::chain::{Chain, Gap, Window};
use super::day::DayStock;
use super::finding::{Finding, FindingKind, Findings};
use super::hour::Doubt;
use super::reasons::Reasons;
use super::report::{Counts, OutboxReport, PartitionReport, Report, StreamReport};
use super::timeline::Timeline;
use super::{Depth, LOOKED_AGAIN, Request};
use crate::event::{EnqueuedTime, Partition, Stream};
use crate::landing::{About, Kind, Name, chain_prefix};
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

    /// Adds a day; the days of a stream come in order.
    pub(super) fn add(&mut self, stream: Stream, day: DayStock) {
        self.findings.merge(day.findings);
        for doubt in day.doubts {
            if self.doubts.len() < LOOKED_AGAIN {
                self.doubts.push(doubt);
            } else {
                self.findings.add(doubt.finding);
            }
        }
        self.reasons.merge(day.reasons);
        let stream = self.streams.entry(stream).or_default();
        stream.unplaced += day.unplaced;
        for (partition, column) in day.partitions {
            let sums = stream.partitions.entry(partition).or_default();
            sums.counts += column.counts;
            sums.timeline.merge(column.timeline);
            for covered in column.covered {
                sums.chain.add(covered);
            }
        }
    }

    /// All days were added.
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
        // what is landed meanwhile stands near one of its ends
        let hours = gap.after.hour()..=gap.before.hour();
        let near = |hour: &i64| hour - gap.after.hour() < 2 || gap.before.hour() - hour < 2;
        let hours = hours
            .filter(near)
            .filter_map(|hour| EnqueuedTime::from_millis(hour * 3_600_000));
        for hour in hours {
            let prefix = chain_prefix(Kind::Bronze, stream, partition, hour);
            for listed in list_all(store, &prefix).await? {
                let ours = Name::parse(&listed.name).is_some_and(|(_, name)| name.replay.is_none());
                let about = About::from_metadata(&listed.metadata).filter(|_| ours);
                let covered = about.as_ref().and_then(|about| about.covered);
                let sums = self
                    .streams
                    .get_mut(stream)
                    .and_then(|sums| sums.partitions.get_mut(partition));
                if let (Some(covered), Some(about), Some(sums)) = (covered, about, sums)
                    && (gap.first..=gap.last).contains(&covered.first)
                {
                    sums.chain.add(covered);
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

    pub(super) fn report(
        mut self,
        request: &Request,
        window: Window,
        outbox: OutboxReport,
    ) -> Report {
        for (stream, partition, gap) in self.gaps(window) {
            let count = gap.last - gap.first + 1;
            self.findings.add(Finding {
                kind: FindingKind::Gap,
                stream: Some(stream.to_string()),
                partition: Some(partition.to_string()),
                first: Some(gap.first),
                last: Some(gap.last),
                blob: None,
                message: format!(
                    "{} sequence numbers between {} and {} stand nowhere",
                    grouped(count),
                    gap.after,
                    gap.before
                ),
                remedy: FindingKind::Gap.remedy(),
            });
        }
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
            findings: self.findings.into_kept(),
            wrong,
        }
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
            totals,
            partitions,
            unplaced: self.unplaced,
        }
    }
}
