//! The Kafka trigger against a real broker: a real producer sends, consumers of one group that stand
//! in for the host's extension post to the real handler, all of them are killed on the way, and then
//! every record that the broker has stands in the lake once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod broker;
#[path = "../support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;
#[path = "../support/installed.rs"]
mod installed;
mod producer;
mod sent;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bronzegate::audit;
use bronzegate::store::{self, AzureOptions};
use bronzegate::workers::Workers;
use serde_json::Value;
use tempfile::TempDir;

use broker::{broker, home, python};
use handler::{Handler, free_port};
use sent::{Sent, compare, produce, records};

const PATIENCE: Duration = Duration::from_mins(3);

/// A member of the consumer group; it is killed when this value is dropped.
struct Extension(Child);

impl Drop for Extension {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What posts where.
struct Setup {
    topic: &'static str,
    data_type: &'static str,
    schemas: PathBuf,
    port: u16,
    folder: TempDir,
    app: PathBuf,
}

impl Setup {
    fn new(topic: &'static str, data_type: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        let app = folder.path().join("app");
        let function = app.join("IngestOrdersKafka");
        std::fs::create_dir_all(&function).unwrap();
        let shipped = handler::shipped_app().join("IngestOrdersKafka/function.json");
        let shipped = std::fs::read_to_string(shipped).unwrap();
        let declared = shipped.replace(r#""binary""#, &format!("{data_type:?}"));
        std::fs::write(function.join("function.json"), declared).unwrap();
        Self {
            topic,
            data_type,
            schemas: handler::shipped_app().join("schemas"),
            port: free_port(),
            folder,
            app,
        }
    }

    async fn handler(&self) -> Handler {
        let app = self.app.to_str().unwrap();
        let settings = [
            ("FUNCTIONS_APP_ROOT_PATH", app),
            ("SCHEMAS_DIR", self.schemas.to_str().unwrap()),
            ("KAFKA_TOPIC", self.topic),
            ("AzureWebJobs.IngestOrders.Disabled", "true"),
        ];
        Handler::start_on(self.port, self.folder.path(), &settings).await
    }

    fn extension(&self, group: &str) -> Extension {
        let url = format!("http://127.0.0.1:{}/IngestOrdersKafka", self.port);
        let child = script("extension.py")
            .arg("--config")
            .arg(broker().consumer())
            .args(["--topic", self.topic, "--group", group, "--url", &url])
            .args(["--data-type", self.data_type, "--max-batch", "25"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Extension(child)
    }

    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// How many events the lake has, by its names and metadata.
    async fn landed(&self) -> u64 {
        let location = format!("file://{}", self.lake().display());
        let store = store::open(&location.parse().unwrap(), AzureOptions::default());
        let (request, progress) = (audit::Request::default(), audit::Progress::default());
        let report = audit::audit(&store, &request, (&Workers::Inline, &progress));
        report.await.unwrap().totals.events
    }

    /// Waits until the lake has so many events.
    async fn until(&self, events: u64) {
        let start = Instant::now();
        while self.landed().await < events {
            let landed = self.landed().await;
            assert!(start.elapsed() < PATIENCE, "{landed} of {events} landed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn command(&self, arguments: &[&str], status: i32) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args(arguments)
            .args(["--json", "--lake"])
            .arg(self.lake())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// What a handler's log says of each batch that was landed.
fn landed(log: &str) -> impl Iterator<Item = Value> {
    let lines = log.lines().filter(|line| line.contains("\"duplicates\""));
    // the last line may be half of one: the handler was killed
    lines.filter_map(|line| serde_json::from_str(line).ok())
}

/// How many records were landed before.
fn duplicates(log: &str) -> u64 {
    landed(log).filter_map(|it| it["duplicates"].as_u64()).sum()
}

/// How many requests mixed partitions.
fn mixed(log: &str) -> usize {
    let mut batches: BTreeMap<String, usize> = BTreeMap::new();
    for batch in landed(log) {
        *batches
            .entry(batch["invocation_id"].to_string())
            .or_default() += 1;
    }
    batches
        .values()
        .filter(|partitions| **partitions > 1)
        .count()
}

/// Holds a lake against what the broker took.
fn sound(setup: &Setup, sent: &[Sent]) -> Value {
    let page = setup.folder.path().join("audit.html");
    let arguments = ["audit", "--deep", "--html", page.to_str().unwrap()];
    let report = setup.command(&arguments, 0);
    assert_eq!(report["sound"], true);
    assert_eq!(report["totals"]["events"], sent.len());
    assert!(
        report["notes"][0]["message"]
            .as_str()
            .unwrap()
            .contains("STREAM_EPOCH")
    );
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("data-partition=\"3\"") && page.contains("STREAM_EPOCH"));
    compare(&setup.lake(), setup.topic, setup.data_type, sent);
    report
}

#[tokio::test]
async fn i1_i2_every_record_of_the_broker_stands_once_whatever_is_killed() {
    let setup = Setup::new("orders", "binary");
    let sent = produce(setup.topic, &records(3_000), &[]);
    let total = sent.len() as u64;
    let mut handler = setup.handler().await;
    let mut extensions = [setup.extension("bronzegate"), setup.extension("bronzegate")];
    for kill in 1..8 {
        setup.until(total * kill / 8).await;
        match kill % 4 {
            0 => extensions[0] = setup.extension("bronzegate"),
            2 => extensions[1] = setup.extension("bronzegate"),
            _ => {
                handler.kill();
                handler = setup.handler().await;
            }
        }
    }
    setup.until(total).await;
    drop(extensions);
    let mixed = mixed(&handler.log());
    assert!(mixed > 20, "one batch mixes partitions: {mixed} did");
    let report = sound(&setup, &sent);
    // neither compacted nor written in transactions
    assert_eq!(setup.command(&["audit", "--no-holes"], 0)["wrong"], 0);
    assert_eq!(report["streams"][0]["log"], "topic");

    // another group has no offsets, and everything comes again
    let before = duplicates(&handler.log());
    let again = setup.extension("again");
    let start = Instant::now();
    while duplicates(&handler.log()) < before + total {
        assert!(start.elapsed() < PATIENCE, "{}", duplicates(&handler.log()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(again);
    sound(&setup, &sent);
}

#[tokio::test]
async fn envelopes_of_transactions_land_once_and_what_was_rejected_is_replayed() {
    let setup = Setup::new("orders-in-transactions", "string");
    let sent = produce(setup.topic, &records(600), &["--transactions", "20"]);
    let total = sent.len() as u64;
    let handler = setup.handler().await;
    let extension = setup.extension("bronzegate");
    setup.until(total / 2).await;
    handler.kill();
    let _handler = setup.handler().await;
    setup.until(total).await;
    drop(extension);
    let report = sound(&setup, &sent);
    let gaps = |partition: &Value| partition["lives"][0]["gaps"].as_array().unwrap().len();
    let partitions = report["streams"][0]["partitions"].as_array().unwrap();
    assert!(
        partitions.iter().map(gaps).sum::<usize>() > 20,
        "markers leave holes"
    );
    let strict = setup.command(&["audit", "--no-holes"], 1);
    assert_eq!(strict["findings"][0]["kind"], "gap");

    let catalog = sent::mended(setup.folder.path());
    let replay = ["replay", "--catalog", catalog.to_str().unwrap()];
    let landed = setup.command(&replay, 0)["landed"].as_u64().unwrap();
    assert!(landed > 0);
    assert_eq!(setup.command(&replay, 0)["landed"], 0);
    let report = setup.command(&["audit", "--deep"], 0);
    assert_eq!(report["totals"]["replayed"], landed);
}

/// A script of this folder.
fn script(name: &str) -> Command {
    let mut script = Command::new(python());
    script.arg(home().join(name));
    script
}
