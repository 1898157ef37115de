//! `bronzegate audit --hub` and `bronzegate backfill`, from the hub.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{json, says};
use crate::handler::records;
use crate::running::{Lake, PATIENCE};

/// All records of a lake, as text.
fn lines(lake: &Path, stream: &str) -> BTreeSet<String> {
    let both = ["bronze", "rejections"].map(|top| records(lake, top));
    both.into_iter()
        .flat_map(|it| it.into_values().flatten())
        .filter(|it| it["_stream"] == stream)
        .map(|it| it.to_string())
        .collect()
}

#[test]
fn a_lake_that_lost_everything_is_filled_from_the_hub_with_the_same_records() {
    let lake = Lake::new();
    let hub = lake.hub();
    let folder = lake.folder.path();
    let sent = json(
        folder,
        &[
            "send",
            "--hub",
            &hub.connection,
            "--events",
            "1500",
            "--spoil",
            "5%",
            "--property",
            "team=shop",
        ],
        0,
    );
    assert_eq!(sent["events"], 1_500);
    let start = Instant::now();
    let landed = loop {
        let report = json(
            folder,
            &["audit", "--lake", "lake", "--hub", &hub.connection],
            0,
        );
        if report["hub"]["to_come"] == 0 {
            break report;
        }
        assert!(start.elapsed() < PATIENCE, "{}", report["hub"]);
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(landed["hub"]["out_of_reach"], 0);

    // another lake, which has nothing of this hub
    let other = folder.join("other");
    json(folder, &["local", "--events", "10", "--lake", "other"], 0);
    let audit = |status| {
        json(
            folder,
            &["audit", "--lake", "other", "--hub", &hub.connection],
            status,
        )
    };
    let empty = audit(0);
    assert_eq!(empty["hub"]["to_come"], landed["totals"]["events"]);

    let partitions = empty["hub"]["partitions"].as_array().unwrap();
    for it in partitions {
        let last = it["last"].as_u64().unwrap();
        let fill = |from: u64, to: u64, status| {
            let (from, to) = (from.to_string(), to.to_string());
            let partition = it["partition"].as_str().unwrap();
            let arguments = [
                "backfill",
                "--lake",
                "other",
                "--hub",
                &hub.connection,
                "--partition",
                partition,
                "--from",
                &from,
                "--to",
                &to,
            ];
            json(folder, &arguments, status)
        };
        let middle = (last / 2).to_string();
        let said = says(
            folder,
            &[
                "backfill",
                "--lake",
                "other",
                "--hub",
                &hub.connection,
                "--partition",
                it["partition"].as_str().unwrap(),
                "--from",
                &middle,
                "--to",
                &last.to_string(),
            ],
            2,
        );
        assert!(said.contains("begin where the gap begins"), "{said}");
        assert_eq!(fill(0, last / 2, 0)["landed_before"], 0);
        let rest = fill(0, last + 7, 1);
        assert_eq!(rest["missing"], 7);
        assert_eq!(rest["landed_before"], last / 2 + 1);
    }
    let filled = audit(0);
    assert_eq!(filled["hub"]["to_come"], 0);
    assert_eq!(
        lines(&other, "localhost/orders"),
        lines(&lake.path(), "localhost/orders"),
        "what is read back is what the host hands over"
    );
}

#[test]
fn what_can_not_be_read_back_is_said() {
    let lake = Lake::new();
    let hub = lake.hub();
    let folder = lake.folder.path();
    json(folder, &["local", "--events", "10", "--lake", "other"], 0);
    let fill = |more: &[&str]| {
        let arguments = [
            "backfill",
            "--lake",
            "other",
            "--hub",
            &hub.connection,
            "--from",
            "0",
            "--to",
            "9",
        ];
        says(folder, &[&arguments[..], more].concat(), 2)
    };
    let said = fill(&["--partition", "17"]);
    assert!(said.contains("its partitions are 0, 1, 2, 3"), "{said}");
    let empty: Value = json(
        folder,
        &[
            "backfill",
            "--lake",
            "other",
            "--hub",
            &hub.connection,
            "--partition",
            "0",
            "--from",
            "0",
            "--to",
            "9",
        ],
        1,
    );
    assert_eq!(empty["missing"], 10);
    let said = says(
        folder,
        &["audit", "--lake", "other", "--hub", "localhost:1"],
        2,
    );
    assert!(said.contains("Connection refused"), "{said}");
}
