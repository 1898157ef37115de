//! A batch as the Functions host writes it: `many` and `binary`, every value encoded twice.

use base64_simd::STANDARD;
use serde_json::{Value, json};

use super::hub::{Message, NAMESPACE};
use crate::event::EnqueuedTime;

/// One invocation: a batch of events of a partition, and which try of it this is.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The host's id of it, the same on every try.
    pub id: &'a str,
    /// The hub's name.
    pub hub: &'a str,
    /// The partition.
    pub partition: usize,
    /// The sequence number of the first event.
    pub first: usize,
    /// The events.
    pub events: &'a [Message],
    /// How many tries went before.
    pub retries: u32,
}

impl Invocation<'_> {
    /// The body that the host posts.
    pub fn body(&self) -> Vec<u8> {
        let events = self.column(|_, event| json!(STANDARD.encode_to_string(&event.body)));
        json!({"Data": {"events": events}, "Metadata": self.metadata()})
            .to_string()
            .into_bytes()
    }

    fn metadata(&self) -> Value {
        let context = json!({
            "IsCheckpointingAfterInvocation": true,
            "FullyQualifiedNamespace": format!("{NAMESPACE}.servicebus.windows.net"),
            "EventHubName": self.hub,
            "ConsumerGroup": "$Default",
            "PartitionId": self.partition.to_string(),
        });
        let offsets = self.column(|sequence, _| {
            let offset = 4_294_967_296 + 128 * sequence as u64;
            json!(offset.to_string())
        });
        let properties: Vec<&str> = self.events.iter().map(|event| event.properties).collect();
        let last = self.events.last().map(|event| host_time(event.enqueued));
        json!({
            "TriggerPartitionContext": context,
            "PartitionContext": context,
            "PartitionKeyArray": self.column(|_, event| json!(event.key)),
            "OffsetArray": offsets,
            "OffsetStringArray": offsets,
            "SequenceNumberArray": self.column(|sequence, _| json!(sequence)),
            "EnqueuedTimeUtcArray": self.column(|_, event| json!(host_time(event.enqueued))),
            "PropertiesArray": format!("[{}]", properties.join(",")),
            "SystemPropertiesArray": self.column(|sequence, event| match &event.key {
                Some(key) => json!({"x-opt-sequence-number": sequence, "x-opt-partition-key": key}),
                None => json!({"x-opt-sequence-number": sequence}),
            }),
            "sys": {
                "MethodName": "IngestOrders",
                "UtcNow": format!("{}Z", last.unwrap_or_default()),
                "RandGuid": self.id,
            },
            "RetryContext": {
                "RetryCount": self.retries,
                "MaxRetryCount": -1,
                "Exception": null,
                "Instance": null,
                "State": {},
            },
        })
    }

    /// A value of each event, as a string that holds a JSON array.
    fn column(&self, value: impl Fn(usize, &Message) -> Value) -> String {
        let values = self.events.iter().zip(self.first..);
        let values: Value = values.map(|(event, at)| value(at, event)).collect();
        values.to_string()
    }
}

