//! A subschema with its place, and where references lead.

use serde_json::Value;

use super::Documents;
use crate::judge::push_segment;

/// Accepts everything: what is not there.
static TRUE: Value = Value::Bool(true);

/// A subschema.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    /// The document in which it stands.
    root: &'a Value,
    /// Where it stands there; where it would, if it is not there.
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

/// That all that the first accepts is accepted by the second.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Claim((usize, String), (usize, String));

impl Claim {
    pub(super) fn new(old: &At<'_>, new: &At<'_>) -> Self {
        let name = |at: &At<'_>| {
            // what is not there is the same wherever it is missing
            let pointer = if std::ptr::eq(at.value, &raw const TRUE) {
                "-"
            } else {
                &at.pointer
            };
            (std::ptr::from_ref(at.root) as usize, pointer.to_owned())
        };
        Self(name(old), name(new))
    }
}

/// Keywords that judge nothing.
pub(super) fn is_annotation(keyword: &str) -> bool {
    !KEYWORDS.contains(&keyword)
}

/// Keywords by which a value can be refused. (Of draft 2020-12: what else stands in a schema is
/// ignored by every judge.)
const KEYWORDS: [&str; 42] = [
    "$ref",
    "$dynamicRef",
    "$id",
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependencies",
];

impl<'a> At<'a> {
    /// A whole document.
    pub(super) fn root(document: &'a Value) -> Self {
        Self {
            root: document,
            pointer: String::new(),
            value: document,
        }
    }

    /// The value of a keyword, or of a name in a keyword's object.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self {
            value,
            ..self.place(key)
        })
    }

    /// The subschema of a keyword; one that accepts everything where there is none.
    pub(super) fn schema(&self, key: &str) -> Self {
        self.get(key).unwrap_or_else(|| self.place(key))
    }

    /// The place of a keyword that is not there.
    pub(super) fn place(&self, key: &str) -> Self {
        let mut pointer = self.pointer.clone();
        push_segment(&mut pointer, key);
        Self {
            root: self.root,
            pointer,
            value: &TRUE,
        }
    }

    /// The elements of a keyword's array.
    pub(super) fn list(&self, key: &str) -> Vec<Self> {
        let Some(list) = self.get(key) else {
            return Vec::new();
        };
        let elements = list.value.as_array().map_or(&[][..], Vec::as_slice);
        let with_place = |(index, value): (usize, &'a Value)| Self {
            value,
            ..list.place(&index.to_string())
        };
        elements.iter().enumerate().map(with_place).collect()
    }

    /// The names in a keyword's object.
    pub(super) fn names(&self, key: &str) -> Vec<&'a str> {
        let object = self.value.get(key).and_then(Value::as_object);
        object.map_or_else(Vec::new, |it| it.keys().map(String::as_str).collect())
    }

    /// The names of the keywords that judge.
    pub(super) fn keywords(&self) -> Vec<&'a str> {
        let object = self.value.as_object();
        let names = object.into_iter().flat_map(|it| it.keys());
        names
            .map(String::as_str)
            .filter(|it| !is_annotation(it))
            .collect()
    }

    /// Whether it accepts everything, as far as one can see.
    pub(super) fn is_true(&self) -> bool {
        match self.value {
            Value::Bool(all) => *all,
            _ => self.keywords().iter().all(|it| *it == "$id"),
        }
    }

    /// Whether it accepts nothing.
    pub(super) fn is_false(&self) -> bool {
        self.value == &Value::Bool(false)
    }

    /// Whether it is a document of its own inside of another one, with references of its own.
    pub(super) fn is_a_resource(&self) -> bool {
        !self.pointer.is_empty() && self.value.get("$id").is_some()
    }

    /// The pointer, with the document's `$id` where that is not `document`.
    pub(super) fn named(&self, document: &Value) -> String {
        if std::ptr::eq(self.root, document) {
            return self.pointer.clone();
        }
        match self.root.get("$id").and_then(Value::as_str) {
            Some(id) => format!("{id}#{}", self.pointer),
            None => self.pointer.clone(),
        }
    }

    /// Where its `$ref` leads; `None` where there is none, or where it can't be followed here.
    pub(super) fn referred(&self, documents: &Documents<'a>) -> Option<Self> {
        let text = self.value.get("$ref")?.as_str()?;
        let (base, pointer) = text.split_once('#').unwrap_or((text, ""));
        let own = self.root.get("$id").and_then(Value::as_str);
        let root = match base {
            "" => self.root,
            base if Some(base) == own => self.root,
            base if base.contains(':') => documents(base)?,
            _ => return None,
        };
        // an anchor, or what is written in a way that is not a plain pointer, is not followed
        if pointer.contains('%') || !(pointer.is_empty() || pointer.starts_with('/')) {
            return None;
        }
        Some(Self {
            root,
            pointer: pointer.to_owned(),
            value: root.pointer(pointer)?,
        })
    }

    /// Itself, or what it refers to where it does nothing else.
    pub(super) fn unfolded(&self, documents: &Documents<'a>) -> Self {
        const CHAIN: usize = 32;
        let mut at = self.clone();
        for _ in 0..CHAIN {
            if at.keywords() != ["$ref"] {
                break;
            }
            let Some(next) = at.referred(documents) else {
                break;
            };
            at = next;
        }
        at
    }
}
