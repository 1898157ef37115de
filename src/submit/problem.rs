//! What is wrong with a request, or in its way: RFC 9457, "Problem Details for HTTP APIs".

use serde_json::{Map, Value, json};

use crate::event_hubs::{Cause, HubError};
use crate::judge::Rejection;

/// Seconds after which a request that could not be served may be tried again.
const RETRY_AFTER: u32 = 5;

/// Rejections that are listed; the others are counted.
const LISTED: usize = 100;

/// A problem, as it is answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    status: u16,
    kind: &'static str,
    title: &'static str,
    detail: String,
    more: Map<String, Value>,
}

impl Problem {
    fn new(status: u16, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self {
            status,
            kind,
            title,
            detail,
            more: Map::new(),
        }
    }

    pub(super) fn malformed(detail: &str) -> Self {
        let title = "The request can't be read";
        Self::new(400, "malformed", title, detail.to_owned())
    }

    pub(super) fn unsupported(given: &str) -> Self {
        let detail = format!(
            "{given:?} is not taken: send application/json, application/cloudevents+json or application/cloudevents-batch+json"
        );
        Self::new(415, "unsupported", "The content type is not taken", detail)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let detail = format!("a request has {limit} bytes at most");
        Self::new(413, "too-large", "The request is too large", detail)
    }

    pub(super) fn too_many(events: usize, most: usize) -> Self {
        let detail = format!("it holds {events} events, and {most} are the most");
        Self::new(413, "too-large", "The request is too large", detail)
    }

    pub(super) fn unavailable(detail: &str) -> Self {
        let title = "The event hub can't be reached";
        Self::new(503, "unavailable", title, detail.to_owned())
    }

    pub(super) fn panicked() -> Self {
        let detail = "the handler's log says more".to_owned();
        Self::new(500, "panicked", "Something went wrong here", detail)
    }

    /// Some of so many events are refused: by their places in the request, from 0.
    pub(super) fn rejected(refused: &[(usize, Rejection)], events: usize) -> Self {
        let rejections: Vec<Value> = refused
            .iter()
            .take(LISTED)
            .map(|(index, it)| {
                let errors: Vec<Value> = it
                    .violations
                    .iter()
                    .map(|it| {
                        json!({
                            "pointer": it.pointer,
                            "keyword": it.keyword,
                            "schema_pointer": it.schema_pointer,
                            "message": it.message,
                        })
                    })
                    .collect();
                json!({
                    "event": index,
                    "reason": it.reason.word(),
                    "schema": it.schema.as_deref(),
                    "errors": errors,
                })
            })
            .collect();
        let detail = format!(
            "{} of {events} events are refused, and none was published",
            refused.len()
        );
        let problem = Self::new(422, "rejected", "Events are refused", detail);
        Self {
            more: Map::from_iter([("rejections".to_owned(), Value::from(rejections))]),
            ..problem
        }
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// When to come again; none where that would not help.
    pub(super) fn retry_after(&self) -> Option<u32> {
        (self.status == 503).then_some(RETRY_AFTER)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::from_iter([
            (
                "type".to_owned(),
                json!(format!("urn:bronzegate:problem:{}", self.kind)),
            ),
            ("title".to_owned(), json!(self.title)),
            ("status".to_owned(), json!(self.status)),
            ("detail".to_owned(), json!(self.detail)),
        ]);
        object.extend(self.more.clone());
        Value::Object(object)
    }
}

impl From<HubError> for Problem {
    /// What the hub says stays in the log: it names hosts.
    fn from(error: HubError) -> Self {
        if error.cause == Cause::TooLarge {
            let detail = "an event is larger than the event hub takes, 1 MiB by default".to_owned();
            return Self::new(413, "too-large", "The request is too large", detail);
        }
        let detail = if error.in_doubt > 0 {
            "it is not known whether the events were published: send them again with the same \
             Idempotency-Key, which becomes their message id"
        } else {
            "the events were not published, or not all of them: send them again with the same \
             Idempotency-Key, which becomes their message id"
        };
        Self::unavailable(detail)
    }
}
