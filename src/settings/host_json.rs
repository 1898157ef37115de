//! The figures of host.json that decide how large a request can be and how long it may take.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

/// The most bytes that Event Hubs takes as one event (Standard tier and above) and Kafka as one
/// record (`message.max.bytes` as it ships), and what its coordinates and properties take beside it
/// in the host's request.
const LARGEST_EVENT: u64 = 1 << 20;
const BESIDE_IT: u64 = 64 << 10;

/// What of host.json matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostJson {
    /// `extensions.eventHubs.maxEventBatchSize`.
    pub max_event_batch_size: u64,
    /// `extensions.eventHubs.minEventBatchSize`: how many events the host collects towards.
    pub min_event_batch_size: u64,
    /// `extensions.eventHubs.maxWaitTime`: how long it collects.
    pub max_wait_time: Duration,
    /// `extensions.eventHubs.prefetchSizeInBytes`, where it is set.
    pub prefetch_bytes: Option<u64>,
    /// `extensions.kafka.maxBatchSize`.
    pub max_kafka_batch_size: u64,
    /// `functionTimeout`; none where it is left out or unlimited (`-1`).
    pub function_timeout: Option<Duration>,
}

impl Default for HostJson {
    /// What holds where there is none: the host's own figures.
    fn default() -> Self {
        Self {
            max_event_batch_size: Self::DEFAULT_BATCH,
            max_kafka_batch_size: Self::DEFAULT_KAFKA_BATCH,
            min_event_batch_size: 1,
            max_wait_time: Self::DEFAULT_WAIT,
            prefetch_bytes: None,
            function_timeout: None,
        }
    }
}

/// A host.json that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostJsonError(String);

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct File {
    function_timeout: Option<String>,
    extensions: Extensions,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Extensions {
    event_hubs: EventHubs,
    kafka: Kafka,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct EventHubs {
    max_event_batch_size: Option<u64>,
    min_event_batch_size: Option<u64>,
    max_wait_time: Option<String>,
    prefetch_size_in_bytes: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Kafka {
    max_batch_size: Option<u64>,
}

impl HostJson {
    /// The extensions' own defaults.
    const DEFAULT_BATCH: u64 = 100;
    const DEFAULT_KAFKA_BATCH: u64 = 64;
    const DEFAULT_WAIT: Duration = Duration::from_mins(1);

    /// Reads the app's host.json; `None` where there is none.
    ///
    /// # Errors
    /// Where it is there and can't be read.
    pub fn load(app: &Path) -> Result<Option<Self>, HostJsonError> {
        match std::fs::read(app.join("host.json")) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(HostJsonError(error.to_string())),
        }
    }

    fn parse(text: &[u8]) -> Result<Self, HostJsonError> {
        let file: File =
            serde_json::from_slice(text).map_err(|error| HostJsonError(error.to_string()))?;
        let span = |name: &str, text: &str| {
            let wrong = || HostJsonError(format!("{name} {text:?} is not of the form 00:10:00"));
            time_span(text).ok_or_else(wrong)
        };
        let function_timeout = match file.function_timeout.as_deref() {
            None | Some("-1") => None,
            Some(text) => Some(span("functionTimeout", text)?),
        };
        let hubs = file.extensions.event_hubs;
        let wait = hubs.max_wait_time.as_deref();
        Ok(Self {
            max_event_batch_size: hubs.max_event_batch_size.unwrap_or(Self::DEFAULT_BATCH),
            min_event_batch_size: hubs.min_event_batch_size.unwrap_or(1),
            max_wait_time: wait
                .map(|text| span("extensions.eventHubs.maxWaitTime", text))
                .transpose()?
                .unwrap_or(Self::DEFAULT_WAIT),
            // 0 is how the extension writes "not set"
            prefetch_bytes: hubs.prefetch_size_in_bytes.filter(|bytes| *bytes > 0),
            max_kafka_batch_size: file
                .extensions
                .kafka
                .max_batch_size
                .unwrap_or(Self::DEFAULT_KAFKA_BATCH),
            function_timeout,
        })
    }

    /// The bytes of the largest request that so many events can make: each in base64, and what
    /// stands beside it.
    pub fn largest_request(events: u64) -> u64 {
        let event = LARGEST_EVENT.div_ceil(3) * 4 + BESIDE_IT;
        events.saturating_mul(event)
    }
}

/// `hh:mm:ss`, or `d.hh:mm:ss`.
pub(super) fn time_span(text: &str) -> Option<Duration> {
    let (days, clock) = text.split_once('.').unwrap_or(("0", text));
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    let days: u64 = days.parse().ok()?;
    whole.then(|| Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_left_out_are_the_hosts_own() {
        let host = HostJson::parse(br#"{"version":"2.0"}"#).unwrap();
        assert_eq!(host.max_event_batch_size, 100);
        assert_eq!(host.max_kafka_batch_size, 64);
        assert_eq!(host.function_timeout, None);
        assert_eq!(host.min_event_batch_size, 1);
        assert_eq!(host.max_wait_time, Duration::from_mins(1));
        assert_eq!(host.prefetch_bytes, None);
    }

    #[test]
    fn figures_are_read() {
        let host = HostJson::parse(
            br#"{"functionTimeout":"00:10:00","extensions":{"eventHubs":{"maxEventBatchSize":5,
                "minEventBatchSize":2,"maxWaitTime":"00:00:05","prefetchSizeInBytes":7}}}"#,
        )
        .unwrap();
        assert_eq!(host.min_event_batch_size, 2);
        assert_eq!(host.max_wait_time, Duration::from_secs(5));
        assert_eq!(host.prefetch_bytes, Some(7));
        assert_eq!(host.function_timeout, Some(Duration::from_mins(10)));
        assert_eq!(HostJson::largest_request(5), 5 * (1_398_104 + 65_536));
        assert_eq!(time_span("1.00:00:01"), Some(Duration::from_secs(86_401)));
    }

    #[test]
    fn what_is_no_host_json_is_an_error() {
        for text in [
            "",
            r#"{"functionTimeout":"ten minutes"}"#,
            r#"{"functionTimeout":"00:99:00"}"#,
            r#"{"extensions":{"eventHubs":{"maxWaitTime":"5s"}}}"#,
        ] {
            assert!(HostJson::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
