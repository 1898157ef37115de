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
fn many_files_are_checked_and_those_with_rejections_named() {
    let folder = TempDir::new().unwrap();
    for number in 0..1_500 {
        let event = if number == 700 { "x" } else { GOOD };
        std::fs::write(folder.path().join(format!("{number}.json")), event).unwrap();
    }
    let arguments: Vec<_> = (0..1_500).map(|it| format!("{it}.json")).collect();
    // no more files may be open at a time than a small CI runner allows
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 256 && exec \"$0\" check \"$@\""])
        .arg(env!("CARGO_BIN_EXE_bronzegate"))
        .args(&arguments)
        .env_remove("SCHEMAS_DIR")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = said(&output, 1);
    assert!(said.starts_with("700.json  1 event: 0 accepted, 1 rejected\nall 1,500 files  1,500 events: 1,499 accepted, 1 rejected\n"), "{said}");
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
    let (_packed, packed) = file("a.ndjson.gz", [0x1f, 0x8b, 8]);
    let folder = Path::new(&good).parent().unwrap().to_str().unwrap();
    for (arguments, says) in [
        (
            vec!["/no/such.ndjson"],
            vec!["/no/such.ndjson", "can't be read"],
        ),
        (vec![&good, "/no/such.ndjson"], vec!["/no/such.ndjson"]),
        (vec![folder], vec![folder, "is a folder: name the files"]),
        (vec![&packed], vec!["a.ndjson.gz", "gunzip -c"]),
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

#[test]
fn records_are_those_of_the_rejection_log() {
    let lines = [
        GOOD,
        &spoilt("21.47", "\"12.5\""),
        "",
        &spoilt("\"17490\"", "NaN"),
        &spoilt("\"Price\":21.47", "\"Price\":1,\"Price\":2"),
        "[1]",
    ];
    let mut content = lines.join("\n").into_bytes();
    content.extend_from_slice(b"\n{\"a\":\"\xe9\"}\n");
    let (folder, path) = file("a.ndjson", content);
    let output = check(&["--json", &path]);
    assert_eq!(output.status.code(), Some(1));
    let mut checked = records(&output);
    let places: Vec<_> = checked
        .iter()
        .map(|it| it["_line"].as_u64().unwrap())
        .collect();
    assert_eq!(places, [2, 3, 4, 5, 6, 7]);

    let lake = folder.path().join("lake");
    let landed = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args([
            "local",
            "--quiet",
            "--compression",
            "none",
            "--ndjson",
            &path,
        ])
        .args(["--partitions", "1", "--lake", lake.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(landed.status.success(), "{landed:?}");
    let mut logged = Vec::new();
    collect(&lake.join("rejections"), &mut logged);
    logged.sort_by_key(|record| record["_sequence"].as_u64());
    assert_eq!(logged.len(), checked.len());
    // where an event stood is all that may differ
    for record in logged.iter_mut().chain(&mut checked) {
        let columns = record.as_object_mut().unwrap();
        for column in [
            "_stream",
            "_partition",
            "_sequence",
            "_offset",
            "_enqueued_time",
            "_key",
            "_properties",
        ] {
            assert!(columns.remove(column).is_some(), "{column}");
        }
        let ids = ["_message_id", "_correlation_id", "_content_type"];
        columns
            .retain(|name, _| !ids.contains(&name.as_str()) && name != "_file" && name != "_line");
    }
    assert_eq!(checked, logged);
}

/// The records of a folder's blobs.
fn collect(folder: &Path, records: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, records);
        } else if !path.file_name().unwrap().to_str().unwrap().starts_with('.') {
            let text = std::fs::read_to_string(path).unwrap();
            records.extend(
                text.lines()
                    .map(|it| serde_json::from_str::<Value>(it).unwrap()),
            );
        }
    }
}

#[test]
fn the_shipped_schemas_are_sound() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    let printed = said(&check(&["--schemas"]), 0);
    assert!(
        printed.contains("Sound") && printed.contains("order-transaction/1.0.0"),
        "{printed}"
    );
    let found: Value = serde_json::from_str(&said(
        &check(&["--schemas", "--json", "--catalog", shipped]),
        0,
    ))
    .unwrap();
    assert_eq!(found["sound"], true);
    assert_eq!(
        found["schemas"],
        json!(["order/1.0.0", "order-transaction/1.0.0"])
    );
    assert!(found["examples"].as_u64().unwrap() > 100);
    assert_eq!(found["warnings"], json!([]));
}

/// A catalog of one subject: its versions, and the examples of the first one.
fn catalog(versions: &[(&str, Value)], examples: Option<Value>) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let subject = folder.path().join("item");
    std::fs::create_dir(&subject).unwrap();
    std::fs::write(folder.path().join("catalog.json"), r#"{"default":"item"}"#).unwrap();
    for (version, schema) in versions {
        let mut schema = schema.clone();
        schema["$id"] = json!(format!("urn:x:item:{version}"));
        std::fs::write(subject.join(format!("{version}.json")), schema.to_string()).unwrap();
    }
    if let Some(examples) = examples {
        let file = subject.join(format!("{}.examples.json", versions[0].0));
        std::fs::write(file, examples.to_string()).unwrap();
    }
    let path = folder.path().to_str().unwrap().to_owned();
    (folder, path)
}

fn schemas(path: &str) -> Output {
    check(&["--schemas", "--catalog", path])
}

