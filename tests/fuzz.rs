//! A short run of the fuzz targets on stable Rust: every seed, and mutations of it.
//!
//! `FUZZ=1000000 cargo test --release --test fuzz` runs more of them. What fails is printed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::panic::catch_unwind;
use std::path::Path;

use bronzegate::local::dice::Dice;

/// What payloads, events and names are made of.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\\"",
    "\\",
    ":",
    ",",
    "null",
    "NaN",
    "-1",
    "1e400",
    "\\u0000",
    "\u{feff}",
    "Data",
    "Metadata",
    "SequenceNumberArray",
    "PartitionContext",
    "bronze/",
    "date=",
    "-",
    "=",
    "\n",
];

fn seeds(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    files.sort();
    let seeds: Vec<_> = files
        .iter()
        .filter(|it| it.is_file())
        .map(|it| std::fs::read(it).unwrap())
        .collect();
    assert!(!seeds.is_empty());
    seeds
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

fn fuzz(target: fn(&[u8]), folder: &str, default: u64) {
    let count =
        std::env::var("FUZZ").map_or(default, |count| count.parse().expect("FUZZ is a number"));
    let (seeds, mut dice) = (seeds(folder), Dice::new(count, 9));
    let mutations = std::iter::repeat_with(|| mutated(&seeds, &mut dice)).take(count as usize);
    for input in seeds.clone().into_iter().chain(mutations) {
        let passed = catch_unwind(|| target(&input)).is_ok();
        assert!(
            passed,
            "the target failed on {:?}",
            String::from_utf8_lossy(&input)
        );
    }
}

#[test]
fn i4_any_request_decodes_or_is_refused() {
    fuzz(targets::host_payload, "tests/fixtures/payloads", 6_000);
}

#[test]
fn i4_any_event_has_one_verdict() {
    fuzz(targets::event_bytes, "fuzz/seeds/event_bytes", 20_000);
}

#[test]
fn any_name_is_read_as_it_is_written() {
    fuzz(targets::blob_names, "fuzz/seeds/blob_names", 20_000);
}
