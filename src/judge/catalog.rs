//! The schemas, compiled, and the names under which they are routed to.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Registry, Validator};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::files::{self, SchemaFile};
use super::node::{OnTape, TapeNode};
use super::plan::Plan;
use super::registry::{Registered, Registries};
use super::tape::push_segment;
use crate::event::Stream;

/// Why the schemas can't be used. Each names the file and says what to do.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A file or folder can't be read.
    #[error("can't read {}: name the folder that holds catalog.json by SCHEMAS_DIR (or --catalog)", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not JSON, or has a key twice.
    #[error("{} is not JSON: {problem}", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where and why.
        problem: String,
    },
    /// A file says something that can't be used.
    #[error("{}, at `{pointer}`: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where in the file: a JSON pointer; empty for the whole.
        pointer: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// One version of a subject.
#[derive(Debug)]
pub(super) struct Schema {
    /// `order-transaction/1.0.0`.
    pub(super) name: Arc<str>,
    pub(super) validator: Validator<OnTape>,
    /// The short way to "accepted", where the schema has one.
    pub(super) plan: Option<Plan>,
    /// What `x-hint` says, by the pointer to the subschema that has it.
    pub(super) hints: HashMap<String, String>,
    /// The file's content.
    pub(super) document: Value,
}

/// The subjects and versions of `schemas/`, and the routes of its `catalog.json`.
///
/// ```json
/// {
///   "default": "order-transaction/1.0.0",
///   "property": "schema",
///   "streams": { "shop/orders": "order/1" },
///   "types": { "com.example.order.created": "order/1" },
///   "registries": { "confluent": { "100001": "order/1" }, "azure": { "3f2a8c1d5e6b4f70…": "order/1" } }
/// }
/// ```
///
/// A route's value is `subject/1.0.0`, `subject/1.0` or `subject/1` (the newest of those),
/// `subject` (its newest version), or a schema's `$id`. A stream is named as in a blob's path
/// (`namespace/hub`, with or without `@epoch`) or by its hub alone.
#[derive(Debug)]
pub struct Catalog {
    schemas: Vec<Schema>,
    names: HashMap<String, usize>,
    default: usize,
    property: Option<String>,
    streams: HashMap<String, usize>,
    types: HashMap<String, usize>,
    registries: Registries,
    known: String,
    digest: String,
}

impl Schema {
    /// Whether the schema accepts a value, as far as that is soon said: one that has a plan may accept
    /// what the plan does not.
    pub(super) fn accepts_soon(&self, node: TapeNode<'_>) -> bool {
        match &self.plan {
            Some(plan) => plan.accepts(node),
            None => self.validator.is_valid(node),
        }
    }
}

/// Collects each `x-hint` of a schema, `at` its pointer.
fn collect_hints(schema: &Value, at: &str, hints: &mut HashMap<String, String>) {
    let below = |name: &str| {
        let mut below = at.to_owned();
        push_segment(&mut below, name);
        below
    };
    match schema {
        Value::Object(keywords) => {
            if let Some(Value::String(hint)) = keywords.get("x-hint") {
                hints.insert(at.to_owned(), hint.clone());
            }
            for (name, value) in keywords {
                collect_hints(value, &below(name), hints);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                collect_hints(value, &below(&index.to_string()), hints);
            }
        }
        _ => {}
    }
}

impl Catalog {
    /// Reads and compiles `catalog.json` and every `<subject>/<version>.json` below `dir`.
    ///
    /// # Errors
    ///
    /// [`CatalogError`], at the first file that can't be read, is not JSON, does not compile, or
    /// routes to what is not there.
    pub fn load(dir: &Path) -> Result<Self, CatalogError> {
        let (catalog, files) = files::read(dir)?;
        let digest = digest(&catalog.text, &files);
        let mut names = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            // files come oldest version first, so the newest one keeps the short names
            for name in file.short_names() {
                names.insert(name, index);
            }
        }
        for (index, file) in files.iter().enumerate() {
            if names.insert(file.id.clone(), index).is_some() {
                return Err(file.invalid("/$id", "another schema has this name: give each its own"));
            }
        }
        let schemas = compile(dir, &files)?;
        let routes = Routes {
            path: &catalog.path,
            names: &names,
            known: known(&schemas),
        };
        let Value::Object(mut entries) = catalog.value else {
            return Err(routes.invalid("", "the catalog is an object".into()));
        };
        let default = entries.remove("default").ok_or_else(|| {
            routes.invalid(
                "",
                "`default` is missing: name the schema of events that no route names".into(),
            )
        })?;
        let default = routes.schema("/default", &default)?;
        let property = match entries.remove("property") {
            None => None,
            Some(Value::String(name)) if !name.is_empty() => Some(name),
            Some(_) => {
                let problem = "the name of an event property, as a string";
                return Err(routes.invalid("/property", problem.into()));
            }
        };
        let streams = routes
            .map("/streams", entries.remove("streams"))?
            .into_iter()
            .map(|(name, index)| (name.to_lowercase(), index))
            .collect();
        let types = routes.map("/types", entries.remove("types"))?;
        let registries = Registries::read(&routes, entries.remove("registries"))?;
        if let Some(unknown) = entries.keys().find(|key| *key != "description") {
            let problem = "no such setting: the catalog has `default`, `property`, `streams`, \
                           `types`, `registries` and `description`";
            return Err(routes.invalid(&format!("/{unknown}"), problem.into()));
        }
        let known = routes.known;
        Ok(Self {
            schemas,
            names,
            default,
            property,
            streams,
            types,
            registries,
            known,
            digest,
        })
    }

    /// Says which schemas and routes these are: 16 hexadecimal digits of a SHA-256 over catalog
    /// and schemas. Examples don't count.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The names of all schemas, `subject/version`, by subject and then oldest first.
    pub fn schemas(&self) -> impl Iterator<Item = &Arc<str>> {
        self.schemas.iter().map(|schema| &schema.name)
    }

    /// The document of the schema that this name or `$id` stands for.
    pub fn document(&self, name: &str) -> Option<&Value> {
        self.named(name).map(|index| &self.schemas[index].document)
    }

    /// The name of the event property or Kafka header that names the schema.
    pub fn property(&self) -> Option<&str> {
        self.property.as_deref()
    }

    pub(super) fn schema(&self, index: usize) -> &Schema {
        &self.schemas[index]
    }

    /// The schema that a route's value names.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The schema of a `CloudEvents` `type`.
    pub(super) fn for_type(&self, name: &str) -> Option<usize> {
        self.types.get(name).copied()
    }

    /// The schema that a registry knows by this id.
    pub(super) fn registered(&self, registered: &Registered) -> Option<usize> {
        self.registries.schema(registered)
    }

    /// The schema of a stream's events that name none.
    pub(super) fn for_stream(&self, stream: &Stream) -> usize {
        let name = stream.as_str();
        let (plain, _) = name.split_once('@').unwrap_or((name, ""));
        let hub = |name: &str| name.rsplit('/').next().map(str::to_owned);
        [Some(name.to_owned()), Some(plain.to_owned()), hub(plain)]
            .into_iter()
            .flatten()
            .find_map(|name| self.streams.get(&name).copied())
            .unwrap_or(self.default)
    }

    /// The name of the schema of a stream's events that name none.
    pub fn default_of(&self, stream: &Stream) -> &str {
        &self.schemas[self.for_stream(stream)].name
    }

    /// The names of the schemas, for a message.
    pub fn known(&self) -> &str {
        &self.known
    }
}

