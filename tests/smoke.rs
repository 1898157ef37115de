//! `just smoke` against the hub on the laptop with the real handler behind it, over Azurite and over a
//! folder; `az` is a stand-in that refuses arguments which it does not know.

#![cfg(all(feature = "hub", feature = "event-hubs"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/azurite.rs"]
mod azurite;
#[path = "support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;
#[path = "smoke/proxy.rs"]
mod proxy;
#[path = "hub/running.rs"]
#[expect(dead_code, reason = "the tests of the hub use the rest")]
mod running;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use azurite::Azurite;
use running::{Hub, Lake};

const BRONZEGATE: &str = env!("CARGO_BIN_EXE_bronzegate");

const WORKSPACE: &str = "/subscriptions/s/resourceGroups/rg-dev/providers/Microsoft.OperationalInsights/workspaces/log-dev";

/// Answers as az does: figures as text, and nothing until it was asked twice.
const AZ: &str = r#"#!/usr/bin/env python3
import json, pathlib, re, sys
folder = pathlib.Path(__file__).parent
told = sys.argv[1:]
options = dict(zip(told[4::2], told[5::2]))
if told[:4] == ["monitor", "log-analytics", "workspace", "show"]:
    assert options == {"--ids": WORKSPACE, "--query": "customerId", "--output": "tsv"}, told
    print("5d8ec1a0-0000-4000-8000-000000000000")
    sys.exit()
options = dict(zip(told[3::2], told[4::2]))
assert told[:3] == ["monitor", "log-analytics", "query"], told
assert set(options) == {"--workspace", "--analytics-query", "--timespan", "--output"}, told
assert options["--workspace"] == "5d8ec1a0-0000-4000-8000-000000000000", told
assert "AppMetrics" in options["--analytics-query"], told
time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
assert re.fullmatch(f"{time}/{time}", options["--timespan"]), told
assert options["--output"] == "json", told
asked = folder / "asked"
first = not asked.exists()
asked.touch()
print("[]" if first else (folder / "rows.json").read_text())
"#;

/// A folder for one test, with an `az` in it.
struct Desk {
    folder: TempDir,
    hub: String,
    lake: String,
}

impl Desk {
    fn new(hub: &str, lake: &str) -> Self {
        let desk = Self {
            folder: TempDir::new().unwrap(),
            hub: hub.to_owned(),
            lake: lake.to_owned(),
        };
        let az = AZ.replace("WORKSPACE", &format!("{WORKSPACE:?}"));
        desk.program("az", &az);
        desk.log_analytics(&json!([]));
        desk
    }

    /// Writes a program that stands before all others.
    fn program(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    /// What a query is answered.
    fn log_analytics(&self, rows: &Value) {
        fs::write(self.folder.path().join("rows.json"), rows.to_string()).unwrap();
    }

    /// Runs it; its exit status, and what it printed.
    fn smoke(&self, arguments: &[&str]) -> (i32, String) {
        let places = [
            "--hub",
            &self.hub,
            "--lake",
            &self.lake,
            "--workspace",
            WORKSPACE,
        ];
        self.bare(&[&places, arguments].concat())
    }

    fn bare(&self, arguments: &[&str]) -> (i32, String) {
        let path = std::env::var("PATH").unwrap();
        let script = handler::shipped_app().join("infra/smoke");
        let output = Command::new(script)
            .args(["--bronzegate", BRONZEGATE, "--pause", "0.2s"])
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.folder.path().display()))
            .env_remove("LANDING_URL")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(said).unwrap(),
        )
    }

    fn json(&self, arguments: &[&str], status: i32) -> Value {
        let (ended, said) = self.smoke(&[arguments, &["--json"]].concat());
        assert_eq!(ended, status, "{said}");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}

/// The verdict of a step, and what it says.
fn step<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str) {
    let steps = report["steps"].as_array().unwrap();
    let step = steps.iter().find(|it| it["step"] == name).unwrap();
    (
        step["verdict"].as_str().unwrap(),
        step["says"].as_str().unwrap(),
    )
}

