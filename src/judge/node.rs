//! The tape as `jsonschema` sees it: schemas are checked against it without building a tree.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use jsonschema_value::LazyInstance;
use serde_json::{Number, Value};

use super::tape::{Document, Elements, Entry, Kind, Members, Tape};

/// The representation for which validators are built.
pub(super) struct OnTape;

impl Json for OnTape {
    type Node<'a> = TapeNode<'a>;
    type PreparedKey = String;
    type StringBuffer = Tape;

    // a lookup walks the object, so one walk for all keys is always the better one
    const KEYS_PER_LOOKUP: usize = 1 << 16;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut Tape,
        string: &str,
        f: impl FnOnce(TapeNode<'_>) -> T,
    ) -> T {
        buffer.clear();
        buffer.entries.push(Entry {
            kind: Kind::Plain,
            start: 0,
            end: string.len() as u32,
            next: 1,
            count: 0,
        });
        f(TapeNode {
            document: Document {
                source: string,
                tape: buffer,
            },
            index: 0,
        })
    }
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct TapeNode<'a> {
    pub(super) document: Document<'a>,
    pub(super) index: u32,
}

impl<'a> TapeNode<'a> {
    pub(super) fn entry(self) -> &'a Entry {
        self.document.entry(self.index)
    }

    pub(super) fn text(self) -> &'a str {
        self.document.text(self.entry())
    }

    pub(super) fn sibling(self, index: u32) -> Self {
        Self { index, ..self }
    }
}

impl<'a> Node<'a, OnTape> for TapeNode<'a> {
    type Object = TapeObject<'a>;
    type Array = TapeArray<'a>;
    type Number = TapeNumber<'a>;

    fn as_object(&self) -> Option<TapeObject<'a>> {
        (self.entry().kind == Kind::Object).then_some(TapeObject(*self))
    }

    fn as_array(&self) -> Option<TapeArray<'a>> {
        (self.entry().kind == Kind::Array).then_some(TapeArray(*self))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.is_string().then(|| Cow::Borrowed(self.text()))
    }

    fn as_number(&self) -> Option<TapeNumber<'a>> {
        self.is_number().then(|| TapeNumber(self.text()))
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.entry().kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.entry().kind == Kind::Null
    }

    fn is_number(&self) -> bool {
        self.entry().kind == Kind::Number
    }

    fn is_string(&self) -> bool {
        matches!(self.entry().kind, Kind::Plain | Kind::Escaped)
    }

    fn json_type(&self) -> JsonType {
        match self.entry().kind {
            Kind::Null => JsonType::Null,
            Kind::False | Kind::True => JsonType::Boolean,
            Kind::Number => JsonType::Number,
            Kind::Plain | Kind::Escaped => JsonType::String,
            Kind::Array => JsonType::Array,
            Kind::Object => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match expected {
            Value::Null => self.is_null(),
            Value::Bool(expected) => self.as_boolean() == Some(*expected),
            Value::Number(expected) => self
                .as_number()
                .is_some_and(|number| jsonschema_value::cmp::equal_numbers(&number, expected)),
            Value::String(expected) => self.is_string() && self.text() == expected,
            Value::Array(expected) => self.as_array().is_some_and(|array| {
                array.len() == expected.len()
                    && array
                        .elements()
                        .zip(expected)
                        .all(|(element, expected)| element.equals_value(expected))
            }),
            Value::Object(expected) => self.as_object().is_some_and(|object| {
                object.len() == expected.len()
                    && object.members().all(|(name, value)| {
                        expected
                            .get(name)
                            .is_some_and(|expected| value.equals_value(expected))
                    })
            }),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(match self.entry().kind {
            Kind::Null => Value::Null,
            Kind::False => Value::Bool(false),
            Kind::True => Value::Bool(true),
            Kind::Number => Value::Number(TapeNumber(self.text()).number()),
            Kind::Plain | Kind::Escaped => Value::String(self.text().to_owned()),
            // as deep as the nesting limit, which bounds this recursion
            Kind::Array => TapeArray(*self)
                .elements()
                .map(|element| element.to_value().into_owned())
                .collect(),
            Kind::Object => TapeObject(*self)
                .members()
                .map(|(name, value)| (name.to_owned(), value.to_value().into_owned()))
                .collect(),
        })
    }

    fn lazy_value(&self) -> LazyInstance<'a> {
        let bytes = match self.entry().kind {
            Kind::Plain | Kind::Escaped => self.text().as_bytes(),
            Kind::Array | Kind::Object => {
                let entry = self.entry();
                &self.document.source.as_bytes()[entry.start as usize..entry.end as usize]
            }
            _ => return LazyInstance::Ready(self.to_value()),
        };
        LazyInstance::Deferred {
            bytes,
            tag: u32::from(self.is_string()),
            make: deferred,
            cell: std::sync::OnceLock::new(),
        }
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(
            std::ptr::from_ref::<Entry>(self.entry()) as usize
        ))
    }
}

/// What a violation's value is, for whoever asks: a string (tag 1), or a container's source.
fn deferred(bytes: &[u8], tag: u32) -> Value {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Value::Null;
    };
    if tag == 1 {
        return Value::String(text.to_owned());
    }
    let mut tape = Tape::default();
    if tape.read(text, usize::MAX).is_err() {
        return Value::Null;
    }
    let document = Document {
        source: text,
        tape: &tape,
    };
    TapeNode { document, index: 0 }.to_value().into_owned()
}

