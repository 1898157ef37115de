//! Requests and answers: `$cbs`, which takes any token, and `$management`, which tells properties.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fe2o3_amqp::types::messaging::{AmqpValue, ApplicationProperties, Body, MessageId, Properties};
use fe2o3_amqp::types::primitives::{Array, OrderedMap, SimpleValue, Value};
use fe2o3_amqp::{Receiver, Sender};
use tokio::sync::mpsc;

use super::address::Address;
use super::deliver::send;
use super::node::{self, Place};
use super::wire::Room;
use crate::event::EnqueuedTime;
use crate::hub::Hub;
use crate::hub::message::{Message, timestamp};

/// How many answers may wait for their link.
const WAITING: usize = 64;

/// The links of one connection on which answers go out, by the names they are asked for under.
#[derive(Debug, Clone, Default)]
pub struct AnswerLinks(Arc<Mutex<HashMap<String, mpsc::Sender<Message>>>>);

/// Which of the two nodes is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// `$cbs`
    Tokens,
    /// `$management`
    Management,
}

impl Node {
    fn name(self) -> &'static str {
        match self {
            Self::Tokens => "$cbs",
            Self::Management => "$management",
        }
    }
}

impl AnswerLinks {
    fn links(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Message>>> {
        // nothing panics between two changes of the map
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a link its name; what it has to send comes out of the receiver.
    pub fn open(&self, node: Node, address: Option<String>) -> mpsc::Receiver<Message> {
        let (sender, answers) = mpsc::channel(WAITING);
        let mut links = self.links();
        links.retain(|_, link| !link.is_closed());
        let names = [Some(node.name().to_owned()), address];
        for name in names.into_iter().flatten() {
            links.insert(name, sender.clone());
        }
        answers
    }

    async fn answer(&self, node: Node, to: &str, answer: Message) {
        let link = {
            let links = self.links();
            links.get(to).or_else(|| links.get(node.name())).cloned()
        };
        if let Some(link) = link {
            // a client that left does not wait for its answer
            let _ = link.send(answer).await;
        }
    }
}

/// Sends the answers of one link, until it ends.
pub async fn send_answers(mut link: Sender, mut answers: mpsc::Receiver<Message>, room: Room) {
    loop {
        let answer = tokio::select! {
            answer = answers.recv() => answer,
            _ = link.on_detach() => None,
        };
        let Some(answer) = answer else { return };
        if !send(&mut link, answer, &room).await {
            return;
        }
    }
}

/// Answers the requests of one link, until it ends.
pub async fn answer_requests(mut link: Receiver, node: Node, hub: Arc<Hub>, answers: AnswerLinks) {
    while let Ok(delivery) = link.recv::<Body<Value>>().await {
        if link.accept(&delivery).await.is_err() {
            return;
        }
        let request = delivery.into_message();
        let said = match node {
            Node::Tokens => taken(&hub, &request),
            Node::Management => told(&hub, &request),
        };
        let properties = request.properties.unwrap_or_default();
        let to = properties.reply_to.unwrap_or_default();
        let id = properties.message_id.or(properties.correlation_id);
        answers.answer(node, &to, said.message(id)).await;
    }
}

struct Said {
    status: i32,
    description: String,
    body: Value,
}

impl Said {
    fn new(status: i32, description: impl Into<String>, body: Value) -> Self {
        Self {
            status,
            description: description.into(),
            body,
        }
    }

    fn not_found(name: &str) -> Self {
        Self::new(404, node::not_found(name), Value::Null)
    }

    fn message(self, id: Option<MessageId>) -> Message {
        let properties = ApplicationProperties::builder()
            .insert("status-code", self.status)
            .insert("status-description", self.description);
        Message {
            header: None,
            delivery_annotations: None,
            message_annotations: None,
            properties: Some(Properties {
                correlation_id: id,
                ..Properties::default()
            }),
            application_properties: Some(properties.build()),
            body: Body::Value(AmqpValue(self.body)),
            footer: None,
        }
    }
}

/// Takes a token for what it is put for, if that is here: it is where the service's clients hear
/// that there is no such hub.
fn taken(hub: &Hub, request: &Message) -> Said {
    let audience = asked(request, "name").unwrap_or_default();
    match Place::find(hub, audience) {
        // a token for all of the endpoint
        Err(_) if Address::parse(audience).is_endpoint() => {}
        Err(refusal) => {
            let said = refusal.description.unwrap_or_default();
            return Said::new(404, said, Value::Null);
        }
        Ok(_) => {}
    }
    Said::new(202, "Accepted", Value::Null)
}

/// An application property of a request.
fn asked<'a>(request: &'a Message, name: &str) -> Option<&'a str> {
    let properties = request.application_properties.as_ref()?;
    match properties.0.get(name)? {
        SimpleValue::String(value) => Some(value.as_str()),
        _ => None,
    }
}

/// The properties that a request asks for.
fn told(hub: &Hub, request: &Message) -> Said {
    let asked = |name: &str| asked(request, name);
    if !asked("name").is_some_and(|name| name.eq_ignore_ascii_case(hub.name())) {
        return Said::not_found(asked("name").unwrap_or_default());
    }
    let kind = asked("type").unwrap_or_default();
    let of_kind = match kind {
        "com.microsoft:eventhub" => of_hub(hub),
        "com.microsoft:partition" => {
            match asked("partition").and_then(|id| of_partition(hub, id)) {
                Some(properties) => properties,
                None => return Said::not_found(asked("partition").unwrap_or_default()),
            }
        }
        _ => return Said::new(400, "The type of the entity is not known.", Value::Null),
    };
    let named = [
        ("name", Value::String(hub.name().to_owned())),
        ("type", Value::String(kind.to_owned())),
    ];
    let values = named.into_iter().chain(of_kind);
    let values: OrderedMap<Value, Value> = values
        .map(|(name, value)| (Value::String(name.to_owned()), value))
        .collect();
    Said::new(200, "OK", Value::Map(values))
}

type Told = Vec<(&'static str, Value)>;

fn of_hub(hub: &Hub) -> Told {
    let count = hub.partitions().len();
    let ids = (0..count).map(|id| Value::String(id.to_string()));
    vec![
        ("created_at", timestamp(hub.created())),
        ("partition_count", Value::Int(count as i32)),
        (
            "partition_ids",
            Value::Array(Array::from(ids.collect::<Vec<_>>())),
        ),
        ("georeplication_factor", Value::Int(1)),
    ]
}

fn of_partition(hub: &Hub, id: &str) -> Option<Told> {
    let log = hub.partitions().get(id.parse::<usize>().ok()?)?;
    let last = log.last();
    let none = || "-1".to_owned();
    Some(vec![
        ("partition", Value::String(id.to_owned())),
        ("begin_sequence_number", Value::Long(last.map_or(-1, |_| 0))),
        ("begin_sequence_number_epoch", Value::Int(-1)),
        (
            "last_enqueued_sequence_number",
            Value::Long(last.map_or(-1, |it| it.sequence as i64)),
        ),
        ("last_enqueued_sequence_number_epoch", Value::Int(-1)),
        (
            "last_enqueued_offset",
            Value::String(last.map_or_else(none, |it| it.offset.to_string())),
        ),
        (
            "last_enqueued_time_utc",
            last.map(|it| it.enqueued)
                .or(EnqueuedTime::from_millis(0))
                .map_or(Value::Null, timestamp),
        ),
        ("is_partition_empty", Value::Bool(last.is_none())),
    ])
}
