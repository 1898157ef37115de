//! The lake held against the hub: what is still to come, and what can never come any more.
//!
//! The hub is asked before the lake is read, so that what it held then is landed, to come, or lost.

use serde::Serialize;

use super::finding::{Finding, FindingKind};
use super::report::{LifeReport, PartitionReport, Report};
use crate::event::{EnqueuedTime, Stream};

/// What a hub held when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubState {
    /// The hub, as it was named.
    pub hub: String,
    /// The stream under which its events are landed.
    pub stream: Stream,
    /// Its partitions.
    pub partitions: Vec<HubPartition>,
}

/// What a partition held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubPartition {
    /// Its id.
    pub id: String,
    /// The first and the last sequence number that can be read; none where there is nothing.
    pub held: Option<(u64, u64)>,
    /// The number that comes next.
    pub next: u64,
    /// When the last event came.
    pub last_enqueued: Option<EnqueuedTime>,
}

/// The lake beside the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HubReport {
    /// The hub.
    pub hub: String,
    /// The stream that was held against it.
    pub stream: String,
    /// Events of all partitions that the hub has and the lake has not yet.
    pub to_come: u64,
    /// Events of all partitions that the lake has not, and the hub no longer has.
    pub out_of_reach: u64,
    /// By partition.
    pub partitions: Vec<HubPartitionReport>,
}

/// A partition of the hub beside its chain in the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HubPartitionReport {
    /// The partition's id.
    pub partition: String,
    /// The first sequence number that the hub holds; none where it is empty.
    pub first: Option<u64>,
    /// The last one.
    pub last: Option<u64>,
    /// Up to which number the lake has it; none where it has nothing of this hub.
    pub landed_to: Option<u64>,
    /// Events behind it that the hub has.
    pub to_come: u64,
    /// Events behind it that retention took before they were landed.
    pub out_of_reach: u64,
}

impl Report {
    /// Holds what is landed against what the hub held.
    pub(super) fn hold_against(&mut self, state: &HubState) {
        let stream = state.stream.to_string();
        let chains: &[PartitionReport] = self
            .streams
            .iter()
            .find(|it| it.stream == stream)
            .map_or(&[], |it| &it.partitions);
        let mut findings = Vec::new();
        let mut partitions = Vec::new();
        for held in &state.partitions {
            let chain = chains.iter().find(|it| it.partition == held.id);
            let life = chain.and_then(|it| current(it, held));
            let about = beside(held, life);
            if self.since.is_none() && self.purged_before.is_none() {
                findings.extend(before(held, life, &stream));
            }
            if about.out_of_reach > 0 && about.landed_to.is_some() {
                findings.push(expired(&about, &stream));
            }
            partitions.push(about);
        }
        for finding in &mut self.findings {
            if finding.kind == FindingKind::Gap && finding.stream.as_ref() == Some(&stream) {
                reach(finding, &state.partitions);
            }
        }
        self.wrong += findings.len() as u64;
        self.sound &= findings.is_empty();
        self.findings.extend(findings);
        self.findings.sort_by_key(|finding| finding.kind);
        self.hub = Some(HubReport {
            hub: state.hub.clone(),
            stream,
            to_come: partitions.iter().map(|it| it.to_come).sum(),
            out_of_reach: partitions.iter().map(|it| it.out_of_reach).sum(),
            partitions,
        });
    }
}

/// The life of the chain that is the hub's own: the last one, except where the hub was made anew
/// and nothing of it is landed yet. Then it has lower numbers at later times.
fn current<'a>(chain: &'a PartitionReport, held: &HubPartition) -> Option<&'a LifeReport> {
    let life = chain.lives.last()?;
    let last = life.ranges.last()?;
    let anew = last.last >= held.next
        && held
            .last_enqueued
            .zip(last.greatest.as_ref())
            .is_some_and(|(time, greatest)| *greatest < time.to_string());
    (!anew).then_some(life)
}

fn beside(held: &HubPartition, life: Option<&LifeReport>) -> HubPartitionReport {
    let landed_to = life.and_then(|it| it.ranges.last()).map(|it| it.last);
    let wanted = landed_to.map_or(0, |last| last + 1);
    let first = held.held.map_or(held.next, |(first, _)| first);
    HubPartitionReport {
        partition: held.id.clone(),
        first: held.held.map(|it| it.0),
        last: held.held.map(|it| it.1),
        landed_to,
        to_come: held.next.saturating_sub(wanted.max(first)),
        out_of_reach: first.saturating_sub(wanted),
    }
}

/// What the hub holds before the first event that is landed: no checkpoint leads there any more.
fn before(held: &HubPartition, life: Option<&LifeReport>, stream: &str) -> Option<Finding> {
    let landed = life?.ranges.first()?.first;
    let (first, _) = held.held.filter(|(first, _)| *first < landed)?;
    let message = format!(
        "{} events stand in the hub before the first that is landed",
        landed - first
    );
    Some(
        of_partition(
            FindingKind::Gap,
            stream,
            &held.id,
            (first, landed - 1),
            message,
        )
        .with_remedy(BACKFILL),
    )
}

