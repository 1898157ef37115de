//! The host's envelope of an HTTP request, where it does not forward it as it came.
//!
//! `{"Data":{"req":{"Url":…,"Method":"POST","Query":{…},"Headers":{"Content-Type":["…"]},"Params":{…},"Body":"…"}},"Metadata":{…}}`

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request as HttpRequest;
use serde::Deserialize;
use serde_json::Value;

use super::problem::Problem;
use super::request::{self, Request};

/// The binding's name in function.json.
const BINDING: &str = "req";

/// An unwrapped request.
#[derive(Debug)]
pub(super) struct Envelope {
    method: String,
    /// The request's own path.
    path: String,
    pub(super) request: Request,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wrapped {
    #[serde(default)]
    url: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    body: Value,
}

/// The envelope's most bytes around a body of so many: JSON in a JSON string grows.
pub(super) fn limit(body: usize) -> usize {
    2 * body + (64 << 10)
}

impl Envelope {
    /// Whether it asks for the API's description.
    pub(super) fn asks_for_description(&self) -> bool {
        self.method.eq_ignore_ascii_case("GET") && self.path.ends_with("/openapi.json")
    }
}

/// Reads the host's request.
pub(super) async fn read(request: HttpRequest<Body>, limit: usize) -> Result<Envelope, Problem> {
    unwrapped(&request::read(request.into_body(), limit).await?)
}

fn unwrapped(envelope: &[u8]) -> Result<Envelope, Problem> {
    let strange = |problem: String| Problem::malformed(&format!("the host's envelope: {problem}"));
    let mut whole: Value =
        serde_json::from_slice(envelope).map_err(|it| strange(it.to_string()))?;
    let wrapped = whole
        .pointer_mut(&format!("/Data/{BINDING}"))
        .map(Value::take)
        .ok_or_else(|| strange(format!("it has no Data.{BINDING}")))?;
    let wrapped: Wrapped =
        serde_json::from_value(wrapped).map_err(|it| strange(format!("Data.{BINDING}: {it}")))?;
    let path = wrapped.url.split('?').next().unwrap_or_default();
    let headers = wrapped.headers.iter().filter_map(|(name, value)| {
        // a header is an array of its values, and a single one may stand for itself
        let first = value.as_array().map_or(Some(value), |all| all.first())?;
        Some((name.to_ascii_lowercase(), first.as_str()?.to_owned()))
    });
    Ok(Envelope {
        method: wrapped.method,
        path: path.to_owned(),
        request: Request {
            headers: headers.collect(),
            subject: request::subject(path),
            body: match wrapped.body {
                Value::Null => Vec::new(),
                Value::String(text) => text.into_bytes(),
                // a host that reads JSON hands it on as such
                value => value.to_string().into_bytes(),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_out_of_its_envelope() {
        let envelope = unwrapped(
            br#"{"Data":{"req":{"Url":"http://localhost:7071/api/orders/order?code=x","Method":"POST",
            "Query":{"schema":"order/1"},"Headers":{"Content-Type":["application/json"],"Idempotency-Key":["k"]},
            "Params":{},"Identities":[],"Body":"{\"a\": 1.0}"}},"Metadata":{"sys":{"MethodName":"SubmitOrder"}}}"#,
        )
        .unwrap();
        assert_eq!(envelope.request.body, b"{\"a\": 1.0}");
        assert_eq!(envelope.request.headers["idempotency-key"], "k");
        assert_eq!(envelope.request.subject.as_deref(), Some("order"));
        assert!(!envelope.asks_for_description());
    }

    #[test]
    fn what_is_no_envelope_is_said() {
        for wrong in ["", "{}", r#"{"Data":{"req":17}}"#] {
            assert_eq!(
                unwrapped(wrong.as_bytes()).unwrap_err().status(),
                400,
                "{wrong}"
            );
        }
    }
}
