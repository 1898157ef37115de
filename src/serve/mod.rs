//! The custom handler: the host's requests in, its answers out.
//!
//! `GET /` is answered at once and always; `POST /IngestOrders` lands a batch of a hub, and
//! `POST /IngestOrdersKafka` those of a topic's partitions. A 2xx says that
//! every event of the batch is durable; whatever of the world stands against that is a 503, and
//! the host's retry policy holds the partition until it has passed.

mod answer;
mod body;
mod budget;
mod invocation;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use answer::refusal;
use budget::Budget;
use invocation::Invocation;

use crate::event::Log;
use crate::judge::{Catalog, CatalogError};
use crate::landing::{Landing, LandingError};
use crate::settings::{FUNCTION, KAFKA_FUNCTION, Settings};
use crate::store::{self, AzureOptions, Location};
use crate::telemetry::Telemetry;
use crate::workers::Workers;

/// Why the handler could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The schema catalog can't be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The port can't be listened on.
    #[error("could not listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server ended.
    #[error("the server ended: {0}")]
    Ended(std::io::Error),
}

/// Serves until the process is told to stop, on a `leash` by the end of standard input, too; what is
/// in flight then is finished.
///
/// # Errors
/// Where the catalog or the port can't be used.
pub async fn run(settings: Settings, telemetry: Telemetry, leash: bool) -> Result<(), ServeError> {
    let port = settings.port;
    let listen = |source| ServeError::Listen { port, source };
    let handler = Arc::new(Handler::new(settings, telemetry)?);
    // tokio sets SO_REUSEADDR: a handler that is started again gets the same port
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(listen)?;
    let stop = stopped(leash).map_err(listen)?;
    tracing::info!(port, catalog = handler.catalog.digest(), "listening");
    if handler.settings.on.contains(&Log::Topic) {
        tracing::warn!(
            function = KAFKA_FUNCTION,
            "it is on: records are known by their offsets, so a topic that is made anew needs a new \
             STREAM_EPOCH"
        );
    }
    tokio::spawn(get_ready(Arc::clone(&handler)));
    // a socket that can't be set to answer at once still answers
    let listener = listener.tap_io(|socket| _ = socket.set_nodelay(true));
    axum::serve(listener, router(handler))
        .with_graceful_shutdown(stop)
        .await
        .map_err(ServeError::Ended)?;
    tracing::info!("stopped");
    Ok(())
}

/// All that an invocation needs.
struct Handler {
    settings: Settings,
    catalog: Arc<Catalog>,
    landing: Landing,
    workers: Workers,
    budget: Budget,
    telemetry: Telemetry,
    start: Instant,
}

impl Handler {
    fn new(settings: Settings, telemetry: Telemetry) -> Result<Self, ServeError> {
        let catalog = Arc::new(Catalog::load(&settings.schemas)?);
        let options = AzureOptions {
            identity: settings.identity.clone(),
            limits: settings.store,
            telemetry: telemetry.clone(),
            ..AzureOptions::default()
        };
        let workers = Workers::per_core();
        let server = match &settings.location {
            Location::Azure(place) => place.host().map(str::to_owned),
            Location::Folder(_) => None,
        };
        let store = telemetry.observe(store::open(&settings.location, options), server);
        Ok(Self {
            landing: Landing::new(store, settings.compression, workers.clone())
                .with_telemetry(telemetry.clone()),
            budget: Budget::new(settings.memory_budget, telemetry.clone()),
            telemetry,
            catalog,
            workers,
            settings,
            start: Instant::now(),
        })
    }
}

fn router(handler: Arc<Handler>) -> Router {
    let api = api(&handler);
    Router::new()
        .route("/", get(answer::alive))
        .route(&format!("/{FUNCTION}"), post(invoke_for_hub))
        .route(&format!("/{KAFKA_FUNCTION}"), post(invoke_for_topic))
        .fallback(async |request: Request<Body>| {
            let problem = format!(
                "no function answers {} {}",
                request.method(),
                request.uri().path()
            );
            refusal(StatusCode::NOT_FOUND, &problem, None)
        })
        .with_state(handler)
        .merge(api)
}

/// The API that publishes.
#[cfg(feature = "event-hubs")]
fn api(handler: &Handler) -> Router {
    use crate::submit::{Api, routes};
    routes(Arc::new(Api::new(
        Arc::clone(&handler.catalog),
        handler.settings.event,
        handler.settings.submit.clone(),
        handler.workers.clone(),
    )))
}

/// A build without the Event Hubs client can't publish, and says so.
#[cfg(not(feature = "event-hubs"))]
fn api(_handler: &Handler) -> Router {
    let refuse = async || {
        let problem =
            "this handler was built without SubmitOrder: package it by `just package --api`";
        refusal(StatusCode::NOT_IMPLEMENTED, problem, None)
    };
    Router::new()
        .route("/SubmitOrder", post(refuse))
        .route("/api/orders", post(refuse))
}

async fn invoke_for_hub(state: State<Arc<Handler>>, request: Request<Body>) -> Response {
    invoke(Log::Hub, state, request).await
}

async fn invoke_for_topic(state: State<Arc<Handler>>, request: Request<Body>) -> Response {
    invoke(Log::Topic, state, request).await
}

/// Runs an invocation to its end, even where the host does not wait for it: the host can't cancel,
/// and an answer that nobody reads costs nothing. A panic is a 500, and the process lives.
async fn invoke(log: Log, State(handler): State<Arc<Handler>>, request: Request<Body>) -> Response {
    let invocation = Invocation::of(log, request.headers());
    let id = invocation.id.clone();
    match tokio::spawn(invocation.run(handler, request.into_body())).await {
        Ok(response) => response,
        Err(_) => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the invocation panicked: stderr says where",
            Some(&id),
        ),
    }
}

/// Opens the lake before the first batch comes, and says in the log what stands against it. A
/// role that was just given takes minutes to spread, so that is no reason to stop.
async fn get_ready(handler: Arc<Handler>) {
    const LONGEST: Duration = Duration::from_mins(1);
    let mut wait = Duration::from_secs(1);
    let open = || {
        handler
            .telemetry
            .trying("open the lake", handler.landing.ready())
    };
    while let Err(error) = open().await {
        let name = handler.settings.location.to_string();
        tracing::error!(
            lake = name,
            error = error.to_string(),
            "the lake can't be used yet"
        );
        if matches!(error, LandingError::OtherLake { .. }) {
            return;
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
    tracing::info!(lake = handler.settings.location.to_string(), "ready");
}

/// Waits for SIGTERM or SIGINT, or on a leash for the end of standard input.
fn stopped(leash: bool) -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let let_go = async move {
        if leash {
            stdin_ended().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = let_go => {}
        }
        tracing::info!("told to stop: what is in flight is finished");
    })
}

/// Waits for the end of standard input, on a thread of its own: a read can't be given up, and must
/// not hold the end of the runtime.
async fn stdin_ended() {
    let (ended, hears) = oneshot::channel();
    std::thread::spawn(move || {
        // what can't be read has ended
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = hears.await;
}
