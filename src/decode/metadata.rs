//! The events' coordinates and columns, out of `Metadata`.
//!
//! Every key is optional, may be null, and may be of another length than the events (a portal's
//! test run has none of them). A column that can't be used is left out, never guessed.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::column::{self, Cell, Cells};
use super::request::Members;
use super::time::Times;
use super::{Cardinality, DataType, PayloadError, Trigger};
use crate::event::{Batch, Event, Partition, Span};

/// Where a batch comes from, as far as the host says it.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) namespace: Option<String>,
    pub(super) hub: Option<String>,
    pub(super) partition: Option<Partition>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct PartitionContext {
    fully_qualified_namespace: Option<String>,
    event_hub_name: Option<String>,
    partition_id: Option<String>,
}

/// Reads `PartitionContext`, or `TriggerPartitionContext` where that stands in its place.
fn place(metadata: &Members<'_>) -> Result<Place, PayloadError> {
    let mut place = Place::default();
    for key in ["PartitionContext", "TriggerPartitionContext"] {
        let Some(value) = metadata.get(key).filter(|value| **value != "null") else {
            continue;
        };
        let wrong = |problem: String| PayloadError::new(format!("Metadata.{key}"), problem);
        let context: PartitionContext = serde_json::from_str(&json(value, key)?)
            .map_err(|error| wrong(format!("not a partition's context: {error}")))?;
        let partition = match context.partition_id {
            Some(id) if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) || id.len() > 64 => {
                return Err(wrong(format!(
                    "{id:?} is no partition's id: letters and digits"
                )));
            }
            Some(id) if !id.is_empty() => Some(Partition::new(id)),
            _ => None,
        };
        place.namespace = place.namespace.or(context.fully_qualified_namespace);
        place.hub = place.hub.or(context.event_hub_name);
        place.partition = place.partition.or(partition);
    }
    Ok(place)
}

/// Fills the batch's columns; returns where the batch comes from, and the names of columns that
/// were there but are not usable.
pub(super) fn columns(
    metadata: &Members<'_>,
    trigger: &Trigger,
    batch: &mut Batch,
) -> Result<(Place, Vec<&'static str>), PayloadError> {
    let safe = matches!(
        trigger.declared,
        Some((Cardinality::Many, _) | (_, DataType::Binary))
    );
    let forged = !safe && coordinates_may_be_forged(batch);
    let mut columns = Columns {
        metadata,
        batch,
        unusable: Vec::new(),
        forged,
    };
    columns.sequences()?;
    columns.times()?;
    columns.keep("PartitionKeyArray", "PartitionKey", |event| &mut event.key)?;
    columns.keep("PropertiesArray", "Properties", |event| {
        &mut event.properties
    })?;
    columns.keep("OffsetStringArray", "Offset", |event| &mut event.offset)?;
    if columns
        .batch
        .events
        .iter()
        .all(|event| event.offset.is_none())
    {
        columns.keep("OffsetArray", "Offset", |event| &mut event.offset)?;
        columns.drop_unknown_offsets();
    }
    columns.message_ids()?;
    let unusable = columns.unusable;
    let place = if forged {
        Place::default()
    } else {
        place(metadata)?
    };
    Ok((place, unusable))
}

struct Columns<'m, 'b> {
    metadata: &'m Members<'m>,
    batch: &'b mut Batch,
    unusable: Vec<&'static str>,
    forged: bool,
}

