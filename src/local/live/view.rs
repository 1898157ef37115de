//! How a live hub stands: a table that is drawn over, lines, or JSON.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::time::interval;

use super::progress::Progress;
use super::verdicts::{Tail, Verdicts};
use crate::hub::Hub;
use crate::terminal::{Voice, grouped};

/// How often a table is drawn, an object printed, and a line written.
const TABLE_EVERY: Duration = Duration::from_millis(250);
const JSON_EVERY: Duration = Duration::from_secs(1);
const LINES_EVERY: Duration = Duration::from_secs(3);

/// How a partition stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub partition: usize,
    /// The sequence number of the last event in the log.
    pub last: Option<u64>,
    /// The sequence number up to which events are landed.
    pub landed_to: Option<u64>,
    /// Events that wait.
    pub lag: u64,
    /// Events that the handler accepted since the hub was started.
    pub accepted: u64,
    /// Events that it rejected since then.
    pub rejected: u64,
    /// Events that it dropped since then: they were landed already.
    pub duplicates: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// Tries that failed.
    pub failures: u64,
    /// Events of batches that failed and were passed over.
    pub passed_over: u64,
    /// Why the batch in flight is not landed yet.
    pub trouble: Option<String>,
}

/// How all of it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The partitions.
    pub partitions: Vec<Row>,
    /// How often the handler ended by itself.
    pub crashes: u64,
}

/// Where the figures come from.
pub struct Board {
    hub: Arc<Hub>,
    progress: Arc<Progress>,
    tail: Tail,
    /// What the log said last.
    verdicts: Vec<Verdicts>,
}

impl Board {
    /// Of a hub, its host, and the handler's log.
    pub fn new(hub: Arc<Hub>, progress: Arc<Progress>, tail: Tail) -> Self {
        let verdicts = vec![Verdicts::default(); hub.partitions().len()];
        Self {
            hub,
            progress,
            tail,
            verdicts,
        }
    }

    fn standing(&mut self) -> Standing {
        // without the log the figures of the last look stay
        if let Ok(verdicts) = self.tail.verdicts() {
            verdicts.clone_into(&mut self.verdicts);
        }
        let progress = self.progress.partitions();
        let partitions = self
            .hub
            .partitions()
            .iter()
            .zip(progress)
            .zip(&self.verdicts);
        let row = |(partition, ((log, fed), verdicts)): (usize, _)| {
            let (log, fed): (&crate::hub::log::Log, super::progress::Partition) = (log, fed);
            let verdicts: &Verdicts = verdicts;
            Row {
                partition,
                last: log.next().checked_sub(1),
                landed_to: fed.landed.checked_sub(1),
                lag: log.next().saturating_sub(fed.landed),
                accepted: verdicts.accepted,
                rejected: verdicts.rejected,
                duplicates: verdicts.duplicates,
                bytes: log.bytes(),
                failures: fed.failures,
                passed_over: fed.passed_over,
                trouble: fed.trouble,
            }
        };
        Standing {
            partitions: partitions.enumerate().map(row).collect(),
            crashes: self.progress.crashes(),
        }
    }
}

/// Shows how it stands until it is dropped; returns only where nobody can be told any more.
pub async fn show(voice: Voice, board: &mut Board) -> io::Error {
    match voice {
        Voice::Quiet => std::future::pending().await,
        Voice::Json => loop_over(JSON_EVERY, board, |_, standing| json(standing)).await,
        Voice::Human if io::stderr().is_terminal() => {
            let table = Table::new();
            let mut tick = interval(TABLE_EVERY);
            loop {
                tick.tick().await;
                table.draw(&board.standing());
            }
        }
        Voice::Human => {
            loop_over(LINES_EVERY, board, |before, standing| {
                for (row, before) in standing.partitions.iter().zip(&before.partitions) {
                    if row != before {
                        writeln!(io::stderr(), "{}", line(row))?;
                    }
                }
                if standing.crashes != before.crashes {
                    writeln!(io::stderr(), "{}", ended(standing.crashes))?;
                }
                Ok(())
            })
            .await
        }
    }
}

/// Says what is left to say when it ends.
///
/// # Errors
/// Where it can't be said.
pub fn last(voice: Voice, board: &mut Board) -> io::Result<()> {
    let standing = board.standing();
    match voice {
        Voice::Quiet => Ok(()),
        Voice::Json => json(&standing),
        Voice::Human => {
            for row in &standing.partitions {
                writeln!(io::stderr(), "{}", line(row))?;
            }
            Ok(())
        }
    }
}

