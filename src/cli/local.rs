//! `bronzegate local`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

#[cfg(feature = "hub")]
use super::hub::HubArguments;
use super::moment::now;
use super::voice::VoiceArguments;
use super::{Ended, FAILED, STOPPED};
use crate::encode::Compression;
use crate::local::input::Input;
use crate::local::{self, Request};
use crate::settings::{Judging, Lake, duration};

#[derive(Args)]
pub(super) struct Local {
    /// How many order lines to generate, at least 1
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    events: usize,
    /// How many partitions the hub has, 1 to 1024
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    partitions: u16,
    /// The generator's seed
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The share of events that are spoilt, as in `2%`
    #[arg(long, default_value = "2%", value_parser = share)]
    spoil: u64,
    /// The lake: a folder, or the URL of a container as in `LANDING_URL`
    #[arg(long, default_value = "lake", value_name = "DIR|URL")]
    lake: String,
    /// Land the data set's own file instead of generated lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ndjson", "events", "seed", "spoil"])]
    csv: Option<PathBuf>,
    /// Land a file's lines, byte for byte, instead of generated lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "seed", "spoil"])]
    ndjson: Option<PathBuf>,
    /// The folder of the schemas under which events are judged; else `SCHEMAS_DIR`, or `schemas/`
    /// here or in the function app
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Write what is sent to this file before the handler sees it: an event a line, with its place,
    /// `_expected` (`accepted`, the reason of its rejection, or null where it is not known), and
    /// `body_text`, or `body_base64` where it is not UTF-8
    #[arg(long, value_name = "FILE")]
    sent: Option<PathBuf>,
    /// How the lake's blobs are compressed: `gzip` or `none`
    #[arg(long, default_value_t = Compression::Gzip)]
    compression: Compression,
    /// Kill the handler this often (SIGKILL), as in `2s` or `500ms`, where it has landed something
    /// new since; the events are held back, for a minute at most, so that a run sees three kills
    #[arg(long, value_name = "INTERVAL", value_parser = duration)]
    kill_every: Option<Duration>,
    #[cfg(feature = "hub")]
    #[command(flatten)]
    hub: HubArguments,
    #[command(flatten)]
    voice: VoiceArguments,
}

impl Local {
    pub(super) async fn run(self) -> Ended {
        let lake: Lake = self.lake.parse().map_err(|error| (FAILED, error))?;
        let judging = Judging::read(|name| std::env::var(name).ok(), self.catalog);
        let schemas = judging
            .map_err(|error| (FAILED, error.to_string()))?
            .schemas;
        #[cfg(feature = "hub")]
        if self.hub.hub {
            let (partitions, voice) = (self.partitions.into(), self.voice.voice());
            return self
                .hub
                .run(partitions, schemas, lake, self.compression, voice)
                .await;
        }
        let input = match (self.csv, self.ndjson) {
            (Some(file), _) => Input::Csv(file),
            (None, Some(file)) => Input::Ndjson(file),
            (None, None) => Input::Generated {
                events: self.events,
                seed: self.seed,
                spoil: self.spoil,
            },
        };
        let request = Request {
            input,
            sent: self.sent,
            partitions: self.partitions.into(),
            schemas,
            lake,
            compression: self.compression,
            kill_every: self.kill_every,
            voice: self.voice.voice(),
            now: now(),
        };
        match local::run(request, &mut std::io::stdout()).await {
            Ok(true) => Ok(ExitCode::SUCCESS),
            Ok(false) => Ok(ExitCode::FAILURE),
            Err(error @ local::LocalError::Stopped) => Err((STOPPED, error.to_string())),
            Err(error) => Err((FAILED, error.to_string())),
        }
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| "write a whole number from 1, as in 100000".to_owned())
}

/// A share in ten thousand: `2%`, `0.5%`.
pub(super) fn share(text: &str) -> Result<u64, String> {
    text.strip_suffix('%')
        .and_then(|number| number.parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| (percent * 100.0).round() as u64)
        .ok_or_else(|| "write a share from 0% to 100%, as in 2%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent() {
        assert_eq!(share("2%"), Ok(200));
        assert_eq!(share("0.5%"), Ok(50));
        for wrong in ["2", "-1%", "101%", "x%", "%", "NaN%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
