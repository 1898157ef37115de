//! Audit: reads a lake, and proves that every event in it is accounted for.
//!
//! A stream's sections are listed side by side, and of each one hour is held at a time (`section`).
//! An hour's names and metadata are held against one another (`hour`), its records are read where
//! that is asked for (`reading`), and what each partition covers goes into its chain (`chain`).
//! What may look wrong only since the lake is written meanwhile is looked at once more in the end.

mod chain;
mod finding;
mod hour;
mod hub;
mod outbox;
mod page;
mod reading;
mod reasons;
mod report;
mod section;
mod sent;
mod sums;
mod text;
mod timeline;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;

use chain::{Gap, Window};
pub use finding::{Finding, FindingKind};
use hour::Doubt;
pub use hub::{HubPartition, HubPartitionReport, HubReport, HubState};
pub use page::page;
pub use reading::Witness;
pub use report::{
    Bucket, Counts, Example, ExampleError, GapReport, LifeReport, Note, OutboxReport,
    PartitionReport, RangeReport, ReasonReport, Report, StreamReport,
};
pub use sent::SentReport;
use sums::Sums;

use crate::encode::Compression;
use crate::event::{EnqueuedTime, Log, Stream};
use crate::lake::{Section, survey};
use crate::landing::{MARKER, Marked, marked};
use crate::store::{Store, StoreError};
use crate::terminal::{Bar, grouped};
use crate::workers::Workers;

/// Sections that are listed at once.
const SECTIONS_AT_ONCE: usize = 8;

/// Commits that are read at once, of whatever section.
const READ_AT_ONCE: usize = 8;

/// Missing blobs and gaps that are looked for once more.
const LOOKED_AGAIN: usize = 1_000;

/// How much is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// Names and metadata.
    #[default]
    Names,
    /// The rejection log as well, for its reasons.
    Rejections,
    /// Every record.
    Records,
}

/// What is audited, and how.
#[derive(Clone, Default)]
pub struct Request {
    /// The lake's name, for the report.
    pub lake: String,
    /// The time now.
    pub now: Option<EnqueuedTime>,
    /// How much is read.
    pub depth: Depth,
    /// Only this stream.
    pub stream: Option<Stream>,
    /// From the hour of this time on. A topic is looked at whole: its folders say nothing of times.
    pub since: Option<EnqueuedTime>,
    /// Until this time; the hour in which it lies is looked at whole.
    pub until: Option<EnqueuedTime>,
    /// Days before this one may have been removed by a rule, and are not looked at.
    pub purged_before: Option<EnqueuedTime>,
    /// Whether a hole in a topic's offsets is a gap: where the topic is neither compacted nor written
    /// in transactions.
    pub no_holes: bool,
    /// Whether leftovers are removed from the outbox.
    pub sweep: bool,
    /// Whether examples of rejections show their payloads.
    pub values: bool,
    /// Sees every record, where all are read.
    pub witness: Option<Arc<dyn Witness>>,
    /// What the hub held just before, against which the lake is held.
    pub hub: Option<HubState>,
}

impl Request {
    /// Whether something is lost where this is missing. Compaction and transactions leave holes in
    /// the offsets of a topic, and the lake can't tell them from what was lost.
    fn is_wrong(&self, gap: &Gap) -> bool {
        gap.log() == Log::Hub || self.no_holes
    }
}

/// How far an audit is.
#[derive(Debug, Default)]
pub struct Progress {
    sections: AtomicU64,
    of: AtomicU64,
    listed: AtomicU64,
    read: AtomicU64,
}

impl Progress {
    /// As it is shown: sections, and the blobs that were listed and read.
    pub fn bar(&self) -> Bar {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let of = read(&self.of);
        let blobs = match read(&self.read) {
            0 => String::new(),
            blobs => format!(", {} read", grouped(blobs)),
        };
        Bar {
            done: read(&self.sections),
            total: (of > 0).then_some(of),
            note: format!(", {} blobs listed{blobs}", grouped(read(&self.listed))),
        }
    }

    fn listed(&self, blobs: usize) {
        self.listed.fetch_add(blobs as u64, Ordering::Relaxed);
    }

    fn read(&self) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }

    fn section(&self) {
        self.sections.fetch_add(1, Ordering::Relaxed);
    }
}

/// An audit under way.
struct Auditing<'a> {
    store: &'a Arc<dyn Store>,
    compression: Option<Compression>,
    depth: Depth,
    since: Option<EnqueuedTime>,
    until: Option<EnqueuedTime>,
    /// Whether a time was asked for, so that events without one are left out.
    timed: bool,
    values: bool,
    witness: Option<Arc<dyn Witness>>,
    /// Commits whose blobs are in memory at once.
    reads: Semaphore,
    workers: Workers,
    progress: &'a Progress,
}

