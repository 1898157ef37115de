//! A short run of the fuzz targets on stable Rust: every seed, and mutations of it.
//!
//! `FUZZ=1000000 cargo test --release --test fuzz` runs more of them, and `FUZZ=5000000+1000000`
//! others. What fails is kept in a file and said with its number, and `FUZZ=NUMBER+1` runs it again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::ops::Range;
use std::panic::catch_unwind;
use std::path::Path;

use bronzegate::local::dice::Dice;

/// What payloads, events and names are made of.
const WORDS: [&str; 58] = [
    "{",
    "}",
    "[",
    "]",
    "[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]",
    "\"",
    "\\\"",
    "\\\\",
    "\\",
    ":",
    ",",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\u{1f}",
    "null",
    "true",
    "NaN",
    "-1",
    "-0",
    "01",
    "1e400",
    "0.1",
    "18446744073709551616",
    "\\u0000",
    "\\u0061",
    "\\ud83d",
    "\\ude00",
    "\u{feff}",
    "é",
    "\"\":0,",
    "\"a\":{\"a\":1},",
    "Data",
    "Metadata",
    "PartitionContext",
    "SequenceNumberArray",
    "SystemPropertiesArray",
    "SequenceNumber",
    "\"content-type\":\"application/cloudevents+json\",",
    "\"data\":",
    "\"dataschema\":\"order/1.0.0\",",
    "\"schema\":\"order/1\"",
    "\"SequenceNumberArray\":\"[9]\",",
    "\"EnqueuedTimeUtc\":1,",
    "\"partitionContext\":{},",
    "PartitionArray",
    "HeadersArray",
    "\\\"Offset\\\":7,",
    "bronze/",
    "date=",
    "offset=",
    "offsets=",
    "first=",
    "-",
    "=",
    ".",
];

/// The files of some folders, without those of the folders in them.
fn seeds(folders: &[&str]) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = folders
        .iter()
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|it| it.unwrap().path())
        .filter(|it| it.is_file())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|it| std::fs::read(it).unwrap()).collect()
}

fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.one(seeds).clone();
    for _ in 0..dice.between(1, 6) {
        let at = dice.below(bytes.len() as u64 + 1) as usize;
        let to = bytes.len().min(at + dice.below(12) as usize);
        match dice.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => drop(bytes.splice(at..at, dice.one(&WORDS).bytes())),
            3 => {
                let other = dice.one(seeds);
                let from = dice.below(other.len() as u64 + 1) as usize;
                let piece = &other[from..other.len().min(from + 40)];
                drop(bytes.splice(at..to, piece.iter().copied()));
            }
            4 => {
                let again = bytes[at..to].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
    }
    bytes
}

/// `FUZZ` as `COUNT` or `FIRST+COUNT`.
fn mutations(default: u64) -> Range<u64> {
    let (first, count) = match std::env::var("FUZZ") {
        Ok(asked) => {
            let (first, count) = asked.split_once('+').unwrap_or(("0", &asked));
            let number = |text: &str| text.parse().expect("FUZZ is COUNT or FIRST+COUNT");
            (number(first), number(count))
        }
        Err(_) => (0, default),
    };
    first..first + count
}

fn fuzz(target: fn(&[u8]), name: &str, folders: &[&str], default: u64) {
    let seeds = seeds(folders);
    for seed in &seeds {
        run(target, name, "a seed", seed);
    }
    for number in mutations(default) {
        let input = mutated(&seeds, &mut Dice::new(number, 9));
        run(target, name, &format!("mutation {number}"), &input);
    }
}

fn run(target: fn(&[u8]), name: &str, what: &str, input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
        std::fs::write(&file, input).unwrap();
        let (file, text) = (file.display(), input.escape_ascii());
        panic!("{name} failed on {what}, kept as {file}: {text}");
    }
}

#[test]
fn i4_any_request_decodes_or_is_refused() {
    let folders = ["tests/fixtures/payloads", "tests/fixtures/payloads/refused"];
    fuzz(targets::host_payload, "host_payload", &folders, 6_000);
}

#[test]
fn i4_any_request_of_kafka_decodes_or_is_refused() {
    let folders = [
        "tests/fixtures/payloads/kafka",
        "tests/fixtures/payloads/kafka/refused",
    ];
    fuzz(targets::kafka_payload, "kafka_payload", &folders, 6_000);
}

#[test]
fn i4_any_event_has_one_verdict_and_i5_its_own_bytes() {
    let folders = ["fuzz/seeds/event_bytes"];
    fuzz(targets::event_bytes, "event_bytes", &folders, 20_000);
}

#[test]
fn i1_no_event_forges_its_coordinates() {
    let folders = ["fuzz/seeds/event_bytes", "fuzz/seeds/forged_coordinates"];
    fuzz(
        targets::forged_coordinates,
        "forged_coordinates",
        &folders,
        10_000,
    );
}

#[test]
fn i4_any_route_ends_in_one_verdict() {
    let folders = ["fuzz/seeds/event_routes"];
    fuzz(targets::event_routes, "event_routes", &folders, 10_000);
}

#[test]
fn any_name_is_read_as_it_is_written() {
    let folders = ["fuzz/seeds/blob_names"];
    fuzz(targets::blob_names, "blob_names", &folders, 20_000);
}
