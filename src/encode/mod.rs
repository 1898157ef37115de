//! Encoding: judged events in, the bodies of a bronze blob and of a rejection blob out.
//!
//! Pure and deterministic: the same events and verdicts give the same bytes. Records stream into
//! the compressor, so that no more than the compressed bodies is held.

mod compression;
mod record;
mod replayed;

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest, Sha256};

pub use compression::Compression;
use compression::Compressor;
use record::Columns;
pub use replayed::{Accepted, encode_replayed, encode_resolutions};

use crate::event::{Batch, Event};
use crate::judge::{Judged, Reason, Rejection, Verdict};

/// The bodies of the blobs of some events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// NDJSON, a line for each accepted event; compressed.
    pub bronze: Bytes,
    /// NDJSON, a line for each rejected event; none where all were accepted.
    pub rejections: Option<Rejections>,
    /// How many events were accepted.
    pub accepted: u64,
    /// How many were rejected, by reason.
    pub reasons: BTreeMap<Reason, u64>,
}

/// The body of a rejection blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejections {
    /// NDJSON, compressed.
    pub body: Bytes,
    /// SHA-256 of the lines before compression, the first 32 hexadecimal digits.
    pub digest: String,
}

impl Encoded {
    /// How many events were rejected.
    pub fn rejected(&self) -> u64 {
        self.reasons.values().sum()
    }
}

/// Encodes a part of a batch.
///
/// # Panics
/// Where `part` reaches past the batch's events or verdicts: callers cut it out of them.
pub fn encode(judged: &Judged, part: Range<usize>, compression: Compression) -> Encoded {
    let mut columns = Columns::new(&judged.batch);
    let events = &judged.batch.events[part.clone()];
    let verdicts = &judged.verdicts[part];
    let mut reasons = BTreeMap::new();
    let (mut accepted, mut refused) = (0, 0);
    let mut bronze = Compressor::new(compression, columns.estimate(events));
    for (event, verdict) in events.iter().zip(verdicts) {
        match verdict {
            Verdict::Accepted(schema) => {
                accepted += 1;
                columns.bronze(event, schema, bronze.line());
                bronze.flush();
            }
            Verdict::Rejected(rejection) => {
                *reasons.entry(rejection.reason).or_insert(0) += 1;
                refused += columns.rejection_estimate(event);
            }
        }
    }
    let bronze = bronze.finish();
    // behind bronze, so that there is one compressor at a time: each has hundreds of kilobytes
    let rejections = (!reasons.is_empty()).then(|| {
        let mut rejections = Compressor::new(compression, refused);
        let mut digest = LinesDigest::default();
        for (event, verdict) in events.iter().zip(verdicts) {
            if let Verdict::Rejected(rejection) = verdict {
                let lines = rejections.line();
                let start = lines.len();
                columns.rejection(event, rejection, lines);
                digest.add(&lines[start..]);
                rejections.flush();
            }
        }
        Rejections {
            body: rejections.finish(),
            digest: digest.finish(),
        }
    });
    Encoded {
        bronze,
        rejections,
        accepted,
        reasons,
    }
}

/// The digest by which a rejection blob is known: SHA-256 of its lines with their ends, before
/// compression, the first 32 hexadecimal digits.
#[derive(Debug, Clone, Default)]
pub struct LinesDigest(Sha256);

impl LinesDigest {
    /// Adds lines, each with its end.
    pub fn add(&mut self, lines: &[u8]) {
        self.0.update(lines);
    }

    /// The digest of all that was added.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The rejection log's record of one event, with the line break behind it.
pub fn rejection_record(batch: &Batch, event: &Event, rejection: &Rejection) -> Vec<u8> {
    let mut line = Vec::new();
    Columns::new(batch).rejection(event, rejection, &mut line);
    line
}

/// A digest of the events' bytes: what tells batches apart whose coordinates are not known.
pub fn bodies_digest(batch: &Batch) -> String {
    let mut digest = Sha256::new();
    for event in &batch.events {
        digest.update((event.body.len() as u64).to_be_bytes());
        digest.update(batch.body(event));
    }
    hex(&digest.finalize())
}

/// The first 128 bits of a digest, in hexadecimal.
fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        // writing to a string does not fail
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
