//! What a send said of itself, held against what the audit reads in the lake.
//!
//! The summary says what was sent, so the same events can be made once more: a record with a message
//! id of the run has to carry that event's key and payload, and the verdict that was to be expected.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use super::Source;
use crate::audit::{SentReport, Witness};
use crate::lake::Record;
use crate::landing::Kind;
use crate::local::input::{Input, InputError, Message};
use crate::local::proof::{differs, text};

/// Events that are named; the others are counted.
const NAMED: usize = 5;

/// The events of a send, and which of them were seen.
pub struct Proof {
    run: String,
    sent: Vec<Message>,
    in_doubt: u64,
    refused: u64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Records of each event.
    records: Vec<u32>,
    accepted: u64,
    rejected: BTreeMap<String, u64>,
}

/// A summary that nothing can be held against.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The file can't be read.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// It is something else.
    #[error("{0}: not what `bronzegate send --json` prints: {1}")]
    Other(String, serde_json::Error),
    /// There is nothing to make the events of once more.
    #[error("{0}: what was sent came by the standard input, and is not there any more")]
    Gone(String),
    /// Not all was sent.
    #[error("{0}: the send was not finished: the same command with --resume goes on")]
    Unfinished(String),
    /// The input is another one now.
    #[error("{0}: the input was changed since it was sent")]
    Changed(String),
    /// The input can't be read.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// What is looked at of a summary.
#[derive(Deserialize)]
struct Said {
    run: String,
    source: Source,
    in_doubt: u64,
    not_sent: Refused,
    journal: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    events: u64,
}

impl Proof {
    /// Reads what `bronzegate send --json` printed, and makes its events once more. They are held
    /// in memory.
    ///
    /// # Errors
    /// Where it is no summary, of an unfinished send, or of an input that is not there any more.
    pub fn read(file: &Path) -> Result<Self, ProofError> {
        let name = file.display().to_string();
        let said = fs::read(file).map_err(|error| ProofError::Io(name.clone(), error))?;
        let said: Said = serde_json::from_slice(&said)
            .map_err(|error| ProofError::Other(name.clone(), error))?;
        if said.source.input == Input::Ndjson("-".into()) {
            return Err(ProofError::Gone(name));
        }
        if said.journal.is_some() {
            return Err(ProofError::Unfinished(name));
        }
        if said.source.run() != said.run {
            return Err(ProofError::Changed(name));
        }
        let messages = said.source.input.messages(said.source.spoil)?;
        let sent = messages.map(|message| Ok(said.source.keyed(message?)));
        let sent: Vec<Message> = sent.collect::<Result<_, InputError>>()?;
        Ok(Self {
            seen: Mutex::new(Seen {
                records: vec![0; sent.len()],
                ..Seen::default()
            }),
            run: said.run,
            sent,
            in_doubt: said.in_doubt,
            refused: said.not_sent.events,
        })
    }

    /// What became of the events: the figures, and the first message ids of those that stand nowhere
    /// and of those that stand more than once.
    pub fn report(&self) -> (SentReport, Vec<String>, Vec<String>) {
        let seen = self.lock();
        let lost = seen.records.iter().filter(|it| **it == 0).count() as u64;
        let twice = seen
            .records
            .iter()
            .map(|it| u64::from(*it).saturating_sub(1));
        let report = SentReport {
            run: self.run.clone(),
            events: self.sent.len() as u64 - self.refused,
            accepted: seen.accepted,
            rejected: seen.rejected.clone(),
            // which of them the hub did not take, it has said
            lost: lost.saturating_sub(self.refused),
            twice: twice.sum(),
            in_doubt: self.in_doubt,
            proven: false,
        };
        let named = |which: fn(u32) -> bool| {
            let those = seen
                .records
                .iter()
                .enumerate()
                .filter(|(_, it)| which(**it));
            let ids = those.map(|(index, _)| format!("{}-{index}", self.run));
            ids.take(NAMED).collect()
        };
        (report, named(|it| it == 0), named(|it| it > 1))
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // each record changes it in a few steps that don't fail
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a record's event in what was sent; `None` for any other event.
    fn place(&self, record: &Record<'_>) -> Option<usize> {
        let id = text(record.message_id)?;
        let place = id
            .strip_prefix(&self.run)?
            .strip_prefix('-')?
            .parse()
            .ok()?;
        (place < self.sent.len()).then_some(place)
    }
}

impl Witness for Proof {
    fn see(&self, _blob: &str, kind: Kind, record: &Record<'_>, line: &str) -> Option<String> {
        let place = self.place(record)?;
        let mut seen = self.lock();
        seen.records[place] += 1;
        if seen.records[place] == 1 {
            match &record.reason {
                None => seen.accepted += 1,
                Some(reason) => *seen.rejected.entry(reason.to_string()).or_insert(0) += 1,
            }
        }
        drop(seen);
        differs(&self.sent[place], kind, record, line)
    }
}
