//! A section of a stream: its hours one after another, and no more than one of them held.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::finding::{Finding, FindingKind, Findings};
use super::hour::{Doubt, Segment, Stretch, take_stock};
use super::reading::{Bodies, Read, read};
use super::reasons::Reasons;
use super::report::Counts;
use super::{Auditing, Depth, LOOKED_AGAIN, READ_AT_ONCE};
use crate::event::{Log, Partition, Position, Stream};
use crate::lake::{Hour, Hours, Section};
use crate::landing::{Kind, Name, Place};
use crate::store::{Listed, StoreError};

/// What a section holds.
#[derive(Debug, Default)]
pub(super) struct SectionStock {
    pub(super) partitions: BTreeMap<Partition, Segment>,
    pub(super) unplaced: Counts,
    pub(super) findings: Findings,
    pub(super) doubts: Vec<Doubt>,
    pub(super) reasons: Reasons,
}

impl SectionStock {
    /// Keeps what is to be looked at again; beyond a bound it is believed.
    pub(super) fn doubt(&mut self, doubts: Vec<Doubt>) {
        for doubt in doubts {
            if self.doubts.len() < LOOKED_AGAIN {
                self.doubts.push(doubt);
            } else {
                self.findings.add(doubt.finding);
            }
        }
    }
}

impl Auditing<'_> {
    /// Audits a section.
    pub(super) async fn section(
        &self,
        stream: &Stream,
        section: &Section,
    ) -> Result<SectionStock, StoreError> {
        let mut hours = Hours::of(self.store, stream, section);
        let mut sum = SectionStock::default();
        while let Some(mut hour) = hours.next().await? {
            self.keep_to_window(&mut hour);
            self.progress
                .listed(hour.bronze.len() + hour.rejections.len());
            let stock = take_stock(&hour, self.compression);
            drop(hour);
            sum.findings.merge(stock.findings);
            sum.doubt(stock.doubts);
            sum.unplaced += stock.unplaced;
            for (partition, segment) in stock.partitions {
                sum.partitions.entry(partition).or_default().absorb(segment);
            }
            if self.depth != Depth::Names {
                self.read(stock.stretches, &mut sum).await?;
            }
        }
        self.progress.section();
        Ok(sum)
    }

    /// Drops what is of an hour that was not asked for.
    fn keep_to_window(&self, hour: &mut Hour) {
        if self.since.is_none() && self.until.is_none() {
            return;
        }
        let within = |listed: &Listed| match Name::parse(&listed.name) {
            Some((_, Name { place, .. })) => match place {
                Place::Partition { first, .. } => match first {
                    Position::Enqueued { time, .. } => {
                        let hour = time.hour();
                        self.since.is_none_or(|since| hour >= since.hour())
                            && self
                                .until
                                .is_none_or(|until| hour * 3_600_000 < until.millis())
                    }
                    Position::Offset(_) => true,
                },
                // nobody knows when these were taken
                Place::Invocation { log, .. } => !self.timed || log == Log::Topic,
            },
            None => true,
        };
        hour.bronze.retain(within);
        hour.rejections.retain(within);
    }

    async fn read(
        &self,
        stretches: Vec<Stretch>,
        sum: &mut SectionStock,
    ) -> Result<(), StoreError> {
        let mut reads = stream::iter(stretches)
            .map(|stretch| self.stretch(stretch))
            .buffer_unordered(READ_AT_ONCE);
        while let Some(Read { findings, reasons }) = reads.try_next().await? {
            sum.findings.merge(findings);
            sum.reasons.merge(reasons);
        }
        Ok(())
    }

    /// Reads the blobs of a commit and their records.
    async fn stretch(&self, stretch: Stretch) -> Result<Read, StoreError> {
        // never closed; and without a permit it would only take more memory
        let _permit = self.reads.acquire().await.ok();
        let mut bodies = Bodies::default();
        let mut gone = Vec::new();
        if let Some(name) = &stretch.name {
            let mut fetch = async |name: String| -> Result<Option<bytes::Bytes>, StoreError> {
                let blob = self.store.read(&name).await?;
                self.progress.read();
                if blob.is_none() {
                    gone.push(name);
                }
                Ok(blob.map(|blob| blob.body))
            };
            if stretch.rejections.is_some() {
                bodies.rejections = fetch(name.blob(Kind::Rejections)).await?;
            }
            if self.depth == Depth::Records {
                if stretch.bronze.is_some() {
                    bodies.bronze = fetch(name.blob(Kind::Bronze)).await?;
                }
                for ordinal in stretch.landed.keys() {
                    let body = fetch(name.replayed(*ordinal).blob(Kind::Bronze)).await?;
                    bodies.landed.extend(body.map(|body| (*ordinal, body)));
                }
                for ordinal in stretch.resolved.keys() {
                    let body = fetch(name.replayed(*ordinal).blob(Kind::Rejections)).await?;
                    bodies.resolved.extend(body.map(|body| (*ordinal, body)));
                }
            }
        }
        let (values, witness) = (self.values, self.witness.clone());
        let mut read = self
            .workers
            .run(move || read(&stretch, &bodies, values, witness.as_deref()))
            .await;
        for blob in gone {
            let message = "it was listed, and is gone";
            let finding = Finding::of_blob(FindingKind::Orphan, &blob, message);
            read.findings.add(finding);
        }
        Ok(read)
    }
}
