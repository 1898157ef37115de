//! The body of the Kafka trigger's request: records of several partitions in, a batch of each out.
//!
//! What is understood here is the contract of the Functions host v4 with the Kafka extension 4.3.
//! With `dataType: binary` the values stand as an event hub's events do, and the coordinates in the
//! arrays of `Metadata`. With `string` each element is the text of an envelope,
//! `{"Offset":…,"Partition":…,"Topic":…,"Timestamp":…,"Value":…,"Key":…,"Headers":…}`, four levels
//! deep in the request. A tombstone is an empty value in the one and null in the other: an event
//! without bytes in both.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::metadata::{elements, json, unquoted};
use super::naming::Naming;
use super::request::{Members, Payload};
use super::{DataType, PayloadError, Trigger, binding, data, headers, time};
use crate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Span, Stream};

/// The batches of a request, and which columns of it the host did not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedRecords {
    /// One for each partition, in the order in which they come first; records whose coordinates are
    /// not known are in a batch of their own.
    pub batches: Vec<Batch>,
    /// Names of metadata that are there, but not usable. For the log.
    pub unusable: Vec<&'static str>,
}

/// Decodes a request's body.
///
/// `invocation` is the host's `X-Azure-Functions-InvocationId`: records whose coordinates are not
/// all known are landed under it.
///
/// # Errors
/// Where no host could have sent the body: it says where and what.
pub fn decode_records(
    body: &[u8],
    trigger: &Trigger,
    naming: &Naming,
    invocation: &str,
) -> Result<DecodedRecords, PayloadError> {
    let Payload { data, metadata } = Payload::read(body)?;
    let (binding, value) = binding(&data, trigger)?;
    let (payload, bodies) = data::events(value, trigger, &metadata).map_err(|error| {
        PayloadError::new(format!("Data.{binding}{}", error.place), error.problem)
    })?;

    let columns = Columns::read(&metadata)?;
    let mut unusable = Vec::new();
    let mut records = columns.records(bodies.len(), &mut unusable)?;
    let mut values = Values {
        payload,
        bodies,
        unescaped: Vec::new(),
    };
    if !matches!(trigger.declared, Some((_, DataType::Binary))) {
        values.open_envelopes(&mut records);
    }
    let mut split = Split {
        naming,
        invocation,
        last: None,
        places: HashMap::new(),
        batches: Vec::new(),
    };
    for (index, record) in records.iter().enumerate() {
        split.add(record, values.of(index))?;
    }
    if split.batches.iter().any(|(_, headers)| !headers) {
        unusable.push("HeadersArray");
    }
    Ok(DecodedRecords {
        batches: split.batches.into_iter().map(|(batch, _)| batch).collect(),
        unusable,
    })
}

/// What is known of a record, as the JSON that the host wrote.
#[derive(Debug, Clone, Default)]
struct Record {
    topic: Option<String>,
    partition: Option<u32>,
    offset: Option<u64>,
    timestamp: Option<EnqueuedTime>,
    key: Option<String>,
    headers: Option<String>,
}

/// The arrays of `Metadata`, as text.
struct Columns<'a> {
    topics: Option<Cow<'a, str>>,
    partitions: Option<Cow<'a, str>>,
    offsets: Option<Cow<'a, str>>,
    timestamps: Option<Cow<'a, str>>,
    keys: Option<Cow<'a, str>>,
    headers: Option<Cow<'a, str>>,
}

impl<'a> Columns<'a> {
    fn read(metadata: &Members<'a>) -> Result<Self, PayloadError> {
        let column = |name: &str| {
            let value = metadata.get(name).filter(|value| **value != "null");
            value.map(|value| json(value, name)).transpose()
        };
        Ok(Self {
            topics: column("TopicArray")?,
            partitions: column("PartitionArray")?,
            offsets: column("OffsetArray")?,
            timestamps: column("TimestampArray")?,
            keys: column("KeyArray")?,
            headers: column("HeadersArray")?,
        })
    }

