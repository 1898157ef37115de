//! A schema as a flat list of checks over the tape: the short way to "accepted".
//!
//! Most events are good, and most schemas say types, properties, patterns and limits. Those are
//! checked here in one walk over an object's members, with its keys told apart by the bits that the
//! reader has made of them. Whatever a plan refuses goes on to `jsonschema`, which alone says what is
//! rejected and why; a schema with a keyword that is not understood here has no plan.
//!
//! A plan accepts what the library accepts: property tests hold it to that.

mod compile;
mod names;
mod pattern;

use jsonschema::Validator;
use jsonschema::json::{JsonNumber, Node};
use serde_json::Value;

use super::node::{OnTape, TapeNode, TapeNumber};
use super::tape::{Entry, Kind};
use names::Names;
use pattern::Pattern;

/// A compiled schema.
#[derive(Debug)]
pub(super) struct Plan {
    shapes: Vec<Shape>,
}

/// What holds of one place of a document: of the value there, and of the members that are named.
#[derive(Debug)]
struct Shape {
    /// The types that it may have, one bit for each; checked before anything else.
    kinds: u8,
    /// The members that the checks speak of, each with a slot.
    names: Names,
    checks: Vec<Check>,
}

/// The index of a [`Shape`].
type Place = usize;
/// A set of slots.
type Slots = u64;

#[derive(Debug)]
enum Check {
    Never,
    /// One bit for each [`Kind`], and whether a number has to be whole.
    Type {
        kinds: u8,
        whole: bool,
    },
    /// The least and the greatest number of characters.
    Length(u64, u64),
    Pattern(Pattern),
    Bound(Bound),
    Required(Slots),
    Member {
        slot: usize,
        place: Place,
    },
    /// No member but these.
    Closed(Slots),
    /// The least and the greatest number of members.
    Members(u64, u64),
    /// The least and the greatest number of elements.
    Elements(u64, u64),
    Wide(Wide),
}

/// A check that is made of others, or looks at a whole value.
#[derive(Debug)]
enum Wide {
    Equals(Vec<Value>),
    /// Every member that has none of these slots.
    Others(Slots, Place),
    Items(Place),
    Not(Vec<Check>),
    Any(Vec<Vec<Check>>),
    One(Vec<Vec<Check>>),
    If {
        condition: Vec<Check>,
        then: Vec<Check>,
        otherwise: Vec<Check>,
    },
    /// A keyword that stands for itself, as the library checks it.
    Library(Box<Validator<OnTape>>),
}

impl From<Wide> for Check {
    fn from(wide: Wide) -> Self {
        Self::Wide(wide)
    }
}

/// A limit of a number: an integer that a double holds exactly.
#[derive(Debug)]
struct Bound {
    limit: i64,
    side: Side,
    /// For numbers that are not written as short integers.
    exact: Box<Validator<OnTape>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Least,
    Above,
    Most,
    Below,
}

/// The members of an object that have slots.
struct Members {
    present: Slots,
    at: [u32; Names::MOST],
}

impl Plan {
    /// Whether the schema accepts this value. Objects have no key twice.
    pub(super) fn accepts(&self, node: TapeNode<'_>) -> bool {
        self.holds_at(0, node)
    }

    fn holds_at(&self, place: Place, node: TapeNode<'_>) -> bool {
        let shape = &self.shapes[place];
        if shape.kinds & kind_bit(node.entry().kind) == 0 {
            return false;
        }
        if shape.names.is_empty() || node.entry().kind != Kind::Object {
            return shape
                .checks
                .iter()
                .all(|check| self.holds(shape, check, node, None));
        }
        let mut members = Members {
            present: 0,
            at: [0; Names::MOST],
        };
        let document = node.document;
        for (key, value) in document.members(node.index) {
            let key = document.entry(key);
            if let Some(slot) = shape.names.slot(key.count, document.bytes(key)) {
                members.present |= 1 << slot;
                members.at[slot] = value;
            }
        }
        shape
            .checks
            .iter()
            .all(|check| self.holds(shape, check, node, Some(&members)))
    }

