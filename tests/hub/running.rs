//! The real program with a hub on a port of its own, and the lake that it lands in.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::handler::{records, shipped_app};

/// How long anything may take, on a machine under load.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A hub that runs; it is killed when this value is dropped, and its handler goes with it.
pub struct Hub {
    child: Child,
    /// The connection string that it printed.
    pub connection: String,
    /// All that it printed at its start.
    pub listening: Value,
    /// The last object that it printed since.
    standing: Arc<Mutex<Value>>,
}

/// A lake for a test.
pub struct Lake {
    pub folder: TempDir,
}

impl Lake {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    pub fn hub(&self) -> Hub {
        Hub::start(&self.path(), shipped_app(), &[])
    }

    /// Waits until so many events stand in it, and audits it.
    pub fn landed(&self, events: u64) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let records = self.records();
            if records.len() as u64 >= events {
                assert_eq!(records.len() as u64, events);
                self.sound();
                return records;
            }
            let seen = records.len();
            assert!(start.elapsed() < PATIENCE, "{seen} of {events} are landed");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Audits it, record by record.
    pub fn sound(&self) {
        let report = self.audit();
        assert_eq!(report["sound"], true, "{report}");
    }

    pub fn audit(&self) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args(["audit", "--deep", "--json", "--lake"])
            .arg(self.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// All records of bronze and of the rejection log.
    pub fn records(&self) -> Vec<Value> {
        let both = ["bronze", "rejections"].map(|top| records(&self.path(), top));
        both.into_iter()
            .flat_map(|it| it.into_values().flatten())
            .collect()
    }
}

impl Hub {
    /// Starts one on a free port, with the function app of this folder.
    pub fn start(lake: &Path, app: &Path, arguments: &[&str]) -> Self {
        Self::start_on("0", lake, app, arguments)
    }

    /// Starts one on this port.
    pub fn start_on(port: &str, lake: &Path, app: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args(["local", "--hub", "--hub-port", port, "--json", "--lake"])
            .arg(lake)
            .args(arguments)
            .current_dir(app)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let standing = Arc::new(Mutex::new(Value::Null));
        let last = Arc::clone(&standing);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *last.lock().unwrap() = serde_json::from_str(&line).unwrap();
            }
        });
        Self {
            child,
            connection: first["listening"]["connection_string"]
                .as_str()
                .unwrap()
                .to_owned(),
            listening: first["listening"].clone(),
            standing,
        }
    }

    /// Waits until what it prints is as it should be.
    pub fn wait_for(&self, what: &str, is: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        while !is(&self.standing.lock().unwrap()) {
            let now = self.standing.lock().unwrap().to_string();
            assert!(start.elapsed() < PATIENCE, "{what}: {now}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process ids of its handlers.
    pub fn handlers(&self) -> Vec<String> {
        let output = Command::new("pgrep")
            .args(["-P", &self.id().to_string()])
            .output();
        let pids = String::from_utf8(output.unwrap().stdout).unwrap();
        pids.lines().map(str::to_owned).collect()
    }

    /// SIGKILL, now.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A signal by its name; returns the exit status.
    pub fn end(&mut self, signal: &str) -> Option<i32> {
        send(signal, &self.id().to_string());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that is killed when this value is dropped, as where a test fails.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal to one process.
pub fn send(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status().unwrap();
    assert!(status.success(), "kill {signal} {pid}");
}

/// The sum of a figure over the partitions of what a hub printed.
pub fn sum(standing: &Value, figure: &str) -> u64 {
    let rows = standing["partitions"].as_array();
    rows.into_iter()
        .flatten()
        .filter_map(|row| row[figure].as_u64())
        .sum()
}
