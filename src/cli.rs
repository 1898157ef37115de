//! The command line.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::encode::Compression;
use crate::local::hub::Input;
use crate::local::{self, Lake, Request, Voice};
use crate::serve;
use crate::settings::{Settings, duration};
use crate::telemetry;

/// Lands order events from Azure Event Hubs in a lake, each exactly once.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  bronzegate local                  run all of it on this machine, and prove it
  LANDING_URL=file:///tmp/lake FUNCTIONS_CUSTOMHANDLER_PORT=8080 bronzegate serve

Without a command, and with FUNCTIONS_CUSTOMHANDLER_PORT set, it serves.";

#[derive(Subcommand)]
enum Command {
    /// Serve as the custom handler of an Azure Functions host
    #[command(
        after_help = "The settings come from the environment; README.md has the table. \
        LANDING_URL is the one that must be there.

Example:
  LANDING_URL=file:///tmp/lake FUNCTIONS_CUSTOMHANDLER_PORT=8080 bronzegate serve"
    )]
    Serve,
    /// Run all of it on this machine: an embedded host, the real handler, a lake, and a proof
    #[command(after_help = "Examples:
  bronzegate local
  bronzegate local --events 1000000 --partitions 8 --kill-every 2s
  bronzegate local --csv 'Sales Transaction v.4a.csv'
  bronzegate local --ndjson my-events.ndjson --lake /tmp/lake --json

Exit status: 0 proven, 1 not proven, 2 the run could not be made, 130 stopped.")]
    Local(Box<Local>),
}

#[derive(Args)]
struct Local {
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
    lake: Lake,
    /// Land the data set's own file instead of generated lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ndjson", "events", "seed", "spoil"])]
    csv: Option<PathBuf>,
    /// Land a file's lines, byte for byte, instead of generated lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "seed", "spoil"])]
    ndjson: Option<PathBuf>,
    /// How the lake's blobs are compressed: `gzip` or `none`
    #[arg(long, default_value_t = Compression::Gzip)]
    compression: Compression,
    /// Kill the handler this often (SIGKILL), as in `2s` or `500ms`; the events are held back,
    /// for a minute at most, so that a run sees three kills
    #[arg(long, value_name = "INTERVAL", value_parser = duration)]
    kill_every: Option<Duration>,
    /// Print one JSON object at the end
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

/// Bad input or a run that could not be made.
const FAILED: u8 = 2;
/// Ended by Ctrl-C: 128 and SIGINT.
const STOPPED: u8 = 130;

/// Does what the command line says.
pub fn run() -> ExitCode {
    let served = std::env::var_os("FUNCTIONS_CUSTOMHANDLER_PORT").is_some();
    let ended = match Cli::parse().command {
        Some(Command::Local(local)) => in_runtime(local.run()),
        Some(Command::Serve) => serve(),
        None if served => serve(),
        None => Cli::command()
            .print_help()
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| (FAILED, error.to_string())),
    };
    ended.unwrap_or_else(|(code, error)| {
        // without stderr there is nobody to tell
        let _ = writeln!(std::io::stderr(), "bronzegate: {error}");
        ExitCode::from(code)
    })
}

type Ended = Result<ExitCode, (u8, String)>;

fn serve() -> Ended {
    let variable = |name: &str| std::env::var(name).ok();
    let settings =
        Settings::read(variable, Path::new(".")).map_err(|it| (FAILED, it.to_string()))?;
    telemetry::start(settings.log_level);
    in_runtime(async {
        let served = serve::run(settings).await;
        served
            .map(|()| ExitCode::SUCCESS)
            .map_err(|it| (FAILED, it.to_string()))
    })
}

fn in_runtime(work: impl Future<Output = Ended>) -> Ended {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| (FAILED, format!("no threads can be started: {error}")))?
        .block_on(work)
}

impl Local {
    async fn run(self) -> Ended {
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
            partitions: self.partitions.into(),
            lake: self.lake,
            compression: self.compression,
            kill_every: self.kill_every,
            voice: match (self.json, self.quiet) {
                (true, _) => Voice::Json,
                (_, true) => Voice::Quiet,
                _ => Voice::Human,
            },
        };
        match local::run(request, &mut std::io::stdout()).await {
            Ok(true) => Ok(ExitCode::SUCCESS),
            Ok(false) => Ok(ExitCode::FAILURE),
            Err(error @ local::LocalError::Stopped) => Err((STOPPED, error.to_string())),
            Err(error) => Err((FAILED, error.to_string())),
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| "write a whole number from 1, as in 100000".to_owned())
}

/// A share in ten thousand: `2%`, `0.5%`.
fn share(text: &str) -> Result<u64, String> {
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
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn shares_are_percent() {
        assert_eq!(share("2%"), Ok(200));
        assert_eq!(share("0.5%"), Ok(50));
        for wrong in ["2", "-1%", "101%", "x%", "%", "NaN%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
