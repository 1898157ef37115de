//! A Kafka record's headers, as the extension writes them, made the properties of an event.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use base64_simd::STANDARD;
use serde::Deserialize;

/// One header: `{"Key":"source","Value":"c2hvcA=="}`, the value in base64 or null.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Option<Cow<'a, str>>,
}

/// By how many times an object may be longer than its array: a control character, of base64 a byte and a
/// third, is `\u0001`.
pub(super) const GROWTH: usize = 6;

/// Appends a JSON object with the headers of one record; false where `array` is not an array of
/// headers, and nothing is appended.
///
/// A value that is UTF-8 becomes a string, any other `{"base64":"…"}`, and a header without a value
/// null. Where a name is repeated, which Kafka allows, its values stand in an array, in their order.
pub(super) fn object(array: &str, text: &mut String) -> bool {
    let Ok(headers) = serde_json::from_str::<Vec<Header<'_>>>(array) else {
        return false;
    };
    let mut named: Vec<(&str, Vec<Value>)> = Vec::with_capacity(headers.len());
    let mut places: HashMap<&str, usize> = HashMap::new();
    for header in &headers {
        let Some(value) = Value::of(header.value.as_deref()) else {
            return false;
        };
        let at = *places.entry(&*header.key).or_insert(named.len());
        match named.get_mut(at) {
            Some((_, values)) => values.push(value),
            None => named.push((&header.key, vec![value])),
        }
    }
    text.push('{');
    for (index, (name, values)) in named.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        string(name, text);
        text.push(':');
        if let [value] = &values[..] {
            value.write(text);
            continue;
        }
        for (index, value) in values.iter().enumerate() {
            text.push(if index == 0 { '[' } else { ',' });
            value.write(text);
        }
        text.push(']');
    }
    text.push('}');
    true
}

/// A header's value.
enum Value {
    Null,
    Text(String),
    /// Bytes that are no text, in base64.
    Bytes(String),
}

impl Value {
    fn of(base64: Option<&str>) -> Option<Self> {
        let Some(base64) = base64 else {
            return Some(Self::Null);
        };
        let bytes = STANDARD.decode_to_vec(base64).ok()?;
        Some(match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Bytes(base64.to_owned()),
        })
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Text(text) => string(text, out),
            Self::Bytes(base64) => {
                out.push_str("{\"base64\":");
                string(base64, out);
                out.push('}');
            }
        }
    }
}

/// A JSON string.
fn string(text: &str, out: &mut String) {
    // writing to a string does not fail
    let _ = write!(out, "{}", serde_json::Value::from(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(array: &str) -> Option<String> {
        let mut text = String::new();
        object(array, &mut text).then_some(text)
    }

    #[test]
    fn a_text_is_a_string_and_other_bytes_say_what_they_are() {
        let array = r#"[{"Key":"source","Value":"c2hvcA=="},{"Key":"a\"b","Value":"/w=="},{"Key":"empty","Value":""},{"Key":"none","Value":null}]"#;
        assert_eq!(
            properties(array).as_deref(),
            Some(r#"{"source":"shop","a\"b":{"base64":"/w=="},"empty":"","none":null}"#)
        );
        assert_eq!(properties("[]").as_deref(), Some("{}"));
    }

    #[test]
    fn a_name_that_is_repeated_keeps_all_its_values() {
        let array = r#"[{"Key":"n","Value":"MQ=="},{"Key":"x","Value":"eA=="},{"Key":"n","Value":"Mg=="},{"Key":"n"}]"#;
        assert_eq!(
            properties(array).as_deref(),
            Some(r#"{"n":["1","2",null],"x":"x"}"#)
        );
    }

    #[test]
    fn what_are_no_headers_is_left_out() {
        for array in [
            "",
            "{}",
            "[1]",
            r#"[{"Value":"MQ=="}]"#,
            r#"[{"Key":"n","Value":"?"}]"#,
        ] {
            assert_eq!(properties(array), None, "{array}");
        }
    }
}
