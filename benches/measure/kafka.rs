//! Records of a real broker: bronzegate's Kafka function, and Bento for the part that it can do.
//!
//! A stand-in for the host's extension reads the topic and posts to bronzegate; Bento reads it itself.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64_simd::STANDARD;
use bronzegate::judge::{Catalog, Judge, Limits, Reason, Submission, Verdict};
use bronzegate::lake::{Record, each_line};
use bronzegate::local::hub::{Input, Message};
use bronzegate::store::{AzureOptions, Store, open};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Common;
use super::azurite::Azurite;
use super::broker::{broker, home, python};
use super::peers::{connection, versions};
use super::results::Results;
use super::server::{Server, emulator_cpu};
use super::work::{Size, root};

/// How long a run may go without a new blob.
const PATIENCE: Duration = Duration::from_mins(3);
const TOPIC: &str = "orders";

/// The verdicts by partition and offset: whether it is accepted.
type Verdicts = HashMap<(String, u64), bool>;

/// Measures both.
pub async fn run(common: &Common, only: &[String], size: Size) {
    let results = Results::open(common, "kafka");
    let bento = root().join("target/peers/bento");
    let wanted = |name: &str| {
        let chosen = only.is_empty() || only.iter().any(|it| it == name);
        chosen && !results.has(name)
    };
    let ours = wanted("bronzegate-kafka");
    let theirs = wanted("bento") && bento.exists();
    if !(ours || theirs) {
        println!("kafka: nothing to measure; benches/peers/build bento builds it");
        return;
    }
    let verdicts = produce(size);
    if ours {
        measure("bronzegate-kafka", &common.program, &verdicts, &results).await;
    }
    if theirs {
        measure("bento", &bento, &verdicts, &results).await;
    }
}

