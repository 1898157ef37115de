//! A regular expression as a table: one look-up a byte.
//!
//! It takes the patterns of identifiers, codes and dates: anchored at the start, of ASCII letters,
//! classes, groups and repetitions, which ECMA-262 and Rust's `regex` read alike. What it does not
//! take is the library's to match.

use std::collections::HashMap;

/// A state from which nothing matches any more.
const DEAD: u8 = 0;
/// A state from which everything matches.
const ALL: u8 = 1;

/// A pattern that begins with `^`.
pub(super) struct Pattern {
    /// By state and byte, the next state.
    next: Vec<[u8; 256]>,
    accepting: Vec<bool>,
    start: u8,
}

impl Pattern {
    /// Compiles a pattern; `None` where it has something else than described above.
    pub(super) fn compile(pattern: &str) -> Option<Self> {
        let mut parser = Parser {
            rest: pattern.strip_prefix('^')?.as_bytes(),
            depth: 0,
        };
        let mut parts = Vec::new();
        let mut closed = false;
        while !parser.rest.is_empty() {
            if parser.rest == b"$" {
                closed = true;
                break;
            }
            parts.push(parser.term()?);
        }
        let mut positions = Positions::default();
        let whole = positions.place(&Piece::Concat(parts))?;
        positions.table(&whole, closed)
    }

    /// Whether a text matches.
    #[inline]
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for byte in text {
            if state <= ALL {
                break;
            }
            state = self.next[usize::from(state)][usize::from(*byte)];
        }
        self.accepting[usize::from(state)]
    }
}

/// A set of ASCII characters.
type Class = u128;

enum Piece {
    Class(Class),
    Concat(Vec<Piece>),
    Either(Vec<Piece>),
    Repeat(Box<Piece>, u32, Option<u32>),
}

struct Parser<'p> {
    rest: &'p [u8],
    depth: u32,
}

