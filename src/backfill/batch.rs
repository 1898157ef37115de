//! Events that were read back, as the batch that the decoder would have made of them.

use serde_json::{Map, Value, json};

use crate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Span, Stream};

/// An event with its coordinates, wherever it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Its sequence number.
    pub sequence: u64,
    /// When the hub took it.
    pub enqueued: EnqueuedTime,
    /// Its offset, as the hub writes it.
    pub offset: String,
    /// Its partition key.
    pub key: Option<String>,
    /// AMQP `message-id`.
    pub message_id: Option<Value>,
    /// AMQP `correlation-id`.
    pub correlation_id: Option<Value>,
    /// AMQP `content-type`.
    pub content_type: Option<String>,
    /// Application properties.
    pub properties: Map<String, Value>,
    /// The payload's own bytes.
    pub body: Vec<u8>,
}

/// A batch of these events, which are in order.
pub(super) fn batch(stream: &Stream, partition: &Partition, received: &[Received]) -> Batch {
    let mut batch = Batch::empty(Origin::Partition {
        log: Log::Hub,
        stream: stream.clone(),
        partition: partition.clone(),
    });
    for it in received {
        let start = batch.payload.len();
        batch.payload.extend_from_slice(&it.body);
        let mut column = |value: Value| Span::push(&value.to_string(), &mut batch.text);
        let event = Event {
            body: start..start + it.body.len(),
            sequence: Some(it.sequence),
            enqueued: Some(it.enqueued),
            offset: Some(column(json!(it.offset))),
            key: it.key.as_ref().map(|key| column(json!(key))),
            message_id: it.message_id.clone().map(&mut column),
            correlation_id: it.correlation_id.clone().map(&mut column),
            content_type: it.content_type.as_ref().map(|kind| column(json!(kind))),
            properties: Some(column(Value::Object(it.properties.clone()))),
        };
        batch.events.push(event);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_events_as_they_were_read() {
        let received = Received {
            sequence: 47,
            enqueued: EnqueuedTime::from_millis(1_795_176_001_234).unwrap(),
            offset: "4294967296".to_owned(),
            key: Some("581482".to_owned()),
            message_id: Some(json!("m-1")),
            correlation_id: None,
            content_type: Some("application/json".to_owned()),
            properties: Map::from_iter([("n".to_owned(), json!(5))]),
            body: b"{\"\xff\"}".to_vec(),
        };
        let next = Received {
            sequence: 48,
            key: None,
            ..received.clone()
        };
        let batch = batch(
            &Stream::new("shop/orders"),
            &Partition::new("3"),
            &[received.clone(), next],
        );
        let [first, second] = &batch.events[..] else {
            panic!("two events");
        };
        assert_eq!(batch.body(first), received.body);
        assert_eq!(batch.column(first.offset.as_ref()), Some("\"4294967296\""));
        assert_eq!(batch.column(first.message_id.as_ref()), Some("\"m-1\""));
        assert_eq!(batch.column(first.properties.as_ref()), Some("{\"n\":5}"));
        assert_eq!(batch.column(second.key.as_ref()), None);
        assert_eq!(batch.position(1).unwrap().sequence(), 48);
    }
}
