//! What the environment says, read once at start. Everything else is handed values.

mod app;
mod host_json;
mod lake;
mod quantity;
mod retry;
#[cfg(feature = "event-hubs")]
mod submit;
mod telemetry;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use app::{Judging, NoApp, app_root};
pub use host_json::{HostJson, HostJsonError};
pub use lake::Lake;
pub use quantity::duration;
pub use retry::Retry;
#[cfg(feature = "event-hubs")]
pub use submit::SubmitSettings;
pub use telemetry::{Insights, QueueLimits, Signals, TelemetrySettings};

use crate::decode::{Naming, Trigger};
use crate::encode::Compression;
use crate::event::{Log, Stream};
use crate::event_hubs::Address;
use crate::judge::Limits;
use crate::store::{AzureOptions, Identity, Location, StoreLimits};

/// The function of the Event Hubs trigger, and the folder of its function.json.
pub const FUNCTION: &str = "IngestOrders";

/// The function of the Kafka trigger, and the folder of its function.json.
pub const KAFKA_FUNCTION: &str = "IngestOrdersKafka";

/// A setting that can't be used: the program does not start with it.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct SettingError {
    /// The setting's name, or a file's.
    pub name: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl SettingError {
    fn new(name: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self {
            name: name.into(),
            problem: problem.to_string(),
        }
    }
}

/// The settings of the custom handler. `README.md` has the table.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port to listen on (`FUNCTIONS_CUSTOMHANDLER_PORT`).
    pub port: u16,
    /// Where to land (`LANDING_URL`).
    pub location: Location,
    /// Who we are there.
    pub identity: Identity,
    /// The folder of the schema catalog (`SCHEMAS_DIR`).
    pub schemas: PathBuf,
    /// How blobs are compressed (`BRONZE_COMPRESSION`).
    pub compression: Compression,
    /// How streams are named (`STREAM_NAME`, `STREAM_EPOCH`).
    pub naming: Naming,
    /// What an event may be (`EVENT_LIMIT`, `NESTING_LIMIT`).
    pub event: Limits,
    /// The most bytes of a request's body (`REQUEST_LIMIT`).
    pub request_limit: usize,
    /// The bytes of bodies that are worked on at once (`MEMORY_BUDGET`).
    pub memory_budget: usize,
    /// After which an invocation is answered 503 (`LANDING_TIMEOUT`).
    pub landing_timeout: Duration,
    /// How long a call of the store may take (`STORE_CALL_TIMEOUT`, `STORE_RETRY_BUDGET`).
    pub store: StoreLimits,
    /// The least level of what is logged (`LOG_LEVEL`).
    pub log_level: tracing::Level,
    /// Where traces and metrics go.
    pub telemetry: TelemetrySettings,
    /// The Event Hubs trigger as function.json declares it.
    pub trigger: Trigger,
    /// The Kafka trigger as function.json declares it.
    pub kafka: Trigger,
    /// The functions that are on: that are there, and that no app setting disables.
    pub on: BTreeSet<Log>,
    /// The API that publishes (`SUBMIT_HUB`, `SUBMIT_KEYS`, `SUBMIT_LIMIT`, `SUBMIT_TIMEOUT`).
    #[cfg(feature = "event-hubs")]
    pub submit: SubmitSettings,
}

