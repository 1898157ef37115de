//! The hub's folder: what it is called, how many partitions it has, their logs, and its lock.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::log::Log;
use crate::event::EnqueuedTime;

/// A hub's folder that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process writes it.
    #[error("{}: another hub runs on this folder: stop it, or name another lake", .0.display())]
    Locked(PathBuf),
    /// It was made otherwise.
    #[error(
        "{}: its log was made with {made} partitions, and {asked} are asked for: ask for {made}, or \
         remove the folder to begin anew (what is landed stays)", folder.display()
    )]
    Partitions {
        /// The folder.
        folder: PathBuf,
        /// How many it has.
        made: usize,
        /// How many were asked for.
        asked: usize,
    },
    /// It is of a release that is not this one, or of nobody.
    #[error("{}: {problem}", file.display())]
    Unknown {
        /// The file that says what the folder is.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// It can't be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What the folder says of itself: `hub.json`.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    partitions: usize,
    created_ms: i64,
}

const FORMAT: u32 = 1;

/// A hub's folder, open and locked for as long as this value lives.
#[derive(Debug)]
pub struct Folder {
    /// When it was made.
    pub created: EnqueuedTime,
    /// The partitions' logs.
    pub logs: Vec<Log>,
    // the lock goes with the file
    _lock: File,
}

impl Folder {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// Where another hub has it, where it was made with another number of partitions, or where a
    /// file of it can't be used.
    pub fn open(folder: &Path, partitions: usize, now: EnqueuedTime) -> Result<Self, FolderError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| FolderError::Io { path, error }
        };
        fs::create_dir_all(folder).map_err(at(folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Locked(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        let created = about(folder, partitions, now)?;
        let open = |partition| {
            let path = folder.join(format!("{partition}.log"));
            Log::open(&path).map_err(at(&path))
        };
        Ok(Self {
            created,
            logs: (0..partitions).map(open).collect::<Result<_, _>>()?,
            _lock: lock,
        })
    }
}

/// Reads what the folder is, or writes it; returns when it was made.
fn about(folder: &Path, partitions: usize, now: EnqueuedTime) -> Result<EnqueuedTime, FolderError> {
    let file = folder.join("hub.json");
    let unknown = |problem: String| FolderError::Unknown {
        file: file.clone(),
        problem,
    };
    let text = match fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let about = About {
                format: FORMAT,
                partitions,
                created_ms: now.millis(),
            };
            let text = serde_json::to_vec(&about).map_err(|error| unknown(error.to_string()))?;
            write_whole(&file, &text).map_err(|error| FolderError::Io { path: file, error })?;
            return Ok(now);
        }
        Err(error) => return Err(FolderError::Io { path: file, error }),
    };
    let about: About = serde_json::from_slice(&text).map_err(|error| unknown(error.to_string()))?;
    if about.format != FORMAT {
        let format = about.format;
        return Err(unknown(format!(
            "format {format}, and this release writes {FORMAT}: remove the folder to begin anew"
        )));
    }
    if about.partitions != partitions {
        return Err(FolderError::Partitions {
            folder: folder.to_owned(),
            made: about.partitions,
            asked: partitions,
        });
    }
    EnqueuedTime::from_millis(about.created_ms)
        .ok_or_else(|| unknown("created_ms is no time".to_owned()))
}

/// Writes a file so that it is there as a whole or not at all.
///
/// # Errors
/// Where it can't be written.
pub fn write_whole(file: &Path, text: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, partitions: usize) -> Result<Folder, String> {
        let now = EnqueuedTime::from_millis(7).unwrap();
        Folder::open(folder, partitions, now).map_err(|error| error.to_string())
    }

    #[test]
    fn two_hubs_do_not_write_one_log() {
        let folder = tempfile::TempDir::new().unwrap();
        let first = open(folder.path(), 2).unwrap();
        let error = open(folder.path(), 2).unwrap_err();
        assert!(error.contains("another hub runs on this folder"), "{error}");
        drop(first);
        assert_eq!(open(folder.path(), 2).unwrap().logs.len(), 2);
    }

    #[test]
    fn a_folder_of_another_make_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        drop(open(folder.path(), 2).unwrap());
        let error = open(folder.path(), 3).unwrap_err();
        assert!(error.contains("made with 2 partitions, and 3"), "{error}");
        let about = folder.path().join("hub.json");
        for (text, says) in [
            (r#"{"format":2,"partitions":2,"created_ms":7}"#, "format 2"),
            ("{", "hub.json"),
            (r#"{"format":1,"partitions":2,"created_ms":-1}"#, "no time"),
        ] {
            fs::write(&about, text).unwrap();
            let error = open(folder.path(), 2).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
