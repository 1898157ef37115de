//! `bronzegate local`: the whole of the main job on one machine.
//!
//! A hub in memory is filled ([`hub`] from an [`input`]: [`orders`] spoilt by [`spoil`], or a file), written down
//! where that is asked ([`sent`]), and an embedded host ([`host`], [`payload`], [`call`]) feeds it to the real handler ([`process`]), which lands it in a folder.
//! Then the lake is audited, and held against what was sent ([`proof`], [`summary`]).
//!
//! With `--hub` the hub is a live one, for the clients of Event Hubs, and the host never ends
//! (`live`).

pub mod call;
pub mod catalogue;
pub mod dice;
pub mod host;
pub mod hub;
pub mod input;
#[cfg(feature = "hub")]
pub mod live;
pub mod orders;
pub mod payload;
pub mod process;
pub mod proof;
pub mod sales;
pub mod sent;
pub mod spoil;
pub mod summary;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::audit::{self, Depth, Witness};
use crate::encode::Compression;
use crate::event::EnqueuedTime;
use crate::judge::{Catalog, CatalogError};
use crate::settings::{HostJson, HostJsonError, Lake, NoApp, app_root};
use crate::store::{self, AzureOptions, StoreError};
use crate::terminal::{self, Bar, Voice, grouped};
use crate::workers::Workers;
use host::{Host, HostError, Progress};
use hub::{Hub, Input, InputError};
use process::{App, Process, ProcessError};
use proof::Sent;
use summary::Summary;

/// What the command is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the events come from.
    pub input: Input,
    /// Where what is sent is written to before the handler sees it.
    pub sent: Option<PathBuf>,
    /// How many partitions the hub has.
    pub partitions: usize,
    /// The folder of the schema catalog.
    pub schemas: PathBuf,
    /// The lake: a folder, or a container of an emulator or of Azure.
    pub lake: Lake,
    /// How its blobs are compressed.
    pub compression: Compression,
    /// Kills the handler this often.
    pub kill_every: Option<Duration>,
    /// How it says what it does.
    pub voice: Voice,
    /// The time now, for the audit.
    pub now: EnqueuedTime,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The input can't be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is no function app to run.
    #[error(transparent)]
    NoApp(#[from] NoApp),
    /// host.json can't be read.
    #[error("host.json: {0}")]
    HostJson(#[from] HostJsonError),
    /// The schemas can't be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
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
    // a catalog that can't be used is named before anything is made
    Catalog::load(&request.schemas)?;
    let schemas = io_at(&request.schemas, request.schemas.canonicalize())?;
    let program = std::env::current_exe()
        .map_err(|error| LocalError::Io("this program".to_owned(), error))?;
    let app = App {
        root,
        schemas,
        program,
        logs: request.lake.logs.clone(),
        landing_url: request.lake.url.clone(),
        compression: request.compression.to_string(),
        hub: None,
    };
    let mut hub = Hub::fill(&request.input, request.partitions)?;
    if app.schemas != app.root.join("schemas") {
        hub.expect_nothing();
    }
    if let Some(file) = &request.sent {
        io_at(file, sent::write(&hub, file))?;
    }
    let hub = Arc::new(hub);
    io_at(&app.logs, app.clear_logs())?;
    let batch = HostJson::load(&app.root)?.map_or(1_000, |host| host.max_event_batch_size as usize);
    let stopped =
        terminal::stopped().map_err(|error| LocalError::Io("signals".to_owned(), error))?;
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

fn io_at<T>(place: &Path, done: io::Result<T>) -> Result<T, LocalError> {
    done.map_err(|error| LocalError::Io(place.display().to_string(), error))
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
        never = terminal::show(request.voice, "events landed", || bar(&progress, &hub, start)) => match never {},
    }
    let took = start.elapsed();
    host.let_go().await;

    let store = store::open(&request.lake.location, AzureOptions::default());
    let sent = Arc::new(Sent::of(Arc::clone(&hub)));
    let audited = audit::Request {
        lake: request.lake.name.clone(),
        now: Some(request.now),
        depth: Depth::Records,
        stream: Some(hub.stream()),
        witness: Some(Arc::clone(&sent) as Arc<dyn Witness>),
        ..audit::Request::default()
    };
    let (workers, looked) = (Workers::per_core(), audit::Progress::default());
    let report = tokio::select! {
        report = audit::audit(&store, &audited, (&workers, &looked)) => report?,
        never = terminal::show(request.voice, "days audited", || looked.bar()) => match never {},
    };
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(Summary {
        duplicates_dropped: duplicates(&app.log()),
        redelivered: read(&progress.redelivered),
        invocations: read(&progress.invocations),
        kills: read(&progress.kills),
        crashes: read(&progress.crashes),
        log: app.log(),
        lake: request.lake.name.clone(),
        ..Summary::of(&hub, &sent.seen(), report, took)
    })
}

fn bar(progress: &Progress, hub: &Hub, start: Instant) -> Bar {
    let done = progress.checkpointed.load(Ordering::Relaxed);
    let speed = done as f64 / start.elapsed().as_secs_f64().max(1e-3);
    let kills = match progress.kills.load(Ordering::Relaxed) {
        0 => String::new(),
        kills => format!(", {kills} kills"),
    };
    Bar {
        done,
        total: Some(hub.events() as u64),
        note: format!(", {}/s{kills}", grouped(speed as u64)),
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
