//! The lake beside the hub, where that was asked.

use maud::{Markup, html};

use super::super::report::Report;
use crate::terminal::grouped;

/// Partitions that are shown; the others are counted.
const PARTITIONS: usize = 64;

/// What the hub held, and up to where that is landed.
pub(super) fn beside(report: &Report) -> Markup {
    let Some(hub) = &report.hub else {
        return Markup::default();
    };
    let number = |number: Option<u64>| number.map_or("—".to_owned(), grouped);
    let more = hub.partitions.len().saturating_sub(PARTITIONS);
    html! {
        section aria-labelledby="hub" {
            h2 #hub { "Beside the hub" }
            div.scroll tabindex="0" role="region" aria-label="Table of the hub's partitions" {
                table {
                    caption {
                        (hub.hub) " held this just before " (hub.stream) " was read: "
                        (grouped(hub.to_come)) " events are still to come, "
                        (grouped(hub.out_of_reach)) " can't come any more, since retention took them"
                        @if more > 0 { "; " (grouped(more as u64)) " partitions more are in the JSON" }
                    }
                    thead { tr {
                        th scope="col" { "partition" }
                        @for name in ["first", "last", "landed to", "to come", "out of reach"] {
                            th.n scope="col" { (name) }
                        }
                    } }
                    tbody {
                        @for it in hub.partitions.iter().take(PARTITIONS) {
                            tr data-hub-partition=(it.partition) {
                                th scope="row" { (it.partition) }
                                td.n { (number(it.first)) }
                                td.n { (number(it.last)) }
                                td.n { (number(it.landed_to)) }
                                td.n { (grouped(it.to_come)) }
                                td.n { (grouped(it.out_of_reach)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
