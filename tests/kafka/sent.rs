//! What a producer sends, and the lake held against it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64_simd::STANDARD;
use bronzegate::lake::{Record, each_line};
use bronzegate::landing::{Kind, Name};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::broker::broker;
use crate::script;

/// A record that the broker took.
#[derive(Debug, Deserialize)]
pub struct Sent {
    partition: u32,
    offset: u64,
    timestamp: i64,
    key: Option<String>,
    headers: Vec<(String, Option<String>)>,
    value: Option<String>,
}

/// Records of every kind: keys and none, headers of text, of bytes, repeated and without a value,
/// tombstones, orders that are refused, and bytes that are no text.
pub fn records(count: usize) -> Vec<Value> {
    let base64 = |bytes: &[u8]| STANDARD.encode_to_string(bytes);
    let record = |n: usize| {
        let mut headers = vec![("n".to_owned(), Some(base64(n.to_string().as_bytes())))];
        if n % 7 == 1 {
            let trace = |text: &str| ("trace".to_owned(), Some(base64(text.as_bytes())));
            headers.extend([trace("a"), trace("ü"), trace("a")]);
        }
        if n % 11 == 2 {
            headers.push(("raw".to_owned(), Some(base64(&[0xff, 0, n as u8]))));
            headers.push(("none".to_owned(), None));
        }
        let price = if n % 31 == 5 {
            json!("21.47")
        } else {
            json!(21.47)
        };
        let value = match n {
            n if n % 47 == 13 => None,
            n if n % 53 == 7 => Some(base64(b"{\"\xff")),
            _ => {
                let order = json!({
                    "TransactionNo": (536_365 + n).to_string(), "Date": "12/9/2019",
                    "ProductNo": "22485", "ProductName": "Größe \"M\"", "Price": price,
                    "Quantity": 1 + n % 9, "CustomerNo": "17490", "Country": "France"
                });
                Some(base64(order.to_string().as_bytes()))
            }
        };
        let key = (!n.is_multiple_of(10)).then(|| format!("cust-{}", n % 37));
        json!({"key": key, "headers": headers, "value": value})
    };
    (0..count).map(record).collect()
}

/// Sends them with the real client, to four partitions.
pub fn produce(topic: &str, records: &[Value], options: &[&str]) -> Vec<Sent> {
    let mut producer = script("producer.py")
        .arg("--config")
        .arg(broker().producer())
        .args(["--topic", topic, "--partitions", "4"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = producer.stdin.take().unwrap();
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = producer.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "the producer failed");
    let lines = String::from_utf8(output.stdout).unwrap();
    let sent: Vec<Sent> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(sent.len(), records.len());
    sent
}

/// Each record stands in the lake once, with all that it was sent with.
pub fn compare(lake: &Path, topic: &str, data_type: &str, sent: &[Sent]) {
    let mut missing: BTreeMap<(u32, u64), &Sent> = sent
        .iter()
        .map(|sent| ((sent.partition, sent.offset), sent))
        .collect();
    assert_eq!(missing.len(), sent.len());
    let mut files = Vec::new();
    for top in ["bronze", "rejections"] {
        find(&lake.join(top), &mut files);
    }
    for file in files {
        let blob = file.strip_prefix(lake).unwrap().to_str().unwrap();
        let (kind, _) = Name::parse(blob).unwrap();
        each_line(&std::fs::read(&file).unwrap(), |_, line| {
            let record = Record::parse(line).unwrap();
            let partition = record.partition.as_ref().unwrap().parse().unwrap();
            let place = (partition, record.sequence.unwrap());
            let sent = missing.remove(&place);
            let sent = sent.unwrap_or_else(|| panic!("{place:?} was not sent, or stands twice"));
            sent.is_landed_as(kind, &record, line, data_type);
            assert_eq!(record.stream, format!("kafka/{topic}"));
        })
        .unwrap();
    }
    assert!(missing.is_empty(), "{} are lost", missing.len());
}

impl Sent {
    fn is_landed_as(&self, kind: Kind, record: &Record<'_>, line: &str, data_type: &str) {
        let place = (self.partition, self.offset);
        let value = self.value.as_ref();
        let mut payload = value.map_or(Vec::new(), |it| STANDARD.decode_to_vec(it).unwrap());
        if data_type == "string" {
            payload = String::from_utf8_lossy(&payload).into_owned().into_bytes();
        }
        assert!(record.carries(kind, line, &payload), "{place:?}: {line}");
        let reason = record.reason.as_deref();
        assert_eq!(reason == Some("empty"), payload.is_empty(), "{place:?}");
        assert_eq!(
            record.enqueued.unwrap().millis(),
            self.timestamp,
            "{place:?}"
        );
        let json = |column: Option<&RawValue>| -> Value {
            column.map_or(Value::Null, |it| serde_json::from_str(it.get()).unwrap())
        };
        assert_eq!(json(record.key), json!(self.key), "{place:?}");
        assert_eq!(json(record.offset), json!(self.offset.to_string()));
        assert_eq!(json(record.properties), self.properties(), "{place:?}");
    }

    fn properties(&self) -> Value {
        let mut named: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (name, value) in &self.headers {
            let value = value.as_ref().map_or(Value::Null, |base64| {
                match String::from_utf8(STANDARD.decode_to_vec(base64).unwrap()) {
                    Ok(text) => json!(text),
                    Err(_) => json!({"base64": base64}),
                }
            });
            named.entry(name).or_default().push(value);
        }
        let one_or_all = |mut values: Vec<Value>| match values.len() {
            1 => values.remove(0),
            _ => Value::from(values),
        };
        let named = named.into_iter();
        named
            .map(|(name, values)| (name.to_owned(), one_or_all(values)))
            .collect()
    }
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let hidden = path.file_name().unwrap().to_str().unwrap().starts_with('.');
        if path.is_dir() {
            find(&path, found);
        } else if !hidden {
            found.push(path);
        }
    }
}

/// A catalog under which prices may be strings.
pub fn mended(folder: &Path) -> PathBuf {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let catalog = folder.join("mended");
    for name in [
        "catalog.json",
        "order/1.0.0.json",
        "order-transaction/1.0.0.json",
    ] {
        let file = catalog.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::copy(shipped.join(name), &file).unwrap();
    }
    let file = catalog.join("order-transaction/1.0.0.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    schema["properties"]["Price"] = json!({"type": ["number", "string"]});
    std::fs::write(&file, schema.to_string()).unwrap();
    catalog
}
