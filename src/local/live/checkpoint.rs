//! How far each partition is landed: a small file for each, as the extension has blobs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::hub::folder::write_whole;
use crate::hub::record::Stored;

/// The folder of the checkpoints, in the hub's. The consumer group is the function's.
const FOLDER: &str = "checkpoints/$Default";

/// A partition's checkpoint: the last event of the last batch that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its sequence number.
    pub sequence_number: u64,
    /// Its offset.
    pub offset: String,
    /// The host that wrote it, which owns the partition.
    pub owner: String,
}

/// The checkpoints of a hub.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    owner: String,
}

impl Checkpoints {
    /// The checkpoints in a hub's folder, for a host that calls itself `owner`.
    ///
    /// # Errors
    /// Where the folder can't be made.
    pub fn open(hub: &Path, owner: String) -> io::Result<Self> {
        let folder = hub.join(FOLDER);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, owner })
    }

    /// The sequence number from which a partition is to be read.
    ///
    /// # Errors
    /// Where the file is there and can't be read.
    pub fn next(&self, partition: usize) -> io::Result<u64> {
        let file = self.file(partition);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let checkpoint: Checkpoint = serde_json::from_slice(&text).map_err(|error| {
            let problem = format!(
                "{}: {error}: remove it to land the partition anew (what is landed stays, once)",
                file.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?;
        Ok(checkpoint.sequence_number.saturating_add(1))
    }

    /// Moves a partition's checkpoint behind this event.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write(&self, partition: usize, last: &Stored) -> io::Result<()> {
        let checkpoint = Checkpoint {
            sequence_number: last.sequence,
            offset: last.offset.to_string(),
            owner: self.owner.clone(),
        };
        write_whole(&self.file(partition), &serde_json::to_vec(&checkpoint)?)
    }

    fn file(&self, partition: usize) -> PathBuf {
        self.folder.join(format!("{partition}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EnqueuedTime;

    #[test]
    fn a_checkpoint_is_found_again_and_a_broken_one_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        let open = || Checkpoints::open(folder.path(), "host-1".to_owned()).unwrap();
        assert_eq!(open().next(3).unwrap(), 0);
        let event = Stored {
            sequence: 46,
            offset: 4_096,
            enqueued: EnqueuedTime::from_millis(1).unwrap(),
            key: None,
            message: Vec::new(),
        };
        open().write(3, &event).unwrap();
        assert_eq!((open().next(3).unwrap(), open().next(2).unwrap()), (47, 0));
        let file = folder.path().join(FOLDER).join("3.json");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            text,
            r#"{"sequence_number":46,"offset":"4096","owner":"host-1"}"#
        );
        fs::write(file, "{").unwrap();
        assert!(open().next(3).unwrap_err().to_string().contains("3.json"));
    }
}
