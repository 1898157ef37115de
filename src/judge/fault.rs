//! Says in words why a text is not JSON: line, column, what was expected, and what a producer who
//! does this usually has to change. Never a piece of the text, but for JSON's own punctuation.

use super::reader::Expected;

/// The message for a text that stops being JSON at the byte `at`.
pub(super) fn message(text: &str, at: usize, expected: Expected) -> String {
    let (line, column) = position(text, at);
    let rest = &text[at..];
    let mut message = format!(
        "line {line}, column {column}: expected {}, found {}",
        words(expected),
        found(rest)
    );
    if let Some(hint) = hint(text, at, expected) {
        message.push_str(": ");
        message.push_str(hint);
    }
    message
}

/// Line and column, from 1; a column is a character.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = 1 + memchr::memchr_iter(b'\n', before.as_bytes()).count();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, 1 + before[start..].chars().count())
}

fn words(expected: Expected) -> &'static str {
    match expected {
        Expected::Value => "a value",
        Expected::ValueOrBracket => "a value or `]`",
        Expected::Key => "a key in double quotes",
        Expected::KeyOrBrace => "a key in double quotes or `}`",
        Expected::Colon => "`:`",
        Expected::CommaOrBracket => "`,` or `]`",
        Expected::CommaOrBrace => "`,` or `}`",
        Expected::End => "the end of the text",
        Expected::Digit => "a digit",
        Expected::NoLeadingZero => "no digit behind a leading zero",
        Expected::Escape => {
            "one of the escapes `\\\"`, `\\\\`, `\\/`, `\\b`, `\\f`, `\\n`, `\\r`, `\\t`, `\\u`"
        }
        Expected::FourHexDigits => "four hexadecimal digits behind `\\u`",
        Expected::SurrogatePair => "both halves of a surrogate pair",
        Expected::StringCharacter => "a character of a string",
        Expected::ClosingQuote => "the closing quote of a string",
    }
}

fn found(rest: &str) -> &'static str {
    match rest.chars().next() {
        None => "the end of the text",
        Some('{') => "`{`",
        Some('}') => "`}`",
        Some('[') => "`[`",
        Some(']') => "`]`",
        Some(',') => "`,`",
        Some(':') => "`:`",
        Some('"') => "a double quote",
        Some('\'' | '‘' | '’') => "a single quote",
        Some('“' | '”') => "a typographic quote",
        Some('\\') => "a backslash",
        Some('0'..='9') => "a digit",
        Some('\u{feff}') => "a byte order mark",
        Some('\n' | '\r') => "a line break",
        Some('\t') => "a tab",
        Some('\0'..='\u{1f}') => "a control character",
        Some(letter) if letter.is_alphabetic() => "a letter",
        Some(_) => "another character",
    }
}

/// Literals of other languages, and what to write in their place.
const FOREIGN: [(&str, &str); 13] = [
    ("NaN", NOT_A_NUMBER),
    ("nan", NOT_A_NUMBER),
    ("-NaN", NOT_A_NUMBER),
    ("-nan", NOT_A_NUMBER),
    ("Infinity", INFINITY),
    ("-Infinity", INFINITY),
    ("inf", INFINITY),
    ("-inf", INFINITY),
    ("True", "JSON writes `true`, in lower case"),
    ("False", "JSON writes `false`, in lower case"),
    ("None", "JSON writes `null`"),
    ("undefined", "leave the field out or send null"),
    ("NULL", "JSON writes `null`, in lower case"),
];
const NOT_A_NUMBER: &str = "NaN is not JSON: leave the field out or send null";
const INFINITY: &str = "Infinity is not JSON: leave the field out or send null";

fn hint(text: &str, at: usize, expected: Expected) -> Option<&'static str> {
    let (before, rest) = text.split_at(at);
    let next = rest.chars().next();
    if at == 0 && next == Some('\u{feff}') {
        return Some("a byte order mark stands before the JSON: send UTF-8 without one");
    }
    if next == Some('\0') {
        return Some("text with zero bytes looks like UTF-16: send UTF-8");
    }
    match expected {
        Expected::End if next == Some('\u{feff}') => None,
        Expected::End if starts_value(rest) => {
            Some("several documents in one event: send each as an event of its own")
        }
        Expected::StringCharacter => {
            Some("line breaks and tabs in a string are written `\\n` and `\\t`")
        }
        Expected::SurrogatePair => {
            Some("half a surrogate pair is no character: do not cut a string inside one")
        }
        Expected::Escape => Some("a backslash that is meant itself is written twice"),
        Expected::NoLeadingZero => Some("write the number without it, or the digits as a string"),
        _ if next.is_none() => Some("the text ends too early: was it cut off?"),
        Expected::Digit if ends_with_minus(before) => foreign(&text[at - 1..]),
        Expected::Value | Expected::ValueOrBracket | Expected::Key | Expected::KeyOrBrace => {
            value_or_key(before, rest, expected)
        }
        _ => comment(rest),
    }
}

