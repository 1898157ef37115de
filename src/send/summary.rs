//! What a send came to.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::journal::Done;
use super::progress::Progress;
use super::{Request, Source};
use crate::terminal::grouped;

/// The figures of a send.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The hub.
    pub hub: String,
    /// What the events' message ids begin with.
    pub run: String,
    /// What was sent: `bronzegate audit --sent` makes the same events of it.
    pub source: Source,
    /// Events that were acknowledged.
    pub events: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Batches in which they went.
    pub batches: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What went to each partition.
    pub partitions: Vec<PartitionSummary>,
    /// Milliseconds from a batch's sending to its acknowledgement; none where none was.
    pub acknowledged_ms: Option<Percentiles>,
    /// Batches that were sent again.
    pub sent_again: u64,
    /// Events that may stand in the hub twice: their sending was begun and not acknowledged, by
    /// this send or by the one that it resumed.
    pub in_doubt: u64,
    /// Events that the hub does not take.
    pub not_sent: NotSent,
    /// Where an unfinished send can be resumed: its journal.
    pub journal: Option<String>,
}

/// What went to a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionSummary {
    /// The partition's id.
    pub partition: String,
    /// Events.
    pub events: u64,
    /// Batches.
    pub batches: u64,
    /// Bytes of payloads.
    pub bytes: u64,
}

/// Times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// Events that the hub does not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotSent {
    /// How many.
    pub events: u64,
    /// The first of them.
    pub first: Vec<NotSentEvent>,
}

/// An event that the hub does not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotSentEvent {
    /// Its place in the input, from 1.
    pub event: u64,
    /// Why.
    pub problem: String,
}

impl Summary {
    pub(super) fn of(
        request: &Request,
        ids: &[String],
        progress: &Progress,
        before: &Done,
        took: Duration,
    ) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let counts = progress.partitions();
        let (refused, first) = progress.not_sent();
        Self {
            hub: request.client.address().to_string(),
            run: request.source.run(),
            source: request.source.clone(),
            events: counts.iter().map(|it| it.events).sum(),
            bytes: counts.iter().map(|it| it.bytes).sum(),
            batches: counts.iter().map(|it| it.batches).sum(),
            seconds: took.as_secs_f64(),
            partitions: ids
                .iter()
                .zip(&counts)
                .map(|(id, it)| PartitionSummary {
                    partition: id.clone(),
                    events: it.events,
                    batches: it.batches,
                    bytes: it.bytes,
                })
                .collect(),
            acknowledged_ms: progress.acknowledged().map(|[p50, p99, max]| Percentiles {
                p50: millis(p50),
                p99: millis(p99),
                max: millis(max),
            }),
            sent_again: progress.sent_again(),
            in_doubt: progress.doubtful() + before.in_doubt,
            not_sent: NotSent {
                events: refused,
                first: first
                    .into_iter()
                    .map(|(index, problem)| NotSentEvent {
                        event: index + 1,
                        problem,
                    })
                    .collect(),
            },
            journal: None,
        }
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// Where nobody reads it.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let speed = self.events as f64 / self.seconds.max(1e-3);
        writeln!(
            out,
            "  sent         {:>9}  events to {}, {:.1} MB in {} batches",
            grouped(self.events),
            self.hub,
            self.bytes as f64 / 1e6,
            grouped(self.batches),
        )?;
        writeln!(
            out,
            "  speed        {:>9}  events/s, {:.1} s",
            grouped(speed as u64),
            self.seconds
        )?;
        if let Some(Percentiles { p50, p99, max }) = self.acknowledged_ms {
            writeln!(
                out,
                "  acknowledged {p50:>9.1}  ms at the median, {p99:.1} ms p99, {max:.1} ms at most"
            )?;
        }
        writeln!(out, "\n  partition     events   batches")?;
        for it in &self.partitions {
            writeln!(
                out,
                "  {:>9}  {:>9} {:>9}",
                it.partition,
                grouped(it.events),
                grouped(it.batches)
            )?;
        }
        if self.in_doubt > 0 {
            writeln!(
                out,
                "\n  {} events may stand in the hub twice: their sending was begun and not \
                 acknowledged, and they were sent again or will be. Each has the same message id.",
                grouped(self.in_doubt)
            )?;
        }
        for it in &self.not_sent.first {
            writeln!(out, "\n  event {} was not sent: {}", it.event, it.problem)?;
        }
        if self.not_sent.events > self.not_sent.first.len() as u64 {
            writeln!(
                out,
                "  {} events were not sent",
                grouped(self.not_sent.events)
            )?;
        }
        if let Some(journal) = &self.journal {
            writeln!(
                out,
                "\n  stopped: the same command with --resume goes on ({journal})"
            )?;
        }
        Ok(())
    }
}
