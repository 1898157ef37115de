//! The stages of one batch, and the whole of it: `cargo bench`.
//!
//! 175-byte order lines and 5 KB orders, 1,000 events a batch, none or 10 % of them refused.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

#[path = "support/cases.rs"]
#[expect(dead_code, reason = "the floors use the rest")]
mod cases;

use std::sync::Arc;
use std::time::Duration;

use bronzegate::encode::{Compression, encode};
use bronzegate::judge::{Judged, Limits, judge_batch};
use bronzegate::landing::Landing;
use bronzegate::local::process::{App, Process};
use bronzegate::store::MemoryStore;
use bronzegate::workers::Workers;
use cases::{Case, Shape, catalog, decoded, posted};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const EVENTS: usize = 1_000;

fn cases() -> Vec<Case> {
    [Shape::Line, Shape::Long]
        .into_iter()
        .flat_map(|shape| [0, 1_000].map(|share| Case::new(shape, EVENTS, share)))
        .collect()
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
            case.name()
        );
        for (unit, throughput) in [
            ("events", Throughput::Elements(EVENTS as u64)),
            (
                "payload",
                Throughput::Bytes(case.messages.iter().map(|it| it.body.len() as u64).sum()),
            ),
        ] {
            if unit == "payload" && case.spoilt > 0 {
                continue;
            }
            let mut group = criterion.benchmark_group(unit);
            group.throughput(throughput);
            group.bench_function(BenchmarkId::new("decode", case.name()), |b| {
                b.iter(|| decoded(&case.body));
            });
            group.bench_function(BenchmarkId::new("judge", case.name()), |b| {
                b.iter_batched(
                    || judged.batch.clone(),
                    |batch| judge_batch(&catalog, limits, batch),
                    BatchSize::LargeInput,
                );
            });
            for compression in [Compression::None, Compression::Gzip] {
                let name = format!("encode-{compression}");
                group.bench_function(BenchmarkId::new(name, case.name()), |b| {
                    b.iter(|| encode(&judged, 0..EVENTS, compression));
                });
            }
            group.bench_function(
                BenchmarkId::new("decode+judge+encode-none", case.name()),
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
        land(criterion, &case.name(), &Arc::new(judged));
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
        group.bench_function(BenchmarkId::new("http-to-folder", case.name()), |b| {
            b.to_async(&runtime).iter_batched(
                || {
                    // every batch joins on, as from a host
                    first += EVENTS;
                    posted(&case.name().replace(['/', '%'], "-"), first, &case.messages)
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
