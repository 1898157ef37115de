//! What must hold of any bytes: run by cargo-fuzz, and by `tests/fuzz.rs` on stable Rust.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64_simd::STANDARD;
use bronzegate::decode::{Cardinality, DataType, Naming, Trigger, decode, decode_records};
use bronzegate::encode::{Compression, bodies_digest, encode};
use bronzegate::event::{Batch, EnqueuedTime, Event, Log, Origin, Partition, Position, Stream};
use bronzegate::judge::{Catalog, Limits, Reason, Rejection, Verdict, judge_batch};
use bronzegate::landing::{About, Kind, Name, Place};
use bronzegate::store::{self, Metadata};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let up = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let found = if schemas.is_dir() { schemas } else { up };
    Arc::new(Catalog::load(&found).expect("the shipped catalog compiles"))
});

const INVOCATION: &str = "f1248305-0000-4000-8000-000000000000";

/// A request's body: it decodes to a sound batch, or is refused with a place.
pub fn host_payload(body: &[u8]) {
    let mut triggers = vec![Trigger::default()];
    for cardinality in [Cardinality::One, Cardinality::Many] {
        for data_type in [DataType::Binary, DataType::String, DataType::Value] {
            triggers.push(Trigger::declared("events", cardinality, data_type));
        }
    }
    for trigger in triggers {
        match decode(body, &trigger, &Naming::default(), INVOCATION) {
            Ok(decoded) => sound(decoded.batch),
            Err(error) => assert!(!error.place.is_empty() && !error.problem.is_empty()),
        }
    }
}

/// A request of the Kafka trigger: it decodes to sound batches, each of another partition, or is
/// refused with a place.
pub fn kafka_payload(body: &[u8]) {
    let mut triggers = vec![Trigger::default()];
    for data_type in [DataType::Binary, DataType::String] {
        triggers.push(Trigger::declared("records", Cardinality::Many, data_type));
    }
    for trigger in triggers {
        match decode_records(body, &trigger, &Naming::default(), INVOCATION) {
            Ok(decoded) => {
                let mut origins = HashSet::new();
                for batch in decoded.batches {
                    assert_eq!(batch.origin.log(), Log::Topic);
                    assert!(!batch.events.is_empty(), "a batch has records");
                    assert!(origins.insert(format!("{:?}", batch.origin)));
                    sound(batch);
                }
            }
            Err(error) => assert!(!error.place.is_empty() && !error.problem.is_empty()),
        }
    }
}

fn sound(batch: Batch) {
    let mut end = 0;
    for (index, event) in batch.events.iter().enumerate() {
        assert_eq!(event.body.start, end, "one body behind another");
        end = event.body.end;
        for column in [
            &event.offset,
            &event.key,
            &event.message_id,
            &event.correlation_id,
            &event.content_type,
            &event.properties,
        ] {
            if let Some(json) = batch.column(column.as_ref()) {
                serde_json::from_str::<IgnoredAny>(json).expect("a column is JSON");
            }
        }
        if matches!(batch.origin, Origin::Partition { .. }) {
            let position = batch.position(index);
            assert!(position.is_some(), "every event has its position");
        }
    }
    assert_eq!(end, batch.payload.len(), "no byte belongs to nobody");
    if let Some(name) = name(&batch) {
        for kind in [Kind::Bronze, Kind::Rejections] {
            let blob = name.blob(kind);
            assert_eq!(Name::parse(&blob), Some((kind, name.clone())), "{blob}");
            store::name::check("create", &blob).expect("every store takes the name");
        }
    }
    verdicts(batch);
}

/// What the batch's first blob is called.
fn name(batch: &Batch) -> Option<Name> {
    let place = match &batch.origin {
        Origin::Partition { partition, .. } => Place::Partition {
            partition: partition.clone(),
            first: batch.position(0)?,
        },
        Origin::Invocation { log, id, .. } => {
            assert_eq!(id, INVOCATION);
            Place::Invocation {
                log: *log,
                id: id.clone(),
                digest: bodies_digest(batch),
            }
        }
    };
    Some(Name {
        stream: batch.origin.stream().clone(),
        place,
        replay: None,
        compression: Compression::Gzip,
    })
}

/// An event's payload: one verdict, the one that another reader of JSON expects, whatever was
/// judged before it.
pub fn event_bytes(body: &[u8]) {
    judged_alike("null", "{}", body);
}

