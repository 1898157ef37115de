//! Whether two subschemas mean the same: equal but for annotations and for how they refer.

use std::collections::{BTreeSet, HashSet};

use super::Documents;
use super::at::{At, Claim};

/// Whether they mean the same; false where it can't be said.
pub(super) fn same<'a>(documents: &Documents<'a>, old: &At<'a>, new: &At<'a>) -> bool {
    Sameness {
        documents,
        claimed: HashSet::new(),
    }
    .schemas(old, new)
}

/// Whether they mean the same in these keywords.
pub(super) fn same_in<'a>(
    documents: &Documents<'a>,
    old: &At<'a>,
    new: &At<'a>,
    keywords: &[&str],
) -> bool {
    let mut sameness = Sameness {
        documents,
        claimed: HashSet::new(),
    };
    keywords
        .iter()
        .all(|keyword| match (old.get(keyword), new.get(keyword)) {
            (None, None) => true,
            (Some(old_value), Some(new_value)) => {
                sameness.keyword(keyword, (old, &old_value), (new, &new_value))
            }
            _ => false,
        })
}

struct Sameness<'w, 'a> {
    documents: &'w Documents<'a>,
    claimed: HashSet<Claim>,
}

impl<'a> Sameness<'_, 'a> {
    fn schemas(&mut self, old: &At<'a>, new: &At<'a>) -> bool {
        let (old, new) = (old.unfolded(self.documents), new.unfolded(self.documents));
        if old.is_a_resource() || new.is_a_resource() {
            return old.value == new.value;
        }
        if old.is_true() || new.is_true() {
            return old.is_true() && new.is_true();
        }
        if old.is_false() || new.is_false() {
            return old.is_false() && new.is_false();
        }
        if !self.claimed.insert(Claim::new(&old, &new)) {
            return true;
        }
        let words = |at: &At<'a>| -> BTreeSet<&str> {
            at.keywords()
                .into_iter()
                .filter(|it| *it != "$id")
                .collect()
        };
        words(&old) == words(&new)
            && words(&old)
                .into_iter()
                .all(|keyword| match (old.get(keyword), new.get(keyword)) {
                    (Some(o), Some(n)) => self.keyword(keyword, (&old, &o), (&new, &n)),
                    _ => false,
                })
    }

    /// Compares a keyword's values; each comes with the schema in which it stands.
    fn keyword(&mut self, keyword: &str, old: (&At<'a>, &At<'a>), new: (&At<'a>, &At<'a>)) -> bool {
        match keyword {
            "$ref" => match (
                old.0.referred(self.documents),
                new.0.referred(self.documents),
            ) {
                (Some(old), Some(new)) => self.schemas(&old, &new),
                // an address of the world outside, the same for both
                (None, None) => {
                    let outside =
                        |at: &At<'a>| at.value.as_str().is_some_and(|it| it.contains(':'));
                    outside(old.1) && old.1.value == new.1.value
                }
                _ => false,
            },
            // it leads wherever the dynamic scope says
            "$dynamicRef" => false,
            "properties" | "patternProperties" | "dependentSchemas" => {
                let names = |at: &At<'a>| at.names(keyword).into_iter().collect::<BTreeSet<_>>();
                names(old.0) == names(new.0)
                    && names(old.0)
                        .into_iter()
                        .all(|name| self.schemas(&old.1.schema(name), &new.1.schema(name)))
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                let (old, new) = (old.0.list(keyword), new.0.list(keyword));
                old.len() == new.len() && old.iter().zip(&new).all(|(o, n)| self.schemas(o, n))
            }
            "not"
            | "if"
            | "then"
            | "else"
            | "items"
            | "contains"
            | "additionalProperties"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self.schemas(old.1, new.1),
            _ => old.1.value == new.1.value,
        }
    }
}
