//! Files in, events out: each with its place, byte for byte.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

use super::CheckError;
use super::format::{Format, format_of, is_blank, is_lines_after_all};
use crate::local::sales::{Sales, SalesError};

/// The most bytes that are held at once: a line of NDJSON, or a file that is one JSON text.
const LARGEST: u64 = 1 << 30;
/// What is looked at to tell a format by.
const HEAD: u64 = 16 << 20;

/// Where events are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Stdin => f.write_str("stdin"),
        }
    }
}

/// An event's place in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The line on which it stands, or begins, from 1.
    Line(u64),
    /// The element of the file's array, from 1.
    Element(u64),
    /// The whole file.
    Whole,
}

/// A source that can be read: that it can't is known before anything is judged.
pub struct Input {
    /// Its name, as it is told.
    pub name: String,
    /// Its bytes, where they are known.
    pub bytes: Option<u64>,
    extension: String,
    reader: Reader,
}

/// What an input is read from.
enum Reader {
    /// A file, which is opened when its turn comes: there can be more of them than a process may
    /// have open.
    File(PathBuf),
    /// What can be opened only once.
    Stream(Box<dyn Read + Send>),
}

impl Input {
    /// Opens a source.
    ///
    /// # Errors
    /// Where it is not there, is a folder, or may not be read.
    pub fn open(source: &Source) -> Result<Self, CheckError> {
        let name = source.to_string();
        let Source::File(path) = source else {
            return Ok(Self {
                name,
                bytes: None,
                extension: String::new(),
                reader: Reader::Stream(Box::new(io::stdin())),
            });
        };
        let trouble = |problem: String| CheckError::input(&name, problem);
        let file = File::open(path).map_err(|error| {
            trouble(format!(
                "can't be read: {error}; name a file, or - for stdin"
            ))
        })?;
        let about = file
            .metadata()
            .map_err(|error| trouble(error.to_string()))?;
        if about.is_dir() {
            return Err(trouble("is a folder: name the files in it".to_owned()));
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        Ok(Self {
            bytes: about.is_file().then_some(about.len()),
            extension: extension.to_lowercase(),
            reader: if about.is_file() {
                Reader::File(path.clone())
            } else {
                Reader::Stream(Box::new(file))
            },
            name,
        })
    }

    /// Hands on every event in turn; `read` counts the bytes that are behind.
    ///
    /// # Errors
    /// Where the file can't be read or is not of its format, and those of `event`.
    pub fn events(
        self,
        format: Format,
        read: &AtomicU64,
        mut event: impl FnMut(Place, &[u8]) -> Result<(), CheckError>,
    ) -> Result<(), CheckError> {
        let name = self.name;
        let trouble = |problem: String| CheckError::input(&name, problem);
        let reader: Box<dyn Read> = match self.reader {
            Reader::Stream(stream) => stream,
            Reader::File(path) => {
                let opened = File::open(path);
                Box::new(opened.map_err(|it| trouble(format!("can't be read: {it}")))?)
            }
        };
        let reader = Counted(reader, read);
        let mut reader = BufReader::with_capacity(1 << 16, reader);
        let (head, known) = match (format, self.extension.as_str()) {
            (Format::Auto, "csv") => (Vec::new(), Format::Csv),
            (Format::Auto, "ndjson" | "jsonl") => (Vec::new(), Format::Ndjson),
            (Format::Auto, "gz" | "zst" | "bz2" | "xz" | "zip") => {
                let problem = "is compressed: unpack it, as in gunzip -c FILE | bronzegate check -";
                return Err(trouble(problem.to_owned()));
            }
            (Format::Auto, _) => {
                let head = head(&mut reader).map_err(|it| trouble(it.to_string()))?;
                let format = format_of(&head);
                (head, format)
            }
            (format, _) => (Vec::new(), format),
        };
        let reader = Cursor::new(head).chain(reader);
        match known {
            Format::Csv => rows(reader, &name, event),
            Format::Ndjson => lines(reader, &name, event),
            Format::Json | Format::Auto => {
                let mut text = Vec::new();
                let size = reader.take(LARGEST + 1).read_to_end(&mut text);
                if size.map_err(|it| trouble(it.to_string()))? as u64 > LARGEST {
                    let problem = "more than 1 GiB in one JSON text: write an event a line, and say --format ndjson";
                    return Err(trouble(problem.to_owned()));
                }
                if let Some(elements) = elements(&text) {
                    for (element, number) in elements.iter().zip(1..) {
                        event(Place::Element(number), element.get().as_bytes())?;
                    }
                    return Ok(());
                }
                if format == Format::Auto && is_lines_after_all(&text) {
                    return lines(&*text, &name, event);
                }
                event(Place::Whole, &text)
            }
        }
    }
}

/// Counts the bytes that are read.
struct Counted<'a, R>(R, &'a AtomicU64);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.0.read(buffer)?;
        self.1.fetch_add(size as u64, Ordering::Relaxed);
        Ok(size)
    }
}

