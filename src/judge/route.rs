//! Which schema an event is judged under, and which value of it.
//!
//! Looked for in this order: the catalog's property or header; a registry's id; `CloudEvents`
//! `dataschema`; `CloudEvents` `type`; the stream's default; the catalog's. The first three name a
//! schema, so a name that the catalog doesn't have is a rejection. A `type` names a kind of event: one that the
//! catalog doesn't map goes on to the defaults.

use base64_simd::STANDARD;

use super::Submission;
use super::catalog::Catalog;
use super::registry::{Registered, azure_id};
use super::tape::{Document, Kind, Tape};
use crate::event::Stream;

/// Where an event is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// Under the schema with this index of the catalog.
    To {
        /// The index.
        schema: usize,
        /// The entry that is judged, and the pointer to it.
        value: u32,
        prefix: &'static str,
    },
    /// A route names what the catalog doesn't have.
    Unknown {
        /// The name, as the event has it.
        name: Option<String>,
        /// Who said it, in words.
        by: String,
    },
    /// The envelope can't be judged.
    Envelope {
        pointer: &'static str,
        problem: &'static str,
    },
}

/// What of the properties and the envelope says where to go.
#[derive(Debug, Default)]
struct Signs {
    property: Option<Named>,
    dataschema: Option<Named>,
    kind: Option<Sign>,
    content_type: Option<Sign>,
}

/// A string that was said, or something else in its place.
#[derive(Debug)]
struct Sign {
    by: String,
    name: Option<String>,
}

/// The schema that was named, or a name that the catalog does not have.
#[derive(Debug)]
enum Named {
    Schema(usize),
    Unknown(Sign),
}

/// The spellings of a `CloudEvents` attribute in AMQP (both) and Kafka.
const TYPE: [&str; 3] = ["cloudEvents:type", "cloudEvents_type", "ce_type"];
const DATASCHEMA: [&str; 3] = [
    "cloudEvents:dataschema",
    "cloudEvents_dataschema",
    "ce_dataschema",
];

/// The Kafka header that stands for the content type, which the Kafka endpoint does not set.
const CONTENT_TYPE: &str = "content-type";

/// How the content type says that the body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plain,
    Structured,
    Batch,
}

