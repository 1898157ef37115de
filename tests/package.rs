//! The zip that is deployed: what is in it starts and lands, from nothing but itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a test says what it leaves out")]

#[path = "support/handler.rs"]
#[expect(dead_code, reason = "the tests of the handler use the rest")]
mod handler;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Unpacks a zip with its permissions, as a platform does that runs from a package.
const UNPACK: &str = "import os, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for entry in archive.infolist():
    os.chmod(archive.extract(entry, sys.argv[2]), entry.external_attr >> 16)";

fn package(arguments: &[&str]) -> Output {
    Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/package"))
        .args(arguments)
        // what is built for this test alone: the sooner the better
        .output()
        .unwrap()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A root folder with nothing but the app, as the package has it, and what a program is given that was
/// linked statically: no loader and no library.
struct Root(TempDir);

impl Root {
    fn of(zip: &Path) -> Self {
        let root = Self(TempDir::new().unwrap());
        for folder in ["app", "dev", "etc/ssl/certs", "lake", "tmp"] {
            std::fs::create_dir_all(root.path(folder)).unwrap();
        }
        let unpacked = Command::new("python3")
            .args(["-c", UNPACK])
            .arg(zip)
            .arg(root.path("app"))
            .output()
            .unwrap();
        assert!(unpacked.status.success(), "{unpacked:?}");
        std::fs::write(root.path("etc/hosts"), "127.0.0.1 lake.test other.test\n").unwrap();
        // there is no device without the right to make one: bytes stand in its place
        let mut random = vec![0; 1 << 20];
        std::fs::File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut random))
            .unwrap();
        for name in ["dev/random", "dev/urandom"] {
            std::fs::write(root.path(name), &random).unwrap();
        }
        root
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The handler in this root, with no environment but this. Where nobody may change the root, it
    /// stays; the program needs nothing of it either way.
    fn handler(&self, environment: &[(&str, &str)]) -> Command {
        let mut words: Vec<String> = Vec::new();
        let chroot = may_change_root();
        words.extend(chroot.unwrap_or_default().iter().map(|it| (*it).to_owned()));
        // the path is for chroot itself
        words.extend(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"].map(str::to_owned));
        words.extend(
            environment
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        if chroot.is_some() {
            let root = self.0.path().display().to_string();
            words.extend(["chroot".to_owned(), root, "/app/bronzegate".to_owned()]);
        } else {
            eprintln!("neither root nor sudo: the handler runs in the machine's own root");
            words.push(self.path("app/bronzegate").display().to_string());
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command.current_dir(self.path("app"));
        command
    }

    /// What is called `name` in the root, as the handler calls it.
    fn inside(&self, name: &str) -> String {
        if may_change_root().is_some() {
            format!("/{name}")
        } else {
            self.path(name).display().to_string()
        }
    }
}

/// By what the root is changed; none where nobody may.
fn may_change_root() -> Option<&'static [&'static str]> {
    let succeeds = |command: &str| {
        let status = Command::new("sh").args(["-c", command]).status();
        status.is_ok_and(|it| it.success())
    };
    if succeeds("[ \"$(id -u)\" = 0 ] && chroot / true") {
        Some(&[])
    } else if succeeds("sudo -n chroot / true 2>/dev/null") {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}

/// Whether an ELF file asks for no loader: it has no program header of the kind `PT_INTERP` (elf(5)).
fn is_static(program: &[u8]) -> bool {
    let number = |at: usize, bytes: usize| {
        let bytes = program[at..at + bytes].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let (headers, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).all(|header| number(headers + header * size, 4) != 3)
}

/// The package as it is deployed but for the profile: `infra/package` builds the handler, statically.
#[tokio::test]
async fn what_is_in_the_package_is_static_and_lands_from_nothing_but_itself() {
    let folder = TempDir::new().unwrap();
    let zip = folder.path().join("app.zip");
    let packed = package(&["--profile", "dev", "--out", zip.to_str().unwrap()]);
    assert!(packed.status.success(), "{packed:?}");
    let said = String::from_utf8(packed.stdout).unwrap();
    assert!(
        said.ends_with("the handler is statically linked\n"),
        "{said}"
    );
    let root = Root::of(&zip);
    assert!(is_static(
        &std::fs::read(root.path("app/bronzegate")).unwrap()
    ));
    assert!(!is_static(
        &std::fs::read(env!("CARGO_BIN_EXE_bronzegate")).unwrap()
    ));
    assert!(
        !root.path("app/SubmitOrder").exists(),
        "the API is packaged on demand"
    );

    let host = std::fs::read_to_string(root.path("app/host.json")).unwrap();
    let host: Value = serde_json::from_str(&host).unwrap();
    let handler = host["customHandler"]["description"]["defaultExecutablePath"].as_str();
    assert_eq!(handler, Some("bronzegate"));
    let port = handler::free_port();
    let mut running = Running(
        root.handler(&[
            ("FUNCTIONS_CUSTOMHANDLER_PORT", &port.to_string()),
            ("FUNCTIONS_APP_ROOT_PATH", &root.inside("app")),
            ("LANDING_URL", &format!("file://{}", root.inside("lake"))),
        ])
        .arg("serve")
        // it ends with this process
        .arg("--leash")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap(),
    );
    let (client, start) = (reqwest::Client::new(), Instant::now());
    let base = format!("http://127.0.0.1:{port}");
    while client.get(&base).send().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(30));
        assert_eq!(running.0.try_wait().unwrap(), None, "it ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let invocation = client
        .post(format!("{base}/IngestOrders"))
        .header("content-type", "application/json")
        .header(
            "X-Azure-Functions-InvocationId",
            "f1248305-0000-4000-8000-000000000000",
        )
        .body(handler::payload("3", 47, &["{}"]));
    assert_eq!(invocation.send().await.unwrap().status(), 200);
    let rejected = handler::records(&root.path("lake"), "rejections");
    let records: Vec<&Value> = rejected.values().flatten().collect();
    assert_eq!(records[0]["_schema"], "order-transaction/1.0.0");

    // a name and a certificate of the root's own files: glibc resolves the one, rustls trusts the other
    if may_change_root().is_some() {
        let service = Https::start(folder.path());
        std::fs::copy(
            folder.path().join("certificate.pem"),
            root.path("etc/ssl/certs/ca-certificates.crt"),
        )
        .unwrap();
        let ask = |name: &str| {
            let lake = format!("https://{name}:{}/lake?sig=x", service.port);
            let asked = root
                .handler(&[("STORE_RETRY_BUDGET", "2s")])
                .args(["audit", "--lake", &lake])
                .output()
                .unwrap();
            String::from_utf8(asked.stderr).unwrap()
        };
        let said = ask("lake.test");
        assert!(said.contains("missing: 404"), "{said}");
        let said = ask("other.test");
        assert!(said.contains("not valid for name"), "{said}");
        let said = ask("no-such-name.test");
        assert!(said.contains("lookup"), "{said}");
    }
}

/// A service with a certificate for `lake.test` that has nothing.
struct Https {
    _running: Running,
    port: u16,
}

impl Https {
    const SERVE: &str = "import http.server, ssl, sys
server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('certificate.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()";

    fn start(folder: &Path) -> Self {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=lake.test"])
            .args(["-addext", "subjectAltName=DNS:lake.test"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut child = Command::new("python3")
            .args(["-c", Self::SERVE])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        Self {
            _running: Running(child),
            port: port.trim().parse().unwrap(),
        }
    }
}

#[test]
fn the_api_is_packaged_where_it_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let zip = folder.path().join("app.zip");
    let packed = package(&[
        "--api",
        "--binary",
        "/bin/sh",
        "--out",
        zip.to_str().unwrap(),
    ]);
    assert!(packed.status.success(), "{packed:?}");
    let listed = Command::new("python3")
        .args(["-m", "zipfile", "-l", zip.to_str().unwrap()])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("SubmitOrder/function.json"), "{listed}");
}

#[test]
fn the_same_inputs_make_the_same_package() {
    let folder = TempDir::new().unwrap();
    let zip = |name: &str| {
        let file = folder.path().join(name);
        // any program will do
        let packed = package(&["--binary", "/bin/sh", "--out", file.to_str().unwrap()]);
        assert!(packed.status.success(), "{packed:?}");
        std::fs::read(file).unwrap()
    };
    assert!(zip("one.zip") == zip("other.zip"));
}

#[test]
fn what_is_no_handler_is_refused_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("app.zip");
    for (binary, says) in [
        ("/no/such/file", "no such file"),
        (file!(), "not a Linux program"),
    ] {
        let packed = package(&["--binary", binary, "--out", out.to_str().unwrap()]);
        assert_eq!(packed.status.code(), Some(2));
        let said = String::from_utf8(packed.stderr).unwrap();
        assert!(said.contains(says) && said.contains(binary), "{said}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// The hub on the laptop costs what is deployed nothing: its libraries are not in it.
#[test]
fn what_is_deployed_has_no_amqp() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/package");
    let script = std::fs::read_to_string(script).unwrap();
    assert!(script.contains("\"--no-default-features\""));
    let crates = |features: &[&str]| {
        let tree = [
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ];
        let output = Command::new(env!("CARGO"))
            .args(tree)
            .args(features)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(crates(&[]).contains("fe2o3-amqp"));
    let deployed = crates(&["--no-default-features"]);
    for part in ["fe2o3-amqp", "serde_amqp", "openssl-sys"] {
        assert!(!deployed.contains(part), "{part}");
    }
}
