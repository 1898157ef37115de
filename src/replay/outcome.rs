//! What became of rejections: counted, for people and as `--json` prints it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::AddAssign;

use serde::Serialize;

use crate::judge::Rejection;
use crate::terminal::grouped;

/// Problems that are kept; the others are counted.
const KEPT: usize = 1_000;

/// Something in the lake that could not be replayed, and was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The blob.
    pub blob: String,
    /// The line of it, from 1.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    pub(super) fn new(blob: &str, line: Option<u64>, message: &str) -> Self {
        Self {
            blob: blob.to_owned(),
            line,
            message: message.to_owned(),
        }
    }
}

/// Rejections that are accepted now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Way {
    /// Why they were rejected.
    pub reason: String,
    /// The schema that accepts them now.
    pub schema: String,
}

/// Rejections that would be rejected again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Refusal {
    /// Why, today.
    pub reason: String,
    /// Under which schema.
    pub schema: Option<String>,
}

/// What became of rejections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rejection blobs that were looked at.
    pub blobs: u64,
    /// Rejections that were resolved before.
    pub resolved_before: u64,
    /// Those that are accepted now.
    pub accepted: BTreeMap<Way, u64>,
    /// Those that are rejected still.
    pub refused: BTreeMap<Refusal, u64>,
    /// Events that this run landed.
    pub landed: u64,
    /// The blobs under `bronze/` that it made; the first thousand.
    pub landed_blobs: Vec<String>,
    /// What could not be replayed; the first thousand.
    pub problems: Vec<Problem>,
    /// How much could not be replayed.
    pub wrong: u64,
}

impl Outcome {
    pub(super) fn with(mut self, blob: &str, line: Option<u64>, message: &str) -> Self {
        self.problem(Problem::new(blob, line, message));
        self
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.wrong += 1;
        if self.problems.len() < KEPT {
            self.problems.push(problem);
        }
    }

    pub(super) fn accept(&mut self, reason: &str, schema: &str) {
        let way = Way {
            reason: reason.to_owned(),
            schema: schema.to_owned(),
        };
        *self.accepted.entry(way).or_insert(0) += 1;
    }

    pub(super) fn refuse(&mut self, rejection: &Rejection) {
        let refusal = Refusal {
            reason: rejection.reason.word().to_owned(),
            schema: rejection.schema.as_deref().map(str::to_owned),
        };
        *self.refused.entry(refusal).or_insert(0) += 1;
    }

    /// How many are accepted now.
    pub fn accepted(&self) -> u64 {
        self.accepted.values().sum()
    }

    /// How many are rejected still.
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.blobs += other.blobs;
        self.resolved_before += other.resolved_before;
        self.landed += other.landed;
        for (way, count) in other.accepted {
            *self.accepted.entry(way).or_insert(0) += count;
        }
        for (refusal, count) in other.refused {
            *self.refused.entry(refusal).or_insert(0) += count;
        }
        let room = KEPT.saturating_sub(self.landed_blobs.len());
        self.landed_blobs
            .extend(other.landed_blobs.into_iter().take(room));
        let unkept = other.wrong - other.problems.len() as u64;
        self.wrong += unkept;
        for problem in other.problems {
            self.problem(problem);
        }
    }
}

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The lake.
    pub lake: String,
    /// The digest of the schema catalog.
    pub catalog: String,
    /// Whether nothing was landed since that was asked for.
    pub dry_run: bool,
    /// Rejection blobs that were looked at.
    pub blobs: u64,
    /// Rejections that were resolved before.
    pub resolved_before: u64,
    /// Those that are accepted now, by why they were rejected and what accepts them.
    pub accepted: Vec<Counted<Way>>,
    /// Those that are rejected still, by why.
    pub refused: Vec<Counted<Refusal>>,
    /// Events that this run landed; less than those accepted where others landed some meanwhile.
    pub landed: u64,
    /// The blobs that it made; the first thousand.
    pub landed_blobs: Vec<String>,
    /// What could not be replayed; the first thousand.
    pub problems: Vec<Problem>,
    /// How much could not be replayed.
    pub wrong: u64,
}

/// A figure of something.
#[derive(Debug, Serialize)]
pub struct Counted<T> {
    /// What is counted.
    #[serde(flatten)]
    pub what: T,
    /// How many.
    pub events: u64,
}

impl Summary {
    /// The outcome of a run over a lake, under a catalog.
    pub fn of(lake: String, catalog: String, dry_run: bool, outcome: Outcome) -> Self {
        fn counted<T>(counts: BTreeMap<T, u64>) -> Vec<Counted<T>> {
            let counted = counts.into_iter();
            counted
                .map(|(what, events)| Counted { what, events })
                .collect()
        }
        Self {
            lake,
            catalog,
            dry_run,
            blobs: outcome.blobs,
            resolved_before: outcome.resolved_before,
            accepted: counted(outcome.accepted),
            refused: counted(outcome.refused),
            landed: outcome.landed,
            landed_blobs: outcome.landed_blobs,
            problems: outcome.problems,
            wrong: outcome.wrong,
        }
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// Where `out` can't be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        const SHOWN: usize = 10;
        let accepted: u64 = self.accepted.iter().map(|it| it.events).sum();
        let refused: u64 = self.refused.iter().map(|it| it.events).sum();
        let looked = format!("rejection blobs looked at in {}", self.lake);
        writeln!(out, "\n  {:>11}  {looked}", grouped(self.blobs))?;
        let before = "rejections resolved before";
        writeln!(out, "  {:>11}  {before}", grouped(self.resolved_before))?;
        writeln!(out, "  {:>11}  accepted now", grouped(accepted))?;
        for Counted { what, events } in &self.accepted {
            let (reason, schema) = (&what.reason, &what.schema);
            let events = grouped(*events);
            writeln!(out, "      {events:>11}  {reason} → {schema}")?;
        }
        writeln!(out, "  {:>11}  rejected still", grouped(refused))?;
        for Counted { what, events } in &self.refused {
            let schema = match &what.schema {
                Some(schema) => format!(" under {schema}"),
                None => String::new(),
            };
            let events = grouped(*events);
            writeln!(out, "      {events:>11}  {}{schema}", what.reason)?;
        }
        for problem in self.problems.iter().take(SHOWN) {
            let line = problem
                .line
                .map_or_else(String::new, |line| format!(", line {line}"));
            writeln!(out, "  - {}{line}: {}", problem.blob, problem.message)?;
        }
        if self.wrong > SHOWN as u64 {
            let more = grouped(self.wrong - SHOWN as u64);
            writeln!(out, "  - and {more} more; --json has them")?;
        }
        let landed = grouped(self.landed);
        match (self.dry_run, accepted) {
            (_, 0) if self.wrong > 0 => {
                writeln!(out, "\nNOTHING REPLAYED  but see what could not be, above.")
            }
            (_, 0) => writeln!(
                out,
                "\nNOTHING TO REPLAY  no open rejection is accepted now."
            ),
            (true, _) => writeln!(
                out,
                "\nDRY RUN  nothing was landed; without --dry-run these {} are.",
                grouped(accepted)
            ),
            (false, _) if self.landed < accepted => writeln!(
                out,
                "\nREPLAYED  {landed} events; the others were landed by another replay meanwhile."
            ),
            (false, _) => writeln!(out, "\nREPLAYED  {landed} events, each once."),
        }
    }
}