/// The beginning of a file, up to the end of its second line that is not blank.
fn head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let (mut head, mut reader) = (Vec::new(), reader.take(HEAD));
    let mut seen = 0;
    while seen < 2 {
        let start = head.len();
        if reader.read_until(b'\n', &mut head)? == 0 {
            break;
        }
        seen += usize::from(!is_blank(&head[start..]));
    }
    Ok(head)
}

/// The elements of a text that is an array, each with its own bytes.
fn elements(text: &[u8]) -> Option<Vec<&RawValue>> {
    serde_json::from_slice(text).ok()
}

fn lines(
    mut reader: impl BufRead,
    name: &str,
    mut event: impl FnMut(Place, &[u8]) -> Result<(), CheckError>,
) -> Result<(), CheckError> {
    let mut line = Vec::new();
    for number in 1.. {
        let trouble =
            |problem: String| CheckError::input(name, format!("line {number}: {problem}"));
        line.clear();
        let size = reader
            .by_ref()
            .take(LARGEST + 1)
            .read_until(b'\n', &mut line)
            .map_err(|it| trouble(it.to_string()))?;
        if size == 0 {
            break;
        }
        if size as u64 > LARGEST {
            let problem = "longer than 1 GiB: is it a file of lines? Name its --format";
            return Err(trouble(problem.to_owned()));
        }
        let body = line.strip_suffix(b"\n").unwrap_or(&line);
        event(
            Place::Line(number),
            body.strip_suffix(b"\r").unwrap_or(body),
        )?;
    }
    Ok(())
}

