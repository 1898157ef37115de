//! Makes a plan of a schema, or finds that it can't.

use std::collections::HashMap;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};

use super::{Bound, Check, Names, Pattern, Place, Plan, Shape, Side, Slots, Wide};
use crate::judge::node::OnTape;
use crate::judge::tape::push_segment;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Every type.
const ANY: u8 = u8::MAX;
/// References that are followed without going down into the document.
const REFERENCES: u32 = 8;
/// Checks of one plan; branches that refer to one another would make very many.
const CHECKS: usize = 4096;
/// Beyond it a double leaves integers out.
const EXACT: u64 = 1 << 53;

impl Plan {
    /// The plan of a schema of draft 2020-12; `None` where it has a keyword, or a use of one, that
    /// is the library's alone.
    pub(in crate::judge) fn compile(schema: &Value) -> Option<Self> {
        let mut compiler = Compiler {
            root: schema,
            shapes: Vec::new(),
            known: HashMap::new(),
            checks: 0,
        };
        compiler.place("", schema)?;
        Some(Self {
            shapes: compiler.shapes,
        })
    }
}

struct Compiler<'s> {
    root: &'s Value,
    shapes: Vec<Shape>,
    /// By the schema's pointer, its place: a schema may refer to itself further down.
    known: HashMap<String, Place>,
    checks: usize,
}

impl Compiler<'_> {
    fn place(&mut self, pointer: &str, schema: &Value) -> Option<Place> {
        if let Some(place) = self.known.get(pointer) {
            return Some(*place);
        }
        let place = self.shapes.len();
        self.shapes.push(Shape {
            kinds: ANY,
            names: Names::default(),
            checks: Vec::new(),
        });
        self.known.insert(pointer.to_owned(), place);
        let mut names = Names::default();
        let mut checks = self.all_of(pointer, schema, &mut names, 0)?;
        let mut kinds = ANY;
        checks.retain(|check| match check {
            Check::Type { kinds: some, whole } => {
                kinds &= some;
                *whole
            }
            _ => true,
        });
        self.shapes[place] = Shape {
            kinds,
            names,
            checks,
        };
        Some(place)
    }

    /// The checks of a schema, and of those that it applies to the same value.
    fn all_of(
        &mut self,
        pointer: &str,
        schema: &Value,
        names: &mut Names,
        references: u32,
    ) -> Option<Vec<Check>> {
        let mut checks = Vec::new();
        let keywords = match schema {
            Value::Bool(true) => return Some(checks),
            Value::Bool(false) => return Some(vec![Check::Never]),
            Value::Object(keywords) => keywords,
            _ => return None,
        };
        // those that `additionalProperties` leaves out
        let own = match keywords.get("properties") {
            Some(properties) => slots(
                properties.as_object()?.keys().map(|name| Some(&**name)),
                names,
            )?,
            None => 0,
        };
        for (keyword, value) in keywords {
            let below = format!("{pointer}/{keyword}");
            let mut choices = |compiler: &mut Self| -> Option<Vec<Vec<Check>>> {
                let subschemas = value.as_array()?.iter().enumerate();
                subschemas
                    .map(|(index, schema)| {
                        compiler.all_of(&format!("{below}/{index}"), schema, names, references)
                    })
                    .collect()
            };
            match keyword.as_str() {
                "allOf" => checks.extend(choices(self)?.into_iter().flatten()),
                "anyOf" => checks.push(Wide::Any(choices(self)?).into()),
                "oneOf" => checks.push(Wide::One(choices(self)?).into()),
                "not" => {
                    let checked = self.all_of(&below, value, names, references)?;
                    checks.push(Wide::Not(checked).into());
                }
                "if" => {
                    let condition = self.all_of(&below, value, names, references)?;
                    let mut branch = |keyword: &str| match keywords.get(keyword) {
                        Some(schema) => {
                            let below = format!("{pointer}/{keyword}");
                            self.all_of(&below, schema, names, references)
                        }
                        None => Some(Vec::new()),
                    };
                    let choice = Wide::If {
                        condition,
                        then: branch("then")?,
                        otherwise: branch("else")?,
                    };
                    checks.push(choice.into());
                }
                // they count with `if` alone
                "then" | "else" => {}
                "$ref" => {
                    if references == REFERENCES {
                        return None;
                    }
                    let target = local(value)?;
                    let schema = self.root.pointer(target)?;
                    checks.extend(self.all_of(target, schema, names, references + 1)?);
                }
                "properties" => {
                    for (name, schema) in value.as_object()? {
                        let mut below = below.clone();
                        push_segment(&mut below, name);
                        let slot = names.intern(name)?;
                        let place = self.place(&below, schema)?;
                        checks.push(Check::Member { slot, place });
                    }
                }
                "required" => {
                    let required = slots(value.as_array()?.iter().map(Value::as_str), names)?;
                    if required != 0 {
                        checks.push(Check::Required(required));
                    }
                }
                "additionalProperties" => match value {
                    Value::Bool(true) => {}
                    Value::Bool(false) => checks.push(Check::Closed(own)),
                    schema => checks.push(Wide::Others(own, self.place(&below, schema)?).into()),
                },
                "items" => checks.push(Wide::Items(self.place(&below, value)?).into()),
                _ => checks.extend(of_the_value(keyword, value, pointer.is_empty())?),
            }
        }
        self.checks += checks.len();
        if self.checks > CHECKS {
            return None;
        }
        // what costs least, and refuses most, comes first
        checks.sort_by_key(|check| {
            !matches!(
                check,
                Check::Type { .. } | Check::Required(_) | Check::Closed(_)
            )
        });
        Some(checks)
    }
}

