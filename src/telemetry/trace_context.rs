//! The contexts that the host and producers hand on (W3C Trace Context).

use std::borrow::Cow;
use std::collections::HashSet;
use std::str::FromStr;

use axum::http::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use serde::Deserialize;

use crate::event::Batch;

/// The most events' contexts that a span is linked with: the specification's own limit.
const MOST_LINKS: usize = 128;

/// The context of a `traceparent` and the `tracestate` that goes with it; none where it is no such
/// text. A later version than 00 may have more parts.
pub(super) fn parse(parent: &str, state: Option<&str>) -> Option<SpanContext> {
    let mut parts = parent.trim().split('-');
    let mut part = |length: usize| {
        let part = parts.next()?;
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (part.len() == length && part.bytes().all(lower)).then_some(part)
    };
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        state
            .and_then(|state| TraceState::from_str(state).ok())
            .unwrap_or_default(),
    );
    context.is_valid().then_some(context)
}

/// The context in which the host calls.
pub(super) fn of_headers(headers: &HeaderMap) -> Option<SpanContext> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    parse(text("traceparent")?, text("tracestate"))
}

/// The contexts in which producers sent the events: each once, in the events' order, and no more
/// than a span can be linked with.
pub(super) fn of_events<'a>(batches: impl Iterator<Item = &'a Batch>) -> Vec<SpanContext> {
    let (mut seen, mut contexts) = (HashSet::new(), Vec::new());
    let events = batches.flat_map(|batch| {
        let columns = batch.events.iter().map(|event| event.properties.as_ref());
        columns.filter_map(|span| batch.column(span))
    });
    for properties in events {
        let Some(context) = of_properties(properties) else {
            continue;
        };
        if seen.insert((context.trace_id(), context.span_id())) {
            contexts.push(context);
            if contexts.len() == MOST_LINKS {
                break;
            }
        }
    }
    contexts
}

/// What the Azure SDKs write (`Diagnostic-Id`), and what OpenTelemetry does. Texts alone are looked
/// at: a producer's property of that name may be anything.
#[derive(Deserialize)]
struct Properties<'a> {
    #[serde(borrow, rename = "Diagnostic-Id", default)]
    diagnostic_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    traceparent: Option<Text<'a>>,
    #[serde(borrow, default)]
    tracestate: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text<'a> {
    Is(#[serde(borrow)] Cow<'a, str>),
    IsNot(serde::de::IgnoredAny),
}

impl Text<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::IsNot(_) => None,
        }
    }
}

fn of_properties(json: &str) -> Option<SpanContext> {
    let has = |name: &[u8]| memchr::memmem::find(json.as_bytes(), name).is_some();
    if !has(b"traceparent") && !has(b"Diagnostic-Id") {
        return None;
    }
    let properties: Properties<'_> = serde_json::from_str(json).ok()?;
    let text = |column: &Option<Text<'_>>| Some(column.as_ref()?.text()?.to_owned());
    let state = text(&properties.tracestate);
    [&properties.traceparent, &properties.diagnostic_id]
        .into_iter()
        .find_map(|column| parse(&text(column)?, state.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Log, Origin, Span, Stream};

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_read_as_w3c_writes_it() {
        let context = parse(PARENT, Some("vendor=1")).unwrap();
        assert_eq!(
            context.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
        assert!(context.is_sampled() && context.is_remote());
        assert_eq!(context.trace_state().get("vendor"), Some("1"));
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more";
        assert!(!parse(later, None).unwrap().is_sampled());
    }

    #[test]
    fn what_is_no_context_is_none() {
        for text in [
            "",
            "|abc.def.",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(text, None), None, "{text}");
        }
    }

    fn batch(properties: &[String]) -> Batch {
        let mut batch = Batch::empty(Origin::Invocation {
            log: Log::Hub,
            stream: Stream::new("shop/orders"),
            partition: None,
            id: "i".to_owned(),
        });
        for json in properties {
            let properties = Span::push(json, &mut batch.text);
            batch.events.push(Event {
                properties: Some(properties),
                ..Event::default()
            });
        }
        batch
    }

    fn parent(span: usize) -> String {
        format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span:016x}-01")
    }

    #[test]
    fn events_name_their_producers_each_once() {
        let batch = batch(&[
            format!(r#"{{"traceparent":"{}"}}"#, parent(1)),
            format!(r#"{{"Diagnostic-Id":"{}","n":5}}"#, parent(2)),
            format!(r#"{{"Diagnostic-Id":"{}"}}"#, parent(1)),
            format!(
                r#"{{"Diagnostic-Id":"{}","traceparent":{{"base64":"AA=="}}}}"#,
                parent(3)
            ),
            r#"{"traceparent":7}"#.to_owned(),
            r#"{"x":"traceparent"}"#.to_owned(),
            "{}".to_owned(),
        ]);
        let spans: Vec<String> = of_events([&batch].into_iter())
            .iter()
            .map(|context| context.span_id().to_string())
            .collect();
        assert_eq!(spans, [1, 2, 3].map(|span| format!("{span:016x}")));
    }

    #[test]
    fn no_more_than_a_span_can_hold() {
        let many: Vec<String> = (1..=1000)
            .map(|span| format!(r#"{{"traceparent":"{}"}}"#, parent(span)))
            .collect();
        assert_eq!(of_events([&batch(&many)].into_iter()).len(), MOST_LINKS);
    }
}
