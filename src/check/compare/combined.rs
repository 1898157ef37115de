//! Schemas made of schemas.

use super::Walk;
use super::at::At;
use super::same::same;
use super::values::refers;

impl<'a> Walk<'_, 'a> {
    pub(super) fn compare_combined(&mut self, old: &At<'a>, new: &At<'a>) {
        self.references(old, new);
        self.all_of(old, new);
        self.any_of(old, new);
        self.one_of(old, new);
        self.not(old, new);
        self.conditional(old, new);
        for keyword in ["$dynamicRef", "dependencies"] {
            let (was, is) = (old.value.get(keyword), new.value.get(keyword));
            if is.is_some_and(|it| was != Some(it) || refers(it) || keyword == "$dynamicRef") {
                self.unclear(new, keyword, "it is not compared");
            }
        }
    }

    /// Says what a subschema that came to `old` refuses of what that accepts.
    pub(super) fn added(&mut self, old: &At<'a>, subschema: &At<'a>) {
        let found = self.trial(old, subschema);
        self.changes.extend(found);
    }

    fn references(&mut self, old: &At<'a>, new: &At<'a>) {
        let (was, is) = (old.get("$ref"), new.get("$ref"));
        let Some(is) = is else {
            if was.is_some() {
                self.wider(new, "$ref", "it is not referred to any more");
            }
            return;
        };
        let (target_was, target_is) = (old.referred(self.documents), new.referred(self.documents));
        match (was, target_was, target_is) {
            (Some(_), Some(was), Some(is)) => self.compare(&was, &is),
            (None, _, Some(is)) => self.added(old, &is),
            // an address of the world outside, the same for both
            (Some(was), None, None)
                if was.value == is.value
                    && is.value.as_str().is_some_and(|it| it.contains(':')) => {}
            _ => self.unclear(new, "$ref", "where it leads is not followed"),
        }
    }

    fn all_of(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "allOf";
        let (mut was, mut is) = (old.list(KEYWORD), new.list(KEYWORD));
        self.drop_same(&mut was, &mut is);
        if was.len() == is.len() {
            for (was, is) in was.iter().zip(&is) {
                self.compare(was, is);
            }
            return;
        }
        if is.is_empty() {
            self.wider(new, KEYWORD, "a member is not asked for any more");
        }
        for is in &is {
            if !was.iter().any(|was| self.covers(was, is)) {
                self.added(old, is);
            }
        }
    }

    fn any_of(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "anyOf";
        let (was, is) = (old.list(KEYWORD), new.list(KEYWORD));
        if is.is_empty() {
            if !was.is_empty() {
                self.wider(new, KEYWORD, "it is not asked for any more");
            }
            return;
        }
        let (mut less, mut more) = (was.clone(), is.clone());
        self.drop_same(&mut less, &mut more);
        if less.is_empty() && !was.is_empty() {
            if !more.is_empty() {
                self.wider(new, KEYWORD, "there are more ways to be accepted");
            }
            return;
        }
        let covered = if was.is_empty() {
            is.iter().any(|is| self.covers(old, is))
        } else {
            less.iter()
                .all(|was| is.iter().any(|is| self.covers(was, is)))
        };
        if covered {
            self.wider(new, KEYWORD, "a way to be accepted is wider");
        } else {
            self.unclear(
                new,
                KEYWORD,
                "the ways to be accepted have changed: that is not compared",
            );
        }
    }

    fn one_of(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "oneOf";
        let (mut was, mut is) = (old.list(KEYWORD), new.list(KEYWORD));
        if is.is_empty() && !was.is_empty() {
            return self.wider(new, KEYWORD, "it is not asked for any more");
        }
        self.drop_same(&mut was, &mut is);
        if !was.is_empty() || !is.is_empty() {
            self.unclear(
                new,
                KEYWORD,
                "the ways to be accepted have changed: that is not compared",
            );
        }
    }

    fn not(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "not";
        match (old.get(KEYWORD), new.get(KEYWORD)) {
            (Some(_), None) => self.wider(new, KEYWORD, "it may match now"),
            (None, Some(_)) => self.unclear(
                new,
                KEYWORD,
                "what may not match was added: that is not compared",
            ),
            (Some(was), Some(is)) if !same(self.documents, &was, &is) => {
                if self.covers(&is, &was) {
                    self.wider(new, KEYWORD, "less is excluded");
                } else {
                    self.unclear(
                        new,
                        KEYWORD,
                        "what may not match has changed: that is not compared",
                    );
                }
            }
            _ => {}
        }
    }

    fn conditional(&mut self, old: &At<'a>, new: &At<'a>) {
        const KEYWORD: &str = "if";
        let branches = ["then", "else"];
        match (old.get(KEYWORD), new.get(KEYWORD)) {
            (Some(_), None) => self.wider(new, KEYWORD, "the condition is gone"),
            (Some(was), Some(is)) if same(self.documents, &was, &is) => {
                for branch in branches {
                    self.compare(&old.schema(branch), &new.schema(branch));
                }
            }
            (_, Some(_)) => {
                let mut covered = true;
                for branch in branches {
                    covered &= self.covers(old, &new.schema(branch));
                }
                if !covered {
                    self.unclear(
                        new,
                        KEYWORD,
                        "the condition has changed: that is not compared",
                    );
                }
            }
            (None, None) => {}
        }
    }

    /// Takes out what both have, in whatever order.
    fn drop_same(&self, was: &mut Vec<At<'a>>, is: &mut Vec<At<'a>>) {
        was.retain(|older| {
            let found = is
                .iter()
                .position(|newer| same(self.documents, older, newer));
            if let Some(found) = found {
                is.remove(found);
            }
            found.is_none()
        });
    }
}
