//! The handler as the host sees it: HTTP in, blobs out.

#[path = "../support/handler.rs"]
mod handler;
mod limits;
mod payloads;
mod process;