/// Audits a lake.
///
/// # Errors
/// Where the store can't be asked; what is wrong with the lake is in the report.
pub async fn audit(
    store: &Arc<dyn Store>,
    request: &Request,
    (workers, progress): (&Workers, &Progress),
) -> Result<Report, StoreError> {
    let mut sums = Sums::default();
    let marked = marked(&**store).await?;
    let compression = match marked {
        Marked::Lake(compression) => Some(compression),
        Marked::Unknown => {
            let message = "the lake's marker says something that this program does not know";
            sums.find(Finding::of_blob(FindingKind::NoLake, MARKER, message));
            None
        }
        Marked::Nothing => {
            let message = "the lake's marker is missing";
            sums.find(Finding::of_blob(FindingKind::NoLake, MARKER, message));
            None
        }
    };
    let auditing = Auditing {
        store,
        compression,
        depth: request.depth,
        // a purge goes by whole days
        since: request.since.max(request.purged_before),
        until: request.until,
        timed: request.since.is_some() || request.until.is_some(),
        values: request.values,
        witness: request.witness.clone(),
        reads: Semaphore::new(READ_AT_ONCE),
        workers: workers.clone(),
        progress,
    };
    auditing.all(request, &mut sums).await?;
    auditing.doubts(&mut sums).await?;
    auditing.gaps(request, &mut sums).await?;
    let now = request.now.map_or(UNIX_EPOCH, |now| {
        UNIX_EPOCH + Duration::from_millis(now.millis() as u64)
    });
    let outbox = outbox::outbox(&**store, now, request.sweep, &mut sums.findings).await?;
    let mut report = sums.report(request, auditing.window(), outbox);
    if let Some(hub) = &request.hub {
        report.hold_against(hub);
    }
    Ok(report)
}

impl Auditing<'_> {
    async fn all(&self, request: &Request, sums: &mut Sums) -> Result<(), StoreError> {
        let survey = survey(&**self.store, request.stream.as_ref()).await?;
        if let Some(stream) = request
            .stream
            .as_ref()
            .filter(|_| survey.streams.is_empty())
        {
            let (blob, message) = (format!("bronze/{stream}/"), "the lake has no such stream");
            let finding = Finding::of_blob(FindingKind::NoLake, &blob, message);
            sums.find(finding.with_remedy("name a stream as its folder is named"));
        }
        for name in survey.foreign {
            let message = "its name is none that this program writes";
            sums.find(Finding::of_blob(FindingKind::Foreign, &name, message));
        }
        let mut all: Vec<(Stream, Section)> = Vec::new();
        for (stream, sections) in survey.streams {
            let sections = sections.into_iter();
            let looked_at = sections.filter(|section| section.reaches(self.since, self.until));
            all.extend(looked_at.map(|section| (stream.clone(), section)));
        }
        self.progress.of.store(all.len() as u64, Ordering::Relaxed);
        let mut stocks = stream::iter(all)
            .map(|(stream, section)| async move {
                let stock = self.section(&stream, &section).await?;
                Ok::<_, StoreError>((stream, section, stock))
            })
            .buffered(SECTIONS_AT_ONCE);
        while let Some((stream, section, stock)) = stocks.try_next().await? {
            sums.add(stream, section.log(), stock);
        }
        sums.settle();
        Ok(())
    }

    fn window(&self) -> Window {
        Window {
            from: self.since,
            until: self.until,
        }
    }

    /// Looks once more for what was missing.
    async fn doubts(&self, sums: &mut Sums) -> Result<(), StoreError> {
        let doubts = std::mem::take(&mut sums.doubts);
        for doubt in doubts {
            let Doubt {
                missing,
                mut finding,
                outbox,
            } = doubt;
            if self.store.metadata(&missing).await?.is_some() {
                continue;
            }
            if let Some(entry) = outbox {
                if self.store.metadata(&entry).await?.is_some() {
                    finding.message.push_str("; they wait in the outbox");
                } else if self.store.metadata(&missing).await?.is_some() {
                    continue;
                } else {
                    finding.message.push_str("; the outbox has lost them");
                    finding = finding.with_remedy(
                        "was _outbox/ emptied by a rule or by hand? restore the entry (soft delete, versions): until then the partition's invocations of that hour fail with this name",
                    );
                }
            }
            sums.find(finding);
        }
        Ok(())
    }

    /// Lists the hours on both sides of a gap once more: it may have been filled meanwhile.
    async fn gaps(&self, request: &Request, sums: &mut Sums) -> Result<(), StoreError> {
        let mut gaps = sums.gaps(self.window());
        gaps.retain(|(_, _, gap)| request.is_wrong(gap));
        for (stream, partition, gap) in gaps.into_iter().take(LOOKED_AGAIN) {
            sums.fill(&**self.store, &stream, &partition, gap).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
