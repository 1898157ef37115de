//! A JSON text as a flat list of entries, written by the reader and walked by the validators.
//!
//! An entry stands for one value or one key, in document order; a container's entry says where its
//! subtree ends. The list and its side buffer are used again for the next event.

use std::borrow::Cow;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    False,
    True,
    /// `start..end` is the literal in the source.
    Number,
    /// `start..end` is the content in the source: it has no escapes.
    Plain,
    /// `start..end` is the content in [`Tape::unescaped`].
    Escaped,
    Array,
    /// Each member is a key's entry and, right behind it, the value's.
    Object,
}

/// One value or key. Offsets are bytes; the reader takes no text of 4 GiB or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The entry behind this one's subtree.
    pub(super) next: u32,
    /// Elements or members. Of a key it is the bit that stands for it, of a number 1 where that has
    /// a fraction or an exponent; 0 for any other scalar.
    pub(super) count: u32,
}

/// An open array or object while a text is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) entry: u32,
    pub(super) count: u32,
    /// The entry of the last key, in an object.
    pub(super) key: u32,
    pub(super) object: bool,
    /// Two keys may be the same.
    pub(super) clash: bool,
    /// One bit for each key so far.
    pub(super) seen: u64,
}

/// The entries of one text, and the buffers that go with them.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) entries: Vec<Entry>,
    /// The contents of strings that have escapes, one behind another.
    pub(super) unescaped: String,
    /// Objects in which a key may stand twice.
    pub(super) suspects: Vec<u32>,
    pub(super) stack: Vec<Frame>,
}

impl Tape {
    /// Buffers that a large event has grown beyond this many entries or bytes are given back.
    const KEPT: usize = 64 * 1024;

    /// Notes the last key of the innermost object, and whether it may repeat an earlier one.
    #[inline]
    pub(super) fn note_key(&mut self, key: u32, bit: u32, clash: bool) {
        if let Some(frame) = self.stack.last_mut() {
            frame.key = key;
            frame.clash |= clash;
            frame.seen |= 1 << bit;
        }
    }

    /// Forgets the last text.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.unescaped.clear();
        self.suspects.clear();
        self.stack.clear();
        if self.entries.capacity() > Self::KEPT {
            self.entries.shrink_to(Self::KEPT);
        }
        if self.unescaped.capacity() > Self::KEPT {
            self.unescaped.shrink_to(Self::KEPT);
        }
        if self.stack.capacity() > Self::KEPT {
            self.stack.shrink_to(Self::KEPT);
        }
        if self.suspects.capacity() > Self::KEPT {
            self.suspects.shrink_to(Self::KEPT);
        }
    }
}

/// A text together with its tape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) source: &'a str,
    pub(super) tape: &'a Tape,
}

