//! A schema against its predecessor: does it still accept all that was accepted?
//!
//! The comparison is of the documents, keyword by keyword, and it is on the safe side: what it
//! can't compare it calls unclear. Where it says neither breaking nor unclear, every value that the
//! older schema accepts is accepted by the newer one.
//!
//! `at` finds subschemas and follows references; `same` says where two mean the same;
//! `values`, `ranges`, `objects`, `arrays` and `combined` have the rules.

mod arrays;
mod at;
mod combined;
mod objects;
mod ranges;
mod same;
mod values;

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use at::{At, Claim};
use values::Types;

/// Steps after which a comparison is given up: schemas can branch without end.
const STEPS: usize = 50_000;
const DEPTH: usize = 128;

/// What a change does to events that were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Some are refused.
    Breaking,
    /// It can't be said.
    Unclear,
    /// All are still accepted, and others, too.
    Wider,
}

/// One difference between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it does.
    pub effect: Effect,
    /// Where in the newer document: a JSON pointer; with the document's `$id` in front where a
    /// reference led to another one.
    pub pointer: String,
    /// The schema's keyword.
    pub keyword: String,
    /// What has changed, in words.
    pub message: String,
}

/// Finds the document of an `$id`.
pub type Documents<'a> = dyn Fn(&str) -> Option<&'a Value> + 'a;

/// Compares a document with its predecessor.
pub fn compare<'a>(old: &'a Value, new: &'a Value, documents: &Documents<'a>) -> Vec<Change> {
    let mut walk = Walk {
        documents,
        newer: new,
        claimed: HashSet::new(),
        changes: Vec::new(),
        steps: 0,
        depth: 0,
    };
    walk.compare(&At::root(old), &At::root(new));
    let mut changes = walk.changes;
    let mut seen = HashSet::new();
    changes.retain(|it| {
        seen.insert((
            it.effect,
            it.pointer.clone(),
            it.keyword.clone(),
            it.message.clone(),
        ))
    });
    changes.sort_by_key(|change| change.effect);
    changes
}

/// A comparison under way.
struct Walk<'w, 'a> {
    documents: &'w Documents<'a>,
    newer: &'a Value,
    /// What is being shown or was looked at: that everything which one subschema accepts is
    /// accepted by another. Where that is wrong, a change says so already.
    claimed: HashSet<Claim>,
    changes: Vec<Change>,
    steps: usize,
    depth: usize,
}

impl<'a> Walk<'_, 'a> {
    /// Adds what keeps `new` from accepting all that `old` accepts.
    fn compare(&mut self, old: &At<'a>, new: &At<'a>) {
        let (old, new) = (old.unfolded(self.documents), new.unfolded(self.documents));
        if !self.claimed.insert(Claim::new(&old, &new)) {
            return;
        }
        self.steps += 1;
        if self.steps > STEPS || self.depth > DEPTH {
            if self.steps == STEPS + 1 || self.depth > DEPTH {
                self.unclear(&new, "", "it is too large or too deep to be compared");
            }
            return;
        }
        self.depth += 1;
        self.compare_values(&old, &new);
        self.depth -= 1;
    }

    fn compare_values(&mut self, old: &At<'a>, new: &At<'a>) {
        if old.is_false() || new.is_true() {
            if !same::same(self.documents, old, new) {
                let message = if new.is_true() {
                    "anything is accepted here now"
                } else {
                    "this was refused, and may be accepted now"
                };
                self.wider(new, "", message);
            }
            return;
        }
        if new.is_false() {
            return self.breaking(new, "", "nothing is accepted here any more");
        }
        if old.is_a_resource() || new.is_a_resource() {
            if old.value != new.value {
                let message =
                    "a subschema with an `$id` of its own has changed: it is not compared";
                self.unclear(new, "$id", message);
            }
            return;
        }
        if self.compare_finite(old, new) {
            return;
        }
        let types = self.compare_types(old, new);
        self.compare_numbers(old, new, types);
        self.compare_sizes(old, new, types);
        self.compare_strings(old, new, types);
        if types.has(Types::OBJECT) {
            self.compare_objects(old, new);
        }
        if types.has(Types::ARRAY) {
            self.compare_arrays(old, new);
        }
        self.compare_combined(old, new);
    }

    /// What keeps `new` from accepting all that `old` accepts, without saying so.
    fn trial(&mut self, old: &At<'a>, new: &At<'a>) -> Vec<Change> {
        let mut walk = Walk {
            documents: self.documents,
            newer: self.newer,
            claimed: self.claimed.clone(),
            changes: Vec::new(),
            steps: self.steps,
            depth: self.depth,
        };
        walk.compare(old, new);
        self.steps = walk.steps;
        walk.changes.retain(|it| it.effect != Effect::Wider);
        walk.changes
    }

    /// Whether `new` is known to accept all that `old` accepts.
    fn covers(&mut self, old: &At<'a>, new: &At<'a>) -> bool {
        self.trial(old, new).is_empty()
    }

    fn breaking(&mut self, at: &At<'a>, keyword: &str, message: impl Into<String>) {
        self.add(Effect::Breaking, at, keyword, message.into());
    }

    fn unclear(&mut self, at: &At<'a>, keyword: &str, message: impl Into<String>) {
        self.add(Effect::Unclear, at, keyword, message.into());
    }

    fn wider(&mut self, at: &At<'a>, keyword: &str, message: impl Into<String>) {
        self.add(Effect::Wider, at, keyword, message.into());
    }

    /// Adds a change of the keyword that stands at `at`; of `at` itself where there is none.
    fn add(&mut self, effect: Effect, at: &At<'a>, keyword: &str, message: String) {
        let mut pointer = at.named(self.newer);
        let word = if keyword.is_empty() {
            at.pointer.rsplit('/').next().unwrap_or_default()
        } else {
            pointer.push('/');
            pointer.push_str(keyword);
            keyword
        };
        self.changes.push(Change {
            effect,
            pointer,
            keyword: word.to_owned(),
            message,
        });
    }
}

#[cfg(test)]
mod generated;
#[cfg(test)]
mod tests;
