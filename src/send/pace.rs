//! How many events a second are sent.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A number of events in a time: `5000/s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    a_second: f64,
}

impl Rate {
    /// When, after the start, the event with this number is due.
    pub fn due(self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.a_second)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write events in a time, as in 5000/s, 300/m or 100/h".to_owned();
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let a_second = number / seconds;
        // one a day is slow enough, and nothing is faster than a nanosecond
        (1e-5..=1e9)
            .contains(&a_second)
            .then_some(Self { a_second })
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.a_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_says_when_an_event_is_due() {
        let rate: Rate = "300/m".parse().unwrap();
        assert_eq!(rate.due(0), Duration::ZERO);
        assert_eq!(rate.due(10), Duration::from_secs(2));
        for wrong in ["5000", "0/s", "-1/s", "x/s", "5/d", "NaN/s", "inf/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
