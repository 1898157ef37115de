//! `bronzegate local`: the whole of the main job on one machine.
//!
//! A hub in memory is filled ([`hub`] from [`orders`], spoilt by [`spoil`]), and an embedded host
//! ([`host`], [`payload`]) feeds it to the real handler ([`process`]), which lands it in a folder.
//! Then the lake is read back and held against what was sent ([`proof`], [`summary`]).

pub mod catalogue;
pub mod dice;
pub mod host;
pub mod hub;
pub mod lake;
pub mod orders;
pub mod payload;
pub mod process;
pub mod proof;
pub mod spoil;
pub mod summary;

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressState, ProgressStyle};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::encode::Compression;
use crate::settings::{HostJson, HostJsonError};
use crate::store::{self, AzureOptions, StoreError};
use host::{Host, HostError, Progress};
use hub::{Hub, Input, InputError};
pub use lake::Lake;
use process::{App, Process, ProcessError};
use proof::Proof;
use summary::Summary;

/// What the command is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the events come from.
    pub input: Input,
    /// How many partitions the hub has.
    pub partitions: usize,
    /// The lake: a folder, or a container of an emulator or of Azure.
    pub lake: Lake,
    /// How its blobs are compressed.
    pub compression: Compression,
    /// Kills the handler this often.
    pub kill_every: Option<Duration>,
    /// How it says what it does.
    pub voice: Voice,
}

/// How much is said, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Progress and a summary, for people.
    Human,
    /// One JSON object at the end.
    Json,
    /// Nothing but errors.
    Quiet,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The input can't be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is no function app to run.
    #[error("no schemas/catalog.json in {}: run it in the repository's folder", .0.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", nor in "))]
    NoApp(Vec<PathBuf>),
    /// host.json can't be read.
    #[error("host.json: {0}")]
    HostJson(#[from] HostJsonError),
    /// The handler does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The handler does not land.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The lake can't be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or a stream of this machine.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// Ctrl-C or SIGTERM.
    #[error("stopped; what is landed is landed, and the same command goes on from there")]
    Stopped,
}

/// Runs it; true where it is proven that every event stands in the lake once.
///
/// # Errors
/// Where the run could not be made.
pub async fn run(request: Request, out: &mut dyn Write) -> Result<bool, LocalError> {
    let root = app_root()?;
    let program = std::env::current_exe()
        .map_err(|error| LocalError::Io("this program".to_owned(), error))?;
    let app = App {
        root,
        program,
        logs: request.lake.logs.clone(),
        landing_url: request.lake.url.clone(),
        compression: request.compression.to_string(),
    };
    let hub = Arc::new(Hub::fill(&request.input, request.partitions)?);
    app.clear_logs()
        .map_err(|error| LocalError::Io(app.logs.display().to_string(), error))?;
    let batch = HostJson::load(&app.root)?.map_or(1_000, |host| host.max_event_batch_size as usize);
    let stopped = stopped().map_err(|error| LocalError::Io("signals".to_owned(), error))?;
    let summary = tokio::select! {
        summary = proven(&request, &app, hub, batch.max(1)) => summary?,
        () = stopped => return Err(LocalError::Stopped),
    };
    let said = match request.voice {
        Voice::Human => summary.print(out),
        Voice::Json => serde_json::to_writer(&mut *out, &summary)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        Voice::Quiet => Ok(()),
    };
    said.map_err(|error| LocalError::Io("stdout".to_owned(), error))?;
    Ok(summary.proven)
}

/// Feeds the hub to the handler, and proves what it landed. The handler ends with the run, and
/// where the run is dropped.
async fn proven(
    request: &Request,
    app: &App,
    hub: Arc<Hub>,
    batch: usize,
) -> Result<Summary, LocalError> {
    let seed = match &request.input {
        Input::Generated { seed, .. } => *seed,
        _ => 0,
    };
    let progress = Arc::new(Progress::default());
    let process = Process::start(app.clone()).await?;
    let host = Host::new(
        Arc::clone(&hub),
        process,
        batch,
        Arc::clone(&progress),
        seed,
    );
    let start = Instant::now();
    tokio::select! {
        run = host.run(request.kill_every) => run?,
        never = show(request.voice, &progress, hub.events() as u64) => match never {},
    }
    let took = start.elapsed();
    drop(host);

    let store = store::open(&request.lake.location, AzureOptions::default());
    let proof = Proof::read(&*store, &hub).await?;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(Summary {
        duplicates_dropped: duplicates(&app.log()),
        redelivered: read(&progress.redelivered),
        invocations: read(&progress.invocations),
        kills: read(&progress.kills),
        crashes: read(&progress.crashes),
        log: app.log(),
        lake: request.lake.name.clone(),
        ..Summary::of(&hub, proof, took)
    })
}

/// Waits for SIGINT or SIGTERM.
fn stopped() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Shows how far it is, until it is dropped: on a terminal a bar, elsewhere a line now and then.
async fn show(voice: Voice, progress: &Progress, events: u64) -> Infallible {
    const EVERY: Duration = Duration::from_millis(100);
    const LINE_EVERY: Duration = Duration::from_secs(5);
    if voice != Voice::Human {
        return pending().await;
    }
    if !io::stderr().is_terminal() {
        loop {
            sleep(LINE_EVERY).await;
            let landed = progress.checkpointed.load(Ordering::Relaxed);
            // without stderr there is nobody to tell
            let _ = writeln!(io::stderr(), "{landed} of {events} events landed");
        }
    }
    let bar = ProgressBar::new(events).with_finish(ProgressFinish::AndClear);
    let template = "  {bar:40} {human_pos} of {human_len} events landed, {speed}, {eta} to go{msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        let speed = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // a bar that can't be drawn stays as it is
            let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
        };
        bar.set_style(style.with_key("speed", speed));
    }
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        bar.set_position(progress.checkpointed.load(Ordering::Relaxed));
        match progress.kills.load(Ordering::Relaxed) {
            0 => {}
            kills => bar.set_message(format!(", {kills} kills")),
        }
    }
}

/// The function app: around the working directory, the program, or where it was built.
fn app_root() -> Result<PathBuf, LocalError> {
    let mut places = vec![PathBuf::from(".")];
    if let Ok(program) = std::env::current_exe() {
        places.extend(program.ancestors().skip(1).take(3).map(Path::to_owned));
    }
    places.push(PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let found = places
        .iter()
        .find(|place| place.join("schemas/catalog.json").is_file());
    match found.and_then(|place| place.canonicalize().ok()) {
        Some(root) => Ok(root),
        None => Err(LocalError::NoApp(places)),
    }
}

/// How many events the handler dropped as landed already, by its own log.
fn duplicates(log: &Path) -> u64 {
    std::fs::read_to_string(log)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["message"] == "landed")
        .filter_map(|line| line["duplicates"].as_u64())
        .sum()
}
