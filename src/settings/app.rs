//! The function app that a command of the terminal works with: its folder and its schemas.

use std::path::{Path, PathBuf};

use super::{Reader, SettingError};
use crate::judge::Limits;

/// No function app is there.
#[derive(Debug, thiserror::Error)]
#[error("no {} in {}: run it in the repository's folder", .files.join(" and "), .places.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", nor in "))]
pub struct NoApp {
    files: &'static [&'static str],
    places: Vec<PathBuf>,
}

/// What a function app has.
const APP: &[&str] = &["host.json", CATALOG];
/// What a folder with schemas has.
const CATALOG: &str = "schemas/catalog.json";

/// The folder of the function app: around the working directory, the program, or where it was
/// built.
///
/// # Errors
/// Where none of them has `host.json` and `schemas/catalog.json`.
pub fn app_root() -> Result<PathBuf, NoApp> {
    place_with(APP)
}

/// The first of the places that has these files.
fn place_with(files: &'static [&'static str]) -> Result<PathBuf, NoApp> {
    let mut places = vec![PathBuf::from(".")];
    if let Ok(program) = std::env::current_exe() {
        places.extend(program.ancestors().skip(1).take(3).map(Path::to_owned));
    }
    places.push(PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let found = places
        .iter()
        .find(|place| files.iter().all(|file| place.join(file).is_file()));
    match found.and_then(|place| place.canonicalize().ok()) {
        Some(root) => Ok(root),
        None => Err(NoApp { files, places }),
    }
}

/// What a command judges by: the settings that the function has, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judging {
    /// The folder of the schema catalog: what the command line says, `SCHEMAS_DIR`, or
    /// `schemas/` here or in the function app.
    pub schemas: PathBuf,
    /// What an event may be (`EVENT_LIMIT`, `NESTING_LIMIT`).
    pub limits: Limits,
}

impl Judging {
    /// Reads the settings; `variable` is the environment, `schemas` what the command line says.
    ///
    /// # Errors
    /// A setting that is wrong, or no schemas.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        schemas: Option<PathBuf>,
    ) -> Result<Self, SettingError> {
        let read = Reader(variable);
        let schemas = match schemas.or(read.text("SCHEMAS_DIR").map(PathBuf::from)) {
            Some(schemas) => schemas,
            None => place_with(&[CATALOG])
                .map_err(|error| SettingError::new("SCHEMAS_DIR", error))?
                .join("schemas"),
        };
        Ok(Self {
            schemas,
            limits: read.limits()?,
        })
    }
}
