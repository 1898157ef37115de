//! Coordinates of an event, and the batch that the decoder hands on.
//!
//! An event's identity is (stream, partition, sequence, enqueued time), everywhere; that of a Kafka
//! record is (stream, partition, offset). Where the host did not say one of them it is not invented:
//! such events travel as [`Origin::Invocation`].

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use time::OffsetDateTime;

/// Where events come from: `<namespace>/<hub or topic>` in lower case, with `@<epoch>` behind it
/// where `STREAM_EPOCH` is set. It is the folder under `bronze/` and `rejections/`, and `_stream`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream(Arc<str>);

impl Stream {
    /// A stream by its whole name, as it stands in a blob's path.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().to_lowercase().into())
    }

    /// The name, as it stands in paths and records.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A partition's id. Event Hubs writes it as a string of digits, Kafka as a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(Arc<str>);

impl Partition {
    /// A partition by its id.
    pub fn new(id: impl AsRef<str>) -> Self {
        Self(id.as_ref().into())
    }

    /// The id, as the hub writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When the broker took the event: milliseconds since 1970-01-01T00:00:00 UTC, which is the
/// resolution of `x-opt-enqueued-time` (an AMQP timestamp) and of a Kafka record's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnqueuedTime(i64);

impl EnqueuedTime {
    /// 9999-12-31T23:59:59.999Z, the last instant that four digits of a year can write.
    pub const LAST: Self = Self(253_402_300_799_999);

    /// A time by its milliseconds; none before 1970 or after 9999, where names and folders end.
    pub fn from_millis(millis: i64) -> Option<Self> {
        (0..=Self::LAST.0).contains(&millis).then_some(Self(millis))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Hours since 1970: events of one hour share a folder.
    pub fn hour(self) -> i64 {
        self.0.div_euclid(3_600_000)
    }

    /// The calendar's view of it, in UTC.
    pub fn utc(self) -> OffsetDateTime {
        // the constructor keeps the value between 1970 and 9999, which `time` can write
        OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(self.0)
    }
}

impl fmt::Display for EnqueuedTime {
    /// RFC 3339 with milliseconds: `2026-11-20T12:00:01.234Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, clock) = (self.utc().date(), self.utc().time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.millisecond()
        )
    }
}

/// What a partition is one of. It settles by what its events are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {
    /// An event hub: its broker's clock tells its lives apart, since one that is made anew, or the
    /// other side of a failover, begins its sequence numbers anew.
    Hub,
    /// A Kafka topic: a record's timestamp is its producer's word, so that the offset alone is the
    /// record's identity, and a topic that is made anew has to be another stream.
    Topic,
}

impl Log {
    /// The word of reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Topic => "topic",
        }
    }

    /// The position of an event with this number and time; `None` where one that it needs is
    /// missing.
    pub fn position(self, sequence: Option<u64>, time: Option<EnqueuedTime>) -> Option<Position> {
        Some(match self {
            Self::Hub => Position::Enqueued {
                sequence: sequence?,
                time: time?,
            },
            Self::Topic => Position::Offset(sequence?),
        })
    }
}

/// An event's place in its partition. Within one stream and partition it is the event's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// In a partition of a hub: the sequence number, from 0, and when the broker took the event.
    Enqueued {
        /// The sequence number.
        sequence: u64,
        /// The enqueued time.
        time: EnqueuedTime,
    },
    /// In a partition of a topic: the offset, from 0.
    Offset(u64),
}

impl Position {
    /// The sequence number or the offset.
    pub fn sequence(self) -> u64 {
        match self {
            Self::Enqueued { sequence, .. } | Self::Offset(sequence) => sequence,
        }
    }

    /// What it is a place in.
    pub fn log(self) -> Log {
        match self {
            Self::Enqueued { .. } => Log::Hub,
            Self::Offset(_) => Log::Topic,
        }
    }
}

/// What is known of where a batch comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// One partition of a stream, and every event of the batch has a [`Position`].
    Partition {
        /// What it is a partition of.
        log: Log,
        /// The stream.
        stream: Stream,
        /// The partition.
        partition: Partition,
    },
    /// Coordinates are missing: the batch is landed under the invocation's id, which is the same
    /// on every retry of it.
    Invocation {
        /// What the stream is.
        log: Log,
        /// The stream, as far as it is known.
        stream: Stream,
        /// The partition, where the host said it.
        partition: Option<Partition>,
        /// The host's id of the invocation.
        id: String,
    },
}

