//! What an audit says: the figures that `--json` prints and the page shows.

use std::ops::AddAssign;

use serde::Serialize;

use super::finding::Finding;
use super::hub::HubReport;
use super::sent::SentReport;

/// The whole of an audit. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The lake, without a SAS.
    pub lake: String,
    /// When it was audited.
    pub at: String,
    /// Whether every record was read, or names and metadata alone.
    pub deep: bool,
    /// From when on it was looked at; none from its beginning.
    pub since: Option<String>,
    /// Until when; none to its end.
    pub until: Option<String>,
    /// What lies before this day may have been removed by a rule, and was not looked at.
    pub purged_before: Option<String>,
    /// Whether nothing is wrong.
    pub sound: bool,
    /// The sums over all streams.
    pub totals: Counts,
    /// By stream and partition.
    pub streams: Vec<StreamReport>,
    /// The rejections by reason and schema, the most frequent first; none where they were not
    /// read.
    pub reasons: Option<Vec<ReasonReport>>,
    /// What is left in the outbox.
    pub outbox: OutboxReport,
    /// The lake held against the hub, where that was asked.
    pub hub: Option<HubReport>,
    /// What was sent, held against the lake, where that was asked.
    pub sent: Option<SentReport>,
    /// What is to be known of Kafka topics, and is nothing wrong.
    pub notes: Vec<Note>,
    /// What is wrong; the first of many.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub wrong: u64,
}

/// Something to know of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The stream.
    pub stream: String,
    /// What it is, in words.
    pub message: String,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Events: accepted and rejected.
    pub events: u64,
    /// Events that were accepted when they were landed.
    pub accepted: u64,
    /// Events that were rejected when they were landed.
    pub rejected: u64,
    /// Rejected events that were landed by a replay since.
    pub replayed: u64,
    /// Rejected events that were not.
    pub open: u64,
    /// Blobs of every kind.
    pub blobs: u64,
    /// Their bytes, compressed as they are.
    pub bytes: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.replayed += other.replayed;
        self.open += other.open;
        self.blobs += other.blobs;
        self.bytes += other.bytes;
    }
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamReport {
    /// `<namespace>/<hub or topic>`.
    pub stream: String,
    /// `hub`, or `topic` for one of Kafka.
    pub log: &'static str,
    /// The sums over its partitions and what is not placed.
    pub totals: Counts,
    /// Its partitions, by number where they are numbers.
    pub partitions: Vec<PartitionReport>,
    /// Events whose coordinates the host did not say: landed once, outside of the chains.
    pub unplaced: Counts,
}

/// A partition's chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartitionReport {
    /// The partition's id.
    pub partition: String,
    /// What stands in it.
    pub totals: Counts,
    /// The lives of the hub, oldest first: a hub that was made anew, or a failover to another
    /// region, begins its sequence numbers anew. One, mostly.
    pub lives: Vec<LifeReport>,
    /// What was landed when.
    pub timeline: Vec<Bucket>,
}

/// One life of a partition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifeReport {
    /// What is landed without a gap, in order; one range where nothing is missing.
    pub ranges: Vec<RangeReport>,
    /// What is missing between them, in order; of a topic they may be holes that compaction or
    /// transactions left. Less than `ranges` by one, or by more where a
    /// purge or the audit's own limits explain it.
    pub gaps: Vec<GapReport>,
}

/// Events that follow one another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RangeReport {
    /// The first sequence number.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// When the broker took the earliest of them; of a topic, the least timestamp, where it is known.
    pub least: Option<String>,
    /// When it took the latest.
    pub greatest: Option<String>,
}

/// Events that stand nowhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapReport {
    /// The first sequence number that is missing.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// The time of the last event before the gap, where it is known.
    pub after: Option<String>,
    /// The time of the first event behind it, where it is known.
    pub before: Option<String>,
}

/// A stretch of time, by the enqueued times of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Its start, milliseconds since 1970.
    pub start: i64,
    /// How long it is, in milliseconds; the same for all buckets of a report.
    pub width: i64,
    /// Events that were accepted.
    pub accepted: u64,
    /// Events that were rejected.
    pub rejected: u64,
}

/// The rejections of one reason under one schema.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReasonReport {
    /// `_reason`.
    pub reason: String,
    /// `_schema`; none where judging did not come that far.
    pub schema: Option<String>,
    /// How many.
    pub count: u64,
    /// How many of them no replay has landed.
    pub open: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// One rejection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// The stream.
    pub stream: String,
    /// The partition, where it is known.
    pub partition: Option<String>,
    /// The sequence number, where it is known.
    pub sequence: Option<u64>,
    /// The enqueued time, where it is known.
    pub enqueued_time: Option<String>,
    /// The rejection blob.
    pub blob: String,
    /// `_errors`: the first few.
    pub errors: Vec<ExampleError>,
    /// The payload as text, cut; only where values were asked for.
    pub body_text: Option<String>,
}

/// One thing that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleError {
    /// Where in the event: a JSON pointer.
    pub pointer: String,
    /// The schema's keyword.
    pub keyword: String,
    /// What is wrong, without the event's values.
    pub message: String,
}

/// What is left in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OutboxReport {
    /// Entries.
    pub entries: u64,
    /// Those that a committed blob still waits for.
    pub waiting: u64,
    /// Those that nothing needs any more: left by a kill.
    pub leftover: u64,
    /// Those whose name is not committed, and those younger than a day: they stay.
    pub kept: u64,
    /// Those that were removed now.
    pub swept: u64,
}
