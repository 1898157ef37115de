//! Times on the command line.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::decode::enqueued_time;
use crate::event::EnqueuedTime;
use crate::settings::duration;

/// A time: `2026-11-20`, `2026-11-20T07:30:00Z`, or how long ago, as in `24h` and `7d`.
pub(super) fn moment(text: &str) -> Result<EnqueuedTime, String> {
    before(text, now())
}

/// The day of a time: its midnight.
pub(super) fn day(text: &str) -> Result<EnqueuedTime, String> {
    const DAY: i64 = 24 * 3_600_000;
    let time = moment(text)?;
    Ok(EnqueuedTime::from_millis(time.millis() / DAY * DAY).unwrap_or(time))
}

/// The time of this machine's clock.
pub(super) fn now() -> EnqueuedTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis() as i64;
    EnqueuedTime::from_millis(millis).unwrap_or(EnqueuedTime::LAST)
}

fn before(text: &str, now: EnqueuedTime) -> Result<EnqueuedTime, String> {
    let days = |text: &str| text.strip_suffix('d')?.parse::<u64>().ok();
    let ago = match days(text) {
        Some(days) => Some(Duration::from_secs(days.saturating_mul(86_400))),
        None => duration(text).ok(),
    };
    let time = match ago {
        Some(ago) => EnqueuedTime::from_millis(
            (i128::from(now.millis()) - ago.as_millis() as i128).max(0) as i64,
        ),
        None if text.len() == 10 => enqueued_time(&format!("{text}T00:00:00")),
        None => enqueued_time(text),
    };
    time.ok_or_else(|| {
        "write a time in UTC as in 2026-11-20 or 2026-11-20T07:30:00Z, or how long ago, as in 24h or 7d"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_an_instant_or_how_long_ago() {
        let now = enqueued_time("2026-11-20T12:00:00Z").unwrap();
        for (text, meant) in [
            ("2026-11-20", "2026-11-20T00:00:00.000Z"),
            ("2026-11-20T07:30:00Z", "2026-11-20T07:30:00.000Z"),
            ("24h", "2026-11-19T12:00:00.000Z"),
            ("7d", "2026-11-13T12:00:00.000Z"),
            ("99999999d", "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(before(text, now).unwrap().to_string(), meant, "{text}");
        }
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-20T25:00:00Z", "-1d"] {
            assert!(before(wrong, now).is_err(), "{wrong}");
        }
    }
}
