//! Limits of numbers, lengths and counts; patterns and formats.

use std::cmp::Ordering;

use serde_json::Value;

use super::Walk;
use super::at::At;
use super::values::Types;

/// One end of a range of numbers.
#[derive(Debug, Clone, Copy)]
struct End {
    /// The number, where it is an integer that can be held.
    exact: Option<i128>,
    near: f64,
    exclusive: bool,
}

impl End {
    fn read(value: Option<&Value>, exclusive: bool) -> Option<Self> {
        let number = value?.as_number()?;
        let exact = number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from));
        Some(Self {
            exact,
            near: number.as_f64()?,
            exclusive,
        })
    }

    /// The same limit turned around, so that an upper end is compared as a lower one.
    fn turned(self) -> Self {
        Self {
            exact: self.exact.map(|it| -it),
            near: -self.near,
            ..self
        }
    }

    /// The least integer that a lower end accepts.
    fn of_integers(self) -> Self {
        // beyond this a double is no exact integer
        const EXACT: f64 = 9e15;
        let least = match self.exact {
            Some(exact) => exact + i128::from(self.exclusive),
            None if self.near.abs() > EXACT => return self,
            None => self.near.ceil() as i128,
        };
        Self {
            exact: Some(least),
            near: least as f64,
            exclusive: false,
        }
    }

    fn order(self, other: Self) -> Ordering {
        let numbers = match (self.exact, other.exact) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.near.total_cmp(&other.near),
        };
        numbers.then(self.exclusive.cmp(&other.exclusive))
    }
}

/// The stricter of two keywords for a lower end, turned where it is an upper one, and its keyword.
fn end<'k>(
    at: &At<'_>,
    keywords: [&'k str; 2],
    upper: bool,
    integers: bool,
) -> Option<(End, &'k str)> {
    keywords
        .into_iter()
        .zip([false, true])
        .filter_map(|(keyword, exclusive)| {
            let end = End::read(at.value.get(keyword), exclusive)?;
            let end = if upper { end.turned() } else { end };
            Some((if integers { end.of_integers() } else { end }, keyword))
        })
        .max_by(|a, b| a.0.order(b.0))
}

impl<'a> Walk<'_, 'a> {
    /// Limits of numbers. `types` are those that were accepted.
    pub(super) fn compare_numbers(&mut self, old: &At<'a>, new: &At<'a>, types: Types) {
        if !types.has_numbers() {
            return;
        }
        let integers = !types.has_fractions();
        for (keywords, upper) in [
            (["minimum", "exclusiveMinimum"], false),
            (["maximum", "exclusiveMaximum"], true),
        ] {
            let (was, is) = (
                end(old, keywords, upper, integers),
                end(new, keywords, upper, integers),
            );
            let order = match (was, is) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some((was, _)), Some((is, _))) => was.order(is),
            };
            let keyword = is.or(was).map_or("", |(_, keyword)| keyword);
            self.limit(old, new, keyword, order, was.map(|(_, keyword)| keyword));
        }
        self.multiple_of(old, new, integers);
    }

    /// Says what a limit does: `Less` where the older one was less strict.
    fn limit(
        &mut self,
        old: &At<'a>,
        new: &At<'a>,
        keyword: &str,
        order: Ordering,
        was: Option<&str>,
    ) {
        let message = || {
            let was = was.filter(|it| old.value.get(it).is_some());
            match (was, new.value.get(keyword)) {
                (None, Some(is)) => format!("there was no {keyword}, and it is {is} now"),
                (Some(was), None) => format!("{was} was {}, and is gone", old.value[was]),
                (Some(was), Some(is)) if was == keyword => {
                    format!("{was} was {}, and is {is} now", old.value[was])
                }
                (Some(was), Some(is)) => {
                    format!("{was} was {}, and {keyword} is {is} now", old.value[was])
                }
                (None, None) => "the limit has changed".to_owned(),
            }
        };
        match order {
            Ordering::Less => self.breaking(new, keyword, message()),
            Ordering::Greater => self.wider(new, keyword, message()),
            Ordering::Equal => {}
        }
    }

    fn multiple_of(&mut self, old: &At<'a>, new: &At<'a>, integers: bool) {
        const KEYWORD: &str = "multipleOf";
        let (was, is) = (old.value.get(KEYWORD), new.value.get(KEYWORD));
        let whole = |value: &Value| value.as_u64().filter(|it| *it > 0);
        match (was, is) {
            (_, Some(is)) if integers && whole(is) == Some(1) => {}
            (None, Some(is)) => self.breaking(
                new,
                KEYWORD,
                format!("only multiples of {is} are accepted now"),
            ),
            (Some(_), None) => self.wider(new, KEYWORD, "it need not be a multiple any more"),
            (Some(was), Some(is)) if was != is => match (whole(was), whole(is)) {
                (Some(a), Some(b)) if a.is_multiple_of(b) => {
                    self.wider(
                        new,
                        KEYWORD,
                        format!("{KEYWORD} was {was}, and is {is} now"),
                    );
                }
                (Some(_), Some(_)) => self.breaking(
                    new,
                    KEYWORD,
                    format!("{KEYWORD} was {was}, and is {is} now"),
                ),
                _ => {
                    let message = format!(
                        "{KEYWORD} was {was}, and is {is} now: multiples of fractions are not compared"
                    );
                    self.unclear(new, KEYWORD, message);
                }
            },
            _ => {}
        }
    }

    /// Lengths and counts.
    pub(super) fn compare_sizes(&mut self, old: &At<'a>, new: &At<'a>, types: Types) {
        for (of, least, most) in [
            (Types::STRING, "minLength", "maxLength"),
            (Types::ARRAY, "minItems", "maxItems"),
            (Types::OBJECT, "minProperties", "maxProperties"),
        ] {
            if !types.has(of) {
                continue;
            }
            let size = |at: &At<'a>, keyword: &str, none: f64| {
                at.value
                    .get(keyword)
                    .and_then(Value::as_f64)
                    .unwrap_or(none)
            };
            let (was, is) = (size(old, least, 0.0), size(new, least, 0.0));
            self.limit(old, new, least, was.total_cmp(&is), Some(least));
            let none = f64::INFINITY;
            let (was, is) = (size(old, most, none), size(new, most, none));
            self.limit(old, new, most, is.total_cmp(&was), Some(most));
        }
    }

    /// Patterns and formats, which are not compared with one another.
    pub(super) fn compare_strings(&mut self, old: &At<'a>, new: &At<'a>, types: Types) {
        if !types.has(Types::STRING) {
            return;
        }
        for keyword in ["pattern", "format"] {
            match (old.value.get(keyword), new.value.get(keyword)) {
                (None, Some(is)) => {
                    self.breaking(
                        new,
                        keyword,
                        format!("there was no {keyword}, and it is {is} now"),
                    );
                }
                (Some(_), None) => {
                    self.wider(new, keyword, format!("there is no {keyword} any more"));
                }
                (Some(was), Some(is)) if was != is => {
                    let message = format!(
                        "{keyword} was {was}, and is {is} now: one can't be compared with the other"
                    );
                    self.unclear(new, keyword, message);
                }
                _ => {}
            }
        }
    }
}
