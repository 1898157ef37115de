//! What is counted and measured, under OpenTelemetry's names and units.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

use super::Telemetry;
use super::dropped::Dropped;
use super::spans::system;
use crate::event::{Batch, Origin};
use crate::judge::{Judged, Reason, Verdict};
use crate::landing::Landed;

/// The bounds of a histogram of seconds that a call or an invocation takes.
const SECONDS: [f64; 14] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 120.0,
];

/// The bounds of a histogram of an event's age, in seconds: up to a week, the retention.
const AGES: [f64; 13] = [
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 604_800.0,
];

/// The bounds of a histogram of bytes.
const BYTES: [f64; 9] = [
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// The bounds of a histogram of events.
const EVENTS: [f64; 10] = [
    1.0, 5.0, 10.0, 25.0, 64.0, 100.0, 250.0, 500.0, 1000.0, 5000.0,
];

/// The instruments.
pub(super) struct Meters {
    events: Counter<u64>,
    accepted: Counter<u64>,
    rejected: Counter<u64>,
    duplicate: Counter<u64>,
    gaps: Counter<u64>,
    missing: Counter<u64>,
    batch_size: Histogram<u64>,
    request_size: Histogram<u64>,
    blob_size: Counter<u64>,
    landing_duration: Histogram<f64>,
    event_age: Histogram<f64>,
    store_duration: Histogram<f64>,
    store_retries: Counter<u64>,
    in_flight: UpDownCounter<i64>,
}

impl Meters {
    /// Makes the instruments, and counts the start.
    pub(super) fn new(meter: &Meter, dropped: &Dropped) -> Self {
        let counter = |name: &'static str, unit: &'static str, says: &'static str| {
            let builder = meter.u64_counter(name).with_unit(unit);
            builder.with_description(says).build()
        };
        let seconds = |name: &'static str, bounds: &[f64], says: &'static str| {
            let builder = meter.f64_histogram(name).with_unit("s");
            let builder = builder.with_boundaries(bounds.to_vec());
            builder.with_description(says).build()
        };
        let sizes = |name: &'static str, unit: &'static str, bounds: &[f64], says: &'static str| {
            let builder = meter.u64_histogram(name).with_unit(unit);
            let builder = builder.with_boundaries(bounds.to_vec());
            builder.with_description(says).build()
        };
        counter("bronzegate.starts", "{start}", "Starts of the handler").add(1, &[]);
        dropped.observe(meter);
        Self {
            events: counter(
                "bronzegate.events",
                "{event}",
                "Events of batches that were landed, those that were landed before among them",
            ),
            accepted: counter(
                "bronzegate.events.accepted",
                "{event}",
                "Events committed as bronze",
            ),
            rejected: counter(
                "bronzegate.events.rejected",
                "{event}",
                "Events committed as rejections",
            ),
            duplicate: counter(
                "bronzegate.events.duplicate",
                "{event}",
                "Events dropped, since they were landed before",
            ),
            gaps: counter(
                "bronzegate.sequence.gaps",
                "{gap}",
                "Places where sequence numbers are missing before an event that is landed",
            ),
            missing: counter(
                "bronzegate.sequence.missing",
                "{event}",
                "Sequence numbers missing in those places",
            ),
            batch_size: sizes(
                "bronzegate.batch.size",
                "{event}",
                &EVENTS,
                "Events of a batch",
            ),
            request_size: sizes(
                "bronzegate.request.size",
                "By",
                &BYTES,
                "Bytes of a request of the host",
            ),
            blob_size: counter(
                "bronzegate.blob.size",
                "By",
                "Bytes of blobs that were committed or published",
            ),
            landing_duration: seconds(
                "bronzegate.landing.duration",
                &SECONDS,
                "From a request to its answer",
            ),
            event_age: seconds(
                "bronzegate.event.age",
                &AGES,
                "From the enqueued time to the landing, of the oldest event of each batch",
            ),
            store_duration: seconds(
                "bronzegate.store.duration",
                &SECONDS,
                "A call of the store, with its retries",
            ),
            store_retries: counter(
                "bronzegate.store.retries",
                "{retry}",
                "Tries of store calls that failed and were made again",
            ),
            in_flight: meter
                .i64_up_down_counter("bronzegate.memory.in_flight")
                .with_unit("By")
                .with_description("Bytes of request bodies that are worked on")
                .build(),
        }
    }

    pub(super) fn request(&self, bytes: usize) {
        self.request_size.record(bytes as u64, &[]);
    }

    pub(super) fn retried(&self, operation: &'static str, cause: &'static str) {
        let attributes = [
            KeyValue::new("bronzegate.operation", operation),
            KeyValue::new("error.type", cause),
        ];
        self.store_retries.add(1, &attributes);
    }

    pub(super) fn called(
        &self,
        operation: &'static str,
        error: Option<&'static str>,
        took: Duration,
    ) {
        let mut attributes = vec![KeyValue::new("bronzegate.operation", operation)];
        attributes.extend(error.map(|word| KeyValue::new("error.type", word)));
        self.store_duration.record(took.as_secs_f64(), &attributes);
    }

    pub(super) fn concluded(
        &self,
        destination: Option<&str>,
        error: Option<&'static str>,
        took: Duration,
    ) {
        let outcome = if error.is_some() { "failed" } else { "landed" };
        let mut attributes = vec![KeyValue::new("bronzegate.outcome", outcome)];
        attributes.extend(
            destination.map(|it| KeyValue::new("messaging.destination.name", it.to_owned())),
        );
        attributes.extend(error.map(|word| KeyValue::new("error.type", word)));
        self.landing_duration
            .record(took.as_secs_f64(), &attributes);
    }
}

