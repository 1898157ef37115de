//! Arrays: their elements by place, and what they have to contain.

use serde_json::Value;

use super::Walk;
use super::at::At;
use super::same::{same, same_in};

impl<'a> Walk<'_, 'a> {
    pub(super) fn compare_arrays(&mut self, old: &At<'a>, new: &At<'a>) {
        let (was, is) = (old.list("prefixItems"), new.list("prefixItems"));
        let (rest_was, rest_is) = (old.schema("items"), new.schema("items"));
        for index in 0..was.len().max(is.len()) {
            let (was, is) = (
                was.get(index).unwrap_or(&rest_was),
                is.get(index).unwrap_or(&rest_is),
            );
            self.compare(was, is);
        }
        self.compare(&rest_was, &rest_is);
        let unique = |at: &At<'a>| at.value.get("uniqueItems") == Some(&Value::Bool(true));
        match (unique(old), unique(new)) {
            (false, true) => self.breaking(
                new,
                "uniqueItems",
                "an element could stand twice, and can't any more",
            ),
            (true, false) => self.wider(new, "uniqueItems", "an element can stand twice now"),
            _ => {}
        }
        self.contains(old, new);
        self.unevaluated(old, new, "unevaluatedItems", "");
    }

    fn contains(&mut self, old: &At<'a>, new: &At<'a>) {
        const ALL: [&str; 3] = ["contains", "minContains", "maxContains"];
        if same_in(self.documents, old, new, &ALL) {
            return;
        }
        let (was, is) = (old.get("contains"), new.get("contains"));
        let Some(is) = is else {
            if was.is_some() {
                self.wider(new, "contains", "nothing need be contained any more");
            }
            return;
        };
        let Some(was) = was else {
            if is_optional(new) {
                return;
            }
            return self.breaking(new, "contains", "something has to be contained now");
        };
        let count = |at: &At<'a>, keyword: &str, none: f64| {
            at.value
                .get(keyword)
                .and_then(Value::as_f64)
                .unwrap_or(none)
        };
        let (least_was, least_is) = (
            count(old, "minContains", 1.0),
            count(new, "minContains", 1.0),
        );
        let (most_was, most_is) = (
            count(old, "maxContains", f64::INFINITY),
            count(new, "maxContains", f64::INFINITY),
        );
        let alike = same(self.documents, &was, &is);
        // with more that counts, a count can be too large; with less, too small
        let enough = least_is <= least_was && (alike || least_is == 0.0 || self.covers(&was, &is));
        let few = most_is >= most_was && (alike || most_is.is_infinite() || self.covers(&is, &was));
        match (enough && few, alike) {
            (true, _) => self.wider(new, "contains", "less has to be contained"),
            (false, true) => {
                let keyword = if least_is > least_was {
                    "minContains"
                } else {
                    "maxContains"
                };
                self.breaking(new, keyword, "how often it has to be contained is stricter");
            }
            (false, false) => self.unclear(
                new,
                "contains",
                "what has to be contained has changed: that is not compared",
            ),
        }
    }
}

/// Whether anything and nothing may be contained.
fn is_optional(at: &At<'_>) -> bool {
    at.value.get("minContains").and_then(Value::as_f64) == Some(0.0)
        && at.value.get("maxContains").is_none()
}
