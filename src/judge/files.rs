//! The files of `schemas/`: found, read, and checked for what has to be right before compiling.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::catalog::CatalogError;
use super::duplicates::repeated_keys;
use super::fault;
use super::reader::Fault;
use super::tape::{Document, Tape};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Schemas nest their subschemas; none is as deep as this.
const NESTING: usize = 256;

/// A JSON file.
pub(super) struct JsonFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) value: Value,
}

/// `<subject>/<version>.json`.
pub(super) struct SchemaFile {
    path: PathBuf,
    subject: String,
    version: Version,
    pub(super) id: String,
    pub(super) text: String,
    pub(super) value: Value,
}

/// `MAJOR.MINOR.PATCH`, without a pre-release: what lands is judged by released schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let part = |part: &str| {
            let number: u32 = part.parse().ok()?;
            // no `01`, no `+1`: one spelling a version
            (number.to_string() == part).then_some(number)
        };
        let mut parts = text.split('.').map(part);
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
}

impl SchemaFile {
    /// `order-transaction/1.0.0`.
    pub(super) fn name(&self) -> String {
        let Version(major, minor, patch) = self.version;
        format!("{}/{major}.{minor}.{patch}", self.subject)
    }

    /// The name and its short forms: `order/1.0.0`, `order/1.0`, `order/1`, `order`.
    pub(super) fn short_names(&self) -> [String; 4] {
        let (subject, Version(major, minor, _)) = (&self.subject, self.version);
        [
            self.name(),
            format!("{subject}/{major}.{minor}"),
            format!("{subject}/{major}"),
            subject.clone(),
        ]
    }

    /// An error about this file.
    pub(super) fn invalid(&self, pointer: &str, problem: &str) -> CatalogError {
        invalid(&self.path, pointer, problem)
    }
}

/// The catalog and every schema, by subject and then oldest first.
pub(super) fn read(dir: &Path) -> Result<(JsonFile, Vec<SchemaFile>), CatalogError> {
    let catalog = json(&dir.join("catalog.json"))?;
    let mut files = Vec::new();
    for folder in children(dir)? {
        if folder.is_dir() {
            for path in children(&folder)? {
                if let Some(file) = schema(&folder, &path)? {
                    files.push(file);
                }
            }
        }
    }
    files.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
    Ok((catalog, files))
}

/// What a folder holds, without hidden files.
fn children(dir: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let entries: io::Result<Vec<_>> = fs::read_dir(dir).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    });
    let mut paths = entries.map_err(|source| unreadable(dir, source))?;
    paths.retain(|path| !file_name(path).starts_with('.'));
    Ok(paths)
}

/// A file of a subject's folder; none where it is no schema (examples, notes).
fn schema(folder: &Path, path: &Path) -> Result<Option<SchemaFile>, CatalogError> {
    let name = file_name(path);
    let Some(stem) = name.strip_suffix(".json") else {
        return Ok(None);
    };
    if stem.ends_with(".examples") {
        return Ok(None);
    }
    let version = Version::parse(stem).ok_or_else(|| {
        let problem = "a schema's file is named by its version: `1.0.0.json`";
        invalid(path, "", problem)
    })?;
    let subject = file_name(folder);
    if !subject
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
    {
        let problem = "a subject's folder has a name of a-z, 0-9, `-`, `_` and `.`";
        return Err(invalid(folder, "", problem));
    }
    let JsonFile { text, value, .. } = json(path)?;
    if let Some(draft) = value.get("$schema")
        && draft.as_str().map(|draft| draft.trim_end_matches('#')) != Some(DRAFT)
    {
        let problem = format!("schemas are of draft 2020-12: write \"{DRAFT}\"");
        return Err(invalid(path, "/$schema", &problem));
    }
    let id = identifier(path, &value, &format!("{subject}/{stem}"))?;
    Ok(Some(SchemaFile {
        path: path.to_owned(),
        subject,
        version,
        id,
        text,
        value,
    }))
}

/// The `$id`: absolute, without a fragment, and ending as the file's own name does, so that a
/// copied file can't keep the name of the one it was copied from.
fn identifier(path: &Path, value: &Value, name: &str) -> Result<String, CatalogError> {
    let colons = name.replace('/', ":");
    let rule = format!("an absolute URI that ends with `{name}` (or `{colons}` in a URN)");
    let Some(id) = value.get("$id") else {
        let problem = format!("`$id` is missing: {rule}");
        return Err(invalid(path, "", &problem));
    };
    let proper = |id: &&str| {
        let ends = |name: &str| {
            id.strip_suffix(name)
                .is_some_and(|rest| rest.ends_with(['/', ':']))
        };
        !id.contains('#') && (ends(name) && id.contains("://") || ends(&colons))
    };
    match id.as_str().filter(proper) {
        Some(id) => Ok(id.to_owned()),
        None => Err(invalid(path, "/$id", &format!("`$id` is {rule}"))),
    }
}

/// Reads a file with the reader of events, which is stricter and says more.
fn json(path: &Path) -> Result<JsonFile, CatalogError> {
    let text = fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
    let not_json = |problem| CatalogError::NotJson {
        path: path.to_owned(),
        problem,
    };
    let mut tape = Tape::default();
    match tape.read(&text, NESTING) {
        Ok(()) => {}
        Err(Fault::Syntax { at, expected }) => {
            return Err(not_json(fault::message(&text, at, expected)));
        }
        Err(Fault::TooDeep { pointer }) => {
            return Err(not_json(format!("`{pointer}` nests too deep")));
        }
    }
    let document = Document {
        source: &text,
        tape: &tape,
    };
    if let Some(&key) = repeated_keys(document).first() {
        let pointer = document.pointer(0, key);
        return Err(not_json(format!("`{pointer}` stands twice: remove one")));
    }
    let value = serde_json::from_str(&text).map_err(|error| not_json(error.to_string()))?;
    Ok(JsonFile {
        path: path.to_owned(),
        text,
        value,
    })
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn unreadable(path: &Path, source: io::Error) -> CatalogError {
    CatalogError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn invalid(path: &Path, pointer: &str, problem: &str) -> CatalogError {
    CatalogError::Invalid {
        path: path.to_owned(),
        pointer: pointer.to_owned(),
        problem: problem.to_owned(),
    }
}