impl<'a> Document<'a> {
    /// The entry with this index.
    pub(super) fn entry(self, index: u32) -> &'a Entry {
        &self.tape.entries[index as usize]
    }

    /// The content of a string or key; the literal of a number.
    pub(super) fn text(self, entry: &Entry) -> &'a str {
        let span = entry.start as usize..entry.end as usize;
        match entry.kind {
            Kind::Escaped => &self.tape.unescaped[span],
            _ => &self.source[span],
        }
    }

    /// The same, as bytes.
    #[inline]
    pub(super) fn bytes(self, entry: &Entry) -> &'a [u8] {
        let span = entry.start as usize..entry.end as usize;
        match entry.kind {
            Kind::Escaped => &self.tape.unescaped.as_bytes()[span],
            _ => &self.source.as_bytes()[span],
        }
    }

    /// The keys and values of an object; nothing where the entry is none.
    pub(super) fn members(self, index: u32) -> Members<'a> {
        let entry = self.entry(index);
        let left = if entry.kind == Kind::Object {
            entry.count
        } else {
            0
        };
        Members {
            document: self,
            next: index + 1,
            left,
        }
    }

    /// The elements of an array; nothing where the entry is none.
    pub(super) fn elements(self, index: u32) -> Elements<'a> {
        let entry = self.entry(index);
        let left = if entry.kind == Kind::Array {
            entry.count
        } else {
            0
        };
        Elements {
            document: self,
            next: index + 1,
            left,
        }
    }

    /// The value of an object's member.
    pub(super) fn member(self, index: u32, key: &str) -> Option<u32> {
        self.members(index)
            .find(|&(name, _)| self.text(self.entry(name)) == key)
            .map(|(_, value)| value)
    }

    /// The pointer from `root` to a value or key in its subtree.
    pub(super) fn pointer(self, root: u32, target: u32) -> String {
        let mut pointer = String::new();
        let mut at = root;
        'down: while at != target {
            for (name, value) in self.members(at) {
                if (name..self.entry(value).next).contains(&target) {
                    push_segment(&mut pointer, self.text(self.entry(name)));
                    if name == target {
                        break 'down;
                    }
                    at = value;
                    continue 'down;
                }
            }
            for (place, value) in self.elements(at).enumerate() {
                if (value..self.entry(value).next).contains(&target) {
                    push_segment(&mut pointer, &place.to_string());
                    at = value;
                    continue 'down;
                }
            }
            break;
        }
        pointer
    }

    /// The value at a pointer below `root`.
    pub(super) fn at(self, root: u32, pointer: &str) -> Option<u32> {
        let mut at = root;
        for segment in pointer.split('/').skip(1) {
            let name = segment_name(segment);
            at = match self.entry(at).kind {
                Kind::Object => self.member(at, &name)?,
                Kind::Array => self.elements(at).nth(name.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(at)
    }
}

/// Adds one segment to a pointer (RFC 6901).
pub(crate) fn push_segment(pointer: &mut String, name: &str) {
    pointer.push('/');
    for letter in name.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            letter => pointer.push(letter),
        }
    }
}

/// What a segment of a pointer names.
pub(crate) fn segment_name(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') {
        segment.replace("~1", "/").replace("~0", "~").into()
    } else {
        segment.into()
    }
}

/// Walks an object: the entries of key and value.
#[derive(Debug, Clone)]
pub(super) struct Members<'a> {
    document: Document<'a>,
    next: u32,
    left: u32,
}

impl Iterator for Members<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        self.left = self.left.checked_sub(1)?;
        let name = self.next;
        self.next = self.document.entry(name + 1).next;
        Some((name, name + 1))
    }
}

/// Walks an array: the entries of the elements.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a> {
    document: Document<'a>,
    next: u32,
    left: u32,
}

impl Iterator for Elements<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let element = self.next;
        self.next = self.document.entry(element).next;
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape(text: &str) -> Tape {
        let mut tape = Tape::default();
        tape.read(text, 64).unwrap();
        tape
    }

    #[test]
    fn a_pointer_leads_to_its_entry_and_back() {
        let source = r#"{"a/b":[1,{"c~d":null,"":[[]]}],"e":"f"}"#;
        let tape = tape(source);
        let document = Document {
            source,
            tape: &tape,
        };
        for pointer in [
            "",
            "/a~1b",
            "/a~1b/0",
            "/a~1b/1/c~0d",
            "/a~1b/1/",
            "/a~1b/1//0",
            "/e",
        ] {
            let index = document.at(0, pointer).unwrap();
            assert_eq!(document.pointer(0, index), pointer);
        }
        assert_eq!(document.at(0, "/nothing"), None);
        assert_eq!(document.at(0, "/e/0"), None);
        assert_eq!(document.at(0, "/a~1b/2"), None);
    }

    #[test]
    fn buffers_that_one_event_has_grown_are_given_back() {
        let mut tape = Tape::default();
        let large = format!("[{}0]", "0,".repeat(200_000));
        tape.read(&large, 64).unwrap();
        assert!(tape.entries.capacity() > 200_000);
        tape.read("1", 64).unwrap();
        assert!(tape.entries.capacity() < 200_000);
    }
}
