//! A whole batch, judged.

use std::sync::Arc;

use super::{Catalog, Judge, Limits, Submission, Verdict};
use crate::event::Batch;

/// A batch with a verdict for each of its events.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The events.
    pub batch: Batch,
    /// One verdict an event, in the same order.
    pub verdicts: Vec<Verdict>,
    /// The digest of the schema catalog under which they were judged.
    pub catalog: Arc<str>,
}

/// Judges every event of a batch.
pub fn judge_batch(catalog: &Arc<Catalog>, limits: Limits, batch: Batch) -> Judged {
    let mut judge = Judge::new(catalog, limits);
    let verdicts = batch
        .events
        .iter()
        .map(|event| {
            let submission = Submission {
                body: batch.body(event),
                properties: batch.column(event.properties.as_ref()),
                content_type: batch.column(event.content_type.as_ref()),
            };
            judge.judge(batch.origin.stream(), &submission)
        })
        .collect();
    Judged {
        batch,
        verdicts,
        catalog: catalog.digest().into(),
    }
}
