//! One schedule: a hub, its host's instances, and what a seed does to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bronzegate::audit::{self, Depth, Report};
use bronzegate::encode::Compression;
use bronzegate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Stream};
use bronzegate::judge::{Judged, Reason, Rejection, Verdict, Violation};
use bronzegate::landing::{About, Kind, Landed, Landing, LandingError, Name};
use bronzegate::store::Store;
use bronzegate::store::memory::MemoryStore;
use bronzegate::workers::Workers;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::store::{Fate, Request, Wire, arrive};

/// Milliseconds of a tick of the broker's clock: 50 of them are an hour.
const TICK: i64 = 72_000;
/// Ticks after which every schedule is at its end.
const PATIENCE: u64 = 40_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    life: u8,
    sequence: u64,
    clock: i64,
    /// The share of catalogs that refuse it: 0 none, 1 the newer, 2 both.
    refused_by: u8,
}

struct Instance {
    landing: Arc<Landing>,
    wire: Wire,
    newer: bool,
    /// Where it reads on; none where it has to ask the checkpoint.
    at: Option<usize>,
    invocation: Option<Invocation>,
}

/// Where its batch ends, the batch, and the landing of it.
type Invocation = (
    usize,
    Arc<Judged>,
    BoxFuture<'static, Result<Landed, LandingError>>,
);

struct World {
    rng: ChaCha8Rng,
    memory: MemoryStore,
    late: Arc<Mutex<Vec<Request>>>,
    log: Vec<Sent>,
    clock: i64,
    now: u64,
    /// The first event of the hub's present life.
    start: usize,
    checkpoint: usize,
    owner: usize,
    instances: Vec<Instance>,
    anew: bool,
    faults: f64,
}