fn rows(
    reader: impl Read,
    name: &str,
    mut event: impl FnMut(Place, &[u8]) -> Result<(), CheckError>,
) -> Result<(), CheckError> {
    let trouble = |error: SalesError| {
        let problem = format!("{error}; the data set's own file is expected");
        CheckError::input(name, problem)
    };
    for sale in Sales::new(reader).map_err(trouble)? {
        let sale = sale.map_err(trouble)?;
        let place = Place::Line(sale.number);
        event(place, sale.in_numbers_or_text().json().as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(extension: &str, format: Format, text: &[u8]) -> Vec<(Place, String)> {
        let input = Input {
            name: "test".to_owned(),
            bytes: None,
            extension: extension.to_owned(),
            reader: Reader::Stream(Box::new(Cursor::new(text.to_vec()))),
        };
        let (mut events, read) = (Vec::new(), AtomicU64::new(0));
        input
            .events(format, &read, |place, body| {
                events.push((place, String::from_utf8_lossy(body).into_owned()));
                Ok(())
            })
            .unwrap();
        assert_eq!(read.into_inner(), text.len() as u64);
        events
    }

    #[track_caller]
    fn assert_auto(extension: &str, text: &str, expected: &[(Place, &str)]) {
        let events = events(extension, Format::Auto, text.as_bytes());
        let events: Vec<_> = events
            .iter()
            .map(|(place, body)| (*place, &**body))
            .collect();
        assert_eq!(events, expected);
    }

    use Place::{Element, Line, Whole};

    #[test]
    fn a_line_is_an_event_without_its_end() {
        let expected = [
            (Line(1), "{\"a\": 1} "),
            (Line(2), ""),
            (Line(3), "x"),
            (Line(4), "\t"),
        ];
        assert_auto("ndjson", "{\"a\": 1} \r\n\nx\n\t", &expected);
        assert_auto("jsonl", "[1]\n", &[(Line(1), "[1]")]);
        assert_auto("ndjson", "", &[]);
    }

    #[test]
    fn the_format_is_told_by_what_is_in_the_file() {
        assert_auto("", "{}\n{}\n", &[(Line(1), "{}"), (Line(2), "{}")]);
        assert_auto("json", "{}\nx", &[(Line(1), "{}"), (Line(2), "x")]);
        assert_auto("json", "\n{}\n", &[(Whole, "\n{}\n")]);
        assert_auto("json", "{\n\"a\":1\n}\n", &[(Whole, "{\n\"a\":1\n}\n")]);
        assert_auto(
            "json",
            "[{},\n[1,2] ]",
            &[(Element(1), "{}"), (Element(2), "[1,2]")],
        );
        assert_auto("json", "[]", &[]);
        assert_auto("json", "[\n{\"b\":2}\n]\n", &[(Element(1), "{\"b\":2}")]);
        assert_auto("json", "{\"a\":\n1,}", &[(Whole, "{\"a\":\n1,}")]);
        assert_auto("", "", &[(Whole, "")]);
    }

    #[test]
    fn a_spoilt_first_line_does_not_hide_the_lines_behind_it() {
        for first in ["{\"a\":NaN}", "{\"a\":1", "\u{feff}{}", "{'a':1}"] {
            let text = format!("{first}\n{{}}\n{{}}\n");
            assert_auto(
                "",
                &text,
                &[(Line(1), first), (Line(2), "{}"), (Line(3), "{}")],
            );
        }
    }

    #[test]
    fn elements_keep_their_bytes() {
        let text = r#"[ {"a":1,"a":1.50} ,1e400,"\u0041"]"#;
        let expected = [
            (Element(1), r#"{"a":1,"a":1.50}"#),
            (Element(2), "1e400"),
            (Element(3), r#""\u0041""#),
        ];
        assert_auto("json", text, &expected);
    }

    #[test]
    fn the_data_sets_rows_are_events_whatever_the_file_is_called() {
        let text = "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n\
                    581482,12/9/2019,22485,\"A\nB\",x,12,,UK\n1,2,3,4,5,6,7,8\n";
        for extension in ["csv", "", "txt"] {
            let events = events(extension, Format::Auto, text.as_bytes());
            assert_eq!(events[0].0, Line(2));
            assert!(
                events[0]
                    .1
                    .contains(r#""ProductName":"A\nB","Price":"x","Quantity":12"#)
            );
            assert_eq!(events[1].0, Line(4));
        }
    }

    proptest::proptest! {
        #[test]
        fn the_bytes_of_lines_are_the_bytes_of_the_file(
            text in proptest::collection::vec(proptest::sample::select(b"{}a\r\n\xff".as_slice()), 0..60),
        ) {
            let events = lines_of(&text);
            let expected: Vec<&[u8]> = match text.strip_suffix(b"\n").unwrap_or(&text) {
                [] if text.is_empty() => Vec::new(),
                text => text.split(|byte| *byte == b'\n').collect(),
            };
            let expected: Vec<_> = expected.iter().map(|it| it.strip_suffix(b"\r").unwrap_or(it)).collect();
            proptest::prop_assert_eq!(events, expected);
        }
    }

    fn lines_of(text: &[u8]) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        lines(text, "test", |_, body| {
            events.push(body.to_vec());
            Ok(())
        })
        .unwrap();
        events
    }
}
