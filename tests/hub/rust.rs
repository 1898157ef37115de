//! The official client for Rust. It needs OpenSSL, and so a feature of its own.

use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use azure_messaging_eventhubs::models::EventData;
use azure_messaging_eventhubs::{
    ConsumerClient, EventDataBatchOptions, OpenReceiverOptions, ProducerClient, SendEventOptions,
    StartLocation, StartPosition,
};
use futures::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use crate::running::{Lake, PATIENCE};

const ORDER: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Set Of 2 Wooden Market Crates","Price":21.47,"Quantity":12,"CustomerNo":"17490","Country":"United Kingdom"}"#;

/// The hub takes any token.
#[derive(Debug)]
struct Anybody;

#[async_trait::async_trait]
impl TokenCredential for Anybody {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let hour = azure_core::time::Duration::hours(1);
        Ok(AccessToken::new("any", OffsetDateTime::now_utc() + hour))
    }
}

/// A client that is built on fe2o3-amqp before 0.18.2 can lose an answer and wait for ever.
async fn soon<T, E: std::fmt::Debug>(what: impl Future<Output = Result<T, E>>) -> T {
    timeout(PATIENCE, what).await.unwrap().unwrap()
}

fn order(id: &str) -> EventData {
    EventData::builder()
        .with_body(ORDER)
        .with_content_type("application/json".to_owned())
        .with_message_id(id.to_owned())
        .add_property("schema".to_owned(), "order-transaction/1.0.0")
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_client_works_and_what_it_sends_is_landed_once() {
    let lake = Lake::new();
    let hub = lake.hub();
    let port = hub.connection.split(&[':', ';'][..]).nth(2).unwrap();
    let endpoint = format!("amqp://127.0.0.1:{port}");
    let open = |name: &str| {
        let builder = ProducerClient::builder().with_custom_endpoint(endpoint.clone());
        let name = name.to_owned();
        async move {
            builder
                .open("localhost", &name, std::sync::Arc::new(Anybody))
                .await
        }
    };
    let producer = soon(open("orders")).await;
    let described = soon(producer.get_eventhub_properties()).await;
    assert_eq!(described.name, "orders");
    assert_eq!(described.partition_ids, ["0", "1", "2", "3"]);
    assert!(soon(producer.get_partition_properties("2")).await.is_empty);

    let keyed = EventDataBatchOptions {
        partition_key: Some("cust-9".to_owned()),
        ..EventDataBatchOptions::default()
    };
    let batch = soon(producer.create_batch(Some(keyed))).await;
    for n in 0..200 {
        assert!(
            batch
                .try_add_event_data(order(&format!("key-{n}")), None)
                .unwrap()
        );
    }
    soon(producer.send_batch(batch, None)).await;
    let partition = SendEventOptions {
        partition_id: Some("3".to_owned()),
    };
    soon(producer.send_event(order("partition-0"), Some(partition))).await;
    for turn in 0..4 {
        soon(producer.send_event(order(&format!("turn-{turn}")), None)).await;
    }

    let records = lake.landed(205);
    for record in &records {
        let id = record["_message_id"].as_str().unwrap();
        let (key, partition) = match id.split_once('-').unwrap().0 {
            "key" => (Some("cust-9"), Some("2")),
            "partition" => (None, Some("3")),
            _ => (None, None),
        };
        assert_eq!(record["_key"].as_str(), key, "{record}");
        assert!(
            partition.is_none_or(|it| record["_partition"] == it),
            "{record}"
        );
        assert_eq!(record["_content_type"], "application/json");
        assert_eq!(record["_properties"]["schema"], "order-transaction/1.0.0");
    }
    let ids: std::collections::HashSet<_> = records
        .iter()
        .map(|it| it["_message_id"].as_str())
        .collect();
    assert_eq!(ids.len(), 205);

    read_from_every_position(&endpoint, &records).await;

    let batch = soon(producer.create_batch(None)).await;
    let large = EventData::builder().with_body(vec![b'x'; 2 << 20]).build();
    assert!(!matches!(batch.try_add_event_data(large, None), Ok(true)));

    let wrong = soon(open("nosuch")).await;
    let sent = timeout(
        Duration::from_secs(30),
        wrong.send_event(order("lost"), None),
    )
    .await;
    assert!(!matches!(sent, Ok(Ok(()))), "there is no such hub");
    assert_eq!(lake.records().len(), 205);
}

/// A consumer begins where it wants to, in the partition of the key.
async fn read_from_every_position(endpoint: &str, records: &[Value]) {
    let hundredth = records
        .iter()
        .find(|it| it["_partition"] == "2" && it["_sequence"] == 100)
        .unwrap();
    let offset = hundredth["_offset"].as_str().unwrap().to_owned();
    // before everything, since the batch has one time
    let time = std::time::SystemTime::now() - PATIENCE * 5;
    for (location, inclusive, first) in [
        (StartLocation::Earliest, false, 0),
        (StartLocation::Offset(offset), false, 101),
        (StartLocation::EnqueuedTime(time), false, 0),
        (StartLocation::SequenceNumber(100), false, 101),
        (StartLocation::SequenceNumber(100), true, 100),
    ] {
        let options = OpenReceiverOptions {
            start_position: Some(StartPosition {
                location,
                inclusive,
            }),
            ..OpenReceiverOptions::default()
        };
        // a consumer keeps its receiver of a partition, so each position takes a consumer
        let consumer = ConsumerClient::builder().with_custom_endpoint(endpoint.to_owned());
        let credential = std::sync::Arc::new(Anybody);
        let consumer = soon(consumer.open("localhost", "orders".to_owned(), credential)).await;
        let receiver = consumer.open_receiver_on_partition("2".to_owned(), Some(options));
        let receiver = soon(receiver).await;
        let mut events = receiver.stream_events();
        for sequence in first..first + 50 {
            let event = timeout(PATIENCE, events.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(event.sequence_number(), Some(sequence));
        }
    }
}
