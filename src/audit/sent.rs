//! What was sent, held against the lake.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::{Finding, FindingKind};
use super::report::Report;
use crate::terminal::grouped;

/// What became of events that were sent: each record was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SentReport {
    /// What their message ids begin with.
    pub run: String,
    /// How many were sent.
    pub events: u64,
    /// Those that stand in bronze.
    pub accepted: u64,
    /// Those that stand in the rejection log, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Those that stand nowhere.
    pub lost: u64,
    /// Records more than one of the same event.
    pub twice: u64,
    /// How many of these the sending explains: it was in doubt, and sent them again.
    pub in_doubt: u64,
    /// Whether nothing of it is missing, twice, or otherwise than it was sent, and the audit finds
    /// nothing wrong.
    pub proven: bool,
}

impl Report {
    /// Adds what became of the events that were sent; `lost` and `twice` name some.
    pub fn hold_sent(&mut self, mut sent: SentReport, lost: &[String], twice: &[String]) {
        let more = sent.twice.saturating_sub(sent.in_doubt);
        for (kind, count, named, message) in [
            (FindingKind::Lost, sent.lost, lost, "stand nowhere"),
            (FindingKind::Twice, more, twice, "stand more than once"),
        ] {
            if count > 0 {
                let events = grouped(count);
                let message = format!("{events} events {message}, as {}", named.join(", "));
                self.findings.push(Finding::of_events(kind, message));
                self.wrong += 1;
                self.sound = false;
            }
        }
        self.findings.sort_by_key(|finding| finding.kind);
        sent.proven = self.sound;
        self.sent = Some(sent);
    }
}
