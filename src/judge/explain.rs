//! What a producer reads about an event that its schema refused: each violation with what to
//! change, bounded in number and length, and without the event's values.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::json::Node;
use jsonschema::{JsonType, ValidationError};

use super::catalog::Schema;
use super::node::TapeNode;
use super::tape::Document;
use super::{Reason, Violation};

/// Violations that an event's rejection names; one more says how many there were.
pub(super) const VIOLATIONS: usize = 32;
/// Entries beyond which only the first violation is looked for: an event of a megabyte can break
/// a rule a hundred thousand times, and each would be kept in memory.
const ENTRIES: usize = 16 * 1024;
const QUOTE: &str = "write it in double quotes";
pub(super) const MESSAGE_BYTES: usize = 512;
const POINTER_BYTES: usize = 1024;

/// What a value violates; nothing where the library accepts it.
pub(super) fn violations(schema: &Schema, node: TapeNode<'_>, prefix: &str) -> Vec<Violation> {
    let explain = |error: &ValidationError<'_>| Violation {
        pointer: cut(
            format!("{prefix}{}", error.instance_path().as_str()),
            POINTER_BYTES,
        ),
        keyword: error.kind().keyword().to_owned(),
        schema_pointer: cut(error.schema_path().as_str().to_owned(), POINTER_BYTES),
        message: cut(message(schema, node, error), MESSAGE_BYTES),
    };
    if node.document.tape.entries.len() > ENTRIES {
        let Err(first) = schema.validator.validate(node) else {
            return Vec::new();
        };
        let rest =
            format!("only the first violation is named: the event has more than {ENTRIES} values");
        return vec![explain(&first), note(rest)];
    }
    let mut errors = schema.validator.iter_errors(node);
    let mut violations: Vec<_> = errors
        .by_ref()
        .take(VIOLATIONS)
        .map(|e| explain(&e))
        .collect();
    let more = errors.count();
    if more > 0 {
        violations.push(note(format!("and {more} more")));
    }
    // mostly there is one, and a batch keeps those of all its events
    violations.shrink_to_fit();
    violations
}

/// A violation of the whole event that no keyword stands for.
pub(super) fn note(message: String) -> Violation {
    refused(Reason::Schema, String::new(), message)
}

/// A violation that no schema found.
pub(super) fn refused(reason: Reason, pointer: String, message: String) -> Violation {
    Violation {
        pointer: cut(pointer, POINTER_BYTES),
        keyword: reason.word().to_owned(),
        schema_pointer: String::new(),
        message: cut(message, MESSAGE_BYTES),
    }
}

/// Cuts a text to at most `limit` bytes, with an ellipsis in place of the rest.
pub(super) fn cut(mut text: String, limit: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() > limit {
        let mut end = limit - ELLIPSIS.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(ELLIPSIS);
    }
    text
}

fn message(schema: &Schema, root: TapeNode<'_>, error: &ValidationError<'_>) -> String {
    let (document, pointer) = (root.document, error.instance_path().as_str());
    let place = document.at(root.index, pointer);
    let mut message = match error.kind() {
        ValidationErrorKind::Type { kind } => match place {
            Some(index) => {
                let node = TapeNode { index, ..root };
                wrong_type(kind, node, pointer.is_empty())
            }
            None => error.masked().to_string(),
        },
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let near = place.and_then(|place| near_key(document, place, name));
            match near {
                Some(near) => format!(
                    "`{name}` is missing; `{near}` is there: keys are compared letter by letter"
                ),
                None => format!("`{name}` is missing"),
            }
        }
        ValidationErrorKind::FalseSchema => "must not be here".to_owned(),
        ValidationErrorKind::Pattern { pattern } => format!("must match {pattern}"),
        ValidationErrorKind::Not { schema } => format!("must not match {schema}"),
        // the library's words for a wrong name have the name's own text in them
        ValidationErrorKind::PropertyNames { error } => {
            format!("a key is not allowed: {}", error.masked_with("it"))
        }
        _ => error.masked_with("the value").to_string(),
    };
    // a wrong type has said what to change, but for what a string has to look like
    let said = matches!(error.kind(), ValidationErrorKind::Type { .. }) && message.contains(": ");
    let more = match hint(schema, error.schema_path().as_str()) {
        Some(hint) if !said => format!(": {hint}"),
        Some(hint) if message.ends_with(QUOTE) => format!("; {hint}"),
        _ => String::new(),
    };
    message.push_str(&more);
    message
}

/// `x-hint` of the subschema whose keyword refused the value.
fn hint<'s>(schema: &'s Schema, schema_pointer: &str) -> Option<&'s str> {
    let (owner, _) = schema_pointer.rsplit_once('/')?;
    // a false schema is refused as a whole, and has no room for a hint
    let hints = &schema.hints;
    let hint = hints.get(schema_pointer).or_else(|| hints.get(owner))?;
    Some(hint)
}

fn wrong_type(kind: &TypeKind, node: TapeNode<'_>, whole: bool) -> String {
    let wanted: Vec<JsonType> = match kind {
        TypeKind::Single(wanted) => vec![*wanted],
        TypeKind::Multiple(types) => types.iter().collect(),
    };
    let is = node.json_type();
    let words: Vec<_> = wanted.iter().map(|wanted| with_article(*wanted)).collect();
    let found = match is {
        JsonType::Number if wanted.contains(&JsonType::Integer) => "a number with a fraction",
        is => with_article(is),
    };
    let mut message = format!("must be {}, is {found}", words.join(" or "));
    let wants = |other| wanted.contains(&other);
    let hint = match is {
        JsonType::Array if whole && wants(JsonType::Object) => {
            "send each event of the array as an event of its own"
        }
        JsonType::String if whole && wants(JsonType::Object) => {
            "the JSON was written twice: send the object, not a string that holds it"
        }
        JsonType::String if wants(JsonType::Number) || wants(JsonType::Integer) => {
            "write the number without quotes"
        }
        JsonType::Number if wants(JsonType::String) => QUOTE,
        JsonType::Null => "leave the field out or send a value",
        _ => return message,
    };
    message.push_str(": ");
    message.push_str(hint);
    message
}

fn with_article(name: JsonType) -> &'static str {
    match name {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

/// A key of the object that is the wanted one but for case, `_`, `-` and spaces.
fn near_key<'a>(document: Document<'a>, object: u32, wanted: &str) -> Option<&'a str> {
    document
        .members(object)
        .map(|(key, _)| document.text(document.entry(key)))
        .find(|key| key.len() <= 2 * wanted.len() && letters(key).eq(letters(wanted)))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
}
