//! An answer, and the two ways in which the host takes it.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::problem::Problem;

/// What a request is answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(HeaderName, String)>,
    body: String,
}

impl Reply {
    pub(super) fn accepted(ids: &[String]) -> Self {
        Self::json(202, &json!({"accepted": ids.len(), "ids": ids}))
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body)
    }

    pub(super) fn problem(problem: &Problem) -> Self {
        let mut reply = Self::of(
            problem.status(),
            "application/problem+json",
            &problem.to_json(),
        );
        if let Some(seconds) = problem.retry_after() {
            reply
                .headers
                .push((header::RETRY_AFTER, seconds.to_string()));
        }
        reply
    }

    fn of(status: u16, content_type: &str, body: &Value) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, content_type.to_owned())],
            body: body.to_string(),
        }
    }

    /// The answer in the host's envelope: a success of the invocation, whose output binding `res`
    /// is the answer.
    pub(super) fn wrapped(self) -> Self {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), json!(value)))
            .collect();
        let outputs = json!({
            "res": {"statusCode": self.status, "headers": headers, "body": self.body},
        });
        let envelope = json!({"Outputs": outputs, "Logs": [], "ReturnValue": null});
        Self::json(200, &envelope)
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
