//! Publishing to one partition, or wherever the hub puts a key.
//!
//! The client's `send` can wait for ever: its AMQP library loses an acknowledgement that comes
//! before it listens for it, and holds the sender until then. So each send has a time-out, after
//! which the client is given up for a fresh one; what was in it may stand in the hub.

use std::collections::BTreeMap;
use std::time::Duration;

use azure_core_amqp::AmqpSymbol;
use azure_messaging_eventhubs::models::{AmqpMessage, EventData};
use azure_messaging_eventhubs::{EventDataBatchOptions, ProducerClient};
use tokio::time::Instant;

use super::client::{Cause, Client, HubError};

/// An event to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Its payload.
    pub body: Vec<u8>,
    /// Its partition key.
    pub key: Option<String>,
    /// Its application properties.
    pub properties: BTreeMap<String, String>,
    /// AMQP `content-type`.
    pub content_type: Option<String>,
    /// AMQP `message-id`.
    pub message_id: Option<String>,
}

/// A batch that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// How many events it held.
    pub events: usize,
    /// From its sending to its acknowledgement.
    pub took: Duration,
}

/// Where a publisher's events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To this partition, each with its own key.
    Partition(String),
    /// To the partition of this key, which the hub finds.
    Key(String),
    /// To any.
    Any,
}

/// Publishes, by a client that it replaces where that fails.
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    producer: Option<Connected>,
}

struct Connected(ProducerClient);

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connected")
    }
}

impl Publisher {
    /// A publisher that connects when it is first used.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            producer: None,
        }
    }

    /// The ids of the hub's partitions, in their order.
    ///
    /// # Errors
    /// Where the hub does not say.
    pub async fn partitions(&mut self) -> Result<Vec<String>, HubError> {
        let producer = connected(&self.client, &mut self.producer).await?;
        let asked = producer.get_eventhub_properties();
        let found = self.client.within("ask for its partitions", asked).await?;
        let mut ids = found.partition_ids;
        ids.sort_by_key(|id| (id.len(), id.clone()));
        Ok(ids)
    }

    /// Publishes as many of these events as fit in one batch, from the first on: at least one,
    /// and all or none of them. `begun` hears how many they are, before they leave.
    ///
    /// # Errors
    /// Where they were not acknowledged; it says how many may stand in the hub nevertheless.
    pub async fn publish(
        &mut self,
        target: &Target,
        events: &[Outgoing],
        begun: impl FnOnce(usize),
    ) -> Result<Published, HubError> {
        let published = self.try_publish(target, events, begun).await;
        if let Err(error) = &published
            && error.cause.passes()
        {
            // whatever state it is in, it can't be asked again
            self.producer = None;
        }
        published
    }

    async fn try_publish(
        &mut self,
        target: &Target,
        events: &[Outgoing],
        begun: impl FnOnce(usize),
    ) -> Result<Published, HubError> {
        let client = &self.client;
        let producer = connected(client, &mut self.producer).await?;
        let options = match target {
            Target::Partition(id) => EventDataBatchOptions {
                partition_id: Some(id.clone()),
                ..EventDataBatchOptions::default()
            },
            Target::Key(key) => EventDataBatchOptions {
                partition_key: Some(key.clone()),
                ..EventDataBatchOptions::default()
            },
            Target::Any => EventDataBatchOptions::default(),
        };
        let batch = client
            .within("open a link", producer.create_batch(Some(options)))
            .await?;
        for event in events {
            let fits = batch
                .try_add_amqp_message(message(event), None)
                .map_err(|error| client.failed("fill a batch", &error))?;
            if !fits {
                break;
            }
        }
        let count = batch.len();
        if count == 0 {
            return Err(HubError {
                hub: client.address().to_string(),
                action: "publish",
                cause: Cause::TooLarge,
                detail: format!(
                    "an event of {} bytes is larger than the hub takes",
                    events.first().map_or(0, |event| event.body.len())
                ),
                in_doubt: 0,
            });
        }
        begun(count);
        let start = Instant::now();
        client
            .within("publish", producer.send_batch(batch, None))
            .await
            .map_err(|error| HubError {
                in_doubt: if error.cause.passes() { count } else { 0 },
                ..error
            })?;
        Ok(Published {
            events: count,
            took: start.elapsed(),
        })
    }
}

async fn connected<'a>(
    client: &Client,
    slot: &'a mut Option<Connected>,
) -> Result<&'a ProducerClient, HubError> {
    let producer = match slot.take() {
        Some(producer) => producer,
        None => Connected(client.producer().await?),
    };
    Ok(&slot.insert(producer).0)
}

fn message(event: &Outgoing) -> AmqpMessage {
    let mut builder = EventData::builder().with_body(event.body.clone());
    if let Some(kind) = &event.content_type {
        builder = builder.with_content_type(kind.clone());
    }
    if let Some(id) = &event.message_id {
        builder = builder.with_message_id(id.clone());
    }
    for (name, value) in &event.properties {
        builder = builder.add_property(name.clone(), value.clone());
    }
    let mut message = AmqpMessage::from(builder.build());
    if let Some(key) = &event.key {
        message.add_message_annotation(AmqpSymbol::from("x-opt-partition-key"), key.clone());
    }
    message
}
