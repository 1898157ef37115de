//! Where accepted events are handed in: a publisher for each partition, opened when it is needed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::try_join_all;
use tokio::sync::{Mutex, OnceCell};

use crate::event_hubs::{Client, HubError, Outgoing, Publisher, Target, partition_of};

/// The hub's counter.
pub(super) struct Desk {
    client: Client,
    lanes: OnceCell<Vec<Lane>>,
    /// Where the next event without a key goes.
    turn: AtomicUsize,
}

/// The way to one partition. Its events leave in the order in which they came.
struct Lane {
    target: Target,
    publisher: Mutex<Publisher>,
    client: Client,
}

impl Desk {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            lanes: OnceCell::new(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Publishes these events; those of one key in their order.
    ///
    /// # Errors
    /// Where not all were acknowledged.
    pub(super) async fn publish(&self, events: Vec<Outgoing>) -> Result<(), HubError> {
        let lanes = self.lanes.get_or_try_init(|| self.open()).await?;
        let mut parts: BTreeMap<usize, Vec<Outgoing>> = BTreeMap::new();
        for event in events {
            let lane = match &event.key {
                Some(key) => partition_of(key, lanes.len()),
                None => self.turn.fetch_add(1, Ordering::Relaxed) % lanes.len(),
            };
            parts.entry(lane).or_default().push(event);
        }
        let parts = parts.iter().map(|(lane, part)| lanes[*lane].publish(part));
        try_join_all(parts).await.map(drop)
    }

    async fn open(&self) -> Result<Vec<Lane>, HubError> {
        let ids = Publisher::new(self.client.clone()).partitions().await?;
        Ok(ids
            .into_iter()
            .map(|id| Lane {
                target: Target::Partition(id),
                publisher: Mutex::new(Publisher::new(self.client.clone())),
                client: self.client.clone(),
            })
            .collect())
    }
}

impl Lane {
    async fn publish(&self, mut events: &[Outgoing]) -> Result<(), HubError> {
        // behind one that does not get through, others don't wait for ever
        let turn = async { Ok::<_, Infallible>(self.publisher.lock().await) };
        let mut publisher = self.client.within("wait for its turn", turn).await?;
        let mut tried = false;
        while !events.is_empty() {
            match publisher.publish(&self.target, events, |_| ()).await {
                Ok(batch) => events = &events[batch.events..],
                // a connection that was idle for long may be gone, and a fresh one is tried once;
                // what was on its way may then stand twice, under the same message id
                Err(error) if error.cause.passes() && !tried => {
                    tracing::warn!(error = error.to_string(), "sent again by a fresh client");
                    tried = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
