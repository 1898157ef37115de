//! The offsets that a topic's blob stands for, written down: `47-60,62,64-70`.
//!
//! Compaction and transactions leave holes in a topic's offsets, and a consumer that had its
//! partition taken away and given back goes on behind what others landed meanwhile. So a blob never
//! stands for an offset that was not handed over: a range from its first to its last could.

use std::fmt::Write;

use super::about::Covered;

/// The longest text of ranges, in bytes: the metadata of a blob has 8 KiB in all.
const LONGEST: usize = 4_000;

/// Writes ranges down.
pub(super) fn text(ranges: &[Covered]) -> String {
    let mut text = String::new();
    for (index, range) in ranges.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // writing to a string does not fail
        let _ = match range.last {
            last if last == range.first => write!(text, "{comma}{last}"),
            last => write!(text, "{comma}{}-{last}", range.first),
        };
    }
    text
}

/// Reads ranges, each from its first number to its last; `None` where they are not as they are
/// written: in order, and with a hole between any two.
pub(super) fn parse(text: &str) -> Option<Vec<(u64, u64)>> {
    // as text, so that only one spelling of a number is taken
    let number = |digits: &str| {
        digits
            .parse()
            .ok()
            .filter(|it: &u64| it.to_string() == digits)
    };
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for range in text.split(',') {
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(range)?, number(range)?),
        };
        let spelled = (first < last) == range.contains('-') && first <= last;
        let behind = ranges
            .last()
            .is_none_or(|before| before.1.checked_add(1).is_some_and(|next| next < first));
        if !spelled || !behind {
            return None;
        }
        ranges.push((first, last));
    }
    Some(ranges)
}

/// How many of these offsets, which go up, one blob can stand for.
pub(super) fn that_fit(offsets: impl IntoIterator<Item = u64>) -> usize {
    // the text without the end of the present range, and with it
    let (mut open, mut whole) = (0, 0);
    let (mut last, mut fitting): (Option<u64>, _) = (None, 0);
    for offset in offsets {
        let written = digits(offset) + 1;
        if last.and_then(|last| last.checked_add(1)) == Some(offset) {
            whole = open + written;
        } else {
            open = whole + written;
            whole = open;
        }
        if whole > LONGEST {
            break;
        }
        last = Some(offset);
        fitting += 1;
    }
    fitting
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Position;

    fn ranges(offsets: impl IntoIterator<Item = u64>) -> Vec<Covered> {
        Covered::of(offsets.into_iter().map(|it| (Position::Offset(it), None)))
    }

    #[test]
    fn ranges_are_read_as_they_are_written() {
        for (offsets, written) in [
            (vec![47], "47"),
            (vec![0, 1, 2], "0-2"),
            (vec![5, 6, 9, 11, 12], "5-6,9,11-12"),
        ] {
            let ranges = ranges(offsets);
            assert_eq!(text(&ranges), written);
            let read = parse(written).unwrap();
            let ends = ranges.iter().map(|it| (it.first, it.last));
            assert_eq!(read, ends.collect::<Vec<_>>());
        }
        for wrong in [
            "", "5-5", "6-5", "5,6", "5-6,6", "9,5", "05", "5-", "+5", "5,,7",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_fits_is_no_longer_than_metadata_may_be() {
        let runs = |length: u64| {
            let scattered = (9_999_990..u64::from(u32::MAX)).step_by(7);
            scattered.flat_map(move |it| it..it + length)
        };
        for length in 1..4 {
            let fitting = that_fit(runs(length).take(100_000));
            let text = text(&ranges(runs(length).take(fitting)));
            assert!((3_970..=LONGEST).contains(&text.len()), "{}", text.len());
        }
        assert_eq!(that_fit(7..500_000), 499_993);
    }
}
