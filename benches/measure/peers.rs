//! The same job by each peer: the same requests, the same verdicts, into the same emulator.
//!
//! `benches/peers/build` makes what is started here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bronzegate::store::{AzureOptions, open};
use serde_json::json;

use super::Common;
use super::azurite::Azurite;
use super::load::feed;
use super::results::Results;
use super::server::{Server, emulator_cpu};
use super::work::{Size, Work, root};
use super::{lake, load};

/// Who does the job, and how it is started.
struct Peer {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    settings: Vec<(&'static str, String)>,
    stand_in: bool,
}

/// Events of the run before the one that is timed: it has the schema's examples, and warms up.
const FIRST: usize = 20_000;
/// How often the start is timed.
const STARTS: usize = 3;

/// The key that the documentation of Azurite prints.
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Measures those that are built.
pub async fn run(common: &Common, only: &[String], size: Size) {
    let results = Results::open(common, "peers");
    let chosen = |peer: &Peer| only.is_empty() || only.iter().any(|it| it == peer.name);
    for peer in all(&common.program).into_iter().filter(chosen) {
        if results.has(peer.name) {
            println!("{}: measured before", peer.name);
        } else if peer.program.exists() {
            measure(&peer, size, &results).await;
        } else {
            println!("{}: not built, {}", peer.name, peer.program.display());
        }
    }
}

fn all(program: &Path) -> Vec<Peer> {
    let (sources, built) = (root().join("benches/peers"), root().join("target/peers"));
    let cores = std::thread::available_parallelism().unwrap().to_string();
    let python = built.join("venv/bin/python");
    let processes = || ("PROCESSES", cores.clone());
    let handler = |name, validator: &str| Peer {
        name,
        program: python.clone(),
        arguments: vec![sources.join("python/handler.py")],
        settings: vec![
            processes(),
            ("VALIDATOR", validator.to_owned()),
            ("PYTHONPATH", sources.join("python").display().to_string()),
        ],
        stand_in: false,
    };
    let runtime = |name, validator: &str| Peer {
        name,
        program: built.join("functions-host"),
        arguments: vec![],
        settings: vec![
            processes(),
            ("VALIDATOR", validator.to_owned()),
            ("PYTHON", python.display().to_string()),
            (
                "FUNCTION_APP",
                sources.join("functions").display().to_string(),
            ),
            ("GENERATED", built.join("functions").display().to_string()),
        ],
        stand_in: true,
    };
    vec![
        Peer {
            name: "bronzegate",
            program: program.to_owned(),
            arguments: vec!["serve".into()],
            settings: vec![],
            stand_in: false,
        },
        Peer {
            name: "go",
            program: built.join("go-handler"),
            arguments: vec![],
            settings: vec![],
            stand_in: false,
        },
        Peer {
            name: "node",
            program: built.join("node"),
            arguments: vec![sources.join("node/handler.js")],
            settings: vec![processes()],
            stand_in: false,
        },
        handler("python-jsonschema-rs", "jsonschema-rs"),
        handler("python-fastjsonschema", "fastjsonschema"),
        runtime("functions-jsonschema-rs", "jsonschema-rs"),
        runtime("functions-fastjsonschema", "fastjsonschema"),
    ]
}

async fn measure(peer: &Peer, size: Size, results: &Results) {
    println!("{}: starts, and the schema's examples", peer.name);
    let azurite = Azurite::start();
    let url = azurite.url("lake");
    let lake = open(&url.parse().unwrap(), AzureOptions::default());
    lake.ready().await.unwrap();
    let command = || {
        let mut command = Command::new(&peer.program);
        command
            .args(&peer.arguments)
            .env("FUNCTIONS_APP_ROOT_PATH", root())
            .env("LANDING_URL", &url)
            .env("LANDING_CONNECTION", connection(&url))
            .env("LANDING_CONTAINER", "lake")
            .env(
                "SCHEMA_FILE",
                root().join("schemas/order-transaction/1.0.0.json"),
            )
            .envs(peer.settings.iter().map(|(name, value)| (name, value)));
        command
    };
    let log = root().join(format!("target/measured/{}.log", peer.name));
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        starts.push(Server::start(command(), peer.stand_in, &log).await.start);
    }
    let server = Server::start(command(), peer.stand_in, &log).await;
    starts.push(server.start);
    starts.sort_unstable();
    let idle = server.memory();

    let events = FIRST.min(size.events);
    let mut work = Work::examples("examples", Size { events, ..size });
    feed(&server, &mut work).await;
    let verdicts = lake::check(peer.name, &url, &mut work).await;
    println!("{}: the same verdicts, {verdicts}", peer.name);

    let mut work = Work::generated("timed", size);
    let before = emulator_cpu();
    let run = feed(&server, &mut work).await;
    let emulator = emulator_cpu().saturating_sub(before);
    let written = lake::check(peer.name, &url, &mut work).await;
    say(peer.name, &run);
    let mut figures = run.figures();
    figures["partitions"] = json!(size.partitions);
    figures["batch"] = json!(size.batch);
    figures["start_ms"] = json!(starts[STARTS / 2].as_secs_f64() * 1e3);
    figures["idle_bytes"] = json!(idle);
    figures["emulator_cpu_seconds"] = json!(emulator.as_secs_f64());
    figures["lake"] = written;
    figures["examples"] = verdicts;
    figures["versions"] = json!(versions(peer.name));
    results.keep(peer.name, figures);
}

/// What an SDK asks for to reach the emulator that has the container `lake` there.
pub fn connection(url: &str) -> String {
    let endpoint = url.strip_suffix("/lake").unwrap();
    format!(
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};\
         BlobEndpoint={endpoint};"
    )
}

/// What was built of, as `benches/peers/build` has written it down.
pub fn versions(name: &str) -> String {
    let kind = name.split('-').next().unwrap();
    if kind == "bronzegate" {
        return format!("bronzegate {}", env!("CARGO_PKG_VERSION"));
    }
    let file = root().join(format!("target/peers/versions/{kind}"));
    let said = std::fs::read_to_string(file).unwrap_or_default();
    said.trim().to_owned()
}

/// A line of what came out.
pub fn say(name: &str, run: &load::Run) {
    let a_second = |time: Duration| run.events as f64 / time.as_secs_f64().max(1e-2);
    println!(
        "{name}: {:.0} events/s, {:.0} a second of its processor time, {:.0} MB at most",
        a_second(run.took),
        a_second(run.cpu),
        run.peak as f64 / 1e6
    );
}
