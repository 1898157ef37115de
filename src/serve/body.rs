//! Reading a request's body, chunked or with a length, within the limits.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;

use super::budget::Share;

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It is larger than `REQUEST_LIMIT`.
    #[error(
        "the request is larger than REQUEST_LIMIT, {limit} bytes: lower maxEventBatchSize in host.json, or raise the limit"
    )]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The connection broke.
    #[error("the request broke off after {read} bytes: {problem}")]
    BrokenOff {
        /// How many bytes came.
        read: usize,
        /// What the connection says.
        problem: String,
    },
}

/// Bytes that are reserved on the word of a Content-Length alone.
const TRUSTED: usize = 16 << 20;

/// Reads a body of at most `limit` bytes, waiting for its share of the budget.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    share: &mut Share,
) -> Result<Vec<u8>, BodyError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > limit {
        return Err(BodyError::TooLarge { limit });
    }
    share.grow(announced).await;
    let mut bytes = Vec::with_capacity(announced.min(TRUSTED));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::BrokenOff {
            read: bytes.len(),
            problem: error.to_string(),
        })?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > limit {
                return Err(BodyError::TooLarge { limit });
            }
            share.grow(bytes.len() + data.len()).await;
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}
