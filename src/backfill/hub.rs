//! Events of a hub, as its client reads them.

use std::time::UNIX_EPOCH;

use azure_core_amqp::message::AmqpMessageBody;
use azure_core_amqp::{AmqpSimpleValue, AmqpTimestamp};
use azure_messaging_eventhubs::models::{MessageId, ReceivedEventData};
use base64_simd::STANDARD;
use serde_json::{Map, Value, json};

use super::Received;
use crate::event::EnqueuedTime;

/// An event without coordinates, or with a body that is no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {sequence}: {problem}")]
pub struct StrangeEvent {
    sequence: i64,
    problem: &'static str,
}

/// What was received, with the columns that the host would have made of it.
pub(super) fn received(event: &ReceivedEventData) -> Result<Received, StrangeEvent> {
    let sequence = event.sequence_number().unwrap_or(-1);
    let strange = |problem| StrangeEvent { sequence, problem };
    let message = event.raw_amqp_message();
    let body = match &message.body {
        AmqpMessageBody::Binary(parts) => parts.concat(),
        AmqpMessageBody::Empty => Vec::new(),
        _ => return Err(strange("its body is an AMQP value, and no bytes")),
    };
    let millis = event
        .enqueued_time()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map(|time| time.as_millis() as i64);
    let data = event.event_data();
    let properties = data.properties().into_iter().flatten();
    Ok(Received {
        sequence: u64::try_from(sequence).map_err(|_| strange("it has no sequence number"))?,
        enqueued: millis
            .and_then(EnqueuedTime::from_millis)
            .ok_or_else(|| strange("it has no enqueued time"))?,
        offset: event.offset().clone().unwrap_or_default(),
        key: event.partition_key().clone(),
        message_id: data.message_id().map(id),
        correlation_id: data.correlation_id().map(id),
        content_type: data.content_type().map(str::to_owned),
        properties: properties
            .map(|(name, it)| (name.clone(), value(it)))
            .collect::<Map<_, _>>(),
        body,
    })
}

fn id(id: &MessageId) -> Value {
    match id {
        MessageId::String(text) => json!(text),
        MessageId::Uuid(uuid) => json!(uuid.to_string()),
        MessageId::Binary(bytes) => json!(STANDARD.encode_to_string(bytes)),
        MessageId::Ulong(number) => json!(number),
    }
}

/// A property as the host writes it in JSON.
fn value(value: &AmqpSimpleValue) -> Value {
    match value {
        AmqpSimpleValue::Boolean(it) => json!(it),
        AmqpSimpleValue::UByte(it) => json!(it),
        AmqpSimpleValue::Byte(it) => json!(it),
        AmqpSimpleValue::UShort(it) => json!(it),
        AmqpSimpleValue::Short(it) => json!(it),
        AmqpSimpleValue::UInt(it) => json!(it),
        AmqpSimpleValue::Int(it) => json!(it),
        AmqpSimpleValue::ULong(it) => json!(it),
        AmqpSimpleValue::Long(it) => json!(it),
        AmqpSimpleValue::Float(it) => json!(it),
        AmqpSimpleValue::Double(it) => json!(it),
        AmqpSimpleValue::Char(it) => json!(it.to_string()),
        AmqpSimpleValue::String(it) => json!(it),
        AmqpSimpleValue::Symbol(it) => json!(it.0),
        AmqpSimpleValue::Uuid(it) => json!(it.to_string()),
        AmqpSimpleValue::Binary(it) => json!(STANDARD.encode_to_string(it)),
        AmqpSimpleValue::TimeStamp(AmqpTimestamp(time)) => time
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|time| EnqueuedTime::from_millis(time.as_millis() as i64))
            .map_or(Value::Null, |time| json!(time.to_string())),
        // decimals and described values: no SDK writes them
        _ => Value::Null,
    }
}
