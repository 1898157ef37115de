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
//! And around both: [`serve`] (the host's requests), [`check`] (a producer's files), [`local`] (all
//! of it on one machine), [`cli`], [`settings`], [`terminal`], [`telemetry`], [`workers`].

#![forbid(unsafe_code)]

pub mod audit;
pub mod check;
pub mod cli;
pub mod decode;
pub mod encode;
pub mod event;
pub mod judge;
pub mod lake;
pub mod landing;
pub mod local;
pub mod replay;
pub mod serve;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod terminal;
pub mod workers;
