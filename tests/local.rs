//! `bronzegate local`, as somebody at a terminal runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/azurite.rs"]
mod azurite;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

fn bronzegate(lake: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--lake", lake])
        .args(arguments)
        .output()
        .unwrap()
}

fn summary(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn path(folder: &TempDir) -> &str {
    folder.path().to_str().unwrap()
}

#[test]
fn what_is_sent_is_landed_once_and_a_second_run_lands_nothing_twice() {
    let lake = TempDir::new().unwrap();
    let first = summary(&bronzegate(path(&lake), &["--events", "6000", "--json"]));
    assert_eq!(first["proven"], true);
    assert_eq!(first["sent"], 6000);
    assert_eq!(first["duplicates_dropped"], 0);
    let rejected: u64 = first["rejected"]
        .as_object()
        .unwrap()
        .values()
        .map(|it| it.as_u64().unwrap())
        .sum();
    assert_eq!(first["accepted"].as_u64().unwrap() + rejected, 6000);
    assert!((60..200).contains(&rejected), "{rejected}");
    assert_eq!(first["rejection"]["_reason"], "schema");

    let second = summary(&bronzegate(path(&lake), &["--events", "6000", "--json"]));
    assert_eq!(second["duplicates_dropped"], 6000);
    for figure in ["accepted", "rejected", "blobs", "bytes"] {
        assert_eq!(first[figure], second[figure], "{figure}");
    }

    let longer = summary(&bronzegate(path(&lake), &["--events", "9000", "--json"]));
    assert_eq!(longer["duplicates_dropped"], 6000);
}

#[test]
fn i1_i2_a_handler_that_is_killed_again_and_again_lands_each_event_once() {
    let lake = TempDir::new().unwrap();
    let arguments = [
        "--events",
        "20000",
        "--kill-every",
        "300ms",
        "--seed",
        "3",
        "--json",
    ];
    let run = summary(&bronzegate(path(&lake), &arguments));
    assert_eq!(run["proven"], true);
    assert!(run["kills"].as_u64().unwrap() >= 2, "{run}");
    assert!(run["redelivered"].as_u64().unwrap() > 0, "{run}");
}

#[test]
fn even_a_short_run_sees_its_kills() {
    let lake = TempDir::new().unwrap();
    let arguments = ["--events", "400", "--kill-every", "1s", "--json"];
    let run = summary(&bronzegate(path(&lake), &arguments));
    assert!(run["kills"].as_u64().unwrap() >= 2, "{run}");
    assert_eq!(run["crashes"], 0);
}

#[test]
fn a_run_that_is_told_to_stop_leaves_no_handler() {
    let lake = TempDir::new().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--lake", path(&lake), "--events", "2000"])
        .args(["--kill-every", "20s", "--quiet"])
        .spawn()
        .unwrap();
    let (start, log) = (Instant::now(), lake.path().join(".bronzegate/handler.log"));
    while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains("\"landed\"")) {
        assert!(start.elapsed().as_secs() < 60 && run.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    let says = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let pid = run.id().to_string();
    let handler = says("pgrep", &["-P", &pid]);
    assert!(!handler.is_empty());
    says("kill", &["-TERM", &pid]);
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(!Path::new("/proc").join(handler).exists());
}

#[test]
fn a_proxy_is_not_asked_for_the_handler() {
    let lake = TempDir::new().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--lake", path(&lake), "--events", "100", "--json"])
        .env("http_proxy", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(summary(&run)["proven"], true);
}

#[test]
fn i1_i2_killed_over_azurite_it_lands_each_event_once() {
    let azurite = azurite::Azurite::start();
    let lake = azurite.url("lake");
    let arguments = ["--events", "12000", "--kill-every", "500ms", "--json"];
    let run = summary(&bronzegate(&lake, &arguments));
    assert_eq!(run["proven"], true);
    assert!(run["kills"].as_u64().unwrap() >= 2, "{run}");
    let again = summary(&bronzegate(&lake, &["--events", "12000", "--json"]));
    assert_eq!(again["duplicates_dropped"], 12_000);
    assert_eq!(again["blobs"], run["blobs"]);
}

#[test]
fn a_lake_that_was_tampered_with_is_not_proven() {
    let lake = TempDir::new().unwrap();
    let arguments = ["--events", "3000", "--compression", "none"];
    assert!(bronzegate(path(&lake), &arguments).status.success());
    let blob = first_blob(&lake.path().join("bronze"));
    let text = std::fs::read_to_string(&blob).unwrap();
    std::fs::write(&blob, text.replacen("\"Quantity\":", "\"Quantitx\":", 1)).unwrap();
    let output = bronzegate(path(&lake), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("NOT PROVEN"), "{said}");
    assert!(
        said.contains("line 1: its payload is not the one that was sent"),
        "{said}"
    );
}

fn first_blob(folder: &Path) -> std::path::PathBuf {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    entries.retain(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'));
    entries.sort();
    let first = entries.swap_remove(0);
    if first.is_dir() {
        first_blob(&first)
    } else {
        first
    }
}

#[test]
fn files_are_landed_line_by_line() {
    let folder = TempDir::new().unwrap();
    let csv = folder.path().join("sales.csv");
    std::fs::write(
        &csv,
        "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n\
         581482,12/9/2019,22485,\"Set, Of 2\",21.47,12,17490,United Kingdom\n\
         C581484,12/9/2019,23843,Paper Craft,6.19,-80995,NA,United Kingdom\n\
         581483,2019-12-09,22485,Crates,21.47,12,17490.0,United Kingdom\n",
    )
    .unwrap();
    let ndjson = folder.path().join("events.ndjson");
    std::fs::write(&ndjson, b"{\"a\":1}\r\n\nnot json\n{\"\xff\":1}").unwrap();
    let lake = folder.path().join("lake");
    let run = |kind, file: &Path| {
        let arguments = [kind, file.to_str().unwrap(), "--json"];
        summary(&bronzegate(lake.to_str().unwrap(), &arguments))
    };
    let csv = run("--csv", &csv);
    assert_eq!(
        (&csv["accepted"], &csv["rejected"]["schema"]),
        (&2.into(), &1.into())
    );
    let ndjson = run("--ndjson", &ndjson);
    assert_eq!(
        ndjson["rejected"],
        serde_json::json!({"empty": 1, "not-json": 1, "not-utf8": 1, "schema": 1})
    );
}

#[test]
fn what_is_sent_is_written_down_with_what_has_to_become_of_it() {
    let folder = TempDir::new().unwrap();
    let (lake, file) = (
        folder.path().join("lake"),
        folder.path().join("sent.ndjson"),
    );
    let arguments = [
        "--events",
        "3000",
        "--json",
        "--sent",
        file.to_str().unwrap(),
    ];
    let run = summary(&bronzegate(lake.to_str().unwrap(), &arguments));
    let text = std::fs::read_to_string(&file).unwrap();
    let (mut accepted, mut refused) = (0_u64, std::collections::BTreeMap::new());
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["_stream"], run["stream"]);
        match event["_expected"].as_str().unwrap() {
            "accepted" => accepted += 1,
            reason => *refused.entry(reason.to_owned()).or_insert(0_u64) += 1,
        }
        let text = event["body_text"].is_string();
        assert_ne!(text, event["body_base64"].is_string(), "{line}");
        assert_eq!(text, event["_expected"] != "not-utf8", "{line}");
    }
    assert_eq!(run["accepted"], accepted);
    assert_eq!(run["rejected"], serde_json::json!(refused));
    assert_eq!(refused.len(), 7, "{refused:?}");

    // it is there before the handler sees anything
    std::fs::remove_file(&file).unwrap();
    std::fs::write(folder.path().join("in-the-way"), "").unwrap();
    let blocked = folder.path().join("in-the-way/lake");
    let output = bronzegate(blocked.to_str().unwrap(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn events_are_judged_under_the_catalog_that_is_named() {
    let folder = TempDir::new().unwrap();
    let (lake, file) = (
        folder.path().join("lake"),
        folder.path().join("sent.ndjson"),
    );
    let schemas = folder.path().join("schemas");
    std::fs::create_dir_all(schemas.join("note")).unwrap();
    std::fs::write(schemas.join("catalog.json"), r#"{"default": "note/1"}"#).unwrap();
    let note = r#"{"$id": "urn:notes:note:1.0.0", "type": "object", "required": ["TransactionNo"],
        "properties": {"Quantity": {"maximum": 10}}}"#;
    std::fs::write(schemas.join("note/1.0.0.json"), note).unwrap();
    let run = |environment: &[(&str, &Path)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bronzegate"));
        command.args(["local", "--json", "--events", "400", "--sent"]);
        command.arg(&file).arg("--lake").arg(&lake).args(arguments);
        summary(&command.envs(environment.iter().copied()).output().unwrap())
    };
    let catalog = ["--catalog", schemas.to_str().unwrap()];
    let named = run(&[], &catalog);
    let example = &named["rejection"];
    assert_eq!(
        (&named["proven"], &example["_schema"]),
        (&true.into(), &"note/1.0.0".into())
    );
    // what has to become of an event is known under the shipped schemas alone
    let sent = std::fs::read_to_string(&file).unwrap();
    assert!(
        sent.lines()
            .all(|line| line.contains(r#""_expected":null"#))
    );
    let again = run(&[("SCHEMAS_DIR", &schemas)], &[]);
    assert_eq!(again["rejected"], named["rejected"]);
    assert_eq!(again["duplicates_dropped"], 400);
}

#[test]
fn bad_input_is_named_and_nothing_is_made() {
    let folder = TempDir::new().unwrap();
    let lake = folder.path().join("lake");
    for (arguments, says) in [
        (vec!["--csv", "/no/such.csv"], "/no/such.csv"),
        (vec!["--ndjson", "/no/such.ndjson"], "/no/such.ndjson"),
        (vec!["--spoil", "200%"], "0% to 100%"),
        (vec!["--partitions", "0"], "--partitions"),
        (vec!["--events", "0"], "whole number from 1"),
        (vec!["--kill-every", "often"], "no duration"),
        (vec!["--csv", "a", "--ndjson", "b"], "cannot be used"),
        (vec!["--compression", "zstd"], "gzip or none"),
        (vec!["--catalog", "/no/such"], "/no/such/catalog.json"),
        (vec!["--sent", "/no/such/file"], "/no/such/file"),
    ] {
        let output = bronzegate(lake.to_str().unwrap(), &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!lake.exists(), "{arguments:?}");
    }
}

#[test]
fn plain_and_quiet_runs_say_what_they_should() {
    let lake = TempDir::new().unwrap();
    let quiet = bronzegate(path(&lake), &["--events", "500", "--quiet"]);
    assert!(quiet.status.success() && quiet.stdout.is_empty() && quiet.stderr.is_empty());
    let plain = bronzegate(path(&lake), &["--events", "500"]);
    let said = String::from_utf8(plain.stdout).unwrap();
    for part in ["PROVEN  500 sent", "duplicates", "_reason", "Try next"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .env_remove("FUNCTIONS_CUSTOMHANDLER_PORT")
        .output()
        .unwrap();
    assert!(
        help.status.success()
            && String::from_utf8(help.stdout)
                .unwrap()
                .contains("Usage: bronzegate")
    );
}
