//! `bronzegate audit` and `bronzegate replay`, as an operator runs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/azurite.rs"]
mod azurite;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

fn bronzegate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(arguments)
        .env_remove("LANDING_URL")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

/// The JSON that a command prints; it ends with this status.
fn json(arguments: &[&str], status: i32) -> Value {
    let output = bronzegate(&[arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(status), "{}", said(&output));
    assert!(output.stderr.is_empty(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn land(lake: &str, events: &str) {
    let output = bronzegate(&["local", "--lake", lake, "--events", events, "--quiet"]);
    assert!(output.status.success(), "{}", said(&output));
}

/// A catalog under which prices may be strings.
fn mended(folder: &Path) -> PathBuf {
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
    schema["properties"]["Price"] = serde_json::json!({"type": ["number", "string"]});
    std::fs::write(&file, schema.to_string()).unwrap();
    catalog
}

fn str(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let hidden = path.file_name().unwrap().to_str().unwrap().starts_with('.');
        if path.is_dir() && !hidden {
            files(&path, found);
        } else if !hidden {
            found.push(path);
        }
    }
}

/// The blobs of a lake's folder whose names have this in them, in order.
fn blobs(lake: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(lake, &mut found);
    found.retain(|path| str(path).contains(part));
    found.sort();
    found
}

#[test]
fn a_lake_is_audited_replayed_and_audited_again() {
    let folder = TempDir::new().unwrap();
    let lake = folder.path().join("lake");
    round(str(&lake), folder.path());
    assert!(!blobs(&lake, "bronze/local/orders/date=2026-01-05/hour=08/replay-").is_empty());
}

#[test]
fn the_same_over_azurite() {
    let azurite = azurite::Azurite::start();
    let folder = TempDir::new().unwrap();
    round(&azurite.url("lake/some/prefix"), folder.path());
}

fn round(lake: &str, folder: &Path) {
    let catalog = mended(folder);
    let catalog = ["--catalog", str(&catalog)];
    land(lake, "4000");
    let before = json(&["audit", "--lake", lake], 0);
    assert_eq!(
        (&before["sound"], &before["wrong"]),
        (&true.into(), &0.into())
    );
    assert_eq!(before["totals"]["events"], 4000);
    assert_eq!(before["reasons"], Value::Null);
    let rejected = before["totals"]["rejected"].as_u64().unwrap();
    assert!(rejected > 40);

    let replay = |more: &[&str], status| {
        json(
            &[&["replay", "--lake", lake][..], &catalog, more].concat(),
            status,
        )
    };
    let dry = replay(&["--dry-run"], 0);
    let accepted = dry["accepted"][0]["events"].as_u64().unwrap();
    assert!(accepted > 0);
    assert_eq!(
        (&dry["landed"], &dry["accepted"][0]["reason"]),
        (&0.into(), &"schema".into())
    );
    assert_eq!(
        json(&["audit", "--lake", lake], 0)["totals"],
        before["totals"]
    );

    for nothing in [
        ["--reason", "empty"],
        ["--schema", "order/1.0.0"],
        ["--until", "2026-01-01"],
        ["--since", "2027-01-01T00:00:00Z"],
        ["--prefix", "rejections/local/orders/date=2027"],
    ] {
        assert_eq!(replay(&nothing, 0)["landed"], 0, "{nothing:?}");
    }
    let other = ["--stream", "local/other"];
    assert_eq!(
        replay(&other, 1)["problems"][0]["message"],
        "the lake has no such stream"
    );
    assert_eq!(
        json(&["audit", "--lake", lake, other[0], other[1]], 1)["findings"][0]["kind"],
        "no-lake"
    );
    let done = replay(
        &[
            "--reason",
            "schema",
            "--since",
            "2026-01-05",
            "--stream",
            "local/Orders",
        ],
        0,
    );
    assert_eq!(done["landed"], accepted);
    let again = replay(&[], 0);
    assert_eq!(
        (&again["landed"], &again["resolved_before"]),
        (&0.into(), &accepted.into())
    );

    let after = json(&["audit", "--lake", lake, "--deep"], 0);
    assert_eq!(after["totals"]["replayed"], accepted);
    assert_eq!(after["totals"]["open"], rejected - accepted);
    let open: u64 = after["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["open"].as_u64().unwrap())
        .sum();
    assert_eq!(open, rejected - accepted);
    // what is landed by a replay is not landed again by a redelivery
    land(lake, "4000");
    assert_eq!(
        json(&["audit", "--lake", lake, "--deep"], 0)["totals"],
        after["totals"]
    );
}

#[test]
fn i7_replays_that_are_killed_and_run_side_by_side_land_each_event_once() {
    let folder = TempDir::new().unwrap();
    let lake = folder.path().join("lake");
    land(str(&lake), "20000");
    let catalog = mended(folder.path());
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args([
                "replay",
                "--lake",
                str(&lake),
                "--catalog",
                str(&catalog),
                "--quiet",
            ])
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    };
    for round in 0..20 {
        let (mut one, mut other) = (start(), start());
        std::thread::sleep(Duration::from_millis(10 + 5 * round));
        for replay in [&mut one, &mut other] {
            replay.kill().unwrap();
            replay.wait().unwrap();
        }
    }
    let (mut one, mut other) = (start(), start());
    assert!(one.wait().unwrap().success() && other.wait().unwrap().success());
    let report = json(&["audit", "--lake", str(&lake), "--deep"], 0);
    let open = |report: &Value| report["totals"]["open"].as_u64().unwrap();
    let replayed = report["totals"]["replayed"].as_u64().unwrap();
    let dry = [
        "replay",
        "--lake",
        str(&lake),
        "--catalog",
        str(&catalog),
        "--dry-run",
    ];
    let dry = json(&dry, 0);
    assert!(replayed > 0 && dry["accepted"].as_array().unwrap().is_empty());
    assert_eq!(dry["resolved_before"], replayed);
    let resolutions: u64 = blobs(&lake, "/rejections/")
        .iter()
        .filter(|path| str(path).contains("/replay-"))
        .map(|path| lines(path))
        .sum();
    let landed: u64 = blobs(&lake, "/bronze/")
        .iter()
        .filter(|path| str(path).contains("/replay-"))
        .map(|path| lines(path))
        .sum();
    assert_eq!((landed, resolutions), (replayed, replayed));
    assert!(open(&report) > 0);
}

fn lines(path: &Path) -> u64 {
    let body = std::fs::read(path).unwrap();
    let mut lines = 0;
    bronzegate::lake::each_line(&body, |_, _| lines += 1).unwrap();
    lines
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let lake = folder.path().join("lake");
    land(str(&lake), "3000");
    let rejections = blobs(&lake, "/rejections/");
    std::fs::remove_file(&rejections[0]).unwrap();
    let bronze = blobs(&lake, "/bronze/");
    let damaged = &bronze[bronze.len() - 1];
    let mut body = std::fs::read(damaged).unwrap();
    let half = body.len() / 2;
    body[half..].fill(0);
    std::fs::write(damaged, &body).unwrap();
    std::fs::write(lake.join("bronze/readme.md"), "hello").unwrap();

    let report = json(&["audit", "--lake", str(&lake), "--deep"], 1);
    assert_eq!(report["sound"], false);
    let of = |kind: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|it| it["kind"] == kind)
            .unwrap()
            .clone()
    };
    let unpublished = of("unpublished");
    assert!(str(&rejections[0]).ends_with(unpublished["blob"].as_str().unwrap()));
    assert!(unpublished["partition"].is_string() && unpublished["first"].is_u64());
    let found = of("damaged");
    assert!(str(damaged).ends_with(found["blob"].as_str().unwrap()));
    assert!(found["message"].as_str().unwrap().contains("inflated"));
    assert_eq!(of("foreign")["blob"], "bronze/readme.md");

    let plain = bronzegate(&["audit", "--lake", str(&lake), "--deep"]);
    assert_eq!(plain.status.code(), Some(1));
    let text = said(&plain);
    for part in [
        "NOT SOUND",
        "UNPUBLISHED",
        "→ was _outbox/ emptied",
        "DAMAGED",
        "FOREIGN",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let quiet = bronzegate(&["audit", "--lake", str(&lake), "--quiet"]);
    assert_eq!((quiet.status.code(), said(&quiet).as_str()), (Some(1), ""));

    // a replay passes over what it can't read, and says so
    let mut body = std::fs::read(&rejections[1]).unwrap();
    let half = body.len() / 2;
    body[half..].fill(0);
    std::fs::write(&rejections[1], &body).unwrap();
    let catalog = mended(folder.path());
    let replay = json(
        &["replay", "--lake", str(&lake), "--catalog", str(&catalog)],
        1,
    );
    assert!(replay["landed"].as_u64().unwrap() > 0);
    let problem = replay["problems"][0]["blob"].as_str().unwrap();
    assert!(str(&rejections[1]).ends_with(problem));
}

#[test]
fn what_can_not_be_looked_at_is_said() {
    let folder = TempDir::new().unwrap();
    let path = str(folder.path());
    let secret = "https://shop.blob.core.windows.net/?sig=SECRET";
    for (arguments, status, says) in [
        (vec!["audit", "--lake", path], 1, "NO-LAKE"),
        (vec!["replay", "--lake", path], 1, "this is no lake"),
        (
            vec!["audit", "--lake", "/no/such/lake"],
            2,
            "no such folder",
        ),
        (
            vec![
                "audit",
                "--lake",
                "http://127.0.0.1:1/devstoreaccount1/lake",
            ],
            2,
            "could not",
        ),
        (
            vec!["audit", "--lake", secret],
            2,
            "the container is missing",
        ),
        (
            vec!["local", "--lake", secret],
            2,
            "the container is missing",
        ),
        (
            vec!["audit", "--lake", path, "--since", "yesterday"],
            2,
            "2026-11-20T07:30:00Z",
        ),
        (
            vec!["audit", "--lake", path, "--stream", "orders"],
            2,
            "as in shop/orders",
        ),
        (
            vec!["replay", "--lake", path, "--reason", "bad"],
            2,
            "duplicate-key",
        ),
        (
            vec!["replay", "--lake", path, "--prefix", "bronze/"],
            2,
            "begin with rejections/",
        ),
        (
            vec!["replay", "--lake", path, "--catalog", path],
            2,
            "catalog.json",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args(&arguments)
            .env("STORE_RETRY_BUDGET", "100ms")
            .output()
            .unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(says), "{arguments:?}: {text}");
        assert!(!text.contains("SECRET"), "{text}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_lake_may_be_named_by_the_environment() {
    let folder = TempDir::new().unwrap();
    let lake = folder.path().join("lake");
    land(str(&lake), "300");
    let output = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["audit", "--json"])
        .env("LANDING_URL", format!("file://{}", lake.display()))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["totals"]["events"], 300);
    for command in ["audit", "replay"] {
        let help = said(&bronzegate(&[command, "--help"]));
        assert!(
            help.contains("Examples:") && help.contains("Exit status:"),
            "{help}"
        );
    }
}
