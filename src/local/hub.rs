//! The events that are fed to the handler: the logs of a hub's partitions, in memory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::dice::Dice;
use super::orders::{Clock, Layout, Line, Orders};
use super::payload::{Event, Invocation, Tries};
use super::sales::{Sale, Sales, SalesError};
use super::spoil::spoil;
use crate::event::{EnqueuedTime, Stream};
use crate::judge::Reason;

/// The namespace of everything that is landed locally.
pub const NAMESPACE: &str = "local";

/// An event on its partition; its place there is its sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The partition key.
    pub key: Option<String>,
    /// The payload.
    pub body: Vec<u8>,
    /// Application properties: a JSON object.
    pub properties: &'static str,
    /// When the hub took it.
    pub enqueued: EnqueuedTime,
    /// What has to become of it: `None` where that is not known beforehand.
    pub expected: Option<Expected>,
}

/// What has to become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It is accepted.
    Accepted,
    /// It is refused for this reason.
    Rejected(Reason),
}

/// Where the events come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The generator.
    Generated {
        /// How many events.
        events: usize,
        /// The seed.
        seed: u64,
        /// Spoilt events in ten thousand.
        spoil: u64,
    },
    /// The data set's own file.
    Csv(PathBuf),
    /// An event a line, byte for byte.
    Ndjson(PathBuf),
}

/// An input that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct InputError {
    place: String,
    problem: String,
}

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
        offset: 4_294_967_296 + 128 * sequence,
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
        let mut name = match input {
            Input::Generated {
                events,
                seed,
                spoil,
            } => hub.generate(*events, *seed, *spoil),
            Input::Csv(file) => format!("csv-{}", hub.read_csv(file)?),
            Input::Ndjson(file) => format!("ndjson-{}", hub.read_ndjson(file)?),
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

    fn generate(&mut self, events: usize, seed: u64, share: u64) -> String {
        let mut dice = Dice::new(seed, 3);
        for order in Orders::new(seed).take(events) {
            let spoilt = dice.happens(share).then(|| spoil(&order.line, &mut dice));
            let (body, properties, expected) = match spoilt {
                Some(it) => (it.body, it.properties, Expected::Rejected(it.reason)),
                None => (written(&order.line, order.layout), "{}", Expected::Accepted),
            };
            self.send(Message {
                key: Some(order.line.transaction),
                body,
                properties,
                enqueued: time(order.enqueued),
                expected: Some(expected),
            });
        }
        let mut name = "orders".to_owned();
        if seed != 7 {
            name.push_str(&format!("-seed-{seed}"));
        }
        if share != 200 {
            name.push_str(&format!("-spoil-{share}"));
        }
        name
    }

    fn read_csv(&mut self, file: &Path) -> Result<String, InputError> {
        let error = |it: SalesError| InputError {
            place: format!("{}, line {}", file.display(), it.line),
            problem: it.problem,
        };
        let opened = File::open(file).map_err(|it| error(SalesError::new(1, it)))?;
        let sales = Sales::new(opened).map_err(error)?;
        let (mut clock, mut before) = (Clock::new(0), None);
        for sale in sales {
            let order = sale.and_then(Sale::in_numbers).map_err(error)?;
            if before.replace(order.transaction.clone()).as_ref() != Some(&order.transaction) {
                clock.pause();
            }
            self.send(Message {
                key: Some(order.transaction.clone()),
                body: order.json().into_bytes(),
                properties: "{}",
                enqueued: time(clock.tick()),
                expected: None,
            });
        }
        Ok(self.digest())
    }

    fn read_ndjson(&mut self, file: &Path) -> Result<String, InputError> {
        let error = |line: usize, problem: &std::io::Error| InputError {
            place: format!("{}, line {line}", file.display()),
            problem: problem.to_string(),
        };
        let reader = BufReader::new(File::open(file).map_err(|it| error(1, &it))?);
        let mut clock = Clock::new(0);
        for (index, line) in reader.split(b'\n').enumerate() {
            let mut body = line.map_err(|it| error(index + 1, &it))?;
            if body.last() == Some(&b'\r') {
                body.pop();
            }
            clock.pause();
            self.send(Message {
                key: Some(index.to_string()),
                body,
                properties: "{}",
                enqueued: time(clock.tick()),
                expected: None,
            });
        }
        Ok(self.digest())
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

fn written(line: &Line, layout: Layout) -> Vec<u8> {
    match layout {
        Layout::Compact => line.json().into_bytes(),
        Layout::Spread => {
            let fields: Vec<String> = line
                .fields()
                .iter()
                .map(|(name, value)| format!("  \"{name}\": {value}"))
                .collect();
            format!("{{\r\n{}\r\n}}", fields.join(",\r\n")).into_bytes()
        }
    }
}

fn time(millis: i64) -> EnqueuedTime {
    // the clocks of this module begin in 2026 and run for some weeks
    EnqueuedTime::from_millis(millis).unwrap_or_else(|| unreachable!("{millis} is in 2026"))
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
