//! Decoding: the body of the host's request in, a batch of events out.
//!
//! The host turns the binding's value into JSON twice: with `cardinality: many`, `Data.<binding>`
//! is a JSON string whose text is a JSON array, and every `*Array` of `Metadata` is another. What
//! is understood here is the contract of the Functions host v4 with the Event Hubs extension 6.5;
//! a real array in either place is taken, too (portal tests, emulators). [`decode_records`] does the
//! same for the Kafka extension.
//!
//! Pure: no clock, no ids, no environment. The payload's bytes are decoded once and not touched.

mod column;
mod data;
mod headers;
mod metadata;
mod naming;
mod records;
mod request;
mod time;
mod trigger;

use crate::event::{Batch, Event, Log, Origin};
pub use naming::{Naming, NamingError};
pub use records::{DecodedRecords, decode_records};
use request::{Members, Payload};
pub use time::parse as enqueued_time;
pub use trigger::{Cardinality, DataType, Trigger, TriggerError};

/// A request that the host could not have sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PayloadError {
    /// Where in the request: `body`, `Data.events[3]`, `Metadata.SequenceNumberArray` …
    pub place: String,
    /// What is wrong there, and what was expected.
    pub problem: String,
}

impl PayloadError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

/// A batch, and which columns of it the host did not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The events.
    pub batch: Batch,
    /// Names of metadata that are there, but not usable: of another length than the events, or
    /// with a value that is none. For the log.
    pub unusable: Vec<&'static str>,
}

/// Decodes a request's body.
///
/// `invocation` is the host's `X-Azure-Functions-InvocationId`: a batch whose coordinates are not
/// all known is landed under it.
///
/// # Errors
/// Where no host could have sent the body: it says where and what.
pub fn decode(
    body: &[u8],
    trigger: &Trigger,
    naming: &Naming,
    invocation: &str,
) -> Result<Decoded, PayloadError> {
    let Payload { data, metadata } = Payload::read(body)?;
    let (binding, value) = binding(&data, trigger)?;

    let (payload, bodies) = data::events(value, trigger, &metadata).map_err(|error| {
        PayloadError::new(format!("Data.{binding}{}", error.place), error.problem)
    })?;
    let events = bodies
        .into_iter()
        .map(|body| Event {
            body,
            ..Event::default()
        })
        .collect();
    let mut batch = Batch {
        origin: naming.unknown(),
        payload,
        text: String::new(),
        events,
    };
    let (place, unusable) = metadata::columns(&metadata, trigger, &mut batch)?;
    batch.origin = origin(&batch, place, naming, invocation)?;
    Ok(Decoded { batch, unusable })
}

/// The trigger's binding among `Data`: by its name in function.json, or the only one.
fn binding<'a>(
    data: &'a Members<'a>,
    trigger: &'a Trigger,
) -> Result<(&'a str, &'a str), PayloadError> {
    if let Some(value) = data.get(trigger.name.as_str()) {
        return Ok((&trigger.name, value));
    }
    let mut bindings = data.iter();
    match (bindings.next(), bindings.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        (None, _) => Err(PayloadError::new("Data", "empty: it holds the events")),
        _ => Err(PayloadError::new(
            "Data",
            format!(
                "holds several bindings, and none is named {:?}, as in function.json",
                trigger.name
            ),
        )),
    }
}

/// A partition's batch where every coordinate is known, the invocation's otherwise.
fn origin(
    batch: &Batch,
    place: metadata::Place,
    naming: &Naming,
    invocation: &str,
) -> Result<Origin, PayloadError> {
    let named = naming.stream(place.namespace.as_deref(), place.hub.as_deref())?;
    let positions = (0..batch.events.len()).all(|index| batch.position(index).is_some());
    Ok(match (named, place.partition) {
        (Some(stream), Some(partition)) if positions => Origin::Partition {
            log: Log::Hub,
            stream,
            partition,
        },
        (stream, partition) => Origin::Invocation {
            log: Log::Hub,
            stream: stream.unwrap_or_else(|| naming.unknown_stream()),
            partition,
            id: invocation.to_owned(),
        },
    })
}

#[cfg(test)]
mod tests;
