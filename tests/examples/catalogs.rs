//! Every example's schemas, by `bronzegate check`.

use std::process::Command;

use serde_json::Value;

use crate::example::home;

#[test]
fn every_catalog_of_an_example_is_sound_and_leaves_nothing_unchecked() {
    let catalogs: Vec<_> = std::fs::read_dir(home())
        .unwrap()
        .map(|entry| entry.unwrap().path().join("schemas"))
        .filter(|schemas| schemas.is_dir())
        .collect();
    assert_eq!(catalogs.len(), 4);
    for catalog in catalogs {
        let output = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
            .args(["check", "--schemas", "--json", "--catalog"])
            .arg(&catalog)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{report}");
        assert_eq!(report["warnings"], serde_json::json!([]), "{report}");
    }
}
