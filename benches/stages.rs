//! The stages of one batch, and the whole of it: `cargo bench`.
//!
//! 175-byte order lines and 5 KB orders, 1,000 events a batch, none or 10 % of them refused.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bronzegate::decode::{Cardinality, DataType, Naming, Trigger, decode};
use bronzegate::encode::{Compression, encode};
use bronzegate::event::{Batch, EnqueuedTime};
use bronzegate::judge::{Catalog, Judged, Limits, judge_batch};
use bronzegate::landing::Landing;
use bronzegate::local::dice::Dice;
use bronzegate::local::hub::{self, Message};
use bronzegate::local::orders::Orders;
use bronzegate::local::payload::Tries;
use bronzegate::local::process::{App, Process};
use bronzegate::local::spoil::spoil;
use bronzegate::store::MemoryStore;
use bronzegate::workers::Workers;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const EVENTS: usize = 1_000;

#[derive(Clone, Copy)]
enum Shape {
    Line,
    Order,
}

struct Case {
    name: String,
    messages: Vec<Message>,
    body: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let shapes = [("line-175B", Shape::Line), ("order-5KB", Shape::Order)];
    let bad = [("0%-bad", 0), ("10%-bad", 1_000)];
    let all = shapes
        .iter()
        .flat_map(|shape| bad.iter().map(move |share| (shape, share)));
    all.map(|((shape_name, shape), (share_name, share))| {
        let messages = messages(*shape, *share);
        let body = posted("orders", 0, &messages);
        Case {
            name: format!("{shape_name}/{share_name}"),
            messages,
            body,
        }
    })
    .collect()
}

/// The body of an invocation, as the host posts it.
fn posted(hub: &str, first: usize, events: &[Message]) -> Vec<u8> {
    let tries = Tries {
        before: 0,
        most: -1,
    };
    let id = "f1248305-0000-4000-8000-000000000000";
    hub::posted((hub, 0), first, events, id, tries)
}

fn messages(shape: Shape, bad_share: u64) -> Vec<Message> {
    let mut dice = Dice::new(1, 3);
    Orders::new(1)
        .take(EVENTS)
        .map(|line| {
            let bad = dice.happens(bad_share);
            let (body, properties) = match shape {
                Shape::Line if bad => {
                    let spoilt = spoil(&line.line, &mut dice);
                    (spoilt.body, spoilt.properties)
                }
                Shape::Line => (line.line.json().into_bytes(), "{}"),
                Shape::Order => (order(&mut dice, bad), r#"{"schema":"order/1.0.0"}"#),
            };
            Message {
                key: Some(line.line.transaction),
                body,
                properties,
                enqueued: EnqueuedTime::from_millis(1_767_603_600_000 + dice.below(1_000) as i64)
                    .unwrap(),
                expected: None,
            }
        })
        .collect()
}

/// The valid example of an order, with as many lines as 5 KB hold.
fn order(dice: &mut Dice, bad: bool) -> Vec<u8> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/order/1.0.0.examples.json");
    let examples: serde_json::Value =
        serde_json::from_slice(&std::fs::read(schemas).unwrap()).unwrap();
    let mut order = examples["valid"][0]["event"].clone();
    let lines = order["lines"].as_array().unwrap().clone();
    let many: Vec<_> = lines.iter().cycle().take(200).cloned().collect();
    let one = many[0].to_string().len() + 1;
    order["lines"] = many.into_iter().take(5_000 / one).collect();
    if bad {
        order["lines"][dice.below(10) as usize] = "not a line".into();
    }
    order.to_string().into_bytes()
}

fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")).unwrap())
}

fn decoded(body: &[u8]) -> Batch {
    let trigger = Trigger::declared("events", Cardinality::Many, DataType::Binary);
    decode(body, &trigger, &Naming::default(), "i")
        .unwrap()
        .batch
}

fn stages(criterion: &mut Criterion) {
    let catalog = catalog();
    let limits = Limits::default();
    for case in cases() {
        let judged = judge_batch(&catalog, limits, decoded(&case.body));
        let accepted = judged
            .verdicts
            .iter()
            .filter(|it| matches!(it, bronzegate::judge::Verdict::Accepted(_)))
            .count();
        assert!(
            accepted > EVENTS * 8 / 10,
            "{}: {accepted} accepted",
            case.name
        );
        for (unit, throughput) in [
            ("events", Throughput::Elements(EVENTS as u64)),
            (
                "payload",
                Throughput::Bytes(case.messages.iter().map(|it| it.body.len() as u64).sum()),
            ),
        ] {
            if unit == "payload"
                && case.name != "line-175B/0%-bad"
                && case.name != "order-5KB/0%-bad"
            {
                continue;
            }
            let mut group = criterion.benchmark_group(unit);
            group.throughput(throughput);
            group.bench_function(BenchmarkId::new("decode", &case.name), |b| {
                b.iter(|| decoded(&case.body));
            });
            group.bench_function(BenchmarkId::new("judge", &case.name), |b| {
                b.iter_batched(
                    || judged.batch.clone(),
                    |batch| judge_batch(&catalog, limits, batch),
                    BatchSize::LargeInput,
                );
            });
            for compression in [Compression::None, Compression::Gzip] {
                let name = format!("encode-{compression}");
                group.bench_function(BenchmarkId::new(name, &case.name), |b| {
                    b.iter(|| encode(&judged, 0..EVENTS, compression));
                });
            }
            group.bench_function(
                BenchmarkId::new("decode+judge+encode-none", &case.name),
                |b| {
                    b.iter(|| {
                        encode(
                            &judge_batch(&catalog, limits, decoded(&case.body)),
                            0..EVENTS,
                            Compression::None,
                        )
                    });
                },
            );
            group.finish();
        }
        land(criterion, &case.name, &Arc::new(judged));
    }
}

fn land(criterion: &mut Criterion, name: &str, judged: &Arc<Judged>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function(BenchmarkId::new("encode-gzip+land-memory", name), |b| {
        b.to_async(&runtime).iter_batched(
            || {
                Landing::new(
                    Arc::new(MemoryStore::new()),
                    Compression::Gzip,
                    Workers::Inline,
                )
            },
            |landing| async move {
                landing
                    .land(Arc::clone(judged), Duration::ZERO)
                    .await
                    .unwrap()
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// The real process over HTTP; the lake is a folder on this machine's disk, with its fsyncs.
fn whole(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let app = App {
        root: env!("CARGO_MANIFEST_DIR").into(),
        schemas: concat!(env!("CARGO_MANIFEST_DIR"), "/schemas").into(),
        program: env!("CARGO_BIN_EXE_bronzegate").into(),
        landing_url: format!("file://{}/lake", folder.path().display()),
        logs: folder.path().join("logs"),
        compression: "gzip".to_owned(),
        hub: None,
    };
    app.clear_logs().unwrap();
    let process = runtime.block_on(Process::start(app)).unwrap();
    let client = process.client();
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(EVENTS as u64));
    for case in cases() {
        let mut first = 0;
        group.bench_function(BenchmarkId::new("http-to-folder", &case.name), |b| {
            b.to_async(&runtime).iter_batched(
                || {
                    // every batch joins on, as from a host
                    first += EVENTS;
                    posted(&case.name.replace(['/', '%'], "-"), first, &case.messages)
                },
                |body| async {
                    let answer = client.post(process.url()).body(body).send().await.unwrap();
                    assert!(answer.status().is_success());
                    answer.bytes().await.unwrap()
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_secs(1));
    targets = stages, whole
}
criterion_main!(benches);
