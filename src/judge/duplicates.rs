//! Finds keys that stand twice in one object, compared after unescaping.

use super::tape::Document;

/// Objects with at most this many keys are compared pair by pair; larger ones are sorted, so that
/// no event costs the square of its length.
const PAIRWISE: u32 = 16;

/// The entries of the keys that repeat an earlier one of their object, in document order.
pub(super) fn repeated_keys(document: Document<'_>) -> Vec<u32> {
    let mut repeated = Vec::new();
    for &object in &document.tape.suspects {
        if document.entry(object).count <= PAIRWISE {
            compare(document, object, &mut repeated);
        } else {
            sort(document, object, &mut repeated);
        }
    }
    repeated.sort_unstable();
    repeated
}

fn compare(document: Document<'_>, object: u32, repeated: &mut Vec<u32>) {
    let text = |key| document.text(document.entry(key));
    for (place, (key, _)) in document.members(object).enumerate() {
        let mut earlier = document.members(object).take(place);
        if earlier.any(|(other, _)| text(other) == text(key)) {
            repeated.push(key);
        }
    }
}

fn sort(document: Document<'_>, object: u32, repeated: &mut Vec<u32>) {
    let mut keys: Vec<(&str, u32)> = document
        .members(object)
        .map(|(key, _)| (document.text(document.entry(key)), key))
        .collect();
    keys.sort_unstable();
    repeated.extend(
        keys.windows(2)
            .filter(|pair| pair[0].0 == pair[1].0)
            .map(|pair| pair[1].1),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tape::Tape;

    fn pointers(source: &str) -> Vec<String> {
        let mut tape = Tape::default();
        tape.read(source, 64).unwrap();
        let document = Document {
            source,
            tape: &tape,
        };
        repeated_keys(document)
            .into_iter()
            .map(|key| document.pointer(0, key))
            .collect()
    }

    #[test]
    fn a_key_that_stands_twice_is_found_after_unescaping() {
        assert_eq!(pointers(r#"{"a":1,"\u0061":2}"#), ["/a"]);
        assert_eq!(pointers(r#"{"":1,"":2,"":3}"#), ["/", "/"]);
        assert_eq!(pointers(r#"{"a":{"b":1,"b":2},"a":3}"#), ["/a/b", "/a"]);
    }

    #[test]
    fn the_same_key_in_other_objects_is_none() {
        assert!(pointers(r#"{"a":{"a":[{"a":1},{"a":2}]},"A":1,"a ":2}"#).is_empty());
    }

    #[test]
    fn large_objects_are_searched_too() {
        let members: Vec<_> = (0..100_000).map(|n| format!("\"k{n}\":0")).collect();
        let unique = format!("{{{}}}", members.join(","));
        assert!(pointers(&unique).is_empty());
        let twice = format!("{{{},\"k77\":1,\"k5\":1}}", members.join(","));
        assert_eq!(pointers(&twice).len(), 2);
    }
}
