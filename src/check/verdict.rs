//! What was found about a catalog, for people.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::compare::Effect;
use super::schemas::{Schemas, VersionChange};
use super::words::visible;
use crate::terminal::grouped;

impl Schemas {
    /// Prints it.
    ///
    /// # Errors
    /// Where `out` can't be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let examples = match self.examples {
            1 => "1 example".to_owned(),
            count => format!("{} examples", grouped(count)),
        };
        let schemas = match self.schemas.len() {
            1 => "1 schema".to_owned(),
            count => format!("{count} schemas"),
        };
        if !self.schemas.is_empty() {
            let names = self.schemas.join(", ");
            writeln!(
                out,
                "{}  {schemas}, {examples}: {names}",
                self.catalog.display()
            )?;
        }
        for failure in &self.failures {
            let head = match &failure.example {
                Some(example) => format!("{}: the example \"{example}\"", failure.file.display()),
                None => failure.file.display().to_string(),
            };
            writeln!(
                out,
                "\nfails  {}\n    {}",
                visible(&head),
                visible(&failure.message)
            )?;
        }
        let mut at = 0;
        while let Some(first) = self.changes.get(at) {
            let pair = |it: &VersionChange| (it.subject.clone(), it.to.clone());
            let rest = &self.changes[at..];
            let count = rest.iter().take_while(|it| pair(it) == pair(first)).count();
            print_pair(&rest[..count], out)?;
            at += count;
        }
        for warning in &self.warnings {
            writeln!(out, "\nwarning  {}", visible(warning))?;
        }
        writeln!(out, "\n{}", self.conclusion())
    }

    fn conclusion(&self) -> String {
        let failing = self.changes.iter().filter(|it| it.fails()).count();
        let of = |kind| self.changes.iter().filter(|it| it.kind == kind).count();
        let announced = of(Effect::Breaking) - failing;
        let mut text = match (self.failures.len(), failing) {
            (0, 0) => "Sound: every example is judged as it says, and no version breaks one of its major version.".to_owned(),
            (failures, 0) => format!("Not sound: {} fail.", counted(failures, "check", "checks")),
            (0, breaks) => format!("Not sound: {} within a major version.", counted(breaks, "breaking change", "breaking changes")),
            (failures, breaks) => format!(
                "Not sound: {} fail, and {} within a major version.",
                counted(failures, "check", "checks"),
                counted(breaks, "breaking change", "breaking changes")
            ),
        };
        // writing to a string can't fail
        if announced > 0 {
            let _ = write!(
                text,
                " {} under a new major version, as they should.",
                counted(announced, "breaking change comes", "breaking changes come")
            );
        }
        if of(Effect::Unclear) > 0 {
            let _ = write!(
                text,
                " {} be compared: look at what is unclear.",
                counted(of(Effect::Unclear), "change can't", "changes can't")
            );
        }
        text
    }
}

fn counted(count: usize, one: &str, more: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {more}")
    }
}

/// Prints the changes from one version to the next.
fn print_pair(changes: &[VersionChange], out: &mut dyn Write) -> io::Result<()> {
    let Some(VersionChange {
        subject,
        from,
        to,
        file,
        ..
    }) = changes.first()
    else {
        return Ok(());
    };
    writeln!(out, "\n{subject} {from} → {to}  {}", file.display())?;
    for (index, change) in changes.iter().enumerate() {
        let word = match change.kind {
            Effect::Breaking => "breaking",
            Effect::Unclear => "unclear",
            Effect::Wider => "wider",
        };
        let pointer = match change.pointer.as_str() {
            "" => "the whole schema",
            pointer => pointer,
        };
        writeln!(out, "  {word:<8}  {}", visible(pointer))?;
        writeln!(out, "            {}", visible(&change.message))?;
        if let Some(witness) = &change.witness {
            let place = match witness.pointer.as_str() {
                "" => String::new(),
                pointer => format!(", at {}", visible(pointer)),
            };
            writeln!(
                out,
                "            the example \"{}\" is refused now{place}",
                visible(&witness.example)
            )?;
        }
        // it is the same for all changes of a kind, and stands behind the last one
        let last = changes
            .get(index + 1)
            .is_none_or(|next| next.kind != change.kind);
        if let (true, Some(advice)) = (last, &change.advice) {
            writeln!(out, "  → {advice}")?;
        }
    }
    Ok(())
}
