//! One schedule of a Kafka topic: its partitions, the consumers of one group, and what a seed does
//! to them.
//!
//! A consumer is as the host's extension is: one batch mixes partitions, a record that was read stays
//! in its buffer whatever becomes of the partition, offsets are committed after success, as those of
//! the batch's last records, and the commit may be lost. Offsets have the holes that compaction and
//! transactions leave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bronzegate::encode::Compression;
use bronzegate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Stream};
use bronzegate::judge::Judged;
use bronzegate::landing::{About, Kind, Landing, LandingError, Name, Place};
use bronzegate::store::memory::MemoryStore;
use bronzegate::workers::Workers;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::store::{Fate, Request, Wire, arrive};
use crate::world::{audited, verdict};

/// Steps after which every schedule is at its end.
const PATIENCE: u64 = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    offset: u64,
    /// What its producer says, in milliseconds.
    stamp: Option<i64>,
    /// The share of catalogs that refuse it: 0 none, 1 the newer, 2 both.
    refused_by: u8,
}

/// A record by its partition and its index there.
type Read = (usize, usize);

struct Invocation {
    records: Vec<Read>,
    batches: Vec<Arc<Judged>>,
    landing: BoxFuture<'static, Result<(), LandingError>>,
}

struct Consumer {
    landing: Arc<Landing>,
    wire: Wire,
    newer: bool,
    /// Where it reads on in each partition; none where it has to ask what is committed.
    at: Vec<Option<usize>>,
    buffer: Vec<Read>,
    invocation: Option<Invocation>,
}

struct World {
    rng: ChaCha8Rng,
    memory: MemoryStore,
    late: Arc<Mutex<Vec<Request>>>,
    logs: Vec<Vec<Sent>>,
    committed: Vec<usize>,
    owners: Vec<usize>,
    consumers: Vec<Consumer>,
    now: u64,
    faults: f64,
    /// Whether the group's offsets are set forward, past what nobody has read, and back again in the
    /// end. That is promised for one consumer without a fault: a skip where two overlap is not.
    skips: bool,
}

