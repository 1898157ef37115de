//! An event's AMQP message: as it is sent, as it is delivered, and what the host makes of it.

use base64_simd::STANDARD;
use fe2o3_amqp::types::messaging::annotations::OwnedKey;
use fe2o3_amqp::types::messaging::message::__private::{Deserializable, Serializable};
use fe2o3_amqp::types::messaging::{
    AmqpValue, Body, Message as AmqpMessage, MessageAnnotations, MessageId, Properties,
};
use fe2o3_amqp::types::primitives::{OrderedMap, Timestamp, Value};
use serde_json::{Map, Value as Json, json};

use super::record::{Sent, Stored};
use crate::event::EnqueuedTime;

/// A message with any body.
pub type Message = AmqpMessage<Body<Value>>;

/// The message format of a batch: its data sections are messages (the clients of Event Hubs).
pub const BATCH: u32 = 0x8001_3700;

const KEY: &str = "x-opt-partition-key";
const SEQUENCE: &str = "x-opt-sequence-number";
const OFFSET: &str = "x-opt-offset";
const ENQUEUED: &str = "x-opt-enqueued-time";

/// A message that can't be taken or given out.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not what AMQP says a message is.
    #[error("not an AMQP message: {0}")]
    Encoding(#[from] serde_amqp::Error),
    /// It says that it is a batch, and is none.
    #[error("a batch without events: its format says batch, and it has no data sections")]
    NoBatch,
}

/// The events of what a client sent, and the partition key that decides where they go.
///
/// # Errors
/// Where it is a batch, and one of its messages can't be read.
pub fn events(
    message: Message,
    format: Option<u32>,
) -> Result<(Option<String>, Vec<Sent>), MessageError> {
    let outer = key(&message);
    if format != Some(BATCH) {
        let event = Sent {
            key: outer.clone(),
            message: encode(&message)?,
        };
        return Ok((outer, vec![event]));
    }
    let Body::Data(batch) = message.body else {
        return Err(MessageError::NoBatch);
    };
    let events = batch.into_iter().map(|data| {
        let message = data.0.into_vec();
        let own = key(&decode(&message)?);
        let key = own.or_else(|| outer.clone());
        Ok(Sent { key, message })
    });
    let events = events.collect::<Result<Vec<_>, MessageError>>()?;
    match events.first() {
        Some(first) => Ok((outer.or_else(|| first.key.clone()), events)),
        None => Err(MessageError::NoBatch),
    }
}

/// The message as it is delivered: as it was sent, and where it stands.
///
/// # Errors
/// Where the log holds what is no message.
pub fn delivered(event: &Stored) -> Result<Message, MessageError> {
    let mut message = decode(&event.message)?;
    let annotations = message
        .message_annotations
        .get_or_insert_with(|| MessageAnnotations(OrderedMap::default()));
    let mut annotate = |name: &str, value| annotations.0.insert(OwnedKey::from(name), value);
    annotate(SEQUENCE, Value::Long(event.sequence as i64));
    annotate(OFFSET, Value::String(event.offset.to_string()));
    annotate(ENQUEUED, timestamp(event.enqueued));
    if let Some(key) = &event.key {
        annotate(KEY, Value::String(key.clone()));
    }
    Ok(message)
}

/// What the host hands over of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Handed {
    /// The payload: data sections as they are, a text's or binary value's bytes, JSON of others.
    pub body: Vec<u8>,
    /// The application properties.
    pub properties: Map<String, Json>,
    /// The system properties: the broker's, the message's own, and its annotations.
    pub system: Map<String, Json>,
}

/// What the host hands over of an event.
///
/// # Errors
/// Where the log holds what is no message.
pub fn handed(event: &Stored) -> Result<Handed, MessageError> {
    let message = decode(&event.message)?;
    let mut system = Map::new();
    for (name, value) in message
        .message_annotations
        .iter()
        .flat_map(|it| it.0.iter())
    {
        if let OwnedKey::Symbol(name) = name {
            system.insert(name.as_str().to_owned(), json_of(value));
        }
    }
    if let Some(properties) = message.properties {
        add_properties(&mut system, properties);
    }
    system.insert(SEQUENCE.to_owned(), json!(event.sequence));
    system.insert(OFFSET.to_owned(), json!(event.offset.to_string()));
    system.insert(ENQUEUED.to_owned(), json!(event.enqueued.to_string()));
    if let Some(key) = &event.key {
        system.insert(KEY.to_owned(), json!(key));
    }
    let properties = message.application_properties.into_iter();
    let properties = properties.flat_map(|it| it.0.into_inner());
    Ok(Handed {
        body: payload(message.body),
        properties: properties
            .map(|(name, value)| (name, json_of(&value.into())))
            .collect(),
        system,
    })
}

/// Reads a message.
///
/// # Errors
/// Where it is none.
pub fn decode(bytes: &[u8]) -> Result<Message, MessageError> {
    let read: Deserializable<Message> = serde_amqp::from_slice(bytes)?;
    Ok(read.0)
}

