//! The answers that the host understands.
//!
//! A success must be a JSON object under `application/json`: an empty 200 would hang the host until
//! `functionTimeout`. Of anything but a 2xx the host reads the status alone; the body is for people.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

/// What `GET /` is told.
pub(super) async fn alive() -> Response {
    answer(StatusCode::OK, &json!({"status": "up"}))
}

/// All is durable. The lines are written into the invocation's log by the host.
pub(super) fn landed(lines: &[String]) -> Response {
    answer(
        StatusCode::OK,
        &json!({"Outputs": {}, "Logs": lines, "ReturnValue": null}),
    )
}

/// The batch is not landed, and why.
pub(super) fn refusal(status: StatusCode, problem: &str, invocation: Option<&str>) -> Response {
    let body = json!({
        "status": status.as_u16(),
        "error": problem,
        "invocation_id": invocation,
    });
    answer(status, &body)
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}
