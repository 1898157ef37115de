//! One invocation, from the request's body to the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::time::{Instant, timeout};

use super::Handler;
use super::answer::{landed, refusal};
use super::body::{self, BodyError};
use crate::decode::{Decoded, DecodedRecords, PayloadError, decode, decode_records};
use crate::event::Log;
use crate::judge::{Judged, judge_batch};
use crate::landing::{Landed, LandingError};
use crate::telemetry::{InvocationSpan, Scope, Worded};

/// What the host says about an invocation.
pub(super) struct Invocation {
    /// What it carries events of.
    log: Log,
    /// Its id: the same on every retry of a batch.
    pub(super) id: String,
    trace: Option<String>,
    headers: HeaderMap,
}

/// Why a batch is not landed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error(transparent)]
    Landing(#[from] LandingError),
    #[error("it took longer than LANDING_TIMEOUT, {} s", .0.as_secs())]
    TimeOut(Duration),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Body(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::BrokenOff { .. }) | Self::Payload(_) => StatusCode::BAD_REQUEST,
            Self::Landing(_) | Self::TimeOut(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Worded for Refusal {
    fn word(&self) -> &'static str {
        match self {
            Self::Body(BodyError::TooLarge { .. }) => "request-too-large",
            Self::Body(BodyError::BrokenOff { .. }) => "request-broken-off",
            Self::Payload(error) => error.word(),
            Self::Landing(error) => error.word(),
            Self::TimeOut(_) => "time-out",
        }
    }
}

impl Worded for PayloadError {
    fn word(&self) -> &'static str {
        "payload"
    }
}

/// What was landed, for the log.
struct Done {
    judged: Arc<Judged>,
    landed: Landed,
    judging: Duration,
    landing: Duration,
}

impl Invocation {
    pub(super) fn of(log: Log, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let id = text("x-azure-functions-invocationid").filter(|id| is_id(id));
        Self {
            log,
            id: id.unwrap_or("unknown-invocation").to_owned(),
            // traceparent is version-trace-span-flags (W3C Trace Context)
            trace: text("traceparent").and_then(|it| it.split('-').nth(1).map(str::to_owned)),
            headers: headers.clone(),
        }
    }

    pub(super) async fn run(mut self, handler: Arc<Handler>, body: Body) -> Response {
        let span = handler
            .telemetry
            .invocation(&self.headers, self.log, &self.id);
        self.trace = span.trace_id().or(self.trace);
        match span.follow(self.land(&handler, body, &span)).await {
            Ok(done) => {
                span.landed();
                let lines: Vec<String> = done.iter().map(|done| self.report(done)).collect();
                landed(&lines)
            }
            Err(refusal_of) => {
                let (status, problem) = (refusal_of.status(), refusal_of.to_string());
                span.failed(refusal_of.word(), &problem);
                tracing::error!(
                    invocation_id = self.id,
                    trace_id = self.trace,
                    status = status.as_u16(),
                    error = problem,
                    "not landed"
                );
                refusal(status, &problem, Some(&self.id))
            }
        }
    }

    async fn land(
        &self,
        handler: &Arc<Handler>,
        body: Body,
        span: &InvocationSpan,
    ) -> Result<Vec<Done>, Refusal> {
        let mut share = handler.budget.share();
        let limit = handler.settings.request_limit;
        let body = body::read(&self.headers, body, limit, &mut share).await?;
        span.read(body.len());
        let all = handler.settings.landing_timeout;
        match timeout(all, self.judge_and_land(handler, body, span)).await {
            Ok(done) => done,
            Err(_) => Err(Refusal::TimeOut(all)),
        }
    }