fn value_or_key(before: &str, rest: &str, expected: Expected) -> Option<&'static str> {
    let key = matches!(expected, Expected::Key | Expected::KeyOrBrace);
    match rest.chars().next() {
        Some('}' | ']') if ends_with(before, ',') => {
            Some("no comma may stand behind the last one: remove it")
        }
        Some('\'' | '‘' | '’' | '“' | '”') => {
            Some("strings and keys stand in double quotes (\"): write them with a JSON library")
        }
        Some('0'..='9') if expected == Expected::Key => {
            Some("a decimal comma? JSON numbers have a point")
        }
        Some(letter) if key && (letter.is_alphanumeric() || letter == '_') => {
            Some("keys stand in double quotes")
        }
        Some('+') => Some("JSON numbers have no plus sign"),
        Some('.') => Some("a digit stands before the decimal point"),
        _ => foreign(rest).or_else(|| comment(rest)),
    }
}

fn foreign(rest: &str) -> Option<&'static str> {
    FOREIGN
        .iter()
        .find(|(word, _)| rest.starts_with(word))
        .map(|&(_, hint)| hint)
}

fn comment(rest: &str) -> Option<&'static str> {
    ["//", "/*", "#"]
        .iter()
        .any(|mark| rest.starts_with(mark))
        .then_some("JSON has no comments")
}

fn starts_value(rest: &str) -> bool {
    rest.starts_with(['{', '[', '"', '-', 't', 'f', 'n'])
        || rest.starts_with(|c: char| c.is_ascii_digit())
}

fn ends_with(before: &str, mark: char) -> bool {
    before
        .trim_end_matches([' ', '\t', '\n', '\r'])
        .ends_with(mark)
}

fn ends_with_minus(before: &str) -> bool {
    before.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::reader::Fault;
    use crate::judge::tape::Tape;

    fn said(text: &str) -> String {
        match Tape::default().read(text, 64) {
            Err(Fault::Syntax { at, expected }) => message(text, at, expected),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn assert_said(text: &str, place: &str, part: &str) {
        let said = said(text);
        assert!(said.starts_with(place), "{text}: {said}");
        assert!(said.contains(part), "{text}: {said}");
    }

    #[test]
    fn line_and_column_count_from_one_and_columns_are_characters() {
        assert_said("x", "line 1, column 1:", "expected a value, found a letter");
        assert_said("{\"a\":\n \"é😀\" x}", "line 2, column 7:", "`,` or `}`");
        assert_said(
            "[1,\r\n\n  ?]",
            "line 3, column 3:",
            "found another character",
        );
    }

    #[test]
    fn what_producers_write_is_met_with_what_to_change() {
        assert_said(r#"{"CustomerNo":NaN}"#, "line 1, column 15:", NOT_A_NUMBER);
        assert_said(r#"{"a":nan}"#, "line 1", NOT_A_NUMBER);
        assert_said("[-Infinity]", "line 1, column 3:", INFINITY);
        assert_said("[Infinity]", "line 1, column 2:", INFINITY);
        assert_said("{'a':1}", "line 1, column 2:", "double quotes");
        assert_said(r#"{"a":'b'}"#, "line 1, column 6:", "double quotes");
        assert_said("{“a”:1}", "line 1, column 2:", "double quotes");
        assert_said(r#"{"a":True}"#, "line 1, column 6:", "`true`");
        assert_said(r#"{"a":None}"#, "line 1, column 6:", "`null`");
        assert_said(r#"{"a":1,}"#, "line 1, column 8:", "remove it");
        assert_said("[1, ]", "line 1, column 5:", "remove it");
        assert_said("{a:1}", "line 1, column 2:", "keys stand in double quotes");
        assert_said(r#"{"Price":1,5}"#, "line 1, column 12:", "decimal comma");
        assert_said("\"a\nb\"", "line 1, column 3:", "`\\n`");
        assert_said("{}\n{}", "line 2, column 1:", "several documents");
        assert_said(r#"{"a":[1,2"#, "line 1, column 10:", "cut off");
        assert_said(r#"{"a":"b"#, "line 1, column 8:", "cut off");
        assert_said("\u{feff}{}", "line 1, column 1:", "byte order mark");
        assert_said("{\0}", "line 1, column 2:", "UTF-16");
        assert_said("[+1]", "line 1", "plus sign");
        assert_said("[.5]", "line 1", "before the decimal point");
        assert_said("[007]", "line 1, column 3:", "as a string");
        assert_said("[1 // one\n]", "line 1", "comments");
        assert_said(r#""C:\dir""#, "line 1, column 5:", "written twice");
        assert_said(r#""\ud83d""#, "line 1, column 2:", "half a surrogate pair");
    }

    #[test]
    fn a_message_never_says_what_the_text_says() {
        for text in [
            "{\"a\":secret}",
            "secret",
            "[\"x\" secret]",
            "{\"a\":1secret}",
        ] {
            assert!(!said(text).contains("secret"), "{text}");
        }
    }
}
