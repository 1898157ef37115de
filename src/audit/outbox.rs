//! What is left in the outbox, and the sweeping of what nothing needs any more.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt, stream};

use super::finding::{Finding, FindingKind, Findings};
use super::report::OutboxReport;
use crate::landing::{About, Kind, Name, OUTBOX};
use crate::store::{Listed, Store, StoreError};

/// How old an entry has to be before it is removed: no retry of its batch is that late.
const OLD: Duration = Duration::from_hours(24);

/// Entries that are looked at once.
const AT_ONCE: usize = 16;

/// What an entry is for.
enum Use {
    /// A committed blob waits for it.
    Waiting,
    /// Its name is committed with another one, or its rejections are published.
    Leftover,
    /// Its name is not committed.
    Uncommitted,
    /// It is none of ours.
    Foreign,
}

/// Looks at the outbox; removes what is left over and old, where that is asked for.
///
/// # Errors
/// Where the store can't be asked.
pub(super) async fn outbox(
    store: &dyn Store,
    now: SystemTime,
    sweep: bool,
    findings: &mut Findings,
) -> Result<OutboxReport, StoreError> {
    let mut report = OutboxReport::default();
    let mut from = None;
    loop {
        let page = store.list(&format!("{OUTBOX}/"), from).await?;
        let mut uses = stream::iter(page.blobs)
            .map(|entry| async move {
                let found = look(store, &entry).await?;
                Ok::<_, StoreError>((entry, found))
            })
            .buffered(AT_ONCE);
        while let Some((entry, found)) = uses.try_next().await? {
            report.entries += 1;
            match found {
                Use::Waiting => report.waiting += 1,
                Use::Uncommitted => report.kept += 1,
                Use::Foreign => {
                    let message = "it is no entry of the outbox";
                    let finding = Finding::of_blob(FindingKind::Foreign, &entry.name, message);
                    findings.add(finding.with_remedy("move it elsewhere"));
                }
                Use::Leftover => {
                    report.leftover += 1;
                    let old = now
                        .duration_since(entry.modified)
                        .is_ok_and(|age| age > OLD);
                    if sweep && old {
                        store.delete(&entry.name).await?;
                        report.swept += 1;
                    }
                }
            }
        }
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(report),
        }
    }
}

async fn look(store: &dyn Store, entry: &Listed) -> Result<Use, StoreError> {
    let parsed = entry.name.strip_prefix(OUTBOX).and_then(|rest| {
        let (name, digest) = rest.strip_prefix('/')?.rsplit_once('/')?;
        let bronze = format!("{}/{name}", Kind::Bronze.folder());
        let (_, name) = Name::parse(&bronze)?;
        Some((name, digest))
    });
    let Some((name, digest)) = parsed else {
        return Ok(Use::Foreign);
    };
    let committed = store.metadata(&name.blob(Kind::Bronze)).await?;
    let Some(about) = committed.and_then(|metadata| About::of(&name, &metadata)) else {
        return Ok(Use::Uncommitted);
    };
    if about.outbox.as_deref() != Some(digest) {
        return Ok(Use::Leftover);
    }
    let published = store.metadata(&name.blob(Kind::Rejections)).await?;
    Ok(match published {
        Some(_) => Use::Leftover,
        None => Use::Waiting,
    })
}
