//! The handler's process, as the Functions host starts, probes and restarts it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often the host asks whether the handler listens, and for how long.
const PROBE: Duration = Duration::from_millis(25);
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a handler that is let go may take to export what it has still to say.
const FAREWELL: Duration = Duration::from_secs(3);

/// The host's name for its one worker.
const WORKER: &str = "local";

/// With what the handler is started.
#[derive(Debug, Clone)]
pub struct App {
    /// The function app: the folder with host.json.
    pub root: PathBuf,
    /// `SCHEMAS_DIR`: the schema catalog, as an absolute path.
    pub schemas: PathBuf,
    /// The program to start: this one.
    pub program: PathBuf,
    /// `LANDING_URL`.
    pub landing_url: String,
    /// Where stdout and stderr of the handler are kept.
    pub logs: PathBuf,
    /// `BRONZE_COMPRESSION`.
    pub compression: String,
    /// `SUBMIT_HUB`: the hub to which the HTTP API publishes, where there is one.
    pub hub: Option<String>,
}

/// Why the handler does not run.
#[derive(Debug, thiserror::Error)]
#[error("the handler {problem}{last_words}")]
pub struct ProcessError {
    problem: String,
    last_words: String,
}

/// A handler that runs, or ran.
#[derive(Debug)]
pub struct Process {
    app: App,
    port: u16,
    child: Child,
    client: reqwest::Client,
}

impl App {
    /// What the handler wrote to stdout: its log, a JSON object a line.
    pub fn log(&self) -> PathBuf {
        self.logs.join("handler.log")
    }

    fn errors(&self) -> PathBuf {
        self.logs.join("handler.err")
    }

    /// Empties the logs of an earlier run.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub fn clear_logs(&self) -> std::io::Result<()> {
        fs::create_dir_all(&self.logs)?;
        fs::write(self.log(), "")?;
        fs::write(self.errors(), "")
    }

    fn error(&self, problem: impl Into<String>) -> ProcessError {
        let said = fs::read_to_string(self.errors()).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        ProcessError {
            problem: problem.into(),
            last_words: last.map_or_else(String::new, |line| format!(": {line}")),
        }
    }
}

impl Process {
    /// Starts the handler on a free port, and waits until it answers.
    ///
    /// # Errors
    /// Where it can't be started or does not answer.
    pub async fn start(app: App) -> Result<Self, ProcessError> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
        let port = free
            .map_err(|error| app.error(format!("has no port: {error}")))?
            .port();
        let client = reqwest::Client::builder()
            // the handler is on this machine, whatever HTTP_PROXY says
            .no_proxy()
            .build()
            .map_err(|error| app.error(format!("can't be asked: {error}")))?;
        let child = spawn(&app, port)?;
        let mut process = Self {
            app,
            port,
            child,
            client,
        };
        process.probe().await?;
        Ok(process)
    }

    /// Where invocations are posted.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/IngestOrders", self.port)
    }

    /// Where orders are posted, in a build that has the API: the host would forward them there.
    pub fn api(&self) -> Option<String> {
        cfg!(feature = "event-hubs").then(|| format!("http://127.0.0.1:{}/api/orders", self.port))
    }

    /// The client that asks it.
    pub fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// SIGKILL, and a new start on the same port.
    ///
    /// # Errors
    /// Where it can't be started again.
    pub async fn kill_and_start(&mut self) -> Result<(), ProcessError> {
        self.end();
        self.child = spawn(&self.app, self.port)?;
        self.probe().await
    }

    /// Lets it go: it stops by itself, since its standard input ends.
    pub async fn let_go(&mut self) {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while self.ended().is_none() && start.elapsed() < FAREWELL {
            sleep(PROBE).await;
        }
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// An error with the handler's last words.
    pub fn error(&self, problem: impl Into<String>) -> ProcessError {
        self.app.error(problem)
    }

    async fn probe(&mut self) -> Result<(), ProcessError> {
        let start = Instant::now();
        let home = format!("http://127.0.0.1:{}/", self.port);
        loop {
            let left = INITIALIZATION_TIMEOUT.saturating_sub(start.elapsed());
            // any status counts; a socket that accepts and does not answer stalls the start
            if self.client.get(&home).timeout(left).send().await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.ended() {
                return Err(self.app.error(format!("ended at its start ({status})")));
            }
            if left.is_zero() {
                return Err(self.app.error("did not answer within 30 s of its start"));
            }
            sleep(PROBE).await;
        }
    }

    fn end(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(app: &App, port: u16) -> Result<Child, ProcessError> {
    let append = |path: &Path| File::options().create(true).append(true).open(path);
    let start = || -> std::io::Result<Child> {
        Command::new(&app.program)
            // it ends with this process, whatever that ends of
            .args(["serve", "--leash"])
            // Ctrl-C is for this process, which lets the handler finish
            .process_group(0)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("FUNCTIONS_HTTPWORKER_PORT", port.to_string())
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", WORKER)
            .env("FUNCTIONS_HTTPWORKER_ID", WORKER)
            .env("FUNCTIONS_APP_ROOT_PATH", &app.root)
            .env("LANDING_URL", &app.landing_url)
            .env("BRONZE_COMPRESSION", &app.compression)
            // a setting meant for a deployment must not rename what is landed here
            .env_remove("STREAM_NAME")
            .env_remove("STREAM_EPOCH")
            .env("SCHEMAS_DIR", &app.schemas)
            .env("SUBMIT_HUB", app.hub.as_deref().unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(append(&app.log())?)
            .stderr(append(&app.errors())?)
            .spawn()
    };
    start().map_err(|error| app.error(format!("can't be started: {error}")))
}
