//! One partition's chain: what of a batch is landed already, and the blobs of what is not.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::about::{About, Covered};
use super::folder::Folder;
use super::memory::Memory;
use super::name::{Kind, Name, Place, chain_prefix};
use super::{Landed, Landing, LandingError, covered, ranges};
use crate::event::{Log, Partition, Position, Stream};
use crate::judge::Judged;
use crate::store::list_all;

/// One partition's chain of blobs.
pub(super) struct Chain<'a> {
    pub(super) landing: &'a Landing,
    pub(super) stream: Stream,
    pub(super) partition: Partition,
}

impl Chain<'_> {
    /// Lands a batch; `memory` is what is known of the partition, and what is known then is returned.
    pub(super) async fn land(
        &self,
        judged: &Arc<Judged>,
        memory: Option<Memory>,
        now: Duration,
        landed: &mut Landed,
    ) -> Result<Memory, LandingError> {
        // the decoder gives a partition's batch only where every event has its position
        let positions: Vec<Position> = (0..judged.batch.events.len())
            .filter_map(|index| judged.batch.position(index))
            .collect();
        let folders: BTreeSet<Folder> = positions.iter().copied().map(Folder::of).collect();
        let heard = memory.as_ref().and_then(|memory| memory.last_heard(now));
        let joined = memory.filter(|memory| memory.joins(&positions, &folders, now));
        let mut memory = if let Some(memory) = joined {
            memory
        } else {
            let landed = self.recall(folders.iter().copied()).await?;
            Memory::listed(folders, landed)
        };
        for run in runs(&positions) {
            let mut start = run.start;
            while let Some(part) = stretch(&positions, start..run.end, &memory) {
                landed.duplicates += self.dropped(judged, start..part.start, &memory)?;
                let name = self.name(positions[part.start]);
                start = match self
                    .landing
                    .commit(&name, judged, part.clone(), landed)
                    .await?
                {
                    None => {
                        self.report_gaps(judged, &positions[part.clone()], &memory, heard);
                        for committed in covered(&judged.batch, part.clone()) {
                            memory.add(committed);
                        }
                        part.end
                    }
                    Some(about) if about.covers(positions[part.start]) => {
                        for committed in about.covered {
                            memory.add(committed);
                        }
                        part.start
                    }
                    Some(_) => {
                        let name = name.blob(Kind::Bronze);
                        return Err(LandingError::NameDoubtful { name });
                    }
                };
            }
            landed.duplicates += self.dropped(judged, start..run.end, &memory)?;
        }
        memory.heard(positions[positions.len() - 1], now);
        Ok(memory)
    }

    /// Reports the numbers of a hub that are missing before these events and among them. A topic's
    /// offsets have holes by nature.
    fn report_gaps(
        &self,
        judged: &Judged,
        committed: &[Position],
        memory: &Memory,
        heard: Option<u64>,
    ) {
        let origin = &judged.batch.origin;
        if origin.log() == Log::Topic {
            return;
        }
        let mut known = heard;
        for sequence in committed.iter().map(|it| it.sequence()) {
            let missing = memory.missing_before(sequence, known);
            if missing > 0 {
                self.landing.telemetry.gap(origin, missing);
            }
            known = Some(sequence);
        }
    }

    /// How many events are dropped, since they were landed before. A topic's records are known by
    /// their offset alone: one that can't be the one that was landed is of another life of the
    /// topic, and is not dropped without a word.
    fn dropped(
        &self,
        judged: &Judged,
        part: Range<usize>,
        memory: &Memory,
    ) -> Result<u64, LandingError> {
        for index in part.clone() {
            let stamp = judged.batch.events[index].enqueued;
            if let Some(Position::Offset(offset)) = judged.batch.position(index)
                && memory
                    .landed_in(Position::Offset(offset))
                    .is_some_and(|landed| landed.refutes(stamp))
            {
                return Err(LandingError::OtherRecord {
                    stream: self.stream.clone(),
                    partition: self.partition.clone(),
                    offset,
                });
            }
        }
        Ok(part.len() as u64)
    }

    /// Whether an event stands in the lake.
    pub(super) async fn has_landed(&self, position: Position) -> Result<bool, LandingError> {
        let landed = self.recall([Folder::of(position)].into_iter()).await?;
        Ok(landed.iter().any(|covered| covered.covers(position)))
    }

    /// Reads what is landed in some folders, and publishes what a kill left unpublished there.
    async fn recall(
        &self,
        folders: impl Iterator<Item = Folder>,
    ) -> Result<Vec<Covered>, LandingError> {
        let store = &*self.landing.store;
        let mut landed = Vec::new();
        for folder in folders {
            let prefix = |kind| chain_prefix(kind, &self.stream, &self.partition, folder);
            let published = list_all(store, &prefix(Kind::Rejections)).await?;
            let published: BTreeSet<&str> = published
                .iter()
                .filter_map(|listed| listed.name.strip_prefix("rejections/"))
                .collect();
            for listed in list_all(store, &prefix(Kind::Bronze)).await? {
                // what is not of the chain: another's, or a replay of a partition called "replay"
                let Some(name) = Name::parse(&listed.name)
                    .map(|(_, name)| name)
                    .filter(|name| name.replay.is_none())
                else {
                    continue;
                };
                let Some(about) = About::of(&name, &listed.metadata) else {
                    return Err(LandingError::NameTaken { name: listed.name });
                };
                if !published.contains(name.to_string().as_str()) {
                    self.landing.publish(&name, &about).await?;
                }
                landed.extend(about.covered);
            }
        }
        Ok(landed)
    }

    fn name(&self, first: Position) -> Name {
        Name {
            stream: self.stream.clone(),
            place: Place::Partition {
                partition: self.partition.clone(),
                first,
            },
            replay: None,
            compression: self.landing.compression,
        }
    }
}

/// Cuts a batch where the folder changes, and where the sequence does not go up (no host sends that
/// of a hub; a consumer of a topic may go back. Each part is landed for itself).
fn runs(positions: &[Position]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    positions
        .chunk_by(|one, next| {
            Folder::of(*one) == Folder::of(*next) && one.sequence() < next.sequence()
        })
        .map(move |run| {
            let range = start..start + run.len();
            start = range.end;
            range
        })
}

/// The first events within `range` that are not landed, up to the next one that is, and no more of
/// them than one blob can stand for.
fn stretch(positions: &[Position], range: Range<usize>, memory: &Memory) -> Option<Range<usize>> {
    let mut within = range.clone();
    let start = within.find(|index| !memory.has_landed(positions[*index]))?;
    let end = within
        .find(|index| memory.has_landed(positions[*index]))
        .unwrap_or(range.end);
    let end = match positions[start].log() {
        Log::Hub => end,
        Log::Topic => {
            start + ranges::that_fit(positions[start..end].iter().map(|it| it.sequence()))
        }
    };
    Some(start..end)
}