    /// Whether a check holds. The wide ones are apart, so that a walk over an object's members is a loop
    /// that saves few registers on its way down.
    #[expect(clippy::inline_always, reason = "a call costs what a check does")]
    #[inline(always)]
    fn holds(
        &self,
        shape: &Shape,
        check: &Check,
        node: TapeNode<'_>,
        members: Option<&Members>,
    ) -> bool {
        let entry = node.entry();
        match check {
            Check::Never => false,
            Check::Type { kinds, whole } => {
                kinds & kind_bit(entry.kind) != 0
                    && (!whole || entry.kind != Kind::Number || is_whole(entry, node))
            }
            Check::Length(least, most) => match entry.kind {
                Kind::Plain | Kind::Escaped => has_length(node.text(), *least, *most),
                _ => true,
            },
            Check::Pattern(pattern) => match entry.kind {
                Kind::Plain | Kind::Escaped => pattern.matches(node.document.bytes(entry)),
                _ => true,
            },
            Check::Bound(bound) => entry.kind != Kind::Number || bound.holds(entry, node),
            Check::Required(slots) => members.map_or(entry.kind != Kind::Object, |members| {
                members.present & slots == *slots
            }),
            Check::Member { slot, place } => members.is_none_or(|members| {
                members.present >> slot & 1 == 0
                    || self.holds_at(*place, node.sibling(members.at[*slot]))
            }),
            Check::Closed(slots) => {
                entry.kind != Kind::Object
                    || entry.count
                        == members.map_or(0, |members| (members.present & slots).count_ones())
            }
            Check::Members(least, most) => {
                entry.kind != Kind::Object || (*least..=*most).contains(&entry.count.into())
            }
            Check::Elements(least, most) => {
                entry.kind != Kind::Array || (*least..=*most).contains(&entry.count.into())
            }
            Check::Wide(wide) => self.holds_widely(shape, wide, node, members),
        }
    }

    #[inline(never)]
    fn holds_widely(
        &self,
        shape: &Shape,
        check: &Wide,
        node: TapeNode<'_>,
        members: Option<&Members>,
    ) -> bool {
        let all = |checks: &[Check]| {
            checks
                .iter()
                .all(|check| self.holds(shape, check, node, members))
        };
        match check {
            Wide::Equals(values) => values.iter().any(|value| node.equals_value(value)),
            Wide::Others(slots, place) => {
                let document = node.document;
                document.members(node.index).all(|(key, value)| {
                    let key = document.entry(key);
                    let slot = shape.names.slot(key.count, document.bytes(key));
                    slot.is_some_and(|slot| slots >> slot & 1 == 1)
                        || self.holds_at(*place, node.sibling(value))
                })
            }
            Wide::Items(place) => node
                .document
                .elements(node.index)
                .all(|element| self.holds_at(*place, node.sibling(element))),
            Wide::Not(checks) => !all(checks),
            Wide::Any(choices) => choices.iter().any(|checks| all(checks)),
            Wide::One(choices) => choices.iter().filter(|checks| all(checks)).count() == 1,
            Wide::If {
                condition,
                then,
                otherwise,
            } => all(if all(condition) { then } else { otherwise }),
            Wide::Library(validator) => validator.is_valid(node),
        }
    }
}

impl Bound {
    /// Integers of so many characters are read here.
    const DIGITS: usize = 18;

    fn holds(&self, entry: &Entry, node: TapeNode<'_>) -> bool {
        let literal = node.text();
        if entry.count == 0 && literal.len() <= Self::DIGITS {
            let number = integer(literal.as_bytes());
            return match self.side {
                Side::Least => number >= self.limit,
                Side::Above => number > self.limit,
                Side::Most => number <= self.limit,
                Side::Below => number < self.limit,
            };
        }
        // a short number without an exponent does not vanish as a double: its sign says enough
        if self.limit == 0 && literal.len() <= Self::DIGITS && is_plain(literal.as_bytes()) {
            let zero = literal.bytes().all(|byte| b"-0.".contains(&byte));
            let negative = literal.starts_with('-');
            return match self.side {
                Side::Least => zero || !negative,
                Side::Above => !zero && !negative,
                Side::Most => zero || negative,
                Side::Below => !zero && negative,
            };
        }
        self.exact.is_valid(node)
    }
}

/// The value of an integer's literal of at most [`Bound::DIGITS`] characters.
fn integer(literal: &[u8]) -> i64 {
    let (negative, digits) = match literal {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    if negative { -number } else { number }
}

/// Whether a number has no exponent.
fn is_plain(literal: &[u8]) -> bool {
    literal.iter().all(|byte| byte | 0x20 != b'e')
}

fn is_whole(entry: &Entry, node: TapeNode<'_>) -> bool {
    entry.count == 0 || TapeNumber(node.text()).is_integer()
}

/// Whether a text has as many characters; they are counted only where its bytes leave it open.
fn has_length(text: &str, least: u64, most: u64) -> bool {
    let bytes = text.len() as u64;
    if bytes.div_ceil(4) >= least && bytes <= most {
        return true;
    }
    (least..=most).contains(&(text.chars().count() as u64))
}

#[inline]
fn kind_bit(kind: Kind) -> u8 {
    1 << match kind {
        Kind::Null => 0,
        Kind::False | Kind::True => 1,
        Kind::Number => 2,
        Kind::Plain | Kind::Escaped => 3,
        Kind::Array => 4,
        Kind::Object => 5,
    }
}

#[cfg(test)]
mod tests;
