//! Reads a text that should be one JSON document (RFC 8259, nothing else) onto a tape.
//!
//! Strict and iterative: no input overflows the stack. Numbers stay spans of the source, whatever
//! their length or range. A `\u` escape of half a surrogate pair is refused, since what it means
//! cannot be written as UTF-8 (RFC 8259 section 8.2 leaves it open, RFC 7493 forbids it).

use super::tape::{Entry, Frame, Kind, Tape, push_segment};
use crate::plain::plain_length;

/// Why a text is no document that can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not JSON: what should have stood at this byte.
    Syntax { at: usize, expected: Expected },
    /// JSON, but containers nest too deep: the pointer to the first that does.
    TooDeep { pointer: String },
}

/// What should have stood where the text stops being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Value,
    ValueOrBracket,
    Key,
    KeyOrBrace,
    Colon,
    CommaOrBracket,
    CommaOrBrace,
    End,
    Digit,
    /// Another digit behind a leading zero is one too many.
    NoLeadingZero,
    Escape,
    FourHexDigits,
    /// A high and a low surrogate, one behind the other.
    SurrogatePair,
    /// A character of a string, where an unescaped control character stands.
    StringCharacter,
    ClosingQuote,
}

impl Tape {
    /// Reads `text` in place of what was on the tape.
    ///
    /// # Errors
    ///
    /// A [`Fault`]. Text that nests too deep is read to its end: where it is not JSON further on,
    /// that is the fault. The tape is then of no use.
    pub(super) fn read(&mut self, text: &str, nesting: usize) -> Result<(), Fault> {
        self.clear();
        let mut reader = Reader {
            bytes: text.as_bytes(),
            text,
            at: 0,
            nesting,
            deep: None,
            tape: self,
        };
        reader.document()?;
        match reader.deep {
            Some(pointer) => Err(Fault::TooDeep { pointer }),
            None => Ok(()),
        }
    }
}

struct Reader<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
    nesting: usize,
    /// Set at the first container that lies too deep; from there on nothing is put on the tape.
    deep: Option<String>,
    tape: &'t mut Tape,
}

