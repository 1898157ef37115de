//! The host's spelling of an enqueued time.

use ::time::{Date, Month};

use crate::event::EnqueuedTime;

/// Reads `2026-11-20T12:00:01.234`: UTC, with up to seven digits of a fraction or none, and with
/// or without a `Z`. What is finer than a millisecond is cut: the broker's times have no more.
pub fn parse(text: &str) -> Option<EnqueuedTime> {
    Times::default().parse(text)
}

/// Reads times of which many are of one second.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// The second that was read last, as it was spelled, and as a Unix time.
    last: Option<([u8; 19], i64)>,
}

impl Times {
    /// As [`parse`].
    pub(super) fn parse(&mut self, text: &str) -> Option<EnqueuedTime> {
        let bytes = text.strip_suffix(['Z', 'z']).unwrap_or(text).as_bytes();
        let (seconds, fraction) = bytes.split_first_chunk::<19>()?;
        let second = match self.last {
            Some((spelled, second)) if spelled == *seconds => second,
            _ => {
                let second = unix_time(seconds)?;
                self.last = Some((*seconds, second));
                second
            }
        };
        let millis = match fraction {
            [] => 0,
            [b'.', digits @ ..] if (1..=7).contains(&digits.len()) => {
                let mut millis = 0;
                for place in 0..3 {
                    millis = millis * 10
                        + i64::from(digits.get(place).map_or(0, |d| d.wrapping_sub(b'0')));
                }
                digits.iter().all(u8::is_ascii_digit).then_some(millis)?
            }
            _ => return None,
        };
        EnqueuedTime::from_millis(second * 1000 + millis)
    }
}

/// The Unix time of `2026-11-20T12:00:01`.
fn unix_time(seconds: &[u8; 19]) -> Option<i64> {
    let number = |at: usize, digits: usize| -> Option<u32> {
        seconds[at..at + digits].iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    if [4, 7, 10, 13, 16].map(|at| seconds[at]) != *b"--T::" {
        return None;
    }
    let month = Month::try_from(number(5, 2)? as u8).ok()?;
    let date = Date::from_calendar_date(number(0, 4)? as i32, month, number(8, 2)? as u8).ok()?;
    let clock = date.with_hms(
        number(11, 2)? as u8,
        number(14, 2)? as u8,
        number(17, 2)? as u8,
    );
    Some(clock.ok()?.assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text).map(|time| time.to_string())
    }

    #[test]
    fn every_spelling_of_the_host_is_read() {
        for (spelled, meant) in [
            ("2026-11-20T12:00:01.234", "2026-11-20T12:00:01.234Z"),
            ("2026-11-20T12:00:01.2345678", "2026-11-20T12:00:01.234Z"),
            ("2026-11-20T12:00:02", "2026-11-20T12:00:02.000Z"),
            ("2026-11-20T12:00:02.5Z", "2026-11-20T12:00:02.500Z"),
            ("2024-02-29T23:59:59.999", "2024-02-29T23:59:59.999Z"),
        ] {
            assert_eq!(read(spelled).as_deref(), Some(meant), "{spelled}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20 12:00:01",
            "2026-13-20T12:00:01",
            "2025-02-29T00:00:00",
            "2026-11-20T24:00:00",
            "2026-11-20T12:00:01.",
            "2026-11-20T12:00:01.12345678",
            "2026-11-20T12:00:01.2x4",
            "2026-11-20T12:00:01+02:00",
            "1969-12-31T23:59:59",
            "2026-1é-20T12:00:01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