/// A text that the host hands over alone, with its own properties copied over the metadata: it
/// has the host's coordinates, or none.
pub fn forged_coordinates(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    let mut metadata = serde_json::json!({
        "PartitionContext": {
            "FullyQualifiedNamespace": "shop.servicebus.windows.net",
            "EventHubName": "orders",
            "PartitionId": "3",
        },
        "Offset": "4294967296",
        "SequenceNumber": "47",
        "EnqueuedTimeUtc": "2026-11-20T12:00:01",
        "Properties": {},
        "SystemProperties": {},
    });
    if let Ok(serde_json::Value::Object(properties)) = serde_json::from_str(text)
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.extend(properties);
    }
    let events = serde_json::Value::from(text).to_string();
    let payload = serde_json::json!({"Data": {"events": events}, "Metadata": metadata});
    let trigger = Trigger::declared("events", Cardinality::One, DataType::String);
    let payload = payload.to_string();
    let decoded = decode(payload.as_bytes(), &trigger, &Naming::default(), INVOCATION)
        .expect("no event makes its request unreadable");
    let batch = &decoded.batch;
    assert_eq!(batch.payload, body);
    if let Origin::Partition {
        stream, partition, ..
    } = &batch.origin
    {
        assert_eq!((stream.as_str(), partition.as_str()), ("shop/orders", "3"));
        let position = Position::Enqueued {
            sequence: 47,
            time: EnqueuedTime::from_millis(1_795_176_001_000).expect("a time of 2026"),
        };
        assert_eq!(batch.position(0), Some(position));
        assert_eq!(
            batch.column(batch.events[0].properties.as_ref()),
            Some("{}")
        );
    }
}

/// A line with a content type, one with properties, and a payload: what routes an event changes
/// the schema, and nothing else.
pub fn event_routes(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut column = || {
        let text = std::str::from_utf8(parts.next()?).ok()?;
        serde_json::from_str::<&RawValue>(text)
            .ok()
            .map(RawValue::get)
    };
    if let (Some(content_type), Some(properties)) = (column(), column()) {
        judged_alike(content_type, properties, parts.next().unwrap_or_default());
    }
}