impl<'m> Columns<'m, '_> {
    fn sequences(&mut self) -> Result<(), PayloadError> {
        const NAME: &str = "SequenceNumberArray";
        let mut give = |event: &mut Event, value: &str| {
            // a signed number on the wire, and of a name's and metadata's width
            let number: Option<u64> = value.parse().ok();
            event.sequence = number.filter(|number| i64::try_from(*number).is_ok());
            event.sequence.is_some()
        };
        if self.scalars(NAME, &mut give) {
            return Ok(());
        }
        self.each(|event| event.sequence = None);
        let Some(values) = self.values(NAME, "SequenceNumber")? else {
            return Ok(());
        };
        let values: Vec<Option<&str>> = elements(&values, NAME)?;
        self.assign(NAME, &values, |event, value| give(event, unquoted(value)));
        Ok(())
    }

    fn times(&mut self) -> Result<(), PayloadError> {
        const NAME: &str = "EnqueuedTimeUtcArray";
        let mut times = Times::default();
        let mut give = |event: &mut Event, value: &str| {
            event.enqueued = times.parse(value);
            event.enqueued.is_some()
        };
        if self.scalars(NAME, &mut give) {
            return Ok(());
        }
        self.each(|event| event.enqueued = None);
        let Some(values) = self.values(NAME, "EnqueuedTimeUtc")? else {
            return Ok(());
        };
        let values: Vec<Option<&str>> = elements(&values, NAME)?;
        self.assign(NAME, &values, |event, value| give(event, unquoted(value)));
        Ok(())
    }

    /// Gives each event its number or text out of a column that the host wrote; false where that has
    /// to be read the long way, and what was given is of no use.
    fn scalars(&mut self, name: &str, give: &mut impl FnMut(&mut Event, &str) -> bool) -> bool {
        let Some(mut cells) = self.cells(name) else {
            return false;
        };
        let given = self
            .batch
            .events
            .iter_mut()
            .all(|event| match cells.next() {
                Cell::Null => true,
                Cell::Number(value) | Cell::Text(value) => give(event, value),
                _ => false,
            });
        given && cells.next() == Cell::End
    }

    /// Keeps the JSON of a column that the host wrote; false, and nothing is kept, where that has to
    /// be read the long way.
    fn cells_kept(&mut self, name: &str, column: fn(&mut Event) -> &mut Option<Span>) -> bool {
        let Some(mut cells) = self.cells(name) else {
            return false;
        };
        let Batch { text, events, .. } = &mut *self.batch;
        let before = text.len();
        text.push('[');
        let kept = events.iter_mut().enumerate().all(|(index, event)| {
            if index > 0 {
                text.push(',');
            }
            let (start, cell) = (text.len(), cells.next());
            let taken = column::push(cell, text);
            *column(event) = (taken && cell != Cell::Null).then(|| Span::from(start..text.len()));
            taken
        });
        text.push(']');
        if kept && cells.next() == Cell::End {
            return true;
        }
        text.truncate(before);
        self.each(|event| *column(event) = None);
        false
    }

    fn each(&mut self, change: impl FnMut(&mut Event)) {
        self.batch.events.iter_mut().for_each(change);
    }

    fn cells(&self, name: &str) -> Option<Cells<'m>> {
        let raw = self.metadata.get(name).filter(|_| !self.forged)?;
        Cells::of(raw)
    }

    /// Keeps a column's JSON values as the host wrote them.
    fn keep(
        &mut self,
        many: &'static str,
        one: &'static str,
        column: fn(&mut Event) -> &mut Option<Span>,
    ) -> Result<(), PayloadError> {
        if self.cells_kept(many, column) {
            return Ok(());
        }
        let Some(values) = self.values(many, one)? else {
            return Ok(());
        };
        let spans = self.push(&values, many)?;
        self.assign(many, &spans, |event, span| {
            *column(event) = Some(span);
            true
        });
        Ok(())
    }

    /// `-1` stands where an offset is not numeric, and only `OffsetStringArray` would be right.
    fn drop_unknown_offsets(&mut self) {
        for event in &mut self.batch.events {
            let unknown = |span: Span| unquoted(span.of(&self.batch.text)) == "-1";
            if event.offset.is_some_and(unknown) {
                event.offset = None;
            }
        }
    }

    /// The message's own ids and content type, out of the AMQP system properties.
    fn message_ids(&mut self) -> Result<(), PayloadError> {
        #[derive(Deserialize)]
        struct SystemProperties<'a> {
            #[serde(borrow, rename = "message-id")]
            message_id: Option<&'a RawValue>,
            #[serde(borrow, rename = "correlation-id")]
            correlation_id: Option<&'a RawValue>,
            #[serde(borrow, rename = "content-type")]
            content_type: Option<&'a RawValue>,
        }
        const NAME: &str = "SystemPropertiesArray";
        let raw = self.metadata.get(NAME).map_or("", |raw| raw);
        // mostly there is nothing but `x-opt-…`
        let said = |name: &str| memmem::find(raw.as_bytes(), name.as_bytes()).is_some();
        if raw.starts_with('"') && !said("-id") && !said("content-type") && !said("\\u") {
            return Ok(());
        }
        let Some(values) = self.values(NAME, "SystemProperties")? else {
            return Ok(());
        };
        if memmem::find(values.as_bytes(), b"-id\"").is_none()
            && memmem::find(values.as_bytes(), b"content-type\"").is_none()
        {
            return Ok(());
        }
        let spans = self.push(&values, NAME)?;
        let text = std::mem::take(&mut self.batch.text);
        self.assign(NAME, &spans, |event, span| {
            let Ok(properties) = serde_json::from_str::<SystemProperties<'_>>(span.of(&text))
            else {
                return false;
            };
            let place = |value: Option<&RawValue>| value.map(|value| span_in(&text, value.get()));
            event.message_id = place(properties.message_id);
            event.correlation_id = place(properties.correlation_id);
            event.content_type = place(properties.content_type);
            true
        });
        self.batch.text = text;
        Ok(())
    }

    /// A column's JSON array: `many`, or `[one]` where the host carries a single event.
    fn values(
        &self,
        many: &'static str,
        one: &'static str,
    ) -> Result<Option<Cow<'m, str>>, PayloadError> {
        if self.forged {
            return Ok(None);
        }
        let present = |key: &str| self.metadata.get(key).filter(|value| **value != "null");
        if let Some(values) = present(many) {
            return json(values, many).map(Some);
        }
        match present(one) {
            Some(value) if self.batch.events.len() == 1 => {
                let value = match one {
                    "Properties" | "SystemProperties" => json(value, one)?,
                    _ => Cow::Borrowed(*value),
                };
                Ok(Some(format!("[{value}]").into()))
            }
            _ => Ok(None),
        }
    }

    /// Adds a column's array to the batch's text, and finds its elements there.
    fn push(&mut self, values: &str, name: &str) -> Result<Vec<Option<Span>>, PayloadError> {
        let first = self.batch.text.len();
        self.batch.text.push_str(values);
        let text = &self.batch.text;
        let values = elements(&text[first..], name)?;
        Ok(values
            .into_iter()
            .map(|value| value.map(|value| span_in(text, value)))
            .collect())
    }

    /// Gives each event its value; a column of another length belongs to nobody.
    fn assign<T: Clone>(
        &mut self,
        name: &'static str,
        values: &[Option<T>],
        mut give: impl FnMut(&mut Event, T) -> bool,
    ) {
        let mut usable = values.len() == self.batch.events.len();
        if usable {
            for (event, value) in self.batch.events.iter_mut().zip(values) {
                if let Some(value) = value {
                    usable &= give(event, value.clone());
                }
            }
        }
        if !usable {
            self.unusable.push(name);
        }
    }
}

