//! The lake that a command works on.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::FAILED;
use crate::settings::{Lake, azure_options};
use crate::store::{self, Location, Store};

#[derive(Args)]
pub(super) struct LakeArgument {
    /// The lake: a folder, or the URL of a container as in `LANDING_URL`
    // not parsed by clap, which would repeat a SAS in its error
    #[arg(
        long,
        env = "LANDING_URL",
        hide_env_values = true,
        default_value = "lake",
        value_name = "DIR|URL"
    )]
    lake: String,
}

impl LakeArgument {
    /// The lake's name without a SAS, and its store. Nothing is made where there is nothing.
    pub(super) fn open(&self) -> Result<(String, Arc<dyn Store>), (u8, String)> {
        opened(&self.lake)
    }

    /// The lake's name without a SAS, and where it is.
    pub(super) fn location(&self) -> Result<(String, Location), (u8, String)> {
        located(&self.lake)
    }
}

/// A place's name without a SAS, and its store. Nothing is made where there is nothing.
pub(super) fn opened(place: &str) -> Result<(String, Arc<dyn Store>), (u8, String)> {
    let (name, location) = located(place)?;
    let options = azure_options(|name| std::env::var(name).ok())
        .map_err(|error| (FAILED, error.to_string()))?;
    Ok((name, store::open(&location, options)))
}

/// A place's name without a SAS, and where it is.
fn located(place: &str) -> Result<(String, Location), (u8, String)> {
    let lake: Lake = place.parse().map_err(|error| (FAILED, error))?;
    if let Location::Folder(folder) = &lake.location
        && !Path::new(folder).is_dir()
    {
        let problem = format!(
            "{}: no such folder: name the lake by --lake or LANDING_URL",
            folder.display()
        );
        return Err((FAILED, problem));
    }
    Ok((lake.name, lake.location))
}
