//! Installs what a folder's package-lock.json says.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// The lock file that was installed, written when `npm ci` is through: the folder alone may be half
/// of an installation, or an older one.
const INSTALLED: &str = "node_modules/.installed";

/// Installs it once, however many tests ask at a time.
///
/// # Panics
/// Where npm is missing or fails.
pub fn install(home: &Path) {
    let wanted = fs::read(home.join("package-lock.json")).unwrap();
    let done = home.join(INSTALLED);
    let lock = File::create(home.join(".install.lock")).unwrap();
    lock.lock().unwrap();
    if fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return;
    }
    let npm = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(home)
        .output();
    match npm {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "`npm ci` in {} failed:\n{}",
            home.display(),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("npm is not installed; the tests need node 20 or later")
        }
        Err(error) => panic!("npm does not start: {error}"),
    }
    fs::write(done, wanted).unwrap();
}
