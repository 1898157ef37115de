//! The HTTP API: orders posted by teams that would rather call an API than hold a client of the hub.
//!
//! Events are judged by the same code as those that come from the hub, and published to it with
//! their keys: what is accepted here is accepted there. A request is published whole or, where one
//! of its events is refused, not at all. Nothing is opened before the first request, so the
//! function that lands starts as fast as without it.

mod desk;
mod envelope;
mod openapi;
mod problem;
mod reply;
mod request;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request as HttpRequest;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::Value;

use desk::Desk;
use problem::Problem;
use reply::Reply;
use request::{PATH, Request, Submitted};

use crate::event::Stream;
use crate::event_hubs::{Client, Outgoing};
use crate::judge::{Catalog, Judge, Limits, Submission, Verdict};
use crate::settings::SubmitSettings;
use crate::workers::Workers;

/// The function whose HTTP trigger it is, and the folder of its function.json.
pub const FUNCTION: &str = "SubmitOrder";

/// The path of the API's description.
const DESCRIPTION: &str = "/api/orders/openapi.json";

/// All that a request needs.
pub struct Api {
    catalog: Arc<Catalog>,
    limits: Limits,
    stream: Stream,
    settings: SubmitSettings,
    workers: Workers,
    /// Where accepted events are handed in; none where no hub is set.
    desk: Result<Desk, String>,
    description: OnceLock<Value>,
}

impl Api {
    /// An API that judges by this catalog. The hub is asked by the first request.
    pub fn new(
        catalog: Arc<Catalog>,
        limits: Limits,
        settings: SubmitSettings,
        workers: Workers,
    ) -> Self {
        let desk = settings.hub.clone().and_then(|(address, _)| {
            Client::new(address, &settings.identity, settings.timeout)
                .map(Desk::new)
                .map_err(|error| error.to_string())
        });
        let stream = match &settings.hub {
            Ok((_, stream)) => stream.clone(),
            Err(_) => Stream::new("unknown/unknown"),
        };
        Self {
            catalog,
            limits,
            stream,
            settings,
            workers,
            desk,
            description: OnceLock::new(),
        }
    }

    /// Answers a request, however it came.
    async fn respond(&self, request: Request) -> Reply {
        match self.submit(request).await {
            Ok(ids) => Reply::accepted(&ids),
            Err(problem) => Reply::problem(&problem),
        }
    }

    /// Judges and publishes; the events' message ids.
    async fn submit(&self, request: Request) -> Result<Vec<String>, Problem> {
        if request.body.len() > self.settings.limit {
            return Err(Problem::too_large(self.settings.limit));
        }
        let submitted = Submitted::read(request, self.catalog.property())?;
        let events = self.judge(submitted).await?;
        let ids: Vec<String> = events
            .iter()
            .filter_map(|event| event.message_id.clone())
            .collect();
        let desk = self
            .desk
            .as_ref()
            .map_err(|problem| Problem::unavailable(problem))?;
        let published = desk.publish(events).await;
        match &published {
            Ok(()) => tracing::info!(events = ids.len(), "submitted"),
            Err(error) => tracing::error!(
                events = ids.len(),
                error = error.to_string(),
                "not submitted"
            ),
        }
        published?;
        Ok(ids)
    }

    /// The events as they are published, where every one of them is accepted.
    async fn judge(&self, submitted: Submitted) -> Result<Vec<Outgoing>, Problem> {
        let (catalog, limits, stream) =
            (Arc::clone(&self.catalog), self.limits, self.stream.clone());
        let keys = self.settings.keys.clone();
        let judged = self.workers.run(move || {
            let mut judge = Judge::new(&catalog, limits);
            let properties = Value::from_iter(submitted.properties.clone()).to_string();
            let content_type = Value::from(submitted.content_type.clone()).to_string();
            let mut refused = Vec::new();
            let mut accepted = Vec::new();
            for (index, body) in submitted.bodies.into_iter().enumerate() {
                let submission = Submission {
                    body: &body,
                    properties: Some(&properties),
                    content_type: Some(&content_type),
                };
                if let Verdict::Rejected(rejection) = judge.judge(&stream, &submission) {
                    refused.push((index, rejection));
                    continue;
                }
                accepted.push(Outgoing {
                    key: key(&body, &keys),
                    body,
                    properties: submitted.properties.clone(),
                    content_type: Some(submitted.content_type.clone()),
                    message_id: Some(submitted.ids[index].clone()),
                });
            }
            (accepted, refused)
        });
        let (accepted, refused) = judged.await;
        if refused.is_empty() {
            Ok(accepted)
        } else {
            Err(Problem::rejected(&refused, accepted.len() + refused.len()))
        }
    }

    fn description(&self) -> &Value {
        self.description
            .get_or_init(|| openapi::document(&self.catalog, &self.stream, &self.settings))
    }
}

/// The first string or number that stands at one of these pointers, in the event or in the data of
/// a `CloudEvents` envelope: the events of one key stay in order.
fn key(body: &[u8], pointers: &[String]) -> Option<String> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let places = [Some(&event), event.get("data")];
    pointers
        .iter()
        .flat_map(|pointer| {
            places
                .into_iter()
                .flatten()
                .map(move |it| it.pointer(pointer))
        })
        .flatten()
        .find_map(|value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
}

/// The routes of the API: what the host forwards as it came, and what it wraps in its envelope.
pub fn routes(api: Arc<Api>) -> Router {
    Router::new()
        .route(PATH, post(forwarded))
        .route(&format!("{PATH}/{{*subject}}"), post(forwarded))
        .route(DESCRIPTION, get(description))
        .route(&format!("/{FUNCTION}"), post(wrapped))
        .with_state(api)
}

/// A request that the host forwards as it came (`enableForwardingHttpRequest`).
async fn forwarded(State(api): State<Arc<Api>>, request: HttpRequest<Body>) -> Response {
    let limit = api.settings.limit;
    to_its_end(async move {
        match Request::forwarded(request, limit).await {
            Ok(request) => api.respond(request).await,
            Err(problem) => Reply::problem(&problem),
        }
    })
    .await
    .into_response()
}

async fn description(State(api): State<Arc<Api>>) -> Response {
    Reply::json(200, api.description()).into_response()
}

/// A request in the host's envelope.
async fn wrapped(State(api): State<Arc<Api>>, request: HttpRequest<Body>) -> Response {
    let limit = envelope::limit(api.settings.limit);
    to_its_end(async move {
        let reply = match envelope::read(request, limit).await {
            Ok(envelope) if envelope.asks_for_description() => Reply::json(200, api.description()),
            Ok(envelope) => api.respond(envelope.request).await,
            Err(problem) => Reply::problem(&problem),
        };
        reply.wrapped()
    })
    .await
    .into_response()
}

/// Whoever asks may go away; what was begun to be published is published.
async fn to_its_end(work: impl Future<Output = Reply> + Send + 'static) -> Reply {
    match tokio::spawn(work).await {
        Ok(reply) => reply,
        Err(_) => Reply::problem(&Problem::panicked()),
    }
}

/// Properties of a request's events.
type Properties = BTreeMap<String, String>;
