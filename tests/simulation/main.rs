//! The real landing code under every fault that the world has, one store call at a time.
//!
//! A seed makes a schedule: up to three instances on one partition, batches cut anew, kills (whose
//! last request may still arrive), ownership that moves, checkpoints that are rewound, clocks that
//! step back, a hub made anew, instances with another catalog, and at any store call an error, an
//! answer that is lost, or a request that arrives after its time-out. Afterwards every event that
//! was delivered must stand in the lake once.
//!
//! `SIMULATION=FIRST+COUNT cargo test --release --test simulation` runs other seeds than the
//! default ones; a seed that fails is printed. [`kafka`] does the same to the partitions of a topic,
//! and [`replay`] to replays.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod kafka;
mod replay;
mod store;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds of an ordinary test run.
const DEFAULT: (u64, u64) = (0, 6_000);

fn seeds() -> (u64, u64) {
    let Ok(asked) = std::env::var("SIMULATION") else {
        return DEFAULT;
    };
    let (first, count) = asked.split_once('+').expect("SIMULATION is FIRST+COUNT");
    (
        first.parse().expect("SIMULATION's FIRST is a number"),
        count.parse().expect("SIMULATION's COUNT is a number"),
    )
}

#[test]
fn i1_i2_every_event_stands_once_whatever_is_killed() {
    all("landing", world::run);
}

#[test]
fn i1_i2_every_record_of_a_topic_stands_once_whatever_is_killed() {
    all("topic", kafka::run);
}

#[test]
fn i7_a_replay_lands_each_rejection_once_whatever_is_killed() {
    all("replay", replay::run);
}

fn all(what: &str, schedule: fn(u64) -> Result<(), String>) {
    let (first, count) = seeds();
    let next = AtomicU64::new(first);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let run = || {
            let mut wrong = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return wrong;
                }
                wrong.extend(
                    schedule(seed)
                        .err()
                        .map(|why| format!("seed {seed}: {why}")),
                );
            }
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {count} schedules of the {what} went wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
}