/// The rows that Log Analytics has of so many events.
fn rows(accepted: u64, rejected: u64) -> Value {
    let row = |verdict: &str, events: u64| json!({"Events": format!("{events}.0"), "TableName": "PrimaryResult", "Verdict": verdict});
    json!([row("accepted", accepted), row("rejected", rejected)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_found_sound_and_a_store_that_ignores_the_condition_is_not() {
    let azurite = Azurite::start();
    let home = TempDir::new().unwrap();
    let url = azurite.url("lake");
    let hub = Hub::start(Path::new(&url), home.path(), &[]);
    let desk = Desk::new(&hub.connection, &url);
    // the same events were sent before, by another run
    desk.log_analytics(&rows(290, 10));
    let before = desk.json(&["--events", "300"], 0);
    assert_eq!(before["verdict"], "sound", "{before}");

    desk.log_analytics(&rows(1950, 50));
    let (status, said) = desk.smoke(&["--events", "2000"]);
    assert_eq!(status, 0, "{said}");
    for says in [
        "  ok          send   2,000 events to 127.0.0.1:",
        "  ok          drain  the lake has all that 127.0.0.1:",
        "each of 2,000 events stands there once, among 300 others: 1,9",
        "  ok          store  12 cases hold (flat namespace)",
        "  ok          query  smoke.kql: it sees 2,000 events of 2,000",
        "\nSOUND\n",
    ] {
        assert!(said.contains(says), "{says}: {said}");
    }
    let (status, said) = desk.smoke(&["--events", "50", "--quiet", "--skip", "store"]);
    assert_eq!((status, said.as_str()), (0, ""));

    // what the suite wrote is removed
    let audit = Command::new(BRONZEGATE)
        .args(["audit", "--deep", "--quiet", "--lake", &url])
        .status();
    assert!(audit.unwrap().success());
    let proxy = proxy::start(&url).await;
    assert_eq!(proxy.names("_conform/").await, Vec::<String>::new());

    let desk = Desk::new(&hub.connection, &proxy.url);
    let report = desk.json(&["--events", "100", "--skip", "query"], 1);
    assert_eq!(report["verdict"], "not sound");
    assert_eq!(step(&report, "audit").0, "ok", "{report}");
    let (verdict, says) = step(&report, "store");
    assert_eq!(verdict, "failed");
    assert!(says.contains("one of many creators wins"), "{says}");
    assert!(
        says.contains("a taken name: it is Created, and not Taken"),
        "{says}"
    );
    assert!(!report.to_string().contains("sig="), "{report}");
    assert_eq!(proxy.names("_conform/").await, Vec::<String>::new());
}

#[test]
fn what_is_lost_twice_or_not_seen_is_named() {
    let lake = Lake::new();
    let hub = lake.hub();
    let path = lake.path();
    let desk = Desk::new(&hub.connection, path.to_str().unwrap());
    let few = ["--events", "200", "--skip", "store"];

    let unseen = [&few[..], &["--query-patience", "1s"]].concat();
    let report = desk.json(&unseen, 1);
    assert_eq!(step(&report, "audit").0, "ok", "{report}");
    let (verdict, says) = step(&report, "query");
    assert_eq!(verdict, "failed");
    assert!(
        says.starts_with("smoke.kql: no row, and no more came"),
        "{says}"
    );
    desk.log_analytics(&rows(100, 10));
    let report = desk.json(&unseen, 1);
    let (_, says) = step(&report, "query");
    assert!(says.contains("it sees 110 events of 200"), "{says}");

    // an event goes in twice
    let twice = format!(
        "#!/bin/sh\n[ \"$1\" != send ] || {BRONZEGATE} \"$@\" >/dev/null\nexec {BRONZEGATE} \"$@\"\n"
    );
    let twice = desk.program("twice", &twice);
    let program = ["--skip", "query", "--bronzegate"];
    let run = |program_file: &Path| {
        let arguments = [&few[..], &program, &[program_file.to_str().unwrap()]].concat();
        desk.json(&arguments, 1)
    };
    let report = run(&twice);
    let (verdict, says) = step(&report, "audit");
    assert_eq!(verdict, "failed");
    assert!(
        says.contains("200 events stand more than once, as "),
        "{says}"
    );

    // a blob is removed before the audit
    let lost = format!(
        "#!/bin/sh\ncase \"$*\" in *--deep*) rm \"$(find {} -path '*/bronze/*' -name '*.json.gz' | sort | tail -1)\" ;; esac\nexec {BRONZEGATE} \"$@\"\n",
        path.display()
    );
    let report = run(&desk.program("lost", &lost));
    let (verdict, says) = step(&report, "audit");
    assert_eq!(verdict, "failed");
    assert!(
        says.contains("lost") && says.contains("events stand nowhere, as "),
        "{says}"
    );
}

#[test]
fn what_does_not_come_is_waited_for_and_named() {
    let lake = Lake::new();
    let hub = lake.hub();
    let desk = Desk::new(&hub.connection, lake.path().to_str().unwrap());
    desk.json(&["--events", "20", "--skip", "store", "--skip", "query"], 0);
    // the handler can't be started any more, so nothing is landed
    let handlers = hub.handlers();
    for pid in &handlers {
        running::send("-STOP", pid);
    }
    let arguments = [
        "--events",
        "20",
        "--patience",
        "1s",
        "--skip",
        "store",
        "--skip",
        "query",
    ];
    let report = desk.json(&arguments, 1);
    for pid in &handlers {
        running::send("-KILL", pid);
    }
    let (verdict, says) = step(&report, "drain");
    assert_eq!(verdict, "failed");
    assert!(
        says.starts_with("20 events are still to come, and none came"),
        "{says}"
    );
    assert_eq!(
        step(&report, "audit"),
        ("skipped", "drain did not come about")
    );
}

#[test]
fn what_was_deployed_is_asked_of_azd_or_terraform() {
    let desk = Desk::new("", "");
    let (hub, lake) = ("localhost:1", "/no/such/lake");
    desk.program(
        "azd",
        &format!("#!/bin/sh\n[ \"$1 $2 $3 $4 $5\" = 'env get-values --output json --cwd' ] || exit 1\necho '{{\"EVENT_HUBS_HOST\":\"{hub}\",\"EVENT_HUB_NAME\":\"orders\",\"LANDING_URL\":\"{lake}\",\"LOG_WORKSPACE_ID\":\"{WORKSPACE}\"}}'\n"),
    );
    let (status, said) = desk.bare(&["--json"]);
    assert_eq!(status, 2, "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&report["hub"], &report["lake"]),
        (&json!("localhost:1/orders"), &json!(lake))
    );
    assert_eq!(report["verdict"], "not known");
    let (verdict, says) = step(&report, "send");
    assert_eq!(verdict, "impossible");
    assert!(
        says.contains("start one by `bronzegate local --hub`"),
        "{says}"
    );
    let (verdict, says) = step(&report, "store");
    assert_eq!(verdict, "impossible");
    assert!(says.contains("no such folder"), "{says}");
    assert_eq!(
        step(&report, "query"),
        ("skipped", "send did not come about")
    );

    desk.program(
        "terraform",
        "#!/bin/sh\n[ \"$2 $3\" = 'output -json' ] || exit 1\necho '{\"EVENT_HUBS_HOST\":{\"value\":\"x\"}}'\n",
    );
    let (status, said) = desk.bare(&["--terraform"]);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("terraform has no output 'EVENT_HUB_NAME': is it deployed?"),
        "{said}"
    );
    desk.program(
        "azd",
        "#!/bin/sh\necho 'ERROR: no environment' >&2\nexit 1\n",
    );
    let (status, said) = desk.bare(&[]);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("azd has no outputs: ERROR: no environment"),
        "{said}"
    );
}
