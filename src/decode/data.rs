//! The events' bytes, out of `Data.<binding>`.

use std::borrow::Cow;
use std::ops::Range;

use base64_simd::STANDARD;
use memchr::memchr;
use serde_json::value::RawValue;

use super::request::Members;
use super::{Cardinality, DataType, PayloadError, Trigger};

/// The payloads one behind another, and where each of them stands.
pub(super) type Bodies = (Vec<u8>, Vec<Range<usize>>);

/// Reads the binding's value. The place of an error is relative to it: `[3]`, or nothing.
///
/// Doubly encoded, as the host writes it, the value is held to what function.json declares. A
/// real array, or a payload without a function.json, has to speak for itself: where all its
/// strings are base64 they are taken for bytes, otherwise for text.
pub(super) fn events(
    raw: &str,
    trigger: &Trigger,
    metadata: &Members<'_>,
) -> Result<Bodies, PayloadError> {
    match raw.as_bytes().first() {
        Some(b'"') => {}
        Some(b'[') => return many(raw, undeclared_is_liberal(trigger)),
        Some(b'{') => return Ok(gather([Cow::Borrowed(raw.as_bytes())])),
        _ => return Err(PayloadError::new("", format!("{raw} holds no events"))),
    }
    let binary = matches!(trigger.declared, None | Some((_, DataType::Binary)));
    if binary && let Some(bodies) = base64_in_one_pass(&raw[1..raw.len() - 1]) {
        return Ok(bodies);
    }
    let text: Cow<'_, str> = text(raw)?;
    let single = metadata.contains_key("SequenceNumber") || metadata.contains_key("Offset");
    match trigger.declared {
        Some((Cardinality::Many, data_type)) => many(&text, Reading::Declared(data_type)),
        Some((Cardinality::One, data_type)) => one(&text, Reading::Declared(data_type)),
        None if text.trim_start().starts_with('[') && !single => many(&text, Reading::Liberal),
        None => one(&text, Reading::Liberal),
    }
}

/// How an element becomes bytes.
#[derive(Clone, Copy)]
enum Reading {
    Declared(DataType),
    Liberal,
}

/// A real array never comes from the host with `dataType: binary`, so that is not held against it.
fn undeclared_is_liberal(trigger: &Trigger) -> Reading {
    match trigger.declared {
        None | Some((_, DataType::Binary)) => Reading::Liberal,
        Some((_, data_type)) => Reading::Declared(data_type),
    }
}

/// The shape that the shipped function.json gives, unescaped and decoded in one pass over the
/// request: `[\"eyJ…\",\"…\"]`. Anything else is `None`, and read the long way.
fn base64_in_one_pass(escaped: &str) -> Option<Bodies> {
    let mut rest = escaped.as_bytes().strip_prefix(b"[")?.strip_suffix(b"]")?;
    let mut payload = Vec::with_capacity(rest.len() / 4 * 3);
    let mut bodies = Vec::with_capacity(rest.len() / 128);
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"\\\"")?;
        let end = memchr(b'\\', rest)?;
        let first = payload.len();
        STANDARD.decode_append(&rest[..end], &mut payload).ok()?;
        bodies.push(first..payload.len());
        rest = rest[end..].strip_prefix(b"\\\"")?;
        if let Some(more) = rest.strip_prefix(b",") {
            if more.is_empty() {
                return None;
            }
            rest = more;
        } else if !rest.is_empty() {
            return None;
        }
    }
    Some((payload, bodies))
}

/// The elements of a JSON array.
fn many(array: &str, reading: Reading) -> Result<Bodies, PayloadError> {
    let elements: Vec<&RawValue> = serde_json::from_str(array)
        .map_err(|error| PayloadError::new("", format!("not a JSON array of events: {error}")))?;
    let reading = match reading {
        Reading::Declared(data_type) => data_type,
        Reading::Liberal if all_base64(&elements) => DataType::Binary,
        Reading::Liberal => DataType::String,
    };
    let mut bodies = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let body = element_bytes(element.get(), reading)
            .map_err(|problem| PayloadError::new(format!("[{index}]"), problem))?;
        bodies.push(body);
    }
    Ok(gather(bodies))
}

/// The single event of `cardinality: one`.
fn one(text: &str, reading: Reading) -> Result<Bodies, PayloadError> {
    let quoted = text.trim_start().starts_with('"');
    let body = match reading {
        Reading::Declared(DataType::Binary) => from_base64(text)
            .map_err(|problem| PayloadError::new("", problem))?
            .into(),
        Reading::Liberal if !quoted && !text.is_empty() => match from_base64(text) {
            Ok(bytes) => bytes.into(),
            Err(_) => Cow::Borrowed(text.as_bytes()),
        },
        // a string in a string; a text that only begins like one is the event's own
        _ if quoted => match serde_json::from_str::<String>(text) {
            Ok(inner) => inner.into_bytes().into(),
            Err(_) => Cow::Borrowed(text.as_bytes()),
        },
        _ => Cow::Borrowed(text.as_bytes()),
    };
    Ok(gather([body]))
}

fn element_bytes(element: &str, data_type: DataType) -> Result<Cow<'_, [u8]>, String> {
    let string = element.starts_with('"');
    match data_type {
        DataType::Value => Ok(element.as_bytes().into()),
        _ if element == "null" => Ok(Cow::Borrowed(b"")),
        DataType::Binary if string => {
            let text = text(element).map_err(|error| error.problem)?;
            Ok(from_base64(&text)?.into())
        }
        DataType::String if string => match text(element).map_err(|error| error.problem)? {
            Cow::Borrowed(text) => Ok(text.as_bytes().into()),
            Cow::Owned(text) => Ok(text.into_bytes().into()),
        },
        DataType::Binary => {
            Err("a string in base64 was expected, as function.json says dataType binary".to_owned())
        }
        DataType::String => Ok(element.as_bytes().into()),
    }
}

fn all_base64(elements: &[&RawValue]) -> bool {
    elements
        .iter()
        .all(|element| element_bytes(element.get(), DataType::Binary).is_ok())
}

fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode_to_vec(text).map_err(|_| {
        "not base64 (standard alphabet, padded), as function.json says dataType binary".to_owned()
    })
}

fn text(raw: &str) -> Result<Cow<'_, str>, PayloadError> {
    /// Borrows where there is nothing to unescape.
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw)
        .map(|text| text.0)
        .map_err(|error| PayloadError::new("", format!("not a JSON string: {error}")))
}

fn gather<'a>(bodies: impl IntoIterator<Item = Cow<'a, [u8]>>) -> Bodies {
    let mut payload = Vec::new();
    let ranges = bodies
        .into_iter()
        .map(|body| {
            let first = payload.len();
            payload.extend_from_slice(&body);
            first..payload.len()
        })
        .collect();
    (payload, ranges)
}
