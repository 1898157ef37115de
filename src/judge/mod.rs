//! Judging: an event's bytes in, one verdict out.
//!
//! Total (every byte string gets exactly one verdict) and pure (no clock, no ids, no environment).

mod batch;
mod catalog;
mod duplicates;
mod explain;
mod fault;
mod files;
mod judging;
mod node;
mod plan;
mod reader;
mod registry;
mod route;
mod tape;

use std::fmt;
use std::sync::Arc;

pub use batch::{Judged, judge_batch};
pub use catalog::{Catalog, CatalogError};
pub use judging::{Judge, Limits};
pub use registry::unframed;
pub(crate) use tape::{push_segment, segment_name};

/// What judging may see of an event.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The payload's own bytes.
    pub body: &'a [u8],
    /// The application properties or Kafka headers: a JSON object, as the host wrote it.
    pub properties: Option<&'a str>,
    /// AMQP `content-type`: a JSON string, as the host wrote it.
    pub content_type: Option<&'a str>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Valid under this schema: `order-transaction/1.0.0`.
    Accepted(Arc<str>),
    /// Refused.
    Rejected(Rejection),
}

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The first reason that applies.
    pub reason: Reason,
    /// The schema under which it was judged (`order-transaction/1.0.0`), or that a route named;
    /// none where judging did not come that far.
    pub schema: Option<Arc<str>>,
    /// What is wrong and where; at least one, and bounded.
    pub violations: Vec<Violation>,
}

/// One thing that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the event: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The schema's keyword that refused it; the reason's word where no schema did.
    pub keyword: String,
    /// Where that keyword stands in the schema: a JSON pointer; empty where no schema refused it.
    pub schema_pointer: String,
    /// What is wrong, in words, and without the event's values.
    pub message: String,
}

/// The reasons for a rejection, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No bytes, or nothing but white space.
    Empty,
    /// More bytes than `EVENT_LIMIT`.
    TooLarge,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text is not JSON (RFC 8259).
    NotJson,
    /// Arrays and objects nest deeper than `NESTING_LIMIT`.
    TooDeep,
    /// An object has the same key twice, so that readers would disagree about its value.
    DuplicateKey,
    /// A route names a schema that the catalog does not have.
    UnknownSchema,
    /// The schema refuses it.
    Schema,
}

impl Reason {
    /// All of them, in the order in which they are looked for.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::TooLarge,
        Self::NotUtf8,
        Self::NotJson,
        Self::TooDeep,
        Self::DuplicateKey,
        Self::UnknownSchema,
        Self::Schema,
    ];

    /// The word that stands in `_reason`, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too-large",
            Self::NotUtf8 => "not-utf8",
            Self::NotJson => "not-json",
            Self::TooDeep => "too-deep",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownSchema => "unknown-schema",
            Self::Schema => "schema",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