/// An object of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct TapeObject<'a>(TapeNode<'a>);

impl<'a> Object<'a, OnTape> for TapeObject<'a> {
    type Node = TapeNode<'a>;
    type MemberName = &'a str;
    type MembersIter = NodeMembers<'a>;

    fn len(&self) -> usize {
        self.0.entry().count as usize
    }

    fn get(&self, key: &String) -> Option<TapeNode<'a>> {
        self.0
            .document
            .member(self.0.index, key)
            .map(|index| self.0.sibling(index))
    }

    fn members(&self) -> NodeMembers<'a> {
        NodeMembers {
            parent: self.0,
            members: self.0.document.members(self.0.index),
        }
    }
}

/// Walks an object's names and values.
#[derive(Debug)]
pub(super) struct NodeMembers<'a> {
    parent: TapeNode<'a>,
    members: Members<'a>,
}

impl<'a> Iterator for NodeMembers<'a> {
    type Item = (&'a str, TapeNode<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.members.next()?;
        Some((self.parent.sibling(name).text(), self.parent.sibling(value)))
    }
}

/// An array of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct TapeArray<'a>(TapeNode<'a>);

impl<'a> Array<'a, OnTape> for TapeArray<'a> {
    type Node = TapeNode<'a>;
    type ElementsIter = NodeElements<'a>;

    fn len(&self) -> usize {
        self.0.entry().count as usize
    }

    fn elements(&self) -> NodeElements<'a> {
        NodeElements {
            parent: self.0,
            elements: self.0.document.elements(self.0.index),
        }
    }
}

/// Walks an array's elements.
#[derive(Debug)]
pub(super) struct NodeElements<'a> {
    parent: TapeNode<'a>,
    elements: Elements<'a>,
}

impl<'a> Iterator for NodeElements<'a> {
    type Item = TapeNode<'a>;

    fn next(&mut self) -> Option<TapeNode<'a>> {
        self.elements.next().map(|index| self.parent.sibling(index))
    }
}

/// A number by its literal. It is judged as `serde_json` would: as an integer of 64 bits where it
/// is one, else as the nearest double. Beyond the doubles' range it is a whole number, and greater
/// than every limit (less, with a minus).
#[derive(Debug, Clone, Copy)]
pub(super) struct TapeNumber<'a>(pub(super) &'a str);

impl TapeNumber<'_> {
    fn number(self) -> Number {
        let integer = || {
            self.as_u64()
                .map(Number::from)
                .or_else(|| self.as_i64().map(Number::from))
        };
        let double = || {
            let nearest: f64 = self.0.parse().ok()?;
            Number::from_f64(nearest.clamp(f64::MIN, f64::MAX))
        };
        integer().or_else(double).unwrap_or_else(|| Number::from(0))
    }
}

impl JsonNumber for TapeNumber<'_> {
    fn as_u64(&self) -> Option<u64> {
        if self.0.starts_with('-') {
            return None;
        }
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        // "-0" is a double to `serde_json`, and equal to 0 either way
        self.0.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0
            .parse()
            .ok()
            .filter(|double: &f64| double.is_finite())
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn to_number(&self) -> Cow<'_, Number> {
        Cow::Owned(self.number())
    }

    fn is_integer(&self) -> bool {
        self.is_written_as_integer() || self.as_f64().is_none_or(|double| double.fract() == 0.0)
    }

    fn is_written_as_integer(&self) -> bool {
        memchr::memchr3(b'.', b'e', b'E', self.0.as_bytes()).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_node<T>(source: &str, f: impl FnOnce(TapeNode<'_>) -> T) -> T {
        let mut tape = Tape::default();
        tape.read(source, 64).unwrap();
        let document = Document {
            source,
            tape: &tape,
        };
        f(TapeNode { document, index: 0 })
    }

    #[test]
    fn the_tape_keeps_the_contract_of_the_validators() {
        let source = jsonschema::json::conformance::document().to_string();
        with_node(&source, |root| {
            jsonschema::json::conformance::assert_conformance::<OnTape>(&root);
        });
    }

    #[test]
    fn numbers_beyond_64_bits_are_numbers() {
        for (literal, integer) in [
            ("123456789012345678901234567890", true),
            ("1e400", true),
            ("38.0", true),
            ("1e3", true),
            ("-0", true),
            ("0.5", false),
            ("1e-400", true),
        ] {
            with_node(literal, |node| {
                let number = node.as_number().unwrap();
                assert_eq!(number.is_integer(), integer, "{literal}");
            });
        }
        with_node("1e400", |node| {
            assert_eq!(node.as_number().unwrap().as_f64(), None);
        });
    }

    #[test]
    fn a_lazy_value_is_the_value() {
        let source = r#"{"a":["x\ny",1.5,{"b":null}],"\u0063":"d"}"#;
        with_node(source, |node| {
            let expected: Value = serde_json::from_str(source).unwrap();
            assert_eq!(node.lazy_value().get().as_ref(), &expected);
            assert_eq!(node.to_value().as_ref(), &expected);
            assert!(node.equals_value(&expected));
        });
        with_node(r#""x\ny""#, |node| {
            assert_eq!(node.lazy_value().get().as_ref(), &Value::from("x\ny"));
        });
    }
}
