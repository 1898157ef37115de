//! Exports that end: within their time-out, and soon after the process was told to stop.

use std::future::Future;
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::dropped::{Dropped, Signal};

/// The longest that one export may still take when the process was told to stop.
const LAST: Duration = Duration::from_millis(700);

/// How long an export may take.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    /// Where clocks run: exporters are called on threads without one.
    pub(super) runtime: Handle,
    /// True once the process was told to stop.
    pub(super) stopping: watch::Receiver<bool>,
    /// The longest that an export may take before.
    pub(super) limit: Duration,
}

impl Patience {
    /// Waits for an export, but not for longer than there is patience.
    pub(super) async fn wait(&self, export: impl Future<Output = OTelSdkResult>) -> OTelSdkResult {
        let (mut stopping, limit) = (self.stopping.clone(), self.limit);
        let out = self.runtime.spawn(async move {
            if tokio::time::timeout(limit, told(&mut stopping))
                .await
                .is_ok()
            {
                tokio::time::sleep(LAST.min(limit)).await;
            }
        });
        let clock = out.abort_handle();
        let done = tokio::select! {
            done = export => done,
            _ = out => Err(OTelSdkError::Timeout(limit)),
        };
        clock.abort();
        done
    }
}

/// Waits until the process is told to stop, or nobody is left who could tell.
pub(super) async fn told(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|told| *told).await;
}

/// An exporter of metrics that ends, and whose failures are counted.
pub(super) struct Bounded<E> {
    pub(super) exporter: E,
    pub(super) patience: Patience,
    pub(super) dropped: Dropped,
}

impl<E: PushMetricExporter> PushMetricExporter for Bounded<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let done = self.patience.wait(self.exporter.export(metrics)).await;
        if let Err(error) = &done {
            let items = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
            let items = items.count();
            self.dropped.add(Signal::Metrics, items, &error.to_string());
        }
        done
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
