//! Replays of one lake's rejections: several at a time, under different catalogs, killed anywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bronzegate::encode::Compression;
use bronzegate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Stream};
use bronzegate::judge::{Catalog, Judged, Limits, judge_batch};
use bronzegate::landing::Landing;
use bronzegate::replay::{Judging, Outcome, Progress, Selection, replay};
use bronzegate::store::memory::MemoryStore;
use bronzegate::store::{Store, StoreError};
use bronzegate::workers::Workers;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::store::{Fate, Request, Wire, arrive};
use crate::world::audited;

const HOUR: i64 = 3_600_000;

/// Catalogs 0 to 3: each accepts one level more than the one before.
static CATALOGS: LazyLock<Vec<Arc<Catalog>>> = LazyLock::new(|| {
    let catalog = |most: u64| {
        let dir = tempfile::tempdir().unwrap();
        let schema = format!(
            r#"{{"$id":"https://shop.example/x/1.{most}.0","properties":{{"level":{{"maximum":{most}}}}}}}"#
        );
        std::fs::create_dir(dir.path().join("x")).unwrap();
        std::fs::write(dir.path().join(format!("x/1.{most}.0.json")), schema).unwrap();
        std::fs::write(dir.path().join("catalog.json"), r#"{"default":"x"}"#).unwrap();
        Arc::new(Catalog::load(Path::new(dir.path())).unwrap())
    };
    (0..4).map(catalog).collect()
});

struct Replayer {
    wire: Wire,
    catalog: usize,
    run: BoxFuture<'static, Result<Outcome, StoreError>>,
}

struct World {
    rng: ChaCha8Rng,
    memory: MemoryStore,
    late: Arc<Mutex<Vec<Request>>>,
    /// By sequence number.
    levels: Vec<u64>,
    faults: f64,
}

/// Runs one schedule.
pub fn run(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    let mut replayers: Vec<Replayer> = (0..world.rng.random_range(1..=3))
        .map(|_| world.replayer())
        .collect();
    let mut runs = world.rng.random_range(3..9);
    while runs > 0 {
        if world.rng.random_bool(0.05) {
            world.one_comes_late();
        }
        let index = world.rng.random_range(0..replayers.len());
        if world.rng.random_bool(0.02) {
            let killed = world.replayer();
            let killed = std::mem::replace(&mut replayers[index], killed);
            world.kill(&killed);
            runs -= 1;
        } else if world.step(&mut replayers[index]) {
            // under another catalog, or after a failure, it is run again
            replayers[index] = world.replayer();
            runs -= 1;
        }
    }
    for replayer in &replayers {
        world.kill(replayer);
    }
    while world.one_comes_late() {}
    world.clean(2)?;
    world.check(2)?;
    let before = world.memory.blobs();
    world.clean(2)?;
    world.clean(1)?;
    if before != world.memory.blobs() {
        return Err("I7: replaying again changed something".to_owned());
    }
    Ok(())
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let memory = MemoryStore::new();
        let levels: Vec<u64> = (0..rng.random_range(1..25))
            .map(|_| rng.random_range(0..4))
            .collect();
        let landing = Landing::new(Arc::new(memory.clone()), Compression::None, Workers::Inline);
        let batch = Arc::new(judged(&levels));
        let landed = landing.land(batch, Duration::ZERO);
        landed.now_or_never().unwrap().unwrap();
        let faults = if rng.random_bool(0.7) { 0.05 } else { 0.0 };
        Self {
            rng,
            memory,
            late: Arc::default(),
            levels,
            faults,
        }
    }

    fn replayer(&mut self) -> Replayer {
        let wire = Wire::new(self.memory.clone(), Arc::clone(&self.late));
        let catalog = self.rng.random_range(0..4);
        Replayer {
            run: replaying(Arc::new(wire.clone()), catalog),
            wire,
            catalog,
        }
    }

    /// One store call of a replayer; true where it has come to its end.
    fn step(&mut self, replayer: &mut Replayer) -> bool {
        let fate = if self.rng.random_bool(self.faults) {
            [Fate::Failed, Fate::AnswerLost, Fate::Late][self.rng.random_range(0..3)]
        } else {
            Fate::Done
        };
        replayer.wire.decide(fate);
        match replayer
            .run
            .poll_unpin(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Pending => false,
            Poll::Ready(Ok(outcome)) => {
                assert_eq!(outcome.wrong, 0, "catalog {}", replayer.catalog);
                true
            }
            Poll::Ready(Err(_)) => true,
        }
    }

    fn kill(&mut self, killed: &Replayer) {
        if let Some(request) = killed.wire.cut()
            && self.rng.random_bool(0.5)
        {
            self.late.lock().unwrap().push(request);
        }
    }

    fn one_comes_late(&mut self) -> bool {
        let mut late = self.late.lock().unwrap();
        if late.is_empty() {
            return false;
        }
        let index = self.rng.random_range(0..late.len());
        arrive(late.swap_remove(index));
        true
    }

    /// A replay that nothing disturbs.
    fn clean(&self, catalog: usize) -> Result<(), String> {
        let outcome = replaying(Arc::new(self.memory.clone()), catalog)
            .now_or_never()
            .ok_or("it waits for something")?
            .map_err(|error| error.to_string())?;
        match outcome.problems.first() {
            Some(problem) => Err(format!("{problem:?}")),
            None => Ok(()),
        }
    }

    /// What stands in the lake in the end, when all that this catalog accepts was replayed.
    fn check(&self, catalog: u64) -> Result<(), String> {
        let mut landed: BTreeMap<u64, u64> = BTreeMap::new();
        let mut resolved: BTreeMap<u64, u64> = BTreeMap::new();
        for (blob, content) in self.memory.blobs() {
            let lines = content.body.split(|byte| *byte == b'\n');
            for line in lines.filter(|line| !line.is_empty() && !blob.starts_with('_')) {
                let record: Value = serde_json::from_slice(line).unwrap();
                let sequence = record["_sequence"].as_u64().unwrap();
                if blob.starts_with("bronze/") {
                    if record["body"]["level"] != self.levels[sequence as usize] {
                        return Err(format!("another payload in {blob}"));
                    }
                    *landed.entry(sequence).or_default() += 1;
                } else if !record["_resolution"].is_null() {
                    *resolved.entry(sequence).or_default() += 1;
                }
            }
        }
        for (sequence, level) in (0..).zip(&self.levels) {
            let (landed, resolved) = (landed.get(&sequence), resolved.get(&sequence));
            if landed.is_some_and(|times| *times > 1) {
                return Err(format!("I7: {sequence} landed more than once"));
            }
            if *level <= catalog && landed.is_none() {
                return Err(format!("I7: {sequence} was not landed"));
            }
            if *level > 0 && landed != resolved {
                return Err(format!(
                    "{sequence}: landed {landed:?}, resolved {resolved:?}"
                ));
            }
        }
        audited(&self.memory).map(drop)
    }
}

fn replaying(
    store: Arc<dyn Store>,
    catalog: usize,
) -> BoxFuture<'static, Result<Outcome, StoreError>> {
    let judging = Judging {
        catalog: Arc::clone(&CATALOGS[catalog]),
        limits: Limits::default(),
    };
    async move {
        let (selection, progress) = (Selection::default(), Progress::default());
        let about = (&Workers::Inline, &progress);
        replay(&store, &judging, &selection, false, about).await
    }
    .boxed()
}

/// Events over a few hours, judged by the first catalog.
fn judged(levels: &[u64]) -> Judged {
    let mut batch = Batch::empty(Origin::Partition {
        log: Log::Hub,
        stream: Stream::new("shop/orders"),
        partition: Partition::new("0"),
    });
    for (sequence, level) in (0..).zip(levels) {
        let start = batch.payload.len();
        let payload = format!("{{\"level\":{level}}}");
        batch.payload.extend_from_slice(payload.as_bytes());
        batch.events.push(Event {
            body: start..batch.payload.len(),
            sequence: Some(sequence),
            enqueued: EnqueuedTime::from_millis(sequence as i64 * HOUR / 7),
            ..Event::default()
        });
    }
    judge_batch(&CATALOGS[0], Limits::default(), batch)
}
