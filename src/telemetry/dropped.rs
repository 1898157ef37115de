//! What was not exported: counted, and said once a minute at most.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// How often the log says that something was dropped.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Spans.
    Traces,
    /// Metrics: an item is an instrument of one collection.
    Metrics,
}

impl Signal {
    fn word(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

/// How much was dropped since the start, by signal.
#[derive(Debug, Clone, Default)]
pub(super) struct Dropped(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    traces: AtomicU64,
    metrics: AtomicU64,
    said: Mutex<Option<Instant>>,
}

impl Dropped {
    /// So many items were dropped, and why.
    pub(super) fn add(&self, signal: Signal, items: usize, why: &str) {
        let count = self.count(signal);
        let before = count.fetch_add(items as u64, Ordering::Relaxed);
        let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_some_and(|at| at.elapsed() < SAID_EVERY) {
            return;
        }
        *said = Some(Instant::now());
        drop(said);
        tracing::warn!(
            signal = signal.word(),
            dropped = before + items as u64,
            why,
            "telemetry can't be exported: the landing goes on without it"
        );
    }

    /// Lets the counts be read at each collection.
    pub(super) fn observe(&self, meter: &Meter) {
        let counts = self.clone();
        // the callback lives as long as the meter does
        let _ = meter
            .u64_observable_counter("bronzegate.telemetry.dropped")
            .with_unit("{item}")
            .with_description("Spans and metrics that could not be exported")
            .with_callback(move |observer| {
                for signal in [Signal::Traces, Signal::Metrics] {
                    let count = counts.count(signal).load(Ordering::Relaxed);
                    let word = KeyValue::new("bronzegate.signal", signal.word());
                    observer.observe(count, &[word]);
                }
            })
            .build();
    }

    fn count(&self, signal: Signal) -> &AtomicU64 {
        match signal {
            Signal::Traces => &self.0.traces,
            Signal::Metrics => &self.0.metrics,
        }
    }
}
