//! The zip that is deployed: what is in it starts and lands, from nothing but itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Unpacks a zip with its permissions, as a platform does that runs from a package.
const UNPACK: &str = "import os, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for entry in archive.infolist():
    os.chmod(archive.extract(entry, sys.argv[2]), entry.external_attr >> 16)";

fn package(arguments: &[&str]) -> Output {
    Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/package"))
        .args(arguments)
        .output()
        .unwrap()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn what_is_in_the_package_starts_and_lands() {
    let folder = TempDir::new().unwrap();
    let (zip, app) = (folder.path().join("app.zip"), folder.path().join("app"));
    let binary = ["--binary", env!("CARGO_BIN_EXE_bronzegate"), "--out"];
    let packed = package(&[&binary[..], &[zip.to_str().unwrap()]].concat());
    assert!(packed.status.success(), "{packed:?}");
    let unpacked = Command::new("python3")
        .args(["-c", UNPACK])
        .args([&zip, &app])
        .output()
        .unwrap();
    assert!(unpacked.status.success(), "{unpacked:?}");

    let host = std::fs::read_to_string(app.join("host.json")).unwrap();
    let host: Value = serde_json::from_str(&host).unwrap();
    let handler = host["customHandler"]["description"]["defaultExecutablePath"].as_str();
    let port = handler::free_port();
    let mut running = Running(
        Command::new(app.join(handler.unwrap()))
            .current_dir(&app)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env(
                "LANDING_URL",
                format!("file://{}/lake", folder.path().display()),
            )
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let (client, start) = (reqwest::Client::new(), Instant::now());
    let base = format!("http://127.0.0.1:{port}");
    while client.get(&base).send().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(30));
        assert_eq!(running.0.try_wait().unwrap(), None, "it ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let function = app.read_dir().unwrap().find_map(|entry| {
        let entry = entry.unwrap();
        let has = entry.path().join("function.json").is_file();
        let name = entry.file_name().into_string().unwrap();
        (has && name == "IngestOrders").then_some(name)
    });
    let invocation = client
        .post(format!("{base}/{}", function.unwrap()))
        .header("content-type", "application/json")
        .header(
            "X-Azure-Functions-InvocationId",
            "f1248305-0000-4000-8000-000000000000",
        )
        .body(handler::payload("3", 47, &["{}"]));
    assert_eq!(invocation.send().await.unwrap().status(), 200);
    let rejected = handler::records(&folder.path().join("lake"), "rejections");
    let records: Vec<&Value> = rejected.values().flatten().collect();
    assert_eq!(records[0]["_schema"], "order-transaction/1.0.0");
}

#[test]
fn the_same_inputs_make_the_same_package() {
    let folder = TempDir::new().unwrap();
    let zip = |name: &str| {
        let file = folder.path().join(name);
        // any program will do
        let packed = package(&["--binary", "/bin/sh", "--out", file.to_str().unwrap()]);
        assert!(packed.status.success(), "{packed:?}");
        std::fs::read(file).unwrap()
    };
    assert!(zip("one.zip") == zip("other.zip"));
}

#[test]
fn what_is_no_handler_is_refused_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("app.zip");
    for (binary, says) in [
        ("/no/such/file", "no such file"),
        (file!(), "not a Linux program"),
    ] {
        let packed = package(&["--binary", binary, "--out", out.to_str().unwrap()]);
        assert_eq!(packed.status.code(), Some(2));
        let said = String::from_utf8(packed.stderr).unwrap();
        assert!(said.contains(says) && said.contains(binary), "{said}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
