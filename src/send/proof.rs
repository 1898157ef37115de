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

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD;
    use serde_json::{Value, json};

    use super::*;

    fn source(input: Input) -> Source {
        Source {
            input,
            spoil: 0,
            key: "/TransactionNo".to_owned(),
            properties: BTreeMap::from([("smoke".to_owned(), "1".to_owned())]),
            content_type: "application/json".to_owned(),
        }
    }

    fn summary(source: &Source) -> Value {
        json!({
            "run": source.run(),
            "source": source,
            "in_doubt": 1,
            "not_sent": {"events": 0},
            "journal": null,
        })
    }

    fn read(summary: &Value) -> Result<Proof, ProofError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sent.json");
        fs::write(&file, summary.to_string()).unwrap();
        Proof::read(&file)
    }

    fn proof() -> Proof {
        let input = Input::Generated {
            events: 40,
            seed: 7,
            spoil: 5_000,
        };
        read(&summary(&source(input))).unwrap()
    }

    /// A record as it is landed.
    fn record(proof: &Proof, place: usize, id: &str) -> (Kind, String) {
        use crate::local::input::Expected;
        let sent = &proof.sent[place];
        let head = format!(
            r#"{{"_stream":"s/orders","_partition":"0","_sequence":{place},"_enqueued_time":"2026-11-20T12:00:00.000Z","_key":{},"_message_id":"{id}""#,
            json!(sent.key)
        );
        if let Some(Expected::Rejected(reason)) = sent.expected {
            let body = STANDARD.encode_to_string(&sent.body);
            let reason = reason.word();
            let line = format!(r#"{head},"_reason":"{reason}","body_base64":"{body}"}}"#);
            (Kind::Rejections, line)
        } else {
            let body = String::from_utf8(sent.body.clone()).unwrap();
            let body = body.replace(['\r', '\n'], " ");
            (Kind::Bronze, format!("{head},\"body\":{body}}}"))
        }
    }

    fn see(proof: &Proof, (kind, line): &(Kind, String)) -> Option<String> {
        proof.see("blob", *kind, &Record::parse(line).unwrap(), line)
    }

    #[test]
    fn each_event_is_counted_once_and_what_is_missing_or_twice_is_named() {
        let proof = proof();
        for place in 0..39 {
            let id = format!("{}-{place}", proof.run);
            assert_eq!(see(&proof, &record(&proof, place, &id)), None);
        }
        // events of others
        for id in ["other-1", &format!("{}-40", proof.run), &proof.run.clone()] {
            assert_eq!(see(&proof, &record(&proof, 0, id)), None, "{id}");
        }
        see(&proof, &record(&proof, 3, &format!("{}-3", proof.run)));
        let (report, lost, twice) = proof.report();
        let rejected: u64 = report.rejected.values().sum();
        assert_eq!((report.events, report.accepted + rejected), (40, 39));
        assert!(rejected > 5, "{rejected}");
        assert_eq!((report.lost, report.twice, report.in_doubt), (1, 1, 1));
        assert_eq!(lost, [format!("{}-39", proof.run)]);
        assert_eq!(twice, [format!("{}-3", proof.run)]);
    }

    #[test]
    fn what_is_landed_otherwise_is_said() {
        let proof = proof();
        let accepted = (0..40).find(|it| record(&proof, *it, "x").0 == Kind::Bronze);
        let place = accepted.unwrap();
        let (kind, line) = record(&proof, place, &format!("{}-{place}", proof.run));
        let other = line.replace("\"body\":{", "\"body\":{ ");
        assert_ne!(other, line);
        let said = see(&proof, &(kind, other)).unwrap();
        assert!(said.contains("payload"), "{said}");
    }

    #[test]
    fn what_nothing_can_be_held_against_says_why() {
        let generated = summary(&source(Input::Generated {
            events: 1,
            seed: 7,
            spoil: 0,
        }));
        let with = |name: &str, value: Value| {
            let mut summary = generated.clone();
            summary[name] = value;
            read(&summary).err().unwrap().to_string()
        };
        assert!(with("journal", json!("x")).contains("--resume"));
        assert!(with("run", json!("0")).contains("was changed"));
        assert!(with("source", json!(1)).contains("send --json"));
        let stdin = summary(&source(Input::Ndjson("-".into())));
        assert!(
            read(&stdin)
                .err()
                .unwrap()
                .to_string()
                .contains("standard input")
        );
        let missing = Proof::read(Path::new("no/such")).err().unwrap();
        assert!(missing.to_string().contains("no/such"));
    }
}
