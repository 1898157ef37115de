//! `bronzegate check`: a producer's own files, judged as the function would judge them; and the
//! schemas themselves, held against their examples and their predecessors.
//!
//! [`input`] cuts files into events, by their [`mod@format`]; [`Check`] judges them and keeps a
//! [`tally`]; `report` and `words` say it to people. [`schemas`] judges the examples and holds
//! versions against one another by [`compare`]; `verdict` says that to people, and [`mod@document`]
//! what the schemas say.

pub mod compare;
pub mod document;
pub mod format;
pub mod input;
mod report;
pub mod schemas;
pub mod tally;
mod verdict;
mod words;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::json;

use crate::encode::rejection_record;
use crate::event::{Batch, Event, Log, Origin, Stream};
use crate::judge::{Catalog, CatalogError, Judge, Rejection, Submission, Verdict};
use crate::settings::Judging;
use format::Format;
use input::{Input, Place, Source};
use tally::Tally;

/// Why nothing can be said of an input.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// An input can't be read.
    #[error("{name}: {problem}")]
    Input {
        /// The input.
        name: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The schemas can't be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// `--schema` names what is not there.
    #[error(
        "--schema {0}: there is no such schema: name one of {1}, or another folder of schemas by --catalog"
    )]
    UnknownSchema(String, String),
    /// What was found can't be told.
    #[error("stdout: {0}")]
    Out(#[from] io::Error),
}

impl CheckError {
    fn input(name: &str, problem: impl Into<String>) -> Self {
        Self::Input {
            name: words::visible(name),
            problem: problem.into(),
        }
    }
}

/// What is to be checked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The inputs.
    pub sources: Vec<Source>,
    /// How events stand in them.
    pub format: Format,
    /// The schema of all events, whatever the routes say.
    pub schema: Option<String>,
    /// The stream whose route applies.
    pub stream: Option<Stream>,
    /// The schemas' folder and the limits.
    pub judging: Judging,
}

/// Inputs that were opened, and the judge for them.
pub struct Check {
    inputs: Vec<Input>,
    format: Format,
    judge: Judge,
    stream: Stream,
    tally: Tally,
}

impl Check {
    /// Opens the inputs and loads the schemas.
    ///
    /// # Errors
    /// The first thing that is missing or can't be used.
    pub fn open(request: &Request) -> Result<Self, CheckError> {
        let inputs: Result<Vec<_>, _> = request.sources.iter().map(Input::open).collect();
        let inputs = inputs?;
        let catalog = Arc::new(Catalog::load(&request.judging.schemas)?);
        let limits = request.judging.limits;
        let judge = match &request.schema {
            None => Judge::new(&catalog, limits),
            Some(name) => Judge::under(&catalog, limits, name).ok_or_else(|| {
                CheckError::UnknownSchema(words::visible(name), catalog.known().to_owned())
            })?,
        };
        // the name under which the function lands what has no hub: no catalog routes it
        let unknown = || Stream::new("unknown/unknown");
        Ok(Self {
            inputs,
            format: request.format,
            judge,
            stream: request.stream.clone().unwrap_or_else(unknown),
            tally: Tally::default(),
        })
    }

    /// How many bytes the inputs have, where that is known.
    pub fn bytes(&self) -> Option<u64> {
        self.inputs.iter().map(|input| input.bytes).sum()
    }

    /// Judges every event. The rejection records go to `records`, and `read` counts bytes.
    ///
    /// # Errors
    /// Where an input can't be read or is not what it should be, or `records` not be written.
    pub fn run(
        self,
        read: &AtomicU64,
        mut records: Option<&mut dyn Write>,
    ) -> Result<Tally, CheckError> {
        let Self {
            inputs,
            format,
            mut judge,
            stream,
            mut tally,
        } = self;
        for input in inputs {
            let name = input.name.clone();
            tally.file(&name);
            input.events(format, read, |place, body| {
                let submission = Submission {
                    body,
                    properties: None,
                    content_type: None,
                };
                match judge.judge(&stream, &submission) {
                    Verdict::Accepted(schema) => tally.accept(schema),
                    Verdict::Rejected(rejection) => {
                        tally.reject(place, body, &rejection);
                        if let Some(records) = &mut records {
                            record(&name, place, &stream, body, &rejection, records)?;
                        }
                    }
                }
                Ok(())
            })?;
        }
        if let Some(records) = records {
            records.flush()?;
        }
        Ok(tally)
    }
}

/// Writes the rejection log's record of an event, with its place in front.
fn record(
    name: &str,
    place: Place,
    stream: &Stream,
    body: &[u8],
    rejection: &Rejection,
    out: &mut impl Write,
) -> io::Result<()> {
    let batch = Batch {
        origin: Origin::Invocation {
            log: Log::Hub,
            stream: stream.clone(),
            partition: None,
            id: String::new(),
        },
        payload: body.to_vec(),
        text: String::new(),
        events: Vec::new(),
    };
    let event = Event {
        body: 0..body.len(),
        ..Event::default()
    };
    let (column, number) = match place {
        Place::Line(line) => ("_line", line),
        Place::Element(element) => ("_element", element),
        Place::Whole => ("_line", 1),
    };
    write!(out, "{{\"_file\":{},\"{column}\":{number},", json!(name))?;
    // a record is an object of at least its coordinates
    out.write_all(&rejection_record(&batch, &event, rejection)[1..])
}