/// What follows once a value has been read.
enum Next {
    Value,
    End,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let mut expected = Expected::Value;
        loop {
            self.skip_space();
            let opened = match self.peek() {
                Some(b'"') => {
                    if let Some((start, end)) = self.plain_string() {
                        self.push(Kind::Plain, start, end, 0);
                    } else {
                        let (kind, start, end) = self.string()?;
                        self.push(kind, start, end, 0);
                    }
                    None
                }
                Some(b'-' | b'0'..=b'9') => {
                    let start = self.at;
                    let integer = self.number()?;
                    self.push(Kind::Number, start, self.at, u32::from(!integer));
                    None
                }
                Some(b'{') => Some(true),
                Some(b'[') => Some(false),
                Some(b't') => self.literal(b"true", Kind::True, expected)?,
                Some(b'f') => self.literal(b"false", Kind::False, expected)?,
                Some(b'n') => self.literal(b"null", Kind::Null, expected)?,
                _ => return Err(self.fault(expected)),
            };
            if let Some(object) = opened {
                self.open(object);
                self.skip_space();
                match (object, self.peek()) {
                    (true, Some(b'}')) | (false, Some(b']')) => self.close(),
                    (true, _) => {
                        self.key(Expected::KeyOrBrace)?;
                        expected = Expected::Value;
                        continue;
                    }
                    (false, _) => {
                        expected = Expected::ValueOrBracket;
                        continue;
                    }
                }
            }
            match self.behind_value()? {
                Next::Value => expected = Expected::Value,
                Next::End => return Ok(()),
            }
        }
    }

    /// Closes what ends behind a value, and says what comes next.
    fn behind_value(&mut self) -> Result<Next, Fault> {
        loop {
            self.skip_space();
            let Some(frame) = self.tape.stack.last_mut() else {
                return if self.at == self.bytes.len() {
                    Ok(Next::End)
                } else {
                    Err(self.fault(Expected::End))
                };
            };
            frame.count += 1;
            match (self.bytes.get(self.at), frame.object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.skip_space();
                    self.key(Expected::Key)?;
                    return Ok(Next::Value);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(Next::Value);
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.close(),
                (_, true) => return Err(self.fault(Expected::CommaOrBrace)),
                (_, false) => return Err(self.fault(Expected::CommaOrBracket)),
            }
        }
    }

    fn open(&mut self, object: bool) {
        if self.deep.is_none() && self.tape.stack.len() >= self.nesting {
            self.deep = Some(self.place());
        }
        let entry = self.tape.entries.len() as u32;
        let kind = if object { Kind::Object } else { Kind::Array };
        self.push(kind, self.at, 0, 0);
        self.tape.stack.push(Frame {
            entry,
            count: 0,
            key: 0,
            object,
            clash: false,
            seen: 0,
        });
        self.at += 1;
    }

    /// Closes the innermost container; `at` stands on its bracket.
    fn close(&mut self) {
        self.at += 1;
        let next = self.tape.entries.len() as u32;
        let Some(frame) = self.tape.stack.pop() else {
            return;
        };
        if self.deep.is_some() {
            return;
        }
        if frame.clash {
            self.tape.suspects.push(frame.entry);
        }
        let entry = &mut self.tape.entries[frame.entry as usize];
        entry.end = self.at as u32;
        entry.next = next;
        entry.count = frame.count;
    }

    /// A key and its colon; `at` stands where the key should begin.
    fn key(&mut self, expected: Expected) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault(expected));
        }
        let (kind, start, end) = match self.plain_string() {
            Some((start, end)) => (Kind::Plain, start, end),
            None => self.string()?,
        };
        let bytes = if kind == Kind::Plain {
            &self.bytes[start..end]
        } else {
            &self.tape.unescaped.as_bytes()[start..end]
        };
        let bit = key_bit(bytes);
        let key = self.tape.entries.len() as u32;
        if let Some(frame) = self.tape.stack.last() {
            let clash = frame.seen >> bit & 1 != 0;
            let clash = clash && self.may_be_repeated(frame.entry, bit, kind, bytes);
            self.tape.note_key(key, bit, clash);
        }
        self.push(kind, start, end, bit);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.fault(Expected::Colon));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether the key behind an object's last member, which shares its bit with an earlier one, may
    /// be the same. The first members are looked at; what lies behind them is left open.
    fn may_be_repeated(&self, object: u32, bit: u32, kind: Kind, key: &[u8]) -> bool {
        const LOOKED_AT: usize = 16;
        let entries = &self.tape.entries;
        let mut at = object as usize + 1;
        for _ in 0..LOOKED_AT {
            let Some(earlier) = entries.get(at) else {
                return false;
            };
            if earlier.count == bit {
                let both_plain = kind == Kind::Plain && earlier.kind == Kind::Plain;
                let span = earlier.start as usize..earlier.end as usize;
                // escaped ones are compared by whoever looks at the suspects
                if !both_plain || &self.bytes[span] == key {
                    return true;
                }
            }
            match entries.get(at + 1) {
                Some(value) => at = value.next as usize,
                None => return false,
            }
        }
        true
    }

    /// A string without escapes: where its content is. `at` stands on its quote, and stays there
    /// where it is none.
    #[inline]
    fn plain_string(&mut self) -> Option<(usize, usize)> {
        let start = self.at + 1;
        let end = start + plain_length(self.bytes.get(start..)?);
        if self.bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some((start, end))
    }

    /// A string; `at` stands on its quote. Returns where its content is.
    fn string(&mut self) -> Result<(Kind, usize, usize), Fault> {
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok((Kind::Plain, start, self.at - 1));
        }
        let unescaped = self.tape.unescaped.len();
        let mut copied = start;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let piece = &self.text[copied..self.at];
                    self.tape.unescaped.push_str(piece);
                    let letter = self.escape()?;
                    self.tape.unescaped.push(letter);
                    copied = self.at;
                }
                Some(_) => return Err(self.fault(Expected::StringCharacter)),
                None => return Err(self.fault(Expected::ClosingQuote)),
            }
            self.skip_plain();
        }
        let piece = &self.text[copied..self.at];
        self.tape.unescaped.push_str(piece);
        self.at += 1;
        let end = self.tape.unescaped.len();
        Ok((Kind::Escaped, unescaped, end))
    }

    /// Goes to the next quote, backslash or control character of a string, or to the end.
    #[inline]
    fn skip_plain(&mut self) {
        self.at += plain_length(&self.bytes[self.at..]);
    }

    /// One escape; `at` stands on its backslash.
    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.at += 1;
        let letter = match self.peek() {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            None => return Err(self.fault(Expected::ClosingQuote)),
            Some(_) => return Err(self.fault(Expected::Escape)),
        };
        self.at += 1;
        Ok(letter)
    }

    /// The digits of a `\u` escape that began at `start`, and the second half where it is a pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char, Fault> {
        let lone = Fault::Syntax {
            at: start,
            expected: Expected::SurrogatePair,
        };
        let first = self.hex()?;
        let code = match first {
            0xD800..0xDC00 => {
                if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                    return Err(lone);
                }
                self.at += 2;
                let second = self.hex()?;
                if !(0xDC00..0xE000).contains(&second) {
                    return Err(lone);
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        // only the second half of a pair is left that is no character
        char::from_u32(code).ok_or(lone)
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.fault(Expected::FourHexDigits));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// A number; true where it has neither a fraction nor an exponent.
    fn number(&mut self) -> Result<bool, Fault> {
        let mut integer = true;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.fault(Expected::NoLeadingZero));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(integer)
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.fault(Expected::Digit));
        }
        Ok(())
    }

    fn literal(
        &mut self,
        word: &[u8],
        kind: Kind,
        expected: Expected,
    ) -> Result<Option<bool>, Fault> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.fault(expected));
        }
        self.push(kind, self.at, self.at + word.len(), 0);
        self.at += word.len();
        Ok(None)
    }

    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize, count: u32) {
        if self.deep.is_some() {
            return;
        }
        let next = self.tape.entries.len() as u32 + 1;
        self.tape.entries.push(Entry {
            kind,
            start: start as u32,
            end: end as u32,
            next,
            count,
        });
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The pointer to the value that stands at `at`.
    fn place(&self) -> String {
        let mut pointer = String::new();
        for frame in &self.tape.stack {
            if frame.object {
                let key = &self.tape.entries[frame.key as usize];
                let span = key.start as usize..key.end as usize;
                let name = if key.kind == Kind::Plain {
                    &self.text[span]
                } else {
                    &self.tape.unescaped[span]
                };
                push_segment(&mut pointer, name);
            } else {
                push_segment(&mut pointer, &frame.count.to_string());
            }
        }
        pointer
    }

    fn fault(&self, expected: Expected) -> Fault {
        Fault::Syntax {
            at: self.at,
            expected,
        }
    }
}

