//! The events that are fed to the handler: the logs of a hub's partitions, in memory.

use sha2::{Digest, Sha256};

pub use super::input::{Expected, Input, InputError, Message};
use super::payload::{Event, Invocation, Tries};
use crate::event::Stream;

/// The namespace of everything that is landed locally.
pub const NAMESPACE: &str = "local";

/// A hub with all its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Its name, which says by what input it was made: the same input is the same stream.
    pub name: String,
    /// The partitions' logs.
    pub partitions: Vec<Vec<Message>>,
}

/// The body of an invocation for these messages of a hub's partition, the first of which has this
/// sequence number.
pub fn posted(
    (hub, partition): (&str, usize),
    first: usize,
    messages: &[Message],
    id: &str,
    tries: Tries,
) -> Vec<u8> {
    let events = messages.iter().zip(first as u64..);
    let events = events.map(|(message, sequence)| Event {
        sequence,
        offset: offset(sequence),
        enqueued: message.enqueued,
        key: message.key.as_deref(),
        body: &message.body,
        properties: message.properties,
        system: serde_json::Map::new(),
    });
    Invocation {
        id,
        namespace: &format!("{NAMESPACE}.servicebus.windows.net"),
        hub,
        partition,
        events: &events.collect::<Vec<_>>(),
        retry: Some(tries),
    }
    .body()
}

/// The offset of the event with this sequence number.
pub fn offset(sequence: u64) -> u64 {
    4_294_967_296 + 128 * sequence
}

impl Hub {
    /// Fills a hub from an input.
    ///
    /// # Errors
    /// Where a file can't be read; it says where in the file.
    pub fn fill(input: &Input, partitions: usize) -> Result<Self, InputError> {
        let mut hub = Self {
            name: String::new(),
            partitions: vec![Vec::new(); partitions],
        };
        for message in input.messages(0)? {
            hub.send(message?);
        }
        let mut name = match input {
            Input::Generated { seed, spoil, .. } => generated_name(*seed, *spoil),
            Input::Csv(_) => format!("csv-{}", hub.digest()),
            Input::Ndjson(_) => format!("ndjson-{}", hub.digest()),
        };
        if partitions != 4 {
            name.push_str(&format!("-partitions-{partitions}"));
        }
        hub.name = name;
        Ok(hub)
    }

    /// The stream under which its events are landed.
    pub fn stream(&self) -> Stream {
        Stream::new(format!("{NAMESPACE}/{}", self.name))
    }

    /// How many events it holds.
    pub fn events(&self) -> usize {
        self.partitions.iter().map(Vec::len).sum()
    }

    /// Forgets what has to become of the events: it is known under the shipped schemas alone.
    pub fn expect_nothing(&mut self) {
        for message in self.partitions.iter_mut().flatten() {
            message.expected = None;
        }
    }

    fn send(&mut self, message: Message) {
        let key = message.key.as_deref().unwrap_or_default();
        let partition = hash(key) % self.partitions.len() as u64;
        self.partitions[partition as usize].push(message);
    }

    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for message in self.partitions.iter().flatten() {
            digest.update((message.body.len() as u64).to_be_bytes());
            digest.update(&message.body);
        }
        digest.finalize()[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn generated_name(seed: u64, spoil: u64) -> String {
    let mut name = "orders".to_owned();
    if seed != 7 {
        name.push_str(&format!("-seed-{seed}"));
    }
    if spoil != 200 {
        name.push_str(&format!("-spoil-{spoil}"));
    }
    name
}

/// FNV-1a: stable, and spread enough for a few partitions. (The service's own hash is another.)
fn hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn generated(events: usize, seed: u64) -> Hub {
        Hub::fill(
            &Input::Generated {
                events,
                seed,
                spoil: 200,
            },
            4,
        )
        .unwrap()
    }

    #[test]
    fn more_events_of_a_seed_go_on_where_fewer_end() {
        let (short, long) = (generated(2_000, 7), generated(5_000, 7));
        assert_eq!(short.name, long.name);
        for (short, long) in short.partitions.iter().zip(&long.partitions) {
            assert_eq!(short[..], long[..short.len()]);
        }
        assert_ne!(generated(10, 8).name, short.name);
    }

    #[test]
    fn some_two_in_a_hundred_are_spoilt() {
        let hub = generated(20_000, 7);
        let spoilt = hub
            .partitions
            .iter()
            .flatten()
            .filter(|it| it.expected != Some(Expected::Accepted));
        assert!((300..500).contains(&spoilt.count()));
        assert!(hub.partitions.iter().all(|log| log.len() > 1_000));
    }

    fn csv(text: &str) -> Result<Hub, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Hub::fill(&Input::Csv(file.path().to_owned()), 1).map_err(|error| error.to_string())
    }

    const HEAD: &str =
        "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n";

    #[test]
    fn the_data_sets_file_becomes_events() {
        let hub = csv(&format!("{HEAD}581482,12/9/2019,22485,\"Set, Of 2\",21.47,12,17490,United Kingdom\nC1,1/1/2019,2,x,1,-1,NA,USA\n")).unwrap();
        let bodies: Vec<_> = hub.partitions[0]
            .iter()
            .map(|it| String::from_utf8_lossy(&it.body))
            .collect();
        assert_eq!(
            bodies[0],
            r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Set, Of 2","Price":21.47,"Quantity":12,"CustomerNo":"17490","Country":"United Kingdom"}"#
        );
        assert!(!bodies[1].contains("CustomerNo"));
        assert!(hub.name.starts_with("csv-"));
    }

    #[test]
    fn rubbish_in_the_file_is_named_by_line_and_column() {
        assert!(
            csv("a,b\n1,2\n")
                .unwrap_err()
                .contains("no column TransactionNo")
        );
        let error = csv(&format!(
            "{HEAD}581482,12/9/2019,22485,Set,cheap,12,17490,UK\n"
        ))
        .unwrap_err();
        assert!(
            error.contains("line 2") && error.contains("column Price"),
            "{error}"
        );
        let error = csv(&format!("{HEAD}581482,12/9/2019\n")).unwrap_err();
        assert!(
            error.contains("line 2") || error.contains("line: 2"),
            "{error}"
        );
        assert!(Hub::fill(&Input::Csv("/no/such.csv".into()), 1).is_err());
    }
}
