//! What became of the events, by the handler's own log.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde::Deserialize;

/// What is read of the log at once.
const PIECE: u64 = 1 << 20;

/// Events of a partition, as the handler counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were rejected.
    pub rejected: u64,
    /// Those that were dropped, since they were landed already.
    pub duplicates: u64,
    /// Bytes of the blobs.
    pub bytes: u64,
}

/// Reads the handler's log as it grows.
#[derive(Debug)]
pub struct Tail {
    log: PathBuf,
    read: u64,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
    partitions: Vec<Verdicts>,
}

#[derive(Deserialize)]
struct Line {
    message: String,
    partition: Option<String>,
    accepted: Option<u64>,
    rejected: Option<u64>,
    duplicates: Option<u64>,
    bytes: Option<u64>,
}

impl Tail {
    /// Of this log, from its beginning.
    pub fn new(log: PathBuf, partitions: usize) -> Self {
        Self {
            log,
            read: 0,
            rest: Vec::new(),
            partitions: vec![Verdicts::default(); partitions],
        }
    }

    /// Reads on, and says how it stands.
    ///
    /// # Errors
    /// Where the log can't be read.
    pub fn verdicts(&mut self) -> io::Result<&[Verdicts]> {
        let mut log = File::open(&self.log)?;
        log.seek(SeekFrom::Start(self.read))?;
        loop {
            let read = (&mut log).take(PIECE).read_to_end(&mut self.rest)? as u64;
            self.read += read;
            while let Some(end) = memchr::memchr(b'\n', &self.rest) {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                self.count(&line);
            }
            if read < PIECE {
                return Ok(&self.partitions);
            }
        }
    }

    fn count(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            return;
        };
        let partition = line.partition.and_then(|id| id.parse::<usize>().ok());
        let verdicts = partition.and_then(|index| self.partitions.get_mut(index));
        if let (Some(verdicts), "landed") = (verdicts, line.message.as_str()) {
            verdicts.accepted += line.accepted.unwrap_or_default();
            verdicts.rejected += line.rejected.unwrap_or_default();
            verdicts.duplicates += line.duplicates.unwrap_or_default();
            verdicts.bytes += line.bytes.unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_counted_once_and_when_they_are_whole() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("handler.log");
        let mut log = File::create(&path).unwrap();
        let mut tail = Tail::new(path, 2);
        let landed = r#"{"message":"landed","partition":"1","accepted":3,"rejected":2,"duplicates":1,"bytes":70}"#;
        write!(
            log,
            "{{\"message\":\"ready\"}}\nno json\n{landed}\n{}",
            &landed[..30]
        )
        .unwrap();
        let once = Verdicts {
            accepted: 3,
            rejected: 2,
            duplicates: 1,
            bytes: 70,
        };
        assert_eq!(tail.verdicts().unwrap(), [Verdicts::default(), once]);
        assert_eq!(tail.verdicts().unwrap()[1], once);
        writeln!(log, "{}", &landed[30..]).unwrap();
        assert_eq!(tail.verdicts().unwrap()[1].accepted, 6);
    }
}
