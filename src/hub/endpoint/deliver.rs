//! A link on which events go out to a consumer.

use std::sync::Arc;

use fe2o3_amqp::types::definitions::{AmqpError, LinkError};
use fe2o3_amqp::types::messaging::message::__private::Serializable;
use fe2o3_amqp::types::performatives::Attach;
use fe2o3_amqp::types::primitives::{Symbol, Value};
use fe2o3_amqp::{Sendable, Sender};

use super::filter::{self, SELECTOR};
use super::node::{Refusal, refusal};
use super::readers::Readers;
use super::wire::Room;
use crate::hub::Hub;
use crate::hub::log::{Cursor, Log, Start};
use crate::hub::message::{Message, delivered};

/// How much is read from the log at once.
const EVENTS: usize = 100;
const BYTES: usize = 256 << 10;

/// What a consumer asked for as it attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The consumer group.
    pub group: String,
    /// The partition.
    pub partition: usize,
    /// The selector of its source, if it has one.
    pub selector: Option<String>,
    /// Its epoch, or owner level.
    pub epoch: Option<i64>,
}

impl Wanted {
    /// Reads what stands in the attach, beside its address.
    pub fn read(group: Option<String>, partition: usize, attach: &Attach) -> Self {
        let filters = attach.source.as_ref().and_then(|it| it.filter.as_ref());
        let selector = filters.and_then(|it| it.get(&Symbol::from(SELECTOR)));
        let selector = selector.and_then(|value| match value {
            Value::Described(described) => text(&described.value),
            value => text(value),
        });
        let properties = attach.properties.as_ref();
        let epoch = properties.and_then(|it| it.get(&Symbol::from("com.microsoft:epoch")));
        Self {
            group: group.unwrap_or_else(|| "$default".to_owned()),
            partition,
            selector,
            epoch: epoch.and_then(|value| match value {
                Value::Long(number) => Some(*number),
                Value::Int(number) => Some((*number).into()),
                Value::Ulong(number) => i64::try_from(*number).ok(),
                Value::Uint(number) => Some((*number).into()),
                _ => None,
            }),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Delivers events as the consumer gives credit, until the link ends or is taken by another.
pub async fn deliver(
    mut link: Sender,
    hub: Arc<Hub>,
    wanted: Wanted,
    readers: Readers,
    room: Room,
) {
    let Some(log) = hub.partitions().get(wanted.partition) else {
        return;
    };
    let ended = match begin(log, &wanted) {
        Ok(cursor) => {
            let attached = readers.attach(&wanted.group, wanted.partition, wanted.epoch);
            match attached {
                Ok(mut reader) => tokio::select! {
                    ended = feed(&mut link, log, cursor, &room) => ended,
                    epoch = &mut reader.displaced => Some(displaced(epoch.ok())),
                },
                Err(highest) => Some(refused(highest)),
            }
        }
        Err(refused) => Some(refused),
    };
    if let Some(why) = ended {
        // a client that is gone need not be told
        let _ = link.close_with_error(why).await;
    }
}

fn begin(log: &Log, wanted: &Wanted) -> Result<Cursor, Refusal> {
    let start = match &wanted.selector {
        Some(selector) => filter::parse(selector)
            .map_err(|error| refusal(AmqpError::InvalidField, error.to_string()))?,
        None => Start::Sequence(0),
    };
    log.cursor(start)
        .map_err(|error| refusal(AmqpError::InternalError, error.to_string()))
}

fn refused(highest: i64) -> Refusal {
    let said = format!(
        "At least one receiver for the endpoint is created with epoch of '{highest}', which is \
         higher than that of this receiver, or this one has none. Either reconnect with a higher \
         epoch, or make sure all epoch receivers are closed or disconnected."
    );
    refusal(LinkError::Stolen, said)
}

fn displaced(epoch: Option<i64>) -> Refusal {
    let epoch = epoch.unwrap_or_default();
    let said = format!(
        "New receiver with higher epoch of '{epoch}' is created hence current receiver is getting \
         disconnected. If you are recreating the receiver, make sure a higher epoch is used."
    );
    refusal(LinkError::Stolen, said)
}

/// Sends event after event; returns where the link has ended, with an error where it is ours.
async fn feed(link: &mut Sender, log: &Log, mut cursor: Cursor, room: &Room) -> Option<Refusal> {
    let mut grown = log.grown();
    loop {
        grown.borrow_and_update();
        let events = match log.read(&mut cursor, EVENTS, BYTES) {
            Ok(events) => events,
            Err(error) => return Some(refusal(AmqpError::InternalError, error.to_string())),
        };
        if events.is_empty() {
            tokio::select! {
                _ = grown.changed() => continue,
                _ = link.on_detach() => return None,
            }
        }
        for event in &events {
            let message = match delivered(event) {
                Ok(message) => message,
                Err(error) => return Some(refusal(AmqpError::InternalError, error.to_string())),
            };
            if !send(link, message, room).await {
                return None;
            }
        }
    }
}

/// Sends a message, settled; false where the link or the connection has ended.
pub async fn send(link: &mut Sender, message: Message, room: &Room) -> bool {
    let Ok(bytes) = serde_amqp::serialized_size(&Serializable(&message)) else {
        return false;
    };
    let room = tokio::select! {
        room = room.take(bytes) => room,
        _ = link.on_detach() => false,
    };
    let message = Sendable::builder().message(message).settled(true).build();
    // a batchable transfer has all its fields, so a full frame need not be padded
    room && link.send_batchable(message).await.is_ok()
}
