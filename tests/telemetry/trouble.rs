//! A collector that is dead, hangs or refuses costs nothing but a counter.

use tempfile::TempDir;

use crate::collector::Collector;
use crate::collector::Manner::{Hangs, Refuses, Takes};
use crate::handler::{Handler, free_port, payload};
use crate::story::{GOOD, OFTEN, stop, until};

const SAYS: &str = "telemetry can't be exported";

/// Lands batches while the collector is as it is, and ends; says what the log says.
async fn land(url: &str, batches: usize, settings: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    let all: Vec<_> = OFTEN
        .into_iter()
        .chain([endpoint])
        .chain(settings.iter().copied())
        .collect();
    let handler = Handler::start(folder.path(), &all).await;
    for sequence in 0..batches {
        let batch = payload("0", sequence, &[GOOD]);
        assert_eq!(handler.post(batch, "i").await.unwrap().status, 200);
    }
    until("the log says it", || handler.log().contains(SAYS)).await;
    stop(handler).await
}

fn said(log: &str) -> usize {
    log.lines().filter(|line| line.contains(SAYS)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_collector_is_said_once_and_nothing_waits_for_it() {
    let log = land(&format!("http://127.0.0.1:{}", free_port()), 5, &[]).await;
    assert_eq!(said(&log), 1, "{log}");
    assert!(!log.contains("BatchSpanProcessor") && !log.contains("PeriodicReader"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_neither_a_landing_nor_the_end() {
    let collector = Collector::start(Hangs, Hangs).await;
    // it never answers, so a landing or an end that waited for it would never come; the export's
    // own time-out lies far behind
    let settings = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "3600000"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
    ];
    let log = land(&collector.url(), 20, &settings).await;
    assert_eq!(said(&log), 1, "{log}");
    assert!(log.contains("the queue is full"), "{log}");
    assert!(!collector.spans().is_empty(), "it was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_refuses_is_counted() {
    for manner in [Refuses(400), Refuses(500)] {
        let collector = Collector::start(manner, Takes).await;
        let log = land(&collector.url(), 3, &[]).await;
        assert_eq!(said(&log), 1, "{log}");
        let dropped = collector.points("bronzegate.telemetry.dropped");
        let refused = dropped["bronzegate.signal=traces"].count;
        assert!(refused > 0, "{manner:?}");
        assert!(refused <= collector.spans().len() as u64, "{manner:?}");
        assert_eq!(dropped["bronzegate.signal=metrics"].count, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_span_comes_or_is_counted() {
    let collector = Collector::start(Refuses(400), Takes).await;
    let folder = TempDir::new().unwrap();
    let url = collector.url();
    let settings = [
        OFTEN[0],
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
    ];
    let handler = Handler::start(folder.path(), &settings).await;
    for sequence in 0..5 {
        let batch = payload("0", sequence, &[GOOD]);
        assert_eq!(handler.post(batch, "i").await.unwrap().status, 200);
    }
    let ended = || {
        let spans = collector.spans();
        let named = |name: &str| spans.iter().filter(|span| span.name == name).count();
        (named("process orders"), named("open the lake"))
    };
    until("all spans were refused", || ended() == (5, 1)).await;
    let spans = collector.spans().len() as u64;
    until("all of them are counted", || {
        let dropped = collector.points("bronzegate.telemetry.dropped");
        dropped.get("bronzegate.signal=traces").map(|it| it.count) == Some(spans)
    })
    .await;
    stop(handler).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_can_not_be_used_are_said_and_the_landing_goes_on() {
    for (name, value, what) in [
        (
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            "nonsense",
            "Application Insights",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "no url",
            "traces to the collector",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let handler = Handler::start(folder.path(), &[(name, value)]).await;
        let answer = handler.post(payload("0", 0, &[GOOD]), "i").await.unwrap();
        assert_eq!(answer.status, 200);
        let log = stop(handler).await;
        assert!(log.contains("its settings can't be used"), "{log}");
        assert!(log.contains(what), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signal_goes_without_the_other() {
    let collector = Collector::start(Takes, Takes).await;
    let folder = TempDir::new().unwrap();
    let url = format!("{}/v1/traces", collector.url());
    let settings = [
        OFTEN[1],
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str()),
    ];
    let handler = Handler::start(folder.path(), &settings).await;
    let answer = handler.post(payload("0", 0, &[GOOD]), "i").await.unwrap();
    assert_eq!(answer.status, 200);
    stop(handler).await;
    assert!(!collector.spans().is_empty());
    assert!(collector.names().is_empty());
}
