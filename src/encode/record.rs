//! One line of NDJSON an event.

use base64_simd::STANDARD;
use memchr::memchr2;

use crate::event::{Batch, EnqueuedTime, Event, Span};
use crate::judge::{Rejection, unframed};
use crate::plain::plain_length;

/// The most bytes of a rejected event that are repeated as text.
const TEXT_LIMIT: usize = 16 * 1024;

/// Writes the records of one batch: what they share is made once.
pub(super) struct Columns<'a> {
    batch: &'a Batch,
    head: Vec<u8>,
    /// A second, counted from 1970, and how it is written: `2026-11-20T12:00:01.000Z`.
    second: (i64, String),
}

impl<'a> Columns<'a> {
    pub(super) fn new(batch: &'a Batch) -> Self {
        let mut head = b"{\"_stream\":".to_vec();
        string(batch.origin.stream().as_str(), &mut head);
        head.extend_from_slice(b",\"_partition\":");
        match batch.origin.partition() {
            Some(partition) => string(partition.as_str(), &mut head),
            None => head.extend_from_slice(b"null"),
        }
        head.extend_from_slice(b",\"_sequence\":");
        Self {
            batch,
            head,
            second: (-1, String::new()),
        }
    }

    /// The record of an accepted event. The payload stands last, byte for byte; only a line break
    /// between tokens becomes a space, since a line is a record.
    pub(super) fn bronze(&mut self, event: &Event, schema: &str, line: &mut Vec<u8>) {
        let start = line.len();
        self.judged(event, schema, line);
        self.payload(event, line);
        end(line, start);
    }

    /// The record of an event that was rejected once and is accepted now: the same, and it says so.
    pub(super) fn replayed(&mut self, event: &Event, schema: &str, line: &mut Vec<u8>) {
        let start = line.len();
        self.judged(event, schema, line);
        line.extend_from_slice(b",\"_replayed\":true");
        self.payload(event, line);
        end(line, start);
    }

    /// What the rejection log says of an event that was replayed: the line of a rejection blob
    /// that is resolved by it.
    pub(super) fn resolution(
        &mut self,
        event: &Event,
        schema: &str,
        (blob, number): (&str, u64),
        line: &mut Vec<u8>,
    ) {
        let start = line.len();
        self.judged(event, schema, line);
        line.extend_from_slice(b",\"_resolution\":\"replayed\",\"_rejection\":");
        string(blob, line);
        line.extend_from_slice(b",\"_line\":");
        integer(number, line);
        line.push(b'}');
        end(line, start);
    }

    fn judged(&mut self, event: &Event, schema: &str, line: &mut Vec<u8>) {
        self.coordinates(event, line);
        line.extend_from_slice(b",\"_schema\":");
        string(schema, line);
    }

    fn payload(&self, event: &Event, line: &mut Vec<u8>) {
        line.extend_from_slice(b",\"body\":");
        line.extend_from_slice(unframed(self.batch.body(event)).0);
        line.push(b'}');
    }

    /// About how many bytes the records of these events have.
    pub(super) fn estimate(&self, events: &[Event]) -> usize {
        let payload = match (events.first(), events.last()) {
            (Some(first), Some(last)) => last.body.end.saturating_sub(first.body.start),
            _ => 0,
        };
        let columns = self.batch.text.len() / self.batch.events.len().max(1);
        payload + events.len() * (self.head.len() + columns + Self::NAMES)
    }

    /// About how many bytes the record of a rejected event has.
    pub(super) fn rejection_estimate(&self, event: &Event) -> usize {
        let bytes = event.body.len();
        bytes.div_ceil(3) * 4 + bytes.min(TEXT_LIMIT) + self.head.len() + 2 * Self::NAMES
    }

    /// Bytes of the columns' names in a record.
    const NAMES: usize = 256;

