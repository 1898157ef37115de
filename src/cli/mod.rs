//! The command line.

mod audit;
#[cfg(feature = "event-hubs")]
mod backfill;
mod check;
mod conform;
#[cfg(feature = "event-hubs")]
mod event_hub;
#[cfg(feature = "hub")]
mod hub;
mod lake;
mod local;
#[cfg(not(feature = "event-hubs"))]
mod missing;
mod moment;
mod replay;
#[cfg(feature = "event-hubs")]
mod send;
mod voice;
mod window;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use serde::Serialize;

use crate::serve;
use crate::settings::Settings;
use crate::telemetry;
use crate::terminal::Voice;
use audit::Audit;
#[cfg(feature = "event-hubs")]
use backfill::Backfill;
use check::Check;
use conform::Conform;
use local::Local;
#[cfg(not(feature = "event-hubs"))]
use missing::{Missing as Send, Missing as Backfill};
use replay::Replay;
#[cfg(feature = "event-hubs")]
use send::Send;

/// Lands order events from Azure Event Hubs in a lake, each exactly once.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[cfg(feature = "hub")]
macro_rules! hub_example {
    () => {
        "  bronzegate local --hub            for the clients of Event Hubs, until it is stopped
"
    };
}
#[cfg(not(feature = "hub"))]
macro_rules! hub_example {
    () => {
        ""
    };
}

const EXAMPLES: &str = "Examples:
  bronzegate local                  run all of it on this machine, and prove it
  bronzegate check orders.ndjson    judge a file as the function would
  LANDING_URL=file:///tmp/lake FUNCTIONS_CUSTOMHANDLER_PORT=8080 bronzegate serve

Without a command, and with FUNCTIONS_CUSTOMHANDLER_PORT set, it serves.";

const LOCAL_EXAMPLES: &str = concat!(
    "Examples:
  bronzegate local
  bronzegate local --events 1000000 --partitions 8 --kill-every 2s
  bronzegate local --csv 'Sales Transaction v.4a.csv'
  bronzegate local --ndjson my-events.ndjson --catalog my-schemas --lake /tmp/lake --json
  bronzegate local --events 5000 --sent sent.ndjson
",
    hub_example!(),
    "
Exit status: 0 proven, 1 not proven, 2 the run could not be made, 130 stopped."
);

#[derive(Subcommand)]
enum Command {
    /// Serve as the custom handler of an Azure Functions host
    #[command(
        after_help = "The settings come from the environment; README.md has the table. \
        LANDING_URL is the one that must be there.

Example:
  LANDING_URL=file:///tmp/lake FUNCTIONS_CUSTOMHANDLER_PORT=8080 bronzegate serve"
    )]
    Serve {
        /// Stop when standard input ends: how `local` takes its handler along
        #[arg(long, hide = true)]
        leash: bool,
    },
    /// Run all of it on this machine: an embedded host, the real handler, a lake, and a proof
    #[command(after_help = LOCAL_EXAMPLES)]
    Local(Box<Local>),
    /// Publish events to an event hub, as a producer does
    #[command(
        after_help = "Batches are filled to the hub's limit, a worker for each partition; a key goes to the partition \
        to which the SDKs put it. Nothing secret is needed: in Azure it shows the token of `az login`, `azd auth login` or \
        the app's identity, whose role is Azure Event Hubs Data Sender. A batch that is not acknowledged in time is sent \
        again by a fresh client, and what may stand twice is said; each event's message id stays the same.

Examples:
  bronzegate send --events 10000 --spoil 2%
  bronzegate send --hub shop.servicebus.windows.net/orders --csv 'Sales Transaction v.4a.csv' --rate 5000/s
  producer | bronzegate send --hub localhost:5672/orders --ndjson - --key /order/id --property schema=order/1.0.0
  bronzegate send --ndjson events.ndjson --resume

Exit status: 0 all acknowledged, 1 some the hub does not take, 2 it could not be done, 130 stopped."
    )]
    Send(Box<Send>),
    /// Read a lake, and prove that every event in it is accounted for
    #[command(
        after_help = "For each stream and partition it holds names, metadata and, with --deep, records against one another: \
        gaps, overlaps, duplicates, order, counts, rejections that are not published, replays, leftovers. \
        It changes nothing, except with --sweep.

Examples:
  bronzegate audit
  bronzegate audit --lake https://ACCOUNT.blob.core.windows.net/CONTAINER --since 24h
  bronzegate audit --deep --html audit.html
  bronzegate send --events 10000 --json > sent.json && bronzegate audit --deep --sent sent.json
  bronzegate audit --hub shop.servicebus.windows.net/orders
  bronzegate audit --purged-before 90d --sweep --json

