//! Where traces and metrics go: to an OTLP collector, to Application Insights, or to both.

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_application_insights::Exporter as InsightsExporter;
use opentelemetry_otlp::{
    MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{MeterProviderBuilder, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, SpanExporter as ExportSpans, TracerProviderBuilder,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::bounded::{Bounded, Patience};
use super::dropped::Dropped;
use super::meters::Meters;
use super::post::{Post, Track};
use super::queue::Queue;
use super::{Reporter, Telemetry};
use crate::settings::{Insights, Signals, TelemetrySettings};
use crate::store::Identity;

/// The longest that the end of the process waits for what is still to be exported.
const FAREWELL: Duration = Duration::from_secs(2);

const SCOPE: &str = "bronzegate";

/// What runs behind a [`Telemetry`].
#[derive(Debug)]
pub struct Exports(Option<Running>);

#[derive(Debug)]
struct Running {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    runtime: Runtime,
    stop: watch::Sender<bool>,
}

/// Starts what the settings name. What can't be started is said in the log, and left out: the
/// landing does not depend on it.
pub(super) fn start(settings: &TelemetrySettings) -> (Telemetry, Exports) {
    let off = || (Telemetry::off(), Exports(None));
    let Signals { traces, metrics } = settings.signals;
    let collector = (settings.otlp.traces && traces) || (settings.otlp.metrics && metrics);
    let insights = settings.insights.is_some() && (traces || metrics);
    if !collector && !insights {
        return off();
    }
    match try_start(settings) {
        Ok(started) => started,
        Err(error) => {
            refused("telemetry", &*error);
            off()
        }
    }
}

fn try_start(settings: &TelemetrySettings) -> Result<(Telemetry, Exports), Box<dyn Error>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("telemetry")
        .enable_all()
        .build()?;
    let (stop, stopping) = watch::channel(false);
    let resource = resource(settings);
    let sampler = TracerProviderBuilder::default();
    let sampler = if settings.sampler {
        sampler
    } else {
        // the host's `traceparent` often says that it does not sample, whatever the host keeps
        sampler.with_sampler(Sampler::AlwaysOn)
    };
    let mut pipes = Pipes {
        patience: Patience {
            runtime: runtime.handle().clone(),
            stopping,
            limit: settings.queue.export,
        },
        dropped: Dropped::default(),
        traces: sampler.with_resource(resource.clone()),
        metrics: SdkMeterProvider::builder().with_resource(resource.clone()),
        settings,
        resource,
    };
    let post = Post::new(runtime.handle().clone())?;
    pipes = pipes.collector(&post);
    if let Some(insights) = &settings.insights {
        pipes = pipes.insights(insights, post);
    }
    let Pipes {
        dropped,
        traces,
        metrics,
        ..
    } = pipes;
    let (traces, metrics) = (traces.build(), metrics.build());
    let reporter = Reporter {
        tracer: traces.tracer(SCOPE),
        meters: Meters::new(&metrics.meter(SCOPE), &dropped),
    };
    let running = Running {
        traces,
        metrics,
        runtime,
        stop,
    };
    Ok((Telemetry(Some(Arc::new(reporter))), Exports(Some(running))))
}

/// What is being put together.
struct Pipes<'a> {
    settings: &'a TelemetrySettings,
    resource: Resource,
    patience: Patience,
    dropped: Dropped,
    traces: TracerProviderBuilder,
    metrics: MeterProviderBuilder,
}

impl Pipes<'_> {
    /// OTLP over HTTP; the exporter reads the other `OTEL_EXPORTER_OTLP_…` by itself.
    fn collector(mut self, post: &Post) -> Self {
        let Signals { traces, metrics } = self.settings.otlp;
        if traces && self.settings.signals.traces {
            let exporter = SpanExporter::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary)
                .with_http_client(post.clone())
                .build();
            self = match exporter {
                Ok(exporter) => self.queue(exporter),
                Err(error) => self.without("traces to the collector", &error),
            };
        }
        if metrics && self.settings.signals.metrics {
            let exporter = MetricExporter::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary)
                .with_http_client(post.clone())
                .build();
            self = match exporter {
                Ok(exporter) => self.read(exporter),
                Err(error) => self.without("metrics to the collector", &error),
            };
        }
        self
    }

    fn insights(self, insights: &Insights, post: Post) -> Self {
        let post = match insights.identity.as_ref().map(Identity::credential) {
            None => post,
            Some(Ok(credential)) => post.with_credential(credential),
            Some(Err(error)) => {
                return self.without("Application Insights", &error);
            }
        };
        let exporter =
            InsightsExporter::new_from_connection_string(&insights.connection, Track(post));
        let exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => return self.without("Application Insights", &*error),
        };
        let Signals { traces, metrics } = self.settings.signals;
        let pipes = if traces {
            self.queue(exporter.clone())
        } else {
            self
        };
        if metrics { pipes.read(exporter) } else { pipes }
    }

    fn queue<E: ExportSpans + 'static>(mut self, mut exporter: E) -> Self {
        exporter.set_resource(&self.resource);
        let (limits, patience) = (self.settings.queue, self.patience.clone());
        let queue = Queue::start(exporter, limits, patience, self.dropped.clone());
        self.traces = self.traces.with_span_processor(queue);
        self
    }

    fn read<E: PushMetricExporter>(mut self, exporter: E) -> Self {
        let exporter = Bounded {
            exporter,
            patience: self.patience.clone(),
            dropped: self.dropped.clone(),
        };
        let reader = PeriodicReader::builder(exporter).build();
        self.metrics = self.metrics.with_reader(reader);
        self
    }

    fn without(self, what: &str, error: &dyn Error) -> Self {
        refused(what, error);
        self
    }
}

fn refused(what: &str, error: &dyn Error) {
    tracing::error!(
        what,
        error = error.to_string(),
        "not exported: its settings can't be used"
    );
}

/// Who speaks: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` stand above what is known here.
fn resource(settings: &TelemetrySettings) -> Resource {
    // the host's name for the instance, or one of this process's own
    let instance = settings.instance.clone();
    let instance = instance.unwrap_or_else(|| format!("{:016x}", RandomState::new().hash_one(())));
    let known = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "bronzegate"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
        ])
        .with_detector(Box::new(EnvResourceDetector::new()));
    match &settings.service {
        Some(name) => known.with_service_name(name.clone()).build(),
        None => known.build(),
    }
}

impl Exports {
    /// Exports what is left, for 2 s at most.
    pub fn stop(self) {
        let Some(running) = self.0 else {
            return;
        };
        let Running {
            traces,
            metrics,
            runtime,
            stop,
        } = running;
        let until = Instant::now() + FAREWELL;
        stop.send_replace(true);
        let (done, hears) = mpsc::channel();
        let ends: [Box<dyn FnOnce() + Send>; 2] = [
            // how it ended is counted and said where it happened
            Box::new(move || _ = traces.shutdown_with_timeout(FAREWELL)),
            Box::new(move || _ = metrics.shutdown_with_timeout(FAREWELL)),
        ];
        for end in ends {
            let done = done.clone();
            std::thread::spawn(move || {
                end();
                drop(done);
            });
        }
        drop(done);
        // it ends when both have, or when the time is over
        let _: Result<(), _> = hears.recv_timeout(until.saturating_duration_since(Instant::now()));
        runtime.shutdown_background();
    }
}
