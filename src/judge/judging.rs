//! One event, judged: the reasons in their order, then the schema.

use std::sync::Arc;

use super::catalog::Catalog;
use super::duplicates::repeated_keys;
use super::explain::{MESSAGE_BYTES, VIOLATIONS, cut, note, refused, violations};
use super::fault;
use super::node::TapeNode;
use super::reader::Fault;
use super::registry::unframed;
use super::route::{Route, route};
use super::tape::{Document, Tape};
use super::{Reason, Rejection, Submission, Verdict, Violation};
use crate::event::Stream;

/// How large and how deep an event may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `EVENT_LIMIT`: bytes of a payload. Less than 4 GiB count, whatever is set.
    pub event_bytes: usize,
    /// `NESTING_LIMIT`: arrays and objects within one another. At most [`Limits::DEEPEST`] count,
    /// since schemas may recurse over an event.
    pub nesting: usize,
}

impl Limits {
    /// The deepest nesting that can be allowed.
    pub const DEEPEST: usize = 512;
}

impl Default for Limits {
    /// 1 MiB, as the largest event of the standard tier, and 64.
    fn default() -> Self {
        Self {
            event_bytes: 1024 * 1024,
            nesting: 64,
        }
    }
}

/// Judges events, one after another; each worker has its own.
///
/// What it holds is buffers: a verdict depends on the submission, the stream and the catalog alone.
#[derive(Debug)]
pub struct Judge {
    catalog: Arc<Catalog>,
    limits: Limits,
    tape: Tape,
    columns: Tape,
    /// The stream that was asked for last, and its default.
    default: Option<(Stream, usize)>,
    /// The one schema under which everything is judged, whatever events and streams say.
    forced: Option<usize>,
}

impl Judge {
    /// A judge by this catalog.
    pub fn new(catalog: &Arc<Catalog>, limits: Limits) -> Self {
        Self {
            catalog: Arc::clone(catalog),
            limits: Limits {
                event_bytes: limits.event_bytes.min(u32::MAX as usize - 1),
                nesting: limits.nesting.min(Limits::DEEPEST),
            },
            tape: Tape::default(),
            columns: Tape::default(),
            default: None,
            forced: None,
        }
    }

    /// A judge under one schema, whatever an event says of itself and whatever the catalog routes:
    /// the body is judged as it is. `name` is what a route may name; `None` where the catalog does
    /// not have it.
    pub fn under(catalog: &Arc<Catalog>, limits: Limits, name: &str) -> Option<Self> {
        let schema = catalog.named(name)?;
        Some(Self {
            forced: Some(schema),
            ..Self::new(catalog, limits)
        })
    }

    /// The verdict on one event of a stream. Every byte string has exactly one.
    pub fn judge(&mut self, stream: &Stream, submission: &Submission<'_>) -> Verdict {
        let (body, id) = unframed(submission.body);
        let text = match self.read(body) {
            Ok(text) => text,
            Err(rejection) => return Verdict::Rejected(behind_prefix(rejection, id)),
        };
        let document = Document {
            source: text,
            tape: &self.tape,
        };
        let (catalog, last) = (&self.catalog, &mut self.default);
        let default = |stream: &Stream| match last {
            Some((known, schema)) if known == stream => *schema,
            _ => {
                let schema = catalog.for_stream(stream);
                *last = Some((stream.clone(), schema));
                schema
            }
        };
        let route = match self.forced {
            Some(schema) => Route::To {
                schema,
                value: 0,
                prefix: "",
            },
            None => route(
                catalog,
                default,
                stream,
                (submission, id),
                document,
                &mut self.columns,
            ),
        };
        let (schema, value, prefix) = match route {
            Route::To {
                schema,
                value,
                prefix,
            } => (catalog.schema(schema), value, prefix),
            Route::Unknown { name, by } => return Verdict::Rejected(unknown(catalog, name, &by)),
            Route::Envelope { pointer, problem } => {
                let violation = refused(Reason::Schema, pointer.into(), problem.into());
                return rejected(Reason::Schema, None, vec![violation]);
            }
        };
        let node = TapeNode {
            document,
            index: value,
        };
        if schema.accepts_soon(node) {
            return Verdict::Accepted(Arc::clone(&schema.name));
        }
        let mut violations = violations(schema, node, prefix);
        if violations.is_empty() {
            if schema.validator.is_valid(node) {
                return Verdict::Accepted(Arc::clone(&schema.name));
            }
            violations.push(note("the schema refuses the event".into()));
        }
        rejected(Reason::Schema, Some(Arc::clone(&schema.name)), violations)
    }