    /// What the arrays say of each record. One of another length belongs to nobody.
    fn records(
        &self,
        count: usize,
        unusable: &mut Vec<&'static str>,
    ) -> Result<Vec<Record>, PayloadError> {
        let mut records = vec![Record::default(); count];
        let mut fill = |column: &Option<Cow<'_, str>>,
                        name: &'static str,
                        give: fn(&mut Record, &str) -> bool| {
            let Some(array) = column else {
                return Ok(());
            };
            let values = elements(array, name)?;
            let mut usable = values.len() == count;
            for (record, value) in records.iter_mut().zip(&values) {
                if let (true, Some(value)) = (values.len() == count, value) {
                    usable &= give(record, value);
                }
            }
            if !usable {
                unusable.push(name);
            }
            Ok::<(), PayloadError>(())
        };
        fill(&self.topics, "TopicArray", Record::topic)?;
        fill(&self.partitions, "PartitionArray", Record::partition)?;
        fill(&self.offsets, "OffsetArray", Record::offset)?;
        fill(&self.timestamps, "TimestampArray", Record::timestamp)?;
        fill(&self.keys, "KeyArray", |record, value| {
            record.key = Some(value.to_owned());
            true
        })?;
        fill(&self.headers, "HeadersArray", |record, value| {
            record.headers = Some(value.to_owned());
            true
        })?;
        Ok(records)
    }
}

impl Record {
    fn topic(&mut self, value: &str) -> bool {
        self.topic = serde_json::from_str(value).ok();
        self.topic.is_some()
    }

    fn partition(&mut self, value: &str) -> bool {
        // a signed number on the wire
        let number: Option<u32> = unquoted(value).parse().ok();
        self.partition = number.filter(|number| i32::try_from(*number).is_ok());
        self.partition.is_some()
    }

    fn offset(&mut self, value: &str) -> bool {
        // a signed number on the wire, and of a name's and metadata's width
        let number: Option<u64> = unquoted(value).parse().ok();
        self.offset = number.filter(|number| i64::try_from(*number).is_ok());
        self.offset.is_some()
    }

    fn timestamp(&mut self, value: &str) -> bool {
        self.timestamp = time::parse(unquoted(value));
        self.timestamp.is_some()
    }
}

/// What `dataType: string` makes of a record.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    offset: &'a RawValue,
    #[serde(borrow)]
    partition: &'a RawValue,
    #[serde(borrow)]
    topic: &'a RawValue,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// The record that it says, where it says of a record's place what `Metadata` says: a value
    /// that only looks like an envelope is its producer's.
    fn record(&self, known: &Record) -> Option<Record> {
        let mut record = Record::default();
        let said = record.topic(self.topic.get())
            && record.partition(self.partition.get())
            && record.offset(self.offset.get());
        let agrees = (known.topic.is_none() || known.topic == record.topic)
            && (known.partition.is_none() || known.partition == record.partition)
            && (known.offset.is_none() || known.offset == record.offset);
        if !said || !agrees {
            return None;
        }
        let text = |value: Option<&RawValue>| value.map(|value| value.get().to_owned());
        if let Some(timestamp) = self.timestamp {
            record.timestamp(timestamp.get());
        }
        record.timestamp = known.timestamp.or(record.timestamp);
        record.key = known.key.clone().or_else(|| text(self.key));
        record.headers = known.headers.clone().or_else(|| text(self.headers));
        Some(record)
    }
}

/// The records' values.
struct Values {
    payload: Vec<u8>,
    bodies: Vec<Range<usize>>,
    /// Those that stood in envelopes, by index.
    unescaped: Vec<Option<Vec<u8>>>,
}

