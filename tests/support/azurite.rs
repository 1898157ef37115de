//! Starts Azurite, the emulator of Blob Storage, and installs it where it is not there yet.

#[path = "npm.rs"]
mod npm;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MAIN: &str = "node_modules/azurite/dist/src/blob/main.js";

/// How long Azurite may take until it listens, on a machine under load.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends Azurite when its standard input does: the system closes that when the test dies, whatever
/// it dies of.
const LEASH: &str = "process.stdin.on('end', () => process.exit(0)).resume(); \
    const main = process.argv[1]; process.argv.splice(1, 1, main); require(main);";

/// A running emulator with nothing in it. It ends with this value, and with the process.
pub struct Azurite {
    child: Child,
    port: u16,
}

impl Azurite {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// Where node or npm is missing, or Azurite does not come up.
    pub fn start() -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/azurite");
        npm::install(&home);
        for _ in 0..3 {
            if let Some(azurite) = Self::try_start(&home) {
                return azurite;
            }
        }
        panic!("azurite ended at once, three times; try `node tests/azurite/{MAIN}`");
    }

    fn try_start(home: &Path) -> Option<Self> {
        let port = free_port();
        let child = Command::new("node")
            .args(["-e", LEASH, "--"])
            .arg(home.join(MAIN))
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .args(["--inMemoryPersistence", "--silent"])
            .args(["--disableTelemetry", "--skipApiVersionCheck"])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node is needed to run azurite: {error}"));
        let mut azurite = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            // another process may have taken the port meanwhile
            if azurite.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(start.elapsed() < PATIENCE, "azurite does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(azurite)
    }

    /// The URL of a container, which need not be there.
    pub fn url(&self, container: &str) -> String {
        let port = self.port;
        format!("http://127.0.0.1:{port}/devstoreaccount1/{container}")
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port()
}
