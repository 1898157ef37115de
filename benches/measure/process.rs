//! bronzegate's own process: stores, partitions at once, small requests, and a store that is slow.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Common;
use super::azurite::Azurite;
use super::lake;
use super::load::feed;
use super::peers::say;
use super::results::Results;
use super::server::{Server, emulator_cpu};
use super::slow;
use super::work::{Size, Work, root};

const PARTITIONS: [usize; 4] = [1, 4, 16, 32];
/// The events of a request, as host.json has it.
const BATCH: usize = 1_000;
/// How often the start is timed.
const STARTS: usize = 20;
/// By how much a call of the store is delayed, and how many requests a partition then has.
const DELAYS: [(u64, usize); 2] = [(100, 8), (1_000, 3)];

/// Where it lands.
#[derive(Clone, Copy)]
enum Store {
    Folder,
    Emulator,
    /// The emulator, with its answers held back by so many milliseconds.
    Slow(u64),
}

/// Measures all of it.
pub async fn run(common: &Common, events: usize, only: &str) {
    let results = Results::open(common, "process");
    if "start".contains(only) && !results.has("start") {
        results.keep("start", started(&common.program).await);
    }
    for (name, store, size) in cells(events) {
        if !name.contains(only) {
            continue;
        }
        if results.has(&name) {
            println!("{name}: measured before");
            continue;
        }
        let mut figures = cell(&common.program, &name, store, size).await;
        let (kind, delay) = match store {
            Store::Folder => ("folder", 0),
            Store::Emulator => ("azurite", 0),
            Store::Slow(delay) => ("slow", delay),
        };
        figures["store"] = json!(kind);
        figures["delay_ms"] = json!(delay);
        figures["partitions"] = json!(size.partitions);
        figures["batch"] = json!(size.batch);
        results.keep(&name, figures);
    }
}

fn cells(events: usize) -> Vec<(String, Store, Size)> {
    let mut cells = Vec::new();
    for (name, store) in [("folder", Store::Folder), ("azurite", Store::Emulator)] {
        for partitions in PARTITIONS {
            let size = Size {
                events,
                partitions,
                batch: BATCH,
            };
            cells.push((format!("{name}-{partitions:02}"), store, size));
        }
    }
    // requests enough for the last thousandth, and none that waits for another's turn
    let size = Size {
        events,
        partitions: 1,
        batch: 100,
    };
    cells.push(("latency-folder".to_owned(), Store::Folder, size));
    cells.push(("latency-azurite".to_owned(), Store::Emulator, size));
    for (delay, requests) in DELAYS {
        for partitions in PARTITIONS {
            let size = Size {
                events: (partitions * requests * BATCH).min(events.max(partitions * BATCH)),
                partitions,
                batch: BATCH,
            };
            let name = format!("slow-{delay:04}-{partitions:02}");
            cells.push((name, Store::Slow(delay), size));
        }
    }
    cells
}

async fn cell(program: &Path, name: &str, store: Store, size: Size) -> Value {
    let folder = TempDir::new().unwrap();
    let (url, behind, _azurite) = match store {
        Store::Folder => {
            let url = format!("file://{}/lake", folder.path().display());
            (url.clone(), url, None)
        }
        Store::Emulator => {
            let azurite = Azurite::start();
            (azurite.url("lake"), azurite.url("lake"), Some(azurite))
        }
        Store::Slow(delay) => {
            let azurite = Azurite::start();
            let behind = azurite.url("lake");
            let port = behind.split([':', '/']).nth(4).unwrap();
            let delay = Duration::from_millis(delay);
            let slow = slow::in_front_of(port.parse().unwrap(), delay).await;
            let url = behind.replace(&format!(":{port}/"), &format!(":{slow}/"));
            (url, behind, Some(azurite))
        }
    };
    let log = root().join(format!("target/measured/{name}.log"));
    let server = Server::start(command(program, &url), false, &log).await;
    let mut work = Work::generated("orders", size);
    let before = emulator_cpu();
    let run = feed(&server, &mut work).await;
    let emulator = emulator_cpu().saturating_sub(before);
    let after = server.memory();
    drop(server);
    let written = lake::check(name, &behind, &mut work).await;
    say(name, &run);
    let mut figures = run.figures();
    figures["emulator_cpu_seconds"] = json!(emulator.as_secs_f64());
    figures["after_bytes"] = json!(after);
    figures["lake"] = written;
    figures
}

/// The start, at rest, and the file.
async fn started(program: &Path) -> Value {
    let folder = TempDir::new().unwrap();
    let url = format!("file://{}/lake", folder.path().display());
    let log = folder.path().join("log");
    let (mut starts, mut idle) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let server = Server::start(command(program, &url), false, &log).await;
        starts.push(server.start.as_secs_f64() * 1e3);
        idle = server.memory();
    }
    starts.sort_by(f64::total_cmp);
    let size = std::fs::metadata(program).unwrap().len();
    println!("start: {:.1} ms", starts[STARTS / 2]);
    json!({
        "start_ms": starts[STARTS / 2],
        "least_start_ms": starts[0],
        "idle_bytes": idle,
        "binary_bytes": size,
    })
}

fn command(program: &Path, url: &str) -> Command {
    let mut command = Command::new(program);
    command
        .arg("serve")
        .env("FUNCTIONS_APP_ROOT_PATH", root())
        .env("LANDING_URL", url);
    command
}
