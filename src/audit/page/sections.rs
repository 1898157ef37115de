//! The parts of the page.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::finding::Finding;
use super::super::report::{
    Bucket, Counts, Example, LifeReport, PartitionReport, ReasonReport, Report, StreamReport,
};
use super::chart;
use super::time::{Axis, long, short};
use crate::event::Log;
use crate::terminal::grouped;

/// Findings, partitions and rows of a table that are shown; the others are counted or folded.
const FINDINGS: usize = 100;
const PARTITIONS: usize = 64;
const ROWS: usize = 500;

/// What is wrong.
pub(super) fn findings(report: &Report) -> Markup {
    let shown = report.findings.len().min(FINDINGS) as u64;
    html! {
        @if !report.findings.is_empty() {
            section aria-labelledby="findings" {
                h2 #findings { "Findings" }
                div.scroll tabindex="0" role="region" aria-label="Table of findings" {
                    table {
                        caption {
                            (grouped(report.wrong)) " in all"
                            @if report.wrong > shown { "; the first " (grouped(shown)) " are shown, --json has more" }
                        }
                        thead { tr {
                            th scope="col" { "what" }
                            th scope="col" { "where" }
                            th scope="col" { "what it is, and what to do" }
                        } }
                        tbody {
                            @for finding in report.findings.iter().take(FINDINGS) { (row(finding)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(finding: &Finding) -> Markup {
    html! {
        tr.finding {
            td.kind { (finding.kind.word()) }
            td {
                @if let Some(stream) = &finding.stream { div { (stream) } }
                @if let Some(partition) = &finding.partition { div { "partition " (partition) } }
                @match (finding.first, finding.last) {
                    (Some(first), Some(last)) if first != last => {
                        div { "sequences " (first) " to " (last) }
                    }
                    (Some(first), _) => { div { "sequence " (first) } }
                    _ => {}
                }
            }
            td {
                div { (finding.message) }
                @if let Some(blob) = &finding.blob { div { code { (blob) } } }
                div.soft { "→ " (finding.remedy) }
            }
        }
    }
}

/// What is to be known of streams, and is nothing wrong.
pub(super) fn notes(report: &Report) -> Markup {
    html! {
        @for note in &report.notes { p.note { strong { (note.stream) } ": " (note.message) "." } }
    }
}

/// A stream: what was landed when, and its partitions.
pub(super) fn stream(stream: &StreamReport, index: usize) -> Markup {
    let id = format!("stream-{index}");
    let axis = Axis::of(stream);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (stream.stream) }
            @if let Some(axis) = axis { (throughput(stream, axis)) }
            @if !stream.partitions.is_empty() { (partitions(stream, axis)) }
            @if stream.unplaced != Counts::default() {
                p {
                    (grouped(stream.unplaced.events)) " events without coordinates stand outside of the partitions ("
                    (grouped(stream.unplaced.rejected)) " of them rejected): the host did not say where they come from."
                }
            }
        }
    }
}

fn throughput(stream: &StreamReport, axis: Axis) -> Markup {
    let buckets = summed(stream);
    let width = buckets.first().map_or(1_000, |it| it.width);
    let peak = buckets
        .iter()
        .max_by_key(|it| it.accepted + it.rejected)
        .copied();
    let words = match peak {
        Some(peak) => format!(
            "{} events between {} and {}; at most {} within {}, at {}.",
            grouped(stream.totals.events - stream.unplaced.events),
            axis.labels()[0],
            axis.labels()[2],
            grouped(peak.accepted + peak.rejected),
            long(width),
            short(peak.start),
        ),
        None => String::new(),
    };
    html! {
        h3 { "Events over time" }
        p.soft { (words) }
        (chart::bars(&buckets, axis, &words))
        (axis_labels(axis))
        details {
            summary { "The same as a table" }
            div.scroll tabindex="0" role="region" aria-label=(format!("Events over time of {}", stream.stream)) {
                table {
                    caption { "Events by " (long(width)) }
                    thead { tr {
                        th scope="col" { "from" }
                        th.n scope="col" { "accepted" }
                        th.n scope="col" { "rejected" }
                    } }
                    tbody {
                        @for bucket in &buckets {
                            tr {
                                th scope="row" { (short(bucket.start)) }
                                td.n { (grouped(bucket.accepted)) }
                                td.n { (grouped(bucket.rejected)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn axis_labels(axis: Axis) -> Markup {
    html! {
        div.axis aria-hidden="true" {
            @for label in axis.labels() { span { (label) } }
        }
    }
}

/// The buckets of all partitions together.
fn summed(stream: &StreamReport) -> Vec<Bucket> {
    let mut sums: BTreeMap<i64, Bucket> = BTreeMap::new();
    for bucket in stream.partitions.iter().flat_map(|it| &it.timeline) {
        let sum = sums.entry(bucket.start).or_insert(Bucket {
            accepted: 0,
            rejected: 0,
            ..*bucket
        });
        sum.accepted += bucket.accepted;
        sum.rejected += bucket.rejected;
    }
    sums.into_values().collect()
}

fn partitions(stream: &StreamReport, axis: Option<Axis>) -> Markup {
    let axis = axis.map(|axis| (axis, stream.log != Log::Topic.word()));
    let (shown, folded) = stream
        .partitions
        .split_at(stream.partitions.len().min(PARTITIONS));
    html! {
        h3 { "Partitions" }
        @if axis.is_some() { (chart::key()) }
        (partition_table(shown, axis, &format!("Partitions of {}", stream.stream)))
        @if !folded.is_empty() {
            details {
                summary { (grouped(folded.len() as u64)) " partitions more" }
                (partition_table(folded, axis, &format!("More partitions of {}", stream.stream)))
            }
        }
        (ranges(stream))
    }
}

/// Without an axis no time is known, and there are no strips; with it goes whether gaps are wrong.
fn partition_table(
    partitions: &[PartitionReport],
    axis: Option<(Axis, bool)>,
    label: &str,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.partitions {
                thead { tr {
                    th scope="col" { "partition" }
                    @if let Some((axis, _)) = axis {
                        th.strip-cell scope="col" { (axis_labels(axis)) span.soft { "landed over time" } }
                    }
                    th scope="col" { "sequences" }
                    th.n scope="col" { "events" }
                    th.n scope="col" { "rejected" }
                    th.n scope="col" { "replayed" }
                    th.n scope="col" { "open" }
                } }
                tbody {
                    @for partition in partitions {
                        tr data-partition=(partition.partition) {
                            th scope="row" { (partition.partition) }
                            @if let Some(axis) = axis {
                                td.strip-cell { (chart::strip(partition, axis, &words(partition))) }
                            }
                            td { (sequences(&partition.lives)) }
                            td.n { (grouped(partition.totals.events)) }
                            td.n { (grouped(partition.totals.rejected)) }
                            td.n { (grouped(partition.totals.replayed)) }
                            td.n { (grouped(partition.totals.open)) }
                        }
                    }
                }
            }
        }
    }
}

/// What a strip shows, in words.
fn words(partition: &PartitionReport) -> String {
    let gaps: usize = partition.lives.iter().map(|life| life.gaps.len()).sum();
    let gaps = match gaps {
        0 => "no gap".to_owned(),
        1 => "1 gap".to_owned(),
        gaps => format!("{gaps} gaps"),
    };
    format!(
        "Partition {}: {} events, {gaps}, {} rejected",
        partition.partition,
        grouped(partition.totals.events),
        grouped(partition.totals.rejected)
    )
}

fn sequences(lives: &[LifeReport]) -> Markup {
    html! {
        @for (index, life) in lives.iter().enumerate() {
            @if let (Some(first), Some(last)) = (life.ranges.first(), life.ranges.last()) {
                div {
                    @if index > 0 { "anew " }
                    (first.first) " to " (last.last)
                    @match life.gaps.len() {
                        0 => {}
                        1 => { ", " span.kind { "1 gap" } }
                        gaps => { ", " span.kind { (gaps) " gaps" } }
                    }
                }
            }
        }
    }
}

/// The ranges and gaps of all partitions, as a table.
fn ranges(stream: &StreamReport) -> Markup {
    struct Row<'a> {
        partition: &'a str,
        gap: bool,
        numbers: (u64, u64),
        times: (Option<&'a String>, Option<&'a String>),
    }
    let mut rows = Vec::new();
    for partition in &stream.partitions {
        for life in &partition.lives {
            let landed = life.ranges.iter().map(|it| Row {
                partition: &partition.partition,
                gap: false,
                numbers: (it.first, it.last),
                times: (it.least.as_ref(), it.greatest.as_ref()),
            });
            let missing = life.gaps.iter().map(|it| Row {
                partition: &partition.partition,
                gap: true,
                numbers: (it.first, it.last),
                times: (it.after.as_ref(), it.before.as_ref()),
            });
            let start = rows.len();
            rows.extend(landed.chain(missing));
            rows[start..].sort_by_key(|row| row.numbers);
        }
    }
    html! {
        details {
            summary { "Ranges and gaps as a table" }
            div.scroll tabindex="0" role="region" aria-label=(format!("Ranges and gaps of {}", stream.stream)) {
                table.ranges {
                    caption {
                        (grouped(rows.len() as u64)) " ranges and gaps"
                        @if rows.len() > ROWS { "; the first " (ROWS) " are shown, --json has all" }
                    }
                    thead { tr {
                        th scope="col" { "partition" }
                        th scope="col" { "what" }
                        th.n scope="col" { "first" }
                        th.n scope="col" { "last" }
                        th scope="col" { "from" }
                        th scope="col" { "to" }
                    } }
                    tbody {
                        @for row in rows.iter().take(ROWS) {
                            tr data-gap=[row.gap.then_some("")] {
                                th scope="row" { (row.partition) }
                                td { @if row.gap { span.kind { "gap" } } @else { "landed" } }
                                td.n { (row.numbers.0) }
                                td.n { (row.numbers.1) }
                                @for time in [row.times.0, row.times.1] {
                                    td { @if let Some(time) = time { (time) } @else { span.soft { "—" } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The rejections by reason and schema, and what became of them.
pub(super) fn rejections(report: &Report) -> Markup {
    let totals = report.totals;
    html! {
        section aria-labelledby="rejections" {
            h2 #rejections { "Rejections" }
            p {
                @if totals.rejected == 0 {
                    "No event is rejected."
                } @else {
                    (grouped(totals.rejected)) " events were rejected; " (grouped(totals.replayed))
                    " of them were landed by a replay since, and " (grouped(totals.open)) " are open."
                    @if totals.open > 0 {
                        " When their schema or the events' limits are mended, " code { "bronzegate replay" } " lands them."
                    }
                }
            }
            @match &report.reasons {
                None => { p.soft { "Why they were rejected was not read: --deep and --html read it." } }
                Some(reasons) if !reasons.is_empty() => { (reason_table(reasons)) }
                Some(_) => {}
            }
        }
    }
}

fn reason_table(reasons: &[ReasonReport]) -> Markup {
    let all: u64 = reasons.iter().map(|it| it.count).sum();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of reasons" {
            table.reasons {
                thead { tr {
                    th scope="col" { "reason" }
                    th scope="col" { "schema" }
                    th.n scope="col" { "rejected" }
                    th scope="col" { "share" }
                    th.n scope="col" { "open" }
                    th scope="col" { "examples" }
                } }
                tbody {
                    @for reason in reasons.iter().take(ROWS) {
                        tr data-reason=(reason.reason) {
                            th scope="row" { (reason.reason) }
                            td { @match &reason.schema { Some(schema) => { (schema) } None => { span.soft { "—" } } } }
                            td.n { (grouped(reason.count)) }
                            td { (chart::share(reason.count, all)) }
                            td.n { (grouped(reason.open)) }
                            td {
                                @if !reason.examples.is_empty() {
                                    details {
                                        summary { "Examples of " (reason.reason) }
                                        ul.examples {
                                            @for example in &reason.examples { (shown(example)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn shown(example: &Example) -> Markup {
    html! {
        li {
            @if let Some(partition) = &example.partition { "partition " (partition) ", " }
            @if let Some(sequence) = example.sequence { "sequence " (sequence) }
            @if let Some(time) = &example.enqueued_time { ", " (time) }
            @for error in &example.errors {
                div {
                    @if !error.pointer.is_empty() { code { (error.pointer) } " " }
                    span.soft { (error.keyword) } " " (error.message)
                }
            }
            @if let Some(text) = &example.body_text { pre { (text) } }
        }
    }
}

/// What is left in the outbox.
pub(super) fn outbox(report: &Report) -> Markup {
    let outbox = report.outbox;
    html! {
        @if outbox.entries > 0 {
            section aria-labelledby="outbox" {
                h2 #outbox { "Outbox" }
                p {
                    (grouped(outbox.entries)) " entries: " (grouped(outbox.waiting)) " are waited for, "
                    (grouped(outbox.leftover)) " were left over by kills, " (grouped(outbox.kept))
                    " are of batches that were not committed, " (grouped(outbox.swept)) " were removed now."
                }
            }
        }
    }
}
