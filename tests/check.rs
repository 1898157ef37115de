//! `bronzegate check`, as a producer's team or its CI runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const GOOD: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Crates","Price":21.47,"Quantity":12,"CustomerNo":"17490","Country":"United Kingdom"}"#;
const ORDER: &str = r#"{"orderId":"581482","event":"cancelled","time":"2019-12-09T12:00:00Z","reason":"ordered twice"}"#;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bronzegate"));
    command
        .arg("check")
        .args(arguments)
        .env_remove("SCHEMAS_DIR")
        .env_remove("EVENT_LIMIT")
        .env_remove("NESTING_LIMIT")
        .stdin(Stdio::null());
    command
}

fn check(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    if code == 2 { err } else { out }.into_owned()
}

fn records(output: &Output) -> Vec<Value> {
    let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
    lines.map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// A file in a folder of its own.
fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn spoilt(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from));
    GOOD.replacen(from, to, 1)
}

#[test]
fn what_is_good_is_accepted_in_every_format() {
    let csv = "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n\
               581482,12/9/2019,22485,\"Set, Of 2\",21.47,12,17490,United Kingdom\n";
    let pretty = GOOD.replace(",\"", ",\n\"");
    for (name, content, events) in [
        ("a.ndjson", format!("{GOOD}\r\n{GOOD}\n{GOOD}"), "3 events"),
        ("a.jsonl", format!("{GOOD}\n"), "1 event"),
        ("a.json", format!("[{pretty},{GOOD}]"), "2 events"),
        ("a.json", pretty, "1 event"),
        ("a.log", format!("{GOOD}\n{GOOD}\n"), "2 events"),
        ("a.csv", csv.to_owned(), "1 event"),
    ] {
        let (_folder, path) = file(name, &content);
        let said = said(&check(&[&path]), 0);
        let counted = format!("{events}: ");
        assert!(said.contains(&counted), "{name}: {said}");
        assert!(
            said.contains("0 rejected; accepted under order-transaction/1.0.0"),
            "{said}"
        );
    }
}

#[test]
fn rejections_are_grouped_and_say_what_to_change_and_where() {
    let price = spoilt("21.47", "\"12.5\"");
    let lines = [
        GOOD,
        &price,
        &price,
        "",
        &spoilt("\"17490\"", "NaN"),
        &price,
        &price,
        &price,
    ];
    let (_folder, path) = file("orders.ndjson", lines.join("\n"));
    let said = said(&check(&[&path]), 1);
    for part in [
        "orders.ndjson  8 events: 1 accepted, 7 rejected",
        "schema  /Price  type  5 events  under order-transaction/1.0.0",
        "`Price` is the string \"12.5\": must be a number: write the number without quotes",
        "orders.ndjson: line 2, 3, 6 and 2 more",
        "empty  1 event\n",
        "orders.ndjson: line 4\n",
        "not-json  1 event\n",
        "NaN is not JSON: leave the field out or send null",
        "orders.ndjson: line 5 (column 130)",
    ] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
}

#[test]
fn every_format_says_its_own_places() {
    let array = format!(
        "[{GOOD},\n{}]",
        spoilt("\"Price\":21.47", "\"Price\":1,\"Price\":2")
    );
    let csv = "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n\
               581482,12/9/2019,22485,\"Set\nOf 2\",21.47,12,17490,United Kingdom\n\
               581482,12/9/2019,22485,Set,cheap,12,17490,United Kingdom\n";
    let document = "{\n  \"a\": 1,5\n}\n";
    for (name, content, reason, place, column, number) in [
        (
            "a.json",
            array.as_str(),
            "duplicate-key",
            "a.json: element 2 (/1)\n",
            "_element",
            2,
        ),
        ("a.csv", csv, "schema", "a.csv: line 4\n", "_line", 4),
        (
            "a.json",
            document,
            "not-json",
            "a.json: line 2, column 10\n",
            "_line",
            1,
        ),
    ] {
        let (_folder, path) = file(name, content);
        let output = check(&["--json", &path]);
        assert_eq!(output.status.code(), Some(1));
        let records = records(&output);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["_reason"], reason);
        assert_eq!(records[0]["_file"], path);
        assert_eq!(records[0][column], number);
        let said = said(&check(&[&path]), 1);
        assert!(said.contains(place), "{place} in {said}");
    }
}

