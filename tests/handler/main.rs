//! The handler as the host sees it: HTTP in, blobs out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/handler.rs"]
mod handler;
mod limits;
mod payloads;
mod process;
mod records;
