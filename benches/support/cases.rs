//! The batches that are measured: the same bytes on every machine and in every run.

use std::path::Path;
use std::sync::Arc;

use bronzegate::decode::{Cardinality, DataType, Naming, Trigger, decode};
use bronzegate::event::{Batch, EnqueuedTime};
use bronzegate::judge::Catalog;
use bronzegate::local::dice::Dice;
use bronzegate::local::hub::{self, Message};
use bronzegate::local::orders::Orders;
use bronzegate::local::payload::Tries;
use bronzegate::local::spoil::spoil;

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A line of an order, 175 bytes.
    Line,
    /// An order of some lines, 450 bytes.
    Short,
    /// An order of many lines, 5 KB.
    Long,
}

impl Shape {
    pub const ALL: [Self; 3] = [Self::Line, Self::Short, Self::Long];

    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "line-175B",
            Self::Short => "order-450B",
            Self::Long => "order-5KB",
        }
    }
}

/// A batch.
#[derive(Debug)]
pub struct Case {
    pub shape: Shape,
    /// Hundredths of a percent of the events that are refused.
    pub spoilt: u64,
    pub messages: Vec<Message>,
    /// The request's body.
    pub body: Vec<u8>,
}

impl Case {
    pub fn new(shape: Shape, events: usize, spoilt: u64) -> Self {
        let messages = messages(shape, events, spoilt);
        let body = posted("orders", 0, &messages);
        Self {
            shape,
            spoilt,
            messages,
            body,
        }
    }

    /// `line-175B/1000/2%`.
    pub fn name(&self) -> String {
        let (events, percent) = (self.messages.len(), self.spoilt / 100);
        format!("{}/{events}/{percent}%", self.shape.word())
    }

    pub fn decoded(&self) -> Batch {
        decoded(&self.body)
    }
}

/// The body of an invocation, as the host posts it.
pub fn posted(hub: &str, first: usize, events: &[Message]) -> Vec<u8> {
    let tries = Tries {
        before: 0,
        most: -1,
    };
    let id = "f1248305-0000-4000-8000-000000000000";
    hub::posted((hub, 0), first, events, id, tries)
}

/// The batch of a body.
pub fn decoded(body: &[u8]) -> Batch {
    let trigger = Trigger::declared("events", Cardinality::Many, DataType::Binary);
    decode(body, &trigger, &Naming::default(), "i")
        .unwrap()
        .batch
}

/// The shipped schemas.
pub fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")).unwrap())
}

fn messages(shape: Shape, events: usize, spoilt: u64) -> Vec<Message> {
    let mut dice = Dice::new(1, 3);
    let order = |bytes| order(bytes, &example());
    let (short, long) = (order(450), order(5_000));
    Orders::new(1)
        .take(events)
        .map(|line| {
            let bad = dice.happens(spoilt);
            let (body, properties) = match shape {
                Shape::Line if bad => {
                    let spoilt = spoil(&line.line, &mut dice);
                    (spoilt.body, spoilt.properties)
                }
                Shape::Line => (line.line.json().into_bytes(), "{}"),
                Shape::Short | Shape::Long => {
                    let order = if shape == Shape::Short { &short } else { &long };
                    (varied(order, &mut dice, bad), r#"{"schema":"order/1.0.0"}"#)
                }
            };
            Message {
                key: Some(line.line.transaction),
                body,
                properties,
                enqueued: EnqueuedTime::from_millis(1_767_603_600_000 + dice.below(1_000) as i64)
                    .unwrap(),
                expected: None,
            }
        })
        .collect()
}

/// The first valid example of an order.
fn example() -> serde_json::Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/order/1.0.0.examples.json");
    let examples: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    examples["valid"][0]["event"].clone()
}

/// The example, with as many lines as so many bytes hold.
fn order(bytes: usize, example: &serde_json::Value) -> serde_json::Value {
    let lines = example["lines"].as_array().unwrap();
    let mut order = example.clone();
    order["lines"] = lines[..1].into();
    for line in lines.iter().cycle().skip(1) {
        if order.to_string().len() + line.to_string().len() > bytes {
            break;
        }
        order["lines"].as_array_mut().unwrap().push(line.clone());
    }
    order
}

/// An order with an id and quantities of its own, as no two are the same.
fn varied(order: &serde_json::Value, dice: &mut Dice, bad: bool) -> Vec<u8> {
    let mut order = order.clone();
    order["orderId"] = (100_000 + dice.below(900_000)).to_string().into();
    let lines = order["lines"].as_array_mut().unwrap();
    for line in lines.iter_mut() {
        line["quantity"] = (1 + dice.below(99)).into();
        line["productNo"] = (10_000 + dice.below(90_000)).to_string().into();
    }
    if bad {
        let at = dice.below(lines.len() as u64) as usize;
        lines[at] = "not a line".into();
    }
    order.to_string().into_bytes()
}
