//! docs/events.md and docs/events.pt.md, held against the schemas.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn check(catalog: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bronzegate"));
    command.args(["check", "--schemas", "--catalog"]);
    command.arg(catalog).args(arguments).output().unwrap()
}

fn document(catalog: &Path, language: &str) -> String {
    let output = check(catalog, &["--document", language]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A copy of the schemas in which one file's text was changed.
fn changed(name: &str, change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    for file in [
        "catalog.json",
        "order/1.0.0.json",
        "order-transaction/1.0.0.json",
    ] {
        let text = fs::read_to_string(root().join("schemas").join(file)).unwrap();
        let copy = folder.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(copy, text).unwrap();
    }
    let file = folder.path().join(name);
    let before = fs::read_to_string(root().join("schemas").join(name.replace("1.1", "1.0")));
    let text = change(before.unwrap());
    fs::write(file, text).unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn the_pages_are_what_the_schemas_say() {
    for (language, page) in [("en", "docs/events.md"), ("pt", "docs/events.pt.md")] {
        let written = fs::read_to_string(root().join(page)).unwrap();
        let wanted = document(&root().join("schemas"), language);
        assert!(
            written == wanted,
            "{page} is old: bronzegate check --schemas --document {language} > {page}"
        );
    }
}

#[test]
fn every_field_says_what_breaking_it_brings() {
    let page = document(&root().join("schemas"), "en");
    for subject in page.split("\n## ").skip(1) {
        let (fields, rejections) = subject.split_once("### Rejections").unwrap();
        let names = fields.lines().filter_map(|line| line.strip_prefix("| `"));
        let names: Vec<_> = names.map(|it| it.split('`').next().unwrap()).collect();
        assert!(names.len() > 7, "{names:?}");
        for name in names {
            let of = format!("| `{name}` |");
            let types = |line: &&str| line.starts_with(&of) && line.contains("| `type` |");
            assert!(rejections.lines().any(|line| types(&line)), "{name}");
        }
    }
}

#[test]
fn the_rejections_are_the_judges() {
    let (_folder, catalog) = changed("order-transaction/1.0.0.json", |text| {
        text.replace("^[0-9]{5}$", "^[0-9]{7}$")
            .replace("\"17490\"", "\"1749000\"")
            .replace("\"16446\"", "\"1644600\"")
    });
    let page = document(&catalog, "en");
    assert!(page.contains("| `\"1749000 \"` | `/CustomerNo` | `pattern` | must match ^[0-9]{7}$"));
}

#[test]
fn every_title_and_description_stands_in_portuguese_too() {
    fn look(schema: &Value, at: &str) {
        if let Value::Object(members) = schema {
            for name in ["title", "description"] {
                // a condition's title is for the schema's authors
                let told = members.get(name).is_some_and(Value::is_string);
                if told && !at.starts_with("/allOf") {
                    assert!(
                        members.contains_key(&format!("x-{name}-pt")),
                        "{at}: {name}"
                    );
                }
            }
            for (name, value) in members {
                look(value, &format!("{at}/{name}"));
            }
        }
    }
    for name in ["order/1.0.0.json", "order-transaction/1.0.0.json"] {
        let text = fs::read(root().join("schemas").join(name)).unwrap();
        look(&serde_json::from_slice(&text).unwrap(), "");
    }
    let page = document(&root().join("schemas"), "pt");
    assert!(page.contains("**Preço unitário.** Preço de uma unidade em libras esterlinas."));
}

#[test]
fn a_new_translation_is_a_compatible_change() {
    let (_folder, catalog) = changed("order/1.1.0.json", |text| {
        text.replace("order:1.0.0", "order:1.1.0")
            .replace("Evento de pedido", "Evento do pedido")
    });
    let output = check(&catalog, &["--json"]);
    assert!(output.status.success(), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["schemas"].as_array().unwrap().len(), 3);
    let breaking = |it: &&Value| it["kind"] == "breaking" || it["kind"] == "unclear";
    assert_eq!(
        found["changes"].as_array().unwrap().iter().find(breaking),
        None
    );
    // and the page tells of the newest version alone
    let page = document(&catalog, "pt");
    assert!(page.contains("## Evento do pedido: `order/1.1.0`"));
    assert!(!page.contains("order/1.0.0"));
}

#[test]
fn a_language_that_is_not_there_is_refused() {
    let output = check(&root().join("schemas"), &["--document", "de"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("write en or pt"));
}
