//! A link on which events come in from a producer.

use std::sync::Arc;

use fe2o3_amqp::Receiver;
use fe2o3_amqp::types::definitions::AmqpError;
use fe2o3_amqp::types::messaging::Body;
use fe2o3_amqp::types::primitives::Value;

use super::node::{Refusal, refusal};
use crate::event::EnqueuedTime;
use crate::hub::Hub;
use crate::hub::message::{self, Message};

/// The clock: when an event is taken.
pub type Clock = fn() -> EnqueuedTime;

/// Takes what is sent, until the link ends. A send is acknowledged when it stands in the log; one
/// that is too large ends the link, which is the library's doing.
pub async fn ingest(mut link: Receiver, hub: Arc<Hub>, partition: Option<usize>, clock: Clock) {
    while let Ok(delivery) = link.recv::<Body<Value>>().await {
        let format = *delivery.message_format();
        let (delivery, message) = delivery.into_parts();
        let told = match take(&hub, partition, message, format, clock()) {
            Ok(()) => link.accept(delivery).await,
            Err(refusal) => link.reject(delivery, refusal).await,
        };
        if told.is_err() {
            return;
        }
    }
}

fn take(
    hub: &Hub,
    partition: Option<usize>,
    message: Message,
    format: Option<u32>,
    now: EnqueuedTime,
) -> Result<(), Refusal> {
    let (key, events) = message::events(message, format)
        .map_err(|error| refusal(AmqpError::DecodeError, error.to_string()))?;
    hub.send(partition, key.as_deref(), &events, now)
        .map(|_| ())
        .map_err(|error| refusal(AmqpError::InternalError, format!("the hub's log: {error}")))
}