Exit status: 0 all is accounted for, 1 there are findings, 2 it could not look, 130 stopped."
    )]
    Audit(Box<Audit>),
    /// Land the rejections that today's schemas accept, each once
    #[command(
        after_help = "The schemas are those of the function (SCHEMAS_DIR, or --catalog), and so are EVENT_LIMIT and \
        NESTING_LIMIT. Nothing is changed or removed: what is accepted now is landed beside what was landed, and \
        the rejection log gets a resolution for it. It may be stopped, run again and run twice at a time.

Examples:
  bronzegate replay --dry-run
  bronzegate replay --lake https://ACCOUNT.blob.core.windows.net/CONTAINER --since 7d --reason schema
  bronzegate replay --prefix rejections/shop/orders/date=2026-11-20/ --schema order/1.0.0 --json

Exit status: 0 done, 1 done but for what it names, 2 it could not be done, 130 stopped."
    )]
    Replay(Box<Replay>),
    /// Land events that the function did not, from the hub or from Event Hubs Capture, each once
    #[command(
        after_help = "The events are judged and landed by the function's own code, and what stands in the lake \
        already is dropped. A range begins where the gap begins, as `bronzegate audit` names it; the function may run \
        meanwhile. Run one backfill of a partition at a time.

Examples:
  bronzegate backfill --partition 3 --from 120 --to 480 --dry-run
  bronzegate backfill --hub shop.servicebus.windows.net/orders --lake https://ACCOUNT.blob.core.windows.net/CONTAINER \\
      --partition 3 --from 120 --to 480
  bronzegate backfill --capture https://ACCOUNT.blob.core.windows.net/capture --partition 3 --from 120 --to 480

Exit status: 0 done, 1 done but for events that are not there, 2 it could not be done, 130 stopped."
    )]
    Backfill(Box<Backfill>),
    /// Judge files of events as the function would, and say what to change; or check the schemas
    #[command(
        after_help = "Events are judged by the same code as in the function, byte for byte; what a producer sends \
        beside them (event properties, headers, the content type) is not in a file, so name the schema by --schema \
        where the routes need it. EVENT_LIMIT and NESTING_LIMIT count as in the function.

Examples:
  bronzegate check orders.ndjson
  bronzegate check --schema order/1 created.json updated.json
  producer --dry-run | bronzegate check --format ndjson --json -
  bronzegate check --schemas --catalog schemas

Exit status: 0 all accepted, 1 something is rejected (or a schema is broken or breaks), 2 it could not check."
    )]
    Check(Box<Check>),
    /// Hold the lake's store to what the landing rests on, in a folder of its own that is removed again
    #[command(
        after_help = "The suite that the project's own stores are held to: a name that is free or taken, fifty creators at \
        once, metadata in listings, pages, folders, deletes. It writes some 500 small blobs below _conform/, and takes a \
        role that may: Storage Blob Data Contributor on the container.

Examples:
  bronzegate conform
  bronzegate conform --lake https://ACCOUNT.blob.core.windows.net/CONTAINER --json

Exit status: 0 it conforms, 1 it does not, 2 it could not be asked, 130 stopped."
    )]
    Conform(Box<Conform>),
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
        Some(Command::Send(send)) => in_runtime(send.run()),
        Some(Command::Backfill(backfill)) => in_runtime(backfill.run()),
        Some(Command::Audit(audit)) => in_runtime(audit.run()),
        Some(Command::Replay(replay)) => in_runtime(replay.run()),
        Some(Command::Check(check)) => in_runtime(check.run()),
        Some(Command::Conform(conform)) => in_runtime(conform.run()),
        Some(Command::Serve { leash }) => serve(leash),
        None if served => serve(false),
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

fn serve(leash: bool) -> Ended {
    let variable = |name: &str| std::env::var(name).ok();
    let settings =
        Settings::read(variable, Path::new(".")).map_err(|it| (FAILED, it.to_string()))?;
    let (telemetry, exports) = telemetry::start(&settings);
    let ended = in_runtime(async {
        let served = serve::run(settings, telemetry, leash).await;
        served
            .map(|()| ExitCode::SUCCESS)
            .map_err(|it| (FAILED, it.to_string()))
    });
    exports.stop();
    ended
}

/// Prints a summary as it is asked for.
fn say(
    voice: Voice,
    summary: &impl Serialize,
    print: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), (u8, String)> {
    let mut out = io::stdout().lock();
    let said = match voice {
        Voice::Human => print(&mut out),
        Voice::Json => serde_json::to_writer(&mut out, summary)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        Voice::Quiet => Ok(()),
    };
    told(said)
}

/// Whether what was said was said: whoever reads it may have read enough, as `head` does.
fn told(said: io::Result<()>) -> Result<(), (u8, String)> {
    match said {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        said => said.map_err(|error| (FAILED, format!("stdout: {error}"))),
    }
}

fn in_runtime(work: impl Future<Output = Ended>) -> Ended {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| (FAILED, format!("no threads can be started: {error}")))?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
