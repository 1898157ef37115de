//! The records of a blob, read back line by line.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use base64_simd::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::decode::enqueued_time;
use crate::event::{Batch, EnqueuedTime, Event, Log, Position, Span};
use crate::judge::unframed;
use crate::landing::Kind;

/// A body that can't be read as lines.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Damage {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// Hands on each line of a body without its end, from line 1; says how many there are. One line
/// is held at a time.
///
/// # Errors
/// The first place that can't be inflated, is not UTF-8, or a last line without its end; the lines
/// before it were handed on.
pub fn each_line(body: &[u8], mut take: impl FnMut(u64, &str)) -> Result<u64, Damage> {
    let source: Box<dyn Read + '_> = if body.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(body))
    } else {
        Box::new(body)
    };
    let mut source = BufReader::with_capacity(64 * 1024, source);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        let damage = |problem: String| Damage {
            line: number + 1,
            problem,
        };
        line.clear();
        match source.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(number),
            Ok(_) => {}
            Err(error) => return Err(damage(format!("it can't be inflated: {error}"))),
        }
        if line.pop() != Some(b'\n') {
            return Err(damage("the last line has no end".to_owned()));
        }
        let text =
            std::str::from_utf8(&line).map_err(|error| damage(format!("not UTF-8: {error}")))?;
        number += 1;
        take(number, text);
    }
}

/// A line of a bronze blob or of the rejection log. Columns that are `null` or missing are `None`.
#[derive(Debug, Deserialize)]
pub struct Record<'a> {
    /// The stream.
    #[serde(rename = "_stream", borrow)]
    pub stream: Cow<'a, str>,
    /// The partition.
    #[serde(rename = "_partition", borrow)]
    pub partition: Option<Cow<'a, str>>,
    /// The sequence number, or the offset.
    #[serde(rename = "_sequence")]
    pub sequence: Option<u64>,
    /// The enqueued time, or the record's timestamp.
    #[serde(rename = "_enqueued_time", deserialize_with = "time")]
    pub enqueued: Option<EnqueuedTime>,
    /// The offset, as it is written.
    #[serde(rename = "_offset", borrow)]
    pub offset: Option<&'a RawValue>,
    /// The partition key.
    #[serde(rename = "_key", borrow)]
    pub key: Option<&'a RawValue>,
    /// AMQP `message-id`.
    #[serde(rename = "_message_id", borrow)]
    pub message_id: Option<&'a RawValue>,
    /// AMQP `correlation-id`.
    #[serde(rename = "_correlation_id", borrow)]
    pub correlation_id: Option<&'a RawValue>,
    /// AMQP `content-type`.
    #[serde(rename = "_content_type", borrow)]
    pub content_type: Option<&'a RawValue>,
    /// The application properties.
    #[serde(rename = "_properties", borrow)]
    pub properties: Option<&'a RawValue>,
    /// The schema.
    #[serde(rename = "_schema", borrow)]
    pub schema: Option<Cow<'a, str>>,
    /// Why it was rejected.
    #[serde(rename = "_reason", borrow)]
    pub reason: Option<Cow<'a, str>>,
    /// What was wrong with it.
    #[serde(rename = "_errors", borrow)]
    pub errors: Option<&'a RawValue>,
    /// Whether a replay landed it.
    #[serde(rename = "_replayed", default)]
    pub replayed: bool,
    /// How a rejection was resolved.
    #[serde(rename = "_resolution", borrow)]
    pub resolution: Option<Cow<'a, str>>,
    /// The rejection blob that is resolved.
    #[serde(rename = "_rejection", borrow)]
    pub rejection: Option<Cow<'a, str>>,
    /// The line of it, from 1.
    #[serde(rename = "_line")]
    pub line: Option<u64>,
    /// The accepted payload; it may be `null` itself.
    #[serde(borrow, default, deserialize_with = "there")]
    pub body: Option<&'a RawValue>,
    /// The rejected payload.
    #[serde(borrow)]
    pub body_base64: Option<&'a str>,
    /// The rejected payload as text, cut.
    #[serde(borrow)]
    pub body_text: Option<Cow<'a, str>>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EnqueuedTime>, D::Error> {
    let text = Option::<Cow<'_, str>>::deserialize(deserializer)?;
    let wrong = |text: &str| serde::de::Error::custom(format!("{text:?} is no enqueued time"));
    text.map(|text| enqueued_time(&text).ok_or_else(|| wrong(&text)))
        .transpose()
}

fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Record<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, and in which column of the line.
    pub fn parse(line: &'a str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|error| format!("not a record: {error}"))
    }

    /// Where the event stood in such a log; `None` where a coordinate is not known.
    pub fn position(&self, log: Log) -> Option<Position> {
        log.position(self.sequence, self.enqueued)
    }

    /// A rejection's own bytes.
    pub fn payload(&self) -> Option<Vec<u8>> {
        STANDARD.decode_to_vec(self.body_base64?).ok()
    }

    /// Whether this record, which is that line, carries just this payload. In bronze it is what
    /// stands between `"body":` and the record's end, and only a line break between tokens may
    /// have become a space.
    pub fn carries(&self, kind: Kind, line: &str, payload: &[u8]) -> bool {
        match (kind, self.body, self.body_base64) {
            (Kind::Bronze, Some(_), None) => {
                let (line, payload) = (line.as_bytes(), unframed(payload).0);
                let Some(start) = line.len().checked_sub(payload.len() + 1) else {
                    return false;
                };
                let (before, landed) = line.split_at(start);
                before.ends_with(b"\"body\":")
                    && landed.iter().zip(payload).all(|(landed, sent)| {
                        landed == sent || (*landed == b' ' && matches!(sent, b'\r' | b'\n'))
                    })
            }
            (Kind::Rejections, None, Some(_)) => {
                self.payload().is_some_and(|landed| landed == payload)
            }
            _ => false,
        }
    }

    /// Puts the event back into a batch, with the columns as they are written.
    pub fn add_to(&self, batch: &mut Batch, payload: &[u8]) {
        let start = batch.payload.len();
        batch.payload.extend_from_slice(payload);
        let mut column = |value: Option<&RawValue>| -> Option<Span> {
            Some(Span::push(value?.get(), &mut batch.text))
        };
        let event = Event {
            body: start..batch.payload.len(),
            sequence: self.sequence,
            enqueued: self.enqueued,
            offset: column(self.offset),
            key: column(self.key),
            message_id: column(self.message_id),
            correlation_id: column(self.correlation_id),
            content_type: column(self.content_type),
            properties: column(self.properties),
        };
        batch.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn lines(body: &[u8]) -> (Vec<String>, Result<u64, String>) {
        let mut lines = Vec::new();
        let ended = each_line(body, |_, line| lines.push(line.to_owned()));
        (lines, ended.map_err(|damage| damage.to_string()))
    }

    #[test]
    fn lines_are_read_compressed_or_not() {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"a\nb\n").unwrap();
        let gzip = gzip.finish().unwrap();
        for body in [b"a\nb\n".as_slice(), &gzip] {
            let read = lines(body);
            assert_eq!(read.0, ["a", "b"]);
            assert_eq!(read.1, Ok(2));
        }
        let cut = lines(&gzip[..gzip.len() - 9]);
        assert!(cut.1.unwrap_err().contains("can't be inflated"));
        assert_eq!(lines(b""), (vec![], Ok(0)));
        let (read, ended) = lines(b"a\nb");
        assert_eq!(read, ["a"]);
        assert_eq!(ended, Err("line 2: the last line has no end".to_owned()));
        assert!(lines(b"\xff\n").1.unwrap_err().contains("not UTF-8"));
    }

    const BRONZE: &str = r#"{"_stream":"ns/hub","_partition":"3","_sequence":7,"_offset":"44","_enqueued_time":"2026-11-20T12:00:01.234Z","_key":"k","_message_id":null,"_correlation_id":null,"_content_type":null,"_properties":{"a":1},"_schema":"order/1.0.0","body":null}"#;

    #[test]
    fn a_record_is_read_with_its_columns() {
        let record = Record::parse(BRONZE).unwrap();
        assert_eq!(record.position(Log::Hub).unwrap().sequence(), 7);
        assert_eq!(record.body.unwrap().get(), "null");
        assert!(record.carries(Kind::Bronze, BRONZE, b"null"));
        assert!(!record.carries(Kind::Bronze, BRONZE, b"nul"));
        assert!(!record.carries(Kind::Rejections, BRONZE, b"null"));
        let origin = crate::event::Origin::Partition {
            log: Log::Hub,
            stream: crate::event::Stream::new("ns/hub"),
            partition: crate::event::Partition::new("3"),
        };
        let mut batch = Batch::empty(origin);
        record.add_to(&mut batch, b"null");
        let event = &batch.events[0];
        assert_eq!(batch.column(event.key.as_ref()), Some("\"k\""));
        assert_eq!(batch.column(event.message_id.as_ref()), None);
        assert_eq!(batch.column(event.properties.as_ref()), Some("{\"a\":1}"));
        assert_eq!(batch.body(event), b"null");
    }

    #[test]
    fn what_is_no_record_says_where() {
        for (line, says) in [
            ("{}", "_stream"),
            ("not", "column"),
            (
                r#"{"_stream":"s","_enqueued_time":"yesterday"}"#,
                "no enqueued time",
            ),
        ] {
            let error = Record::parse(line).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
