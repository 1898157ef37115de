//! The proof: reads the lake back, and holds every record against what was sent.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use base64_simd::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::hub::{Expected, Hub, Message};
use crate::judge::Reason;
use crate::landing::{About, Kind, Name, Place};
use crate::store::{Store, StoreError, list_all};

/// Findings that are kept; the others are counted.
const FINDINGS: usize = 10;

/// What stands in the lake of what was sent.
#[derive(Debug, Default)]
pub struct Proof {
    /// Events that stand in bronze.
    pub accepted: u64,
    /// Events that stand in the rejection log, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Blobs, of both kinds.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// One rejection, whole: of the first with the reason `schema`, or of any.
    pub example: Option<String>,
    /// What is wrong, in words; the first ten.
    pub findings: Vec<String>,
    /// How much is wrong.
    pub wrong: u64,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "_partition")]
    partition: String,
    #[serde(rename = "_sequence")]
    sequence: u64,
    #[serde(rename = "_enqueued_time")]
    enqueued: String,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(rename = "_reason")]
    reason: Option<String>,
    body_base64: Option<&'a str>,
}

impl Proof {
    /// Reads what is landed of a hub.
    ///
    /// # Errors
    /// Where the lake can't be read.
    pub async fn read(store: &dyn Store, hub: &Hub) -> Result<Self, StoreError> {
        let mut proof = Self::default();
        let mut seen: Vec<Vec<Option<Kind>>> = hub
            .partitions
            .iter()
            .map(|log| vec![None; log.len()])
            .collect();
        let mut chains: BTreeMap<String, Vec<(Range<u64>, String)>> = BTreeMap::new();
        for (kind, top) in [(Kind::Bronze, "bronze"), (Kind::Rejections, "rejections")] {
            for listed in list_all(store, &format!("{top}/{}/", hub.stream())).await? {
                let Some(blob) = store.read(&listed.name).await? else {
                    proof.finding(format!("{}: it was listed, and is gone", listed.name));
                    continue;
                };
                proof.blobs += 1;
                proof.bytes += listed.size;
                let (Some((_, name)), Some(about)) = (
                    Name::parse(&listed.name),
                    About::from_metadata(&blob.metadata),
                ) else {
                    proof.finding(format!("{}: not a blob of ours", listed.name));
                    continue;
                };
                let text = match text(&blob.body) {
                    Ok(text) => text,
                    Err(error) => {
                        proof.finding(format!("{}: {error}", listed.name));
                        continue;
                    }
                };
                let counted = if kind == Kind::Bronze {
                    about.accepted
                } else {
                    about.rejected
                };
                if text.lines().count() as u64 != counted {
                    proof.finding(format!(
                        "{}: its metadata counts {counted} records, and there are {}",
                        listed.name,
                        text.lines().count()
                    ));
                }
                proof.records(kind, &listed.name, &text, hub, &mut seen);
                if kind == Kind::Bronze
                    && let (Place::Partition { partition, .. }, Some(covered)) =
                        (name.place, about.covered)
                {
                    chains
                        .entry(partition.to_string())
                        .or_default()
                        .push((covered.first..covered.last + 1, listed.name));
                }
            }
        }
        proof.order(chains);
        for (partition, log) in seen.iter().enumerate() {
            for (sequence, _) in log.iter().enumerate().filter(|(_, seen)| seen.is_none()) {
                proof.finding(format!(
                    "partition {partition}, sequence {sequence}: lost, it stands nowhere"
                ));
            }
        }
        Ok(proof)
    }

    /// How many events were rejected.
    pub fn rejections(&self) -> u64 {
        self.rejected.values().sum()
    }

    fn records(
        &mut self,
        kind: Kind,
        blob: &str,
        text: &str,
        hub: &Hub,
        seen: &mut [Vec<Option<Kind>>],
    ) {
        let mut last = None;
        for (line, number) in text.lines().zip(1..) {
            let record: Record<'_> = match serde_json::from_str(line) {
                Ok(record) => record,
                Err(error) => {
                    self.finding(format!("{blob}, line {number}: not a record: {error}"));
                    continue;
                }
            };
            let (partition, sequence) = (record.partition.as_str(), record.sequence);
            let place = format!("partition {partition}, sequence {sequence}");
            if last.is_some_and(|last| last >= sequence) {
                self.finding(format!("{place}: out of order in {blob}"));
            }
            last = Some(sequence);
            let (index, at) = (partition.parse().unwrap_or(usize::MAX), sequence as usize);
            let message = hub.partitions.get(index).and_then(|log| log.get(at));
            let Some(message) = message else {
                // a longer run of the same input was landed before
                continue;
            };
            if let Some(other) = seen[index][at].replace(kind) {
                self.finding(format!(
                    "{place}: twice, in {other:?} and in {kind:?} ({blob})"
                ));
                continue;
            }
            if record.enqueued != message.enqueued.to_string() {
                self.finding(format!("{place}: landed with the time {}", record.enqueued));
            }
            if !same_bytes(&record, message) {
                self.finding(format!(
                    "{place}: the payload in {blob} is not the one that was sent"
                ));
            }
            self.count(kind, &record, line);
            if message
                .expected
                .is_some_and(|expected| !fits(expected, &record))
            {
                self.finding(format!(
                    "{place}: {:?} was expected, and it is {}",
                    message.expected,
                    record.reason.as_deref().unwrap_or("accepted")
                ));
            }
        }
    }

    fn count(&mut self, kind: Kind, record: &Record<'_>, line: &str) {
        if kind == Kind::Bronze {
            self.accepted += 1;
            return;
        }
        let reason = record.reason.clone().unwrap_or_default();
        let better = reason == Reason::Schema.word() && !self.rejected.contains_key(&reason);
        if better || self.example.is_none() {
            self.example = Some(line.to_owned());
        }
        *self.rejected.entry(reason).or_insert(0) += 1;
    }

    fn order(&mut self, chains: BTreeMap<String, Vec<(Range<u64>, String)>>) {
        for (partition, mut chain) in chains {
            chain.sort_unstable_by_key(|(covered, _)| covered.start);
            for pair in chain.windows(2) {
                if pair[0].0.end > pair[1].0.start {
                    self.finding(format!(
                        "partition {partition}: {} and {} overlap",
                        pair[0].1, pair[1].1
                    ));
                }
            }
        }
    }

    fn finding(&mut self, words: String) {
        self.wrong += 1;
        if self.findings.len() < FINDINGS {
            self.findings.push(words);
        }
    }
}

fn text(body: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    if body.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(body).read_to_string(&mut text)?;
    } else {
        (&mut &*body).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Byte for byte; only a line break between tokens may have become a space.
fn same_bytes(record: &Record<'_>, message: &Message) -> bool {
    match (record.body, record.body_base64) {
        (Some(body), None) => {
            let (landed, sent) = (body.get().as_bytes(), message.body.trim_ascii());
            landed.len() == sent.len()
                && landed.iter().zip(sent).all(|(landed, sent)| {
                    landed == sent || (*landed == b' ' && matches!(sent, b'\r' | b'\n'))
                })
        }
        (None, Some(base64)) => STANDARD
            .decode_to_vec(base64)
            .is_ok_and(|body| body == message.body),
        _ => false,
    }
}

fn fits(expected: Expected, record: &Record<'_>) -> bool {
    match expected {
        Expected::Accepted => record.reason.is_none(),
        Expected::Rejected(reason) => record.reason.as_deref() == Some(reason.word()),
    }
}