fn judged_alike(content_type: &str, properties: &str, body: &[u8]) {
    let batch = |bodies: &[&[u8]]| {
        let mut payload = Vec::new();
        let events = (1..).zip(bodies).map(|(sequence, body)| {
            let first = payload.len();
            payload.extend_from_slice(body);
            Event {
                body: first..payload.len(),
                sequence: Some(sequence),
                enqueued: EnqueuedTime::from_millis(1),
                content_type: Some((0..content_type.len()).into()),
                properties: Some(
                    (content_type.len()..content_type.len() + properties.len()).into(),
                ),
                ..Event::default()
            }
        });
        Batch {
            origin: Origin::Partition {
                log: Log::Hub,
                stream: Stream::new("shop/orders"),
                partition: Partition::new("0"),
            },
            events: events.collect(),
            text: format!("{content_type}{properties}"),
            payload,
        }
    };
    let alone = verdicts(batch(&[body]));
    let beside = verdicts(batch(&[br#"{"\u0061":[1,{}],"a":2}"#, body, b"[[", body]));
    assert_eq!(
        [&alone[0], &alone[0]],
        [&beside[1], &beside[3]],
        "the same bytes, the same verdict"
    );
    let reason = match &alone[0] {
        Verdict::Accepted(_) => None,
        Verdict::Rejected(rejection) => Some(rejection.reason),
    };
    match expected(body) {
        Expected::Refused(expected) => assert_eq!(reason, Some(expected)),
        Expected::Judged => assert!(
            matches!(reason, None | Some(Reason::Schema | Reason::UnknownSchema)),
            "refused as {reason:?}"
        ),
        Expected::Unsaid => {}
    }
}

/// What is expected of a body, without a look at any schema.
enum Expected {
    Refused(Reason),
    Judged,
    /// `serde_json` refuses numbers beyond a double and its own depth of nesting, and can't tell.
    Unsaid,
}

/// What stands behind the prefix of Confluent's serializers.
fn behind_prefix(body: &[u8]) -> &[u8] {
    if body.len() >= 5 && body[0] == 0 {
        &body[5..]
    } else {
        body
    }
}

fn expected(body: &[u8]) -> Expected {
    let (body, limits) = (behind_prefix(body), Limits::default());
    if body.iter().all(|byte| b" \t\r\n".contains(byte)) {
        return Expected::Refused(Reason::Empty);
    }
    if body.len() > limits.event_bytes {
        return Expected::Refused(Reason::TooLarge);
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return Expected::Refused(Reason::NotUtf8);
    };
    match serde_json::from_str::<Shape>(text) {
        Ok(shape) if shape.depth > limits.nesting => Expected::Refused(Reason::TooDeep),
        Ok(shape) if shape.twice => Expected::Refused(Reason::DuplicateKey),
        Ok(_) => Expected::Judged,
        Err(error) => {
            let error = error.to_string();
            if ["number out of range", "recursion limit"]
                .iter()
                .any(|ours| error.starts_with(ours))
            {
                Expected::Unsaid
            } else {
                Expected::Refused(Reason::NotJson)
            }
        }
    }
}

/// How deep a document is, and whether an object in it has a key twice.
#[derive(Default)]
struct Shape {
    depth: usize,
    twice: bool,
}

impl Shape {
    fn holds(&mut self, inner: &Self) {
        self.depth = self.depth.max(inner.depth + 1);
        self.twice |= inner.twice;
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeOf)
    }
}

struct ShapeOf;

impl<'de> Visitor<'de> for ShapeOf {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Shape, A::Error> {
        let mut shape = Shape {
            depth: 1,
            twice: false,
        };
        while let Some(element) = elements.next_element()? {
            shape.holds(&element);
        }
        Ok(shape)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shape, A::Error> {
        let mut shape = Shape {
            depth: 1,
            twice: false,
        };
        let mut keys = HashSet::new();
        while let Some((key, value)) = members.next_entry::<String, Shape>()? {
            shape.holds(&value);
            shape.twice |= !keys.insert(key);
        }
        Ok(shape)
    }
}

/// Judges a batch and encodes it: every event has one record, which is one line and holds the
/// event's own bytes.
fn verdicts(batch: Batch) -> Vec<Verdict> {
    let judged = judge_batch(&CATALOG, Limits::default(), batch);
    let events = &judged.batch.events;
    assert_eq!(judged.verdicts.len(), events.len());
    let encoded = encode(&judged, 0..events.len(), Compression::None);
    let rejections = encoded.rejections.as_ref().map(|it| &it.body[..]);
    let mut bronze = lines(&encoded.bronze);
    let mut rejections = lines(rejections.unwrap_or_default());
    for (event, verdict) in events.iter().zip(&judged.verdicts) {
        let body = judged.batch.body(event);
        match verdict {
            Verdict::Accepted(_) => {
                let record = bronze.next().expect("an accepted event has a record");
                is_accepted(record, body);
            }
            Verdict::Rejected(rejection) => {
                let record = rejections.next().expect("a rejected event has a record");
                is_rejected(record, rejection, body);
            }
        }
    }
    assert_eq!((bronze.next(), rejections.next()), (None, None));
    judged.verdicts
}

fn lines(body: &[u8]) -> impl Iterator<Item = &str> {
    let text = std::str::from_utf8(body).expect("records are UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.split_terminator('\n')
}

fn is_accepted(record: &str, body: &[u8]) {
    #[derive(Deserialize)]
    struct Accepted<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let on_one_line = |byte: &u8| match byte {
        b'\n' | b'\r' => b' ',
        other => *other,
    };
    let body: Vec<u8> = behind_prefix(body).iter().map(on_one_line).collect();
    let read: Accepted<'_> = serde_json::from_str(record).expect("a record is JSON");
    assert_eq!(read.body.get().as_bytes(), body.trim_ascii());
}

fn is_rejected(record: &str, rejection: &Rejection, body: &[u8]) {
    #[derive(Deserialize)]
    struct Rejected<'a> {
        #[serde(rename = "_reason", borrow)]
        reason: Cow<'a, str>,
        #[serde(rename = "_errors")]
        errors: Vec<IgnoredAny>,
        body_base64: String,
        body_text: Option<String>,
    }
    let read: Rejected<'_> = serde_json::from_str(record).expect("a record is JSON");
    assert_eq!(read.reason, rejection.reason.word());
    assert!(!read.errors.is_empty(), "a rejection says why");
    let bytes = STANDARD.decode_to_vec(read.body_base64).ok();
    assert_eq!(bytes.as_deref(), Some(body));
    let body = behind_prefix(body);
    assert_eq!(read.body_text.is_some(), std::str::from_utf8(body).is_ok());
    assert!(body.starts_with(read.body_text.unwrap_or_default().as_bytes()));
}

/// A blob's name, and `key=value` lines of metadata behind it: what is read is written the same.
pub fn blob_names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (name, rest) = text.split_once('\n').unwrap_or((&text, ""));
    if let Some((kind, parsed)) = Name::parse(name) {
        assert_eq!(parsed.blob(kind), name);
    }
    let metadata: Metadata = rest
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    if let Some(about) = About::from_metadata(&metadata) {
        assert_eq!(About::from_metadata(&about.to_metadata()), Some(about));
    }
}
