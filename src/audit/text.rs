//! The report for people at a terminal.

use std::io::{self, Write};

use super::report::{Counts, Report, StreamReport};
use crate::terminal::grouped;

/// Findings, partitions and reasons that are shown.
const SHOWN: usize = 20;

impl Report {
    /// Prints it.
    ///
    /// # Errors
    /// Where `out` can't be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for stream in &self.streams {
            print_stream(stream, out)?;
        }
        self.print_reasons(out)?;
        let outbox = self.outbox;
        if outbox.entries > 0 {
            writeln!(
                out,
                "\n  outbox: {} entries, {} awaited, {} left over by kills, {} uncommitted{}",
                grouped(outbox.entries),
                grouped(outbox.waiting),
                grouped(outbox.leftover),
                grouped(outbox.kept),
                match (outbox.swept, outbox.leftover) {
                    (0, 0) => String::new(),
                    (0, _) => "; --sweep removes leftovers of a day or more".to_owned(),
                    (swept, _) => format!("; {} swept", grouped(swept)),
                }
            )?;
        }
        self.print_hub(out)?;
        for note in &self.notes {
            writeln!(out, "\n  {}: {}", note.stream, note.message)?;
        }
        self.print_findings(out)?;
        self.print_verdict(out)?;
        self.print_sent(out)
    }

    fn print_hub(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(hub) = &self.hub else {
            return Ok(());
        };
        writeln!(out, "\n  {} holds, and {} has", hub.hub, hub.stream)?;
        writeln!(
            out,
            "  {:>9} {:>13} {:>13} {:>13} {:>11} {:>13}",
            "partition", "first", "last", "landed to", "to come", "out of reach"
        )?;
        let number = |number: Option<u64>| number.map_or("—".to_owned(), |it| it.to_string());
        for it in hub.partitions.iter().take(SHOWN) {
            writeln!(
                out,
                "  {:>9} {:>13} {:>13} {:>13} {:>11} {:>13}",
                it.partition,
                number(it.first),
                number(it.last),
                number(it.landed_to),
                grouped(it.to_come),
                grouped(it.out_of_reach),
            )?;
        }
        if hub.partitions.len() > SHOWN {
            let more = hub.partitions.len() - SHOWN;
            writeln!(out, "  and {more} partitions more; --json has them")?;
        }
        Ok(())
    }

    fn print_sent(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(sent) = &self.sent else {
            return Ok(());
        };
        let events = grouped(sent.events);
        if sent.proven {
            let twins = match sent.twice {
                0 => String::new(),
                twice => format!("; {} that were sent again stand twice", grouped(twice)),
            };
            writeln!(
                out,
                "PROVEN  {events} sent: each of them stands in the lake, byte for byte, {} accepted and {} rejected{twins}.",
                grouped(sent.accepted),
                grouped(sent.rejected.values().sum()),
            )
        } else {
            writeln!(out, "NOT PROVEN  {events} sent.")
        }
    }

    fn print_reasons(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(reasons) = self.reasons.as_ref().filter(|it| !it.is_empty()) else {
            return Ok(());
        };
        writeln!(out, "\n  rejected by reason")?;
        for reason in reasons.iter().take(SHOWN) {
            let schema = match &reason.schema {
                Some(schema) => format!(" under {schema}"),
                None => String::new(),
            };
            let open = match reason.open {
                open if open == reason.count => String::new(),
                open => format!(", {} open", grouped(open)),
            };
            let count = grouped(reason.count);
            writeln!(out, "  {count:>13}  {}{schema}{open}", reason.reason)?;
        }
        if reasons.len() > SHOWN {
            writeln!(out, "  {:>13}  reasons more", reasons.len() - SHOWN)?;
        }
        Ok(())
    }

    fn print_findings(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.findings.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for finding in self.findings.iter().take(SHOWN) {
            let mut place = Vec::new();
            place.extend(finding.stream.clone());
            place.extend(
                finding
                    .partition
                    .as_ref()
                    .map(|it| format!("partition {it}")),
            );
            match (finding.first, finding.last) {
                (Some(first), Some(last)) if first == last => {
                    place.push(format!("sequence {first}"));
                }
                (Some(first), Some(last)) => place.push(format!("sequences {first} to {last}")),
                (Some(first), None) => place.push(format!("sequence {first}")),
                _ => {}
            }
            writeln!(
                out,
                "  {}  {}",
                finding.kind.word().to_uppercase(),
                place.join(", ")
            )?;
            writeln!(out, "      {}", finding.message)?;
            if let Some(blob) = &finding.blob {
                writeln!(out, "      in {blob}")?;
            }
            writeln!(out, "      → {}", finding.remedy)?;
        }
        if self.wrong > SHOWN as u64 {
            let more = grouped(self.wrong - SHOWN as u64);
            writeln!(out, "  and {more} more; --json and --html have them")?;
        }
        Ok(())
    }

    fn print_verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let Counts {
            events,
            accepted,
            rejected,
            replayed,
            open,
            ..
        } = self.totals;
        let read = if self.deep {
            "every record was read"
        } else {
            "names and metadata were read; --deep reads every record"
        };
        let to_come = match self.hub.as_ref().map(|hub| hub.to_come) {
            None => String::new(),
            Some(0) => ", all that the hub holds".to_owned(),
            Some(more) => format!(", and {} still to come", grouped(more)),
        };
        if self.sound {
            writeln!(
                out,
                "\nSOUND  {} events = {} accepted + {} rejected ({} replayed, {} open), each once{to_come}; {read}.",
                grouped(events),
                grouped(accepted),
                grouped(rejected),
                grouped(replayed),
                grouped(open),
            )
        } else {
            writeln!(
                out,
                "\nNOT SOUND  {} in {} events; {read}.",
                match self.wrong {
                    1 => "1 finding".to_owned(),
                    wrong => format!("{} findings", grouped(wrong)),
                },
                grouped(events),
            )
        }
    }
}

