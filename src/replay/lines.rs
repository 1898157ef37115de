//! Lines of a rejection blob, as a replay's metadata names them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Numbers of lines, from 1; written as `1-4,7`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(BTreeSet<u64>);

impl Lines {
    /// The longest text of lines, in bytes: the metadata of a blob has 8 KiB in all, and a line
    /// number more adds less than what is left.
    const LONGEST: usize = 4_000;
    /// The highest line there is; no batch has as many events.
    const HIGHEST: u64 = 1 << 24;

    /// Whether this line is among them.
    pub fn contains(&self, line: u64) -> bool {
        self.0.contains(&line)
    }

    /// How many they are.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last one.
    pub fn last(&self) -> Option<u64> {
        self.0.last().copied()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    /// Adds others; says which were there already.
    pub fn add(&mut self, others: &Self) -> Vec<u64> {
        let there = others.iter().filter(|line| self.contains(*line)).collect();
        self.0.extend(&others.0);
        there
    }

    /// As many of these lines, from the first, as the metadata of one blob can name.
    pub fn that_fit(lines: impl IntoIterator<Item = u64>) -> Self {
        let mut fitting = Self::default();
        let (mut length, mut run): (usize, Option<u64>) = (0, None);
        for line in lines {
            // a run's end takes as much as a number of its own
            if run != Some(line) {
                length += 2 * (line.to_string().len() + 1);
            }
            if length > Self::LONGEST {
                break;
            }
            fitting.0.insert(line);
            run = Some(line + 1);
        }
        fitting
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<u64> = self.iter().collect();
        for (index, run) in numbers.chunk_by(|one, next| one + 1 == *next).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match run {
                [one] => write!(f, "{comma}{one}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

/// Text that names no lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not lines, as in 1-4,7")]
pub struct NoLines;

impl FromStr for Lines {
    type Err = NoLines;

    fn from_str(text: &str) -> Result<Self, NoLines> {
        let mut lines = BTreeSet::new();
        for run in text.split(',').filter(|run| !run.is_empty()) {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            let first: u64 = first.parse().map_err(|_| NoLines)?;
            let last: u64 = last.parse().map_err(|_| NoLines)?;
            if first == 0 || last < first || last > Self::HIGHEST {
                return Err(NoLines);
            }
            lines.extend(first..=last);
        }
        let lines = Self(lines);
        // one spelling only
        if lines.to_string() == text {
            Ok(lines)
        } else {
            Err(NoLines)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_written_as_runs() {
        let lines = Lines::that_fit([1, 2, 3, 4, 7]);
        assert_eq!(lines.to_string(), "1-4,7");
        for wrong in [
            "0",
            "4-2",
            "a",
            "1,,2",
            "1-2,3",
            "2,1",
            "1-99999999999999",
            "-",
        ] {
            assert_eq!(wrong.parse::<Lines>(), Err(NoLines), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn i7_lines_are_read_as_they_are_written(lines in prop::collection::btree_set(1u64..100_000, 0..3000)) {
            let fitting = Lines::that_fit(lines.iter().copied());
            prop_assert!(fitting.to_string().len() <= Lines::LONGEST);
            prop_assert_eq!(fitting.to_string().parse::<Lines>(), Ok(fitting.clone()));
            let first: Vec<u64> = lines.into_iter().take(fitting.len() as usize).collect();
            prop_assert_eq!(fitting.iter().collect::<Vec<_>>(), first);
        }
    }
}