impl Values {
    /// Takes the values out of their envelopes.
    fn open_envelopes(&mut self, records: &mut [Record]) {
        let opened = self.bodies.iter().zip(records).map(|(body, record)| {
            let envelope: Envelope<'_> =
                serde_json::from_slice(&self.payload[body.clone()]).ok()?;
            *record = envelope.record(record)?;
            Some(match envelope.value.map(RawValue::get) {
                None => Vec::new(),
                Some(value) if value.starts_with('"') => {
                    serde_json::from_str::<String>(value).ok()?.into_bytes()
                }
                Some(value) => value.as_bytes().to_vec(),
            })
        });
        self.unescaped = opened.collect();
    }

    fn of(&self, index: usize) -> &[u8] {
        match self.unescaped.get(index) {
            Some(Some(value)) => value,
            _ => &self.payload[self.bodies[index].clone()],
        }
    }
}

/// Puts each record into its partition's batch.
struct Split<'a> {
    naming: &'a Naming,
    invocation: &'a str,
    /// The last topic, and its stream.
    last: Option<(Option<String>, Option<Stream>)>,
    /// Where in `batches` a partition's is; that of what has no partition or no offset is under none.
    places: HashMap<(Stream, Option<u32>), usize>,
    /// With each, whether all its headers could be read.
    batches: Vec<(Batch, bool)>,
}

impl Split<'_> {
    /// More than the bytes of an offset's JSON.
    const OFFSET: usize = 64;

    fn add(&mut self, record: &Record, value: &[u8]) -> Result<(), PayloadError> {
        let named = self.named(record.topic.as_deref())?;
        let placed = named.is_some() && record.offset.is_some();
        let partition = record.partition.filter(|_| placed);
        let stream = named.unwrap_or_else(|| self.naming.unknown_topic());
        let key = (stream, partition);
        let at = if let Some(at) = self.places.get(&key) {
            *at
        } else {
            let origin = self.origin(&key);
            self.batches.push((Batch::empty(origin), true));
            self.places.insert(key, self.batches.len() - 1);
            self.batches.len() - 1
        };
        let (batch, readable) = &mut self.batches[at];
        let columns = record.key.iter().chain(&record.headers);
        let longest: usize = columns.map(|json| headers::GROWTH * json.len()).sum();
        if batch.text.len() + longest > Span::MOST - Self::OFFSET {
            let problem = "headers of gigabytes in one batch: lower maxBatchSize in host.json";
            return Err(PayloadError::new("Metadata", problem));
        }
        let start = batch.payload.len();
        batch.payload.extend_from_slice(value);
        let mut event = Event {
            body: start..batch.payload.len(),
            sequence: record.offset,
            enqueued: record.timestamp,
            ..Event::default()
        };
        let text = &mut batch.text;
        // a string, as an event hub's is
        let offset = record.offset.map(|offset| format!("\"{offset}\""));
        event.offset = offset.map(|offset| Span::push(&offset, text));
        event.key = record.key.as_ref().map(|key| Span::push(key, text));
        if let Some(array) = &record.headers {
            let start = text.len();
            event.properties = headers::object(array, text).then(|| Span::from(start..text.len()));
            *readable &= event.properties.is_some();
        }
        batch.events.push(event);
        Ok(())
    }

    /// The stream of a topic; records of one batch share theirs with the one before.
    fn named(&mut self, topic: Option<&str>) -> Result<Option<Stream>, PayloadError> {
        match &self.last {
            Some((last, stream)) if last.as_deref() == topic => Ok(stream.clone()),
            _ => {
                let stream = self.naming.topic(topic)?;
                self.last = Some((topic.map(str::to_owned), stream.clone()));
                Ok(stream)
            }
        }
    }

    fn origin(&self, (stream, partition): &(Stream, Option<u32>)) -> Origin {
        let (log, stream) = (Log::Topic, stream.clone());
        match partition {
            Some(partition) => Origin::Partition {
                log,
                stream,
                partition: Partition::new(partition.to_string()),
            },
            None => Origin::Invocation {
                log,
                stream,
                partition: None,
                id: self.invocation.to_owned(),
            },
        }
    }
}
