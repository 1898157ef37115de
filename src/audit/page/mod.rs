//! The report as one HTML page: no script, no network, nothing beside it.
//!
//! What comes from the lake (names, messages, payloads) is escaped by the template. The report's
//! JSON stands in the page for whoever wants to read it again.

mod chart;
mod hub;
mod sections;
mod time;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::report::Report;
use crate::terminal::grouped;

const STYLE: &str = include_str!("style.css");

/// What a browser may load for this page: nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
pub fn page(report: &Report) -> String {
    let title = format!("Audit of {}", report.lake);
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#streams" { "Skip to the streams" }
                // hatching for gaps, used by every picture
                svg width="0" height="0" style="position:absolute" aria-hidden="true" {
                    defs {
                        pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                            line.hatch x1="0" y1="0" x2="0" y2="6" {}
                        }
                    }
                }
                header {
                    h1 { (title) }
                    (verdict(report))
                    (figures(report))
                }
                main {
                    (sections::findings(report))
                    (sections::notes(report))
                    div #streams {
                        @for (index, stream) in report.streams.iter().enumerate() {
                            (sections::stream(stream, index))
                        }
                        @if report.streams.is_empty() {
                            p { "Nothing is landed in what was looked at." }
                        }
                    }
                    (hub::beside(report))
                    (sections::rejections(report))
                    (sections::outbox(report))
                }
                (footer(report))
                script type="application/json" id="report" { (PreEscaped(json(report))) }
            }
        }
    };
    document.into_string()
}

fn verdict(report: &Report) -> Markup {
    let read = if report.deep {
        "Every record was read."
    } else {
        "Names and metadata were read; with --deep every record is."
    };
    html! {
        @if report.sound {
            p.verdict.good {
                strong { "SOUND" } " " (grouped(report.totals.events))
                " events, each accepted or rejected, and each once. " (read)
            }
        } @else {
            p.verdict.bad {
                strong { "NOT SOUND" } " "
                a href="#findings" { (grouped(report.wrong)) @if report.wrong == 1 { " finding" } @else { " findings" } }
                " in " (grouped(report.totals.events)) " events. " (read)
            }
        }
    }
}

fn figures(report: &Report) -> Markup {
    let totals = report.totals;
    html! {
        dl.figures {
            @for (name, count) in [
                ("events", totals.events),
                ("accepted", totals.accepted),
                ("rejected", totals.rejected),
                ("replayed since", totals.replayed),
                ("open rejections", totals.open),
                ("blobs", totals.blobs),
            ] {
                div { dt { (name) } dd data-figure=(name) { (grouped(count)) } }
            }
            div { dt { "size" } dd { (format!("{:.1} MB", totals.bytes as f64 / 1e6)) } }
        }
    }
}

fn footer(report: &Report) -> Markup {
    html! {
        footer {
            p {
                "Audited at " time datetime=(report.at) { (report.at) }
                @if let Some(since) = &report.since { ", from " (since) }
                @if let Some(until) = &report.until { ", until " (until) }
                @if let Some(purged) = &report.purged_before {
                    "; days before " (purged.get(..10).unwrap_or(purged)) " may have been removed by a rule, and were not looked at"
                }
                ". Times are UTC, those at which the hub took the events, or that a topic's records say. bronzegate " (env!("CARGO_PKG_VERSION")) "."
            }
        }
    }
}

/// The report's JSON: no text in it can end the element in which it stands.
fn json(report: &Report) -> String {
    // the report is strings and numbers, which are always written
    let json = serde_json::to_string(report).unwrap_or_default();
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests;
