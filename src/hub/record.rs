//! What a partition's log consists of: records of a length, a checksum and a body.
//!
//! A record holds the events of one send, so that a batch is there as a whole or not at all. All
//! numbers are little-endian:
//!
//! ```text
//! body length u32 | CRC-32 of the body u32 | body
//! body:  first sequence u64 | enqueued ms i64 | events u32 | event …
//! event: key length u32 (all ones: no key) | message length u32 | key | message
//! ```
//!
//! An event's offset is the position of its first byte in the file.

use crate::event::EnqueuedTime;

/// The bytes before a record's body.
pub const HEAD: usize = 8;
/// The bytes of a body before its first event.
const BODY_HEAD: usize = 20;
/// The bytes of an event before its key.
const EVENT_HEAD: usize = 8;
/// In place of a key's length: there is none.
const NO_KEY: u32 = u32::MAX;
/// The longest body that is believed: a send of the largest size, in the smallest events.
pub const LONGEST: usize = 16 << 20;

/// An event that is sent: its partition key, and the AMQP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The partition key.
    pub key: Option<String>,
    /// The message as it was encoded by its sender.
    pub message: Vec<u8>,
}

/// An event that stands in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its sequence number, from 0.
    pub sequence: u64,
    /// Its offset, which rises with the sequence number.
    pub offset: u64,
    /// When the hub took it.
    pub enqueued: EnqueuedTime,
    /// The partition key.
    pub key: Option<String>,
    /// The message as it was encoded by its sender.
    pub message: Vec<u8>,
}

/// A body's checksum and length, as they stand before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the body.
    pub length: usize,
    checksum: u32,
}

impl Head {
    /// Reads it; none where it can't be one.
    pub fn read(bytes: [u8; HEAD]) -> Option<Self> {
        let (length, checksum) = bytes.split_at(4);
        let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).ok();
        let (length, checksum) = (number(length)? as usize, number(checksum)?);
        (BODY_HEAD..=LONGEST)
            .contains(&length)
            .then_some(Self { length, checksum })
    }

    /// Whether this is the body that was written with it.
    pub fn fits(&self, body: &[u8]) -> bool {
        self.length == body.len() && self.checksum == crc32fast::hash(body)
    }
}

/// A record of these events.
pub fn encode(sequence: u64, enqueued: EnqueuedTime, events: &[Sent]) -> Vec<u8> {
    let mut record = vec![0; HEAD];
    record.extend(sequence.to_le_bytes());
    record.extend(enqueued.millis().to_le_bytes());
    record.extend((events.len() as u32).to_le_bytes());
    for event in events {
        let key = event.key.as_ref().map_or(NO_KEY, |key| key.len() as u32);
        record.extend(key.to_le_bytes());
        record.extend((event.message.len() as u32).to_le_bytes());
        record.extend(event.key.as_deref().unwrap_or_default().as_bytes());
        record.extend(&event.message);
    }
    let length = (record.len() - HEAD) as u32;
    let checksum = crc32fast::hash(&record[HEAD..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..HEAD].copy_from_slice(&checksum.to_le_bytes());
    record
}

/// The events of a body whose record begins at `position` in its file; none where it is not one.
pub fn decode(position: u64, body: &[u8]) -> Option<Vec<Stored>> {
    let mut rest = Rest(body);
    let first = u64::from_le_bytes(rest.take()?);
    let enqueued = EnqueuedTime::from_millis(i64::from_le_bytes(rest.take()?))?;
    let count = u32::from_le_bytes(rest.take()?) as usize;
    let mut events = Vec::with_capacity(count.min(body.len() / EVENT_HEAD));
    for index in 0..count {
        let offset = position + (HEAD + body.len() - rest.0.len()) as u64;
        let key = u32::from_le_bytes(rest.take()?);
        let message = u32::from_le_bytes(rest.take()?) as usize;
        let key = match key {
            NO_KEY => None,
            length => Some(String::from_utf8(rest.bytes(length as usize)?.to_vec()).ok()?),
        };
        events.push(Stored {
            sequence: first + index as u64,
            offset,
            enqueued,
            key,
            message: rest.bytes(message)?.to_vec(),
        });
    }
    rest.0.is_empty().then_some(events)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let sent = [
            Sent {
                key: Some("é".to_owned()),
                message: b"one".to_vec(),
            },
            Sent {
                key: Some(String::new()),
                message: Vec::new(),
            },
            Sent {
                key: None,
                message: vec![0; 300],
            },
        ];
        let time = EnqueuedTime::from_millis(1_767_603_560_007).unwrap();
        let record = encode(7, time, &sent);
        let head = Head::read(record[..HEAD].try_into().unwrap()).unwrap();
        assert!(head.fits(&record[HEAD..]));
        let stored = decode(1_000, &record[HEAD..]).unwrap();
        for (index, (stored, sent)) in stored.iter().zip(&sent).enumerate() {
            assert_eq!(stored.sequence, 7 + index as u64);
            assert_eq!(stored.enqueued, time);
            assert_eq!((&stored.key, &stored.message), (&sent.key, &sent.message));
        }
        assert_eq!(stored[0].offset, 1_000 + (HEAD + BODY_HEAD) as u64);
        assert!(stored.is_sorted_by(|one, other| one.offset < other.offset));
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        let time = EnqueuedTime::from_millis(0).unwrap();
        let event = Sent {
            key: None,
            message: b"one".to_vec(),
        };
        let record = encode(0, time, &[event]);
        let head = Head::read(record[..HEAD].try_into().unwrap()).unwrap();
        for at in HEAD..record.len() {
            let mut damaged = record.clone();
            damaged[at] ^= 1;
            assert!(!head.fits(&damaged[HEAD..]), "{at}");
            assert!(decode(0, &record[HEAD..at]).is_none(), "{at}");
        }
        assert_eq!(Head::read([0; HEAD]), None);
        assert_eq!(Head::read([0xff; HEAD]), None);
    }
}
