//! What happens in these tests: a handler, batches that are known, and its end.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::handler::{Handler, payload};

/// Stands in every event, and nowhere in what is exported.
pub const CANARY: &str = "Canary-4711";

pub const GOOD: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Canary-4711","Price":21.47,"Quantity":12,"CustomerNo":"17490","Country":"United Kingdom"}"#;

/// The price is a text.
pub const BAD: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Canary-4711","Price":"Canary-4711","Quantity":12,"CustomerNo":"17490","Country":"United Kingdom"}"#;

/// The trace in which the host calls, and its span: `support/handler.rs` sends them.
pub const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub const HOST_SPAN: &str = "00f067aa0ba902b7";

/// Exports often, so that nothing is waited for.
pub const OFTEN: [(&str, &str); 2] = [
    ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ("OTEL_BSP_SCHEDULE_DELAY", "20"),
];

const PATIENCE: Duration = Duration::from_secs(30);

/// An invocation whose events have these properties.
pub fn with_properties(first: usize, events: &[(&str, Value)]) -> Vec<u8> {
    let bodies: Vec<&str> = events.iter().map(|(body, _)| *body).collect();
    let properties: Vec<&Value> = events.iter().map(|(_, properties)| properties).collect();
    let mut invocation: Value = serde_json::from_slice(&payload("0", first, &bodies)).unwrap();
    invocation["Metadata"]["PropertiesArray"] = json!(json!(properties).to_string());
    invocation.to_string().into_bytes()
}

/// Waits until something is so.
pub async fn until(what: &str, is: impl Fn() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// SIGTERM; waits for the end, which is orderly.
pub async fn stop(handler: Handler) -> String {
    let sent = Command::new("kill")
        .arg(handler.id().to_string())
        .status()
        .unwrap();
    assert!(sent.success());
    until("it ends", || {
        // a process that ended is a zombie until it is waited for
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", handler.id())).unwrap();
        stat.rsplit(')').next().unwrap().starts_with(" Z")
    })
    .await;
    let log = handler.log();
    assert_eq!(handler.wait(), Some(0), "{log}");
    log
}
