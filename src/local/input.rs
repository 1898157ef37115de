//! Where events come from: the generator, the data set's file, or the lines of any file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::orders::{Clock, Layout, Line, Orders};
use super::sales::{Sale, Sales, SalesError};
use super::spoil::spoil;
use crate::event::EnqueuedTime;
use crate::judge::Reason;

/// An event as its producer sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The partition key.
    pub key: Option<String>,
    /// The payload.
    pub body: Vec<u8>,
    /// Application properties: a JSON object.
    pub properties: &'static str,
    /// When the hub takes it.
    pub enqueued: EnqueuedTime,
    /// What has to become of it: `None` where that is not known beforehand.
    pub expected: Option<Expected>,
}

/// What has to become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It is accepted.
    Accepted,
    /// It is refused for this reason.
    Rejected(Reason),
}

impl Expected {
    /// `accepted`, or the reason's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected(reason) => reason.word(),
        }
    }
}

/// Where the events come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// The generator.
    Generated {
        /// How many events.
        events: usize,
        /// The seed.
        seed: u64,
        /// Spoilt events in ten thousand.
        spoil: u64,
    },
    /// The data set's own file.
    Csv(PathBuf),
    /// An event a line, byte for byte; `-` is the standard input.
    Ndjson(PathBuf),
}

/// An input that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct InputError {
    place: String,
    problem: String,
}

/// The events of an input, in their order.
pub type Messages = Box<dyn Iterator<Item = Result<Message, InputError>> + Send>;

impl Input {
    /// The events of this input, one after another. Those of a file may be spoilt, too: `spoil` of
    /// ten thousand.
    ///
    /// # Errors
    /// Where a file can't be opened or is not the data set's.
    pub fn messages(&self, spoil: u64) -> Result<Messages, InputError> {
        Ok(match self {
            Self::Generated {
                events,
                seed,
                spoil,
            } => Box::new(generated(*seed, *spoil).take(*events).map(Ok)),
            Self::Csv(file) => Box::new(rows(file, spoil)?),
            Self::Ndjson(file) => Box::new(lines(file)?),
        })
    }
}

fn generated(seed: u64, share: u64) -> impl Iterator<Item = Message> + Send {
    let mut dice = Dice::new(seed, 3);
    Orders::new(seed)
        .map(move |order| message(order.line, order.layout, order.enqueued, (share, &mut dice)))
}

fn rows(
    file: &Path,
    share: u64,
) -> Result<impl Iterator<Item = Result<Message, InputError>> + Send + use<>, InputError> {
    let name = file.display().to_string();
    let error = move |it: SalesError| InputError {
        place: format!("{name}, line {}", it.line),
        problem: it.problem,
    };
    let opened = File::open(file).map_err(|it| error(SalesError::new(1, it)))?;
    let sales = Sales::new(opened).map_err(&error)?;
    let (mut clock, mut before) = (Clock::new(0), None);
    let mut dice = Dice::new(0, 3);
    Ok(sales.map(move |sale| {
        let line = sale.and_then(Sale::in_numbers).map_err(&error)?;
        if before.replace(line.transaction.clone()).as_ref() != Some(&line.transaction) {
            clock.pause();
        }
        let told = message(line, Layout::Compact, clock.tick(), (share, &mut dice));
        Ok(match told.expected {
            // whether a row of a file is accepted is not known beforehand
            Some(Expected::Accepted) => Message {
                expected: None,
                ..told
            },
            _ => told,
        })
    }))
}

fn lines(
    file: &Path,
) -> Result<impl Iterator<Item = Result<Message, InputError>> + Send + use<>, InputError> {
    let name = file.display().to_string();
    let error = move |line: usize, problem: &io::Error| InputError {
        place: format!("{name}, line {line}"),
        problem: problem.to_string(),
    };
    let source: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(|it| error(1, &it))?)
    };
    let mut clock = Clock::new(0);
    let split = BufReader::new(source).split(b'\n');
    Ok(split.enumerate().map(move |(index, line)| {
        let mut body = line.map_err(|it| error(index + 1, &it))?;
        if body.last() == Some(&b'\r') {
            body.pop();
        }
        clock.pause();
        Ok(Message {
            key: Some(index.to_string()),
            body,
            properties: "{}",
            enqueued: time(clock.tick()),
            expected: None,
        })
    }))
}

fn message(line: Line, layout: Layout, enqueued: i64, (share, dice): (u64, &mut Dice)) -> Message {
    let spoilt = dice.happens(share).then(|| spoil(&line, dice));
    let (body, properties, expected) = match spoilt {
        Some(it) => (it.body, it.properties, Expected::Rejected(it.reason)),
        None => (written(&line, layout), "{}", Expected::Accepted),
    };
    Message {
        key: Some(line.transaction),
        body,
        properties,
        enqueued: time(enqueued),
        expected: Some(expected),
    }
}

fn written(line: &Line, layout: Layout) -> Vec<u8> {
    match layout {
        Layout::Compact => line.json().into_bytes(),
        Layout::Spread => {
            let fields: Vec<String> = line
                .fields()
                .iter()
                .map(|(name, value)| format!("  \"{name}\": {value}"))
                .collect();
            format!("{{\r\n{}\r\n}}", fields.join(",\r\n")).into_bytes()
        }
    }
}

fn time(millis: i64) -> EnqueuedTime {
    // the clocks of this module begin in 2026 and run for some weeks
    EnqueuedTime::from_millis(millis).unwrap_or_else(|| unreachable!("{millis} is in 2026"))
}
