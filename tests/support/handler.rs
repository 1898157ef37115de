//! The real program, serving on a port of its own, as the Functions host starts it.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running handler; it is killed when this value is dropped.
pub struct Handler {
    child: Child,
    base: String,
    log: PathBuf,
    client: reqwest::Client,
}

/// What a request was answered.
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: Value,
}

/// A free port of this machine.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// An invocation's body for these payloads, of which the first has this sequence number.
pub fn payload(partition: &str, first: usize, bodies: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let base64 = |body| base64_simd::STANDARD.encode_to_string(body);
    let events: Vec<String> = bodies.iter().map(base64).collect();
    let sequences: Vec<usize> = (first..first + bodies.len()).collect();
    let times = vec!["2026-11-20T12:00:01"; bodies.len()];
    json!({
        "Data": {"events": json!(events).to_string()},
        "Metadata": {
            "PartitionContext": {
                "FullyQualifiedNamespace": "shop.servicebus.windows.net",
                "EventHubName": "orders",
                "PartitionId": partition
            },
            "SequenceNumberArray": json!(sequences).to_string(),
            "EnqueuedTimeUtcArray": json!(times).to_string(),
        }
    })
    .to_string()
    .into_bytes()
}

/// The repository: the function app that is shipped.
pub fn shipped_app() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Handler {
    /// Starts it on some port; `settings` come on top of the host's own.
    pub async fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_on(free_port(), folder, settings).await
    }

    /// Starts it on this port, landing in `folder` unless the settings say otherwise.
    pub async fn start_on(port: u16, folder: &Path, settings: &[(&str, &str)]) -> Self {
        let log = folder.join(format!("handler-{port}.log"));
        let stdout = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("FUNCTIONS_APP_ROOT_PATH", shipped_app())
            .env("LANDING_URL", format!("file://{}/lake", folder.display()))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut handler = Self {
            child,
            base: format!("http://127.0.0.1:{port}"),
            log,
            client: reqwest::Client::new(),
        };
        let start = Instant::now();
        while handler.client.get(&handler.base).send().await.is_err() {
            assert!(start.elapsed() < PATIENCE, "it does not listen");
            assert_eq!(
                handler.child.try_wait().unwrap(),
                None,
                "it ended: {}",
                handler.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        handler
    }

    /// Posts an invocation; `None` where the handler was gone before it answered.
    pub async fn post(&self, body: impl Into<Vec<u8>>, invocation: &str) -> Option<Answer> {
        self.send("POST", "/IngestOrders", body, invocation).await
    }

    /// Sends any request.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Vec<u8>>,
        invocation: &str,
    ) -> Option<Answer> {
        let response = self
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Azure-Functions-InvocationId", invocation)
            .header(
                "traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            )
            .body(body.into())
            .send()
            .await
            .ok()?;
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get("content-type")
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        let body = serde_json::from_slice(&response.bytes().await.ok()?).unwrap_or(Value::Null);
        Some(Answer {
            status,
            content_type,
            body,
        })
    }

    /// All that it has written to stdout.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The port's address.
    pub fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// SIGKILL, now.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The records of a lake's folder, by the blob's name below it.
pub fn records(lake: &Path, top: &str) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::new();
    collect(&lake.join(top), &lake.join(top), &mut found);
    found
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<Value>>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            collect(root, &path, found);
        } else if !name.starts_with('.') {
            let below = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.insert(below.to_owned(), lines(&std::fs::read(&path).unwrap()));
        }
    }
}

/// The records of a blob's body, compressed or not.
pub fn lines(body: &[u8]) -> Vec<Value> {
    let mut text = String::new();
    if body.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(body).read_to_string(&mut text).unwrap();
    } else {
        text.push_str(std::str::from_utf8(body).unwrap());
    }
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is whole"
    );
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
