//! What is sent: the messages of an input, each with its key, properties and ids.

use std::collections::BTreeMap;
use std::fs;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::event_hubs::Outgoing;
use crate::local::input::{Input, InputError, Message};

/// The key of the data set's events: one transaction's lines stay in order.
const TRANSACTION: &str = "/TransactionNo";

/// What is sent, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Where the events come from.
    pub input: Input,
    /// Events of the data set's file that are spoilt, in ten thousand.
    pub spoil: u64,
    /// Where in a payload its partition key stands, as a JSON pointer (RFC 6901).
    pub key: String,
    /// Application properties of every event.
    pub properties: BTreeMap<String, String>,
    /// AMQP `content-type` of every event.
    pub content_type: String,
}

impl Source {
    /// What says that two sources are the same: resuming another one would leave events out.
    pub fn identity(&self) -> Value {
        let file = |path: &std::path::Path| {
            let about = fs::metadata(path).ok();
            let changed = about.as_ref().and_then(|it| it.modified().ok());
            json!({
                "file": path.display().to_string(),
                "bytes": about.map(|it| it.len()),
                "changed": changed
                    .and_then(|it| it.duration_since(UNIX_EPOCH).ok())
                    .map(|it| it.as_millis() as u64),
            })
        };
        let input = match &self.input {
            Input::Generated { seed, spoil, .. } => json!({"seed": seed, "spoil": spoil}),
            Input::Csv(path) => json!({"csv": file(path), "spoil": self.spoil}),
            Input::Ndjson(path) => json!({"ndjson": file(path)}),
        };
        json!({
            "input": input,
            "key": self.key,
            "properties": self.properties,
            "content_type": self.content_type,
        })
    }

    /// What its events' message ids begin with: a digest of the source.
    pub fn run(&self) -> String {
        let digest = Sha256::digest(self.identity().to_string());
        digest[..4].iter().map(|it| format!("{it:02x}")).collect()
    }

    /// The events, in their order. Their message ids begin with [`Source::run`] and end with
    /// their place in it, so that one that is sent twice can be told by its id.
    ///
    /// # Errors
    /// Where a file can't be opened or is not the data set's.
    pub fn events(
        &self,
    ) -> Result<impl Iterator<Item = Result<Outgoing, InputError>> + Send + use<>, InputError> {
        let (run, source) = (self.run(), self.clone());
        let messages = self.input.messages(self.spoil)?;
        Ok(messages.enumerate().map(move |(index, message)| {
            message.map(|message| source.outgoing(message, format!("{run}-{index}")))
        }))
    }

    /// The message with the key with which it is sent.
    pub(super) fn keyed(&self, message: Message) -> Message {
        if self.key == TRANSACTION && !matches!(self.input, Input::Ndjson(_)) {
            return message;
        }
        Message {
            key: key(&message.body, &self.key),
            ..message
        }
    }

    fn outgoing(&self, message: Message, id: String) -> Outgoing {
        let message = self.keyed(message);
        let mut properties = self.properties.clone();
        let own: Map<String, Value> = serde_json::from_str(message.properties).unwrap_or_default();
        for (name, value) in own {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            properties.insert(name, text);
        }
        Outgoing {
            body: message.body,
            key: message.key,
            properties,
            content_type: Some(self.content_type.clone()),
            message_id: Some(id),
        }
    }
}

/// The string or number at a pointer; none where the payload is no JSON or has none there.
fn key(body: &[u8], pointer: &str) -> Option<String> {
    let payload: Value = serde_json::from_slice(body).ok()?;
    match payload.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_string_or_a_number_at_its_pointer() {
        for (body, pointer, found) in [
            (r#"{"TransactionNo":"581482"}"#, TRANSACTION, Some("581482")),
            (r#"{"order":{"id":17}}"#, "/order/id", Some("17")),
            (r#"{"TransactionNo":null}"#, TRANSACTION, None),
            (r#"{"TransactionNo":""}"#, TRANSACTION, None),
            (r#"{"TransactionNo":"#, TRANSACTION, None),
        ] {
            assert_eq!(key(body.as_bytes(), pointer).as_deref(), found, "{body}");
        }
    }

    #[test]
    fn events_have_their_key_and_an_id_that_is_the_same_next_time() {
        let source = Source {
            input: Input::Generated {
                events: 300,
                seed: 7,
                spoil: 1_000,
            },
            spoil: 0,
            key: TRANSACTION.to_owned(),
            properties: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
            content_type: "application/json".to_owned(),
        };
        let events = || -> Vec<Outgoing> { source.events().unwrap().map(Result::unwrap).collect() };
        let sent = events();
        assert_eq!(sent, events());
        assert!(sent.iter().all(|event| event.key.is_some()));
        assert!(sent.iter().all(|event| event.properties["team"] == "shop"));
        let ids: std::collections::BTreeSet<_> =
            sent.iter().map(|event| &event.message_id).collect();
        assert_eq!(ids.len(), sent.len());
    }
}
