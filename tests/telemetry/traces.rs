//! One trace from the producer to the blob.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use serde_json::json;
use tempfile::TempDir;

use crate::collector::Manner::Takes;
use crate::collector::{Collector, attributes, hex};
use crate::handler::{Handler, payload};
use crate::service::Answer::Status;
use crate::service::Service;
use crate::story::{BAD, GOOD, HOST_SPAN, OFTEN, TRACE, stop, until, with_properties};

const PRODUCER: &str = "0af7651916cd43dd8448eb211c80319c";

async fn handler(folder: &TempDir, collector: &Collector, settings: &[(&str, &str)]) -> Handler {
    let url = collector.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    let all: Vec<_> = OFTEN.into_iter().chain([endpoint]).collect();
    let all: Vec<_> = all.into_iter().chain(settings.iter().copied()).collect();
    Handler::start(folder.path(), &all).await
}

fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut named = spans.iter().filter(|span| span.name == name);
    let (Some(span), None) = (named.next(), named.next()) else {
        panic!("not one span is called {name}");
    };
    span
}

fn kind(span: &Span) -> SpanKind {
    SpanKind::try_from(span.kind).unwrap()
}

fn status(span: &Span) -> StatusCode {
    let status = span.status.as_ref().map_or(0, |status| status.code);
    StatusCode::try_from(status).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_producers_to_the_blobs() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let handler = handler(&folder, &collector, &[]).await;
    let producer = |span: &str| format!("00-{PRODUCER}-{span}-01");
    let (one, two) = ("00000000000000a1", "00000000000000a2");
    let batch = with_properties(
        7,
        &[
            (GOOD, json!({"traceparent": producer(one)})),
            (GOOD, json!({"Diagnostic-Id": producer(two), "n": 5})),
            (BAD, json!({"Diagnostic-Id": producer(one)})),
            (GOOD, json!({"traceparent": "none"})),
        ],
    );
    let answer = handler.post(batch.clone(), "invocation-1").await.unwrap();
    assert_eq!(answer.status, 200);
    let log = stop(handler).await;
    assert!(log.contains(&format!(r#""trace_id":"{TRACE}""#)), "{log}");

    let spans: Vec<Span> = collector
        .spans()
        .into_iter()
        .filter(|span| hex(&span.trace_id) == TRACE)
        .collect();
    let process = only(&spans, "process orders");
    assert_eq!(kind(process), SpanKind::Consumer);
    assert_eq!(hex(&process.parent_span_id), HOST_SPAN);
    assert_eq!(status(process), StatusCode::Ok);
    let expected: BTreeMap<String, String> = [
        ("faas.invocation_id", "invocation-1"),
        ("messaging.batch.message_count", "4"),
        ("messaging.destination.name", "shop/orders"),
        ("messaging.destination.partition.id", "0"),
        ("messaging.message.envelope.size", &batch.len().to_string()),
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
        ("messaging.system", "eventhubs"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    assert_eq!(attributes(&process.attributes), expected);
    let links: Vec<_> = process
        .links
        .iter()
        .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
        .collect();
    let linked = |span: &str| (PRODUCER.to_owned(), span.to_owned());
    assert_eq!(links, [linked(one), linked(two)]);

    for name in ["decode", "judge", "land"] {
        let span = only(&spans, name);
        assert_eq!(span.parent_span_id, process.span_id, "{name}");
        assert_eq!(kind(span), SpanKind::Internal, "{name}");
    }
    let land = only(&spans, "land");
    assert_eq!(only(&spans, "encode").parent_span_id, land.span_id);
    let mut calls: Vec<&Span> = spans
        .iter()
        .filter(|span| span.name.starts_with("blob "))
        .filter(|span| span.parent_span_id == land.span_id)
        .collect();
    calls.sort_by_key(|span| span.start_time_unix_nano);
    let names: Vec<&str> = calls.iter().map(|span| &*span.name).collect();
    let landing = [
        "blob list",
        "blob list",
        "blob put",
        "blob create",
        "blob create",
        "blob delete",
    ];
    assert!(names.ends_with(&landing), "{names:?}");
    for call in &calls {
        assert_eq!(kind(call), SpanKind::Client);
    }
    let bronze = &attributes(&calls[calls.len() - 3].attributes)["bronzegate.blob"];
    assert!(
        bronze.starts_with("bronze/shop/orders/date=2026-11-20/hour=12/0-"),
        "{bronze}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_sample_is_no_reason_not_to() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let sampled = async |settings: &[(&str, &str)], first: usize| {
        let handler = handler(&folder, &collector, settings).await;
        let url = format!("http://{}/IngestOrders", handler.address());
        let request = reqwest::Client::new()
            .post(url)
            .header("traceparent", format!("00-{TRACE}-{HOST_SPAN}-00"))
            .body(payload("0", first, &[GOOD]));
        assert_eq!(request.send().await.unwrap().status(), 200);
        stop(handler).await;
        let spans = collector.spans();
        let process = spans.iter().filter(|span| span.name == "process orders");
        process.count()
    };
    assert_eq!(sampled(&[], 0).await, 1);
    let parent = ("OTEL_TRACES_SAMPLER", "parentbased_always_on");
    assert_eq!(sampled(&[parent], 1).await, 1, "the operator's word counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_says_so_and_why() {
    let (folder, collector) = (
        TempDir::new().unwrap(),
        Collector::start(Takes, Takes).await,
    );
    let service = Service::start([
        Status(503, "ServerBusy", ""),
        Status(500, "InternalError", ""),
        Status(201, "", ""),
        Status(201, "", ""),
        Status(403, "AuthorizationPermissionMismatch", ""),
    ])
    .await;
    // without a SAS it is the emulator: the container is made by one request, the marker by another
    let url = service.url();
    let lake = ("LANDING_URL", url.split('?').next().unwrap());
    let handler = handler(&folder, &collector, &[lake]).await;
    until("the lake is open", || {
        handler.log().contains(r#""message":"ready""#)
    })
    .await;
    let answer = handler.post(payload("0", 0, &[GOOD]), "i").await.unwrap();
    assert_eq!(answer.status, 503);
    stop(handler).await;

    let spans = collector.spans();
    let process = only(&spans, "process orders");
    for span in [process, only(&spans, "land"), only(&spans, "blob list")] {
        assert_eq!(status(span), StatusCode::Error, "{}", span.name);
        let kind = &attributes(&span.attributes)["error.type"];
        assert_eq!(kind, "forbidden", "{}", span.name);
    }
    let message = &process.status.as_ref().unwrap().message;
    assert!(
        message.contains("AuthorizationPermissionMismatch"),
        "{message}"
    );
    let open = only(&spans, "blob open");
    let causes: Vec<String> = open
        .events
        .iter()
        .map(|event| {
            assert_eq!(event.name, "retry");
            attributes(&event.attributes)["error.type"].clone()
        })
        .collect();
    assert_eq!(causes, ["throttled", "unavailable"]);
    let host = &attributes(&open.attributes)["server.address"];
    assert_eq!(host, "127.0.0.1");
    let count = |cause: &str| {
        let key = format!("bronzegate.operation=open error.type={cause}");
        collector.points("bronzegate.store.retries")[&key].count
    };
    assert_eq!((count("throttled"), count("unavailable")), (1, 1));
}