fn slots<'n>(mut of: impl Iterator<Item = Option<&'n str>>, names: &mut Names) -> Option<Slots> {
    of.try_fold(0, |slots, name| Some(slots | 1 << names.intern(name?)?))
}

/// The pointer of a reference within its document.
fn local(reference: &Value) -> Option<&str> {
    let pointer = reference.as_str()?.strip_prefix('#')?;
    let plain = pointer.is_empty() || pointer.starts_with('/');
    // nothing is percent-encoded
    (plain && !pointer.contains('%')).then_some(pointer)
}

/// The check of a keyword that speaks of the value alone; none for one that says nothing of it.
fn of_the_value(keyword: &str, value: &Value, root: bool) -> Option<Vec<Check>> {
    let most = u64::MAX;
    Some(vec![match keyword {
        "type" => types(value)?,
        "const" => Wide::Equals(vec![value.clone()]).into(),
        "enum" => Wide::Equals(value.as_array()?.clone()).into(),
        "minLength" => Check::Length(value.as_u64()?, most),
        "maxLength" => Check::Length(0, value.as_u64()?),
        "minItems" => Check::Elements(value.as_u64()?, most),
        "maxItems" => Check::Elements(0, value.as_u64()?),
        "minProperties" => Check::Members(value.as_u64()?, most),
        "maxProperties" => Check::Members(0, value.as_u64()?),
        "pattern" => match Pattern::compile(value.as_str()?) {
            Some(pattern) => Check::Pattern(pattern),
            None => library(keyword, value)?,
        },
        "minimum" => bound(keyword, value, Side::Least)?,
        "exclusiveMinimum" => bound(keyword, value, Side::Above)?,
        "maximum" => bound(keyword, value, Side::Most)?,
        "exclusiveMaximum" => bound(keyword, value, Side::Below)?,
        "format" | "multipleOf" | "uniqueItems" => library(keyword, value)?,
        "$schema" if root && value == DRAFT => return Some(Vec::new()),
        "$id" if root => return Some(Vec::new()),
        "$defs" | "$comment" | "title" | "description" | "default" | "examples" | "deprecated"
        | "readOnly" | "writeOnly" => return Some(Vec::new()),
        other if other.starts_with("x-") => return Some(Vec::new()),
        _ => return None,
    }])
}

fn types(value: &Value) -> Option<Check> {
    let names = match value {
        Value::Array(names) => names.as_slice(),
        one => std::slice::from_ref(one),
    };
    let (mut kinds, mut number, mut integer) = (0, false, false);
    for name in names {
        kinds |= 1
            << match name.as_str()? {
                "null" => 0,
                "boolean" => 1,
                "number" => {
                    number = true;
                    2
                }
                "integer" => {
                    integer = true;
                    2
                }
                "string" => 3,
                "array" => 4,
                "object" => 5,
                _ => return None,
            };
    }
    let whole = integer && !number;
    Some(Check::Type { kinds, whole })
}

fn bound(keyword: &str, value: &Value, side: Side) -> Option<Check> {
    match value.as_i64() {
        Some(limit) if limit.unsigned_abs() <= EXACT => Some(Check::Bound(Bound {
            limit,
            side,
            exact: Box::new(validator(keyword, value)?),
        })),
        _ => library(keyword, value),
    }
}

fn library(keyword: &str, value: &Value) -> Option<Check> {
    Some(Wide::Library(Box::new(validator(keyword, value)?)).into())
}

/// A schema of one keyword, compiled as the catalog compiles its schemas.
fn validator(keyword: &str, value: &Value) -> Option<Validator<OnTape>> {
    jsonschema::options_for::<OnTape>()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(&json!({ keyword: value }))
        .ok()
}
