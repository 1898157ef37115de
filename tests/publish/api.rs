//! The HTTP API, by the way in which the host forwards and by its envelope.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::handler::{Handler, shipped_app};
use crate::running::{Hub, Lake};

const LINE: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Set, Of 2","Price":21.470,"Quantity":12,"Country":"United Kingdom"}"#;

struct Answer {
    status: u16,
    content_type: String,
    retry_after: Option<String>,
    body: Value,
}

struct Api {
    handler: Handler,
    client: reqwest::Client,
}

impl Api {
    async fn start(lake: &Lake, hub: &str, settings: &[(&str, &str)]) -> Self {
        let all = [&[("SUBMIT_HUB", hub)], settings].concat();
        Self {
            handler: Handler::start(lake.folder.path(), &all).await,
            client: reqwest::Client::new(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.handler.address())
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = self
            .client
            .request(method, self.url(path))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after"),
            body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null),
        }
    }

    async fn post(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let json = [("content-type", "application/json")];
        self.request(
            Method::POST,
            "/api/orders",
            &[&json[..], headers].concat(),
            body,
        )
        .await
    }
}

async fn running() -> (Lake, Hub, Api) {
    let lake = Lake::new();
    let hub = lake.hub();
    let api = Api::start(&lake, &hub.connection, &[]).await;
    (lake, hub, api)
}

#[tokio::test]
async fn what_is_accepted_is_published_with_its_key_and_id() {
    let (lake, _hub, api) = running().await;
    let one = api.post(&[("Idempotency-Key", "key-1")], LINE).await;
    assert_eq!(
        (one.status, &one.body),
        (202, &json!({"accepted": 1, "ids": ["key-1"]}))
    );
    let order = |event: &str, more: &str| {
        let time = "2026-11-20T12:00:00Z";
        format!(r#"{{"orderId":"77","event":"{event}","time":"{time}",{more}}}"#)
    };
    let many = format!(
        " [{}, {}]",
        order("cancelled", r#""reason":"twice""#),
        order("completed", r#""currency":"GBP","total":9"#)
    );
    let path = "/api/orders/order";
    let headers = [
        ("content-type", "application/json"),
        ("Idempotency-Key", "key-2"),
    ];
    let many = api.request(Method::POST, path, &headers, &many).await;
    assert_eq!(
        (many.status, &many.body["ids"]),
        (202, &json!(["key-2-0", "key-2-1"])),
        "{}",
        many.body
    );

    let records = lake.landed(3);
    let of = |id: &str| records.iter().find(|it| it["_message_id"] == id).unwrap();
    assert_eq!(of("key-1")["_key"], "581482");
    assert_eq!(of("key-1")["_schema"], "order-transaction/1.0.0");
    let (first, second) = (of("key-2-0"), of("key-2-1"));
    assert_eq!(
        (&first["_key"], &first["_schema"]),
        (&json!("77"), &json!("order/1.0.0"))
    );
    assert_eq!(first["_partition"], second["_partition"]);
    assert!(first["_sequence"].as_u64() < second["_sequence"].as_u64());
    // the payload's own bytes, with its zeros
    let bronze = bytes(&lake.path().join("bronze"));
    assert!(bronze.contains("21.470"), "{bronze}");
}

/// All that stands in the blobs of a folder.
fn bytes(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&bytes(&path));
        } else if path.extension().is_some_and(|it| it == "gz") {
            let file = std::fs::File::open(path).unwrap();
            let mut blob = flate2::read::MultiGzDecoder::new(file);
            std::io::Read::read_to_string(&mut blob, &mut text).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn one_that_is_refused_keeps_the_others_back_and_says_why() {
    let (lake, _hub, api) = running().await;
    let broken = LINE.replace("21.470", "\"21.47\"");
    let refused = api.post(&[], &format!("[{LINE},{broken}]")).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.content_type, "application/problem+json");
    let rejections = refused.body["rejections"].as_array().unwrap();
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0]["event"], 1);
    assert_eq!(rejections[0]["reason"], "schema");
    assert_eq!(rejections[0]["errors"][0]["pointer"], "/Price");
    let torn = api.post(&[], "{\"a\":").await;
    assert_eq!(
        (torn.status, &torn.body["rejections"][0]["reason"]),
        (422, &json!("not-json"))
    );
    assert_eq!(api.post(&[], LINE).await.status, 202);
    lake.landed(1);
}

