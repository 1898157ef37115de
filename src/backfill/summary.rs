//! What a backfill came to.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::Request;
use crate::landing::Landed;
use crate::terminal::grouped;

/// Ranges that are listed.
const LISTED: usize = 20;

/// The figures of a backfill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The lake.
    pub lake: String,
    /// The stream.
    pub stream: String,
    /// The partition.
    pub partition: String,
    /// The first sequence number that was asked for.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Events that were read.
    pub read: u64,
    /// Events that were landed as bronze, or would be.
    pub accepted: u64,
    /// Events that were landed as rejections, or would be, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Events that stood in the lake already.
    pub landed_before: u64,
    /// Events that the source does not have.
    pub missing: u64,
    /// The first ranges of them.
    pub missing_ranges: Vec<(u64, u64)>,
    /// The blobs that were written, or would be.
    pub blobs: Vec<String>,
}

impl Summary {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            lake: request.lake.clone(),
            stream: request.stream.to_string(),
            partition: request.partition.to_string(),
            from: request.range.0,
            to: request.range.1,
            dry_run: request.dry_run,
            read: 0,
            accepted: 0,
            rejected: BTreeMap::new(),
            landed_before: 0,
            missing: 0,
            missing_ranges: Vec::new(),
            blobs: Vec::new(),
        }
    }

    /// From `next` on, until before `came`, nothing came.
    pub(super) fn passed_over(&mut self, next: u64, came: u64) {
        if next < came {
            self.missing += came - next;
            if self.missing_ranges.len() < LISTED {
                self.missing_ranges.push((next, came - 1));
            }
        }
    }

    pub(super) fn landed(&mut self, events: usize, landed: Landed) {
        self.read += events as u64;
        self.accepted += landed.accepted;
        self.landed_before += landed.duplicates;
        for (reason, count) in landed.rejected {
            *self.rejected.entry(reason.word().to_owned()).or_insert(0) += count;
        }
        self.blobs.extend(landed.blobs);
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// Where nobody reads it.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let rejected: u64 = self.rejected.values().sum();
        writeln!(
            out,
            "  {}, partition {}, events {} to {}",
            self.stream, self.partition, self.from, self.to
        )?;
        let verb = if self.dry_run { "would be" } else { "were" };
        let mut line = |count: u64, what: &str| writeln!(out, "  {:>13}  {what}", grouped(count));
        line(self.read, "were read")?;
        line(self.landed_before, "were landed already")?;
        line(self.accepted, &format!("{verb} landed as bronze"))?;
        line(rejected, &format!("{verb} landed as rejections"))?;
        if self.missing > 0 {
            line(self.missing, "are not there")?;
            for (first, last) in &self.missing_ranges {
                writeln!(out, "                 {first} to {last}")?;
            }
        }
        let verb = if self.dry_run { "would write" } else { "wrote" };
        writeln!(out, "  {verb} {} blobs", self.blobs.len())
    }
}
