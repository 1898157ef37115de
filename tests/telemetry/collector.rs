//! An OTLP collector: takes protobuf over HTTP, and answers as a test wants it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

use crate::story::CANARY;

/// How a request is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Takes,
    Refuses(u16),
    /// The request is read, and never answered.
    Hangs,
}

/// A collector on a port of this machine.
#[derive(Clone)]
pub struct Collector {
    port: u16,
    state: Arc<Mutex<Received>>,
    /// How traces are met, and how metrics are.
    manner: (Manner, Manner),
}

#[derive(Default)]
struct Received {
    traces: Vec<ExportTraceServiceRequest>,
    metrics: Vec<ExportMetricsServiceRequest>,
    headers: Vec<HeaderMap>,
}

/// An instrument's points at a collection: its attributes in the order of their names, and what
/// was counted.
pub type Points = BTreeMap<String, Point>;

/// A count; of a histogram how many were recorded, and their sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub count: u64,
    pub sum: f64,
}

impl Collector {
    pub async fn start(traces: Manner, metrics: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
            manner: (traces, metrics),
        };
        let router = Router::new()
            .fallback(receive)
            .with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        collector
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All spans that came.
    pub fn spans(&self) -> Vec<Span> {
        let state = self.state.lock().unwrap();
        let resources = state.traces.iter().flat_map(|it| &it.resource_spans);
        let scopes = resources.flat_map(|it| &it.scope_spans);
        scopes.flat_map(|it| it.spans.clone()).collect()
    }

    /// The attributes of the resource that speaks.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let state = self.state.lock().unwrap();
        let resource = state.metrics[0].resource_metrics[0].resource.as_ref();
        attributes(&resource.unwrap().attributes)
    }

    /// The headers of the requests so far.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.state.lock().unwrap().headers.clone()
    }

    /// An instrument with its unit, as it stands in the last collection that has it.
    pub fn metric(&self, name: &str) -> Option<Metric> {
        let state = self.state.lock().unwrap();
        let mut collections = state.metrics.iter().rev();
        collections.find_map(|collection| {
            let resources = collection.resource_metrics.iter();
            let scopes = resources.flat_map(|it| &it.scope_metrics);
            let mut metrics = scopes.flat_map(|it| &it.metrics);
            metrics.find(|metric| metric.name == name).cloned()
        })
    }

    /// What an instrument has counted since the start.
    pub fn points(&self, name: &str) -> Points {
        self.metric(name).map(points).unwrap_or_default()
    }

    /// The names of all instruments that came.
    pub fn names(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let resources = state.metrics.iter().flat_map(|it| &it.resource_metrics);
        let scopes = resources.flat_map(|it| &it.scope_metrics);
        let metrics = scopes.flat_map(|it| &it.metrics);
        let names: std::collections::BTreeSet<_> = metrics.map(|it| it.name.clone()).collect();
        names.into_iter().collect()
    }
}

async fn receive(
    State(collector): State<Collector>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let canary = CANARY.as_bytes();
    assert!(!body.windows(canary.len()).any(|part| part == canary));
    let manner = {
        let mut state = collector.state.lock().unwrap();
        state.headers.push(headers);
        match uri.path() {
            "/v1/traces" => {
                state.traces.push(Message::decode(body).unwrap());
                collector.manner.0
            }
            "/v1/metrics" => {
                state.metrics.push(Message::decode(body).unwrap());
                collector.manner.1
            }
            other => panic!("{other} is no path of OTLP"),
        }
    };
    match manner {
        Manner::Takes => StatusCode::OK,
        Manner::Refuses(status) => StatusCode::from_u16(status).unwrap(),
        Manner::Hangs => std::future::pending().await,
    }
}

fn points(metric: Metric) -> Points {
    let cumulative = AggregationTemporality::Cumulative as i32;
    match metric.data.unwrap() {
        Data::Sum(sum) => {
            assert_eq!(sum.aggregation_temporality, cumulative);
            let points = sum.data_points.iter().map(|point| {
                let count = match point.value.unwrap() {
                    number_data_point::Value::AsInt(count) => count,
                    number_data_point::Value::AsDouble(count) => panic!("{count} is no number"),
                };
                let point_of = Point {
                    count: count as u64,
                    sum: count as f64,
                };
                (key(&point.attributes), point_of)
            });
            points.collect()
        }
        Data::Histogram(histogram) => {
            assert_eq!(histogram.aggregation_temporality, cumulative);
            let points = histogram.data_points.iter().map(|point| {
                let point_of = Point {
                    count: point.count,
                    sum: point.sum.unwrap(),
                };
                (key(&point.attributes), point_of)
            });
            points.collect()
        }
        other => panic!("{other:?} is not expected"),
    }
}

/// `a=1 b=2`.
fn key(of: &[KeyValue]) -> String {
    let pairs = attributes(of).into_iter();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(" ")
}

/// Attributes by their names.
pub fn attributes(of: &[KeyValue]) -> BTreeMap<String, String> {
    let pairs = of
        .iter()
        .map(|pair| (pair.key.clone(), text(pair.value.as_ref())));
    pairs.collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?} is not expected"),
    }
}

/// An id in hexadecimal.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
