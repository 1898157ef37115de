//! What is read the short way is what is read the long way.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A request with these columns, each by its elements; a space behind the bracket, which no host
/// writes, has it read the long way.
fn request(columns: &[(&str, Vec<&str>)], events: usize, space: &str) -> Vec<u8> {
    let mut metadata = serde_json::Map::new();
    for (name, elements) in columns {
        let array = format!("[{space}{}]", elements.join(","));
        metadata.insert((*name).to_owned(), array.into());
    }
    let context =
        json!({"EventHubName": "orders", "FullyQualifiedNamespace": "shop.x", "PartitionId": "1"});
    metadata.insert("PartitionContext".to_owned(), context);
    let bodies = vec!["\"YQ==\""; events].join(",");
    let data = json!({ "events": format!("[{bodies}]") });
    json!({"Data": data, "Metadata": metadata})
        .to_string()
        .into_bytes()
}

/// What was decoded, with the columns' text in place of where it stands.
fn read(body: &[u8]) -> Result<String, PayloadError> {
    let trigger = Trigger::declared("events", Cardinality::Many, DataType::Binary);
    let Decoded { batch, unusable } = decode(body, &trigger, &Naming::default(), "i")?;
    let events: Vec<_> = batch
        .events
        .iter()
        .map(|event| {
            let columns = [
                &event.offset,
                &event.key,
                &event.properties,
                &event.message_id,
                &event.content_type,
            ];
            (
                event.sequence,
                event.enqueued,
                columns.map(|span| batch.column(span.as_ref())),
            )
        })
        .collect();
    Ok(format!("{:?} {unusable:?} {events:?}", batch.origin))
}

fn elements() -> impl Strategy<Value = Vec<&'static str>> {
    let element = prop::sample::select(vec![
        "\"1\"",
        "1",
        "null",
        "0",
        "18446744073709551615",
        "-1",
        "1.5",
        "\"2026-01-05T08:59:32.805\"",
        "\"2026-01-05T08:59:33\"",
        "\"\\u0000\"",
        "\"\\\"\"",
        "\"é\"",
        "{}",
        "{\"schema\":\"order/1\",\"n\":1}",
        "{\"message-id\":\"a\",\"x\":null}",
        "{\"a\":{\"b\":[]}}",
        "{\"content-type\":\"a\\/b\"}",
        "{\"a\\\\\":\"\\\"\"}",
        "[1]",
        "true",
        "\"",
    ]);
    // mostly of the events' number
    prop_oneof![4 => prop::collection::vec(element.clone(), 3), 1 => prop::collection::vec(element, 0..5)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn i5_a_column_is_read_alike_the_short_and_the_long_way(
        columns in prop::collection::vec(elements(), 7),
    ) {
        let names = [
            "SequenceNumberArray", "EnqueuedTimeUtcArray", "PartitionKeyArray", "OffsetStringArray", "OffsetArray",
            "PropertiesArray", "SystemPropertiesArray",
        ];
        // as the host writes them, and with one column after another made odd
        for odd in 0..columns.len() {
            let mut columns: Vec<_> = names.into_iter().zip(columns.clone()).collect();
            for (_, good) in columns.iter_mut().skip(odd + 1) {
                *good = vec!["\"1\"", "null", "\"2\""];
            }
            let (short, long) = (request(&columns, 3, ""), request(&columns, 3, " "));
            match (read(&short), read(&long)) {
                (Ok(short), Ok(long)) => prop_assert_eq!(short, long),
                (Err(short), Err(long)) => prop_assert_eq!(short.place, long.place),
                (short, long) => prop_assert!(false, "{:?} but {:?}", short, long),
            }
        }
    }
}
