//! What is wrong with an event, in words that show the value: it is the producer's own file and
//! terminal. (What goes to the rejection log never has a value in it.)

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::input::Place;
use crate::judge::{Reason, Violation, segment_name};

/// The most characters of a value that are shown.
const SHOWN: usize = 60;

/// A complaint about an event: what is said, and where in the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// What is wrong and what to change.
    pub(super) text: String,
    /// What is to be added to the place, as in `column 14`.
    pub(super) spot: String,
}

/// The same for all events with the same complaint, whatever their values are.
pub(super) fn sort(reason: Reason, violation: &Violation) -> String {
    match reason {
        Reason::Schema | Reason::UnknownSchema => violation.message.clone(),
        Reason::NotJson => split_position(&violation.message).1.to_owned(),
        // lengths and offsets differ from event to event
        _ => violation
            .message
            .replace(|it: char| it.is_ascii_digit(), ""),
    }
}

/// Says what is wrong with this event.
pub(super) fn words(reason: Reason, violation: &Violation, body: &[u8], place: Place) -> Words {
    let text = match reason {
        Reason::Schema => schema(violation, body),
        Reason::NotJson => {
            let (at, message) = split_position(&violation.message);
            let near = near(body, at).map_or_else(String::new, |near| format!("at {near}  "));
            return Words {
                text: visible(&format!("{near}{message}")),
                spot: spot(at, place),
            };
        }
        _ if violation.pointer.is_empty() => violation.message.clone(),
        _ => format!("{}: {}", name(&violation.pointer), violation.message),
    };
    Words {
        text: visible(&text),
        spot: String::new(),
    }
}

/// `line 3, column 14: message` as its parts; a line and column of 0 where there are none.
fn split_position(message: &str) -> ((usize, usize), &str) {
    let parts = || {
        let (line, rest) = message.strip_prefix("line ")?.split_once(", column ")?;
        let (column, rest) = rest.split_once(": ")?;
        Some(((line.parse().ok()?, column.parse().ok()?), rest))
    };
    parts().unwrap_or(((0, 0), message))
}

fn spot((line, column): (usize, usize), place: Place) -> String {
    match (line, place) {
        (0, _) => String::new(),
        (_, Place::Whole) => format!("line {line}, column {column}"),
        (1, _) => format!("column {column}"),
        _ => format!("column {column} of its line {line}"),
    }
}

/// What stands at a line and column, and a little before it.
fn near(body: &[u8], (line, column): (usize, usize)) -> Option<String> {
    const BEFORE: usize = 16;
    const BEHIND: usize = 12;
    let text = std::str::from_utf8(body).ok()?;
    let line = text
        .split('\n')
        .nth(line.checked_sub(1)?)?
        .trim_end_matches('\r');
    let (from, to) = (column.saturating_sub(1 + BEFORE), column + BEHIND);
    let piece: String = line.chars().skip(from).take(to - from).collect();
    if piece.trim().is_empty() {
        return None;
    }
    let before = if from > 0 { "…" } else { "" };
    let behind = if line.chars().nth(to).is_some() {
        "…"
    } else {
        ""
    };
    Some(format!("`{before}{}{behind}`", piece.trim_end()))
}

fn schema(violation: &Violation, body: &[u8]) -> String {
    let Violation {
        pointer, message, ..
    } = violation;
    let value = std::str::from_utf8(body)
        .ok()
        .and_then(|text| value_at(text, pointer));
    let (Some(value), false) = (value, pointer.is_empty()) else {
        return message.clone();
    };
    let is = format!("{} is {}", name(pointer), described(value));
    if let Some(rest) = message.strip_prefix("the value ") {
        return format!("{is}, which {rest}");
    }
    if value.starts_with(['{', '[']) && violation.keyword != "type" {
        return format!("in {}: {message}", name(pointer));
    }
    format!("{is}: {}", without_type(message))
}

/// `must be a number, is a string: …` without what the value is, which was just said.
fn without_type(message: &str) -> Cow<'_, str> {
    let Some((wanted, rest)) = message.split_once(", is ") else {
        return message.into();
    };
    if !wanted.starts_with("must be ") {
        return message.into();
    }
    match rest.split_once(": ") {
        Some((_, hint)) => format!("{wanted}: {hint}").into(),
        None => wanted.into(),
    }
}

/// A key of the event itself by its name, and what is deeper by its pointer.
fn name(pointer: &str) -> String {
    match pointer.strip_prefix('/') {
        Some(key) if !key.contains('/') => {
            format!("`{}`", segment_name(key))
        }
        _ => format!("`{}`", cut(pointer)),
    }
}

/// A JSON value as it is written, with what it is.
fn described(value: &str) -> String {
    let what = match value.as_bytes().first() {
        Some(b'"') => "the string ",
        Some(b'{') => "the object ",
        Some(b'[') => "the array ",
        Some(b'-' | b'0'..=b'9') => "the number ",
        _ => "",
    };
    format!("{what}{}", cut(value))
}

