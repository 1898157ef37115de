//! `bronzegate local --hub`: a hub for the clients of Event Hubs, and the real handler behind it.
//!
//! The endpoint is [`crate::hub`]'s; [`host`] reads its logs as the Functions host reads a hub, with
//! [`checkpoint`]s on disk; [`view`] shows how it stands, of which [`progress`] knows what the host
//! did and [`verdicts`] what the handler said.

pub mod checkpoint;
pub mod host;
pub mod progress;
pub mod verdicts;
pub mod view;

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::process::{App, Process, ProcessError};
use crate::decode::{Cardinality, DataType, Trigger};
use crate::encode::Compression;
use crate::event;
use crate::hub::Hub;
use crate::hub::endpoint::{self, Clock};
use crate::hub::folder::FolderError;
use crate::hub::log::Log;
use crate::judge::{Catalog, CatalogError};
use crate::settings::{
    FUNCTION, HostJson, HostJsonError, Lake, NoApp, Retry, SettingError, app_root,
};
use crate::store::Location;
use crate::terminal::{self, Voice};
use checkpoint::Checkpoints;
use host::{Host, HostError, NAMESPACE, Policy};
use progress::Progress;
use verdicts::Tail;
use view::Board;

/// The hub's name.
pub const HUB: &str = "orders";

/// What the command is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// The port on 127.0.0.1; 0 is any that is free.
    pub port: u16,
    /// How many partitions the hub has.
    pub partitions: usize,
    /// The folder of the schema catalog.
    pub schemas: PathBuf,
    /// The lake.
    pub lake: Lake,
    /// How its blobs are compressed.
    pub compression: Compression,
    /// How it says what it does.
    pub voice: Voice,
    /// The clock.
    pub clock: Clock,
}

/// Why the hub does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no function app to run.
    #[error(transparent)]
    NoApp(#[from] NoApp),
    /// host.json can't be read.
    #[error("host.json: {0}")]
    HostJson(#[from] HostJsonError),
    /// function.json can't be read.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// function.json asks for a form of the events that the embedded host does not write.
    #[error(
        "{FUNCTION}/function.json: the embedded host hands events over with cardinality `many`, \
         dataType `binary` and the name `events`; the shipped file has them"
    )]
    Trigger,
    /// The schemas can't be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The hub's folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The port is not free.
    #[error("127.0.0.1:{0}: {1}: name another port by --hub-port")]
    Listen(u16, io::Error),
    /// The handler does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The host gave up.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A file or a stream of this machine.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// Ctrl-C or SIGTERM.
    #[error("stopped; what was sent is kept, and the same command goes on from there")]
    Stopped,
}

/// What is said when the hub is there.
#[derive(Debug, Serialize)]
struct Listening<'a> {
    connection_string: String,
    hub: &'a str,
    partitions: usize,
    events: u64,
    lake: &'a str,
    stream: String,
    api: Option<String>,
    folder: PathBuf,
    log: PathBuf,
}

