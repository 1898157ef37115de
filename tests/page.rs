//! The audit's page, in a real browser.
//!
//! `SCREENSHOT=docs/audit.png cargo test --test page` makes the README's picture anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/npm.rs"]
mod npm;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn bronzegate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("LANDING_URL")
        .output()
        .unwrap()
}

/// The browser: `CHROMIUM`, or one on the path.
fn chromium() -> PathBuf {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!("no browser: install the Debian package chromium, or set CHROMIUM")
    })
}

/// Blobs of a lake's folder, in order.
fn blobs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let hidden = path.file_name().unwrap().to_str().unwrap().starts_with('.');
        if path.is_dir() {
            found.extend(blobs(&path));
        } else if !hidden {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A lake with replayed rejections, a gap, and rejections that were removed.
fn lake(folder: &Path) {
    let landed = bronzegate(
        folder,
        &["local", "--events", "60000", "--lake", "lake", "--quiet"],
    );
    assert!(landed.status.success(), "{landed:?}");
    let catalog = folder.join("schemas");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for name in [
        "catalog.json",
        "order/1.0.0.json",
        "order-transaction/1.0.0.json",
    ] {
        let to = catalog.join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let text = std::fs::read_to_string(shipped.join(name)).unwrap();
        // prices may be strings from now on
        std::fs::write(
            to,
            text.replace("\"type\": \"number\"", "\"type\": [\"number\", \"string\"]"),
        )
        .unwrap();
    }
    let replayed = bronzegate(folder, &["replay", "--catalog", "schemas", "--quiet"]);
    assert!(replayed.status.success(), "{replayed:?}");
    let bronze = blobs(&folder.join("lake/bronze"));
    let nth = |partition: &str, index: usize| {
        let part = format!("hour=09/{partition}-");
        let chain = bronze.iter().map(|it| it.to_str().unwrap());
        let mut of_partition = chain.filter(|it| it.contains(&part));
        of_partition.nth(index).unwrap()
    };
    let lost = nth("2", 3);
    std::fs::remove_file(lost).unwrap();
    let beside = lost.replace("/bronze/", "/rejections/");
    std::fs::remove_file(beside).unwrap();
    let unpublished = nth("1", 1);
    std::fs::remove_file(unpublished.replace("/bronze/", "/rejections/")).unwrap();
}

#[test]
fn the_page_shows_what_the_json_says() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    npm::install(&home);
    let folder = TempDir::new().unwrap();
    lake(folder.path());
    let audited = bronzegate(folder.path(), &["audit", "--html", "audit.html", "--json"]);
    assert_eq!(audited.status.code(), Some(1), "{audited:?}");
    std::fs::write(folder.path().join("audit.json"), &audited.stdout).unwrap();
    let checked = Command::new("node")
        .arg(home.join("check.js"))
        .args([
            folder.path().join("audit.html"),
            folder.path().join("audit.json"),
            chromium(),
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn payloads_are_shown_only_where_they_are_asked_for() {
    let folder = TempDir::new().unwrap();
    let lines = "{\"secret\":\"tell nobody\"}\n{\"secret\":\"<b>tell nobody</b>\"}\n";
    std::fs::write(folder.path().join("events.ndjson"), lines).unwrap();
    let landed = ["local", "--ndjson", "events.ndjson", "--quiet"];
    assert!(bronzegate(folder.path(), &landed).status.success());
    let page = |more: &[&str]| {
        let arguments = [&["audit", "--html", "audit.html"], more].concat();
        let audited = bronzegate(folder.path(), &arguments);
        assert!(audited.status.success(), "{audited:?}");
        let said = String::from_utf8(audited.stdout).unwrap();
        (
            std::fs::read_to_string(folder.path().join("audit.html")).unwrap(),
            said,
        )
    };
    let (hidden, said) = page(&["--json"]);
    assert!(!hidden.contains("tell nobody") && !said.contains("tell nobody"));
    assert!(hidden.contains("is missing"));
    let (shown, _) = page(&["--show-values"]);
    assert!(shown.contains("tell nobody") && !shown.contains("<b>tell"));
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3, "the events, the lake and the page");
    let nowhere = bronzegate(folder.path(), &["audit", "--html", "no/such/folder/a.html"]);
    assert_eq!(nowhere.status.code(), Some(2));
}
