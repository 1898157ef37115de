//! Replay: rejections that today's schemas accept are landed, each once.
//!
//! The events of a rejection blob that are good now go to a bronze blob beside the chain, named by
//! the rejection blob and an ordinal (`replay-<name>-<ordinal>`), and the rejection log gets a
//! blob of the same name with a resolution a line. The metadata of both says which lines they are
//! of. Nothing is changed or removed.

mod about;
mod case;
mod lines;
mod outcome;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, TryStreamExt, stream};

pub use about::Replayed;
pub use lines::Lines;
pub use outcome::{Counted, Outcome, Problem, Refusal, Summary, Way};

use crate::event::{EnqueuedTime, Stream};
use crate::judge::{Catalog, Limits, Reason};
use crate::lake::{Hours, Record, Section, survey};
use crate::landing::{Kind, MARKER, Marked, REPLAY, marked};
use crate::store::{Store, StoreError, list_all};
use crate::workers::Workers;
use case::{Replay, cases};

/// Sections that are worked on at once, and rejection blobs of one of them.
const AT_ONCE: (usize, usize) = (4, 4);

/// By what is judged.
#[derive(Debug, Clone)]
pub struct Judging {
    /// The schemas and routes.
    pub catalog: Arc<Catalog>,
    /// What an event may be.
    pub limits: Limits,
}

/// Which rejections are replayed: those that all of these take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What the rejection blob's name begins with, as in `rejections/shop/orders/date=2026-11-20/`.
    pub prefix: Option<String>,
    /// Of this stream.
    pub stream: Option<Stream>,
    /// Enqueued at this time or later; of a topic, with such a timestamp.
    pub since: Option<EnqueuedTime>,
    /// Enqueued before this time.
    pub until: Option<EnqueuedTime>,
    /// Rejected for one of these reasons; for any where there are none.
    pub reasons: Vec<Reason>,
    /// Rejected under one of these schemas (`order/1.0.0`); under any where there are none.
    pub schemas: Vec<String>,
}

impl Selection {
    /// Whether a rejection is among them, as far as the record says.
    fn takes(&self, record: &Record<'_>) -> bool {
        let within = |time: EnqueuedTime| {
            self.since.is_none_or(|since| time >= since)
                && self.until.is_none_or(|until| time < until)
        };
        let in_time =
            (self.since.is_none() && self.until.is_none()) || record.enqueued.is_some_and(within);
        let reason = record.reason.as_deref().unwrap_or_default();
        let schema = record.schema.as_deref();
        in_time
            && (self.reasons.is_empty() || self.reasons.iter().any(|it| it.word() == reason))
            && (self.schemas.is_empty()
                || self.schemas.iter().any(|it| Some(it.as_str()) == schema))
    }

    /// Whether a section may have some of them.
    fn reaches(&self, stream: &Stream, section: &Section) -> bool {
        let folder = section.folder();
        let folder = format!("{}/{stream}/{folder}/", Kind::Rejections.folder());
        let named = self
            .prefix
            .as_ref()
            .is_none_or(|prefix| folder.starts_with(prefix) || prefix.starts_with(&folder));
        named && section.reaches(self.since, self.until)
    }
}

/// How far a run is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Sections that are through.
    pub sections: AtomicU64,
    /// Sections in all; 0 until that is known.
    pub of: AtomicU64,
    /// Rejection blobs that were looked at.
    pub blobs: AtomicU64,
    /// Events that are accepted now.
    pub accepted: AtomicU64,
}

/// Replays the chosen rejections of a lake; in a dry run only judges them.
///
/// # Errors
/// Where the store can't be asked. What was landed until then is landed, and the same run again
/// goes on from there.
pub async fn replay(
    store: &Arc<dyn Store>,
    judging: &Judging,
    selection: &Selection,
    dry_run: bool,
    (workers, progress): (&Workers, &Progress),
) -> Result<Outcome, StoreError> {
    let lake = marked(&**store).await?;
    if !matches!(lake, Marked::Lake(_)) {
        let problem = "this is no lake of this program: there is nothing to replay";
        return Ok(Outcome::default().with(MARKER, None, problem));
    }
    let found = survey(&**store, selection.stream.as_ref()).await?;
    if let Some(stream) = selection
        .stream
        .as_ref()
        .filter(|_| found.streams.is_empty())
    {
        let folder = format!("{}/{stream}/", Kind::Rejections.folder());
        return Ok(Outcome::default().with(&folder, None, "the lake has no such stream"));
    }
    let mut chosen = Vec::new();
    for (stream, sections) in &found.streams {
        let reached = sections.iter().filter(|it| selection.reaches(stream, it));
        chosen.extend(reached.map(|it| Hours::of_rejections(store, stream, it)));
    }
    progress.of.store(chosen.len() as u64, Ordering::Relaxed);
    let replay = Replay {
        store: &**store,
        judging,
        selection,
        workers,
        dry_run,
    };
    stream::iter(chosen)
        .map(|hours| replay.section(hours, progress))
        .buffer_unordered(AT_ONCE.0)
        .try_fold(Outcome::default(), async |mut sum, section| {
            sum += section;
            Ok(sum)
        })
        .await
}

impl Replay<'_> {
    async fn section(&self, mut hours: Hours, progress: &Progress) -> Result<Outcome, StoreError> {
        let mut sum = Outcome::default();
        while let Some(hour) = hours.next().await? {
            let Some(folder) = hour.rejections.first().and_then(|it| folder(&it.name)) else {
                continue;
            };
            let replays = format!("{}/{folder}/{REPLAY}", Kind::Bronze.folder());
            let replays = list_all(self.store, &replays).await?;
            let (mut cases, problems) = cases(&hour.rejections, &replays);
            for problem in problems.into_iter().filter(|it| self.chosen(&it.blob)) {
                sum.problem(problem);
            }
            cases.retain(|case| self.chosen(&case.name.blob(Kind::Rejections)));
            let mut outcomes = stream::iter(cases)
                .map(|case| self.run(case))
                .buffer_unordered(AT_ONCE.1);
            while let Some(outcome) = outcomes.try_next().await? {
                progress.blobs.fetch_add(outcome.blobs, Ordering::Relaxed);
                let accepted = outcome.accepted();
                progress.accepted.fetch_add(accepted, Ordering::Relaxed);
                sum += outcome;
            }
        }
        progress.sections.fetch_add(1, Ordering::Relaxed);
        Ok(sum)
    }

    fn chosen(&self, blob: &str) -> bool {
        let prefix = self.selection.prefix.as_ref();
        prefix.is_none_or(|prefix| blob.starts_with(prefix))
    }
}

/// The folder of a blob's hour, below `rejections/`.
fn folder(blob: &str) -> Option<&str> {
    let (_, below) = blob.split_once('/')?;
    let (folder, _) = below.rsplit_once('/')?;
    Some(folder)
}
