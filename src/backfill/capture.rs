//! Events of the Avro files that Event Hubs Capture writes.
//!
//! A record is `Microsoft.ServiceBus.Messaging.EventData`: `SequenceNumber`, `Offset`,
//! `EnqueuedTimeUtc` (by the second), `SystemProperties`, `Properties`, `Body` (the service's
//! documentation, "Exploring captured Avro files"). An event's identity has its time by the
//! millisecond, which stands in `SystemProperties` as `x-opt-enqueued-time`.

use apache_avro::Reader;
use apache_avro::types::Value as Avro;
use base64_simd::STANDARD;
use serde_json::{Map, Value, json};

use super::Received;
use crate::event::EnqueuedTime;

/// A file that can't be read as Capture's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct CaptureError {
    file: String,
    problem: String,
}

/// The events of a file, in its order.
pub(super) fn events<'a>(
    file: &'a str,
    bytes: &'a [u8],
) -> Result<impl Iterator<Item = Result<Received, CaptureError>> + use<'a>, CaptureError> {
    let error = move |problem: String| CaptureError {
        file: file.to_owned(),
        problem,
    };
    let reader = Reader::new(bytes).map_err(|it| error(format!("no Avro file: {it}")))?;
    Ok(reader.zip(1..).map(move |(record, number)| {
        let record = record.map_err(|it| error(format!("record {number}: {it}")))?;
        received(record).map_err(|problem| error(format!("record {number}: {problem}")))
    }))
}

fn received(record: Avro) -> Result<Received, String> {
    let Avro::Record(fields) = record else {
        return Err("is no record".to_owned());
    };
    let (mut sequence, mut offset, mut body) = (None, String::new(), None);
    let (mut system, mut properties) = (Map::new(), Map::new());
    for (name, value) in fields {
        match (name.as_str(), whole(value)) {
            ("SequenceNumber", Avro::Long(number)) => sequence = u64::try_from(number).ok(),
            ("Offset", Avro::String(text)) => offset = text,
            ("Body", Avro::Bytes(bytes)) => body = Some(bytes),
            ("Body", Avro::Null) => body = Some(Vec::new()),
            ("SystemProperties", Avro::Map(values)) => system = object(values),
            ("Properties", Avro::Map(values)) => properties = object(values),
            _ => {}
        }
    }
    let missing = |name: &str| format!("has no {name}: is it a file of Event Hubs Capture?");
    let enqueued = system
        .get("x-opt-enqueued-time")
        .and_then(Value::as_i64)
        .and_then(EnqueuedTime::from_millis)
        .ok_or_else(|| missing("SystemProperties/x-opt-enqueued-time"))?;
    let text = |name: &str| system.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Received {
        sequence: sequence.ok_or_else(|| missing("SequenceNumber"))?,
        enqueued,
        offset,
        key: text("x-opt-partition-key"),
        message_id: system.get("message-id").cloned(),
        correlation_id: system.get("correlation-id").cloned(),
        content_type: text("content-type"),
        properties,
        body: body.ok_or_else(|| missing("Body"))?,
    })
}

fn whole(value: Avro) -> Avro {
    match value {
        Avro::Union(_, inner) => *inner,
        value => value,
    }
}

fn object(values: std::collections::HashMap<String, Avro>) -> Map<String, Value> {
    let json = |value: Avro| match whole(value) {
        Avro::Long(number) => json!(number),
        Avro::Int(number) => json!(number),
        Avro::Double(number) => json!(number),
        Avro::Float(number) => json!(number),
        Avro::Boolean(it) => json!(it),
        Avro::String(text) => json!(text),
        Avro::Bytes(bytes) => json!(STANDARD.encode_to_string(bytes)),
        _ => Value::Null,
    };
    values
        .into_iter()
        .map(|(name, value)| (name, json(value)))
        .collect()
}
