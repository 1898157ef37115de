//! What a run ends with: for people, or as one JSON object.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::hub::Hub;
use super::proof::Seen;
use crate::audit::Report;
use crate::terminal::grouped;

/// The figures of a run, as `--json` prints them.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The stream, `<namespace>/<hub>`.
    pub stream: String,
    /// Events in the hub.
    pub sent: u64,
    /// Partitions of the hub.
    pub partitions: usize,
    /// Events that stand in bronze.
    pub accepted: u64,
    /// Events that stand in the rejection log, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Events that were dropped in this run since they were landed already.
    pub duplicates_dropped: u64,
    /// Events that the host posted again.
    pub redelivered: u64,
    /// Invocations that were answered 200.
    pub invocations: u64,
    /// How often the handler was killed.
    pub kills: u64,
    /// How often it ended by itself, and was started again.
    pub crashes: u64,
    /// Blobs of the stream in the lake.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// From the first batch to the last checkpoint, in seconds.
    pub seconds: f64,
    /// Events a second in that time.
    pub events_per_second: f64,
    /// The lake.
    pub lake: String,
    /// The handler's log.
    pub log: PathBuf,
    /// One rejection, whole.
    pub rejection: Option<Box<RawValue>>,
    /// What an audit of the stream says.
    pub audit: Report,
    /// Events that were sent and stand nowhere; the first ten.
    pub lost: Vec<String>,
    /// Whether the audit finds nothing wrong, and every event that was sent stands in the lake
    /// once, byte for byte.
    pub proven: bool,
}

impl Summary {
    /// The figures of what was seen in the lake; what happened on the way is filled in by the
    /// caller.
    pub fn of(hub: &Hub, seen: &Seen, audit: Report, took: Duration) -> Self {
        let sent = hub.events() as u64;
        let (lost, count) = seen.lost();
        Self {
            stream: hub.stream().to_string(),
            sent,
            partitions: hub.partitions.len(),
            accepted: seen.accepted,
            duplicates_dropped: 0,
            redelivered: 0,
            invocations: 0,
            kills: 0,
            crashes: 0,
            blobs: audit.totals.blobs,
            bytes: audit.totals.bytes,
            seconds: took.as_secs_f64(),
            events_per_second: sent as f64 / took.as_secs_f64().max(1e-3),
            lake: String::new(),
            log: PathBuf::new(),
            rejection: seen
                .example
                .clone()
                .and_then(|line| RawValue::from_string(line).ok()),
            proven: audit.sound && count == 0,
            lost,
            audit,
            rejected: seen.rejected.clone(),
        }
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// Where `out` can't be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let partitions = format!(
            "events in {} partitions of {}",
            self.partitions, self.stream
        );
        let speed = format!(
            "events/s, {:.1} s in {} invocations{}",
            self.seconds,
            grouped(self.invocations),
            if self.kills > 0 {
                ", kills included"
            } else {
                ""
            }
        );
        let mut rows = vec![
            ("sent", self.sent, partitions),
            (
                "duplicates",
                self.duplicates_dropped,
                "dropped: they were landed already".to_owned(),
            ),
        ];
        if self.kills > 0 {
            let again = format!(
                "of the handler by SIGKILL; {} events came again",
                grouped(self.redelivered)
            );
            rows.push(("kills", self.kills, again));
        }
        if self.crashes > 0 {
            let log = format!("the handler ended by itself; see {}", self.log.display());
            rows.push(("crashes", self.crashes, log));
        }
        rows.push(("speed", self.events_per_second as u64, speed));
        writeln!(out)?;
        for (name, count, rest) in rows {
            writeln!(out, "  {name:<11}{:>11}  {rest}", grouped(count))?;
        }
        if let Some(example) = self.rejection.as_deref().map(RawValue::get) {
            writeln!(
                out,
                "\nA rejection, as it stands in rejections/:\n\n{}\n",
                indented(example)
            )?;
        }
        writeln!(out, "The audit of {}:", self.lake)?;
        self.audit.print(out)?;
        self.print_proof(out)
    }

    fn print_proof(&self, out: &mut dyn Write) -> io::Result<()> {
        let sent = grouped(self.sent);
        if self.proven {
            writeln!(
                out,
                "PROVEN  {sent} sent: each of them stands in the lake once, byte for byte."
            )?;
        } else {
            writeln!(out, "NOT PROVEN  {sent} sent.")?;
            for lost in &self.lost {
                writeln!(out, "  - {lost}")?;
            }
            writeln!(out, "The handler's log is {}.", self.log.display())?;
        }
        let lake = &self.lake;
        writeln!(
            out,
            "\nTry next:\n  \
             bronzegate local                    again: nothing is landed twice\n  \
             bronzegate local --kill-every 1s --seed 8 --events 1000000\n  \
             bronzegate audit --lake {lake}\n  \
             find {lake}/bronze -name '*.gz' | head -1 | xargs zcat | head -1"
        )
    }
}

/// The top level of a record, a column a line, in the record's own order.
fn indented(record: &str) -> String {
    type Columns<'a> = Vec<(String, &'a RawValue)>;
    struct Ordered;
    impl<'de> serde::de::Visitor<'de> for Ordered {
        type Value = Columns<'de>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a record")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut columns = Vec::new();
            while let Some(column) = map.next_entry()? {
                columns.push(column);
            }
            Ok(columns)
        }
    }
    use serde::Deserializer;
    let columns = serde_json::Deserializer::from_str(record).deserialize_map(Ordered);
    let columns: Vec<String> = columns
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| format!("  {name:<17}{}", value.get()))
        .collect();
    columns.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_its_order() {
        assert_eq!(
            indented(r#"{"b":1,"a":{"z":[1]}}"#),
            "  b                1\n  a                {\"z\":[1]}"
        );
    }
}