/// Runs it until it is stopped.
///
/// # Errors
/// Why it ended: it does not end well but by being stopped.
pub async fn run(request: Request, out: &mut dyn Write) -> Result<(), LiveError> {
    let root = app_root()?;
    let policy = Policy {
        host: HostJson::load(&root)?.unwrap_or_default(),
        retry: Retry::load(&root)?,
    };
    let trigger =
        Trigger::load(&root, FUNCTION, event::Log::Hub).map_err(|_| LiveError::Trigger)?;
    let declared = Trigger::declared("events", Cardinality::Many, DataType::Binary);
    if trigger != declared {
        return Err(LiveError::Trigger);
    }
    // a catalog that can't be used is named before anything is made
    Catalog::load(&request.schemas)?;
    let schemas = request.schemas.canonicalize();
    let schemas = schemas.map_err(io_at(request.schemas.display()))?;
    let folder = hub_folder(&request.lake);
    let hub = Hub::open(HUB, &folder, request.partitions, (request.clock)())?;
    let hub = Arc::new(hub);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, request.port)).await;
    let listener = listener.map_err(|error| LiveError::Listen(request.port, error))?;
    let here = listener.local_addr().map(|it| it.port());
    let port = here.map_err(|error| LiveError::Listen(request.port, error))?;
    let program = std::env::current_exe().map_err(io_at("this program"))?;
    let app = App {
        root,
        schemas,
        program,
        logs: folder.clone(),
        landing_url: request.lake.url.clone(),
        compression: request.compression.to_string(),
        hub: Some(format!("localhost:{port}/{HUB}")),
    };
    app.clear_logs().map_err(io_at(folder.display()))?;
    let stopped = terminal::stopped().map_err(io_at("signals"))?;
    let owner = format!("local-{}", std::process::id());
    let checkpoints = Checkpoints::open(&folder, owner).map_err(io_at(folder.display()))?;
    let process = Process::start(app.clone()).await?;
    let listening = Listening {
        connection_string: connection_string(port),
        hub: HUB,
        partitions: request.partitions,
        events: hub.partitions().iter().map(Log::next).sum(),
        lake: &request.lake.name,
        stream: format!("{NAMESPACE}/{HUB}"),
        api: process.api(),
        folder,
        log: app.log(),
    };
    say(&listening, request.voice, &policy, out).map_err(io_at("stdout"))?;

    let progress = Arc::new(Progress::new(request.partitions));
    let (stop, stops) = watch::channel(false);
    let tail = Tail::new(app.log(), request.partitions);
    let mut board = Board::new(Arc::clone(&hub), Arc::clone(&progress), tail);
    let seed = u64::from(std::process::id()) ^ (request.clock)().millis() as u64;
    let host = Host::new(
        Arc::clone(&hub),
        policy,
        process,
        checkpoints,
        progress,
        stops,
        seed,
    );
    let mut fed = pin!(host.run());
    let ended = tokio::select! {
        fed = &mut fed => fed.map_err(LiveError::from),
        error = endpoint::serve(listener, hub, request.clock) => Err(LiveError::Io(format!("127.0.0.1:{port}"), error)),
        error = view::show(request.voice, &mut board) => Err(LiveError::Io("stdout".to_owned(), error)),
        () = stopped => Err(LiveError::Stopped),
    };
    if let Err(LiveError::Stopped) = ended {
        // what is in flight is finished, unless it is asked for a second time
        stop.send_replace(true);
        let again = terminal::stopped().map_err(io_at("signals"))?;
        tokio::select! {
            fed = &mut fed => fed?,
            () = again => {}
        }
    }
    view::last(request.voice, &mut board).map_err(io_at("stdout"))?;
    ended
}

fn io_at(place: impl std::fmt::Display) -> impl FnOnce(io::Error) -> LiveError {
    let place = place.to_string();
    move |error| LiveError::Io(place, error)
}

/// The folder of the hub's log and of the handler's: in the lake's folder, hidden from its readers.
/// A lake that is no folder has one of its own here, since checkpoints are a lake's.
fn hub_folder(lake: &Lake) -> PathBuf {
    match lake.location {
        Location::Folder(_) => lake.logs.join("hub"),
        Location::Azure(_) => {
            let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let name: String = lake.name.chars().map(letter).collect();
            lake.logs.join(format!("hub-{name}"))
        }
    }
}

/// What every client takes. Key and its name are not looked at.
fn connection_string(port: u16) -> String {
    format!(
        "Endpoint=sb://localhost:{port};SharedAccessKeyName=RootManageSharedAccessKey;\
         SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;EntityPath={HUB}"
    )
}

fn say(
    listening: &Listening<'_>,
    voice: Voice,
    policy: &Policy,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Listening {
        connection_string,
        hub,
        partitions,
        events,
        lake,
        stream,
        api,
        folder,
        log,
    } = listening;
    match voice {
        Voice::Quiet => return Ok(()),
        Voice::Json => {
            serde_json::to_writer(&mut *out, &serde_json::json!({"listening": listening}))?;
            writeln!(out)?;
            return out.flush();
        }
        Voice::Human => {}
    }
    writeln!(
        out,
        "A development stand-in for Azure Event Hubs; not for production.\n\n  \
         connection  {connection_string}\n  \
         hub         {hub}, {partitions} partitions, {} events in {}\n  \
         lake        {lake}, stream {stream}\n  \
         log         {}",
        terminal::grouped(*events),
        folder.display(),
        log.display(),
    )?;
    if let Some(api) = api {
        writeln!(out, "  HTTP API    {api}")?;
    }
    if policy.retry.is_none() {
        writeln!(
            out,
            "  retries     function.json has no retry policy: a batch that fails is passed over, as \
             the Functions host does, and its events are not landed"
        )?;
    }
    writeln!(
        out,
        "\nSend to it:\n  \
         Python  EventHubProducerClient.from_connection_string(CONNECTION).send_event(EventData(b'{{…}}'))\n  \
         Node    await new EventHubProducerClient(CONNECTION).sendBatch([{{ body: {{ … }} }}])\n  \
         it is plain TCP and takes any token; Ctrl-C stops it, and keeps what was sent\n"
    )?;
    out.flush()
}
