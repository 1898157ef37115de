//! A partition's log: one file that only grows.
//!
//! What was appended is in the file before its sender hears of it, so it outlives the process,
//! however that ends; the file is not synced, so it may not outlive the machine's power. In memory
//! stands a mark every 64 KiB; events are read from the file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::record::{self, HEAD, Head, Sent, Stored};
use crate::event::EnqueuedTime;

/// The bytes between two marks of the index.
const MARK_EVERY: u64 = 64 << 10;

/// The log of a partition. Everything goes through `&self`: many read while one writes.
#[derive(Debug)]
pub struct Log {
    file: File,
    state: Mutex<State>,
    grown: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of whole records.
    end: u64,
    /// The sequence number of the event that comes next.
    next: u64,
    /// The last event.
    last: Option<Last>,
    marks: Vec<Mark>,
}

/// A record's place.
#[derive(Debug, Clone, Copy)]
struct Mark {
    position: u64,
    sequence: u64,
    enqueued: EnqueuedTime,
}

/// The last event of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// Its sequence number.
    pub sequence: u64,
    /// Its offset.
    pub offset: u64,
    /// When the hub took it.
    pub enqueued: EnqueuedTime,
}

/// Where to begin to read: at the first event that is not before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// What comes from now on.
    End,
    /// By sequence number; 0 is the beginning.
    Sequence(u64),
    /// By offset.
    Offset(u64),
    /// By enqueued time, in ms since 1970.
    Enqueued(i64),
}

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Of the record that holds the next event.
    position: u64,
    /// Of the next event.
    sequence: u64,
}