/// Runs one schedule.
pub fn run(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    while world.now < PATIENCE && world.step()? {}
    if world.now >= PATIENCE {
        return Err(format!(
            "it never came to an end: checkpoint {} of {}",
            world.checkpoint,
            world.log.len()
        ));
    }
    world.check()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (count, anew) = (rng.random_range(1..=3), rng.random_bool(0.2));
        let faults = if rng.random_bool(0.7) { 0.03 } else { 0.0 };
        let mut world = Self {
            rng,
            memory: MemoryStore::new(),
            late: Arc::default(),
            log: Vec::new(),
            clock: 100,
            now: 0,
            start: 0,
            checkpoint: 0,
            owner: 0,
            instances: Vec::new(),
            anew,
            faults,
        };
        world.send(60, 0, 0);
        for _ in 0..count {
            let instance = world.instance();
            world.instances.push(instance);
        }
        world
    }

    fn send(&mut self, count: u64, life: u8, floor: i64) {
        for sequence in 0..count {
            let step = [0, 1, 2, 7, -6][self.rng.random_range(0..5)];
            self.clock = floor.max(self.clock + step);
            let refused_by = match self.rng.random_range(0..20) {
                0..=4 => 2,
                5 => 1,
                _ => 0,
            };
            self.log.push(Sent {
                life,
                sequence,
                clock: self.clock,
                refused_by,
            });
        }
    }

    fn instance(&mut self) -> Instance {
        let wire = Wire::new(self.memory.clone(), Arc::clone(&self.late));
        Instance {
            landing: Arc::new(Landing::new(
                Arc::new(wire.clone()),
                Compression::None,
                Workers::Inline,
            )),
            wire,
            newer: self.rng.random_bool(0.3),
            at: None,
            invocation: None,
        }
    }

    /// One step of the schedule; false at the end of it.
    fn step(&mut self) -> Result<bool, String> {
        self.now += 1;
        if self.checkpoint >= self.log.len()
            && self.instances.iter().all(|it| it.invocation.is_none())
        {
            if !self.anew {
                return Ok(false);
            }
            self.make_hub_anew();
            return Ok(true);
        }
        let count = self.instances.len();
        match self.rng.random_range(0.0..1.0) {
            x if x < 0.01 => {
                let index = self.rng.random_range(0..count);
                self.kill(index);
            }
            x if x < 0.02 => {
                self.owner = self.rng.random_range(0..count);
                self.instances[self.owner].at = None;
            }
            x if x < 0.025 && self.checkpoint > self.start => {
                self.checkpoint = self.rng.random_range(self.start..=self.checkpoint);
                for instance in self
                    .instances
                    .iter_mut()
                    .filter(|it| it.invocation.is_none())
                {
                    instance.at = None;
                }
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
        if self.instances[index].invocation.is_some() {
            self.advance(index)?;
        } else if index == self.owner
            || (self.instances[index].at.is_some() && self.rng.random_bool(0.3))
        {
            // who lost the partition may run on for a while
            self.deliver(index);
        }
        Ok(true)
    }

    /// The hub is deleted and made again: its sequence begins anew, its times go on.
    fn make_hub_anew(&mut self) {
        self.anew = false;
        let last = self.log.iter().map(|sent| sent.clock).max().unwrap_or(0);
        self.clock = last + [3, 30, 200][self.rng.random_range(0..3)];
        self.now += 120;
        self.start = self.log.len();
        self.checkpoint = self.start;
        self.send(40, 1, self.clock);
        for instance in &mut self.instances {
            instance.at = None;
        }
    }

    fn kill(&mut self, index: usize) {
        let killed = self.instance();
        let killed = std::mem::replace(&mut self.instances[index], killed);
        if let Some(request) = killed.wire.cut()
            && self.rng.random_bool(0.5)
        {
            self.late.lock().unwrap().push(request);
        }
    }

    /// An instance's host hands it the next batch.
    fn deliver(&mut self, index: usize) {
        let size = [1, 2, 5, 13][self.rng.random_range(0..4)];
        let (checkpoint, start, now) = (self.checkpoint, self.start, self.now);
        let instance = &mut self.instances[index];
        let at = *instance.at.get_or_insert(checkpoint);
        let life = u8::from(start > 0);
        let events: Vec<Sent> = self.log[at..]
            .iter()
            .take(size)
            .filter(|sent| sent.life == life)
            .copied()
            .collect();
        if events.is_empty() {
            instance.at = None;
            return;
        }
        let judged = Arc::new(judged(&events, instance.newer));
        instance.begin(at + events.len(), judged, now);
    }

    /// One store call of an instance, with whatever becomes of it.
    fn advance(&mut self, index: usize) -> Result<(), String> {
        let fate = if self.rng.random_bool(self.faults) {
            [Fate::Failed, Fate::AnswerLost, Fate::Late][self.rng.random_range(0..3)]
        } else {
            Fate::Done
        };
        let (now, owner) = (self.now, self.owner);
        let instance = &mut self.instances[index];
        instance.wire.decide(fate);
        let Some((end, judged, mut landing)) = instance.invocation.take() else {
            return Ok(());
        };
        match landing.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => instance.invocation = Some((end, judged, landing)),
            Poll::Ready(Ok(_)) => {
                instance.at = Some(end);
                if index == owner && self.rng.random_bool(0.9) {
                    self.checkpoint = self.checkpoint.max(end);
                }
            }
            Poll::Ready(Err(LandingError::Store(_))) => {
                // the host's retry policy holds the batch
                instance.begin(end, judged, now);
            }
            Poll::Ready(Err(other)) => return Err(other.to_string()),
        }
        Ok(())
    }

    /// What stands in the lake in the end, as an audit sees it and as is known here.
    fn check(&self) -> Result<(), String> {
        let report = audited(&self.memory)?;
        if report.totals.events != self.log.len() as u64 {
            return Err(format!("the audit counts {} events", report.totals.events));
        }

        let mut seen: BTreeMap<(u8, u64), String> = BTreeMap::new();
        let mut chains: BTreeMap<u8, Vec<(u64, u64)>> = BTreeMap::new();
        for (blob, content) in self.memory.blobs() {
            let Some((kind, _)) = Name::parse(&blob) else {
                continue;
            };
            let about =
                About::from_metadata(&content.metadata).ok_or(format!("{blob} has no metadata"))?;
            let lines: Vec<Sent> = content
                .body
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(sent)
                .collect();
            let counted = if kind == Kind::Bronze {
                about.accepted
            } else {
                about.rejected
            };
            if lines.len() as u64 != counted {
                return Err(format!(
                    "{blob} has {} lines, and its metadata says {counted}",
                    lines.len()
                ));
            }
            if !lines.is_sorted_by(|one, next| one.sequence < next.sequence) {
                return Err(format!("I6: {blob} is not in order"));
            }
            for line in &lines {
                let expected = &self.log[self
                    .log
                    .iter()
                    .position(|it| it.life == line.life && it.sequence == line.sequence)
                    .ok_or("a record of nothing")?];
                let fits = match expected.refused_by {
                    0 => kind == Kind::Bronze,
                    2 => kind == Kind::Rejections,
                    _ => true,
                };
                if !fits || expected.clock != line.clock {
                    return Err(format!("wrong record in {blob}: {line:?} of {expected:?}"));
                }
                if let Some(other) = seen.insert((line.life, line.sequence), blob.clone()) {
                    return Err(format!("I2: {line:?} stands twice: {other} and {blob}"));
                }
            }
            if kind == Kind::Bronze {
                let covered = about.covered.first().ok_or("a blob covers nothing")?;
                let least = covered.times.ends().map(|(least, _)| least.millis());
                let life = u8::from(self.anew_at().is_some_and(|at| least >= Some(at)));
                chains
                    .entry(life)
                    .or_default()
                    .push((covered.first, covered.last));
            }
        }
        for chain in chains.values_mut() {
            chain.sort_unstable();
            if let Some(pair) = chain.windows(2).find(|pair| pair[0].1 >= pair[1].0) {
                return Err(format!("I6: the ranges {pair:?} overlap"));
            }
        }
        let lost: Vec<&Sent> = self
            .log
            .iter()
            .filter(|sent| !seen.contains_key(&(sent.life, sent.sequence)))
            .collect();
        match lost.first() {
            Some(first) => Err(format!("I1: {} lost, the first is {first:?}", lost.len())),
            None => Ok(()),
        }
    }

    /// The least time of the hub's second life.
    fn anew_at(&self) -> Option<i64> {
        self.log
            .iter()
            .filter(|sent| sent.life == 1)
            .map(|sent| sent.clock * TICK)
            .min()
    }
}

