//! Reading from a hub: what its partitions hold, and the events of a range.

use std::time::SystemTime;

use azure_messaging_eventhubs::models::ReceivedEventData;
use azure_messaging_eventhubs::{
    ConsumerClient, OpenReceiverOptions, StartLocation, StartPosition,
};
use futures::{StreamExt, pin_mut};

use super::client::{Client, HubError};

/// What a partition of a hub holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// Its id.
    pub id: String,
    /// The sequence numbers that can be read, from the first to the last; none where it is empty.
    pub held: Option<(u64, u64)>,
    /// The number that comes next. Below it and before what is held are events that retention took.
    pub next: u64,
    /// When the last event came.
    pub last_enqueued: Option<SystemTime>,
}

/// Reads a hub.
pub struct Reader {
    client: Client,
    consumer: ConsumerClient,
}

impl Reader {
    /// Connects, as a consumer of this group.
    ///
    /// # Errors
    /// Where the hub does not answer.
    pub async fn open(client: &Client, group: &str) -> Result<Self, HubError> {
        Ok(Self {
            consumer: client.consumer(group).await?,
            client: client.clone(),
        })
    }

    /// What the hub's partitions hold now, in the order of their ids.
    ///
    /// # Errors
    /// Where the hub does not say.
    pub async fn partitions(&self) -> Result<Vec<PartitionState>, HubError> {
        let asked = self.consumer.get_eventhub_properties();
        let mut ids = self.client.within("ask for its partitions", asked).await?;
        ids.partition_ids.sort_by_key(|id| (id.len(), id.clone()));
        let mut partitions = Vec::with_capacity(ids.partition_ids.len());
        for id in ids.partition_ids {
            let asked = self.consumer.get_partition_properties(&id);
            let found = self.client.within("ask for a partition", asked).await?;
            let number = |value: i64| u64::try_from(value).ok();
            let last = number(found.last_enqueued_sequence_number);
            let first = number(found.beginning_sequence_number);
            partitions.push(PartitionState {
                held: match (first, last) {
                    (Some(first), Some(last)) if !found.is_empty && first <= last => {
                        Some((first, last))
                    }
                    _ => None,
                },
                next: last.map_or(0, |last| last + 1),
                last_enqueued: found.last_enqueued_time_utc.filter(|_| last.is_some()),
                id,
            });
        }
        Ok(partitions)
    }

    /// Reads the events of a partition from one sequence number to another, both included, and
    /// hands each on; it ends early where `each` says so. A number that retention took is passed
    /// over.
    ///
    /// # Errors
    /// Where nothing comes for as long as patience lasts.
    pub async fn read(
        &self,
        partition: &str,
        (from, to): (u64, u64),
        mut each: impl AsyncFnMut(ReceivedEventData) -> bool,
    ) -> Result<(), HubError> {
        let start = StartPosition {
            location: StartLocation::SequenceNumber(from as i64),
            inclusive: true,
        };
        let options = OpenReceiverOptions {
            start_position: Some(start),
            ..OpenReceiverOptions::default()
        };
        let opened = self
            .consumer
            .open_receiver_on_partition(partition.to_owned(), Some(options));
        let receiver = self.client.within("open a receiver", opened).await?;
        let events = receiver.stream_events();
        pin_mut!(events);
        loop {
            let next = async { events.next().await.transpose() };
            let Some(event) = self.client.within("read", next).await? else {
                return Ok(());
            };
            let sequence = event.sequence_number().unwrap_or(i64::MAX) as u64;
            if sequence > to || !each(event).await || sequence == to {
                return Ok(());
            }
        }
    }
}
