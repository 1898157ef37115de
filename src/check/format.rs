//! How events stand in a file, and how that is told.

use std::str::FromStr;

use serde::de::IgnoredAny;

use crate::local::sales::is_header;

/// How events stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// By the file's extension, and else by what is in it.
    Auto,
    /// An event a line; a blank line is an event that is empty.
    Ndjson,
    /// One JSON text: the elements of an array, or one event.
    Json,
    /// The rows of the data set's own file.
    Csv,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "ndjson" => Ok(Self::Ndjson),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            _ => Err("write auto, ndjson, json or csv".to_owned()),
        }
    }
}

/// The format of a file that begins so. A first line that is JSON by itself and has others behind
/// it can't begin a longer JSON text. Neither can one that is broken in its middle, and where the
/// next line is an object it is the first event of many that is broken.
pub(super) fn format_of(head: &[u8]) -> Format {
    let mut filled = head.split(|byte| *byte == b'\n').filter(|it| !is_blank(it));
    let (first, second) = (filled.next().unwrap_or_default(), filled.next());
    let error = match serde_json::from_slice::<IgnoredAny>(first) {
        Ok(_) if second.is_some() => return Format::Ndjson,
        Ok(_) => return Format::Json,
        Err(error) => error,
    };
    if is_header(first) {
        Format::Csv
    } else if !error.is_eof() && second.is_some_and(is_object) {
        Format::Ndjson
    } else {
        Format::Json
    }
}

/// Whether a text that is not JSON is lines of which the first was cut off.
pub(super) fn is_lines_after_all(text: &[u8]) -> bool {
    let mut filled = text.split(|byte| *byte == b'\n').filter(|it| !is_blank(it));
    filled.nth(1).is_some_and(is_object) && serde_json::from_slice::<IgnoredAny>(text).is_err()
}

fn is_object(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

pub(super) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}
