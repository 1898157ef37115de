//! The schemas themselves: that they compile, that they judge their examples as these say, and
//! that each version accepts what its predecessor accepted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::CheckError;
use super::compare::{Change, Effect, compare};
use crate::event::Stream;
use crate::judge::{Catalog, CatalogError, Judge, Limits, Submission, Verdict, Violation};

/// What was found about a catalog.
#[derive(Debug, Default, Serialize)]
pub struct Schemas {
    /// The folder.
    pub catalog: PathBuf,
    /// The schemas, by subject and then oldest first.
    pub schemas: Vec<String>,
    /// How many examples were judged.
    pub examples: u64,
    /// What fails: the catalog itself, or an example that is judged otherwise than it says.
    pub failures: Vec<Failure>,
    /// What is not checked, and could be.
    pub warnings: Vec<String>,
    /// How each version differs from its predecessor.
    pub changes: Vec<VersionChange>,
    /// Nothing fails, and no version breaks another one of its major version.
    pub sound: bool,
}

/// Something that is wrong with a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The file.
    pub file: PathBuf,
    /// Which example; none where it is the file itself.
    pub example: Option<String>,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A change from one version to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionChange {
    /// The subject: `order-transaction`.
    pub subject: String,
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// What it does to events that were accepted.
    pub kind: Effect,
    /// Whether the newer version has another major version, in which changes may break.
    pub new_major: bool,
    /// The newer version's file.
    pub file: PathBuf,
    /// Where in that file: a JSON pointer.
    pub pointer: String,
    /// The schema's keyword.
    pub keyword: String,
    /// What has changed.
    pub message: String,
    /// What to do; none where nothing need be done.
    pub advice: Option<String>,
    /// An example of the older version that the newer one refuses.
    pub witness: Option<Witness>,
}

/// An example that was accepted, and is not any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Its name.
    pub example: String,
    /// Where in it: a JSON pointer.
    pub pointer: String,
}

/// `<version>.examples.json`.
#[derive(Debug, Default, Deserialize)]
struct Examples {
    #[serde(default)]
    valid: Vec<Example>,
    #[serde(default)]
    invalid: Vec<Refused>,
}

#[derive(Debug, Deserialize)]
struct Example {
    name: String,
    event: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    name: String,
    event: Box<RawValue>,
    pointer: String,
    keyword: String,
}

impl Schemas {
    /// Checks the catalog of a folder.
    ///
    /// # Errors
    /// Where the folder or a file of it can't be read.
    pub fn check(dir: &Path, limits: Limits) -> Result<Self, CheckError> {
        let mut found = Self {
            catalog: dir.to_owned(),
            ..Self::default()
        };
        match Catalog::load(dir) {
            Ok(catalog) => found.check_catalog(&Arc::new(catalog), limits)?,
            Err(error @ CatalogError::Unreadable { .. }) => return Err(error.into()),
            Err(error) => found.failures.push(Failure {
                file: match &error {
                    CatalogError::NotJson { path, .. } | CatalogError::Invalid { path, .. } => {
                        path.clone()
                    }
                    CatalogError::Unreadable { .. } => dir.to_owned(),
                },
                example: None,
                message: error.to_string(),
            }),
        }
        found.sound = found.failures.is_empty() && !found.changes.iter().any(VersionChange::fails);
        Ok(found)
    }

    fn check_catalog(&mut self, catalog: &Arc<Catalog>, limits: Limits) -> Result<(), CheckError> {
        let names: Vec<String> = catalog.schemas().map(ToString::to_string).collect();
        let mut before: Option<(&str, Examples)> = None;
        for name in &names {
            let Some(mut judge) = Judge::under(catalog, limits, name) else {
                continue;
            };
            let examples = self.examples(name, &mut judge)?;
            if let Some((older, examples)) = &before
                && older.split('/').next() == name.split('/').next()
            {
                self.compare(catalog, (older, name), &examples.valid, &mut judge);
            }
            before = Some((name, examples));
        }
        self.schemas = names;
        Ok(())
    }

