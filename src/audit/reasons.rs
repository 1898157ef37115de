//! The rejections by reason and schema, with examples.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::report::{Example, ExampleError, ReasonReport};
use crate::lake::Record;

/// Examples of one reason and schema, and violations of one example.
const EXAMPLES: (usize, usize) = (3, 5);

/// Reasons and schemas that are told apart; an event names schemas as it likes.
const MOST: usize = 1_000;

/// The most bytes of a payload that are shown.
const TEXT: usize = 2_000;

/// Rejections that were read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reasons(BTreeMap<(String, Option<String>), Counted>);

#[derive(Debug, Clone, Default, PartialEq)]
struct Counted {
    count: u64,
    open: u64,
    examples: Vec<Example>,
}

/// `_errors`.
#[derive(Deserialize)]
struct Violation {
    pointer: String,
    keyword: String,
    message: String,
}

impl Reasons {
    /// Adds a rejection that stands in that blob.
    pub(super) fn add(&mut self, blob: &str, record: &Record<'_>, open: bool, values: bool) {
        let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let key = (
            owned(&record.reason).unwrap_or_default(),
            owned(&record.schema),
        );
        let counted = self.entry(key);
        counted.count += 1;
        counted.open += u64::from(open);
        if counted.examples.len() == EXAMPLES.0 {
            return;
        }
        let errors: Vec<Violation> = record
            .errors
            .and_then(|errors| serde_json::from_str(errors.get()).ok())
            .unwrap_or_default();
        let text = owned(&record.body_text).filter(|_| values);
        counted.examples.push(Example {
            stream: record.stream.to_string(),
            partition: owned(&record.partition),
            sequence: record.sequence,
            enqueued_time: record.enqueued.map(|time| time.to_string()),
            blob: blob.to_owned(),
            errors: errors
                .into_iter()
                .take(EXAMPLES.1)
                .map(|it| ExampleError {
                    pointer: it.pointer,
                    keyword: it.keyword,
                    message: it.message,
                })
                .collect(),
            body_text: text.map(|text| text[..text.floor_char_boundary(TEXT)].to_owned()),
        });
    }

    pub(super) fn merge(&mut self, others: Self) {
        for (key, other) in others.0 {
            let counted = self.entry(key);
            counted.count += other.count;
            counted.open += other.open;
            let room = EXAMPLES.0 - counted.examples.len();
            counted
                .examples
                .extend(other.examples.into_iter().take(room));
        }
    }

    fn entry(&mut self, key: (String, Option<String>)) -> &mut Counted {
        let (reason, schema) = key;
        let full = self.0.len() >= MOST && !self.0.contains_key(&(reason.clone(), schema.clone()));
        let schema = if full { None } else { schema };
        self.0.entry((reason, schema)).or_default()
    }

    /// The most frequent first.
    pub(super) fn report(self) -> Vec<ReasonReport> {
        let mut reasons: Vec<ReasonReport> = self
            .0
            .into_iter()
            .map(|((reason, schema), counted)| ReasonReport {
                reason,
                schema,
                count: counted.count,
                open: counted.open,
                examples: counted.examples,
            })
            .collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        reasons
    }
}
