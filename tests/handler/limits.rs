//! What is too large, what is forbidden, and what stands in the way: answers that lose nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::handler::{Handler, payload, records};

#[tokio::test]
async fn i4_every_reason_has_its_word() {
    let folder = TempDir::new().unwrap();
    let handler = Handler::start(folder.path(), &[("EVENT_LIMIT", "64KiB")]).await;
    let deep = [b"[".repeat(65), b"]".repeat(65)].concat();
    let bodies = [
        b"".to_vec(),
        vec![b'1'; 65_537],
        b"{\"\xff\"}".to_vec(),
        b"{'a': 1}".to_vec(),
        deep,
        br#"{"a":1,"a":2}"#.to_vec(),
        b"{}".to_vec(),
    ];
    assert_eq!(
        handler
            .post(payload("0", 0, &bodies), "i")
            .await
            .unwrap()
            .status,
        200
    );
    let rejections = records(&folder.path().join("lake"), "rejections");
    let records: Vec<_> = rejections.values().flatten().collect();
    let words: Vec<&str> = records
        .iter()
        .map(|it| it["_reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "empty",
            "too-large",
            "not-utf8",
            "not-json",
            "too-deep",
            "duplicate-key",
            "schema"
        ]
    );
    for (record, body) in records.iter().zip(&bodies) {
        let bytes = base64_simd::STANDARD
            .decode_to_vec(record["body_base64"].as_str().unwrap())
            .unwrap();
        assert!(bytes == *body, "I5: the original bytes");
        let errors = record["_errors"].as_array().unwrap();
        assert!(
            !errors.is_empty()
                && errors
                    .iter()
                    .all(|it| it["message"].as_str().unwrap().len() > 10)
        );
    }
}

#[tokio::test]
async fn i8_a_request_above_the_limit_is_413_and_one_above_the_budget_runs() {
    let folder = TempDir::new().unwrap();
    let app = TempDir::new().unwrap();
    let settings = [
        ("FUNCTIONS_APP_ROOT_PATH", app.path().to_str().unwrap()),
        (
            "SCHEMAS_DIR",
            concat!(env!("CARGO_MANIFEST_DIR"), "/schemas"),
        ),
        ("REQUEST_LIMIT", "8MiB"),
        ("MEMORY_BUDGET", "1MiB"),
    ];
    let handler = Handler::start(folder.path(), &settings).await;
    let mut socket = TcpStream::connect(handler.address()).await.unwrap();
    let head = "POST /IngestOrders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8388609\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut above = String::new();
    socket.read_to_string(&mut above).await.unwrap();
    assert!(
        above.starts_with("HTTP/1.1 413") && above.contains("REQUEST_LIMIT"),
        "{above}"
    );
    let large = payload("0", 0, &vec![vec![b'x'; 500_000]; 8]);
    assert!(large.len() > 5 << 20);
    let (one, two) = tokio::join!(handler.post(large.clone(), "i"), handler.post(large, "j"));
    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
    let lines: usize = records(&folder.path().join("lake"), "rejections")
        .values()
        .map(Vec::len)
        .sum();
    assert_eq!(lines, 8);
}

#[tokio::test]
async fn i3_a_lake_of_another_compression_is_refused_and_said() {
    let folder = TempDir::new().unwrap();
    let body = || payload("0", 0, &[b"{}".to_vec()]);
    let plain = Handler::start(folder.path(), &[("BRONZE_COMPRESSION", "none")]).await;
    assert_eq!(plain.post(body(), "i").await.unwrap().status, 200);
    let gzip = Handler::start(folder.path(), &[]).await;
    let answer = gzip.post(body(), "i").await.unwrap();
    assert_eq!(answer.status, 503);
    assert!(
        answer.body["error"]
            .as_str()
            .unwrap()
            .contains("BRONZE_COMPRESSION")
    );
    let blobs = records(&folder.path().join("lake"), "rejections");
    assert!(
        blobs
            .keys()
            .all(|name| Path::new(name).extension().unwrap() == "json")
    );
}

#[tokio::test]
async fn i3_a_lake_that_can_not_be_written_is_503_until_it_can() {
    let folder = TempDir::new().unwrap();
    let lake = folder.path().join("lake");
    std::fs::write(&lake, "in the way").unwrap();
    std::fs::set_permissions(&lake, std::fs::Permissions::from_mode(0o600)).unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    let answer = handler
        .post(payload("0", 0, &[b"{}".to_vec()]), "i")
        .await
        .unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body["error"].as_str().unwrap().contains("could not"));
    std::fs::remove_file(&lake).unwrap();
    let answer = handler
        .post(payload("0", 0, &[b"{}".to_vec()]), "i")
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_name_taken_by_a_foreign_blob_is_an_error_of_its_own() {
    let folder = TempDir::new().unwrap();
    let hour = folder
        .path()
        .join("lake/bronze/shop/orders/date=2026-11-20/hour=12");
    std::fs::create_dir_all(&hour).unwrap();
    std::fs::write(
        hour.join("0-00000000000000000000-1795176001000.json.gz"),
        "foreign",
    )
    .unwrap();
    let handler = Handler::start(folder.path(), &[]).await;
    let answer = handler
        .post(payload("0", 0, &[b"{}".to_vec()]), "i")
        .await
        .unwrap();
    assert_eq!(answer.status, 503);
    let error = answer.body["error"].as_str().unwrap();
    assert!(error.contains("without this program's metadata"), "{error}");
}

/// A store that gives every request this answer, or none.
async fn store(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            if let Some(answer) = answer {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            } else {
                open.push(socket);
            }
        }
    });
    format!("http://127.0.0.1:{port}/devstoreaccount1/lake")
}

#[tokio::test]
async fn i3_a_store_that_hangs_is_503_within_the_time_out() {
    let folder = TempDir::new().unwrap();
    let url = store(None).await;
    let settings = [("LANDING_URL", url.as_str()), ("LANDING_TIMEOUT", "1s")];
    let handler = Handler::start(folder.path(), &settings).await;
    let answer = handler
        .post(payload("0", 0, &[b"{}".to_vec()]), "i")
        .await
        .unwrap();
    assert_eq!(answer.status, 503);
    assert!(
        answer.body["error"]
            .as_str()
            .unwrap()
            .contains("LANDING_TIMEOUT")
    );
    let alive = handler.send("GET", "/", "", "i").await.unwrap();
    assert_eq!(alive.status, 200, "it answers meanwhile");
}

#[tokio::test]
async fn i3_a_forbidden_or_missing_container_is_503_and_says_why() {
    for (answer, cause) in [
        (
            "HTTP/1.1 403 Forbidden\r\nx-ms-error-code: AuthorizationPermissionMismatch\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "forbidden",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nx-ms-error-code: ContainerNotFound\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "missing",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let url = store(Some(answer)).await;
        let handler = Handler::start(folder.path(), &[("LANDING_URL", &url)]).await;
        let refused = handler
            .post(payload("0", 0, &[b"{}".to_vec()]), "i")
            .await
            .unwrap();
        let error = refused.body["error"].as_str().unwrap();
        assert_eq!(refused.status, 503, "{error}");
        assert!(error.contains(cause), "{error}");
    }
}