impl Origin {
    /// What the stream is.
    pub fn log(&self) -> Log {
        match self {
            Self::Partition { log, .. } | Self::Invocation { log, .. } => *log,
        }
    }

    /// The stream under whose folder the batch is landed.
    pub fn stream(&self) -> &Stream {
        match self {
            Self::Partition { stream, .. } | Self::Invocation { stream, .. } => stream,
        }
    }

    /// The partition, where it is known.
    pub fn partition(&self) -> Option<&Partition> {
        match self {
            Self::Partition { partition, .. } => Some(partition),
            Self::Invocation { partition, .. } => partition.as_ref(),
        }
    }
}

/// A piece of [`Batch::text`]: one JSON value, as the host wrote it. There are several an event, so it
/// takes 8 bytes, and 8 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u32,
    /// One more than where it ends.
    behind: NonZeroU32,
}

impl Span {
    /// The most bytes of a batch's text. `REQUEST_LIMIT` is below it, and a request's columns are no
    /// longer than the request, but for a record's headers, which the decoder holds to it.
    pub const MOST: usize = u32::MAX as usize - 1;

    /// Appends a JSON value to a batch's text; where it stands there.
    pub fn push(json: &str, text: &mut String) -> Self {
        let start = text.len();
        text.push_str(json);
        (start..text.len()).into()
    }

    /// The piece, out of the text that it was made for.
    pub fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.behind.get() as usize - 1]
    }
}

impl From<Range<usize>> for Span {
    /// # Panics
    /// Where the text goes on beyond [`Span::MOST`].
    #[expect(clippy::expect_used, reason = "the limit is kept where text is made")]
    fn from(range: Range<usize>) -> Self {
        let small = |at: usize| u32::try_from(at).expect("a batch's text has less than 4 GiB");
        Self {
            start: small(range.start),
            behind: NonZeroU32::new(small(range.end + 1)).unwrap_or(NonZeroU32::MIN),
        }
    }
}

/// One event: where its bytes and its columns stand in the batch.
///
/// The columns are kept as the JSON values that the host sent, so that they are written into the
/// record as they came. `None` is a column that the host left out or whose length does not match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The payload's own bytes, in [`Batch::payload`].
    pub body: Range<usize>,
    /// The sequence number or offset, where it is known.
    pub sequence: Option<u64>,
    /// The enqueued time, or the record's timestamp, where it is known.
    pub enqueued: Option<EnqueuedTime>,
    /// The offset: a JSON string or number.
    pub offset: Option<Span>,
    /// The partition key, or the record's key: a JSON string.
    pub key: Option<Span>,
    /// AMQP `message-id`.
    pub message_id: Option<Span>,
    /// AMQP `correlation-id`.
    pub correlation_id: Option<Span>,
    /// AMQP `content-type`: a JSON string.
    pub content_type: Option<Span>,
    /// The application properties, or the record's headers: a JSON object.
    pub properties: Option<Span>,
}

/// Events of one invocation from one partition, in the partition's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Where they come from.
    pub origin: Origin,
    /// The payloads' bytes, one behind another.
    pub payload: Vec<u8>,
    /// The columns' JSON values.
    pub text: String,
    /// The events.
    pub events: Vec<Event>,
}

impl Batch {
    /// A batch without events.
    pub fn empty(origin: Origin) -> Self {
        Self {
            origin,
            payload: Vec::new(),
            text: String::new(),
            events: Vec::new(),
        }
    }

    /// The payload's own bytes of an event.
    pub fn body(&self, event: &Event) -> &[u8] {
        &self.payload[event.body.clone()]
    }

    /// A column's JSON value.
    pub fn column(&self, span: Option<&Span>) -> Option<&str> {
        span.map(|span| span.of(&self.text))
    }

    /// The position of the event with this index; `None` where a coordinate is missing.
    pub fn position(&self, index: usize) -> Option<Position> {
        let event = self.events.get(index)?;
        self.origin.log().position(event.sequence, event.enqueued)
    }
}