    /// Puts a body on the tape.
    fn read<'b>(&mut self, body: &'b [u8]) -> Result<&'b str, Rejection> {
        let one = |reason, pointer: String, message: String| Rejection {
            reason,
            schema: None,
            violations: vec![refused(reason, pointer, message)],
        };
        if body.iter().all(|byte| b" \t\n\r".contains(byte)) {
            let message = if body.is_empty() {
                "the event has no bytes"
            } else {
                "the event is nothing but white space"
            };
            return Err(one(Reason::Empty, String::new(), message.into()));
        }
        if body.len() > self.limits.event_bytes {
            let message = format!(
                "{} bytes, and the limit is {}: send less, or one event for each order",
                body.len(),
                self.limits.event_bytes
            );
            return Err(one(Reason::TooLarge, String::new(), message));
        }
        let text = utf8(body).map_err(|message| one(Reason::NotUtf8, String::new(), message))?;
        match self.tape.read(text, self.limits.nesting) {
            Ok(()) => {}
            Err(Fault::Syntax { at, expected }) => {
                let message = fault::message(text, at, expected);
                return Err(one(Reason::NotJson, String::new(), message));
            }
            Err(Fault::TooDeep { pointer }) => {
                let message = format!(
                    "arrays and objects nest deeper than {}",
                    self.limits.nesting
                );
                return Err(one(Reason::TooDeep, pointer, message));
            }
        }
        if self.tape.suspects.is_empty() {
            return Ok(text);
        }
        self.unique_keys(text).map(|()| text)
    }

    fn unique_keys(&self, text: &str) -> Result<(), Rejection> {
        let document = Document {
            source: text,
            tape: &self.tape,
        };
        let repeated = repeated_keys(document);
        if repeated.is_empty() {
            return Ok(());
        }
        let reason = Reason::DuplicateKey;
        let message = "this key stands more than once in its object: readers would disagree \
                       about its value, send it once";
        let mut violations: Vec<_> = repeated
            .iter()
            .take(VIOLATIONS)
            .map(|&key| refused(reason, document.pointer(0, key), message.into()))
            .collect();
        if repeated.len() > VIOLATIONS {
            let more = repeated.len() - VIOLATIONS;
            violations.push(refused(reason, String::new(), format!("and {more} more")));
        }
        Err(Rejection {
            reason,
            schema: None,
            violations,
        })
    }
}

/// What is behind the prefix of a registry's serializer may never have been meant to be JSON.
fn behind_prefix(mut rejection: Rejection, id: Option<u32>) -> Rejection {
    if let Some(id) = id {
        for violation in &mut rejection.violations {
            let said = format!(
                "behind the prefix of Confluent's schema id {id}: {}; Avro and Protobuf are not read",
                violation.message
            );
            violation.message = cut(said, MESSAGE_BYTES);
        }
    }
    rejection
}

fn rejected(reason: Reason, schema: Option<Arc<str>>, violations: Vec<Violation>) -> Verdict {
    Verdict::Rejected(Rejection {
        reason,
        schema,
        violations,
    })
}

fn unknown(catalog: &Catalog, name: Option<String>, by: &str) -> Rejection {
    const NAME_BYTES: usize = 128;
    let name = name.map(|name| cut(name, NAME_BYTES));
    let message = match &name {
        Some(name) => format!(
            "{by} names the schema `{name}`, which the catalog does not have; it has {}",
            catalog.known()
        ),
        None => format!(
            "{by} should name a schema, and is no string; the catalog has {}",
            catalog.known()
        ),
    };
    Rejection {
        reason: Reason::UnknownSchema,
        schema: name.map(Arc::from),
        violations: vec![refused(Reason::UnknownSchema, String::new(), message)],
    }
}

/// The body as text, or what it looks like instead.
fn utf8(body: &[u8]) -> Result<&str, String> {
    if let Ok(text) = simdutf8::basic::from_utf8(body) {
        return Ok(text);
    }
    std::str::from_utf8(body).map_err(|error| {
        let hint = match body {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => ": it begins as UTF-16 does, send UTF-8",
            [0x1F, 0x8B, ..] => ": it begins as gzip does, send it uncompressed",
            _ => "",
        };
        format!("byte {} is not UTF-8{hint}", error.valid_up_to() + 1)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_judge_under_one_schema_follows_no_route() {
        let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
        let catalog = Arc::new(Catalog::load(Path::new(schemas)).unwrap());
        let stream = Stream::new("shop/orders");
        let submission = Submission {
            body:
                br#"{"orderId":"1","event":"cancelled","time":"2019-12-09T12:00:00Z","reason":"x"}"#,
            properties: Some(r#"{"schema":"order-transaction/1.0.0"}"#),
            content_type: Some(r#""application/cloudevents+json""#),
        };
        let mut judge = Judge::under(&catalog, Limits::default(), "order/1").unwrap();
        assert_eq!(
            judge.judge(&stream, &submission),
            Verdict::Accepted("order/1.0.0".into())
        );
        let mut routed = Judge::new(&catalog, Limits::default());
        assert_ne!(
            routed.judge(&stream, &submission),
            Verdict::Accepted("order/1.0.0".into())
        );
        assert!(Judge::under(&catalog, Limits::default(), "order/2").is_none());
    }
}
