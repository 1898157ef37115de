//! A process under load: started as the Functions host starts a handler, and watched through /proc.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(3);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A running process with all that it started. They end with this value.
pub struct Server {
    child: Child,
    /// Whether the first process stands in for the host, and does not count.
    stand_in: bool,
    port: u16,
    /// From its start to the first answer.
    pub start: Duration,
}

/// What is looked at while it runs.
pub struct Watch {
    peak: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
    looking: Option<JoinHandle<()>>,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

impl Server {
    /// Starts it, and waits for nothing.
    pub fn started(mut command: Command, log: &Path) -> Self {
        let port = free_port();
        fs::create_dir_all(log.parent().unwrap()).unwrap();
        let file = File::create(log).unwrap();
        let child = command
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            child,
            stand_in: false,
            port,
            start: Duration::ZERO,
        }
    }

    /// Starts it on a free port, and waits until it answers.
    pub async fn start(command: Command, stand_in: bool, log: &Path) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let begun = Instant::now();
        let mut server = Self::started(command, log);
        server.stand_in = stand_in;
        let home = format!("http://127.0.0.1:{}/", server.port);
        while client.get(&home).send().await.is_err() {
            let said = || fs::read_to_string(log).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "no answer: {}", said());
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended at its start: {}", said());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.start = begun.elapsed();
        server
    }

    /// Where invocations are posted.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/IngestOrders", self.port)
    }

    /// Its processes: those that count.
    fn processes(&self) -> Vec<u32> {
        let mut all = family(self.child.id());
        if self.stand_in {
            all.remove(0);
        }
        all
    }

    /// Processor time so far, of all its processes.
    pub fn cpu(&self) -> Duration {
        self.processes().into_iter().map(cpu).sum()
    }

    /// Memory now, of all its processes.
    pub fn memory(&self) -> u64 {
        self.processes().into_iter().map(memory).sum()
    }

    /// Looks at its memory from now on.
    pub fn watch(&self) -> Watch {
        let (peak, done) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (to, end) = (Arc::clone(&peak), Arc::clone(&done));
        let (root, stand_in) = (self.child.id(), self.stand_in);
        let looking = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let processes = family(root).into_iter().skip(usize::from(stand_in));
                to.fetch_max(processes.map(memory).sum(), Ordering::Relaxed);
                std::thread::sleep(LOOK);
            }
        });
        Watch {
            peak,
            done,
            looking: Some(looking),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let all = family(self.child.id());
        // it may have ended by itself, and the others with it
        let _ = self.child.kill();
        let _ = self.child.wait();
        for process in all.iter().skip(1) {
            let _ = Command::new("kill")
                .args(["-9", &process.to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }
}

impl Watch {
    /// The most that was seen.
    pub fn peak(mut self) -> u64 {
        self.done.store(true, Ordering::Relaxed);
        if let Some(looking) = self.looking.take() {
            looking.join().unwrap();
        }
        self.peak.load(Ordering::Relaxed)
    }
}

/// The processor time of a process.
pub fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // the name of the program, in brackets, may hold anything
    let fields = stat.rsplit_once(')').map_or("", |it| it.1);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|it| it.parse::<u64>().unwrap()).sum();
    // USER_HZ is 100 wherever Linux runs
    Duration::from_millis(10 * ticks)
}

/// A process and all that descend from it, parents before their children.
fn family(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|it| it.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |it| it.1);
        if let Some(parent) = fields.split_whitespace().nth(1) {
            parents.push((id, parent.parse::<u32>().unwrap_or(0)));
        }
    }
    let (mut all, mut at) = (vec![root], 0);
    while at < all.len() {
        let parent = all[at];
        all.extend(parents.iter().filter(|it| it.1 == parent).map(|it| it.0));
        at += 1;
    }
    all
}

/// Bytes that a process holds in memory; what several share is divided among them (PSS).
fn memory(process: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|it| it.split_whitespace().next());
    kilobytes.map_or(0, |it| 1024 * it.parse::<u64>().unwrap())
}

/// The processor time of the emulators that this process has started.
pub fn emulator_cpu() -> Duration {
    let emulator = |process: &u32| {
        let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains("azurite")
    };
    let children = family(std::process::id()).into_iter().filter(emulator);
    children.map(cpu).sum()
}