/// Which of 64 bits stands for a key: the same key has the same bit, others mostly another.
pub(super) fn key_bit(key: &[u8]) -> u32 {
    let first = key.first().copied().map_or(0, u64::from);
    let last = key.last().copied().map_or(0, u64::from);
    let mixed = (key.len() as u64) | first << 24 | last << 48;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tape::Document;

    fn fault(text: &str) -> Option<Fault> {
        Tape::default().read(text, 64).err()
    }

    #[track_caller]
    fn assert_syntax(text: &str, at: usize, expected: Expected) {
        assert_eq!(fault(text), Some(Fault::Syntax { at, expected }), "{text}");
    }

    #[test]
    fn every_kind_of_value_is_read() {
        for text in [
            "null",
            " true ",
            "\t\r\nfalse",
            "0",
            "-0",
            "-0.0e-0",
            "1E+2",
            "10.25e3",
            "123456789012345678901234567890",
            "1e400",
            "\"\"",
            r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00""#,
            "[]",
            "{}",
            "[ ]",
            "{ }",
            r#"[1,[2,[]],{"a":{"b":[null]}}]"#,
            r#"{"a" : 1 , "b":[ 2 ]}"#,
            "\"\u{7f}\u{2028}é😀\"",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_says_where_and_what_was_expected() {
        assert_syntax("", 0, Expected::Value);
        assert_syntax("\u{feff}1", 0, Expected::Value);
        assert_syntax("nul", 0, Expected::Value);
        assert_syntax("[1,]", 3, Expected::Value);
        assert_syntax("[", 1, Expected::ValueOrBracket);
        assert_syntax("{1:2}", 1, Expected::KeyOrBrace);
        assert_syntax(r#"{"a":1,}"#, 7, Expected::Key);
        assert_syntax(r#"{"a" 1}"#, 5, Expected::Colon);
        assert_syntax(r#"{"a":1]"#, 6, Expected::CommaOrBrace);
        assert_syntax("[1}", 2, Expected::CommaOrBracket);
        assert_syntax("1 2", 2, Expected::End);
        assert_syntax("01", 1, Expected::NoLeadingZero);
        assert_syntax("-", 1, Expected::Digit);
        assert_syntax("1.", 2, Expected::Digit);
        assert_syntax("1e+", 3, Expected::Digit);
        assert_syntax(r#""\x""#, 2, Expected::Escape);
        assert_syntax(r#""\u12g4""#, 5, Expected::FourHexDigits);
        assert_syntax("\"a\nb\"", 2, Expected::StringCharacter);
        assert_syntax("\"abc", 4, Expected::ClosingQuote);
        assert_syntax("\"abc\\", 5, Expected::ClosingQuote);
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        for text in [
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\n""#,
            r#""\ud83d\ud83d""#,
            r#""\ud83dx""#,
        ] {
            assert_syntax(text, 1, Expected::SurrogatePair);
        }
    }

    #[test]
    fn nesting_is_limited_and_malformed_text_beyond_the_limit_is_a_syntax_fault() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let mut tape = Tape::default();
        assert_eq!(tape.read(&nested(3), 3), Ok(()));
        let deep = Fault::TooDeep {
            pointer: "/a~1/1".into(),
        };
        assert_eq!(
            tape.read(r#"{"a/":[0,{"b":1}],"c":[[]]}"#, 2),
            Err(deep.clone())
        );
        assert_eq!(tape.read(r#"{"a\/":[0,{"b":1}]}"#, 2), Err(deep));
        assert_eq!(
            tape.read(r#"{"a":[[[]]],}"#, 2),
            Err(Fault::Syntax {
                at: 12,
                expected: Expected::Key
            })
        );
        assert!(matches!(
            tape.read(&nested(1_000_000), 64),
            Err(Fault::TooDeep { .. })
        ));
        assert!(matches!(
            tape.read(&"[{\"\":".repeat(200_000), 64),
            Err(Fault::Syntax { .. })
        ));
    }

    #[test]
    fn escapes_are_resolved_beside_the_source() {
        let source = r#"{"\u0061\/":"x\ty","plain":"\ud83d\ude00"}"#;
        let mut tape = Tape::default();
        tape.read(source, 64).unwrap();
        let document = Document {
            source,
            tape: &tape,
        };
        let texts: Vec<_> = (1..5)
            .map(|index| document.text(document.entry(index)))
            .collect();
        assert_eq!(texts, ["a/", "x\ty", "plain", "😀"]);
    }

    #[test]
    fn a_quote_is_found_at_every_distance() {
        for length in 0..40 {
            let source = format!("[\"{}\",1]", "é".repeat(length));
            let mut tape = Tape::default();
            tape.read(&source, 64).unwrap();
            let document = Document {
                source: &source,
                tape: &tape,
            };
            assert_eq!(document.text(document.entry(1)).chars().count(), length);
        }
    }
}
