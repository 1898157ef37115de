//! `bronzegate send`: events published to a hub, as a producer does.
//!
//! A thread reads the input (`source`) at the pace that is asked for and hands each event to the
//! worker of its partition (`worker`), which fills batches to the hub's limit. What is
//! acknowledged is noted in a `journal`, so that a send that was stopped or killed goes on there. What
//! was sent is held against the lake by `proof`.

mod feeder;
mod journal;
mod pace;
mod progress;
mod proof;
mod source;
mod summary;
mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

pub use journal::{Done, Journal, JournalError};
pub use pace::Rate;
pub use progress::{Counts, Progress};
pub use proof::{Proof, ProofError};
pub use source::Source;
pub use summary::Summary;

use crate::event_hubs::{Client, HubError, Publisher, Target};
use crate::local::input::InputError;
use crate::terminal::{self, Bar, Voice, grouped};
use feeder::Feeder;
use worker::Worker;

/// What the command is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The hub.
    pub client: Client,
    /// What is sent.
    pub source: Source,
    /// How many events there are, where that is known.
    pub total: Option<u64>,
    /// At what pace; as fast as it goes where none is given.
    pub rate: Option<Rate>,
    /// The folder of journals.
    pub journals: PathBuf,
    /// Goes on where an earlier send of the same ended.
    pub resume: bool,
    /// How it says what it does.
    pub voice: Voice,
}

/// Why not all was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The input can't be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The hub does not take it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// There is nothing to resume, or something else.
    #[error(transparent)]
    Resume(#[from] JournalError),
    /// What was sent could not be noted.
    #[error("the journal can't be written: {0}")]
    Journal(io::Error),
    /// The system does not give what is needed.
    #[error("{0}")]
    System(io::Error),
}

/// What a send came to: its figures, and what ended it early.
#[derive(Debug)]
pub struct Ended {
    /// The figures, whatever happened.
    pub summary: Summary,
    /// Why it was given up.
    pub error: Option<SendError>,
}

/// Events that wait for one partition.
const QUEUE: usize = 16_384;

/// Sends it.
///
/// # Errors
/// Where nothing could be begun. What was begun ends with figures, whatever happens.
pub async fn run(request: Request) -> Result<Ended, SendError> {
    let events = request.source.events()?;
    let mut publisher = Publisher::new(request.client.clone());
    let ids = publisher.partitions().await?;
    let identity = json!({
        "hub": request.client.address().to_string(),
        "partitions": ids.len(),
        "source": request.source.identity(),
    });
    let path = journal_path(&request.journals, &identity);
    let (journal, done) = Journal::open(&path, &identity, request.resume)?;
    let journal = Arc::new(journal);
    let progress = Arc::new(Progress::new(ids.len()));
    let (stop, stopping) = watch::channel(false);
    let stopped = terminal::stopped().map_err(SendError::System)?;

    let (queues, workers): (Vec<_>, Vec<_>) = ids
        .iter()
        .enumerate()
        .map(|(number, id)| {
            let (queue, queued) = mpsc::channel(QUEUE);
            let worker = Worker {
                number,
                target: Target::Partition(id.clone()),
                publisher: Publisher::new(request.client.clone()),
                journal: Arc::clone(&journal),
                progress: Arc::clone(&progress),
                stop: stopping.clone(),
            };
            (queue, worker.run(queued))
        })
        .unzip();
    let feeder = Feeder {
        queues,
        done: done.clone(),
        rate: request.rate,
        stop: stopping,
    };
    let fed = feeder.start(events).map_err(SendError::System)?;
    let start = Instant::now();
    let work = async {
        let mut error = None;
        let workers = workers.into_iter().map(|worker| async {
            let ended = worker.await;
            if ended.is_err() {
                // one that is given up ends the others: the journal says where each was
                stop.send_replace(true);
            }
            ended
        });
        for ended in join_all(workers).await {
            error = error.or(ended.err());
        }
        if *stop.borrow() {
            // the thread may wait for its input for ever
            return error;
        }
        let input = fed.await.unwrap_or(Ok(()));
        error.or(input.err().map(SendError::Input))
    };
    let interrupted = async {
        stopped.await;
        stop.send_replace(true);
        std::future::pending::<()>().await;
    };
    let error = tokio::select! {
        error = work => error,
        never = terminal::show(request.voice, "events sent", || bar(&progress, &request, start)) => match never {},
        () = interrupted => None,
    };
    let finished = error.is_none() && !*stop.borrow();
    let mut summary = Summary::of(&request, &ids, &progress, &done, start.elapsed());
    if finished {
        // the workers hold no part of it any more
        if let Some(journal) = Arc::into_inner(journal) {
            journal.finish().map_err(SendError::Journal)?;
        }
    } else {
        summary.journal = Some(path.display().to_string());
    }
    Ok(Ended { summary, error })
}

/// One journal for each source and hub.
fn journal_path(folder: &Path, identity: &Value) -> PathBuf {
    let digest = Sha256::digest(identity.to_string());
    let name: String = digest[..6].iter().map(|it| format!("{it:02x}")).collect();
    folder.join(format!("{name}.journal"))
}

fn bar(progress: &Progress, request: &Request, start: Instant) -> Bar {
    let done = progress.events();
    let speed = done as f64 / start.elapsed().as_secs_f64().max(1e-3);
    let again = match progress.sent_again() {
        0 => String::new(),
        again => format!(", {again} batches sent again"),
    };
    Bar {
        done,
        total: request.total,
        note: format!(", {}/s{again}", grouped(speed as u64)),
    }
}
