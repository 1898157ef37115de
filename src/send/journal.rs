//! What a send has done, on disk: where `--resume` goes on.
//!
//! A line for each batch before it leaves and when it is acknowledged. A process that is killed
//! leaves at most the batches in flight without the second line: they may be sent twice.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What an earlier send got done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// For each partition the place of the last event that was acknowledged, or refused.
    pub last: BTreeMap<usize, u64>,
    /// Events that were being sent when it ended.
    pub in_doubt: u64,
}

/// Why there is nothing to go on from, or nothing to begin.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A send of this source to this hub was not finished.
    #[error(
        "an earlier send of this to this hub was not finished: go on by --resume, or remove {0} to begin anew"
    )]
    Unfinished(String),
    /// There is none.
    #[error("there is nothing to resume: {0} is not there")]
    Nothing(String),
    /// It is of another send.
    #[error(
        "{0} is of another input, hub or key, or the input was changed since: remove it to begin anew"
    )]
    Another(String),
    /// The file can't be read or written.
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

/// The journal of a send.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Begins a journal, or goes on with one. `identity` says what is sent where.
    ///
    /// # Errors
    /// Where there is one and it is not resumed, or none and it is.
    pub fn open(path: &Path, identity: &Value, resume: bool) -> Result<(Self, Done), JournalError> {
        let name = path.display().to_string();
        let io = |error| JournalError::Io(name.clone(), error);
        let done = match (fs::read_to_string(path), resume) {
            (Ok(_), false) => return Err(JournalError::Unfinished(name)),
            (Ok(text), true) => {
                // a kill may have cut off the last line: what it said is not known
                let whole = text.rfind('\n').map_or(0, |end| end + 1);
                let (head, lines) = text[..whole].split_once('\n').unwrap_or_default();
                if serde_json::from_str::<Value>(head).ok().as_ref() != Some(identity) {
                    return Err(JournalError::Another(name));
                }
                let file = OpenOptions::new().write(true).open(path).map_err(io)?;
                file.set_len(whole as u64).map_err(io)?;
                read(lines)
            }
            (Err(error), _) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            (Err(_), true) => return Err(JournalError::Nothing(name)),
            (Err(_), false) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(io)?;
                }
                fs::write(path, format!("{identity}\n")).map_err(io)?;
                Done::default()
            }
        };
        let file = OpenOptions::new().append(true).open(path).map_err(io)?;
        let path = path.to_owned();
        Ok((
            Self {
                path,
                file: Mutex::new(file),
            },
            done,
        ))
    }

    /// So many events up to this one leave for a partition.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn sending(&self, partition: usize, last: u64, events: usize) -> io::Result<()> {
        self.write(&format!("sending {partition} {last} {events}\n"))
    }

    /// All up to this one are done with: acknowledged, or refused.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn sent(&self, partition: usize, last: u64) -> io::Result<()> {
        self.write(&format!("sent {partition} {last}\n"))
    }

    /// All is sent: there is nothing to go on from.
    ///
    /// # Errors
    /// Where it can't be removed.
    pub fn finish(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())
    }
}

fn read(lines: &str) -> Done {
    let mut done = Done::default();
    let mut doubts: BTreeMap<usize, u64> = BTreeMap::new();
    for line in lines.lines() {
        let mut words = line.split(' ');
        let (verb, mut numbers) = (words.next(), words.map_while(|it| it.parse::<u64>().ok()));
        match (verb, numbers.next(), numbers.next(), numbers.next()) {
            (Some("sending"), Some(partition), Some(_), Some(events)) => {
                doubts.insert(partition as usize, events);
            }
            (Some("sent"), Some(partition), Some(last), None) => {
                done.last.insert(partition as usize, last);
                doubts.remove(&(partition as usize));
            }
            _ => {}
        }
    }
    done.in_doubt = doubts.values().sum();
    done
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_send_goes_on_where_it_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sends/a.journal");
        let identity = json!({"hub": "x"});
        assert!(matches!(
            Journal::open(&path, &identity, true),
            Err(JournalError::Nothing(_))
        ));
        let (journal, done) = Journal::open(&path, &identity, false).unwrap();
        assert_eq!(done, Done::default());
        journal.sending(0, 9, 5).unwrap();
        journal.sent(0, 9).unwrap();
        journal.sending(1, 7, 3).unwrap();
        journal.write("sent 1 2").unwrap();
        drop(journal);
        assert!(matches!(
            Journal::open(&path, &identity, false),
            Err(JournalError::Unfinished(_))
        ));
        assert!(matches!(
            Journal::open(&path, &json!({"hub": "y"}), true),
            Err(JournalError::Another(_))
        ));
        let (journal, done) = Journal::open(&path, &identity, true).unwrap();
        assert_eq!((done.last, done.in_doubt), (BTreeMap::from([(0, 9)]), 3));
        journal.sent(1, 23).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("sending 1 7 3\nsent 1 23\n"), "{text}");
        journal.finish().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_was_being_sent_is_in_doubt() {
        let done = read("sending 0 9 5\nsent 0 9\nsending 0 14 5\nsending 1 7 3\n");
        assert_eq!((done.last, done.in_doubt), (BTreeMap::from([(0, 9)]), 8));
    }
}