async fn loop_over(
    every: Duration,
    board: &mut Board,
    mut say: impl FnMut(&Standing, &Standing) -> io::Result<()>,
) -> io::Error {
    let mut tick = interval(every);
    tick.tick().await;
    let mut before = board.standing();
    loop {
        tick.tick().await;
        let standing = board.standing();
        if standing != before
            && let Err(error) = say(&before, &standing)
        {
            return error;
        }
        before = standing;
    }
}

fn json(standing: &Standing) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, standing)?;
    writeln!(out)?;
    out.flush()
}

/// The table's head.
const HEAD: &str =
    "  partition          last     landed to           lag      accepted  rejected         bytes";

/// A row of the table.
fn cells(row: &Row) -> String {
    let sequence = |it: Option<u64>| it.map_or_else(|| "-".to_owned(), grouped);
    let trouble = row
        .trouble
        .as_deref()
        .map_or_else(String::new, |it| format!("  {it}"));
    format!(
        "  {:>9}{:>14}{:>14}{:>14}{:>14}{:>10}{:>14}{trouble}",
        row.partition,
        sequence(row.last),
        sequence(row.landed_to),
        grouped(row.lag),
        grouped(row.accepted),
        grouped(row.rejected),
        grouped(row.bytes),
    )
}

/// A row as a line of its own.
fn line(row: &Row) -> String {
    let sequence = |it: Option<u64>| it.map_or_else(|| "none".to_owned(), |it| it.to_string());
    let some = |name: &str, count: u64| match count {
        0 => String::new(),
        count => format!(", {count} {name}"),
    };
    let trouble = row
        .trouble
        .as_deref()
        .map_or_else(String::new, |it| format!("; {it}"));
    format!(
        "partition {}: last {}, landed to {}, lag {}, {} accepted, {} rejected{}{}{}, {} bytes{trouble}",
        row.partition,
        sequence(row.last),
        sequence(row.landed_to),
        row.lag,
        row.accepted,
        row.rejected,
        some("duplicates", row.duplicates),
        some("failed tries", row.failures),
        some("passed over", row.passed_over),
        row.bytes,
    )
}

/// What is said of a handler that ends by itself.
fn ended(crashes: u64) -> String {
    format!("the handler ended by itself and was started again, {crashes} so far: see its log")
}

/// The table on a terminal.
struct Table {
    all: MultiProgress,
    rows: std::cell::RefCell<Vec<ProgressBar>>,
}

impl Table {
    fn new() -> Self {
        let table = Self {
            all: MultiProgress::new(),
            rows: std::cell::RefCell::default(),
        };
        table.set(0, HEAD.to_owned());
        table
    }

    fn draw(&self, standing: &Standing) {
        for (index, row) in standing.partitions.iter().enumerate() {
            self.set(index + 1, cells(row));
        }
        if standing.crashes > 0 {
            let row = standing.partitions.len() + 1;
            self.set(row, format!("  {}", ended(standing.crashes)));
        }
    }

    fn set(&self, index: usize, text: String) {
        let mut rows = self.rows.borrow_mut();
        if rows.len() == index {
            // a line that wraps can't be drawn over, so it gives way where the terminal is narrow
            let style = ProgressStyle::with_template("{wide_msg}");
            let bar = self.all.add(ProgressBar::no_length());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            rows.push(bar);
        }
        if let Some(row) = rows.get(index) {
            row.set_message(text);
            row.tick();
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // the last state is written as lines
        for row in self.rows.borrow().iter() {
            row.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            partition: 3,
            last: Some(12_345),
            landed_to: Some(12_000),
            lag: 345,
            accepted: 11_900,
            rejected: 101,
            bytes: 9_876_543,
            ..Row::default()
        }
    }

    #[test]
    fn a_row_stands_under_its_head() {
        let cells = cells(&row());
        assert_eq!(cells.len(), HEAD.len());
        for (name, value) in [
            ("last", " 12,345"),
            ("lag", " 345"),
            ("rejected", " 101"),
            ("bytes", " 9,876,543"),
        ] {
            let end = |text: &str, part: &str| text.find(part).unwrap() + part.len();
            assert_eq!(end(HEAD, name), end(&cells, value), "{name}");
        }
    }

    #[test]
    fn a_line_says_what_is_wrong_and_nothing_of_what_is_not() {
        assert_eq!(
            line(&row()),
            "partition 3: last 12345, landed to 12000, lag 345, 11900 accepted, 101 rejected, 9876543 bytes"
        );
        let row = Row {
            last: None,
            failures: 2,
            trouble: Some("503: no room".to_owned()),
            ..row()
        };
        let said = line(&row);
        for part in ["last none", "2 failed tries", "; 503: no room"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