/// Resolves the catalog's own values.
pub(super) struct Routes<'a> {
    path: &'a Path,
    names: &'a HashMap<String, usize>,
    known: String,
}

impl Routes<'_> {
    fn schema(&self, pointer: &str, value: &Value) -> Result<usize, CatalogError> {
        let Some(name) = value.as_str() else {
            let problem = "a route is a string such as `order/1.0.0`";
            return Err(self.invalid(pointer, problem.into()));
        };
        self.names.get(name).copied().ok_or_else(|| {
            let problem = format!(
                "there is no schema `{name}`: add its file or name one of {}",
                self.known
            );
            self.invalid(pointer, problem)
        })
    }

    /// An object from names to schemas, with the schemas' indices.
    pub(super) fn map(
        &self,
        pointer: &str,
        value: Option<Value>,
    ) -> Result<HashMap<String, usize>, CatalogError> {
        match value {
            None => Ok(HashMap::new()),
            Some(Value::Object(routes)) => routes
                .into_iter()
                .map(|(name, value)| {
                    let mut pointer = pointer.to_owned();
                    push_segment(&mut pointer, &name);
                    let index = self.schema(&pointer, &value)?;
                    Ok((name, index))
                })
                .collect(),
            Some(_) => Err(self.invalid(pointer, "an object from names to schemas".into())),
        }
    }

    /// An error about the catalog.
    pub(super) fn invalid(&self, pointer: &str, problem: String) -> CatalogError {
        CatalogError::Invalid {
            path: self.path.to_owned(),
            pointer: pointer.to_owned(),
            problem,
        }
    }
}

fn compile(dir: &Path, files: &[SchemaFile]) -> Result<Vec<Schema>, CatalogError> {
    let mut registry = Registry::new();
    for file in files {
        registry = registry
            .add(file.id.as_str(), &file.value)
            .map_err(|error| file.invalid("/$id", &error.to_string()))?;
    }
    let registry = registry.prepare().map_err(|error| CatalogError::Invalid {
        path: dir.to_owned(),
        pointer: String::new(),
        problem: format!("a `$ref` can't be resolved: {error}"),
    })?;
    files
        .iter()
        .map(|file| {
            let validator = jsonschema::options_for::<OnTape>()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .should_ignore_unknown_formats(false)
                .with_pattern_options(PatternOptions::regex())
                .with_registry(&registry)
                .offline()
                .build(&file.value)
                .map_err(|error| {
                    let problem = format!("the schema does not compile: {error}");
                    file.invalid(error.instance_path().as_str(), &problem)
                })?;
            let mut hints = HashMap::new();
            collect_hints(&file.value, "", &mut hints);
            Ok(Schema {
                name: file.name().into(),
                validator,
                plan: Plan::compile(&file.value),
                hints,
                document: file.value.clone(),
            })
        })
        .collect()
}

/// `order (1.0.0), order-transaction (1.0.0, 1.1.0)`, cut where a catalog is very large.
fn known(schemas: &[Schema]) -> String {
    const LIMIT: usize = 512;
    let mut subjects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for schema in schemas {
        if let Some((subject, version)) = schema.name.split_once('/') {
            subjects.entry(subject).or_default().push(version);
        }
    }
    let mut known = String::new();
    for (subject, versions) in subjects {
        if known.len() > LIMIT {
            known.push_str(", …");
            break;
        }
        let comma = if known.is_empty() { "" } else { ", " };
        // writing to a string can't fail
        let _ = write!(known, "{comma}{subject} ({})", versions.join(", "));
    }
    known
}

fn digest(catalog: &str, files: &[SchemaFile]) -> String {
    let mut sha = Sha256::new();
    let mut add = |name: &str, content: &str| {
        for part in [name, content] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
    };
    add("catalog.json", catalog);
    for file in files {
        add(&file.name(), &file.text);
    }
    sha.finalize()[..8]
        .iter()
        .fold(String::new(), |mut digits, byte| {
            // writing to a string can't fail
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

#[cfg(test)]
mod tests;