impl Parser<'_> {
    const DEPTH: u32 = 16;

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn term(&mut self) -> Option<Piece> {
        let piece = match self.take()? {
            b'[' => Piece::Class(self.class()?),
            b'(' => self.group()?,
            b'\\' => Piece::Class(self.escape()?),
            byte if is_literal(byte) => Piece::Class(1 << byte),
            _ => return None,
        };
        let (least, most) = match self.rest.first() {
            Some(b'?') => (0, Some(1)),
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'{') => self.bounds()?,
            _ => return Some(piece),
        };
        self.take()?;
        // a lazy or a doubled one
        if matches!(self.rest.first(), Some(b'?' | b'*' | b'+' | b'{')) {
            return None;
        }
        Some(Piece::Repeat(Box::new(piece), least, most))
    }

    /// `{2}`, `{2,}`, `{2,4}`: up to the closing brace, which stays.
    fn bounds(&mut self) -> Option<(u32, Option<u32>)> {
        let end = self.rest.iter().position(|byte| *byte == b'}')?;
        let text = std::str::from_utf8(&self.rest[1..end]).ok()?;
        self.rest = &self.rest[end..];
        let number = |text: &str| -> Option<u32> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let (least, most) = match text.split_once(',') {
            None => (number(text)?, Some(number(text)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        let fits = least.max(most.unwrap_or(0)) <= Positions::MOST as u32;
        (fits && most.is_none_or(|most| least <= most)).then_some((least, most))
    }

    fn group(&mut self) -> Option<Piece> {
        self.depth += 1;
        if self.depth > Self::DEPTH {
            return None;
        }
        if let Some(rest) = self.rest.strip_prefix(b"?:") {
            self.rest = rest;
        }
        let (mut choices, mut parts) = (Vec::new(), Vec::new());
        loop {
            match self.rest.first()? {
                b')' | b'|' => {
                    choices.push(Piece::Concat(std::mem::take(&mut parts)));
                    if self.take()? == b')' {
                        break;
                    }
                }
                _ => parts.push(self.term()?),
            }
        }
        self.depth -= 1;
        Some(Piece::Either(choices))
    }

    /// A class behind its bracket, up to and with the closing one.
    fn class(&mut self) -> Option<Class> {
        let mut class = 0;
        let mut first = true;
        loop {
            let one = match self.take()? {
                b']' if !first => return Some(class),
                b'\\' => self.escape()?,
                // elsewhere it is a range's
                b'-' if first || self.rest.first() == Some(&b']') => 1 << b'-',
                byte if byte != b'-' && is_literal(byte) || b".+*?()$|/".contains(&byte) => {
                    1 << byte
                }
                _ => return None,
            };
            first = false;
            let range = matches!(self.rest, [b'-', end, ..] if *end != b']');
            if !range {
                class |= one;
                continue;
            }
            let (low, high) = (one.trailing_zeros() as u8, self.rest[1]);
            let letters = low.is_ascii_alphanumeric() && high.is_ascii_alphanumeric();
            if one.count_ones() != 1 || !letters || high < low {
                return None;
            }
            self.rest = &self.rest[2..];
            for byte in low..=high {
                class |= 1 << byte;
            }
        }
    }

    /// `\d`, or a punctuation mark that stands for itself.
    fn escape(&mut self) -> Option<Class> {
        match self.take()? {
            b'd' => Some((b'0'..=b'9').fold(0, |class, byte| class | 1 << byte)),
            byte if b".-/+*?()[]{}|$^\\".contains(&byte) => Some(1 << byte),
            _ => None,
        }
    }
}

/// Whether a character stands for itself, inside of a class and outside.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" _-/:,;@#%=!<>\"'".contains(&byte)
}

/// The places of a pattern's characters (Glushkov's construction).
#[derive(Default)]
struct Positions {
    classes: Vec<Class>,
    /// The places that may follow each.
    follow: Vec<u128>,
}

/// A part of the pattern: where it may begin and end, and whether it may be empty.
struct Part {
    empty: bool,
    first: u128,
    last: u128,
}

impl Positions {
    const MOST: usize = 128;

    fn place(&mut self, piece: &Piece) -> Option<Part> {
        let nothing = Part {
            empty: true,
            first: 0,
            last: 0,
        };
        Some(match piece {
            Piece::Class(class) => {
                if self.classes.len() == Self::MOST {
                    return None;
                }
                let bit = 1 << self.classes.len();
                self.classes.push(*class);
                self.follow.push(0);
                Part {
                    empty: false,
                    first: bit,
                    last: bit,
                }
            }
            Piece::Concat(pieces) => {
                let mut whole = nothing;
                for piece in pieces {
                    let part = self.place(piece)?;
                    whole = self.join(&whole, &part);
                }
                whole
            }
            Piece::Either(pieces) => {
                let mut whole = Part {
                    empty: false,
                    ..nothing
                };
                for piece in pieces {
                    let part = self.place(piece)?;
                    whole.empty |= part.empty;
                    whole.first |= part.first;
                    whole.last |= part.last;
                }
                whole
            }
            Piece::Repeat(piece, least, most) => {
                let mut whole = nothing;
                for _ in 0..*least {
                    let part = self.place(piece)?;
                    whole = self.join(&whole, &part);
                }
                // without an end there is one more, which follows itself
                for _ in *least..most.unwrap_or(*least + 1) {
                    let mut part = self.place(piece)?;
                    if most.is_none() {
                        self.link(part.last, part.first);
                    }
                    part.empty = true;
                    whole = self.join(&whole, &part);
                }
                whole
            }
        })
    }

    fn join(&mut self, one: &Part, other: &Part) -> Part {
        self.link(one.last, other.first);
        let where_empty = |empty: bool, places: u128| if empty { places } else { 0 };
        Part {
            empty: one.empty && other.empty,
            first: one.first | where_empty(one.empty, other.first),
            last: other.last | where_empty(other.empty, one.last),
        }
    }

    fn link(&mut self, from: u128, to: u128) {
        for (place, follow) in self.follow.iter_mut().enumerate() {
            if from >> place & 1 == 1 {
                *follow |= to;
            }
        }
    }

    /// The states that can be reached, each a set of places.
    fn table(&self, whole: &Part, closed: bool) -> Option<Pattern> {
        let mut next = vec![[DEAD; 256], [ALL; 256]];
        let mut accepting = vec![false, true];
        let mut known: HashMap<u128, u8> = HashMap::new();
        let mut sets = vec![0, 0];
        if whole.empty && !closed {
            return Some(Pattern {
                next,
                accepting,
                start: ALL,
            });
        }
        // the start is no set of places: nothing was read yet
        sets.push(0);
        next.push([DEAD; 256]);
        accepting.push(whole.empty);
        let mut state = 2;
        while state < sets.len() {
            let follow = if state == 2 {
                whole.first
            } else {
                let places = self.follow.iter().enumerate();
                places
                    .filter(|(place, _)| sets[state] >> place & 1 == 1)
                    .fold(0, |all, (_, follow)| all | follow)
            };
            for byte in 0..128 {
                let reached = self
                    .classes
                    .iter()
                    .enumerate()
                    .filter(|(place, class)| follow >> place & 1 == 1 && *class >> byte & 1 == 1)
                    .fold(0_u128, |set, (place, _)| set | 1 << place);
                if reached == 0 {
                    continue;
                }
                let accepts = reached & whole.last != 0;
                let id = match known.get(&reached) {
                    Some(id) => *id,
                    None if accepts && !closed => ALL,
                    None => {
                        let id = u8::try_from(sets.len()).ok()?;
                        known.insert(reached, id);
                        sets.push(reached);
                        next.push([DEAD; 256]);
                        accepting.push(accepts);
                        id
                    }
                };
                next[state][byte] = id;
            }
            state += 1;
        }
        Some(Pattern {
            next,
            accepting,
            start: 2,
        })
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pattern({} states)", self.next.len())
    }
}

#[cfg(test)]
mod tests {
    use jsonschema::{PatternOptions, Validator};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const TAKEN: [&str; 16] = [
        "^C?[0-9]{6}$",
        "^(1[0-2]|[1-9])/(3[01]|[12][0-9]|[1-9])/[0-9]{4}$",
        "^[0-9A-Za-z]{5,6}$",
        "^[0-9A-Za-z_-]{1,64}$",
        "^[A-Z]{3}$",
        "^C",
        "^[0-9]",
        "^",
        "^$",
        "^a*$",
        "^(ab|a)+c?",
        "^(?:a|b|){2}c$",
        "^\\d{2}[-.]\\d+$",
        "^a{2,}b$",
        "^[-a\\]]+$",
        "^(a?b?)*$",
    ];

    fn library(pattern: &str) -> Validator {
        jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&json!({ "pattern": pattern }))
            .unwrap()
    }

    #[test]
    fn what_is_not_read_alike_everywhere_is_left_to_the_library() {
        for pattern in [
            "a",
            "^a|b$",
            "^.$",
            "^\\w$",
            "^[^a]$",
            "^(?i)a$",
            "^(?=a)b",
            "^a+?$",
            "^a**$",
            "^é$",
            "^[a&&b]$",
            "^[[:alpha:]]$",
            "^[--a]$",
            "^[\\d-z]$",
            "^a$b",
            "^\\1",
            "^[0-9]{200}$",
            "^(a",
            "^[a",
            "^a{2",
            "^a{,2}$",
            "^]$",
            "^[]a]$",
        ] {
            assert!(Pattern::compile(pattern).is_none(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn i4_a_pattern_matches_as_in_the_library(
            which in 0..TAKEN.len(),
            text in prop_oneof![
                "[0-9C/]{0,10}", "[a-c\\]-]{0,8}", "[0-9A-Za-z_.-]{0,70}", "(1[0-9]|[0-9])/[0-4]?[0-9]/[0-9]{4}\n?", ".{0,6}"
            ],
        ) {
            let pattern = Pattern::compile(TAKEN[which]).unwrap();
            let expected = library(TAKEN[which]).is_valid(&Value::from(text.clone()));
            prop_assert_eq!(pattern.matches(text.as_bytes()), expected, "{} on {:?}", TAKEN[which], text);
        }

        /// Whatever pattern is taken is matched as the library does.
        #[test]
        fn i4_a_pattern_that_is_taken_means_what_it_means_to_the_library(
            pattern in r"\^[ab(|)\[\]?*+{}2,\-\\d.$]{0,10}\$?",
            texts in prop::collection::vec("[ab2,.d-]{0,6}", 8),
        ) {
            if let Some(taken) = Pattern::compile(&pattern)
                && let Ok(library) = jsonschema::options()
                    .with_pattern_options(PatternOptions::regex())
                    .build(&json!({ "pattern": pattern }))
            {
                for text in texts {
                    let expected = library.is_valid(&Value::from(text.clone()));
                    prop_assert_eq!(taken.matches(text.as_bytes()), expected, "{} on {:?}", pattern, text);
                }
            }
        }
    }
}
