//! What was sent, held against what the audit reads in the lake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use super::hub::{Expected, Hub, Message};
use crate::audit::Witness;
use crate::judge::Reason;
use crate::lake::Record;
use crate::landing::Kind;

/// Lost events that are named; the others are counted.
const NAMED: usize = 10;

/// The audit's witness of what was sent.
pub struct Sent {
    hub: Arc<Hub>,
    seen: Mutex<Seen>,
}

/// What was seen of it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Events of each partition that were found.
    found: Vec<Vec<bool>>,
    /// Events that stand in bronze.
    pub accepted: u64,
    /// Events that stand in the rejection log, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// One rejection, whole: of the first with the reason `schema`, or of any.
    pub example: Option<String>,
}

impl Sent {
    /// The events of a hub.
    pub fn of(hub: Arc<Hub>) -> Self {
        let found = hub.partitions.iter().map(|log| vec![false; log.len()]);
        let seen = Seen {
            found: found.collect(),
            ..Seen::default()
        };
        Self {
            hub,
            seen: Mutex::new(seen),
        }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // each record changes it in a few steps that don't fail
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a record's event in the hub; `None` for what lies behind the hub's end, which
    /// is of an earlier, longer run of the same input.
    fn message(&self, record: &Record<'_>) -> Option<(usize, usize, &Message)> {
        let partition: usize = record.partition.as_deref()?.parse().ok()?;
        let sequence = record.sequence? as usize;
        let message = self.hub.partitions.get(partition)?.get(sequence)?;
        Some((partition, sequence, message))
    }
}

impl Seen {
    /// Events that stand nowhere: the first ten, and how many there are.
    pub fn lost(&self) -> (Vec<String>, u64) {
        let lost = self.found.iter().enumerate().flat_map(|(partition, log)| {
            let lost = log.iter().enumerate().filter(|(_, found)| !**found);
            lost.map(move |(sequence, _)| (partition, sequence))
        });
        let named = lost.clone().take(NAMED).map(|(partition, sequence)| {
            format!("partition {partition}, sequence {sequence}: lost, it stands nowhere")
        });
        (named.collect(), lost.count() as u64)
    }

    fn count(&mut self, kind: Kind, record: &Record<'_>, line: &str) {
        if kind == Kind::Bronze {
            self.accepted += 1;
            return;
        }
        let reason = record.reason.as_deref().unwrap_or_default();
        let better = reason == Reason::Schema.word() && !self.rejected.contains_key(reason);
        if better || self.example.is_none() {
            self.example = Some(line.to_owned());
        }
        *self.rejected.entry(reason.to_owned()).or_insert(0) += 1;
    }
}

impl Witness for Sent {
    fn see(&self, _blob: &str, kind: Kind, record: &Record<'_>, line: &str) -> Option<String> {
        let (partition, sequence, sent) = self.message(record)?;
        let mut seen = self.lock();
        if std::mem::replace(&mut seen.found[partition][sequence], true) {
            return Some("this event stood elsewhere before".to_owned());
        }
        seen.count(kind, record, line);
        drop(seen);
        if record.enqueued != Some(sent.enqueued) {
            return Some(format!("it was taken at {}", sent.enqueued));
        }
        differs(sent, kind, record, line)
    }
}

/// What a record, which is that line, has otherwise than the message that was sent: its key, its
/// payload, or what became of it.
pub(crate) fn differs(
    sent: &Message,
    kind: Kind,
    record: &Record<'_>,
    line: &str,
) -> Option<String> {
    let was = record.reason.as_deref().unwrap_or("accepted");
    if text(record.key) != sent.key {
        Some("its key is not the one that was sent".to_owned())
    } else if !record.carries(kind, line, &sent.body) {
        Some("its payload is not the one that was sent".to_owned())
    } else {
        let expected = sent
            .expected
            .map(Expected::word)
            .filter(|expected| *expected != was);
        expected.map(|expected| format!("{expected} was expected, and it is {was}"))
    }
}

/// A column that is a text.
pub(crate) fn text(json: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(json?.get()).ok()
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::event::EnqueuedTime;

    /// Three events of one partition; the second is spoilt.
    fn sent() -> Sent {
        let message = |sequence: i64| Message {
            key: Some("536365".to_owned()),
            body: match sequence {
                1 => b"{\"a\":".to_vec(),
                2 => b"{\r\n  \"a\": 2\n} ".to_vec(),
                _ => b"{\"a\":0}".to_vec(),
            },
            properties: "{}",
            enqueued: EnqueuedTime::from_millis(1_767_603_600_000 + sequence).unwrap(),
            expected: Some(match sequence {
                1 => Expected::Rejected(Reason::NotJson),
                _ => Expected::Accepted,
            }),
        };
        Sent::of(Arc::new(Hub {
            name: "orders".to_owned(),
            partitions: vec![(0..3).map(message).collect()],
        }))
    }

    fn line(sequence: usize) -> (Kind, String) {
        let message = &sent().hub.partitions[0][sequence];
        let head = format!(
            r#"{{"_stream":"local/orders","_partition":"0","_sequence":{sequence},"_enqueued_time":"{}","_key":"536365""#,
            message.enqueued
        );
        if sequence == 1 {
            let body = STANDARD.encode_to_string(&message.body);
            let errors = json!([]);
            return (
                Kind::Rejections,
                format!(
                    r#"{head},"_reason":"not-json","_errors":{errors},"body_base64":"{body}"}}"#
                ),
            );
        }
        let body = String::from_utf8_lossy(&message.body).replace(['\r', '\n'], " ");
        (Kind::Bronze, format!("{head},\"body\":{body}}}"))
    }

    fn see(sent: &Sent, (kind, line): &(Kind, String)) -> Option<String> {
        sent.see("blob", *kind, &Record::parse(line).unwrap(), line)
    }

    #[test]
    fn what_was_sent_is_found_and_counted() {
        let sent = sent();
        for sequence in 0..3 {
            assert_eq!(see(&sent, &line(sequence)), None);
        }
        let seen = sent.seen();
        assert_eq!((seen.accepted, seen.rejected["not-json"]), (2, 1));
        assert!(seen.example.as_ref().unwrap().contains("\"_sequence\":1,"));
        assert_eq!(seen.lost(), (vec![], 0));
        assert!(see(&sent, &line(0)).unwrap().contains("stood elsewhere"));
    }

    #[test]
    fn what_was_not_found_is_lost() {
        let sent = sent();
        see(&sent, &line(0));
        see(&sent, &line(2));
        let (named, count) = sent.seen().lost();
        assert_eq!(
            (named.concat().as_str(), count),
            ("partition 0, sequence 1: lost, it stands nowhere", 1)
        );
    }

    #[test]
    fn what_is_not_as_it_was_sent_is_named() {
        for (sequence, was, is, says) in [
            (0, r#""a":0}"#, r#""a":1}"#, "its payload"),
            (0, r#""a":0}"#, r#""a": 0}"#, "its payload"),
            (
                0,
                r#""body":{"a":0}"#,
                r#""body":{"x":1,"a":0}"#,
                "its payload",
            ),
            (1, "eyJhIjo=", "eyJhIjp=", "its payload"),
            (2, "} }", "}}", "its payload"),
            (0, "09:00:00.000Z", "09:00:00.007Z", "it was taken at"),
            (0, "536365", "536366", "its key"),
            (1, "not-json", "schema", "not-json was expected"),
        ] {
            let (kind, text) = line(sequence);
            assert!(text.contains(was), "{text}");
            let said = see(&sent(), &(kind, text.replace(was, is)));
            assert!(said.unwrap().contains(says), "{is}");
        }
    }
}
