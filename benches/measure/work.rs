//! What is posted, and what has to become of it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use bronzegate::event::{EnqueuedTime, Stream};
use bronzegate::judge::{Catalog, Judge, Limits, Reason, Submission, Verdict};
use bronzegate::local::call::invocation_id;
use bronzegate::local::dice::Dice;
use bronzegate::local::hub::{Input, Message, NAMESPACE, posted};
use bronzegate::local::payload::Tries;
use serde_json::Value;

/// The events of a hub, as the bodies of the host's requests.
pub struct Work {
    /// `local/<hub>`.
    pub stream: String,
    /// The partitions' requests, each in its order.
    pub partitions: Vec<Vec<Post>>,
    /// The verdict of each event by its place, which is `None` where it is accepted.
    pub verdicts: HashMap<Place, Expected>,
}

/// An event's partition and sequence number.
pub type Place = (usize, u64);

/// What has to become of an event.
pub struct Expected {
    /// Why it is refused, where it is.
    pub reason: Option<Reason>,
    /// The payload.
    pub body: Vec<u8>,
}

/// One request.
#[derive(Clone)]
pub struct Post {
    /// The invocation.
    pub id: String,
    /// The body.
    pub body: Vec<u8>,
}

/// How much of what.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Events, of all partitions.
    pub events: usize,
    /// Partitions.
    pub partitions: usize,
    /// Events of a request.
    pub batch: usize,
}

/// The refused in ten thousand.
const SPOIL: u64 = 200;

/// Reasons that a validator of JSON Schema has no word for, and its users don't look for; what would
/// be refused for them is left out, so that all have the same to do.
const OURS: [Reason; 3] = [Reason::TooLarge, Reason::TooDeep, Reason::DuplicateKey];

/// When the first event is enqueued: 2026-01-05T09:00:00Z. The others follow, one a millisecond.
const START: i64 = 1_767_603_600_000;

impl Work {
    /// Generated order lines, of which 2 % are spoilt as producers spoil them.
    pub fn generated(hub: &str, size: Size) -> Self {
        // some are left out
        let input = Input::Generated {
            events: size.events * 2,
            seed: 7,
            spoil: SPOIL,
        };
        let messages = input.messages(0).unwrap().map(Result::unwrap);
        Self::of(hub, messages, size)
    }

    /// All examples of the schema, good and bad, among generated lines.
    pub fn examples(hub: &str, size: Size) -> Self {
        let input = Input::Generated {
            events: size.events,
            seed: 11,
            spoil: SPOIL,
        };
        let generated: Vec<_> = input.messages(0).unwrap().map(Result::unwrap).collect();
        let file = root().join("schemas/order-transaction/1.0.0.examples.json");
        let examples: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let bodies = ["valid", "invalid"].iter().flat_map(|kind| {
            let examples = examples[kind].as_array().unwrap();
            examples.iter().map(|example| example["event"].to_string())
        });
        let bodies: Vec<_> = bodies.collect();
        assert!(bodies.len() > 50, "the schema's examples");
        let examples = bodies
            .into_iter()
            .zip(&generated)
            .map(|(body, line)| Message {
                body: body.into_bytes(),
                expected: None,
                ..line.clone()
            });
        let messages: Vec<_> = examples.chain(generated.iter().cloned()).collect();
        Self::of(hub, messages.into_iter(), size)
    }

    fn of(hub: &str, messages: impl Iterator<Item = Message>, size: Size) -> Self {
        let stream = Stream::new(format!("{NAMESPACE}/{hub}"));
        let catalog = Arc::new(Catalog::load(&root().join("schemas")).unwrap());
        let mut judge = Judge::new(&catalog, Limits::default());
        let mut logs = vec![Vec::new(); size.partitions];
        let mut verdicts = HashMap::new();
        for mut message in messages {
            if verdicts.len() == size.events {
                break;
            }
            // a hub that is as busy as this one fills a batch within seconds, and not within hours
            let time = EnqueuedTime::from_millis(START + verdicts.len() as i64);
            message.enqueued = time.unwrap();
            let submission = Submission {
                body: &message.body,
                properties: Some(message.properties),
                content_type: None,
            };
            let reason = match judge.judge(&stream, &submission) {
                Verdict::Accepted(_) => None,
                Verdict::Rejected(rejection) => Some(rejection.reason),
            };
            if reason.is_some_and(|it| OURS.contains(&it)) {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            message.key.hash(&mut hasher);
            let partition = hasher.finish() as usize % size.partitions;
            let place = (partition, logs[partition].len() as u64);
            let body = message.body.clone();
            verdicts.insert(place, Expected { reason, body });
            logs[partition].push(message);
        }
        let mut dice = Dice::new(3, 1);
        let partitions = logs.iter().enumerate().map(|(partition, log)| {
            let batches = log.chunks(size.batch).enumerate();
            let posts = batches.map(|(number, messages)| {
                let id = invocation_id(&mut dice);
                let tries = Tries {
                    before: 0,
                    most: -1,
                };
                let first = number * size.batch;
                let body = posted((hub, partition), first, messages, &id, tries);
                Post { id, body }
            });
            posts.collect()
        });
        Self {
            stream: stream.as_str().to_owned(),
            partitions: partitions.collect(),
            verdicts,
        }
    }

    /// How many events there are.
    pub fn events(&self) -> usize {
        self.verdicts.len()
    }
}

/// The repository: the function app that is shipped.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
