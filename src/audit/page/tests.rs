use super::super::hub::{HubPartitionReport, HubReport};
use super::super::report::{
    Counts, Example, ExampleError, LifeReport, OutboxReport, PartitionReport, RangeReport,
    ReasonReport, StreamReport,
};
use super::super::{Bucket, Finding, FindingKind};
use super::*;

fn report() -> Report {
    Report {
        lake: "lake".to_owned(),
        at: "2026-11-21T00:00:00.000Z".to_owned(),
        deep: true,
        since: None,
        until: None,
        purged_before: None,
        sound: true,
        totals: Counts::default(),
        streams: Vec::new(),
        reasons: None,
        outbox: OutboxReport::default(),
        hub: None,
        sent: None,
        notes: Vec::new(),
        findings: Vec::new(),
        wrong: 0,
    }
}

fn partition(number: usize) -> PartitionReport {
    let time = |second: usize| format!("2026-11-20T12:00:{second:02}.000Z");
    let bucket = |index: i64| Bucket {
        start: 1_795_176_000_000 + index * 1_000,
        width: 1_000,
        accepted: 10,
        rejected: u64::from(index % 7 == 0),
    };
    PartitionReport {
        partition: number.to_string(),
        totals: Counts {
            events: 3_600,
            rejected: 52,
            open: 52,
            accepted: 3_548,
            ..Counts::default()
        },
        lives: vec![LifeReport {
            ranges: vec![RangeReport {
                first: 0,
                last: 3_599,
                least: Some(time(0)),
                greatest: Some(time(59)),
            }],
            gaps: Vec::new(),
        }],
        timeline: (0..60).map(bucket).collect(),
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = page(&report());
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    for part in [
        "http://", "https://", "src=", "@import", "url(http", "onclick",
    ] {
        assert!(!page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<script").count(), 1);
}

#[test]
fn what_comes_from_the_lake_is_inert() {
    let evil = "</script><img src=x onerror=alert(1)>\"'&";
    let mut report = report();
    report.lake = evil.to_owned();
    report.sound = false;
    report.findings = vec![Finding {
        stream: Some(evil.to_owned()),
        ..Finding::of_blob(FindingKind::Foreign, evil, evil)
    }];
    report.streams = vec![StreamReport {
        stream: evil.to_owned(),
        log: "hub",
        totals: Counts::default(),
        partitions: vec![PartitionReport {
            partition: evil.to_owned(),
            ..partition(0)
        }],
        unplaced: Counts::default(),
    }];
    report.reasons = Some(vec![ReasonReport {
        reason: evil.to_owned(),
        schema: Some(evil.to_owned()),
        count: 1,
        open: 1,
        examples: vec![Example {
            stream: evil.to_owned(),
            partition: Some(evil.to_owned()),
            sequence: None,
            enqueued_time: None,
            blob: evil.to_owned(),
            errors: vec![ExampleError {
                pointer: evil.to_owned(),
                keyword: evil.to_owned(),
                message: evil.to_owned(),
            }],
            body_text: Some(evil.to_owned()),
        }],
    }]);
    let page = page(&report);
    assert!(!page.contains("<img"));
    assert_eq!(page.matches("</script>").count(), 1);
}

#[test]
fn the_json_in_the_page_is_the_report() {
    let mut report = report();
    report.lake = "</script>".to_owned();
    let page = page(&report);
    let (_, json) = page.split_once("id=\"report\">").unwrap();
    let json: serde_json::Value =
        serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(json, serde_json::to_value(&report).unwrap());
}

#[test]
fn a_hub_of_a_thousand_partitions_stays_a_page() {
    let mut report = report();
    report.streams = vec![StreamReport {
        stream: "shop/orders".to_owned(),
        log: "hub",
        totals: Counts {
            events: 1_024 * 3_600,
            ..Counts::default()
        },
        partitions: (0..1_024).map(partition).collect(),
        unplaced: Counts::default(),
    }];
    let page = page(&report);
    assert!(page.contains("960 partitions more"));
    assert!(page.len() < 12 << 20, "{}", page.len());
}

#[test]
fn the_hub_stands_beside_the_lake() {
    let mut report = report();
    assert!(!page(&report).contains("Beside the hub"));
    report.hub = Some(HubReport {
        hub: "<shop>/orders".to_owned(),
        stream: "shop/orders".to_owned(),
        to_come: 1_203,
        out_of_reach: 7,
        partitions: vec![HubPartitionReport {
            partition: "3".to_owned(),
            first: Some(120),
            last: Some(1_429),
            landed_to: Some(226),
            to_come: 1_203,
            out_of_reach: 0,
        }],
    });
    let page = page(&report);
    assert!(page.contains("&lt;shop&gt;/orders held this"));
    for figure in [
        "1,203 events are still to come",
        "7 can't come",
        "1,429",
        "226",
    ] {
        assert!(page.contains(figure), "{figure}");
    }
}
