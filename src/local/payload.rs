//! A batch as the Functions host writes it: `many` and `binary`, every value encoded twice.

use base64_simd::STANDARD;
use serde_json::{Value, json};

use super::hub::{Message, NAMESPACE};

/// The body of an invocation for these events, of which the first has this sequence number.
pub fn encode(
    hub: &str,
    partition: usize,
    first: usize,
    events: &[Message],
    retries: u32,
) -> Vec<u8> {
    let column = |value: &dyn Fn(usize, &Message) -> Value| -> String {
        let values = events.iter().enumerate();
        let values: Value = values
            .map(|(index, event)| value(first + index, event))
            .collect();
        values.to_string()
    };
    let offset = |sequence: usize| json!((4_294_967_296 + 128 * sequence as u64).to_string());
    let properties: Vec<&str> = events.iter().map(|event| event.properties).collect();
    let mut metadata = json!({
        "PartitionContext": {
            "IsCheckpointingAfterInvocation": true,
            "FullyQualifiedNamespace": format!("{NAMESPACE}.servicebus.windows.net"),
            "EventHubName": hub,
            "ConsumerGroup": "$Default",
            "PartitionId": partition.to_string(),
        },
        "PartitionKeyArray": column(&|_, event| json!(event.key)),
        "OffsetArray": column(&|sequence, _| offset(sequence)),
        "OffsetStringArray": column(&|sequence, _| offset(sequence)),
        "SequenceNumberArray": column(&|sequence, _| json!(sequence)),
        "EnqueuedTimeUtcArray": column(&|_, event| {
            json!(event.enqueued.to_string().trim_end_matches('Z'))
        }),
        "PropertiesArray": format!("[{}]", properties.join(",")),
        "SystemPropertiesArray": column(&|sequence, event| json!({
            "x-opt-sequence-number": sequence,
            "x-opt-partition-key": event.key,
        })),
        "sys": {"MethodName": "IngestOrders"},
    });
    if retries > 0 {
        metadata["RetryContext"] = json!({
            "RetryCount": retries, "MaxRetryCount": -1, "Exception": null, "State": {},
        });
    }
    let events = column(&|_, event| json!(STANDARD.encode_to_string(&event.body)));
    json!({"Data": {"events": events}, "Metadata": metadata})
        .to_string()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Cardinality, DataType, Naming, Trigger, decode};
    use crate::event::{EnqueuedTime, Origin, Partition, Stream};

    #[test]
    fn what_the_host_writes_is_read_again() {
        let message = |body: &[u8], millis| Message {
            key: Some("cust-7".to_owned()),
            body: body.to_vec(),
            properties: r#"{"schema":"order"}"#,
            enqueued: EnqueuedTime::from_millis(millis).unwrap(),
            expected: None,
        };
        let sent = [
            message(b"{\"\xff\"}", 1_767_603_560_007),
            message(b"", 1_767_603_560_008),
        ];
        let body = encode("orders", 3, 47, &sent, 2);
        let trigger = Trigger::declared("events", Cardinality::Many, DataType::Binary);
        let decoded = decode(&body, &trigger, &Naming::default(), "i").unwrap();
        let batch = decoded.batch;
        assert_eq!(
            batch.origin,
            Origin::Partition {
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