impl Telemetry {
    /// So many more bytes of bodies are worked on, or fewer.
    pub(crate) fn in_flight(&self, bytes: i64) {
        if let Some(meters) = self.meters() {
            meters.in_flight.add(bytes, &[]);
        }
    }

    /// A part of a batch was committed, in blobs of so many bytes.
    pub(crate) fn committed(
        &self,
        judged: &Judged,
        part: Range<usize>,
        bronze: usize,
        rejections: Option<usize>,
    ) {
        let Some(meters) = self.meters() else {
            return;
        };
        let (mut accepted, mut rejected) = (BTreeMap::new(), BTreeMap::new());
        for verdict in &judged.verdicts[part] {
            match verdict {
                Verdict::Accepted(schema) => *accepted.entry(&**schema).or_insert(0) += 1,
                Verdict::Rejected(rejection) => {
                    // the name of an unknown schema is the event's own word
                    let known = rejection.reason != Reason::UnknownSchema;
                    let schema = rejection.schema.as_deref().filter(|_| known);
                    let key: (Reason, &str) = (rejection.reason, schema.unwrap_or("none"));
                    *rejected.entry(key).or_insert(0) += 1;
                }
            }
        }
        let place = place(&judged.batch.origin);
        for (schema, count) in accepted {
            let mut attributes = place.clone();
            attributes.push(KeyValue::new("bronzegate.schema", schema.to_owned()));
            meters.accepted.add(count, &attributes);
        }
        for ((reason, schema), count) in rejected {
            let mut attributes = place.clone();
            attributes.push(KeyValue::new("bronzegate.reason", reason.word()));
            attributes.push(KeyValue::new("bronzegate.schema", schema.to_owned()));
            meters.rejected.add(count, &attributes);
        }
        let kind = |kind: &'static str| [KeyValue::new("bronzegate.kind", kind)];
        meters.blob_size.add(bronze as u64, &kind("bronze"));
        if let Some(bytes) = rejections {
            meters.blob_size.add(bytes as u64, &kind("rejections"));
        }
    }

    /// Before an event that was committed, so many sequence numbers are missing.
    pub(crate) fn gap(&self, origin: &Origin, missing: u64) {
        if let Some(meters) = self.meters() {
            let place = place(origin);
            meters.gaps.add(1, &place);
            meters.missing.add(missing, &place);
        }
    }

    /// A batch was landed whole.
    pub(crate) fn landed(&self, batch: &Batch, landed: &Landed) {
        let Some(meters) = self.meters() else {
            return;
        };
        let events = batch.events.len() as u64;
        let mut place = place(&batch.origin);
        meters.batch_size.record(events, &place[..1]);
        if landed.duplicates > 0 {
            meters.duplicate.add(landed.duplicates, &place);
        }
        let oldest = batch.events.iter().filter_map(|event| event.enqueued).min();
        // what comes again is as old as its checkpoint, and says nothing of the landing
        if let Some(oldest) = oldest.filter(|_| landed.duplicates < events) {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let now = now.unwrap_or_default().as_secs_f64();
            let age = now - oldest.millis() as f64 / 1e3;
            // the broker's clock may be ahead of ours
            meters.event_age.record(age.max(0.0), &place);
        }
        place.push(KeyValue::new(
            "messaging.system",
            system(batch.origin.log()),
        ));
        meters.events.add(events, &place);
    }
}

/// The stream, and the partition where it is known.
fn place(origin: &Origin) -> Vec<KeyValue> {
    let stream = origin.stream().as_str().to_owned();
    let mut attributes = vec![KeyValue::new("messaging.destination.name", stream)];
    attributes.extend(origin.partition().map(|partition| {
        let id = partition.as_str().to_owned();
        KeyValue::new("messaging.destination.partition.id", id)
    }));
    attributes
}