/// Runs one schedule.
pub fn run(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    while world.now < PATIENCE && world.step()? {}
    if world.now >= PATIENCE {
        return Err(format!("it never came to an end: {:?}", world.committed));
    }
    world.check()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let partitions = rng.random_range(1..=3);
        let logs = (0..partitions).map(|_| log(&mut rng)).collect();
        let skips = rng.random_bool(0.15);
        let faults = if rng.random_bool(0.7) && !skips {
            0.03
        } else {
            0.0
        };
        let count = if skips { 1 } else { rng.random_range(1..=3) };
        let mut world = Self {
            rng,
            memory: MemoryStore::new(),
            late: Arc::default(),
            logs,
            committed: vec![0; partitions],
            owners: vec![0; partitions],
            consumers: Vec::new(),
            now: 0,
            faults,
            skips,
        };
        for _ in 0..count {
            let consumer = world.consumer();
            world.consumers.push(consumer);
        }
        world
    }

    fn consumer(&mut self) -> Consumer {
        let wire = Wire::new(self.memory.clone(), Arc::clone(&self.late));
        let store = Arc::new(wire.clone());
        Consumer {
            landing: Arc::new(Landing::new(store, Compression::None, Workers::Inline)),
            wire,
            newer: self.rng.random_bool(0.3),
            at: vec![None; self.logs.len()],
            buffer: Vec::new(),
            invocation: None,
        }
    }

    /// One step of the schedule; false at the end of it.
    fn step(&mut self) -> Result<bool, String> {
        self.now += 1;
        let ends = self.logs.iter().map(Vec::len);
        let busy = |it: &Consumer| it.invocation.is_some() || !it.buffer.is_empty();
        if ends.eq(self.committed.iter().copied()) && !self.consumers.iter().any(busy) {
            if !std::mem::take(&mut self.skips) {
                return Ok(false);
            }
            self.committed.fill(0);
            self.consumers[0].at.fill(None);
        }
        let count = self.consumers.len();
        let partition = self.rng.random_range(0..self.logs.len());
        match self.rng.random_range(0.0..1.0) {
            _ if self.skips && self.rng.random_bool(0.02) => {
                let rest = self.committed[partition]..=self.logs[partition].len();
                self.committed[partition] = self.rng.random_range(rest);
                self.consumers[0].at[partition] = None;
            }
            x if x < 0.005 && !self.skips => {
                let index = self.rng.random_range(0..count);
                self.kill(index);
            }
            x if x < 0.02 => {
                // the group's assignment changes: the new owner reads on from what is committed
                self.owners[partition] = self.rng.random_range(0..count);
                self.consumers[self.owners[partition]].at[partition] = None;
            }
            x if x < 0.024 => {
                let committed = &mut self.committed[partition];
                *committed = self.rng.random_range(0..=*committed);
                let owner = self.owners[partition];
                self.consumers[owner].at[partition] = None;
            }
            x if x < 0.06 => {
                let mut late = self.late.lock().unwrap();
                if !late.is_empty() {
                    let index = self.rng.random_range(0..late.len());
                    arrive(late.swap_remove(index));
                }
            }
            _ => {}
        }
        let index = self.rng.random_range(0..count);
        if self.consumers[index].invocation.is_some() {
            self.advance(index)?;
        } else {
            self.consume(index, partition);
        }
        Ok(true)
    }

    fn kill(&mut self, index: usize) {
        let killed = self.consumer();
        let killed = std::mem::replace(&mut self.consumers[index], killed);
        if let Some(request) = killed.wire.cut()
            && self.rng.random_bool(0.5)
        {
            self.late.lock().unwrap().push(request);
        }
    }

    /// A consumer reads some records of a partition, and hands its buffer on, or not yet.
    fn consume(&mut self, index: usize, partition: usize) {
        let owns = self.owners[partition] == index;
        let consumer = &mut self.consumers[index];
        // who lost the partition may read on for a while
        if owns || (consumer.at[partition].is_some() && self.rng.random_bool(0.1)) {
            let committed = self.committed[partition];
            let at = *consumer.at[partition].get_or_insert(committed);
            let count = self.rng.random_range(1..8);
            let end = self.logs[partition].len().min(at + count);
            consumer.buffer.extend((at..end).map(|it| (partition, it)));
            consumer.at[partition] = Some(end);
        }
        if consumer.buffer.is_empty() || self.rng.random_bool(0.5) {
            return;
        }
        let records = std::mem::take(&mut consumer.buffer);
        let mut split: BTreeMap<usize, Vec<Sent>> = BTreeMap::new();
        for (partition, at) in &records {
            let record = self.logs[*partition][*at];
            split.entry(*partition).or_default().push(record);
        }
        let batches = split.iter();
        let batches = batches
            .map(|(partition, records)| Arc::new(judged(*partition, records, consumer.newer)))
            .collect();
        consumer.begin(records, batches, self.now);
    }

    /// One store call of a consumer's function, with whatever becomes of it.
    fn advance(&mut self, index: usize) -> Result<(), String> {
        let fate = if self.rng.random_bool(self.faults) {
            [Fate::Failed, Fate::AnswerLost, Fate::Late][self.rng.random_range(0..3)]
        } else {
            Fate::Done
        };
        let consumer = &mut self.consumers[index];
        consumer.wire.decide(fate);
        let Some(mut invocation) = consumer.invocation.take() else {
            return Ok(());
        };
        let mut context = Context::from_waker(Waker::noop());
        match invocation.landing.poll_unpin(&mut context) {
            Poll::Pending => consumer.invocation = Some(invocation),
            Poll::Ready(Ok(())) => {
                let last: BTreeMap<usize, usize> = invocation.records.into_iter().collect();
                for (partition, at) in last {
                    // the broker takes no commit of who lost the partition
                    if self.owners[partition] == index && self.rng.random_bool(0.9) {
                        self.committed[partition] = at + 1;
                    }
                    // or it was lost: sooner or later the group starts over from what is committed
                    else if self.owners[partition] == index {
                        self.consumers[index].at[partition] = None;
                    }
                }
            }
            Poll::Ready(Err(LandingError::Store(_))) => {
                // the host's retry policy holds the batch
                consumer.begin(invocation.records, invocation.batches, self.now);
            }
            Poll::Ready(Err(other)) => return Err(other.to_string()),
        }
        Ok(())
    }

    /// What stands in the lake in the end, as an audit sees it and as is known here.
    fn check(&self) -> Result<(), String> {
        let report = audited(&self.memory)?;
        let sent: usize = self.logs.iter().map(Vec::len).sum();
        if report.totals.events != sent as u64 {
            return Err(format!("the audit counts {} events", report.totals.events));
        }
        for partition in &report.streams[0].partitions {
            let log = &self.logs[partition.partition.parse::<usize>().unwrap()];
            let life = partition
                .lives
                .first()
                .filter(|_| partition.lives.len() == 1);
            let life = life.ok_or("a topic has one life")?;
            let found: Vec<_> = life.gaps.iter().map(|it| (it.first, it.last)).collect();
            if found != holes(log) {
                return Err(format!(
                    "the audit finds {found:?}, and there are {:?}",
                    holes(log)
                ));
            }
        }
        let mut seen: BTreeSet<(usize, u64)> = BTreeSet::new();
        for (blob, content) in self.memory.blobs() {
            let Some((kind, name)) = Name::parse(&blob) else {
                continue;
            };
            let Place::Partition { partition, .. } = &name.place else {
                return Err(format!("{blob} is of no partition"));
            };
            let partition: usize = partition.as_str().parse().unwrap();
            let about = About::of(&name, &content.metadata).ok_or(format!("{blob} is not ours"))?;
            let covers = |offset| {
                let position = Log::Topic.position(Some(offset), None).unwrap();
                about.covers(position)
            };
            let lines = content.body.split(|byte| *byte == b'\n');
            let mut last = None;
            for line in lines.filter(|line| !line.is_empty()) {
                let record: serde_json::Value = serde_json::from_slice(line).unwrap();
                let offset = record["_sequence"].as_u64().unwrap();
                let log = &self.logs[partition];
                let expected = log.iter().find(|it| it.offset == offset);
                let expected = expected.ok_or("a record of nothing")?;
                let fits = match expected.refused_by {
                    0 => kind == Kind::Bronze,
                    2 => kind == Kind::Rejections,
                    _ => true,
                };
                if !fits || !covers(offset) || last >= Some(offset) {
                    return Err(format!("{offset} does not belong in {blob}"));
                }
                if !seen.insert((partition, offset)) {
                    return Err(format!("I2: {offset} of {partition} stands twice"));
                }
                last = Some(offset);
            }
        }
        match sent - seen.len() {
            0 => Ok(()),
            lost => Err(format!("I1: {lost} lost")),
        }
    }
}