#[test]
fn a_change_that_refuses_what_was_accepted_breaks_within_a_major_version() {
    let one = json!({"properties": {"n": {"type": "integer"}}});
    let two = json!({"properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]});
    let examples = json!({"valid": [{"name": "zero", "event": {"n": 0}}], "invalid": []});
    for (next, code) in [("1.1.0", 1), ("1.0.1", 1), ("2.0.0", 0)] {
        let versions = [("1.0.0", one.clone()), (next, two.clone())];
        let (_folder, path) = catalog(&versions, Some(examples.clone()));
        let printed = said(&schemas(&path), code);
        for part in [
            "breaking  /required",
            "breaking  /properties/n/minimum",
            "the example \"zero\" is refused now, at /n",
            &format!("item 1.0.0 → {next}  {path}/item/{next}.json"),
            &format!("item/{next} has no examples"),
            if code == 1 {
                "publish it as item/2.0.0"
            } else {
                "2.0.0 is a new major version"
            },
        ] {
            assert!(printed.contains(part), "{part} in {printed}");
        }
        let json = check(&["--schemas", "--json", "--catalog", &path]);
        let found: Value = serde_json::from_str(&said(&json, code)).unwrap();
        let change = &found["changes"][0];
        assert_eq!(
            [
                &change["subject"],
                &change["from"],
                &change["to"],
                &change["kind"]
            ],
            ["item", "1.0.0", next, "breaking"]
        );
        let pointers: Vec<_> = found["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["pointer"])
            .collect();
        assert_eq!(pointers, ["/required", "/properties/n/minimum"]);
        assert_eq!(
            found["changes"][1]["witness"],
            json!({"example": "zero", "pointer": "/n"})
        );
        let quiet = check(&["--schemas", "--quiet", "--catalog", &path]);
        assert_eq!(quiet.status.code(), Some(code));
        assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
    }
}

#[test]
fn what_can_not_be_compared_breaks_where_an_example_shows_it() {
    let with = |pattern: &str| json!({"properties": {"id": {"pattern": pattern}}});
    let versions = [("1.0.0", with("^[A-Za-z]+$")), ("1.1.0", with("^[A-Z]+$"))];
    let (_folder, path) = catalog(&versions, None);
    let unclear = said(&schemas(&path), 0);
    assert!(
        unclear.contains("unclear   /properties/id/pattern"),
        "{unclear}"
    );
    let examples = json!({"valid": [{"name": "in small letters", "event": {"id": "a"}}]});
    let (_folder, path) = catalog(&versions, Some(examples));
    let broken = said(&schemas(&path), 1);
    assert!(
        broken.contains("breaking  /properties/id/pattern"),
        "{broken}"
    );
    assert!(
        broken.contains("the example \"in small letters\""),
        "{broken}"
    );
}

#[test]
fn versions_are_held_against_the_one_before_by_number() {
    let least = |minimum: u64| json!({"minimum": minimum});
    let versions = [
        ("1.10.0", least(1)),
        ("1.9.0", least(2)),
        ("1.2.0", least(3)),
    ];
    let (_folder, path) = catalog(&versions, None);
    let printed = said(&schemas(&path), 0);
    assert!(
        printed.contains("item 1.2.0 → 1.9.0") && printed.contains("item 1.9.0 → 1.10.0"),
        "{printed}"
    );
}

#[test]
fn an_example_that_is_judged_otherwise_fails() {
    let schema = [("1.0.0", json!({"properties": {"n": {"minimum": 1}}}))];
    let valid = |n: i64| json!({"name": "v", "event": {"n": n}});
    let invalid = |pointer: &str, keyword: &str, n: i64| json!({"name": "i", "event": {"n": n}, "pointer": pointer, "keyword": keyword});
    for (examples, code, says) in [
        (
            json!({"valid": [valid(1)], "invalid": [invalid("/n", "minimum", 0)]}),
            0,
            "2 examples",
        ),
        (
            json!({"valid": [valid(0)]}),
            1,
            "should be accepted, and is refused: at `/n` by `minimum`",
        ),
        (
            json!({"invalid": [invalid("/n", "minimum", 1)]}),
            1,
            "and is accepted",
        ),
        (
            json!({"invalid": [invalid("/n", "maximum", 0)]}),
            1,
            "refused otherwise: at `/n` by `minimum`",
        ),
        (
            json!({"invalid": [invalid("/m", "minimum", 0)]}),
            1,
            "should be refused at `/m` by `minimum`",
        ),
        (json!({"valid": 1}), 1, "examples are {"),
    ] {
        let (_folder, path) = catalog(&schema, Some(examples.clone()));
        let printed = said(&schemas(&path), code);
        assert!(printed.contains(says), "{examples}: {printed}");
        assert!(
            code == 0 || printed.contains("item/1.0.0.examples.json"),
            "{printed}"
        );
    }
}

#[test]
fn a_catalog_that_does_not_compile_fails_and_one_that_is_not_there_can_not_be_checked() {
    let (_folder, path) = catalog(
        &[("1.0.0", json!({"properties": {"n": {"type": "strnig"}}}))],
        None,
    );
    let printed = said(&schemas(&path), 1);
    assert!(printed.contains("`/properties/n/type`"), "{printed}");
    let json = check(&["--schemas", "--json", "--catalog", &path]);
    let found: Value = serde_json::from_str(&said(&json, 1)).unwrap();
    assert_eq!(found["sound"], false);
    assert!(
        found["failures"][0]["message"]
            .as_str()
            .unwrap()
            .contains("does not compile")
    );
    let missing = said(&schemas("/no/such"), 2);
    assert!(missing.contains("/no/such/catalog.json"), "{missing}");
}
