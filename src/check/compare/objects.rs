//! Objects: which names, which values under them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::at::At;
use super::same::{same, same_in};
use super::values::matches;
use super::{Effect, Walk};

/// Keywords by which a name may be evaluated elsewhere.
const EVALUATING: [&str; 7] = [
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "dependentSchemas",
];

impl<'a> Walk<'_, 'a> {
    pub(super) fn compare_objects(&mut self, old: &At<'a>, new: &At<'a>) {
        self.required(old, new);
        self.dependent_required(old, new);
        self.properties(old, new);
        self.pattern_properties(old, new);
        self.compare(
            &old.schema("additionalProperties"),
            &new.schema("additionalProperties"),
        );
        self.compare(&old.schema("propertyNames"), &new.schema("propertyNames"));
        let names: BTreeSet<_> = old
            .names("dependentSchemas")
            .into_iter()
            .chain(new.names("dependentSchemas"))
            .collect();
        let (before, now) = (old.place("dependentSchemas"), new.place("dependentSchemas"));
        for name in names {
            let of = |at: &At<'a>, place: &At<'a>| {
                at.get("dependentSchemas")
                    .unwrap_or_else(|| place.clone())
                    .schema(name)
            };
            let (was, is) = (of(old, &before), of(new, &now));
            if was.is_true() {
                self.added(old, &is);
            } else {
                self.compare(&was, &is);
            }
        }
        self.unevaluated(old, new, "unevaluatedProperties", "properties");
    }

    fn required(&mut self, old: &At<'a>, new: &At<'a>) {
        let (was, is) = (
            strings(old.value.get("required")),
            strings(new.value.get("required")),
        );
        for name in is.difference(&was) {
            self.breaking(
                new,
                "required",
                format!("`{name}` is required now, and could be left out"),
            );
        }
        for name in was.difference(&is) {
            self.wider(new, "required", format!("`{name}` can be left out now"));
        }
    }

    fn dependent_required(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "dependentRequired";
        let always = strings(old.value.get("required"));
        let of =
            |at: &At<'a>, name: &str| strings(at.value.get(KEYWORD).and_then(|it| it.get(name)));
        let names: BTreeSet<_> = old
            .names(KEYWORD)
            .into_iter()
            .chain(new.names(KEYWORD))
            .collect();
        for name in names {
            let (was, is) = (of(old, name), of(new, name));
            for other in is.difference(&was).filter(|it| !always.contains(*it)) {
                self.breaking(
                    new,
                    KEYWORD,
                    format!("`{other}` is required beside `{name}` now, and could be left out"),
                );
            }
            for other in was.difference(&is) {
                self.wider(
                    new,
                    KEYWORD,
                    format!("`{other}` can be left out beside `{name}` now"),
                );
            }
        }
    }

    /// Every name that one of them knows, under all the subschemas that apply to it.
    fn properties(&mut self, old: &At<'a>, new: &At<'a>) {
        let names: BTreeSet<_> = old
            .names("properties")
            .into_iter()
            .chain(new.names("properties"))
            .collect();
        for name in names {
            let place = new.schema("properties").schema(name);
            let (Some(was), Some(is)) = (applied(old, name), applied(new, name)) else {
                self.unclear(
                    &place,
                    "",
                    "a pattern of patternProperties can't be read: it is not compared",
                );
                continue;
            };
            let known = |at: &At<'a>| {
                at.value
                    .get("properties")
                    .and_then(|it| it.get(name))
                    .is_some()
            };
            match (known(old), known(new)) {
                (true, true) => self.same_name(&was, &is),
                (false, _) => self.new_name(name, &was, &is, &place),
                (true, false) => self.lost_name(name, &was, &is, &place),
            }
        }
    }

    fn same_name(&mut self, was: &[At<'a>], is: &[At<'a>]) {
        // the name's own subschema stands first in both
        let (Some(own_was), Some(own_is)) = (was.first(), is.first()) else {
            return;
        };
        if was.len() == 1 {
            for it in is {
                self.compare(own_was, it);
            }
        } else {
            self.compare(own_was, own_is);
            // patterns that both have are compared as such
            let pattern = |at: &At<'a>| at.pointer.rsplit('/').next().map(str::to_owned);
            for it in &is[1..] {
                if !was[1..].iter().any(|was| pattern(was) == pattern(it)) {
                    self.compare(own_was, it);
                }
            }
        }
    }

    fn new_name(&mut self, name: &str, was: &[At<'a>], is: &[At<'a>], place: &At<'a>) {
        if was.iter().any(At::is_false) {
            self.wider(place, "", format!("`{name}` can be sent now"));
            return;
        }
        let mut found = Vec::new();
        for it in is {
            let mut trials: Vec<_> = was.iter().map(|was| self.trial(was, it)).collect();
            if !trials.iter().any(Vec::is_empty) {
                found.append(&mut trials.swap_remove(0));
            }
        }
        let open = was.iter().all(At::is_true);
        if open && found.iter().any(|it| it.effect == Effect::Breaking) {
            self.breaking(
                place,
                "",
                format!("`{name}` has a schema now, and was open: any value was accepted"),
            );
        } else {
            self.changes.extend(found);
        }
    }

    fn lost_name(&mut self, name: &str, was: &[At<'a>], is: &[At<'a>], place: &At<'a>) {
        if was.iter().any(At::is_false) {
            return;
        }
        let mut covered = true;
        for it in is {
            covered &= was.iter().any(|was| self.covers(was, it));
        }
        if covered {
            self.wider(
                place,
                "",
                format!("`{name}` has no schema of its own any more"),
            );
        } else if is.iter().any(At::is_false) {
            self.breaking(place, "", format!("`{name}` can't be sent any more"));
        } else {
            let message = format!(
                "`{name}` has no schema of its own any more, and what stands for all other names is stricter"
            );
            self.breaking(place, "", message);
        }
    }

    fn pattern_properties(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "patternProperties";
        let names: BTreeSet<_> = old
            .names(KEYWORD)
            .into_iter()
            .chain(new.names(KEYWORD))
            .collect();
        let of = |at: &At<'a>| at.get(KEYWORD).unwrap_or_else(|| at.place(KEYWORD));
        let (before, now) = (of(old), of(new));
        for pattern in names {
            match (before.get(pattern), now.get(pattern)) {
                (Some(was), Some(is)) => self.compare(&was, &is),
                // its names were under `additionalProperties`, unless another pattern took them
                (None, Some(is)) if old.names(KEYWORD).is_empty() => {
                    self.compare(&old.schema("additionalProperties"), &is);
                }
                (None, Some(is)) => {
                    let nothing = before.place(pattern);
                    self.compare(&nothing, &is);
                }
                (Some(was), None) => {
                    let rest = new.schema("additionalProperties");
                    if self.covers(&was, &rest) {
                        self.wider(
                            &now,
                            pattern,
                            "names of this pattern have no schema of their own any more",
                        );
                    } else {
                        self.breaking(&now, pattern, "names of this pattern were accepted, and what stands for all other names is stricter");
                    }
                }
                (None, None) => {}
            }
        }
    }

    /// `unevaluatedProperties` and `unevaluatedItems` depend on everything beside them: they are
    /// compared where nothing of that has changed but for names that were added.
    pub(super) fn unevaluated(&mut self, old: &At<'a>, new: &At<'a>, keyword: &str, grows: &str) {
        const BESIDE: [&str; 14] = [
            "$ref",
            "$dynamicRef",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "then",
            "else",
            "dependentSchemas",
            "patternProperties",
            "additionalProperties",
            "items",
            "contains",
        ];
        let (was, is) = (old.get(keyword), new.get(keyword));
        let is = match (was, is) {
            (_, None) => {
                if old.get(keyword).is_some_and(|it| !it.is_true()) {
                    self.wider(new, keyword, "what else there is, is not judged any more");
                }
                return;
            }
            (_, Some(is)) if is.is_true() => return,
            (None, Some(_)) => {
                return self.breaking(
                    new,
                    keyword,
                    "what else there is, is judged now, and was not",
                );
            }
            (Some(was), Some(is)) => {
                if !same(self.documents, &was, &is) {
                    self.compare(&was, &is);
                }
                is
            }
        };
        let kept = old
            .names(grows)
            .iter()
            .all(|name| new.names(grows).contains(name));
        let fewer = old.list("prefixItems").len() > new.list("prefixItems").len();
        if !kept || fewer || !same_in(self.documents, old, new, &BESIDE) {
            let message =
                "it depends on what stands beside it, which has changed: that is not compared";
            self.unclear(&is, "", message);
        }
    }
}

/// The subschemas that apply to a name, its own first; `None` where a pattern can't be read.
fn applied<'a>(at: &At<'a>, name: &str) -> Option<Vec<At<'a>>> {
    let mut all: Vec<_> = at
        .get("properties")
        .and_then(|it| it.get(name))
        .into_iter()
        .collect();
    if let Some(patterns) = at.get("patternProperties") {
        for pattern in at.names("patternProperties") {
            if matches(pattern, name)? {
                all.push(patterns.schema(pattern));
            }
        }
    }
    if all.is_empty() {
        let evaluates = |it: &&str| at.value.get(it).is_some();
        let rest = if ["additionalProperties"]
            .iter()
            .chain(&EVALUATING)
            .any(evaluates)
        {
            "additionalProperties"
        } else {
            "unevaluatedProperties"
        };
        all.push(at.schema(rest));
    }
    Some(all)
}

fn strings(value: Option<&Value>) -> BTreeSet<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
