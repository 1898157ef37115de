//! Which names a blob may have: those that every store takes and no store reads otherwise.

use super::{Cause, StoreError};

/// The longest name, in bytes: Azure's limit of 1,024 less room for a location's prefix.
pub const LONGEST: usize = 900;

/// Refuses names that some store would not take, or would take for another: empty ones, those
/// longer than [`LONGEST`], with a part that is empty or begins or ends with a `.` (`..`, hidden
/// files, and what Azure cuts off), or with control characters or a backslash.
///
/// # Errors
/// What is wrong with the name, as [`Cause::Unexpected`]: no retry mends it.
pub fn check(action: &'static str, name: &str) -> Result<(), StoreError> {
    let trouble = if name.is_empty() {
        "the name is empty"
    } else if name.len() > LONGEST {
        "the name is too long"
    } else if name.chars().any(|char| char.is_control() || char == '\\') {
        "the name has a control character or a backslash"
    } else if name.split('/').any(str::is_empty) {
        "a part of the name is empty"
    } else if name
        .split('/')
        .any(|part| part.starts_with('.') || part.ends_with('.'))
    {
        "a part of the name begins or ends with a dot"
    } else {
        return Ok(());
    };
    Err(StoreError::new(action, name, Cause::Unexpected, trouble))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_of_the_lake_pass() {
        for name in [
            "bronze/ns/hub/date=2026-11-20/hour=07/0-00000000000000000042-1700000000000.json.gz",
            "_outbox/bronze/x/0123abcd",
            "a",
            "a b/ü+%41",
        ] {
            check("create", name).unwrap();
        }
    }

    #[test]
    fn names_that_a_store_would_read_otherwise_are_refused() {
        let long = "x".repeat(901);
        for name in [
            "", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".a", "a/.b", "a.", "a\\b",
            "a\nb", "a\0", &long,
        ] {
            assert!(check("create", name).is_err(), "{name:?}");
        }
    }
}
