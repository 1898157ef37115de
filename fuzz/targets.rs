//! What must hold of any bytes: run by cargo-fuzz, and by `tests/fuzz.rs` on stable Rust.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use bronzegate::decode::{Cardinality, DataType, Naming, Trigger, decode};
use bronzegate::encode::{Compression, encode};
use bronzegate::event::{Batch, EnqueuedTime, Event, Origin, Partition, Stream};
use bronzegate::judge::{Catalog, Limits, Verdict, judge_batch};
use bronzegate::landing::{About, Name};
use bronzegate::store::Metadata;

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let up = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let found = if schemas.is_dir() { schemas } else { up };
    Arc::new(Catalog::load(&found).expect("the shipped catalog compiles"))
});

/// A request's body: it decodes to a sound batch, or is refused with a place.
pub fn host_payload(body: &[u8]) {
    let mut triggers = vec![Trigger::default()];
    for cardinality in [Cardinality::One, Cardinality::Many] {
        for data_type in [DataType::Binary, DataType::String, DataType::Value] {
            triggers.push(Trigger::declared("events", cardinality, data_type));
        }
    }
    for trigger in triggers {
        match decode(body, &trigger, &Naming::default(), "i") {
            Ok(decoded) => sound(&decoded.batch),
            Err(error) => assert!(!error.place.is_empty() && !error.problem.is_empty()),
        }
    }
}

fn sound(batch: &Batch) {
    for (index, event) in batch.events.iter().enumerate() {
        let _ = batch.body(event);
        for column in [
            &event.offset,
            &event.key,
            &event.message_id,
            &event.correlation_id,
            &event.content_type,
            &event.properties,
        ] {
            if let Some(json) = batch.column(column.as_ref()) {
                serde_json::from_str::<serde::de::IgnoredAny>(json).expect("a column is JSON");
            }
        }
        if matches!(batch.origin, Origin::Partition { .. }) {
            assert!(
                batch.position(index).is_some(),
                "every event has its position"
            );
        }
    }
    one_line_each(batch.clone());
}

/// An event's payload: one verdict, the same every time, and a record of one line.
pub fn event_bytes(body: &[u8]) {
    let batch = || Batch {
        origin: Origin::Partition {
            stream: Stream::new("shop/orders"),
            partition: Partition::new("0"),
        },
        payload: body.to_vec(),
        text: "{}".to_owned(),
        events: vec![Event {
            body: 0..body.len(),
            sequence: Some(1),
            enqueued: EnqueuedTime::from_millis(1),
            properties: Some(0..2),
            ..Event::default()
        }],
    };
    let verdicts = one_line_each(batch());
    assert_eq!(
        verdicts,
        one_line_each(batch()),
        "the same bytes, the same verdict"
    );
    if let [Verdict::Accepted(_)] = verdicts.as_slice() {
        serde_json::from_slice::<serde_json::Value>(body).expect("what is accepted is JSON");
    }
}

fn one_line_each(batch: Batch) -> Vec<Verdict> {
    let judged = judge_batch(&CATALOG, Limits::default(), batch);
    let events = judged.batch.events.len();
    assert_eq!(judged.verdicts.len(), events);
    let encoded = encode(&judged, 0..events, Compression::None);
    let rejections = encoded
        .rejections
        .as_ref()
        .map(|it| it.body.clone())
        .unwrap_or_default();
    assert_eq!(lines(&encoded.bronze), encoded.accepted);
    assert_eq!(lines(&rejections), encoded.rejected());
    assert_eq!(encoded.accepted + encoded.rejected(), events as u64);
    judged.verdicts
}

fn lines(body: &[u8]) -> u64 {
    let text = std::str::from_utf8(body).expect("records are UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    let records = text.split_terminator('\n');
    records
        .map(|line| {
            serde_json::from_str::<serde::de::IgnoredAny>(line).expect("a record is JSON");
        })
        .count() as u64
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
