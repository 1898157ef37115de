//! What was found, for people.

use std::io::{self, Write};

use super::input::Place;
use super::tally::{Complaint, File, Group, Spot, Tally};
use super::words::visible;
use crate::terminal::grouped;

/// Files that are named; where there are more, those with rejections are.
const FILES: usize = 20;
/// Groups that are printed; the others are summed up.
const PRINTED: usize = 40;

impl Tally {
    /// Prints it.
    ///
    /// # Errors
    /// Where `out` can't be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let many = self.files.len() > FILES;
        let shown = || {
            let files = self.files.iter();
            files.filter(|it| !many || it.rejected > 0).take(FILES)
        };
        let names = shown().map(|it| it.name.chars().count());
        let width = names.max().unwrap_or_default();
        for file in shown() {
            let name = visible(&file.name);
            writeln!(out, "{name:<width$}  {}", counted(file))?;
        }
        if self.files.len() > 1 {
            let (events, rejected) = (self.events(), self.rejected());
            let figures = figures(events, events - rejected, rejected);
            let all = format!("all {} files", grouped(self.files.len() as u64));
            writeln!(out, "{all:<width$}  {figures}")?;
        }
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.events));
        for group in groups.iter().take(PRINTED) {
            self.print_group(group, out)?;
        }
        if let Some(more) = groups.get(PRINTED..).filter(|more| !more.is_empty()) {
            writeln!(
                out,
                "\nand {} more kinds of rejections",
                grouped(more.len() as u64)
            )?;
        }
        if self.ungrouped > 0 {
            let others = grouped(self.ungrouped);
            writeln!(
                out,
                "\n{others} events were rejected in other ways: see them with --json"
            )?;
        }
        Ok(())
    }

    fn print_group(&self, group: &Group, out: &mut dyn Write) -> io::Result<()> {
        let mut head = vec![group.kind.reason.word().to_owned()];
        if !group.kind.keyword.is_empty() {
            if !group.kind.pointer.is_empty() {
                head.push(visible(&group.kind.pointer));
            }
            head.push(group.kind.keyword.clone());
        }
        head.push(events(group.events));
        if let Some(schema) = &group.kind.schema {
            head.push(format!("under {}", visible(schema)));
        }
        writeln!(out, "\n{}", head.join("  "))?;
        let mut complaints = group.complaints.iter().peekable();
        while let Some(complaint) = complaints.next() {
            writeln!(out, "    {}", complaint.text)?;
            // what is said of the same events stands above their places once
            if complaints
                .peek()
                .is_none_or(|next| !next.is_of_same_events(complaint))
            {
                writeln!(out, "    {}", self.places(complaint))?;
            }
        }
        Ok(())
    }

    /// `orders.ndjson: line 3, 17, 20 and 4 more`.
    fn places(&self, complaint: &Complaint) -> String {
        let mut text = String::new();
        let mut before: Option<&Spot> = None;
        for spot in &complaint.places {
            match before {
                Some(before) if before.file == spot.file => text.push_str(", "),
                Some(_) => text.push_str("; "),
                None => {}
            }
            let first = before.is_none_or(|before| before.file != spot.file);
            if first {
                text.push_str(&visible(&self.files[spot.file].name));
            }
            text.push_str(&place(spot, first));
            before = Some(spot);
        }
        match complaint.events - complaint.places.len() as u64 {
            0 => text,
            more => format!("{text} and {} more", grouped(more)),
        }
    }
}

fn place(spot: &Spot, first: bool) -> String {
    let within = |open: &str, close: &str| match spot.within.as_str() {
        "" => String::new(),
        within => format!("{open}{within}{close}"),
    };
    match spot.place {
        Place::Line(line) => {
            let word = if first { ": line " } else { "" };
            format!("{word}{line}{}", within(" (", ")"))
        }
        Place::Element(element) => {
            let word = if first { ": element " } else { "" };
            format!("{word}{element} (/{})", element - 1)
        }
        Place::Whole => within(": ", ""),
    }
}

fn counted(file: &File) -> String {
    let (events, rejected) = (file.events(), file.rejected);
    let figures = figures(events, events - rejected, rejected);
    let schemas: Vec<_> = file
        .accepted
        .iter()
        .map(|(schema, count)| match file.accepted.len() {
            1 => schema.to_string(),
            _ => format!("{schema} ({})", grouped(*count)),
        })
        .collect();
    match schemas.as_slice() {
        [] => figures,
        schemas => format!("{figures}; accepted under {}", schemas.join(", ")),
    }
}

fn figures(count: u64, accepted: u64, rejected: u64) -> String {
    if count == 0 {
        return events(count);
    }
    format!(
        "{}: {} accepted, {} rejected",
        events(count),
        grouped(accepted),
        grouped(rejected)
    )
}

fn events(count: u64) -> String {
    match count {
        0 => "no events".to_owned(),
        1 => "1 event".to_owned(),
        count => format!("{} events", grouped(count)),
    }
}
