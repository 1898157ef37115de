//! Lands order events from Azure Event Hubs or a Kafka topic in a lake, each exactly once.
//!
//! The Functions host posts a batch of events; every event is judged against JSON Schema; the good
//! ones become bronze NDJSON and the others a rejection log that says why. Whatever is killed, no
//! event is lost and none stands twice (`ARCHITECTURE.md` numbers the invariants).
//!
//! The modules, in the order in which an event passes through them:
//!
//! - [`event`]: coordinates of an event, and the batch that the decoder hands on
//! - [`decode`]: the body of the host's request in, a batch of events out
//! - [`judge`]: an event's bytes in, one verdict out
//! - [`encode`]: judged events in, the bodies of a bronze blob and of a rejection blob out
//! - [`landing`]: judged events in, blobs out, each event exactly once
//! - [`store`]: where blobs are kept: Azure Blob Storage, a folder, memory
//!
//! What reads the lake again:
//!
//! - [`lake`]: streams, days and hours of a lake, and the records of a blob
//! - [`replay`]: rejections that today's schemas accept are landed, each once
//! - [`audit`]: every event is accounted for, or a finding says what is wrong
//!
//! The other side of the hub, behind the feature `event-hubs`:
//!
//! - [`event_hubs`]: where a hub is, who publishes to it and who reads it
//! - `send`: events out of files or the generator, published
//! - `submit`: the HTTP API, whose events are judged and published
//! - `backfill`: events that the function never landed, read back from the hub or from Capture
//!
//! And around all of it: `hub` (an event hub on the laptop; a feature), [`serve`] (the host's requests), [`check`] (a producer's files), [`local`] (all
//! of it on one machine), [`cli`], [`settings`], [`terminal`], [`telemetry`], [`workers`].

#![forbid(unsafe_code)]

pub mod audit;
#[cfg(feature = "event-hubs")]
pub mod backfill;
pub mod check;
pub mod cli;
pub mod decode;
pub mod encode;
pub mod event;
pub mod event_hubs;
#[cfg(feature = "hub")]
pub mod hub;
pub mod judge;
pub mod lake;
pub mod landing;
pub mod local;
mod plain;
pub mod replay;
#[cfg(feature = "event-hubs")]
pub mod send;
pub mod serve;
pub mod settings;
pub mod store;
#[cfg(feature = "event-hubs")]
pub mod submit;
pub mod telemetry;
pub mod terminal;
pub mod workers;