/// The host's spelling of a time: no zone, and a fraction only where there is one and without the
/// zeros at its end: `2026-11-20T12:00:01.23`, `2026-11-20T12:00:02`.
fn host_time(time: EnqueuedTime) -> String {
    let text = time.to_string();
    text.trim_end_matches('Z')
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Cardinality, DataType, Naming, Trigger, decode};
    use crate::event::{EnqueuedTime, Log, Origin, Partition, Stream};

    fn invocation(events: &[Message]) -> Invocation<'_> {
        Invocation {
            id: "f1248305-0000-4000-8000-000000000000",
            hub: "orders",
            partition: 3,
            first: 47,
            events,
            retries: 0,
        }
    }

    fn message(body: &[u8], millis: i64) -> Message {
        Message {
            key: Some("cust-7".to_owned()),
            body: body.to_vec(),
            properties: r#"{"schema":"order"}"#,
            enqueued: EnqueuedTime::from_millis(millis).unwrap(),
            expected: None,
        }
    }

    /// The example of the host's contract, word for word but for the namespace.
    #[test]
    fn a_body_is_spelled_as_the_host_spells_it() {
        let sent = [
            Message {
                properties: r#"{"type":"order","n":5}"#,
                ..message(br#"{"orderId":"A-1"}"#, 1_795_176_001_234)
            },
            Message {
                key: None,
                properties: "{}",
                ..message(b"{\"\xff\"}", 1_795_176_001_230)
            },
            Message {
                key: None,
                properties: "{}",
                ..message(b"", 1_795_176_002_000)
            },
        ];
        let context = json!({
            "IsCheckpointingAfterInvocation": true,
            "FullyQualifiedNamespace": "local.servicebus.windows.net",
            "EventHubName": "orders",
            "ConsumerGroup": "$Default",
            "PartitionId": "3"
        });
        let offsets = r#"["4294973312","4294973440","4294973568"]"#;
        let written: Value = serde_json::from_slice(&invocation(&sent).body()).unwrap();
        assert_eq!(
            written,
            json!({
                "Data": {"events": r#"["eyJvcmRlcklkIjoiQS0xIn0=","eyL/In0=",""]"#},
                "Metadata": {
                    "TriggerPartitionContext": context,
                    "PartitionContext": context,
                    "PartitionKeyArray": r#"["cust-7",null,null]"#,
                    "OffsetArray": offsets,
                    "OffsetStringArray": offsets,
                    "SequenceNumberArray": "[47,48,49]",
                    "EnqueuedTimeUtcArray": r#"["2026-11-20T12:00:01.234","2026-11-20T12:00:01.23","2026-11-20T12:00:02"]"#,
                    "PropertiesArray": r#"[{"type":"order","n":5},{},{}]"#,
                    "SystemPropertiesArray": r#"[{"x-opt-partition-key":"cust-7","x-opt-sequence-number":47},{"x-opt-sequence-number":48},{"x-opt-sequence-number":49}]"#,
                    "sys": {
                        "MethodName": "IngestOrders",
                        "UtcNow": "2026-11-20T12:00:02Z",
                        "RandGuid": "f1248305-0000-4000-8000-000000000000"
                    },
                    "RetryContext": {
                        "RetryCount": 0,
                        "MaxRetryCount": -1,
                        "Exception": null,
                        "Instance": null,
                        "State": {}
                    }
                }
            })
        );
    }

    #[test]
    fn what_the_host_writes_is_read_again() {
        let sent = [
            message(b"{\"\xff\"}", 1_767_603_560_007),
            message(b"", 1_767_603_560_008),
        ];
        let body = Invocation {
            id: "f1248305-0000-4000-8000-000000000000",
            hub: "orders",
            partition: 3,
            first: 47,
            events: &sent,
            retries: 2,
        }
        .body();
        let trigger = Trigger::declared("events", Cardinality::Many, DataType::Binary);
        let decoded = decode(&body, &trigger, &Naming::default(), "i").unwrap();
        let batch = decoded.batch;
        assert_eq!(
            batch.origin,
            Origin::Partition {
                log: Log::Hub,
                stream: Stream::new("local/orders"),
                partition: Partition::new("3")
            }
        );
        for (index, (event, sent)) in batch.events.iter().zip(&sent).enumerate() {
            assert_eq!(batch.body(event), sent.body);
            assert_eq!(event.sequence, Some(47 + index as u64));
            assert_eq!(event.enqueued, Some(sent.enqueued));
            assert_eq!(batch.column(event.key.as_ref()), Some("\"cust-7\""));
            assert_eq!(
                batch.column(event.properties.as_ref()),
                Some(sent.properties)
            );
        }
        assert_eq!(batch.events.len(), 2);
    }
}
