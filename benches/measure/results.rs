//! Where figures are kept: a JSON file for each run, so that a run that was broken off goes on.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Common;

/// The figures of one kind.
pub struct Results {
    folder: PathBuf,
    resume: bool,
}

impl Results {
    /// Those of `peers`, `kafka` or `process`. What an earlier run left stands until it is measured anew.
    pub fn open(common: &Common, kind: &str) -> Self {
        let folder = common.results.join(kind);
        fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            resume: common.resume,
        }
    }

    /// Whether there are figures of this name, and they are to be kept.
    pub fn has(&self, name: &str) -> bool {
        self.resume && self.file(name).exists()
    }

    /// Keeps them.
    pub fn keep(&self, name: &str, mut figures: Value) {
        figures["name"] = json!(name);
        figures["machine"] = machine();
        let text = serde_json::to_vec_pretty(&figures).unwrap();
        let whole = self.folder.join(format!(".{name}"));
        fs::write(&whole, text).unwrap();
        fs::rename(whole, self.file(name)).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}

/// On what it was measured, and how busy that was with other work.
fn machine() -> Value {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!({
        "cores": std::thread::available_parallelism().unwrap().get(),
        "model": model.and_then(|it| it.split_once(": ")).map(|it| it.1),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "load": load.split(' ').next(),
        "seconds_since_1970": SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs(),
    })
}
