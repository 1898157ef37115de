//! Where traces and metrics go: the standard variables of OpenTelemetry and of Application Insights.
//!
//! What the OTLP exporter reads by itself (endpoints, headers, time-outs, temporality) is not
//! repeated here. None of it ends a start: a figure that can't be used is as if it were not there.

use std::fmt;
use std::time::Duration;

use super::Reader;
use crate::store::Identity;

/// Where traces and metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// Which signals go to an OTLP collector: those that have an endpoint.
    pub otlp: Signals,
    /// The resource of Application Insights, where there is one.
    pub insights: Option<Insights>,
    /// Which signals there are at all (`OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER` and
    /// `OTEL_METRICS_EXPORTER` being `none`).
    pub signals: Signals,
    /// The name of the service (`OTEL_SERVICE_NAME`).
    pub service: Option<String>,
    /// The host's name for this instance.
    pub instance: Option<String>,
    /// Whether `OTEL_TRACES_SAMPLER` says which traces are kept.
    pub sampler: bool,
    /// How spans wait for their export.
    pub queue: QueueLimits,
}

/// Traces, metrics, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    /// Traces.
    pub traces: bool,
    /// Metrics.
    pub metrics: bool,
}

/// A resource of Application Insights.
#[derive(Clone, PartialEq, Eq)]
pub struct Insights {
    /// `APPLICATIONINSIGHTS_CONNECTION_STRING`.
    pub connection: String,
    /// Whose token is shown, where `APPLICATIONINSIGHTS_AUTHENTICATION_STRING` wants one.
    pub identity: Option<Identity>,
}

impl fmt::Debug for Insights {
    /// Without the connection string, which has the instrumentation key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insights")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// How spans wait for their export; the names and defaults are the specification's (`OTEL_BSP_…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// The most spans that wait; what comes then is dropped.
    pub spans: usize,
    /// The most spans of one export.
    pub batch: usize,
    /// How long a span waits for others.
    pub delay: Duration,
    /// The longest that an export may take, with its retries.
    pub export: Duration,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            spans: 2048,
            batch: 512,
            delay: Duration::from_secs(5),
            export: Duration::from_secs(30),
        }
    }
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn telemetry(&self) -> TelemetrySettings {
        let says = |name: &str, word: &str| {
            self.text(name)
                .is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
        };
        let enabled = !says("OTEL_SDK_DISABLED", "true");
        let signals = Signals {
            traces: enabled && !says("OTEL_TRACES_EXPORTER", "none"),
            metrics: enabled && !says("OTEL_METRICS_EXPORTER", "none"),
        };
        let endpoint = |signal: &str| {
            let own = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
            self.text(&own)
                .or(self.text("OTEL_EXPORTER_OTLP_ENDPOINT"))
                .is_some()
        };
        TelemetrySettings {
            otlp: Signals {
                traces: endpoint("TRACES"),
                metrics: endpoint("METRICS"),
            },
            insights: self
                .text("APPLICATIONINSIGHTS_CONNECTION_STRING")
                .map(|connection| Insights {
                    connection,
                    identity: self.insights_identity(),
                }),
            signals,
            service: self.text("OTEL_SERVICE_NAME"),
            instance: self
                .text("WEBSITE_INSTANCE_ID")
                .or(self.text("CONTAINER_NAME")),
            sampler: self.text("OTEL_TRACES_SAMPLER").is_some(),
            queue: self.queue_limits(),
        }
    }

    /// `Authorization=AAD`, and `ClientId=…` for a user-assigned identity; the host reads the same.
    fn insights_identity(&self) -> Option<Identity> {
        let text = self.text("APPLICATIONINSIGHTS_AUTHENTICATION_STRING")?;
        let value = |wanted: &str| {
            let parts = text.split(';').filter_map(|part| part.split_once('='));
            let found = parts
                .into_iter()
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.trim().to_owned())
        };
        let entra = value("Authorization").is_some_and(|it| it.eq_ignore_ascii_case("AAD"));
        entra.then(|| match self.identity() {
            Identity::Managed { .. } => Identity::Managed {
                client_id: value("ClientId").filter(|id| !id.is_empty()),
            },
            Identity::Developer => Identity::Developer,
        })
    }

    fn queue_limits(&self) -> QueueLimits {
        let default = QueueLimits::default();
        let number = |name: &str| {
            let said = self.text(name).and_then(|value| value.trim().parse().ok());
            said.filter(|number: &u64| *number > 0)
        };
        let spans = number("OTEL_BSP_MAX_QUEUE_SIZE").map_or(default.spans, |it| it as usize);
        let batch =
            number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE").map_or(default.batch, |it| it as usize);
        let millis = |name: &str, default| number(name).map_or(default, Duration::from_millis);
        QueueLimits {
            // tokio's channels end at a quarter of what a word counts
            spans: spans.min(1 << 20),
            batch: batch.min(spans),
            delay: millis("OTEL_BSP_SCHEDULE_DELAY", default.delay),
            export: millis("OTEL_BSP_EXPORT_TIMEOUT", default.export),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> TelemetrySettings {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Reader(variable).telemetry()
    }

    const NOTHING: Signals = Signals {
        traces: false,
        metrics: false,
    };
    const BOTH: Signals = Signals {
        traces: true,
        metrics: true,
    };

    #[test]
    fn without_a_destination_there_is_none() {
        let settings = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]);
        assert_eq!((settings.otlp, settings.insights), (NOTHING, None));
    }

    #[test]
    fn a_signal_goes_where_it_has_an_endpoint() {
        let all = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")]);
        assert_eq!(all.otlp, BOTH);
        let traces = read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/t")]);
        assert_eq!(
            (traces.otlp.traces, traces.otlp.metrics),
            (true, false),
            "{traces:?}"
        );
        let off = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_METRICS_EXPORTER", "none"),
        ]);
        assert_eq!(
            (off.signals.traces, off.signals.metrics),
            (true, false),
            "{off:?}"
        );
        assert_eq!(read(&[("OTEL_SDK_DISABLED", "TRUE")]).signals, NOTHING);
    }

    #[test]
    fn the_authentication_string_names_the_identity() {
        let connection = (
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            "InstrumentationKey=k",
        );
        let identity = |variables: &[(&str, &str)]| {
            let all: Vec<_> = variables.iter().copied().chain([connection]).collect();
            read(&all).insights.unwrap().identity
        };
        assert_eq!(identity(&[]), None);
        let string = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";
        let azure = ("IDENTITY_ENDPOINT", "http://x");
        let managed = |client_id: Option<&str>| {
            Some(Identity::Managed {
                client_id: client_id.map(str::to_owned),
            })
        };
        assert_eq!(
            identity(&[(string, "ClientId=id-1;Authorization=AAD"), azure]),
            managed(Some("id-1"))
        );
        assert_eq!(
            identity(&[(string, "authorization=aad"), azure]),
            managed(None)
        );
        assert_eq!(
            identity(&[(string, "Authorization=AAD")]),
            Some(Identity::Developer)
        );
        assert_eq!(identity(&[(string, "ClientId=id-1"), azure]), None);
    }

    #[test]
    fn the_queue_s_figures_fit_one_another() {
        assert_eq!(read(&[]).queue, QueueLimits::default());
        let queue = read(&[
            ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
            ("OTEL_BSP_SCHEDULE_DELAY", "7"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "soon"),
        ])
        .queue;
        assert_eq!((queue.spans, queue.batch), (10, 10));
        assert_eq!(queue.delay, Duration::from_millis(7));
        assert_eq!(queue.export, QueueLimits::default().export);
    }
}
