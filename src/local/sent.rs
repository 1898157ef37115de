//! What is sent, written down before the handler sees it: the other side of every figure.
//!
//! A file of NDJSON, by partition and then sequence number. Columns that bronze has, too, are named
//! and spelt as there, so that both can be joined.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64_simd::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use super::hub::{Expected, Hub, Message, offset};

/// An event, as it is written.
#[derive(Serialize)]
struct Line<'a> {
    _stream: &'a str,
    _partition: String,
    _sequence: u64,
    _offset: String,
    _enqueued_time: String,
    _key: Option<&'a str>,
    _properties: &'a RawValue,
    /// `accepted`, or the reason for which it has to be refused; null where that is not known.
    _expected: Option<&'static str>,
    /// The payload, where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_text: Option<&'a str>,
    /// The payload, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

/// Writes all events of a hub to a file, whose folder has to be there.
///
/// # Errors
/// Where the file can't be written.
pub fn write(hub: &Hub, file: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    let stream = hub.stream().to_string();
    for (partition, log) in hub.partitions.iter().enumerate() {
        for (sequence, message) in (0..).zip(log) {
            line(&stream, (partition, sequence), message, &mut out)?;
        }
    }
    out.flush()
}

fn line(
    stream: &str,
    (partition, sequence): (usize, u64),
    message: &Message,
    out: &mut impl Write,
) -> io::Result<()> {
    let text = std::str::from_utf8(&message.body).ok();
    let line = Line {
        _stream: stream,
        _partition: partition.to_string(),
        _sequence: sequence,
        _offset: offset(sequence).to_string(),
        _enqueued_time: message.enqueued.to_string(),
        _key: message.key.as_deref(),
        _properties: serde_json::from_str(message.properties)?,
        _expected: message.expected.map(Expected::word),
        body_text: text,
        body_base64: text
            .is_none()
            .then(|| STANDARD.encode_to_string(&message.body)),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::EnqueuedTime;
    use crate::judge::Reason;

    #[test]
    fn every_byte_and_every_verdict_is_written() {
        let message = |body: &[u8], expected| Message {
            key: Some("536365".to_owned()),
            body: body.to_vec(),
            properties: r#"{"schema":"order/1"}"#,
            enqueued: EnqueuedTime::from_millis(1_767_603_600_007).unwrap(),
            expected,
        };
        let hub = Hub {
            name: "orders".to_owned(),
            partitions: vec![
                vec![],
                vec![
                    message(b"{\"a\":\r\n1.10}", Some(Expected::Accepted)),
                    message(b"\xff\x00", Some(Expected::Rejected(Reason::NotUtf8))),
                    message(b"", None),
                ],
            ],
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        write(&hub, file.path()).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[0],
            json!({
                "_stream": "local/orders", "_partition": "1", "_sequence": 0,
                "_offset": "4294967296", "_enqueued_time": "2026-01-05T09:00:00.007Z",
                "_key": "536365", "_properties": {"schema": "order/1"},
                "_expected": "accepted", "body_text": "{\"a\":\r\n1.10}"
            })
        );
        assert_eq!(lines[1]["_expected"], "not-utf8");
        assert_eq!(lines[1]["body_base64"], "/wA=");
        assert_eq!(
            (&lines[1]["body_text"], &lines[1]["_sequence"]),
            (&Value::Null, &json!(1))
        );
        assert_eq!(
            (&lines[2]["_expected"], &lines[2]["body_text"]),
            (&Value::Null, &json!(""))
        );
    }
}