fn cut(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // white space in a string stays as it is
    let line = if text.starts_with('"') { text } else { &line };
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The bytes of the value at a pointer.
fn value_at<'t>(text: &'t str, pointer: &str) -> Option<&'t str> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for segment in pointer.split('/').skip(1) {
        let key = segment_name(segment);
        let text = value.get();
        value = if text.starts_with('[') {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            elements.get(key.parse::<usize>().ok()?)?
        } else {
            let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text).ok()?;
            members.get(&*key)?
        };
    }
    Some(value.get())
}

/// A text that can't steer a terminal: control characters are written as escapes.
pub(super) fn visible(text: &str) -> String {
    let steers = |it: char| {
        it.is_control()
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().fold(String::new(), |mut text, letter| {
        if steers(letter) {
            text.extend(letter.escape_unicode());
        } else {
            text.push(letter);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::strategy::Strategy;

    use super::*;
    use crate::event::Stream;
    use crate::judge::{Catalog, Judge, Limits, Submission, Verdict};

    const LINE: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Crates","Price":21.47,"Quantity":12,"CustomerNo":"17490","Country":"United Kingdom"}"#;

    /// What is said of a line in which `from` became `to`.
    fn said(from: &str, to: &str) -> Vec<Words> {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let catalog = Arc::new(Catalog::load(&schemas).unwrap());
        let mut judge = Judge::new(&catalog, Limits::default());
        assert!(LINE.contains(from));
        let body = LINE.replacen(from, to, 1);
        let submission = Submission {
            body: body.as_bytes(),
            properties: None,
            content_type: None,
        };
        let Verdict::Rejected(rejection) = judge.judge(&Stream::new("a/b"), &submission) else {
            panic!("accepted: {body}");
        };
        let of = |it| words(rejection.reason, it, body.as_bytes(), Place::Line(1));
        rejection.violations.iter().map(of).collect()
    }

    #[track_caller]
    fn assert_said(from: &str, to: &str, expected: &str) {
        assert_eq!(said(from, to)[0].text, expected);
    }

    #[test]
    fn a_value_is_shown_with_what_to_change() {
        assert_said(
            "21.47",
            r#""12.5""#,
            r#"`Price` is the string "12.5": must be a number: write the number without quotes"#,
        );
        assert_said(
            "21.47",
            "null",
            "`Price` is null: must be a number: leave the field out or send a value",
        );
        assert_said(
            "21.47",
            "-0.50",
            "`Price` is the number -0.50, which is less than or equal to the minimum of 0: the price of one unit is greater than 0; the quantity carries the sign",
        );
        assert_said(
            r#""17490""#,
            "17490.0",
            "`CustomerNo` is the number 17490.0: must be null or a string: write it in double quotes; five digits, not a decimal such as 12345.0",
        );
        assert_said(
            r#""Price""#,
            r#""price""#,
            "`Price` is missing; `price` is there: keys are compared letter by letter",
        );
    }

    #[test]
    fn long_values_are_cut_and_none_steers_the_terminal() {
        let long = format!("\"{}\"", "x".repeat(500));
        let text = &said("21.47", &long)[0].text;
        assert!(
            text.chars().count() < 160 && text.contains("xxx…: must"),
            "{text}"
        );
        let text = &said("21.47", "\"\u{9b}31m\u{202e}\"")[0].text;
        assert!(text.contains(r"\u{9b}31m\u{202e}"), "{text}");
    }

    #[test]
    fn what_is_not_json_is_shown_with_what_is_around_it() {
        let words = said(r#""17490""#, "NaN").remove(0);
        assert_eq!(words.spot, "column 130");
        assert!(
            words
                .text
                .starts_with("at `…12,\"CustomerNo\":NaN,\"Country\"…`  expected a value"),
            "{}",
            words.text
        );
    }

    #[test]
    fn a_value_is_found_by_its_pointer_as_it_is_written() {
        let text = r#"{"a/b":[1.50,{"~":"x\u0041"}],"\u0063":1e400}"#;
        for (pointer, value) in [
            ("/a~1b/0", Some("1.50")),
            ("/a~1b/1/~0", Some(r#""x\u0041""#)),
            ("/c", Some("1e400")),
            ("/a~1b/2", None),
            ("/a~1b/x", None),
            ("/c/d", None),
        ] {
            assert_eq!(value_at(text, pointer), value, "{pointer}");
        }
    }

    proptest::proptest! {
        #[test]
        fn i4_whatever_an_event_is_what_is_said_of_it_can_be_printed(
            body in proptest::prop_oneof![
                proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..40),
                r#"[\[\]{}",:0-9eE.\-a-z\\ \n\r\t\u{80}-\u{9f}\u{202e}é😀]{0,40}"#
                    .prop_map(String::into_bytes),
            ],
        ) {
            let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
            let catalog = Arc::new(Catalog::load(&schemas).unwrap());
            let submission = Submission { body: &body, properties: None, content_type: None };
            let verdict = Judge::new(&catalog, Limits::default()).judge(&Stream::new("a/b"), &submission);
            let Verdict::Rejected(rejection) = verdict else {
                return Ok(());
            };
            for violation in &rejection.violations {
                for place in [Place::Line(1), Place::Whole] {
                    let words = words(rejection.reason, violation, &body, place);
                    proptest::prop_assert!(!words.text.is_empty());
                    proptest::prop_assert!(!words.text.contains(char::is_control));
                }
            }
        }
    }
}
