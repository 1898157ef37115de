//! The lake that a command line names.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::store::Location;

/// A folder, or the URL of a container: what `--lake` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lake {
    /// As it was written.
    pub name: String,
    /// `LANDING_URL` for the handler.
    pub url: String,
    /// Where that is.
    pub location: Location,
    /// The folder of the handler's logs: in a lake's folder, hidden from its readers.
    pub logs: PathBuf,
}

impl FromStr for Lake {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        const LOGS: &str = ".bronzegate";
        let (url, logs) = if name.contains("://") {
            (name.to_owned(), PathBuf::from(LOGS))
        } else {
            let folder = std::path::absolute(name).map_err(|error| error.to_string())?;
            (format!("file://{}", folder.display()), folder.join(LOGS))
        };
        let location: Location = url.parse().map_err(|error| format!("{error}"))?;
        let name = match &location {
            Location::Folder(_) => name.to_owned(),
            // a SAS is not shown
            Location::Azure(_) => location.to_string(),
        };
        Ok(Self {
            name,
            url,
            location,
            logs,
        })
    }
}

impl fmt::Display for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
