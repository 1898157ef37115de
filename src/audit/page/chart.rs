//! The pictures: what was landed when, and a strip of time for each partition.
//!
//! They are stretched to the page's width, so no text stands in them; each has its words beside it.

use maud::{Markup, html};

use super::super::report::{Bucket, PartitionReport};
use super::time::{Axis, millis};

/// The pictures' own width.
const WIDTH: f64 = 1_000.0;

/// Marks of one kind in a strip; what is more is said in words.
const MARKS: usize = 400;

/// Bars over time: accepted at the bottom, rejected on them. `buckets` are in order.
pub(super) fn bars(buckets: &[Bucket], axis: Axis, label: &str) -> Markup {
    const HEIGHT: f64 = 100.0;
    let peak = buckets.iter().map(|it| it.accepted + it.rejected).max();
    let scale = HEIGHT / peak.unwrap_or(0).max(1) as f64;
    html! {
        svg.bars viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
            @for bucket in buckets {
                @let (x, width) = axis.span(bucket.start, bucket.start + bucket.width, WIDTH);
                @let width = (width * 0.92).max(0.6);
                @let (accepted, rejected) = (bucket.accepted as f64 * scale, bucket.rejected as f64 * scale);
                (rect("accepted", x, HEIGHT - accepted, width, accepted))
                // a single rejection among thousands is seen, too
                @let seen = if bucket.rejected > 0 { rejected.max(1.2) } else { 0.0 };
                (rect("rejected", x, HEIGHT - accepted - rejected, width, seen))
            }
        }
    }
}

/// What is landed of a partition, what is missing where `gaps` are something wrong, and how much was
/// rejected when.
pub(super) fn strip(
    partition: &PartitionReport,
    (axis, gaps): (Axis, bool),
    label: &str,
) -> Markup {
    const HEIGHT: f64 = 28.0;
    const LANDED: f64 = 16.0;
    let most = partition.timeline.iter().map(|it| it.rejected).max();
    let scale = (HEIGHT - LANDED - 1.0) / most.unwrap_or(0).max(1) as f64;
    html! {
        svg.strip viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (index, life) in partition.lives.iter().enumerate() {
                @for range in life.ranges.iter().take(MARKS) {
                    @if let (Some(from), Some(to)) = (millis(range.least.as_ref()), millis(range.greatest.as_ref())) {
                        @let (x, width) = axis.span(from, to, WIDTH);
                        (rect("landed", x, 0.0, width.max(1.0), LANDED))
                    }
                }
                @for gap in life.gaps.iter().take(if gaps { MARKS } else { 0 }) {
                    @if let (Some(from), Some(to)) = (millis(gap.after.as_ref()), millis(gap.before.as_ref())) {
                        @let (x, width) = axis.span(from, to, WIDTH);
                        (gap_mark(x, width.max(4.0), LANDED))
                    }
                }
                @if let (true, Some(from)) = (index > 0, life.ranges.first().and_then(|it| millis(it.least.as_ref()))) {
                    @let (x, _) = axis.span(from, from, WIDTH);
                    line.life x1=(number(x)) x2=(number(x)) y1="0" y2=(HEIGHT) {}
                }
            }
            @for bucket in partition.timeline.iter().filter(|it| it.rejected > 0) {
                @let (x, width) = axis.span(bucket.start, bucket.start + bucket.width, WIDTH);
                @let height = (bucket.rejected as f64 * scale).max(1.5);
                (rect("rejected", x, HEIGHT - height, width.max(1.0), height))
            }
        }
    }
}

/// What the marks mean.
pub(super) fn key() -> Markup {
    let mark = |mark: Markup| {
        html! {
            svg viewBox="0 0 40 16" preserveAspectRatio="none" aria-hidden="true" { (mark) }
        }
    };
    html! {
        ul.key {
            li { (mark(rect("landed", 0.0, 0.0, 40.0, 16.0))) "landed without a gap" }
            li { (mark(gap_mark(0.0, 40.0, 16.0))) "gap: these numbers stand nowhere" }
            li { (mark(rect("rejected", 0.0, 5.0, 40.0, 11.0))) "rejected, the more the higher" }
            li { (mark(html! { line.life x1="20" x2="20" y1="0" y2="16" {} })) "the hub was made anew, or failed over" }
        }
    }
}

/// A part of a whole, as a bar.
pub(super) fn share(part: u64, whole: u64) -> Markup {
    let width = 100.0 * part as f64 / whole.max(1) as f64;
    html! {
        svg.share viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            (rect("rejected", 0.0, 0.0, width.max(0.5), 10.0))
        }
    }
}

/// Hatched, and framed: told apart without colour.
fn gap_mark(x: f64, width: f64, height: f64) -> Markup {
    html! {
        rect.gap fill="url(#hatch)" x=(number(x)) y="0" width=(number(width)) height=(number(height)) {}
    }
}

fn rect(class: &str, x: f64, y: f64, width: f64, height: f64) -> Markup {
    html! {
        @if height > 0.0 {
            rect class=(class) x=(number(x)) y=(number(y)) width=(number(width)) height=(number(height)) {}
        }
    }
}

/// Two digits behind the point are finer than any screen.
fn number(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
