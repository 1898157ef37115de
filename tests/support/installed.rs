//! What tests install from registries, each once and pinned by a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder below target/ that was made for just this pinned file, once, however many tests ask at
/// a time.
pub fn installed(name: &str, pinned: &Path, make: impl FnOnce(&Path)) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed");
    fs::create_dir_all(&root).unwrap();
    let lock = File::create(root.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let (folder, done) = (root.join(name), root.join(format!("{name}.installed")));
    let wanted = fs::read(pinned).unwrap();
    if fs::read(&done).is_ok_and(|installed| installed == wanted) && folder.is_dir() {
        return folder;
    }
    // what is there may be half of an installation, or an older one
    let _ = fs::remove_dir_all(&folder);
    make(&folder);
    fs::write(done, wanted).unwrap();
    folder
}

/// A virtual environment of Python with what a requirements.txt says.
pub fn venv(name: &str, requirements: &Path) -> PathBuf {
    installed(name, requirements, |venv| {
        let mut make = Command::new("python3");
        let make = make.args(["-m", "venv", "--clear"]).arg(venv);
        run(make, "the tests need python3 with venv");
        let mut pip = Command::new(venv.join("bin/pip"));
        let pip = pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
        run(pip.arg(requirements), "the packages of Python");
    })
}

/// Runs a command to its end, which has to be a good one.
pub fn run(command: &mut Command, what: &str) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(
        output.status.success(),
        "{what}: {}",
        String::from_utf8_lossy(&said)
    );
    output
}