impl Instance {
    fn begin(&mut self, end: usize, judged: Arc<Judged>, now: u64) {
        let (landing, batch) = (Arc::clone(&self.landing), Arc::clone(&judged));
        let land = async move { landing.land(batch, Duration::from_secs(now)).await };
        self.invocation = Some((end, judged, land.boxed()));
    }
}

/// What a deep audit says of a lake that has to be sound.
pub fn audited(memory: &MemoryStore) -> Result<Report, String> {
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    let request = audit::Request {
        depth: Depth::Records,
        ..audit::Request::default()
    };
    let progress = audit::Progress::default();
    let report = audit::audit(&store, &request, (&Workers::Inline, &progress))
        .now_or_never()
        .ok_or("the audit waits for something")?
        .map_err(|error| error.to_string())?;
    match report.findings.first() {
        Some(finding) => Err(format!("the audit found {finding:?}")),
        None => Ok(report),
    }
}

/// A batch as the decoder and the judge would hand it on.
fn judged(events: &[Sent], newer: bool) -> Judged {
    let mut payload = Vec::new();
    let mut verdicts = Vec::new();
    let decoded = events
        .iter()
        .map(|sent| {
            let first = payload.len();
            payload.extend_from_slice(
                format!("[{},{},{}]", sent.life, sent.sequence, sent.clock).as_bytes(),
            );
            verdicts.push(verdict(sent.refused_by, newer));
            Event {
                body: first..payload.len(),
                sequence: Some(sent.sequence),
                enqueued: EnqueuedTime::from_millis(sent.clock * TICK),
                ..Event::default()
            }
        })
        .collect();
    Judged {
        batch: Batch {
            origin: Origin::Partition {
                log: Log::Hub,
                stream: Stream::new("shop/orders"),
                partition: Partition::new("0"),
            },
            payload,
            text: String::new(),
            events: decoded,
        },
        verdicts,
        catalog: if newer { "newer" } else { "older" }.into(),
    }
}

/// What the older or the newer catalog says of an event that this share of them refuses.
pub fn verdict(refused_by: u8, newer: bool) -> Verdict {
    if refused_by <= u8::from(!newer) {
        return Verdict::Accepted("x/1.0.0".into());
    }
    Verdict::Rejected(Rejection {
        reason: Reason::Schema,
        schema: None,
        violations: vec![Violation {
            pointer: String::new(),
            keyword: "x".to_owned(),
            schema_pointer: String::new(),
            message: String::new(),
        }],
    })
}

/// Reads a record back: its payload says which event it is.
fn sent(line: &[u8]) -> Sent {
    let record: serde_json::Value = serde_json::from_slice(line).unwrap();
    let body = match record.get("body") {
        Some(body) => body.clone(),
        None => serde_json::from_str(record["body_text"].as_str().unwrap()).unwrap(),
    };
    assert_eq!(record["_sequence"], body[1]);
    Sent {
        life: body[0].as_u64().unwrap() as u8,
        sequence: body[1].as_u64().unwrap(),
        clock: body[2].as_i64().unwrap(),
        refused_by: 0,
    }
}