impl Cursor {
    /// The sequence number of the next event.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Log {
    /// Opens a log, or makes it; what a kill left half-written at its end is cut off.
    ///
    /// # Errors
    /// Where the file can't be read or written, or is damaged in its middle.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let length = file.metadata()?.len();
        let mut state = State::default();
        while state.end < length {
            let position = state.end;
            let Some(events) = whole_record(&file, position, length)? else {
                if torn(&file, position, length)? {
                    file.set_len(position)?;
                    break;
                }
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    format!(
                        "damaged at byte {position} of {length}, and not at its end alone: put it \
                         back from a copy, or remove the hub's folder to begin anew"
                    ),
                ));
            };
            state.add(position, &events.0, events.1);
        }
        Ok(Self {
            file,
            grown: watch::channel(state.next).0,
            state: Mutex::new(state),
        })
    }

    /// Appends the events of one send, all of them or none. An enqueued time is never before that
    /// of an earlier event, whatever the clock does.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn append(&self, events: &[Sent], now: EnqueuedTime) -> io::Result<Last> {
        let mut state = self.state();
        let now = state.last.map_or(now, |last| now.max(last.enqueued));
        let record = record::encode(state.next, now, events);
        let stored = record::decode(state.end, &record[HEAD..]);
        let stored = stored.filter(|it| !it.is_empty() && record.len() <= record::LONGEST);
        let Some(stored) = stored else {
            let problem = format!("{} events don't make a record", events.len());
            return Err(io::Error::new(ErrorKind::InvalidInput, problem));
        };
        let position = state.end;
        if let Err(error) = self.file.write_all_at(&record, position) {
            // a full disk: what it took of the record must not stand before the next one
            self.file.set_len(position)?;
            return Err(error);
        }
        let last = state.add(position, &stored, record.len() as u64);
        self.grown.send_replace(state.next);
        Ok(last)
    }

    /// The last event.
    pub fn last(&self) -> Option<Last> {
        self.state().last
    }

    /// How many events it holds, which is the sequence number that comes next.
    pub fn next(&self) -> u64 {
        self.state().next
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.state().end
    }

    /// Says the next sequence number again and again, as the log grows.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    /// A place to read from.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn cursor(&self, start: Start) -> io::Result<Cursor> {
        let (mut cursor, end) = {
            let state = self.state();
            let end = Cursor {
                position: state.end,
                sequence: state.next,
            };
            let before = state.marks.partition_point(|mark| match start {
                Start::End => true,
                Start::Sequence(sequence) => mark.sequence <= sequence,
                Start::Offset(offset) => mark.position <= offset,
                Start::Enqueued(millis) => mark.enqueued.millis() < millis,
            });
            match (start, state.marks.get(before.saturating_sub(1))) {
                (Start::End, _) | (_, None) => return Ok(end),
                (_, Some(mark)) => (
                    Cursor {
                        position: mark.position,
                        sequence: mark.sequence,
                    },
                    end,
                ),
            }
        };
        while cursor.sequence < end.sequence {
            let (events, next) = self.record(cursor.position)?;
            let found = events.iter().find(|event| match start {
                Start::End => false,
                Start::Sequence(sequence) => event.sequence >= sequence,
                Start::Offset(offset) => event.offset >= offset,
                Start::Enqueued(millis) => event.enqueued.millis() >= millis,
            });
            if let Some(event) = found {
                cursor.sequence = event.sequence;
                return Ok(cursor);
            }
            cursor = Cursor {
                position: next,
                sequence: events.last().map_or(end.sequence, |it| it.sequence + 1),
            };
        }
        Ok(cursor)
    }

    /// Reads on: so many events at most, and no further one when they have so many bytes. Nothing
    /// where there is nothing yet.
    ///
    /// # Errors
    /// Where the file can't be read, or is damaged.
    pub fn read(
        &self,
        cursor: &mut Cursor,
        events: usize,
        bytes: usize,
    ) -> io::Result<Vec<Stored>> {
        let (mut read, mut size) = (Vec::new(), 0);
        let end = self.next();
        while cursor.sequence < end && read.len() < events && size < bytes {
            let (record, next) = self.record(cursor.position)?;
            let last = record.last().map_or(end, |event| event.sequence);
            let from = cursor.sequence;
            for event in record.into_iter().filter(|it| it.sequence >= from) {
                if read.len() == events || size >= bytes {
                    break;
                }
                size += event.message.len();
                cursor.sequence = event.sequence + 1;
                read.push(event);
            }
            if cursor.sequence > last {
                cursor.position = next;
            }
        }
        Ok(read)
    }

    /// The record at a position before the end, and where the next one begins.
    fn record(&self, position: u64) -> io::Result<(Vec<Stored>, u64)> {
        let end = self.bytes();
        match whole_record(&self.file, position, end)? {
            Some((events, length)) => Ok((events, position + length)),
            None => Err(io::Error::new(
                ErrorKind::InvalidData,
                format!("damaged at byte {position} of {end}"),
            )),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // a state is changed only after the write that can fail
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a record, which has events.
    fn add(&mut self, position: u64, events: &[Stored], length: u64) -> Last {
        let marked = self
            .marks
            .last()
            .is_none_or(|mark| position >= mark.position + MARK_EVERY);
        let mut last = Last {
            sequence: self.next,
            offset: position,
            enqueued: EnqueuedTime::LAST,
        };
        for event in events {
            last = Last {
                sequence: event.sequence,
                offset: event.offset,
                enqueued: event.enqueued,
            };
        }
        if marked {
            self.marks.push(Mark {
                position,
                sequence: self.next,
                enqueued: last.enqueued,
            });
        }
        self.end = position + length;
        self.next = last.sequence + 1;
        self.last = Some(last);
        last
    }
}

/// The record at a position, and its length; none where no whole one is there.
fn whole_record(file: &File, position: u64, end: u64) -> io::Result<Option<(Vec<Stored>, u64)>> {
    let left = end - position;
    let mut head = [0; HEAD];
    if left < HEAD as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut head, position)?;
    let Some(head) = Head::read(head).filter(|it| (HEAD + it.length) as u64 <= left) else {
        return Ok(None);
    };
    let mut body = vec![0; head.length];
    file.read_exact_at(&mut body, position + HEAD as u64)?;
    let events = head.fits(&body).then(|| record::decode(position, &body));
    let events = events.flatten().filter(|it| !it.is_empty());
    Ok(events.map(|it| (it, (HEAD + head.length) as u64)))
}

