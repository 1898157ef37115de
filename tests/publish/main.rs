//! What publishes to a hub and asks it, against the hub on the laptop: `bronzegate send`, `audit --hub`,
//! `backfill`, and the HTTP API.

#![cfg(all(feature = "hub", feature = "event-hubs"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;
#[path = "../hub/running.rs"]
#[expect(dead_code, reason = "the tests of the hub use the rest")]
mod running;

mod api;
mod command;
mod lake;
mod send;
