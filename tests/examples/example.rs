//! An example as somebody has it who follows its README: a folder, and the README's commands.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::handler::records;
use crate::installed::venv;
use crate::running::{Guarded, Hub, Lake};

/// A copy of an example; what its commands leave behind goes with it.
pub struct Example {
    lake: Lake,
    readme: String,
}

/// A server of an example; it is killed when this value is dropped.
pub struct Server {
    _child: Guarded,
    /// The address that it printed.
    pub url: String,
}

/// The examples' folder.
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

impl Example {
    /// Copies it, with the packages of its requirements.txt installed.
    pub fn copy(name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        copy(&home().join(name), folder.path());
        let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
        // the one command that is not run as it stands: the environment is made once for all
        let install =
            "python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt\n";
        assert!(blocks(&readme).any(|block| block == install), "{name}");
        let lake = Lake { folder };
        let requirements = home().join(name).join("requirements.txt");
        if fs::read_to_string(&requirements)
            .unwrap()
            .contains("azure-eventhub")
        {
            let packages = venv("hub-python", &requirements);
            std::os::unix::fs::symlink(packages, lake.folder.path().join(".venv")).unwrap();
        }
        Self { lake, readme }
    }

    /// The README's one block of commands that begins so.
    pub fn block(&self, begin: &str) -> String {
        let mut found = blocks(&self.readme).filter(|block| block.starts_with(begin));
        let block = found.next();
        assert!(found.next().is_none(), "{begin}: more than one block");
        block
            .unwrap_or_else(|| panic!("{begin}: no such block"))
            .to_owned()
    }

    /// Runs commands in the folder as somebody at a terminal would; they have to end with this
    /// status. Returns what they print.
    pub fn run(&self, commands: &str, environment: &[(&str, &str)], status: i32) -> String {
        let output = self.shell(commands, environment).output().unwrap();
        let (out, error) = (&output.stdout, &output.stderr);
        let said = String::from_utf8_lossy(out).into_owned();
        let error = String::from_utf8_lossy(error);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{commands}: {said}{error}"
        );
        said
    }

    /// The hub, with the options that the README gives it, on a port of its own.
    pub fn hub(&self) -> Hub {
        let command = self.block("bronzegate local --hub");
        let options: Vec<&str> = command.split_whitespace().skip(3).collect();
        Hub::start(&self.lake.path(), self.folder(), &options)
    }

    /// Starts what the README lets run until Ctrl-C, and waits until it listens.
    pub fn server(&self, begin: &str, environment: &[(&str, &str)]) -> Server {
        let commands = format!("exec {}", self.block(begin));
        let mut shell = self.shell(&commands, environment);
        let log = self.folder().join("server.log");
        shell.stderr(File::create(&log).unwrap());
        let mut child = Guarded(shell.stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        let mut out = BufReader::new(child.0.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let said = || fs::read_to_string(&log).unwrap();
        let url = url.unwrap_or_else(|| panic!("{begin}: {line}{}", said()));
        let url = url.to_owned();
        Server { _child: child, url }
    }

    /// Waits until all is landed, and holds the lake against the README's table.
    pub fn lands(&self, (accepted, rejected): (u64, u64), name: fn(&Value) -> &str) {
        self.lake.landed(accepted + rejected);
        self.sound((accepted, rejected), name);
    }

    /// Audits the lake, and holds it against the README's table, whose first column is this name of
    /// a rejection.
    pub fn sound(&self, (accepted, rejected): (u64, u64), name: fn(&Value) -> &str) {
        let commands = self
            .readme
            .lines()
            .filter(|it| it.starts_with("bronzegate audit"));
        for command in commands {
            let said = self.run(command, &[], 0);
            assert!(said.contains("SOUND"), "{said}");
        }
        let report = self.lake.audit();
        assert_eq!(report["sound"], true);
        assert_eq!(report["totals"]["accepted"], accepted);
        assert_eq!(report["totals"]["rejected"], rejected);
        let refused = self.rejected();
        let mut found: Vec<String> = refused.iter().flat_map(|it| rows(it, name)).collect();
        let mut wanted: Vec<String> = self.readme.lines().filter_map(row).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }

    /// The records of bronze.
    pub fn accepted(&self) -> Vec<Value> {
        records(&self.lake.path(), "bronze")
            .into_values()
            .flatten()
            .collect()
    }

    /// The rejection log.
    pub fn rejected(&self) -> Vec<Value> {
        records(&self.lake.path(), "rejections")
            .into_values()
            .flatten()
            .collect()
    }

    fn folder(&self) -> &Path {
        self.lake.folder.path()
    }

    fn shell(&self, commands: &str, environment: &[(&str, &str)]) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_bronzegate"));
        let mut path = program.parent().unwrap().as_os_str().to_owned();
        write!(path, ":{}", std::env::var("PATH").unwrap()).unwrap();
        let mut shell = Command::new("bash");
        shell.args(["-eu", "-o", "pipefail", "-c", commands]);
        shell.current_dir(self.folder()).env("PATH", path);
        shell.envs(environment.iter().copied());
        shell
    }
}

/// How often each value of a column is there.
pub fn words<'a>(records: &'a [Value], column: &str) -> BTreeMap<&'a str, usize> {
    let mut found = BTreeMap::new();
    for record in records {
        *found.entry(record[column].as_str().unwrap()).or_default() += 1;
    }
    found
}

/// The blocks of commands of a README.
fn blocks(readme: &str) -> impl Iterator<Item = &str> {
    let fenced = readme.split("```sh\n").skip(1);
    fenced.map(|rest| rest.split("```").next().unwrap())
}

/// A rejection as rows of a README's table: one for each of its errors.
fn rows(rejection: &Value, name: fn(&Value) -> &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reason = rejection["_reason"].as_str().unwrap();
    let errors = rejection["_errors"].as_array().unwrap();
    let row = |error: &Value| {
        let error = [text(&error["pointer"]), text(&error["keyword"])];
        [name(rejection), reason, &error[0], &error[1]].join(" | ")
    };
    errors.iter().map(row).collect()
}

/// A row of a README's table of what is refused.
fn row(line: &str) -> Option<String> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let head = matches!(cells[..], ["event" | "---", ..]);
    (cells.len() == 4 && line.starts_with('|') && !head).then(|| cells.join(" | "))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        // what a run in the repository left
        let left = [
            "lake",
            ".venv",
            ".bronzegate",
            "__pycache__",
            "events.ndjson",
        ];
        if left.iter().any(|it| name == *it) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