/// Finds the route of an event whose body is on the tape of `document`. `columns` is a buffer.
pub(super) fn route(
    catalog: &Catalog,
    default: impl FnOnce(&Stream) -> usize,
    stream: &Stream,
    (submission, id): (&Submission<'_>, Option<u32>),
    document: Document<'_>,
    columns: &mut Tape,
) -> Route {
    let mut signs = Signs::default();
    if let Some(properties) = submission.properties
        && properties.len() > 2
    {
        signs.read_properties(properties, catalog, columns);
    }
    let (mode, encoded) = match submission.content_type {
        Some(json) => content_type(json, columns),
        None => header(signs.content_type.take()),
    };
    let (value, prefix) = match mode {
        Mode::Plain => (0, ""),
        Mode::Structured => match envelope(catalog, document, &mut signs) {
            Ok(data) => (data, "/data"),
            Err((pointer, problem)) => return Route::Envelope { pointer, problem },
        },
        Mode::Batch => {
            return Route::Envelope {
                pointer: "",
                problem: "a CloudEvents batch holds several events: send each as an event of its own",
            };
        }
    };
    let to = |schema| Route::To {
        schema,
        value,
        prefix,
    };
    let by_name = |named: Named| match named {
        Named::Schema(schema) => to(schema),
        Named::Unknown(Sign { by, name }) => Route::Unknown { name, by },
    };
    if let Some(sign) = signs.property {
        return by_name(sign);
    }
    if let Some(registered) = id.map(Registered::Confluent).or(encoded) {
        return match catalog.registered(&registered) {
            Some(schema) => to(schema),
            None => unregistered(registered),
        };
    }
    if let Some(sign) = signs.dataschema {
        return by_name(sign);
    }
    let kind = signs.kind.and_then(|kind| kind.name);
    let mapped = kind.and_then(|kind| spelled(&kind, |kind| catalog.for_type(kind)));
    to(mapped.unwrap_or_else(|| default(stream)))
}

/// A registry's id that the catalog does not map.
fn unregistered(registered: Registered) -> Route {
    let (name, by) = match registered {
        Registered::Confluent(id) => (id.to_string(), "Confluent's prefix"),
        Registered::Azure(id) => (id, "the content type"),
    };
    Route::Unknown {
        name: Some(name),
        by: by.to_owned(),
    }
}

impl Signs {
    fn read_properties(&mut self, properties: &str, catalog: &Catalog, columns: &mut Tape) {
        // the host writes an object; what is none says nothing
        if columns.read(properties, PROPERTIES_NESTING).is_err() {
            return;
        }
        let document = Document {
            source: properties,
            tape: columns,
        };
        for (name, value) in document.members(0) {
            let name = document.text(document.entry(name));
            let by = || format!("the property `{name}`");
            let slot = if Some(name) == catalog.property() {
                self.property = schema(catalog, document, value, by);
                continue;
            } else if DATASCHEMA.contains(&name) {
                self.dataschema = schema(catalog, document, value, by);
                continue;
            } else if TYPE.contains(&name) {
                &mut self.kind
            } else if name.eq_ignore_ascii_case(CONTENT_TYPE) {
                &mut self.content_type
            } else {
                continue;
            };
            *slot = sign(document, value, by);
        }
    }
}

const PROPERTIES_NESTING: usize = 64;

/// A value that says something: null says nothing.
fn sign(document: Document<'_>, value: u32, by: impl FnOnce() -> String) -> Option<Sign> {
    let entry = document.entry(value);
    let name = match entry.kind {
        Kind::Null => return None,
        Kind::Plain | Kind::Escaped => Some(document.text(entry).to_owned()),
        _ => None,
    };
    Some(Sign { by: by(), name })
}

/// The schema that a value names: null names none.
fn schema(
    catalog: &Catalog,
    document: Document<'_>,
    value: u32,
    by: impl FnOnce() -> String,
) -> Option<Named> {
    let entry = document.entry(value);
    if let Kind::Plain | Kind::Escaped = entry.kind
        && let Some(schema) = named(catalog, document.text(entry))
    {
        return Some(Named::Schema(schema));
    }
    sign(document, value, by).map(Named::Unknown)
}

/// The schema of this name, also where the Kafka endpoint wrote the name's bytes as base64.
fn named(catalog: &Catalog, name: &str) -> Option<usize> {
    spelled(name, |name| catalog.named(name))
}

fn spelled(name: &str, find: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    find(name).or_else(|| {
        let bytes = STANDARD.decode_to_vec(name).ok()?;
        find(std::str::from_utf8(&bytes).ok()?)
    })
}

/// What the content type, a JSON string, says of the body.
fn content_type(json: &str, columns: &mut Tape) -> (Mode, Option<Registered>) {
    // every type that says something has a suffix; most have none
    if !json.contains('+') || columns.read(json, 0).is_err() {
        return (Mode::Plain, None);
    }
    let document = Document {
        source: json,
        tape: columns,
    };
    said(document.text(document.entry(0)))
}

/// The same of the Kafka header, whose bytes may stand as base64.
fn header(sign: Option<Sign>) -> (Mode, Option<Registered>) {
    let Some(text) = sign.and_then(|sign| sign.name) else {
        return (Mode::Plain, None);
    };
    let plain = said(&text);
    if plain != (Mode::Plain, None) {
        return plain;
    }
    let bytes = STANDARD.decode_to_vec(&text).unwrap_or_default();
    said(std::str::from_utf8(&bytes).unwrap_or_default())
}

fn said(content_type: &str) -> (Mode, Option<Registered>) {
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if media_type.eq_ignore_ascii_case("application/cloudevents+json") {
        (Mode::Structured, None)
    } else if media_type.eq_ignore_ascii_case("application/cloudevents-batch+json") {
        (Mode::Batch, None)
    } else {
        (Mode::Plain, azure_id(content_type).map(Registered::Azure))
    }
}

/// The entry of an envelope's `data`. Its own attributes count where no property says the same.
fn envelope(
    catalog: &Catalog,
    document: Document<'_>,
    signs: &mut Signs,
) -> Result<u32, (&'static str, &'static str)> {
    if document.entry(0).kind != Kind::Object {
        return Err(("", "a CloudEvents envelope is an object"));
    }
    let by = |name: &str| format!("the attribute `{name}`");
    signs.dataschema = signs.dataschema.take().or_else(|| {
        let value = document.member(0, "dataschema")?;
        schema(catalog, document, value, || by("dataschema"))
    });
    signs.kind = signs.kind.take().or_else(|| {
        let value = document.member(0, "type")?;
        sign(document, value, || by("type"))
    });
    match document.member(0, "data") {
        Some(data) => Ok(data),
        None if document.member(0, "data_base64").is_some() => Err((
            "/data_base64",
            "the event stands as base64: send it as JSON in `data`",
        )),
        None => Err(("", "the CloudEvents envelope has no `data`")),
    }
}