fn encode(message: &Message) -> Result<Vec<u8>, MessageError> {
    Ok(serde_amqp::to_vec(&Serializable(message))?)
}

fn key(message: &Message) -> Option<String> {
    let annotations = &message.message_annotations.as_ref()?.0;
    match annotations.get(&OwnedKey::from(KEY))? {
        Value::String(key) => Some(key.clone()),
        _ => None,
    }
}

/// An enqueued time as AMQP writes it.
pub fn timestamp(time: EnqueuedTime) -> Value {
    Value::Timestamp(Timestamp::from_milliseconds(time.millis()))
}

fn payload(body: Body<Value>) -> Vec<u8> {
    match body {
        Body::Data(sections) => {
            let sections = sections.into_iter().map(|data| data.0.into_vec());
            sections.collect::<Vec<_>>().concat()
        }
        // the library writes null where a message has no body
        Body::Empty | Body::Value(AmqpValue(Value::Null)) => Vec::new(),
        Body::Value(AmqpValue(Value::String(text))) => text.into_bytes(),
        Body::Value(AmqpValue(Value::Binary(bytes))) => bytes.into_vec(),
        Body::Value(AmqpValue(value)) => json_of(&value).to_string().into_bytes(),
        Body::Sequence(sections) => {
            let values = sections.into_iter().flat_map(|section| section.0);
            let values: Json = values.map(|value| json_of(&value)).collect();
            values.to_string().into_bytes()
        }
    }
}

fn add_properties(system: &mut Map<String, Json>, properties: Properties) {
    let id = |id: MessageId| match id {
        MessageId::Ulong(number) => json!(number),
        MessageId::Uuid(uuid) => json_of(&Value::Uuid(uuid)),
        MessageId::Binary(bytes) => json_of(&Value::Binary(bytes)),
        MessageId::String(text) => json!(text),
    };
    let time = |time| json_of(&Value::Timestamp(time));
    let named = [
        ("message-id", properties.message_id.map(id)),
        (
            "user-id",
            properties.user_id.map(|it| json_of(&Value::Binary(it))),
        ),
        ("to", properties.to.map(Json::from)),
        ("subject", properties.subject.map(Json::from)),
        ("reply-to", properties.reply_to.map(Json::from)),
        ("correlation-id", properties.correlation_id.map(id)),
        (
            "content-type",
            properties.content_type.map(|it| it.0.into()),
        ),
        (
            "content-encoding",
            properties.content_encoding.map(|it| it.0.into()),
        ),
        (
            "absolute-expiry-time",
            properties.absolute_expiry_time.map(time),
        ),
        ("creation-time", properties.creation_time.map(time)),
        ("group-id", properties.group_id.map(Json::from)),
        ("group-sequence", properties.group_sequence.map(Json::from)),
        (
            "reply-to-group-id",
            properties.reply_to_group_id.map(Json::from),
        ),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            system.insert(name.to_owned(), value);
        }
    }
}