    /// Lands the batches one after another: an invocation is done when the last one is.
    async fn judge_and_land(
        &self,
        handler: &Arc<Handler>,
        body: Vec<u8>,
        span: &InvocationSpan,
    ) -> Result<Vec<Done>, Refusal> {
        let start = Instant::now();
        let (work, log, id) = (Arc::clone(handler), self.log, self.id.clone());
        let scope = handler.telemetry.scope();
        let judge = move || work.judge(log, body, &id, &scope);
        let (judged, unusable) = handler.workers.run(judge).await?;
        span.decoded(judged.iter().map(|judged| &judged.batch));
        for name in unusable {
            tracing::warn!(
                invocation_id = self.id,
                metadata = name,
                "not usable: it does not go with the events"
            );
        }
        let judging = start.elapsed();
        let mut done = Vec::with_capacity(judged.len());
        for judged in judged {
            let (judged, before) = (Arc::new(judged), start.elapsed());
            let now = handler.start.elapsed();
            let landing = handler.landing.land(Arc::clone(&judged), now);
            let landed = handler.telemetry.trying("land", landing).await?;
            done.push(Done {
                judged,
                landed,
                judging,
                landing: start.elapsed().saturating_sub(before),
            });
        }
        Ok(done)
    }

    /// Logs what was landed, and says it in one line for the host's own log.
    fn report(&self, done: &Done) -> String {
        let Done { judged, landed, .. } = done;
        let batch = &judged.batch;
        let rejected: u64 = landed.rejected.values().sum();
        let reasons: serde_json::Map<_, _> = landed
            .rejected
            .iter()
            .map(|(reason, count)| (reason.word().to_owned(), (*count).into()))
            .collect();
        let reasons = serde_json::Value::from(reasons).to_string();
        let (first, last) = (
            sequence(batch.events.first()),
            sequence(batch.events.last()),
        );
        let partition = batch.origin.partition().map_or("unknown", |it| it.as_str());
        tracing::info!(
            invocation_id = self.id,
            trace_id = self.trace,
            stream = batch.origin.stream().as_str(),
            partition,
            first,
            last,
            events = batch.events.len(),
            accepted = landed.accepted,
            rejected,
            duplicates = landed.duplicates,
            reasons,
            blobs = landed.blobs.join(" "),
            bytes = landed.bytes,
            judge_ms = done.judging.as_secs_f64() * 1e3,
            land_ms = done.landing.as_secs_f64() * 1e3,
            "landed"
        );
        let span = match (first, last) {
            (Some(first), Some(last)) => format!(" {first}-{last}"),
            _ => String::new(),
        };
        format!(
            "landed {}/{partition}{span}: {} accepted, {rejected} rejected {reasons}, {} duplicates dropped",
            batch.origin.stream(),
            landed.accepted,
            landed.duplicates,
        )
    }
}

impl Handler {
    /// Decodes and judges: what keeps a core busy. The body is let go as soon as it is decoded.
    fn judge(
        &self,
        log: Log,
        body: Vec<u8>,
        invocation: &str,
        scope: &Scope,
    ) -> Result<(Vec<Judged>, Vec<&'static str>), PayloadError> {
        let settings = &self.settings;
        let decode = || match log {
            Log::Hub => {
                let Decoded { batch, unusable } =
                    decode(&body, &settings.trigger, &settings.naming, invocation)?;
                Ok((vec![batch], unusable))
            }
            Log::Topic => {
                let DecodedRecords { batches, unusable } =
                    decode_records(&body, &settings.kafka, &settings.naming, invocation)?;
                Ok((batches, unusable))
            }
        };
        let decoded: Result<_, PayloadError> = self.telemetry.during(scope, "decode", decode);
        let (batches, unusable) = decoded?;
        drop(body);
        let judge = |batch| judge_batch(&self.catalog, settings.event, batch);
        let judge = || batches.into_iter().map(judge).collect();
        Ok((self.telemetry.during(scope, "judge", judge), unusable))
    }
}

fn sequence(event: Option<&crate::event::Event>) -> Option<u64> {
    event?.sequence
}

/// An id that can stand in a blob's name.
fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !id.is_empty() && id.len() <= 64 && id.bytes().all(fits)
}
