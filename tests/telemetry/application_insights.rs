//! What Application Insights gets: requests, dependencies and metrics, with Entra's token.

use serde_json::Value;
use tempfile::TempDir;

use crate::collector::Collector;
use crate::collector::Manner::Takes;
use crate::handler::{Handler, payload};
use crate::ingestion::{Identity, Ingestion};
use crate::story::{BAD, GOOD, HOST_SPAN, OFTEN, TRACE, stop, until, with_properties};

async fn start(folder: &TempDir, settings: Vec<(&str, String)>) -> Handler {
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain(OFTEN)
        .collect();
    Handler::start(folder.path(), &settings).await
}

/// What was counted under a metric's name with these properties, over all collections.
fn sum(metrics: &[(Value, Value)], name: &str, properties: &[(&str, &str)]) -> u64 {
    let points = metrics.iter().filter(|(_, data)| {
        let has = |(key, value): &(&str, &str)| data["properties"][*key] == **value;
        data["metrics"][0]["name"] == name && properties.iter().all(has)
    });
    let values = points.map(|(_, data)| data["metrics"][0]["value"].as_f64().unwrap());
    values.sum::<f64>() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_dependencies_and_metrics_arrive_as_azure_knows_them() {
    let folder = TempDir::new().unwrap();
    let ingestion = Ingestion::start(folder.path()).await;
    let collector = Collector::start(Takes, Takes).await;
    let mut settings = ingestion.settings().to_vec();
    settings.push(("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()));
    settings.push(("WEBSITE_INSTANCE_ID", "instance-1".to_owned()));
    let handler = start(&folder, settings).await;
    let producer = "00-0af7651916cd43dd8448eb211c80319c-00000000000000a1-01";
    let batch = with_properties(
        0,
        &[
            (GOOD, serde_json::json!({"Diagnostic-Id": producer})),
            (BAD, serde_json::json!({})),
        ],
    );
    for _ in 0..2 {
        let answer = handler.post(batch.clone(), "i").await.unwrap();
        assert_eq!(answer.status, 200);
    }
    assert_eq!(handler.post("{}", "i").await.unwrap().status, 400);
    stop(handler).await;

    let requests = ingestion.items("Request");
    let landed: Vec<_> = requests
        .iter()
        .filter(|(_, data)| data["name"] == "process orders")
        .collect();
    let [(tags, data), _] = landed[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(tags["ai.operation.id"], TRACE);
    assert_eq!(tags["ai.operation.parentId"], HOST_SPAN);
    assert_eq!(tags["ai.cloud.role"], "bronzegate");
    assert_eq!(tags["ai.cloud.roleInstance"], "instance-1");
    assert_eq!(data["success"], true);
    assert_eq!(data["properties"]["messaging.system"], "eventhubs");
    let links = data["properties"]["_MS.links"].as_str().unwrap();
    assert!(
        links.contains("0af7651916cd43dd8448eb211c80319c"),
        "{links}"
    );
    let failed: Vec<_> = requests
        .iter()
        .filter(|(_, data)| data["success"] == false)
        .collect();
    let [(_, data)] = failed[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(data["properties"]["error.type"], "payload");

    let dependencies = ingestion.items("RemoteDependency");
    let of = |name: &str| {
        let named = dependencies.iter().filter(|(_, data)| data["name"] == name);
        named.count()
    };
    assert_eq!((of("land"), of("blob put"), of("blob delete")), (2, 1, 1));

    let metrics = ingestion.items("Metric");
    let place = ("messaging.destination.partition.id", "0");
    let schema = ("bronzegate.schema", "order-transaction/1.0.0");
    let reason = ("bronzegate.reason", "schema");
    for (name, properties, expected) in [
        ("bronzegate.events", vec![place], 4),
        ("bronzegate.events.accepted", vec![place, schema], 1),
        ("bronzegate.events.rejected", vec![schema, reason], 1),
        ("bronzegate.events.duplicate", vec![place], 2),
        ("bronzegate.starts", vec![], 1),
    ] {
        assert_eq!(sum(&metrics, name, &properties), expected, "{name}");
    }
    // both get all of it
    let events = collector.points("bronzegate.events");
    assert_eq!(events.values().map(|point| point.count).sum::<u64>(), 4);
    assert!(ingestion.look(|posted| {
        posted
            .iter()
            .all(|it| it.path == "/v2.1/track" && !it.headers.contains_key("authorization"))
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_s_token_is_shown_and_kept() {
    let folder = TempDir::new().unwrap();
    let ingestion = Ingestion::start(folder.path()).await;
    let identity = Identity::start(3600).await;
    let mut settings = ingestion.settings().to_vec();
    settings.extend(identity.settings());
    let handler = start(&folder, settings).await;
    for sequence in 0..3 {
        let answer = handler.post(payload("0", sequence, &[GOOD]), "i").await;
        assert_eq!(answer.unwrap().status, 200);
        let requests = || ingestion.items("Request").len();
        until("the request is exported", || requests() == sequence + 1).await;
    }
    stop(handler).await;
    ingestion.look(|posted| {
        assert!(posted.len() > 2);
        for it in posted {
            assert_eq!(it.headers["authorization"], "Bearer token-1");
            assert_eq!(it.path, "/v2.1/track");
        }
    });
    let [(query, headers)] = &identity.asked()[..] else {
        panic!("asked {} times", identity.asked().len());
    };
    for part in [
        "resource=https%3A%2F%2Fmonitor.azure.com%2F&",
        "client_id=client-1",
    ] {
        assert!(query.contains(part), "{query}");
    }
    assert_eq!(headers["x-identity-header"], "header-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_s_token_is_renewed_before_it_ends() {
    let folder = TempDir::new().unwrap();
    let ingestion = Ingestion::start(folder.path()).await;
    let identity = Identity::start(60).await;
    let mut settings = ingestion.settings().to_vec();
    settings.extend(identity.settings());
    let handler = start(&folder, settings).await;
    let shown = || {
        ingestion.look(|posted| {
            let tokens = posted.iter().map(|it| it.headers["authorization"].clone());
            tokens.collect::<Vec<_>>()
        })
    };
    until("two posts", || shown().len() > 1).await;
    stop(handler).await;
    let mut shown = shown();
    shown.sort();
    shown.dedup();
    assert!(shown.len() > 1, "{shown:?}");
    let ours = |it: &axum::http::HeaderValue| it.to_str().unwrap().starts_with("Bearer token-");
    assert!(shown.iter().all(ours));
}