    /// Judges the examples of a version.
    fn examples(&mut self, name: &str, judge: &mut Judge) -> Result<Examples, CheckError> {
        let file = self.catalog.join(format!("{name}.examples.json"));
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let path = file.display();
                self.warnings.push(format!(
                    "{name} has no examples: {path} would say what is valid and what is not"
                ));
                return Ok(Examples::default());
            }
            Err(error) => {
                let name = file.display().to_string();
                return Err(CheckError::input(&name, format!("can't be read: {error}")));
            }
        };
        let examples: Examples = match serde_json::from_str(&text) {
            Ok(examples) => examples,
            Err(error) => {
                let message = format!(
                    "{error}: examples are {{\"valid\":[{{name,event}}],\"invalid\":[{{name,event,pointer,keyword}}]}}"
                );
                self.failures.push(Failure {
                    file,
                    example: None,
                    message,
                });
                return Ok(Examples::default());
            }
        };
        self.examples += (examples.valid.len() + examples.invalid.len()) as u64;
        let mut fails = |example: &str, message: String| {
            self.failures.push(Failure {
                file: file.clone(),
                example: Some(example.to_owned()),
                message,
            });
        };
        for Example {
            name: example,
            event,
        } in &examples.valid
        {
            for violation in violations(judge, event) {
                let message = format!(
                    "it should be accepted, and is refused: {}",
                    said(&violation)
                );
                fails(example, message);
            }
        }
        for it in &examples.invalid {
            let found = violations(judge, &it.event);
            let named = |violation: &Violation| {
                violation.pointer == it.pointer && violation.keyword == it.keyword
            };
            if found.iter().any(named) {
                continue;
            }
            let expected = format!(
                "it should be refused at `{}` by `{}`",
                it.pointer, it.keyword
            );
            let message = match found.first() {
                None => format!("{expected}, and is accepted"),
                Some(other) => format!("{expected}, and is refused otherwise: {}", said(other)),
            };
            fails(&it.name, message);
        }
        Ok(examples)
    }

    /// Holds a version against its predecessor: the documents, and the predecessor's examples.
    fn compare(
        &mut self,
        catalog: &Catalog,
        (older, newer): (&str, &str),
        valid: &[Example],
        judge: &mut Judge,
    ) {
        let (Some(old), Some(new)) = (catalog.document(older), catalog.document(newer)) else {
            return;
        };
        let versions = Versions::new(catalog, older, newer);
        let mut changes = compare(old, new, &|id| catalog.document(id));
        let mut witnesses: Vec<Option<Witness>> = changes.iter().map(|_| None).collect();
        let mut seen = BTreeSet::new();
        for example in valid {
            for violation in violations(judge, &example.event) {
                let witness = Witness {
                    example: example.name.clone(),
                    pointer: violation.pointer.clone(),
                };
                if let Some(at) = witnessed(&changes, &violation) {
                    changes[at].effect = Effect::Breaking;
                    witnesses[at].get_or_insert(witness);
                } else if seen.insert((violation.schema_pointer.clone(), violation.keyword.clone()))
                {
                    changes.push(Change {
                        effect: Effect::Breaking,
                        message: format!("an example of {older} is refused: {}", violation.message),
                        pointer: violation.schema_pointer,
                        keyword: violation.keyword,
                    });
                    witnesses.push(Some(witness));
                }
            }
        }
        let mut changes: Vec<_> = changes
            .into_iter()
            .zip(witnesses)
            .map(|(change, witness)| versions.change(change, witness, &self.catalog))
            .collect();
        changes.sort_by_key(|change| change.kind);
        self.changes.append(&mut changes);
    }
}

impl VersionChange {
    /// Whether it may not be: routes as `order/1` take the newest version of a major one.
    pub fn fails(&self) -> bool {
        self.kind == Effect::Breaking && !self.new_major
    }
}

/// The change that a violation is a case of; a breaking one rather than one that is unclear.
fn witnessed(changes: &[Change], violation: &Violation) -> Option<usize> {
    let is_case = |change: &Change| {
        let below = violation.schema_pointer.strip_prefix(&change.pointer);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let of = |effect| {
        changes
            .iter()
            .position(|change| change.effect == effect && is_case(change))
    };
    of(Effect::Breaking).or_else(|| of(Effect::Unclear))
}

/// Two versions of a subject.
struct Versions<'n> {
    subject: &'n str,
    from: &'n str,
    to: &'n str,
    /// The first major version that the catalog does not have.
    free_major: u32,
}

impl<'n> Versions<'n> {
    fn new(catalog: &Catalog, older: &'n str, newer: &'n str) -> Self {
        let split = |name: &'n str| name.split_once('/').unwrap_or((name, ""));
        let ((subject, from), (_, to)) = (split(older), split(newer));
        let newest = catalog
            .schemas()
            .filter_map(|name| name.split_once('/'))
            .filter(|(other, _)| *other == subject)
            .filter_map(|(_, version)| major(version))
            .max();
        Self {
            subject,
            from,
            to,
            free_major: newest.map_or(1, |it| it + 1),
        }
    }

    fn change(&self, change: Change, witness: Option<Witness>, catalog: &Path) -> VersionChange {
        let Self {
            subject,
            from,
            to,
            free_major,
        } = self;
        let new_major = major(from) != major(to);
        let advice = match change.effect {
            Effect::Breaking if new_major => Some(format!(
                "{to} is a new major version, where this may be: let producers follow before a route names it"
            )),
            Effect::Breaking => Some(format!(
                "take it back, or publish it as {subject}/{free_major}.0.0: routes as `{subject}/{}` take the newest version",
                major(to).unwrap_or_default()
            )),
            Effect::Unclear => Some(format!(
                "see for yourself that what {from} accepted is still accepted; a valid example of {from} that shows it is judged here, too"
            )),
            Effect::Wider => None,
        };
        VersionChange {
            subject: (*subject).to_owned(),
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            kind: change.effect,
            new_major,
            file: catalog.join(format!("{subject}/{to}.json")),
            pointer: change.pointer,
            keyword: change.keyword,
            message: change.message,
            advice,
            witness,
        }
    }
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// What is wrong with an event; nothing where it is accepted.
fn violations(judge: &mut Judge, event: &RawValue) -> Vec<Violation> {
    let submission = Submission {
        body: event.get().as_bytes(),
        properties: None,
        content_type: None,
    };
    // the judge is under one schema, and asks for no stream
    match judge.judge(&Stream::new(""), &submission) {
        Verdict::Accepted(_) => Vec::new(),
        Verdict::Rejected(rejection) => rejection.violations,
    }
}

fn said(violation: &Violation) -> String {
    format!(
        "at `{}` by `{}`: {}",
        violation.pointer, violation.keyword, violation.message
    )
}
