//! `bronzegate send`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::event_hub::HubArgument;
use super::local::{at_least_one, share};
use super::voice::VoiceArguments;
use super::{Ended, FAILED, STOPPED, say};
use crate::local::input::Input;
use crate::send::{self, Rate, Request, Source};

#[derive(Args)]
pub(super) struct Send {
    #[command(flatten)]
    hub: HubArgument,
    /// How many order lines to generate, at least 1
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    events: usize,
    /// The generator's seed
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The share of events that are spoilt as producers spoil them, as in `2%`
    #[arg(long, default_value = "0%", value_parser = share)]
    spoil: u64,
    /// Send the data set's own file instead of generated lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ndjson", "events", "seed"])]
    csv: Option<PathBuf>,
    /// Send a file's lines, byte for byte, instead of generated lines; `-` is the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "seed", "spoil"])]
    ndjson: Option<PathBuf>,
    /// Where an event's partition key stands, as a JSON pointer; an event without one goes to the
    /// next partition
    #[arg(long, default_value = "/TransactionNo", value_name = "POINTER", value_parser = pointer)]
    key: String,
    /// An application property of every event, as in `schema=order/1.0.0`
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
    /// The content type of every event
    #[arg(long, default_value = "application/json", value_name = "TYPE")]
    content_type: String,
    /// At what pace to send, as in `5000/s`; as fast as it goes where it is not given
    #[arg(long)]
    rate: Option<Rate>,
    /// Go on where the same send was stopped or killed
    #[arg(long)]
    resume: bool,
    /// Where unfinished sends are kept
    #[arg(long, default_value = ".bronzegate/sends", value_name = "DIR")]
    journals: PathBuf,
    #[command(flatten)]
    voice: VoiceArguments,
}

impl Send {
    pub(super) async fn run(self) -> Ended {
        let voice = self.voice.voice();
        let stdin = self.ndjson.as_deref() == Some(Path::new("-"));
        let (input, total) = match (self.csv, self.ndjson) {
            (Some(file), _) => (Input::Csv(file), None),
            (None, Some(file)) => (Input::Ndjson(file), None),
            (None, None) => {
                let input = Input::Generated {
                    events: self.events,
                    seed: self.seed,
                    spoil: self.spoil,
                };
                (input, Some(self.events as u64))
            }
        };
        let request = Request {
            client: self.hub.client()?,
            source: Source {
                input,
                spoil: self.spoil,
                key: self.key,
                properties: self.properties.into_iter().collect::<BTreeMap<_, _>>(),
                content_type: self.content_type,
            },
            total,
            rate: self.rate,
            journals: self.journals,
            resume: self.resume,
            voice,
        };
        let ended = send::run(request)
            .await
            .map_err(|error| (FAILED, error.to_string()))?;
        say(voice, &ended.summary, |out| ended.summary.print(out))?;
        if let Some(error) = ended.error {
            return Err((FAILED, error.to_string()));
        }
        if ended.summary.journal.is_some() {
            let stopped = if stdin {
                "stopped; --resume passes over what was sent, where the same events come again"
            } else {
                "stopped"
            };
            return Err((STOPPED, stopped.to_owned()));
        }
        Ok(if ended.summary.not_sent.events > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err("write a JSON pointer, as in /TransactionNo or /order/id".to_owned())
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write NAME=VALUE, as in schema=order/1.0.0".to_owned())
}