fn expired(about: &HubPartitionReport, stream: &str) -> Finding {
    let first = about.landed_to.map_or(0, |last| last + 1);
    let last = first + about.out_of_reach - 1;
    let message = format!(
        "retention took {} events before they were landed",
        about.out_of_reach
    );
    of_partition(
        FindingKind::Expired,
        stream,
        &about.partition,
        (first, last),
        message,
    )
}

const BACKFILL: &str = "the hub still has them: `bronzegate backfill` lands them, once";

const CAPTURE: &str = "the hub no longer has them: only Event Hubs Capture's files can bring them back, by `bronzegate backfill --capture`";

const PARTLY: &str = "the hub still has the later ones, which `bronzegate backfill` lands; the earlier ones can come only from Event Hubs Capture's files, by `bronzegate backfill --capture`";

/// Says of a gap whether the hub can still fill it.
fn reach(finding: &mut Finding, partitions: &[HubPartition]) {
    let held = partitions
        .iter()
        .find(|it| finding.partition.as_ref() == Some(&it.id));
    let (Some(held), Some(first), Some(last)) = (held, finding.first, finding.last) else {
        return;
    };
    finding.remedy = match held.held {
        Some((from, _)) if from <= first => BACKFILL,
        Some((from, _)) if from <= last => PARTLY,
        _ => CAPTURE,
    };
}

fn of_partition(
    kind: FindingKind,
    stream: &str,
    partition: &str,
    (first, last): (u64, u64),
    message: String,
) -> Finding {
    Finding {
        kind,
        stream: Some(stream.to_owned()),
        partition: Some(partition.to_owned()),
        first: Some(first),
        last: Some(last),
        blob: None,
        message,
        remedy: kind.remedy(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::report::RangeReport;

    fn time(minutes: i64) -> EnqueuedTime {
        EnqueuedTime::from_millis(1_700_000_000_000 + minutes * 60_000).unwrap()
    }

    fn held(held: Option<(u64, u64)>, next: u64) -> HubPartition {
        HubPartition {
            id: "3".to_owned(),
            held,
            next,
            last_enqueued: (next > 0).then(|| time(60)),
        }
    }

    fn chain(first: u64, last: u64, minutes: i64) -> PartitionReport {
        let range = RangeReport {
            first,
            last,
            least: Some(time(0).to_string()),
            greatest: Some(time(minutes).to_string()),
        };
        PartitionReport {
            partition: "3".to_owned(),
            totals: crate::audit::Counts::default(),
            lives: vec![LifeReport {
                ranges: vec![range],
                gaps: Vec::new(),
            }],
            timeline: Vec::new(),
        }
    }

    fn figures(chain: &PartitionReport, held: &HubPartition) -> (Option<u64>, u64, u64) {
        let about = beside(held, current(chain, held));
        (about.landed_to, about.to_come, about.out_of_reach)
    }

    #[test]
    fn what_the_hub_has_beyond_the_lake_is_to_come() {
        let landed = chain(0, 99, 30);
        assert_eq!(
            figures(&landed, &held(Some((0, 99)), 100)),
            (Some(99), 0, 0)
        );
        assert_eq!(
            figures(&landed, &held(Some((40, 149)), 150)),
            (Some(99), 50, 0)
        );
        // landed since the hub was asked
        assert_eq!(
            figures(&chain(0, 99, 61), &held(Some((0, 79)), 80)),
            (Some(99), 0, 0)
        );
    }

    #[test]
    fn what_retention_took_before_it_was_landed_is_out_of_reach() {
        let landed = chain(0, 99, 30);
        assert_eq!(
            figures(&landed, &held(Some((120, 149)), 150)),
            (Some(99), 30, 20)
        );
        // the hub is empty, and all that it had is gone
        assert_eq!(figures(&landed, &held(None, 150)), (Some(99), 0, 50));
        assert_eq!(figures(&landed, &held(None, 100)), (Some(99), 0, 0));
    }

    #[test]
    fn a_hub_that_was_made_anew_is_all_to_come() {
        let landed = chain(0, 5_000, 30);
        assert_eq!(figures(&landed, &held(Some((0, 9)), 10)), (None, 10, 0));
    }

    #[test]
    fn what_the_hub_has_before_the_first_landed_is_a_gap() {
        let landed = chain(50, 99, 30);
        let life = landed.lives.first();
        let finding = before(&held(Some((20, 99)), 100), life, "shop/orders").unwrap();
        assert_eq!((finding.first, finding.last), (Some(20), Some(49)));
        assert_eq!(
            before(&held(Some((50, 99)), 100), life, "shop/orders"),
            None
        );
    }
}
