//! The handler of `bronzegate local` exports, too, and says its last before it ends.

use std::process::Command;

use tempfile::TempDir;

use crate::collector::Collector;
use crate::collector::Manner::Takes;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_on_the_laptop_is_exported_to_its_last_event() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let mut local = Command::new(env!("CARGO_BIN_EXE_bronzegate"));
    local
        .args(["local", "--quiet", "--events", "3000", "--partitions", "2"])
        .arg("--lake")
        .arg(folder.path().join("lake"))
        // the metrics' interval is a minute, and the run is over long before
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let ended = tokio::task::spawn_blocking(move || local.status().unwrap());
    assert!(ended.await.unwrap().success());
    let events = collector.points("bronzegate.events");
    let counted: Vec<u64> = events.values().map(|point| point.count).collect();
    assert_eq!((counted.len(), counted.iter().sum()), (2, 3000));
    let spans = collector.spans();
    let processed = spans
        .iter()
        .filter(|span| span.name.starts_with("process "));
    assert!(processed.count() >= 4, "batches of 1,000 at most");
}