impl Consumer {
    fn begin(&mut self, records: Vec<Read>, batches: Vec<Arc<Judged>>, now: u64) {
        let (landing, all) = (Arc::clone(&self.landing), batches.clone());
        let land = async move {
            for batch in all {
                landing.land(batch, Duration::from_secs(now)).await?;
            }
            Ok(())
        };
        self.invocation = Some(Invocation {
            records,
            batches,
            landing: land.boxed(),
        });
    }
}

/// A partition's records: mostly around the end of a folder, with holes, at any times.
fn log(rng: &mut ChaCha8Rng) -> Vec<Sent> {
    let mut offset = [0, 999_970, 5_999_990][rng.random_range(0..3)];
    let holes = [0.0, 0.05, 0.4][rng.random_range(0..3)];
    (0..rng.random_range(20..60))
        .map(|_| {
            offset += 1;
            if rng.random_bool(holes) {
                offset += rng.random_range(1..4);
            }
            let stamp = rng.random_range(0..1_800_000_000_000);
            Sent {
                offset,
                stamp: rng.random_bool(0.9).then_some(stamp),
                refused_by: [0, 0, 0, 1, 2][rng.random_range(0..5)],
            }
        })
        .collect()
}

fn holes(log: &[Sent]) -> Vec<(u64, u64)> {
    let pairs = log.windows(2).map(|pair| (pair[0].offset, pair[1].offset));
    pairs
        .filter(|(one, next)| one + 1 < *next)
        .map(|(one, next)| (one + 1, next - 1))
        .collect()
}

/// A partition's batch as the decoder and the judge would hand it on.
fn judged(partition: usize, records: &[Sent], newer: bool) -> Judged {
    let mut batch = Batch::empty(Origin::Partition {
        log: Log::Topic,
        stream: Stream::new("kafka/orders"),
        partition: Partition::new(partition.to_string()),
    });
    let mut verdicts = Vec::new();
    for record in records {
        let start = batch.payload.len();
        let payload = record.offset.to_string();
        batch.payload.extend_from_slice(payload.as_bytes());
        batch.events.push(Event {
            body: start..batch.payload.len(),
            sequence: Some(record.offset),
            enqueued: record.stamp.and_then(EnqueuedTime::from_millis),
            ..Event::default()
        });
        verdicts.push(verdict(record.refused_by, newer));
    }
    Judged {
        batch,
        verdicts,
        catalog: if newer { "newer" } else { "older" }.into(),
    }
}