fn print_stream(stream: &StreamReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n  {}  {} blobs, {:.1} MB",
        stream.stream,
        grouped(stream.totals.blobs),
        stream.totals.bytes as f64 / 1e6
    )?;
    writeln!(
        out,
        "  {:>9} {:>13} {:>13} {:>11} {:>9} {:>9}  landed",
        "partition", "events", "accepted", "rejected", "replayed", "open"
    )?;
    let line = |name: &str, counts: Counts, landed: &str| {
        format!(
            "  {name:>9} {:>13} {:>13} {:>11} {:>9} {:>9}  {landed}",
            grouped(counts.events),
            grouped(counts.accepted),
            grouped(counts.rejected),
            grouped(counts.replayed),
            grouped(counts.open),
        )
    };
    for partition in stream.partitions.iter().take(SHOWN) {
        let gaps: usize = partition.lives.iter().map(|life| life.gaps.len()).sum();
        let lives: Vec<String> = partition
            .lives
            .iter()
            .filter_map(|life| {
                let (first, last) = (life.ranges.first()?, life.ranges.last()?);
                Some(format!("{} to {}", first.first, last.last))
            })
            .collect();
        let mut landed = lives.join(", anew ");
        let one = if stream.log == "topic" { "hole" } else { "gap" };
        match gaps {
            0 => {}
            1 => landed.push_str(&format!(", 1 {one}")),
            gaps => landed.push_str(&format!(", {gaps} {one}s")),
        }
        writeln!(
            out,
            "{}",
            line(&partition.partition, partition.totals, &landed)
        )?;
    }
    if stream.partitions.len() > SHOWN {
        let more = stream.partitions.len() - SHOWN;
        writeln!(out, "  and {more} partitions more; --json has them")?;
    }
    if stream.unplaced != Counts::default() {
        let landed = "coordinates not known";
        writeln!(out, "{}", line("—", stream.unplaced, landed))?;
    }
    Ok(())
}
