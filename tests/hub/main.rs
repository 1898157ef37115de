//! `bronzegate local --hub`, driven by the official clients of Event Hubs.

#![cfg(feature = "hub")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;
#[path = "../support/installed.rs"]
mod installed;
#[path = "../support/npm.rs"]
mod npm;

mod client;
mod clients;
mod command;
mod kills;
#[expect(dead_code, reason = "the tests of what publishes use the rest")]
mod running;
#[cfg(feature = "event-hubs")]
mod rust;
mod trouble;
