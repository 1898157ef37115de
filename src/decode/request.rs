//! The request's body, taken apart: the values of `Data` and `Metadata`, as the host wrote them.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memchr2;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::PayloadError;
use crate::plain::plain_length;

/// The members of an object, each with the JSON of its value.
pub(super) type Members<'a> = HashMap<Cow<'a, str>, &'a str>;

/// What a request carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Payload<'a> {
    pub(super) data: Members<'a>,
    pub(super) metadata: Members<'a>,
}

impl<'a> Payload<'a> {
    /// # Errors
    /// Where the body is not a JSON object that holds `Data`.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, PayloadError> {
        let text = simdutf8::compat::from_utf8(body)
            .map_err(|error| PayloadError::new("body", format!("not UTF-8: {error}")))?;
        match Scanner::payload(text) {
            Some(payload) => Ok(payload),
            None => Self::parse(text),
        }
    }

    /// Any JSON.
    fn parse(text: &'a str) -> Result<Self, PayloadError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Request<'a> {
            #[serde(borrow)]
            data: Option<HashMap<Cow<'a, str>, &'a RawValue>>,
            #[serde(borrow, default)]
            metadata: Option<HashMap<Cow<'a, str>, &'a RawValue>>,
        }
        let request: Request<'_> = serde_json::from_str(text).map_err(|error| {
            PayloadError::new("body", format!("not an invocation of the host: {error}"))
        })?;
        let members = |of: Option<HashMap<Cow<'a, str>, &'a RawValue>>| -> Option<Members<'a>> {
            Some(
                of?.into_iter()
                    .map(|(name, raw)| (name, raw.get()))
                    .collect(),
            )
        };
        Ok(Self {
            data: members(request.data)
                .ok_or_else(|| PayloadError::new("Data", "missing: it holds the events"))?,
            metadata: members(request.metadata).unwrap_or_default(),
        })
    }
}

/// Goes over what the host writes: `{"Data":{…},"Metadata":{…}}`, each with a few members, most of
/// which are long strings. It gives up, for serde to read it, where it finds anything else.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn payload(text: &'a str) -> Option<Payload<'a>> {
        let mut scanner = Self { text, at: 0 };
        scanner.take(b'{')?;
        let (mut data, mut metadata) = (None, None);
        loop {
            let name = scanner.name()?;
            let members = match name {
                "Data" if data.is_none() => &mut data,
                "Metadata" if metadata.is_none() => &mut metadata,
                _ => return None,
            };
            *members = Some(scanner.members(name == "Data")?);
            if !scanner.more()? {
                break;
            }
        }
        scanner.skip_space();
        let data: Members<'a> = data?;
        // what is read of `Data` is looked at byte by byte; a second binding would not be read
        (scanner.at == text.len() && data.len() < 2).then_some(Payload {
            data,
            metadata: metadata.unwrap_or_default(),
        })
    }

    /// The members of an object. A string that is `looked_at` by whoever reads it is gone over
    /// without asking whether what is escaped in it can be.
    fn members(&mut self, looked_at: bool) -> Option<Members<'a>> {
        self.take(b'{')?;
        let mut members = Members::new();
        loop {
            let name = self.name()?;
            self.skip_space();
            let start = self.at;
            if self.peek() == Some(b'"') {
                self.string(looked_at)?;
            } else {
                let mut values = serde_json::Deserializer::from_str(&self.text[start..])
                    .into_iter::<&RawValue>();
                values.next()?.ok()?;
                self.at += values.byte_offset();
            }
            members.insert(Cow::Borrowed(name), &self.text[start..self.at]);
            if !self.more()? {
                return Some(members);
            }
        }
    }

    /// A name without escapes, and its colon.
    fn name(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        self.at += plain_length(&self.text.as_bytes()[start..]);
        let name = &self.text[start..self.at];
        (self.peek()? == b'"').then_some(())?;
        self.at += 1;
        self.take(b':')?;
        Some(name)
    }

    /// Goes behind a string; `at` stands on its quote.
    fn string(&mut self, looked_at: bool) -> Option<()> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            // behind a backslash at the very end there is nothing
            let rest = bytes.get(self.at..)?;
            self.at += if looked_at {
                memchr2(b'"', b'\\', rest)?
            } else {
                plain_length(rest)
            };
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' if looked_at || b"\"\\/bfnrt".contains(bytes.get(self.at + 1)?) => {
                    self.at += 2;
                }
                _ => return None,
            }
        }
    }

    /// Whether another member comes, or the object ends.
    fn more(&mut self) -> Option<bool> {
        self.skip_space();
        let more = match self.peek()? {
            b',' => true,
            b'}' => false,
            _ => return None,
        };
        self.at += 1;
        Some(more)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_host_writes_is_gone_over_and_anything_else_is_parsed() {
        for (text, scanned) in [
            (
                r#"{"Data":{"e":"[\"YQ==\"]"},"Metadata":{"A":"[1]","B":{"c":[1]},"D":null}}"#,
                true,
            ),
            (" { \"Data\" : { \"e\" : 1 } }\n", true),
            (r#"{"Data":{"e":"\u0041"},"Metadata":{"A":"\\\"\n"}}"#, true),
            (r#"{"Data":{"e":""},"Metadata":{"A":"\u0041"}}"#, false),
            (r#"{"Data":{"e":""},"Metadata":{"\u0041":1}}"#, false),
            (r#"{"Data":{"e":"","f":""}}"#, false),
            (r#"{"Data":{},"Metadata":{}}"#, false),
            (r#"{"Metadata":{"A":"1"},"Other":1,"Data":{"e":""}}"#, false),
        ] {
            let payload = Scanner::payload(text);
            assert_eq!(payload.is_some(), scanned, "{text}");
            let parsed = Payload::parse(text).unwrap();
            assert_eq!(
                payload.unwrap_or_else(|| Payload::parse(text).unwrap()),
                parsed
            );
        }
    }

    #[test]
    fn what_breaks_off_is_given_up_wherever_it_does() {
        let whole = r#"{"Data":{"e":"[\"\\é\"]"},"Metadata":{"A":"[\"\"]","B":{"c":[1]}}}"#;
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert_eq!(Scanner::payload(&whole[..end]), None, "{end}");
        }
        assert!(Scanner::payload(whole).is_some());
    }

    fn text() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec![
            "{\"Data\":{\"e\":\"",
            "\"Metadata\":{\"A\":\"",
            "\"",
            "\\\"",
            "\\\\",
            "\\u0041",
            "\\x",
            "[",
            "]",
            "{",
            "}",
            "},",
            "\"}}",
            "\"}",
            ",",
            ":",
            "\"B\":",
            "1",
            "null",
            "-",
            "é",
            "\n",
            " ",
            "a",
        ]);
        prop::collection::vec(token, 1..14)
            .prop_map(|tokens| format!("{{\"Data\":{{\"e\":\"{}", tokens.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// Nothing is taken that serde refuses, but for what is in a string of `Data`; and nothing
        /// is read otherwise.
        #[test]
        fn a_request_that_is_gone_over_is_what_serde_reads(text in text()) {
            if let Some(payload) = Scanner::payload(&text) {
                match Payload::parse(&text) {
                    Ok(parsed) => prop_assert_eq!(payload, parsed),
                    Err(error) => {
                        let unread = payload.data.values().any(|raw| serde_json::from_str::<String>(raw).is_err());
                        prop_assert!(unread, "{}: {}", text, error);
                    }
                }
            }
        }
    }
}