#[test]
fn standard_input_is_read_and_its_format_told() {
    let lines = format!("{GOOD}\n{}\n", spoilt("12,", "\"12\","));
    for arguments in [&[][..], &["-"], &["--format", "ndjson", "-"]] {
        let said = said(&piped(arguments, lines.as_bytes()), 1);
        assert!(
            said.contains("stdin  2 events: 1 accepted, 1 rejected"),
            "{said}"
        );
        assert!(said.contains("stdin: line 2"), "{said}");
    }
    let one = said(&piped(&["--format", "json"], lines.as_bytes()), 1);
    assert!(
        one.contains("stdin  1 event: 0 accepted") && one.contains("several documents"),
        "{one}"
    );
}

#[test]
fn a_schema_that_is_named_goes_before_every_route() {
    let (_folder, path) = file("order.json", ORDER);
    let routed = said(&check(&[&path]), 1);
    assert!(routed.contains("under order-transaction/1.0.0"), "{routed}");
    for name in [
        "order/1.0.0",
        "order/1",
        "order",
        "urn:bronzegate:schema:order:1.0.0",
    ] {
        let said = said(&check(&["--schema", name, &path]), 0);
        assert!(said.contains("accepted under order/1.0.0"), "{said}");
    }
}

#[test]
fn a_streams_route_applies_where_it_is_named() {
    let catalog = TempDir::new().unwrap();
    let put = |name: &str, content: Value| {
        let path = catalog.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.to_string()).unwrap();
    };
    put(
        "catalog.json",
        json!({"default": "none", "streams": {"shop/orders": "any"}}),
    );
    put(
        "none/1.0.0.json",
        json!({"$id": "urn:x:none:1.0.0", "maxProperties": 0}),
    );
    put("any/1.0.0.json", json!({"$id": "urn:x:any:1.0.0"}));
    let catalog = catalog.path().to_str().unwrap();
    let (_folder, path) = file("a.ndjson", GOOD);
    said(&check(&["--catalog", catalog, &path]), 1);
    let routed = check(&["--catalog", catalog, "--stream", "Shop/Orders", &path]);
    assert!(said(&routed, 0).contains("accepted under any/1.0.0"));
    let by_variable = command(&[&path])
        .env("SCHEMAS_DIR", catalog)
        .output()
        .unwrap();
    assert!(said(&by_variable, 1).contains("under none/1.0.0"));
}

#[test]
fn the_limits_are_those_of_the_function() {
    let (_folder, path) = file("a.ndjson", GOOD);
    let large = command(&[&path])
        .env("EVENT_LIMIT", "100")
        .output()
        .unwrap();
    assert!(said(&large, 1).contains("too-large  1 event"));
    let wrong = command(&[&path])
        .env("EVENT_LIMIT", "big")
        .output()
        .unwrap();
    assert!(said(&wrong, 2).contains("EVENT_LIMIT"));
}

#[test]
fn quiet_says_nothing_and_its_status_says_it_all() {
    let (_good, good) = file("a.ndjson", GOOD);
    let (_bad, bad) = file("a.ndjson", "x");
    for (path, code) in [(good, 0), (bad, 1)] {
        let output = check(&["--quiet", &path]);
        assert_eq!(output.status.code(), Some(code));
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
    }
}

#[test]
fn bad_input_is_named_with_what_to_do() {
    let (_csv, csv) = file("a.csv", "a,b\n1,2\n");
    let (_short, short) = file(
        "b.csv",
        "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n1,2\n",
    );
    let (_good, good) = file("a.ndjson", GOOD);
    let folder = Path::new(&good).parent().unwrap().to_str().unwrap();
    for (arguments, says) in [
        (
            vec!["/no/such.ndjson"],
            vec!["/no/such.ndjson", "can't be read"],
        ),
        (vec![&good, "/no/such.ndjson"], vec!["/no/such.ndjson"]),
        (vec![folder], vec![folder, "is a folder: name the files"]),
        (
            vec![&csv],
            vec!["a.csv: line 1: no column TransactionNo", "data set"],
        ),
        (vec![&short], vec!["b.csv: line 2"]),
        (
            vec!["--schema", "order/9", &good],
            vec!["--schema order/9", "order (1.0.0)"],
        ),
        (
            vec!["--catalog", "/no/such", &good],
            vec!["/no/such/catalog.json"],
        ),
        (vec!["--format", "xml", &good], vec!["--format", "ndjson"]),
        (
            vec!["--stream", "orders", &good],
            vec!["--stream", "shop/orders"],
        ),
        (vec!["-", "-"], vec!["more than once"]),
        (
            vec!["--schemas", &good],
            vec!["--schemas", "cannot be used"],
        ),
        (vec!["--json", "--quiet", &good], vec!["cannot be used"]),
    ] {
        let output = check(&arguments);
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = said(&output, 2);
        for part in says {
            assert!(said.contains(part), "{arguments:?}: {part} in {said}");
        }
    }
}
