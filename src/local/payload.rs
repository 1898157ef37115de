//! A batch as the Functions host writes it: `many` and `binary`, every value encoded twice.

use base64_simd::STANDARD;
use serde_json::{Map, Value, json};

use crate::event::EnqueuedTime;

/// One invocation: a batch of events of a partition, and which try of it this is.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The host's id of it, the same on every try.
    pub id: &'a str,
    /// The namespace, as the host names it.
    pub namespace: &'a str,
    /// The hub's name.
    pub hub: &'a str,
    /// The partition.
    pub partition: usize,
    /// The events.
    pub events: &'a [Event<'a>],
    /// How many tries went before, and how many there may be; none where function.json has no
    /// retry policy.
    pub retry: Option<Tries>,
}

/// Which try of an invocation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// How many went before.
    pub before: u32,
    /// How often it is tried again; -1 is without end.
    pub most: i64,
}

/// An event, as the host has it.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Its sequence number.
    pub sequence: u64,
    /// Its offset.
    pub offset: u64,
    /// When the hub took it.
    pub enqueued: EnqueuedTime,
    /// The partition key.
    pub key: Option<&'a str>,
    /// The payload.
    pub body: &'a [u8],
    /// Application properties: a JSON object.
    pub properties: &'a str,
    /// System properties, beside the sequence number and the key.
    pub system: Map<String, Value>,
}

impl Invocation<'_> {
    /// The body that the host posts.
    pub fn body(&self) -> Vec<u8> {
        let events = self.column(|event| json!(STANDARD.encode_to_string(event.body)));
        json!({"Data": {"events": events}, "Metadata": self.metadata()})
            .to_string()
            .into_bytes()
    }

    fn metadata(&self) -> Value {
        let context = json!({
            "IsCheckpointingAfterInvocation": true,
            "FullyQualifiedNamespace": self.namespace,
            "EventHubName": self.hub,
            "ConsumerGroup": "$Default",
            "PartitionId": self.partition.to_string(),
        });
        let offsets = self.column(|event| json!(event.offset.to_string()));
        let properties: Vec<&str> = self.events.iter().map(|event| event.properties).collect();
        let last = self.events.last().map(|event| host_time(event.enqueued));
        let mut metadata = json!({
            "TriggerPartitionContext": context,
            "PartitionContext": context,
            "PartitionKeyArray": self.column(|event| json!(event.key)),
            "OffsetArray": offsets,
            "OffsetStringArray": offsets,
            "SequenceNumberArray": self.column(|event| json!(event.sequence)),
            "EnqueuedTimeUtcArray": self.column(|event| json!(host_time(event.enqueued))),
            "PropertiesArray": format!("[{}]", properties.join(",")),
            "SystemPropertiesArray": self.column(|event| {
                let mut system = event.system.clone();
                system.insert("x-opt-sequence-number".to_owned(), json!(event.sequence));
                if let Some(key) = event.key {
                    system.insert("x-opt-partition-key".to_owned(), json!(key));
                }
                system.into()
            }),
            "sys": {
                "MethodName": "IngestOrders",
                "UtcNow": format!("{}Z", last.unwrap_or_default()),
                "RandGuid": self.id,
            },
        });
        if let Some(retry) = self.retry {
            metadata["RetryContext"] = json!({
                "RetryCount": retry.before,
                "MaxRetryCount": retry.most,
                "Exception": null,
                "Instance": null,
                "State": {},
            });
        }
        metadata
    }

    /// A value of each event, as a string that holds a JSON array.
    fn column(&self, value: impl Fn(&Event<'_>) -> Value) -> String {
        let values: Value = self.events.iter().map(value).collect();
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
    use crate::event::{Log, Origin, Partition, Stream};

    fn invocation<'a>(events: &'a [Event<'a>]) -> Invocation<'a> {
        Invocation {
            id: "f1248305-0000-4000-8000-000000000000",
            namespace: "local.servicebus.windows.net",
            hub: "orders",
            partition: 3,
            events,
            retry: Some(Tries {
                before: 0,
                most: -1,
            }),
        }
    }

    fn event(body: &[u8], sequence: u64, millis: i64) -> Event<'_> {
        Event {
            sequence,
            offset: 4_294_967_296 + 128 * sequence,
            enqueued: EnqueuedTime::from_millis(millis).unwrap(),
            key: Some("cust-7"),
            body,
            properties: r#"{"schema":"order"}"#,
            system: Map::new(),
        }
    }

    /// The example of the host's contract, word for word but for the namespace.
    #[test]
    fn a_body_is_spelled_as_the_host_spells_it() {
        let sent = [
            Event {
                properties: r#"{"type":"order","n":5}"#,
                ..event(br#"{"orderId":"A-1"}"#, 47, 1_795_176_001_234)
            },
            Event {
                key: None,
                properties: "{}",
                ..event(b"{\"\xff\"}", 48, 1_795_176_001_230)
            },
            Event {
                key: None,
                properties: "{}",
                ..event(b"", 49, 1_795_176_002_000)
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
            event(b"{\"\xff\"}", 47, 1_767_603_560_007),
            event(b"", 48, 1_767_603_560_008),
        ];
        let body = Invocation {
            retry: None,
            ..invocation(&sent)
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
