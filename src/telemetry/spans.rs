//! The trace of an invocation: from the host's call, or from the producers, to the blobs.

use std::borrow::Cow;
use std::future::Future;
use std::sync::OnceLock;
use std::time::Instant;

use axum::http::HeaderMap;
use opentelemetry::trace::{
    FutureExt, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use super::{Telemetry, trace_context};
use crate::event::{Batch, Log};

/// An error that has a word for the attribute `error.type`: one of few.
pub trait Worded {
    /// The word.
    fn word(&self) -> &'static str;
}

/// A place in a trace, to be taken to another thread.
#[derive(Debug, Clone, Default)]
pub struct Scope(Option<Context>);

impl Telemetry {
    /// The place where this is called.
    pub fn scope(&self) -> Scope {
        Scope(self.0.as_ref().map(|_| Context::current()))
    }

    /// Does some work as a span of its own.
    pub async fn within<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        match self.child(SpanBuilder::from_name(name), &self.scope()) {
            Some(context) => {
                let done = work.with_context(context.clone()).await;
                context.span().end();
                done
            }
            None => work.await,
        }
    }

    /// Does some work as a span of its own, which says how it failed.
    pub(super) async fn attempt<T, E: Worded + ToString>(
        &self,
        span: impl FnOnce() -> SpanBuilder,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if self.0.is_none() {
            return work.await;
        }
        match self.child(span(), &self.scope()) {
            Some(context) => {
                let done = work.with_context(context.clone()).await;
                match &done {
                    Ok(_) => context.span().set_status(Status::Ok),
                    Err(error) => fail(&context, error.word(), error.to_string()),
                }
                context.span().end();
                done
            }
            None => work.await,
        }
    }

    /// Does some work as a span of its own, which says how it failed.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn trying<T, E: Worded + ToString>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.attempt(|| SpanBuilder::from_name(name), work).await
    }

    /// Does some work of one thread as a span below another.
    pub fn during<T>(&self, scope: &Scope, name: &'static str, work: impl FnOnce() -> T) -> T {
        let context = self.child(SpanBuilder::from_name(name), scope);
        let done = work();
        if let Some(context) = context {
            context.span().end();
        }
        done
    }

    /// Notes in the current span that a try of a store call failed, and counts it.
    pub fn retried(&self, operation: &'static str, cause: &'static str) {
        let Some(meters) = self.meters() else {
            return;
        };
        meters.retried(operation, cause);
        Context::map_current(|context| {
            let cause = KeyValue::new("error.type", cause);
            context.span().add_event("retry", vec![cause]);
        });
    }

    fn child(&self, span: SpanBuilder, scope: &Scope) -> Option<Context> {
        let (reporter, parent) = (self.0.as_deref()?, scope.0.as_ref()?);
        let span = reporter.tracer.build_with_context(span, parent);
        Some(parent.with_span(span))
    }

    /// Begins the span of an invocation, which goes on with the host's trace where there is one.
    pub fn invocation(&self, headers: &HeaderMap, log: Log, id: &str) -> InvocationSpan {
        let context = self.0.as_deref().map(|reporter| {
            let parent = match trace_context::of_headers(headers) {
                Some(parent) => Context::new().with_remote_span_context(parent),
                None => Context::new(),
            };
            let span = SpanBuilder::from_name("process")
                .with_kind(SpanKind::Consumer)
                .with_attributes([
                    KeyValue::new("messaging.operation.type", "process"),
                    KeyValue::new("messaging.operation.name", "process"),
                    KeyValue::new("messaging.system", system(log)),
                    KeyValue::new("faas.invocation_id", id.to_owned()),
                ]);
            parent.with_span(reporter.tracer.build_with_context(span, &parent))
        });
        InvocationSpan {
            telemetry: self.clone(),
            context,
            start: Instant::now(),
            destination: OnceLock::new(),
            concluded: false,
        }
    }
}

/// The span of an invocation. It ends with one of its conclusions; one that is dropped without one
/// ends as a panic.
#[derive(Debug)]
pub struct InvocationSpan {
    telemetry: Telemetry,
    context: Option<Context>,
    start: Instant,
    /// The stream of its events, once it is known.
    destination: OnceLock<String>,
    concluded: bool,
}

impl InvocationSpan {
    /// Does the work of the invocation: what is a span there stands below this one.
    pub async fn follow<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.context {
            Some(context) => work.with_context(context.clone()).await,
            None => work.await,
        }
    }

    /// The id of its trace.
    pub fn trace_id(&self) -> Option<String> {
        let context = self.context.as_ref()?;
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| span.trace_id().to_string())
    }

    /// The request was read: so many bytes.
    pub fn read(&self, bytes: usize) {
        if let Some(meters) = self.telemetry.meters() {
            meters.request(bytes);
        }
        if let Some(context) = &self.context {
            let size = KeyValue::new("messaging.message.envelope.size", bytes as i64);
            context.span().set_attribute(size);
        }
    }

    /// The events are known: the span gets their names, and a link with each event's own context.
    pub fn decoded<'a>(&self, batches: impl Iterator<Item = &'a Batch> + Clone) {
        let Some(context) = &self.context else {
            return;
        };
        let Some(first) = batches.clone().next() else {
            return;
        };
        let stream = first.origin.stream().as_str();
        // it is said once an invocation
        let _ = self.destination.set(stream.to_owned());
        let span = context.span();
        if !span.is_recording() {
            return;
        }
        let name = stream.rsplit('/').next().unwrap_or(stream);
        span.update_name(format!("process {name}"));
        span.set_attribute(KeyValue::new(
            "messaging.destination.name",
            stream.to_owned(),
        ));
        let events: usize = batches.clone().map(|batch| batch.events.len()).sum();
        span.set_attribute(KeyValue::new(
            "messaging.batch.message_count",
            events as i64,
        ));
        let mut partitions = batches.clone().map(|batch| batch.origin.partition());
        if let (Some(Some(partition)), None) = (partitions.next(), partitions.next()) {
            span.set_attribute(KeyValue::new(
                "messaging.destination.partition.id",
                partition.as_str().to_owned(),
            ));
        }
        for producer in trace_context::of_events(batches) {
            span.add_link(producer, Vec::new());
        }
    }

    /// All of it is durable.
    pub fn landed(mut self) {
        self.conclude(None);
        if let Some(context) = &self.context {
            context.span().set_status(Status::Ok);
            context.span().end();
        }
    }

    /// It is not, and why.
    pub fn failed(mut self, word: &'static str, problem: &str) {
        self.conclude(Some(word));
        if let Some(context) = &self.context {
            fail(context, word, problem.to_owned());
            context.span().end();
        }
    }

    fn conclude(&mut self, error: Option<&'static str>) {
        self.concluded = true;
        if let Some(meters) = self.telemetry.meters() {
            let destination = self.destination.get().map(String::as_str);
            meters.concluded(destination, error, self.start.elapsed());
        }
    }
}

impl Drop for InvocationSpan {
    fn drop(&mut self) {
        if self.concluded {
            return;
        }
        self.conclude(Some("panic"));
        if let Some(context) = &self.context {
            fail(context, "panic", "the invocation panicked");
            context.span().end();
        }
    }
}

fn fail(context: &Context, word: &'static str, problem: impl Into<Cow<'static, str>>) {
    let span = context.span();
    span.set_attribute(KeyValue::new("error.type", word));
    span.set_status(Status::error(problem));
}

/// The well-known names of `messaging.system`.
pub(super) fn system(log: Log) -> &'static str {
    match log {
        Log::Hub => "eventhubs",
        Log::Topic => "kafka",
    }
}
