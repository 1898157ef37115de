//! Where a consumer wants to begin: the selector of its source, as the clients write it.

use crate::hub::log::Start;

/// The name of the selector among a source's filters.
pub const SELECTOR: &str = "apache.org:selector-filter:string";

/// A selector that is not one of Event Hubs'.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the filter {0:?} is not understood: amqp.annotation.x-opt-offset, -sequence-number or \
     -enqueued-time, > or >=, and a value in quotes"
)]
pub struct FilterError(String);

/// Reads `amqp.annotation.x-opt-offset > '4096'`.
///
/// # Errors
/// Where it is anything else.
pub fn parse(selector: &str) -> Result<Start, FilterError> {
    let wrong = || FilterError(selector.to_owned());
    let text = selector.trim();
    let (field, rest) = text.split_once('>').ok_or_else(wrong)?;
    let (inclusive, value) = match rest.strip_prefix('=') {
        Some(value) => (true, value),
        None => (false, rest),
    };
    let value = value.trim();
    let value = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
        .unwrap_or(value);
    let field = field.trim().strip_prefix("amqp.annotation.x-opt-");
    let number = || value.parse::<i64>().map_err(|_| wrong());
    // what begins behind a value begins at the next one
    let least = |value: i64| value.saturating_add(i64::from(!inclusive));
    let from = |value: i64| least(value).max(0) as u64;
    match field {
        Some("offset") if value == "@latest" => Ok(Start::End),
        Some("offset") => Ok(Start::Offset(from(number()?))),
        // -1 stands for the beginning, inclusive or not
        Some("sequence-number") => Ok(Start::Sequence(from(number()?))),
        Some("enqueued-time") => Ok(Start::Enqueued(least(number()?))),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_selectors_are_understood() {
        for (selector, start) in [
            ("amqp.annotation.x-opt-offset > '-1'", Start::Offset(0)),
            (
                "amqp.annotation.x-opt-offset > '4096'",
                Start::Offset(4_097),
            ),
            (
                "amqp.annotation.x-opt-offset >= '4096'",
                Start::Offset(4_096),
            ),
            ("amqp.annotation.x-opt-offset > '@latest'", Start::End),
            (
                "amqp.annotation.x-opt-sequence-number > '-1'",
                Start::Sequence(0),
            ),
            (
                "amqp.annotation.x-opt-sequence-number >= '7'",
                Start::Sequence(7),
            ),
            (
                " amqp.annotation.x-opt-sequence-number>7 ",
                Start::Sequence(8),
            ),
            (
                "amqp.annotation.x-opt-enqueued-time > '1767603560007'",
                Start::Enqueued(1_767_603_560_008),
            ),
        ] {
            assert_eq!(parse(selector), Ok(start), "{selector}");
        }
    }

    #[test]
    fn another_selector_is_an_error() {
        for selector in [
            "",
            "amqp.annotation.x-opt-offset",
            "amqp.annotation.x-opt-offset > 'abc'",
            "amqp.annotation.x-opt-offset < '7'",
            "amqp.annotation.x-opt-sequence-number > '@latest'",
            "JMSPriority > '4'",
        ] {
            assert!(parse(selector).is_err(), "{selector}");
        }
    }
}
