//! `bronzegate check`.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use super::{Ended, FAILED, say, told};
use crate::check::document::{Language, document};
use crate::check::format::Format;
use crate::check::input::Source;
use crate::check::schemas::Schemas;
use crate::check::{Check as Checking, CheckError, Request};
use crate::event::Stream;
use crate::settings::Judging;
use crate::terminal::{self, Bar, Voice};

#[derive(Args)]
pub(super) struct Check {
    /// Files of events; `-`, or none where something is piped in, is standard input
    #[arg(value_name = "FILE", conflicts_with = "schemas")]
    files: Vec<PathBuf>,
    /// How events stand in the files: `auto`, `ndjson` (one a line), `json` (an array's elements,
    /// or one event), `csv` (the data set's own file)
    #[arg(
        long,
        default_value = "auto",
        value_name = "FORMAT",
        conflicts_with = "schemas"
    )]
    format: Format,
    /// Judge every event under this schema, as in `order/1`, whatever the catalog's routes say
    #[arg(long, value_name = "SUBJECT/VERSION", conflicts_with = "schemas")]
    schema: Option<String>,
    /// The stream whose route applies, as in `shop/orders`; without it the catalog's default
    #[arg(long, value_name = "NAMESPACE/HUB", value_parser = stream, conflicts_with_all = ["schemas", "schema"])]
    stream: Option<Stream>,
    /// The folder of the schemas; else `SCHEMAS_DIR`, or that of the function app
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Check the schemas themselves: that they compile, judge their examples as these say, and
    /// accept what their predecessors accepted
    #[arg(long)]
    schemas: bool,
    /// Instead, print the schemas as a page for people, in `en` or `pt`: what each subject means,
    /// its fields with their rules, and the rejections that breaking these brings
    #[arg(long, value_name = "LANGUAGE", requires = "schemas", conflicts_with_all = ["json", "quiet"])]
    document: Option<Language>,
    /// Print JSON alone: a rejection record a line, as it stands in the rejection log, with `_file`
    /// and `_line` (or `_element`, from 1) in front; with --schemas one object
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors: the exit status says it
    #[arg(long)]
    quiet: bool,
}

impl Check {
    pub(super) async fn run(self) -> Ended {
        let voice = match (self.json, self.quiet) {
            (true, _) => Voice::Json,
            (false, true) => Voice::Quiet,
            (false, false) => Voice::Human,
        };
        let variable = |name: &str| std::env::var(name).ok();
        let judging = Judging::read(variable, self.catalog).map_err(failed)?;
        if let Some(language) = self.document {
            let page = document(&judging.schemas, judging.limits, language).map_err(failed)?;
            told(io::stdout().write_all(page.as_bytes()))?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.schemas {
            let schemas = Schemas::check(&judging.schemas, judging.limits).map_err(failed)?;
            say(voice, &schemas, |out| schemas.print(out))?;
            return Ok(status(schemas.sound));
        }
        let request = Request {
            sources: sources(self.files)?,
            format: self.format,
            schema: self.schema,
            stream: self.stream,
            judging,
        };
        let checking = Checking::open(&request).map_err(failed)?;
        let read = Arc::new(AtomicU64::new(0));
        let (total, done) = (checking.bytes().map(megabytes), Arc::clone(&read));
        let work = tokio::task::spawn_blocking(move || match voice {
            Voice::Json => {
                let mut out = BufWriter::new(io::stdout().lock());
                checking.run(&read, Some(&mut out))
            }
            Voice::Human | Voice::Quiet => checking.run(&read, None),
        });
        let bar = || Bar {
            done: megabytes(done.load(Ordering::Relaxed)),
            total,
            note: String::new(),
        };
        let tally = tokio::select! {
            tally = work => match tally.map_err(failed)? {
                // records are printed of what is rejected alone
                Err(CheckError::Out(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(ExitCode::FAILURE);
                }
                tally => tally.map_err(failed)?,
            },
            never = terminal::show(voice, "MB read", bar) => match never {},
        };
        if voice == Voice::Human {
            let mut out = BufWriter::new(io::stdout().lock());
            told(tally.print(&mut out).and_then(|()| out.flush()))?;
        }
        Ok(status(tally.rejected() == 0))
    }
}

fn status(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn failed(error: impl std::fmt::Display) -> (u8, String) {
    (FAILED, error.to_string())
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// The files that are named, or standard input.
fn sources(files: Vec<PathBuf>) -> Result<Vec<Source>, (u8, String)> {
    if files.is_empty() && io::stdin().is_terminal() {
        let problem = "nothing to check: name a file, or pipe events in, as in \
                       bronzegate check orders.ndjson";
        return Err((FAILED, problem.to_owned()));
    }
    if files.is_empty() {
        return Ok(vec![Source::Stdin]);
    }
    let source = |file: PathBuf| match file.to_str() {
        Some("-") => Source::Stdin,
        _ => Source::File(file),
    };
    let sources: Vec<_> = files.into_iter().map(source).collect();
    if sources.iter().filter(|it| **it == Source::Stdin).count() > 1 {
        let problem = "`-` stands more than once: standard input can be read once";
        return Err((FAILED, problem.to_owned()));
    }
    Ok(sources)
}

fn stream(text: &str) -> Result<Stream, String> {
    match text.split_once('/') {
        Some((namespace, hub))
            if !namespace.is_empty() && !hub.is_empty() && !hub.contains('/') =>
        {
            Ok(Stream::new(text))
        }
        _ => Err("write the namespace and the hub, as in shop/orders".to_owned()),
    }
}
