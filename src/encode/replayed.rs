//! The bodies of a replay: events that are accepted now, and what the rejection log says of them.

use bytes::Bytes;

use super::compression::{Compression, Compressor};
use super::record::Columns;
use crate::event::Batch;

/// A rejected event that is accepted now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its index in the batch.
    pub event: usize,
    /// The schema that accepts it: `order-transaction/1.1.0`.
    pub schema: String,
    /// Its line in the rejection blob, from 1.
    pub line: u64,
}

/// The bronze blob of a replay.
///
/// # Panics
/// Where an index reaches past the batch's events: callers made both together.
pub fn encode_replayed(batch: &Batch, accepted: &[Accepted], compression: Compression) -> Bytes {
    let mut body = Compressor::new(compression, 0);
    let mut columns = Columns::new(batch);
    for Accepted { event, schema, .. } in accepted {
        columns.replayed(&batch.events[*event], schema, body.line());
        body.flush();
    }
    body.finish()
}

/// The resolutions of the lines of a rejection blob.
///
/// # Panics
/// As [`encode_replayed`].
pub fn encode_resolutions(
    batch: &Batch,
    accepted: &[Accepted],
    rejection: &str,
    compression: Compression,
) -> Bytes {
    let mut body = Compressor::new(compression, 0);
    let mut columns = Columns::new(batch);
    for it in accepted {
        let event = &batch.events[it.event];
        columns.resolution(event, &it.schema, (rejection, it.line), body.line());
        body.flush();
    }
    body.finish()
}
