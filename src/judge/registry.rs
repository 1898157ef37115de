//! Events that were written by a serializer of a schema registry: the id that it puts before the
//! payload or into the content type, and the schemas that the catalog has for such ids.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::catalog::{CatalogError, Routes};

/// Where a registry knows an event's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Registered {
    /// By Confluent's prefix: a zero byte and the schema's id, big-endian ("Wire format" in
    /// Confluent's documentation of the Schema Registry).
    Confluent(u32),
    /// By the content type of Azure Schema Registry's encoders: `application/json+<id>`, or
    /// `application/json;serialization=Json+<id>`, as the encoder for Python writes it.
    Azure(String),
}

/// The schemas of the registries' ids.
#[derive(Debug, Default)]
pub(super) struct Registries {
    confluent: HashMap<u32, usize>,
    azure: HashMap<String, usize>,
}

impl Registries {
    /// Reads `registries` of the catalog.
    pub(super) fn read(routes: &Routes<'_>, value: Option<Value>) -> Result<Self, CatalogError> {
        const POINTER: &str = "/registries";
        let mut entries = match value {
            None => Map::new(),
            Some(Value::Object(entries)) => entries,
            Some(_) => {
                let problem = "an object with `confluent` and `azure`";
                return Err(routes.invalid(POINTER, problem.into()));
            }
        };
        let mut registries = Self::default();
        for (id, schema) in routes.map("/registries/confluent", entries.remove("confluent"))? {
            let Ok(number) = id.parse() else {
                let pointer = format!("{POINTER}/confluent/{id}");
                return Err(routes.invalid(&pointer, "an id is a number, as in `100001`".into()));
            };
            registries.confluent.insert(number, schema);
        }
        for (id, schema) in routes.map("/registries/azure", entries.remove("azure"))? {
            registries.azure.insert(id.to_ascii_lowercase(), schema);
        }
        match entries.keys().next() {
            Some(unknown) => {
                let problem = "no such registry: there are `confluent` and `azure`";
                Err(routes.invalid(&format!("{POINTER}/{unknown}"), problem.into()))
            }
            None => Ok(registries),
        }
    }

    /// The schema of an id.
    pub(super) fn schema(&self, registered: &Registered) -> Option<usize> {
        match registered {
            Registered::Confluent(id) => self.confluent.get(id).copied(),
            Registered::Azure(id) => self.azure.get(id).copied(),
        }
    }
}

/// Takes Confluent's prefix off: the payload's own bytes, and the schema's id. No JSON text begins
/// with a zero byte, so nothing else is taken for it.
pub fn unframed(body: &[u8]) -> (&[u8], Option<u32>) {
    match body {
        [0, a, b, c, d, payload @ ..] => (payload, Some(u32::from_be_bytes([*a, *b, *c, *d]))),
        _ => (body, None),
    }
}

/// The schema's id in a content type, in lower case.
pub(super) fn azure_id(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next()?;
    let id = match strip(media_type, "application/json+") {
        Some(id) => id,
        None if media_type.eq_ignore_ascii_case("application/json") => {
            parts.find_map(|part| strip(part, "serialization=json+"))?
        }
        None => return None,
    };
    (!id.is_empty()).then(|| id.to_ascii_lowercase())
}

/// What is behind a prefix, whose case does not count.
fn strip<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (before, behind) = text.split_at_checked(prefix.len())?;
    before.eq_ignore_ascii_case(prefix).then_some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_five_bytes() {
        assert_eq!(unframed(b"\0\0\x01\x86\xa1{}"), (&b"{}"[..], Some(100_001)));
        assert_eq!(unframed(b"\0\0\0\0\x07"), (&b""[..], Some(7)));
        for plain in [&b"{}"[..], b"", b"\0", b"\0\0\0\0", b" \0\0\0\0{}"] {
            assert_eq!(unframed(plain), (plain, None));
        }
    }

    #[test]
    fn the_id_stands_in_the_content_type() {
        for content_type in [
            "application/json+3F2A",
            "Application/JSON+3f2a; charset=utf-8",
            "application/json;serialization=Json+3f2a",
            "application/json; charset=utf-8; Serialization=JSON+3f2a",
        ] {
            assert_eq!(
                azure_id(content_type).as_deref(),
                Some("3f2a"),
                "{content_type}"
            );
        }
        for other in [
            "application/json",
            "application/json+",
            "application/cloudevents+json",
            "avro/binary+3f2a",
            "text/plain;serialization=json+3f2a",
            "",
            "ä",
        ] {
            assert_eq!(azure_id(other), None, "{other}");
        }
    }
}