/// Whether what stands at a position is the beginning of a record that was never finished: its
/// length goes beyond the file, or is not written, or all of it is zeros (a machine that went down).
fn torn(file: &File, position: u64, end: u64) -> io::Result<bool> {
    let left = end - position;
    let mut head = [0; HEAD];
    if left < HEAD as u64 {
        return Ok(true);
    }
    file.read_exact_at(&mut head, position)?;
    if let Some(head) = Head::read(head) {
        return Ok((HEAD + head.length) as u64 > left);
    }
    let (mut at, mut piece) = (position, [0; 4096]);
    while at < end {
        let some = ((end - at) as usize).min(piece.len());
        file.read_exact_at(&mut piece[..some], at)?;
        if piece[..some].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += some as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(millis: i64) -> EnqueuedTime {
        EnqueuedTime::from_millis(millis).unwrap()
    }

    fn sent(bodies: &[&str]) -> Vec<Sent> {
        let event = |body: &&str| Sent {
            key: None,
            message: body.as_bytes().to_vec(),
        };
        bodies.iter().map(event).collect()
    }

    fn all(log: &Log, start: Start) -> Vec<String> {
        let mut cursor = log.cursor(start).unwrap();
        let read = log.read(&mut cursor, 1_000, usize::MAX).unwrap();
        read.into_iter()
            .map(|event| String::from_utf8(event.message).unwrap())
            .collect()
    }

    #[test]
    fn what_a_kill_left_half_written_is_cut_off_as_a_whole() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("0.log");
        let whole = {
            let log = Log::open(&path).unwrap();
            log.append(&sent(&["a"]), time(1)).unwrap();
            let kept = log.bytes();
            log.append(&sent(&["b", "c"]), time(2)).unwrap();
            (kept, std::fs::read(&path).unwrap())
        };
        for cut in whole.0 as usize..whole.1.len() {
            std::fs::write(&path, &whole.1[..cut]).unwrap();
            let log = Log::open(&path).unwrap();
            assert_eq!((log.next(), log.bytes()), (1, whole.0), "{cut}");
            log.append(&sent(&["d"]), time(3)).unwrap();
            drop(log);
            assert_eq!(
                all(&Log::open(&path).unwrap(), Start::Sequence(0)),
                ["a", "d"]
            );
        }
        let mut zeros = whole.1[..whole.0 as usize].to_vec();
        zeros.resize(zeros.len() + 100, 0);
        std::fs::write(&path, zeros).unwrap();
        assert_eq!(Log::open(&path).unwrap().next(), 1);
    }

    #[test]
    fn damage_before_the_end_is_an_error_and_nothing_is_cut_off() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("0.log");
        let log = Log::open(&path).unwrap();
        log.append(&sent(&["a"]), time(1)).unwrap();
        log.append(&sent(&["b"]), time(2)).unwrap();
        drop(log);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[HEAD + 3] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = Log::open(&path).unwrap_err().to_string();
        assert!(error.contains("damaged at byte 0 of"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn reading_begins_by_sequence_offset_or_time() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("0.log");
        let log = Log::open(&path).unwrap();
        let filler = "x".repeat(30_000);
        for index in 0..50_i64 {
            let bodies = [
                format!("{}a", 2 * index),
                format!("{}b{filler}", 2 * index + 1),
            ];
            let bodies = bodies.each_ref().map(String::as_str);
            log.append(&sent(&bodies), time(1_000 + index)).unwrap();
        }
        // the same from the index as it grew, and as it is read
        for log in [log, Log::open(&path).unwrap()] {
            assert!(log.state().marks.len() > 10);
            let mut cursor = log.cursor(Start::Sequence(0)).unwrap();
            let events = log.read(&mut cursor, usize::MAX, usize::MAX).unwrap();
            assert_eq!(events.len(), 100);
            for event in &events {
                for start in [
                    Start::Sequence(event.sequence),
                    Start::Offset(event.offset),
                    Start::Enqueued(event.enqueued.millis()),
                ] {
                    let first = match start {
                        Start::Enqueued(_) => event.sequence / 2 * 2,
                        _ => event.sequence,
                    };
                    let mut cursor = log.cursor(start).unwrap();
                    assert_eq!(cursor.sequence(), first);
                    let read = log.read(&mut cursor, 1, usize::MAX).unwrap();
                    assert_eq!(read[0], events[first as usize]);
                }
                let behind = log.cursor(Start::Offset(event.offset + 1)).unwrap();
                assert_eq!(behind.sequence(), event.sequence + 1);
            }
            for start in [Start::End, Start::Sequence(100), Start::Enqueued(1_050)] {
                assert_eq!(log.cursor(start).unwrap().sequence(), 100);
            }
        }
    }

    #[test]
    fn a_read_is_bounded_and_goes_on_within_a_batch() {
        let folder = tempfile::TempDir::new().unwrap();
        let log = Log::open(&folder.path().join("0.log")).unwrap();
        log.append(&sent(&["a", "b", "c"]), time(1)).unwrap();
        log.append(&sent(&["dddd", "e"]), time(1)).unwrap();
        let mut cursor = log.cursor(Start::Sequence(0)).unwrap();
        let mut read = |events, bytes| {
            let read = log.read(&mut cursor, events, bytes).unwrap();
            read.iter().map(|it| it.sequence).collect::<Vec<_>>()
        };
        assert_eq!(read(2, 100), [0, 1]);
        assert_eq!(read(100, 2), [2, 3]);
        assert_eq!(read(100, 100), [4]);
        assert_eq!(read(100, 100), [0_u64; 0]);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_step_back_in_the_log() {
        let folder = tempfile::TempDir::new().unwrap();
        let log = Log::open(&folder.path().join("0.log")).unwrap();
        log.append(&sent(&["a"]), time(5_000)).unwrap();
        assert_eq!(
            log.append(&sent(&["b"]), time(4_000)).unwrap().enqueued,
            time(5_000)
        );
    }
}
