//! The process: how it starts, what it says, how it ends.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::handler::{Handler, free_port, payload, records, shipped_app};

const SECRET: &str = r#"{"TransactionNo":"581482","Date":"12/9/2019","ProductNo":"22485","ProductName":"Do Not Log Me","Price":"a secret","Quantity":12,"Country":"Portugal"}"#;

#[tokio::test]
async fn it_answers_get_at_once_and_posts_to_others_with_404() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    assert_eq!(handler.send("GET", "/", "", "i").await.unwrap().status, 200);
    let other = handler
        .send("POST", "/NoSuchFunction", "{}", "i")
        .await
        .unwrap();
    assert_eq!(other.status, 404);
    assert!(
        other.body["error"]
            .as_str()
            .unwrap()
            .contains("/NoSuchFunction")
    );
}

#[tokio::test]
async fn chunks_and_a_length_are_taken_alike() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    let body = payload("0", 0, &[SECRET]);
    assert_eq!(handler.post(body, "i").await.unwrap().status, 200);

    let body = payload("0", 1, &[SECRET, SECRET]);
    let mut socket = TcpStream::connect(handler.address()).await.unwrap();
    let head = "POST /IngestOrders HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
                Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    for chunk in body.chunks(100) {
        socket
            .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await
            .unwrap();
        socket.write_all(chunk).await.unwrap();
        socket.write_all(b"\r\n").await.unwrap();
    }
    socket.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let lines: usize = records(&folder.path().join("lake"), "rejections")
        .values()
        .map(Vec::len)
        .sum();
    assert_eq!(lines, 3);
}

#[tokio::test]
async fn the_log_names_coordinates_and_never_a_value() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    handler
        .post(payload("2", 41, &[SECRET, "", SECRET]), "an-invocation")
        .await
        .unwrap();
    let log = handler.log();
    let line: Value = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["message"] == "landed")
        .unwrap();
    for (field, value) in [
        ("level", json!("INFO")),
        ("invocation_id", json!("an-invocation")),
        ("trace_id", json!("4bf92f3577b34da6a3ce929d0e0e4736")),
        ("stream", json!("shop/orders")),
        ("partition", json!("2")),
        ("first", json!(41)),
        ("last", json!(43)),
        ("events", json!(3)),
        ("accepted", json!(0)),
        ("rejected", json!(3)),
        ("duplicates", json!(0)),
        ("reasons", json!(r#"{"empty":1,"schema":2}"#)),
    ] {
        assert_eq!(line[field], value, "{field} of {line}");
    }
    assert!(
        line["blobs"]
            .as_str()
            .unwrap()
            .contains("2-00000000000000000041-")
    );
    assert!(!log.contains("Do Not Log Me") && !log.contains("a secret"));
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_is_in_flight() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    // a request whose body is half there when the signal comes
    let body = payload("0", 0, &[SECRET]);
    let mut socket = TcpStream::connect(handler.address()).await.unwrap();
    let head = format!(
        "POST /IngestOrders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on[..12], b"HTTP/1.1 100");
    let signalled = Command::new("kill")
        .arg(handler.id().to_string())
        .status()
        .unwrap();
    assert!(signalled.success());
    while !handler.log().contains("told to stop") {
        tokio::task::yield_now().await;
    }
    socket.write_all(&body).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(handler.wait(), Some(0));
    assert_eq!(records(&folder.path().join("lake"), "rejections").len(), 1);
}

#[tokio::test]
async fn killed_and_started_again_on_its_port_it_drops_what_is_landed() {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let first = Handler::start_on(port, folder.path(), &[]).await;
    first
        .post(payload("0", 10, &[SECRET, SECRET]), "one")
        .await
        .unwrap();
    first.kill();
    let second = Handler::start_on(port, folder.path(), &[]).await;
    let answer = second
        .post(payload("0", 9, &[SECRET, SECRET, SECRET, SECRET]), "two")
        .await
        .unwrap();
    let line = answer.body["Logs"][0].as_str().unwrap().to_owned();
    assert!(
        line.contains("2 rejected") && line.contains("2 duplicates dropped"),
        "{line}"
    );
    let blobs = records(&folder.path().join("lake"), "rejections");
    let sequences: Vec<u64> = blobs
        .values()
        .flatten()
        .map(|it| it["_sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, [9, 10, 11, 12]);
}

#[test]
fn settings_that_can_not_be_used_end_it_with_a_clear_error() {
    for (name, value, says) in [
        ("LANDING_URL", "", "LANDING_URL: missing"),
        ("LANDING_URL", "s3://lake", "LANDING_URL"),
        ("BRONZE_COMPRESSION", "zstd", "BRONZE_COMPRESSION"),
        ("SCHEMAS_DIR", "/no/such/folder", "/no/such/folder"),
        ("LANDING_TIMEOUT", "1h", "LANDING_TIMEOUT"),
    ] {
        let run = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .arg("serve")
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", free_port().to_string())
            .env("FUNCTIONS_APP_ROOT_PATH", shipped_app())
            .env("LANDING_URL", "file:///tmp/never-made")
            .env(name, value)
            .output()
            .unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{name}={value}: {said}");
        assert!(said.contains(says), "{name}={value}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(!Path::new("/tmp/never-made").exists());
}