    /// The record of a rejected event: why, and the original bytes.
    pub(super) fn rejection(&mut self, event: &Event, rejection: &Rejection, line: &mut Vec<u8>) {
        let start = line.len();
        self.coordinates(event, line);
        line.extend_from_slice(b",\"_reason\":");
        string(rejection.reason.word(), line);
        line.extend_from_slice(b",\"_errors\":[");
        for (index, violation) in rejection.violations.iter().enumerate() {
            line.extend_from_slice(if index == 0 { b"{" } else { b",{" });
            for (name, value) in [
                ("\"pointer\":", &violation.pointer),
                (",\"keyword\":", &violation.keyword),
                (",\"schema_pointer\":", &violation.schema_pointer),
                (",\"message\":", &violation.message),
            ] {
                line.extend_from_slice(name.as_bytes());
                string(value, line);
            }
            line.push(b'}');
        }
        line.extend_from_slice(b"],\"_schema\":");
        match &rejection.schema {
            Some(schema) => string(schema, line),
            None => line.extend_from_slice(b"null"),
        }
        let body = self.batch.body(event);
        line.extend_from_slice(b",\"body_base64\":\"");
        STANDARD.encode_append(body, line);
        line.extend_from_slice(b"\",\"body_text\":");
        match std::str::from_utf8(unframed(body).0) {
            Ok(text) => string(&text[..text.floor_char_boundary(TEXT_LIMIT)], line),
            Err(_) => line.extend_from_slice(b"null"),
        }
        line.push(b'}');
        end(line, start);
    }

    fn coordinates(&mut self, event: &Event, line: &mut Vec<u8>) {
        line.extend_from_slice(&self.head);
        match event.sequence {
            Some(sequence) => integer(sequence, line),
            None => line.extend_from_slice(b"null"),
        }
        self.column(",\"_offset\":", event.offset.as_ref(), line);
        line.extend_from_slice(b",\"_enqueued_time\":");
        self.enqueued_time(event.enqueued, line);
        self.column(",\"_key\":", event.key.as_ref(), line);
        self.column(",\"_message_id\":", event.message_id.as_ref(), line);
        self.column(",\"_correlation_id\":", event.correlation_id.as_ref(), line);
        self.column(",\"_content_type\":", event.content_type.as_ref(), line);
        self.column(",\"_properties\":", event.properties.as_ref(), line);
    }

    fn column(&self, name: &str, span: Option<&Span>, line: &mut Vec<u8>) {
        line.extend_from_slice(name.as_bytes());
        match self.batch.column(span) {
            Some(json) => line.extend_from_slice(json.as_bytes()),
            None => line.extend_from_slice(b"null"),
        }
    }

    /// Events of one batch mostly share their second with the one before.
    fn enqueued_time(&mut self, time: Option<EnqueuedTime>, line: &mut Vec<u8>) {
        let Some(time) = time else {
            line.extend_from_slice(b"null");
            return;
        };
        let (second, millis) = (time.millis() / 1000, time.millis() % 1000);
        if self.second.0 != second {
            self.second = (second, time.to_string());
        }
        line.push(b'"');
        // all but the milliseconds and the Z
        line.extend_from_slice(&self.second.1.as_bytes()[..20]);
        let digit = |digit: i64| b'0' + (digit % 10) as u8;
        line.extend_from_slice(&[
            digit(millis / 100),
            digit(millis / 10),
            digit(millis),
            b'Z',
            b'"',
        ]);
    }
}

fn integer(number: u64, line: &mut Vec<u8>) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A JSON string.
fn string(text: &str, line: &mut Vec<u8>) {
    if plain_length(text.as_bytes()) == text.len() {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
    } else {
        // a string is always written, and to a vector
        let _ = serde_json::to_writer(line, text);
    }
}

/// Ends the record that begins at `start`. Line breaks between its tokens become spaces: inside of
/// a string there are none.
fn end(line: &mut Vec<u8>, start: usize) {
    let mut at = start;
    while let Some(found) = memchr2(b'\n', b'\r', &line[at..]) {
        line[at + found] = b' ';
        at += found + 1;
    }
    line.push(b'\n');
}
