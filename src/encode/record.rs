//! One line of NDJSON an event.

use std::io::Write;

use base64_simd::STANDARD;
use memchr::memchr2;

use crate::event::{Batch, EnqueuedTime, Event, Span};
use crate::judge::{Rejection, unframed};

/// The most bytes of a rejected event that are repeated as text.
const TEXT_LIMIT: usize = 16 * 1024;

/// Writes the records of one batch: what they share is made once.
pub(super) struct Columns<'a> {
    batch: &'a Batch,
    head: Vec<u8>,
    time: (Option<EnqueuedTime>, String),
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
            time: (None, "null".to_owned()),
        }
    }

    /// The record of an accepted event. The payload stands last, byte for byte; only a line break
    /// between tokens becomes a space, since a line is a record.
    pub(super) fn bronze(&mut self, event: &Event, schema: &str, line: &mut Vec<u8>) {
        self.judged(event, schema, line);
        self.payload(event, line);
    }

    /// The record of an event that was rejected once and is accepted now: the same, and it says so.
    pub(super) fn replayed(&mut self, event: &Event, schema: &str, line: &mut Vec<u8>) {
        self.judged(event, schema, line);
        line.extend_from_slice(b",\"_replayed\":true");
        self.payload(event, line);
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
        self.judged(event, schema, line);
        line.extend_from_slice(b",\"_resolution\":\"replayed\",\"_rejection\":");
        string(blob, line);
        // writing to a vector does not fail
        _ = writeln!(line, ",\"_line\":{number}}}");
    }

    fn judged(&mut self, event: &Event, schema: &str, line: &mut Vec<u8>) {
        self.coordinates(event, line);
        line.extend_from_slice(b",\"_schema\":");
        string(schema, line);
    }

    fn payload(&self, event: &Event, line: &mut Vec<u8>) {
        line.extend_from_slice(b",\"body\":");
        on_one_line(unframed(self.batch.body(event)).0, line);
        line.extend_from_slice(b"}\n");
    }

    /// The record of a rejected event: why, and the original bytes.
    pub(super) fn rejection(&mut self, event: &Event, rejection: &Rejection, line: &mut Vec<u8>) {
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
        line.extend_from_slice(b"}\n");
    }

    fn coordinates(&mut self, event: &Event, line: &mut Vec<u8>) {
        line.extend_from_slice(&self.head);
        match event.sequence {
            // writing to a vector does not fail
            Some(sequence) => _ = write!(line, "{sequence}"),
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
            Some(json) => on_one_line(json.as_bytes(), line),
            None => line.extend_from_slice(b"null"),
        }
    }

    /// Events of one batch mostly share their time with the one before.
    fn enqueued_time(&mut self, time: Option<EnqueuedTime>, line: &mut Vec<u8>) {
        if self.time.0 != time {
            self.time = (
                time,
                time.map_or_else(|| "null".to_owned(), |time| format!("\"{time}\"")),
            );
        }
        line.extend_from_slice(self.time.1.as_bytes());
    }
}

/// A JSON string.
fn string(text: &str, line: &mut Vec<u8>) {
    // a string is always written, and to a vector
    let _ = serde_json::to_writer(line, text);
}

/// JSON, with the line breaks between its tokens made spaces: inside of a string there are none.
fn on_one_line(json: &[u8], line: &mut Vec<u8>) {
    let mut rest = json;
    while let Some(at) = memchr2(b'\n', b'\r', rest) {
        line.extend_from_slice(&rest[..at]);
        line.push(b' ');
        rest = &rest[at + 1..];
    }
    line.extend_from_slice(rest);
}
