//! What the real process exports, taken apart by endpoints that speak the protocols.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod application_insights;
mod collector;
#[expect(dead_code, reason = "the tests of the handler use the rest")]
#[path = "../support/handler.rs"]
mod handler;
mod ingestion;
mod local;
mod metrics;
#[expect(dead_code, reason = "the tests of the store use the rest")]
#[path = "../support/service.rs"]
mod service;
mod story;
mod traces;
mod trouble;