/// With `cardinality: one` and an event handed over as text, the host copies the event's own
/// top-level properties over `Metadata`, so that a producer could write any coordinates there.
///
/// The host's reader of JSON is more liberal than RFC 8259 (names without quotes, comments): what
/// only looks like an object may have been one to it.
#[expect(
    clippy::zero_sized_map_values,
    reason = "serde makes a map of an object, not a set"
)]
fn coordinates_may_be_forged(batch: &Batch) -> bool {
    type Properties<'a> = HashMap<Cow<'a, str>, IgnoredAny>;
    const COORDINATES: [&str; 15] = [
        "PartitionKey",
        "Offset",
        "SequenceNumber",
        "EnqueuedTimeUtc",
        "Properties",
        "SystemProperties",
        "PartitionContext",
        "TriggerPartitionContext",
        "PartitionKeyArray",
        "OffsetArray",
        "OffsetStringArray",
        "SequenceNumberArray",
        "EnqueuedTimeUtcArray",
        "PropertiesArray",
        "SystemPropertiesArray",
    ];
    let [event] = batch.events.as_slice() else {
        return false;
    };
    let body = batch.body(event);
    match serde_json::from_slice::<Properties<'_>>(body) {
        Ok(properties) => properties.keys().any(|property| {
            COORDINATES
                .iter()
                .any(|name| name.eq_ignore_ascii_case(property))
        }),
        Err(_) => body.trim_ascii().starts_with(b"{"),
    }
}

/// The JSON that a metadata value holds: a string's text, or the value itself.
pub(super) fn json<'a>(raw: &'a str, name: &str) -> Result<Cow<'a, str>, PayloadError> {
    if raw.starts_with('"') {
        serde_json::from_str::<String>(raw)
            .map(Cow::Owned)
            .map_err(|error| PayloadError::new(format!("Metadata.{name}"), error.to_string()))
    } else {
        Ok(Cow::Borrowed(raw))
    }
}

/// The elements of a column's array; null is none.
pub(super) fn elements<'a>(
    array: &'a str,
    name: &str,
) -> Result<Vec<Option<&'a str>>, PayloadError> {
    let values: Vec<Option<&RawValue>> = serde_json::from_str(array).map_err(|error| {
        PayloadError::new(
            format!("Metadata.{name}"),
            format!("not a JSON array: {error}"),
        )
    })?;
    Ok(values
        .into_iter()
        .map(|value| value.map(RawValue::get))
        .collect())
}

pub(super) fn unquoted(value: &str) -> &str {
    value.trim_matches('"')
}

/// Where `part`, a slice of `text`, stands in it.
fn span_in(text: &str, part: &str) -> Span {
    let first = part.as_ptr() as usize - text.as_ptr() as usize;
    (first..first + part.len()).into()
}