#[tokio::test]
async fn what_can_not_be_taken_is_a_problem() {
    let (lake, hub, api) = running().await;
    let post = async |kind: &str, body: &str| {
        let headers = [("content-type", kind)];
        api.request(Method::POST, "/api/orders", &headers, body)
            .await
    };
    for (kind, body, status) in [
        ("text/csv", "a,b".to_owned(), 415),
        ("application/json", "[]".to_owned(), 400),
        (
            "application/json",
            format!("\"{}\"", "x".repeat(2 << 20)),
            413,
        ),
        (
            "application/json",
            format!("[{}1]", "1,".repeat(1_000)),
            413,
        ),
        ("application/cloudevents+json", "{}".to_owned(), 422),
    ] {
        let answer = post(kind, &body).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.body);
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.content_type, "application/problem+json");
    }
    assert_eq!(post("application/json", LINE).await.status, 202);
    lake.landed(1);
    drop(hub);
    let away = post("application/json", LINE).await;
    assert_eq!((away.status, away.retry_after.as_deref()), (503, Some("5")));
    assert!(
        away.body["detail"]
            .as_str()
            .unwrap()
            .contains("Idempotency-Key")
    );
}

#[tokio::test]
async fn a_hub_that_comes_back_is_published_to_again() {
    let lake = Lake::new();
    let mut hub = lake.hub();
    let port = hub
        .connection
        .split(';')
        .next()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let api = Api::start(&lake, &hub.connection, &[("SUBMIT_TIMEOUT", "3s")]).await;
    assert_eq!(
        api.post(&[("Idempotency-Key", "before")], LINE)
            .await
            .status,
        202
    );
    hub.kill();
    drop(hub);
    assert_eq!(
        api.post(&[("Idempotency-Key", "lost")], LINE).await.status,
        503
    );
    let _again = Hub::start_on(&port, &lake.path(), shipped_app(), &[]);
    assert_eq!(
        api.post(&[("Idempotency-Key", "after")], LINE).await.status,
        202
    );
    let records = lake.landed(2);
    assert!(records.iter().all(|it| it["_message_id"] != "lost"));
}

#[tokio::test]
async fn the_hosts_envelope_is_understood() {
    let (lake, _hub, api) = running().await;
    let envelope = |method: &str, url: &str, body: &str| {
        json!({
            "Data": {"req": {
                "Url": format!("http://localhost:7071{url}"), "Method": method, "Query": {}, "Params": {},
                "Headers": {"Content-Type": ["application/json"], "Idempotency-Key": ["key-9"]},
                "Identities": [], "Body": body,
            }},
            "Metadata": {"sys": {"MethodName": "SubmitOrder"}},
        })
        .to_string()
    };
    let wrapped = async |method: &str, url: &str, body: &str| {
        let answer = api
            .request(
                Method::POST,
                "/SubmitOrder",
                &[],
                &envelope(method, url, body),
            )
            .await;
        assert_eq!(answer.status, 200, "the invocation succeeds");
        answer.body["Outputs"]["res"].clone()
    };
    let accepted = wrapped("POST", "/api/orders", LINE).await;
    assert_eq!(accepted["statusCode"], 202);
    let body: Value = serde_json::from_str(accepted["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["ids"], json!(["key-9"]));
    let refused = wrapped("POST", "/api/orders/order", "{}").await;
    assert_eq!(refused["statusCode"], 422);
    assert_eq!(
        refused["headers"]["content-type"],
        "application/problem+json"
    );
    let described = wrapped("GET", "/api/orders/openapi.json", "").await;
    assert_eq!(described["statusCode"], 200);
    lake.landed(1);
}

#[tokio::test]
async fn the_description_and_the_handler_agree() {
    let (lake, _hub, api) = running().await;
    let description = api
        .request(Method::GET, "/api/orders/openapi.json", &[], "")
        .await;
    assert_eq!(description.status, 200);
    assert_eq!(description.body["openapi"], "3.1.0");
    let output = Command::new(schemathesis())
        .args([
            "run",
            &api.url("/api/orders/openapi.json"),
            "--url",
            &api.url(""),
        ])
        .args([
            "--checks",
            "all",
            "--exclude-checks",
            "ignored_auth,unsupported_method",
        ])
        .args(["--max-examples", "60", "--seed", "7", "--no-color"])
        .current_dir(lake.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

/// The program of the package schemathesis, installed once.
fn schemathesis() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let program = home.join("bin/schemathesis");
    if !program.is_file() {
        let run = |program: &Path, arguments: &[&str]| {
            let status = Command::new(program).args(arguments).status().unwrap();
            assert!(status.success(), "{} {arguments:?}", program.display());
        };
        run(
            Path::new("python3"),
            &["-m", "venv", "--clear", home.to_str().unwrap()],
        );
        run(
            &home.join("bin/pip"),
            &["install", "--quiet", "schemathesis==4.32.5"],
        );
    }
    program
}

#[tokio::test]
async fn the_handler_behind_the_hub_takes_orders_by_http() {
    let lake = Lake::new();
    let hub = lake.hub();
    let api = hub.listening["api"].as_str().unwrap();
    let posted = reqwest::Client::new()
        .post(api)
        .header("content-type", "application/json")
        .body(LINE)
        .send();
    assert_eq!(posted.await.unwrap().status(), 202);
    lake.landed(1);
}
