//! The program, as it is called.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program with these arguments, in a folder of its own.
pub fn bronzegate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bronzegate"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("SCHEMAS_DIR", crate::handler::shipped_app().join("schemas"))
        .env_remove("LANDING_URL")
        .stdin(Stdio::null());
    command
}

/// Runs it; what it printed as JSON, where it ends with this status.
pub fn json(folder: &Path, arguments: &[&str], status: i32) -> Value {
    let mut command = bronzegate(folder, &[arguments, &["--json"]].concat());
    parsed(&command.output().unwrap(), status)
}

/// Runs it with this input.
pub fn fed(folder: &Path, arguments: &[&str], input: &[u8], status: i32) -> Value {
    let mut child = bronzegate(folder, &[arguments, &["--json"]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    parsed(&child.wait_with_output().unwrap(), status)
}

/// Runs it; what it says where it ends with this status.
pub fn says(folder: &Path, arguments: &[&str], status: i32) -> String {
    let output = bronzegate(folder, arguments).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    said
}

fn parsed(output: &Output, status: i32) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}