impl Settings {
    /// Reads the settings; `variable` is the environment, `directory` the working directory.
    ///
    /// # Errors
    /// The first setting that is missing or wrong, or host.json where its figures do not fit.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        directory: &Path,
    ) -> Result<Self, SettingError> {
        let read = Reader(variable);
        let app = read
            .text("FUNCTIONS_APP_ROOT_PATH")
            .map_or_else(|| directory.to_owned(), PathBuf::from);
        let location = read.text("LANDING_URL").ok_or_else(|| {
            SettingError::new(
                "LANDING_URL",
                "missing: it says where to land, as in file:///abs/dir or \
                 https://ACCOUNT.blob.core.windows.net/CONTAINER",
            )
        })?;
        let naming = read.naming()?;
        let on = read.on(&app);
        if on.len() > 1 && read.text("STREAM_NAME").is_some() {
            return Err(SettingError::new(
                "STREAM_NAME",
                format!(
                    "it would name the hub and the topic alike: disable one of {FUNCTION} and \
                     {KAFKA_FUNCTION}, as by AzureWebJobs.{KAFKA_FUNCTION}.Disabled=true"
                ),
            ));
        }
        let settings = Self {
            port: read.parsed("FUNCTIONS_CUSTOMHANDLER_PORT", 8080)?,
            location: location
                .parse()
                .map_err(|error| SettingError::new("LANDING_URL", error))?,
            identity: read.identity(),
            schemas: read
                .text("SCHEMAS_DIR")
                .map_or_else(|| app.join("schemas"), |dir| app.join(dir)),
            compression: read.parsed("BRONZE_COMPRESSION", Compression::Gzip)?,
            naming,
            event: read.limits()?,
            request_limit: read.bytes("REQUEST_LIMIT", 1536 << 20, 1 << 20..=3 << 30)?,
            memory_budget: read.bytes("MEMORY_BUDGET", 128 << 20, 1 << 20..=1 << 40)?,
            landing_timeout: read.duration("LANDING_TIMEOUT", Duration::from_mins(2))?,
            store: read.store_limits()?,
            log_level: read.parsed("LOG_LEVEL", tracing::Level::INFO)?,
            telemetry: read.telemetry(),
            trigger: Trigger::load(&app, FUNCTION, Log::Hub)
                .map_err(|error| SettingError::new(FUNCTION, error))?,
            kafka: Trigger::load(&app, KAFKA_FUNCTION, Log::Topic)
                .map_err(|error| SettingError::new(KAFKA_FUNCTION, error))?,
            on,
            #[cfg(feature = "event-hubs")]
            submit: read.submit()?,
        };
        if let Some(host) =
            HostJson::load(&app).map_err(|error| SettingError::new("host.json", error))?
        {
            settings.hold_against(&host)?;
        }
        Ok(settings)
    }

    /// The host's figures must fit the limits: a batch that could be refused for its size would
    /// hold its partition for ever, and a landing that outlives the function's time-out would be
    /// ended with the whole process.
    fn hold_against(&self, host: &HostJson) -> Result<(), SettingError> {
        for (figure, events) in [
            ("eventHubs.maxEventBatchSize", host.max_event_batch_size),
            ("kafka.maxBatchSize", host.max_kafka_batch_size),
        ] {
            let worst = HostJson::largest_request(events);
            if worst > self.request_limit as u64 {
                return Err(SettingError::new(
                    "host.json",
                    format!(
                        "extensions.{figure} {events} can make a request of {worst} bytes, \
                         and REQUEST_LIMIT is {}: lower the one or raise the other",
                        self.request_limit
                    ),
                ));
            }
        }
        match host.function_timeout {
            Some(timeout) if self.landing_timeout * 2 > timeout => Err(SettingError::new(
                "host.json",
                format!(
                    "functionTimeout is {} s, and LANDING_TIMEOUT {} s: it may be half of it at most",
                    timeout.as_secs(),
                    self.landing_timeout.as_secs()
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// How a command of the terminal asks Azure: as the function does.
///
/// # Errors
/// A setting that is wrong.
pub fn azure_options(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<AzureOptions, SettingError> {
    let read = Reader(variable);
    Ok(AzureOptions {
        identity: read.identity(),
        limits: read.store_limits()?,
        ..AzureOptions::default()
    })
}

/// The stream under which the function lands the events of a hub.
///
/// # Errors
/// A name or setting that can't be a part of it.
pub fn stream_of(
    variable: impl Fn(&str) -> Option<String>,
    address: &Address,
) -> Result<Stream, SettingError> {
    let read = Reader(variable);
    let stream = read
        .naming()?
        .stream_of(&address.namespace, &address.hub)
        .map_err(|error| SettingError::new("the hub", error))?;
    Ok(stream)
}

struct Reader<F>(F);

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// A setting that is there; an empty one is not (app settings can't be unset in a template).
    fn text(&self, name: &str) -> Option<String> {
        self.0(name).filter(|value| !value.is_empty())
    }

    fn naming(&self) -> Result<Naming, SettingError> {
        Naming::new(
            self.text("STREAM_NAME").as_deref(),
            self.text("STREAM_EPOCH").as_deref(),
        )
        .map_err(|error| SettingError::new("STREAM_NAME or STREAM_EPOCH", error))?
        .with_kafka(self.text("KAFKA_NAMESPACE").as_deref())
        .map_err(|error| SettingError::new("KAFKA_NAMESPACE", error))
    }

    /// The functions that have a function.json and are not disabled: by
    /// `AzureWebJobs.<function>.Disabled`, in which Linux may have `_` for each dot. The host does
    /// not start the Kafka trigger either where its topic is not set.
    fn on(&self, app: &Path) -> BTreeSet<Log> {
        let disabled = |function: &str| {
            let dotted = format!("AzureWebJobs.{function}.Disabled");
            let said = [dotted.replace('.', "_"), dotted];
            let said = said.iter().filter_map(|name| self.text(name));
            said.into_iter()
                .any(|value| value == "1" || value.eq_ignore_ascii_case("true"))
        };
        [(Log::Hub, FUNCTION), (Log::Topic, KAFKA_FUNCTION)]
            .into_iter()
            .filter(|(_, function)| app.join(function).join("function.json").is_file())
            .filter(|(_, function)| !disabled(function))
            .filter(|(log, _)| *log == Log::Hub || self.text("KAFKA_TOPIC").is_some())
            .map(|(log, _)| log)
            .collect()
    }

    /// Who we are for a store: the app's identity in Azure, and the developer's login elsewhere.
    fn identity(&self) -> Identity {
        match self.text("IDENTITY_ENDPOINT").or(self.text("MSI_ENDPOINT")) {
            Some(_) => Identity::Managed {
                client_id: self
                    .text("LANDING_CLIENT_ID")
                    .or(self.text("AZURE_CLIENT_ID")),
            },
            None => Identity::Developer,
        }
    }

    fn store_limits(&self) -> Result<StoreLimits, SettingError> {
        let default = StoreLimits::default();
        Ok(StoreLimits {
            call_timeout: self.duration("STORE_CALL_TIMEOUT", default.call_timeout)?,
            retry_budget: self.duration("STORE_RETRY_BUDGET", default.retry_budget)?,
        })
    }

    fn limits(&self) -> Result<Limits, SettingError> {
        let default = Limits::default();
        Ok(Limits {
            event_bytes: self.bytes("EVENT_LIMIT", default.event_bytes, 1..=1 << 30)?,
            nesting: self.number("NESTING_LIMIT", default.nesting, 1..=Limits::DEEPEST)?,
        })
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, SettingError>
    where
        T::Err: std::fmt::Display,
    {
        match self.text(name) {
            Some(value) => value.parse().map_err(|error: T::Err| {
                SettingError::new(name, format!("{value:?} can't be used: {error}"))
            }),
            None => Ok(default),
        }
    }

    fn number(
        &self,
        name: &str,
        default: usize,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<usize, SettingError> {
        let value = self.parsed(name, default)?;
        within(name, value, &range)
    }

    fn bytes(
        &self,
        name: &str,
        default: usize,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<usize, SettingError> {
        let value = match self.text(name) {
            Some(text) => quantity::bytes(&text).map_err(|error| SettingError::new(name, error))?,
            None => default,
        };
        within(name, value, &range)
    }

    fn duration(&self, name: &str, default: Duration) -> Result<Duration, SettingError> {
        match self.text(name) {
            Some(text) => quantity::duration(&text).map_err(|error| SettingError::new(name, error)),
            None => Ok(default),
        }
    }
}

fn within(
    name: &str,
    value: usize,
    range: &std::ops::RangeInclusive<usize>,
) -> Result<usize, SettingError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(SettingError::new(
        name,
        format!(
            "{value} is out of range: {} to {}",
            range.start(),
            range.end()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Settings, String> {
        let variable = |name: &str| {
            let mut all = settings.iter().chain([&("LANDING_URL", "file:///lake")]);
            all.find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(variable, Path::new(env!("CARGO_MANIFEST_DIR")))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_app_fits_the_default_settings() {
        let settings = read(&[]).unwrap();
        assert_eq!(
            settings.schemas,
            Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
        );
        assert_eq!(settings.compression, Compression::Gzip);
        assert_eq!(settings.identity, Identity::Developer);
        assert_eq!(settings.trigger.name, "events");
        assert_eq!(settings.kafka.name, "records");
    }

    #[test]
    fn what_can_not_be_used_is_named() {
        for (name, value, says) in [
            ("LANDING_URL", "ftp://lake", "LANDING_URL"),
            ("BRONZE_COMPRESSION", "zstd", "gzip or none"),
            ("EVENT_LIMIT", "big", "EVENT_LIMIT"),
            ("EVENT_LIMIT", "0", "out of range"),
            ("NESTING_LIMIT", "100000", "out of range"),
            ("LANDING_TIMEOUT", "soon", "LANDING_TIMEOUT"),
            ("LANDING_TIMEOUT", "9m", "half of it"),
            ("REQUEST_LIMIT", "100MiB", "maxEventBatchSize"),
            ("STREAM_NAME", "../x", "STREAM_NAME"),
            ("KAFKA_NAMESPACE", "a/b", "KAFKA_NAMESPACE"),
            (
                "FUNCTIONS_CUSTOMHANDLER_PORT",
                "http",
                "FUNCTIONS_CUSTOMHANDLER_PORT",
            ),
            ("LOG_LEVEL", "loud", "LOG_LEVEL"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(says), "{name}={value}: {error}");
        }
    }

    #[test]
    fn what_a_setting_disables_is_off() {
        let on = |settings: &[(&str, &str)]| read(settings).map(|it| it.on);
        let (topic, kafka) = (
            ("KAFKA_TOPIC", "orders"),
            "AzureWebJobs.IngestOrdersKafka.Disabled",
        );
        let hub = ("AzureWebJobs_IngestOrders_Disabled", "1");
        assert_eq!(on(&[]), Ok([Log::Hub].into()));
        assert_eq!(on(&[topic, (kafka, "True")]), Ok([Log::Hub].into()));
        assert_eq!(
            on(&[topic, (kafka, "0")]),
            Ok([Log::Hub, Log::Topic].into())
        );
        assert_eq!(on(&[topic, hub]), Ok([Log::Topic].into()));
        let name = ("STREAM_NAME", "shop");
        let both = on(&[topic, name]).unwrap_err();
        assert!(
            both.contains("AzureWebJobs.IngestOrdersKafka.Disabled"),
            "{both}"
        );
        assert!(on(&[topic, name, hub]).is_ok() && on(&[name]).is_ok());
    }

    #[test]
    fn in_azure_the_managed_identity_is_taken() {
        let settings = read(&[
            ("IDENTITY_ENDPOINT", "http://x"),
            ("LANDING_CLIENT_ID", "id"),
        ])
        .unwrap();
        assert_eq!(
            settings.identity,
            Identity::Managed {
                client_id: Some("id".to_owned())
            }
        );
    }
}
