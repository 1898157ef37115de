//! The official clients, as they come from their registries.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::installed::venv;
use crate::npm;

/// A language's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// @azure/event-hubs
    Node,
    /// azure-eventhub
    Python,
}

impl Client {
    fn command(self) -> Command {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub");
        let (program, script) = match self {
            Self::Node => {
                npm::install(&home.join("node"));
                (PathBuf::from("node"), home.join("node/client.js"))
            }
            Self::Python => {
                let venv = venv("hub-python", &home.join("python/requirements.txt"));
                (venv.join("bin/python"), home.join("python/client.py"))
            }
        };
        let mut command = Command::new(program);
        command.arg(script);
        command
    }

    /// Lets it do something, and returns what it said.
    pub fn does(self, connection: &str, arguments: &[&str]) -> Value {
        let mut command = self.command();
        let output = command.arg(connection).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Lets it do something for as long as it is let.
    pub fn starts(self, connection: &str, what: &str) -> Running {
        let mut child = self
            .command()
            .args([connection, what])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { child, lines }
    }
}

/// A client that runs; it is killed when this value is dropped.
pub struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// What it says next; none where it has ended.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        // what was cut off by a kill was not said
        line.strip_suffix('\n').map(str::to_owned)
    }

    /// SIGKILL; returns what it had said and was not read yet.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.line()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