/// Sends generated order lines; what is spoilt is so by the schema alone, since that is all that Bento's
/// validator sees: it takes bytes that are not UTF-8 for text, and knows no routes.
fn produce(size: Size) -> Verdicts {
    println!("kafka: {} records are sent", size.events);
    let input = Input::Generated {
        events: size.events * 2,
        seed: 7,
        spoil: 200,
    };
    let catalog = Arc::new(Catalog::load(&root().join("schemas")).unwrap());
    let mut judge = Judge::new(&catalog, Limits::default());
    let stream = bronzegate::event::Stream::new("kafka/orders");
    let mut accepted = |message: &Message| {
        let submission = Submission {
            body: &message.body,
            properties: Some(message.properties),
            content_type: None,
        };
        match judge.judge(&stream, &submission) {
            Verdict::Accepted(_) => Some(true),
            Verdict::Rejected(it) if it.reason == Reason::Schema => Some(false),
            Verdict::Rejected(_) => None,
        }
    };
    let messages = input.messages(0).unwrap().map(Result::unwrap);
    let judged = messages.filter_map(|message| accepted(&message).map(|it| (message, it)));
    let judged: Vec<_> = judged.take(size.events).collect();
    let mut producer = Command::new(python())
        .arg(home().join("producer.py"))
        .arg("--config")
        .arg(broker().producer())
        .args([
            "--topic",
            TOPIC,
            "--partitions",
            &size.partitions.to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = producer.stdin.take().unwrap();
    let lines: Vec<_> = judged.iter().map(|(message, _)| line(message)).collect();
    let writing = std::thread::spawn(move || stdin.write_all(lines.concat().as_bytes()).unwrap());
    let output = producer.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "the producer failed");
    let by_body: HashMap<String, bool> = judged
        .iter()
        .map(|(message, accepted)| (STANDARD.encode_to_string(&message.body), *accepted))
        .collect();
    let sent = String::from_utf8(output.stdout).unwrap();
    let sent = sent.lines().map(|line| {
        let sent: Value = serde_json::from_str(line).unwrap();
        let accepted = by_body[sent["value"].as_str().unwrap()];
        let place = (
            sent["partition"].to_string(),
            sent["offset"].as_u64().unwrap(),
        );
        (place, accepted)
    });
    sent.collect()
}

fn line(message: &Message) -> String {
    let record = json!({
        "key": message.key,
        "headers": [],
        "value": STANDARD.encode_to_string(&message.body),
    });
    format!("{record}\n")
}

/// A reader of the topic that is killed with this value.
struct Reader(Child);

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn measure(name: &str, program: &Path, verdicts: &Verdicts, results: &Results) {
    println!("{name}: reads the topic");
    let folder = TempDir::new().unwrap();
    let azurite = Azurite::start();
    let url = azurite.url("lake");
    let store = open(&url.parse().unwrap(), AzureOptions::default());
    store.ready().await.unwrap();
    let log = root().join(format!("target/measured/{name}.log"));
    let before = emulator_cpu();
    let config = fs::read_to_string(broker().producer()).unwrap();
    let config = config.replace("batch.num.messages=8\n", "");
    let (server, reader) = if name == "bento" {
        (Server::started(bento(program, &url, &config), &log), None)
    } else {
        let mut command = Command::new(program);
        command
            .arg("serve")
            .env("FUNCTIONS_APP_ROOT_PATH", root())
            .env("LANDING_URL", &url)
            .env("KAFKA_TOPIC", TOPIC)
            .env("AzureWebJobs.IngestOrders.Disabled", "true")
            .env("AzureWebJobs.IngestOrdersKafka.Disabled", "false");
        let server = Server::start(command, false, &log).await;
        let file = folder.path().join("consumer.properties");
        fs::write(&file, &config).unwrap();
        let reader = Command::new(python())
            .arg(home().join("extension.py"))
            .arg("--config")
            .arg(file)
            .args(["--topic", TOPIC, "--group", name, "--max-batch", "1000"])
            .args([
                "--url",
                &server.url().replace("IngestOrders", "IngestOrdersKafka"),
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        (server, Some(Reader(reader)))
    };
    let (watch, start) = (server.watch(), Instant::now());
    let mut lake = Lake::default();
    let mut last = Instant::now();
    while lake.records.len() < verdicts.len() {
        if lake.read(&store).await {
            last = Instant::now();
        }
        let landed = lake.records.len();
        assert!(
            last.elapsed() < PATIENCE,
            "{name}: {landed} landed, and no more"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (took, cpu, peak) = (start.elapsed(), server.cpu(), watch.peak());
    let beside = reader.as_ref().map(|it| super::server::cpu(it.0.id()));
    drop((reader, server));
    assert!(lake.records == *verdicts, "{name}: other verdicts");
    let events = verdicts.len() as f64;
    println!(
        "{name}: {:.0} records/s, the same verdicts",
        events / took.as_secs_f64()
    );
    let beside = beside.map_or(String::new(), |cpu| {
        let seconds = cpu.as_secs_f64() / events * 1e6;
        format!("the extension's stand-in, in Python: {seconds:.1} s")
    });
    results.keep(
        name,
        json!({
            "events": verdicts.len(),
            "seconds": took.as_secs_f64(),
            "events_a_second": events / took.as_secs_f64(),
            "cpu_seconds": cpu.as_secs_f64(),
            "cpu_seconds_a_million": cpu.as_secs_f64() / events * 1e6,
            "peak_bytes": peak,
            "emulator_cpu_seconds": emulator_cpu().saturating_sub(before).as_secs_f64(),
            "beside": beside,
            "versions": versions(name),
        }),
    );
}

fn bento(program: &Path, url: &str, config: &str) -> Command {
    let setting = |name: &str| {
        let line = config.lines().find_map(|it| it.strip_prefix(name));
        line.unwrap().strip_prefix('=').unwrap().to_owned()
    };
    let mut command = Command::new(program);
    command
        .arg("-c")
        .arg(root().join("benches/peers/bento/orders.yaml"))
        .env("BROKERS", setting("bootstrap.servers"))
        .env("TOPIC", TOPIC)
        .env("GROUP", "bento")
        .env("CA", setting("ssl.ca.location"))
        .env("SASL_USERNAME", setting("sasl.username"))
        .env("SASL_PASSWORD", setting("sasl.password"))
        .env(
            "SCHEMA_FILE",
            root().join("schemas/order-transaction/1.0.0.json"),
        )
        .env("LANDING_CONNECTION", connection(url))
        .env("LANDING_CONTAINER", "lake");
    command
}

/// What has landed so far.
#[derive(Default)]
struct Lake {
    records: Verdicts,
    blobs: HashMap<String, u64>,
}

impl Lake {
    /// Reads the blobs that are new; whether there were any.
    async fn read(&mut self, store: &Arc<dyn Store>) -> bool {
        let mut more = false;
        for (prefix, accepted) in [("bronze/", true), ("rejections/", false)] {
            let mut from = None;
            loop {
                let page = store.list(prefix, from).await.unwrap();
                for blob in page.blobs {
                    if self.blobs.insert(blob.name.clone(), blob.size) == Some(blob.size) {
                        continue;
                    }
                    more = true;
                    let body = store.read(&blob.name).await.unwrap().unwrap().body;
                    let read = each_line(&body, |_, line| {
                        let record =
                            Record::parse(line).unwrap_or_else(|it| panic!("{it}: {line}"));
                        let partition = record.partition.unwrap().into_owned();
                        let place = (partition, record.sequence.unwrap());
                        let before = self.records.insert(place.clone(), accepted);
                        assert!(before.is_none(), "{place:?} stands twice");
                    });
                    read.unwrap_or_else(|damage| panic!("{}: {damage}", blob.name));
                }
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
        }
        more
    }
}
