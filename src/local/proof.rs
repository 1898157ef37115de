//! The proof: reads the lake back, and holds every record against what was sent.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::mem;
use std::ops::Range;

use base64_simd::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::hub::{Expected, Hub, Message};
use crate::event::{Partition, Position};
use crate::judge::Reason;
use crate::landing::{About, Covered, Kind, Name, Place};
use crate::store::{Metadata, Store, StoreError, list_all};

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
    #[serde(rename = "_stream")]
    stream: String,
    #[serde(rename = "_partition")]
    partition: String,
    #[serde(rename = "_sequence")]
    sequence: u64,
    #[serde(rename = "_enqueued_time")]
    enqueued: String,
    #[serde(rename = "_key")]
    key: Option<String>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(rename = "_reason")]
    reason: Option<String>,
    body_base64: Option<&'a str>,
}

/// What a blob's name and metadata say of its records.
struct Claim<'a> {
    kind: Kind,
    blob: &'a str,
    partition: Partition,
    first: Position,
    covered: Covered,
    records: u64,
}

impl<'a> Claim<'a> {
    /// `None` for a blob that is not of a partition's chain, or not ours.
    fn of(blob: &'a str, metadata: &Metadata) -> Option<Self> {
        let (kind, name) = Name::parse(blob)?;
        let about = About::from_metadata(metadata)?;
        let Place::Partition { partition, first } = name.place else {
            return None;
        };
        let records = match kind {
            Kind::Bronze => about.accepted,
            Kind::Rejections => about.rejected,
        };
        Some(Self {
            kind,
            blob,
            partition,
            first,
            covered: about.covered?,
            records,
        })
    }

    /// Whether an event may stand here: it is covered, and of the folder's hour.
    fn holds(&self, partition: &str, position: Position) -> bool {
        self.partition.as_str() == partition
            && self.covered.covers(position)
            && self.first.enqueued.hour() == position.enqueued.hour()
    }
}

/// Which events of a hub were found; those behind its end are of an earlier, longer run.
struct Seen {
    events: Vec<Vec<bool>>,
    beyond: HashSet<(String, u64)>,
}

impl Seen {
    fn nothing_of(hub: &Hub) -> Self {
        let logs = hub.partitions.iter();
        Self {
            events: logs.map(|log| vec![false; log.len()]).collect(),
            beyond: HashSet::new(),
        }
    }

    /// Whether it was found before.
    fn again(&mut self, partition: &str, sequence: u64) -> bool {
        let log = partition.parse::<usize>().ok();
        let log = log.and_then(|partition| self.events.get_mut(partition));
        match log.and_then(|log| log.get_mut(sequence as usize)) {
            Some(event) => mem::replace(event, true),
            None => !self.beyond.insert((partition.to_owned(), sequence)),
        }
    }
}

