//! The hub: which partition an event goes to, and the partitions' logs.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::folder::{Folder, FolderError};
use super::log::{Last, Log};
use super::record::Sent;
use crate::event::EnqueuedTime;
use crate::event_hubs::partition_of;

/// A hub that is open.
#[derive(Debug)]
pub struct Hub {
    name: String,
    folder: Folder,
    turn: AtomicUsize,
}

impl Hub {
    /// Opens the hub that lies in this folder, or makes it.
    ///
    /// # Errors
    /// Where the folder can't be used.
    pub fn open(
        name: &str,
        folder: &Path,
        partitions: usize,
        now: EnqueuedTime,
    ) -> Result<Self, FolderError> {
        Ok(Self {
            name: name.to_owned(),
            folder: Folder::open(folder, partitions, now)?,
            turn: AtomicUsize::new(0),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its folder was made.
    pub fn created(&self) -> EnqueuedTime {
        self.folder.created
    }

    /// The partitions' logs, by the partitions' ids.
    pub fn partitions(&self) -> &[Log] {
        &self.folder.logs
    }

    /// Appends the events of one send: to the partition that is named, or to that of the key, or to
    /// each in turn.
    ///
    /// # Errors
    /// Where the log can't be written, or there is no such partition.
    pub fn send(
        &self,
        partition: Option<usize>,
        key: Option<&str>,
        events: &[Sent],
        now: EnqueuedTime,
    ) -> io::Result<(usize, Last)> {
        let count = self.partitions().len();
        let partition = partition.unwrap_or_else(|| match key {
            Some(key) => partition_of(key, count),
            None => self.turn.fetch_add(1, Ordering::Relaxed) % count,
        });
        let log = self.partitions().get(partition).ok_or_else(|| {
            let problem = format!("there is no partition {partition}");
            io::Error::new(io::ErrorKind::NotFound, problem)
        })?;
        Ok((partition, log.append(events, now)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_partition_and_without_one_each_has_its_turn() {
        let folder = tempfile::TempDir::new().unwrap();
        let now = EnqueuedTime::from_millis(1).unwrap();
        let hub = Hub::open("orders", folder.path(), 4, now).unwrap();
        let event = Sent {
            key: None,
            message: b"m".to_vec(),
        };
        let send = |partition, key| {
            let sent = hub.send(partition, key, std::slice::from_ref(&event), now);
            sent.map(|it| it.0)
        };
        let turns: Vec<usize> = (0..8).map(|_| send(None, None).unwrap()).collect();
        assert_eq!(turns, [0, 1, 2, 3, 0, 1, 2, 3]);
        // where the service would put them, too
        let keys = ["17490", "536365", "cust-7", ""];
        assert_eq!(keys.map(|key| send(None, Some(key)).unwrap()), [0, 2, 1, 0]);
        assert_eq!(send(Some(3), None).unwrap(), 3);
        assert!(send(Some(4), None).is_err());
    }
}