/// A value as JSON: numbers as numbers, times as RFC 3339, bytes in base64, what is described
/// without its descriptor.
fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Ubyte(number) => json!(number),
        Value::Ushort(number) => json!(number),
        Value::Uint(number) => json!(number),
        Value::Ulong(number) => json!(number),
        Value::Byte(number) => json!(number),
        Value::Short(number) => json!(number),
        Value::Int(number) => json!(number),
        Value::Long(number) => json!(number),
        // what JSON has no number for is its word, as the host's serializer writes it
        Value::Float(number) if !number.is_finite() => json!(number.to_string()),
        Value::Double(number) if !number.is_finite() => json!(number.to_string()),
        Value::Float(number) => json!(number.into_inner()),
        Value::Double(number) => json!(number.into_inner()),
        Value::Char(character) => json!(character.to_string()),
        Value::String(text) => json!(text),
        Value::Symbol(text) => json!(text.as_str()),
        Value::Timestamp(time) => EnqueuedTime::from_millis(time.milliseconds())
            .map_or_else(|| json!(time.milliseconds()), |it| json!(it.to_string())),
        Value::Uuid(uuid) => {
            let hex = format!("{uuid:x}");
            let digits = hex.replace('-', "");
            let part = |range| digits.get(range).unwrap_or_default();
            let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(part);
            json!(parts.join("-"))
        }
        Value::Binary(bytes) => json!(STANDARD.encode_to_string(bytes)),
        Value::List(values) => values.iter().map(json_of).collect(),
        Value::Array(values) => values.0.iter().map(json_of).collect(),
        Value::Map(values) => {
            let values = values.iter().map(|(name, value)| {
                let name = match json_of(name) {
                    Json::String(name) => name,
                    other => other.to_string(),
                };
                (name, json_of(value))
            });
            Json::Object(values.collect())
        }
        Value::Described(described) => json_of(&described.value),
        decimal @ (Value::Decimal32(_) | Value::Decimal64(_) | Value::Decimal128(_)) => {
            json!(format!("{decimal:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use fe2o3_amqp::types::messaging::{ApplicationProperties, Batch, Data};
    use fe2o3_amqp::types::primitives::{Binary, Symbol, Uuid};

    use super::*;

    fn order(body: &[u8]) -> Message {
        Message {
            header: None,
            delivery_annotations: None,
            message_annotations: Some(MessageAnnotations(
                [
                    (OwnedKey::from(KEY), Value::String("cust-7".to_owned())),
                    (OwnedKey::from("x-opt-mine"), Value::Bool(true)),
                ]
                .into_iter()
                .collect(),
            )),
            properties: Some(Properties {
                message_id: Some(MessageId::String("m-1".to_owned())),
                correlation_id: Some(MessageId::Uuid(Uuid::from([0xab; 16]))),
                content_type: Some(Symbol::from("application/json")),
                ..Properties::default()
            }),
            application_properties: Some(
                ApplicationProperties::builder()
                    .insert("schema", "order/1")
                    .insert("count", 7_i64)
                    .insert("raw", Binary::from(vec![1, 2, 255]))
                    .insert("at", Timestamp::from_milliseconds(1_767_603_560_007))
                    .build(),
            ),
            body: Body::Data(Batch::from(vec![Data(Binary::from(body.to_vec()))])),
            footer: None,
        }
    }

    fn stored(sent: Sent) -> Stored {
        Stored {
            sequence: 47,
            offset: 4_096,
            enqueued: EnqueuedTime::from_millis(1_767_603_560_007).unwrap(),
            key: sent.key,
            message: sent.message,
        }
    }

    #[test]
    fn a_single_message_is_one_event_and_comes_out_as_it_went_in() {
        let (key, mut events) = events(order(b"{\xff}"), None).unwrap();
        assert_eq!(key.as_deref(), Some("cust-7"));
        let event = stored(events.remove(0));
        let handed = handed(&event).unwrap();
        assert_eq!(handed.body, b"{\xff}");
        assert_eq!(
            Json::Object(handed.properties),
            json!({"schema": "order/1", "count": 7, "raw": "AQL/", "at": "2026-01-05T08:59:20.007Z"})
        );
        assert_eq!(
            Json::Object(handed.system),
            json!({
                "x-opt-partition-key": "cust-7",
                "x-opt-mine": true,
                "x-opt-sequence-number": 47,
                "x-opt-offset": "4096",
                "x-opt-enqueued-time": "2026-01-05T08:59:20.007Z",
                "message-id": "m-1",
                "correlation-id": "abababab-abab-abab-abab-abababababab",
                "content-type": "application/json"
            })
        );
        let delivered = delivered(&event).unwrap();
        let annotations = delivered.message_annotations.clone().unwrap().0;
        let annotation = |name: &str| annotations.get(&OwnedKey::from(name)).cloned();
        assert_eq!(annotation(SEQUENCE), Some(Value::Long(47)));
        assert_eq!(annotation(OFFSET), Some(Value::String("4096".to_owned())));
        let as_sent = order(b"{\xff}");
        assert_eq!(delivered.properties, as_sent.properties);
        assert_eq!(
            (delivered.application_properties, delivered.body),
            (as_sent.application_properties, as_sent.body)
        );
    }

    #[test]
    fn a_batch_is_its_messages_byte_for_byte() {
        let inner = [order(b"1"), order(b"2")].map(|it| encode(&it).unwrap());
        let data = inner.iter().map(|it| Data(Binary::from(it.clone())));
        let mut envelope = order(b"");
        envelope.body = Body::Data(data.collect());
        let (key, sent) = events(envelope.clone(), Some(BATCH)).unwrap();
        assert_eq!(key.as_deref(), Some("cust-7"));
        let messages: Vec<_> = sent.into_iter().map(|it| it.message).collect();
        assert_eq!(messages, inner);
        envelope.body = Body::Empty;
        assert!(matches!(
            events(envelope.clone(), Some(BATCH)),
            Err(MessageError::NoBatch)
        ));
        envelope.body = Body::Data(Batch::from(vec![Data(Binary::from(vec![1, 2, 3]))]));
        assert!(matches!(
            events(envelope, Some(BATCH)),
            Err(MessageError::Encoding(_))
        ));
    }

    #[test]
    fn any_kind_of_body_is_handed_over() {
        for (body, handed_over) in [
            (Body::Empty, &b""[..]),
            (Body::Value(AmqpValue(Value::String("x".to_owned()))), b"x"),
            (
                Body::Value(AmqpValue(Value::Binary(Binary::from(vec![255])))),
                b"\xff",
            ),
            (Body::Value(AmqpValue(Value::Ulong(7))), b"7"),
        ] {
            let message = Message { body, ..order(b"") };
            let sent = events(message, None).unwrap().1.remove(0);
            assert_eq!(handed(&stored(sent)).unwrap().body, handed_over);
        }
    }
}