impl Proof {
    /// Reads what is landed of a hub.
    ///
    /// # Errors
    /// Where the lake can't be read.
    pub async fn read(store: &dyn Store, hub: &Hub) -> Result<Self, StoreError> {
        let mut proof = Self::default();
        let mut seen = Seen::nothing_of(hub);
        let mut chains: BTreeMap<String, Vec<(Range<u64>, String)>> = BTreeMap::new();
        for top in ["bronze", "rejections"] {
            for listed in list_all(store, &format!("{top}/{}/", hub.stream())).await? {
                let Some(blob) = store.read(&listed.name).await? else {
                    proof.finding(format!("{}: it was listed, and is gone", listed.name));
                    continue;
                };
                proof.blobs += 1;
                proof.bytes += listed.size;
                let Some(claim) = Claim::of(&listed.name, &blob.metadata) else {
                    proof.finding(format!("{}: not a blob of ours", listed.name));
                    continue;
                };
                match text(&blob.body) {
                    Ok(text) => proof.records(&claim, &text, hub, &mut seen),
                    Err(error) => proof.finding(format!("{}: {error}", listed.name)),
                }
                if claim.kind == Kind::Bronze {
                    let chain = chains.entry(claim.partition.to_string()).or_default();
                    let covered = claim.covered.first..claim.covered.last + 1;
                    chain.push((covered, listed.name.clone()));
                }
            }
        }
        proof.order(chains);
        for (partition, log) in seen.events.iter().enumerate() {
            for (sequence, _) in log.iter().enumerate().filter(|(_, seen)| !**seen) {
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

    fn records(&mut self, claim: &Claim<'_>, text: &str, hub: &Hub, seen: &mut Seen) {
        let blob = claim.blob;
        let (mut last, mut lines) = (None, 0);
        for line in text.split_terminator('\n') {
            lines += 1;
            let record: Record<'_> = match serde_json::from_str(line) {
                Ok(record) => record,
                Err(error) => {
                    self.finding(format!("{blob}, line {lines}: not a record: {error}"));
                    continue;
                }
            };
            let (partition, sequence) = (record.partition.as_str(), record.sequence);
            let place = format!("partition {partition}, sequence {sequence}");
            if last.is_some_and(|last| last >= sequence) {
                self.finding(format!("{place}: out of order in {blob}"));
            }
            last = Some(sequence);
            if seen.again(partition, sequence) {
                self.finding(format!("{place}: twice, the second time in {blob}"));
                continue;
            }
            // what lies behind the hub's end is of a longer run of the same input
            if let Some(message) = sent(hub, partition, sequence) {
                self.event(claim, &record, line, (&place, message));
                if record.stream != hub.stream().as_str() {
                    self.finding(format!("{place}: its stream in {blob} is another one"));
                }
            }
        }
        let claimed = claim.records;
        if lines != claimed {
            self.finding(format!(
                "{blob}: its metadata counts {claimed} records, and there are {lines}"
            ));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            self.finding(format!("{blob}: its last line has no end"));
        }
    }

    fn event(
        &mut self,
        claim: &Claim<'_>,
        record: &Record<'_>,
        line: &str,
        (place, sent): (&str, &Message),
    ) {
        let blob = claim.blob;
        let position = Position {
            sequence: record.sequence,
            enqueued: sent.enqueued,
        };
        if !claim.holds(&record.partition, position) {
            self.finding(format!("{place}: it does not belong in {blob}"));
        }
        if record.enqueued != sent.enqueued.to_string() {
            self.finding(format!("{place}: landed with the time {}", record.enqueued));
        }
        if record.key != sent.key {
            self.finding(format!("{place}: the key in {blob} is another one"));
        }
        if !same_bytes(claim.kind, record, line, &sent.body) {
            self.finding(format!(
                "{place}: the payload in {blob} is not the one that was sent"
            ));
        }
        self.count(claim.kind, record, line);
        if let Some(expected) = sent.expected
            && !fits(expected, record)
        {
            self.finding(format!(
                "{place}: {} was expected, and it is {}",
                word(expected),
                record.reason.as_deref().unwrap_or("accepted")
            ));
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

fn sent<'a>(hub: &'a Hub, partition: &str, sequence: u64) -> Option<&'a Message> {
    let partition: usize = partition.parse().ok()?;
    hub.partitions.get(partition)?.get(sequence as usize)
}

/// Byte for byte: in bronze the payload is what stands between `"body":` and the record's end, and
/// only a line break between tokens may have become a space.
fn same_bytes(kind: Kind, record: &Record<'_>, line: &str, sent: &[u8]) -> bool {
    match (kind, record.body, record.body_base64) {
        (Kind::Bronze, Some(_), None) => {
            let record = line.as_bytes();
            let Some(start) = record.len().checked_sub(sent.len() + 1) else {
                return false;
            };
            let (before, landed) = record.split_at(start);
            before.ends_with(b"\"body\":")
                && landed.iter().zip(sent).all(|(landed, sent)| {
                    landed == sent || (*landed == b' ' && matches!(sent, b'\r' | b'\n'))
                })
        }
        (Kind::Rejections, None, Some(base64)) => STANDARD
            .decode_to_vec(base64)
            .is_ok_and(|body| body == sent),
        _ => false,
    }
}

fn fits(expected: Expected, record: &Record<'_>) -> bool {
    record.reason.as_deref().unwrap_or("accepted") == word(expected)
}

fn word(expected: Expected) -> &'static str {
    match expected {
        Expected::Accepted => "accepted",
        Expected::Rejected(reason) => reason.word(),
    }
}

#[cfg(test)]
mod tests;
