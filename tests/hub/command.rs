//! The command line, and how it ends.

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use crate::client::Client;
use crate::handler::shipped_app;
use crate::running::{Guarded, Lake, sum};

fn bronzegate(lake: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--hub", "--lake"])
        .arg(lake)
        .args(arguments)
        .output()
        .unwrap()
}

fn refused(output: &Output, says: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(says), "{says:?} in {said}");
}

#[test]
fn two_hubs_do_not_share_a_folder_or_a_port() {
    let lake = Lake::new();
    let mut hub = lake.hub();
    let again = bronzegate(&lake.path(), &["--hub-port", "0"]);
    refused(&again, "another hub runs on this folder");
    hub.kill();
    let other = bronzegate(&lake.path(), &["--hub-port", "0", "--partitions", "5"]);
    refused(&other, "made with 4 partitions, and 5 are asked for");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let busy = bronzegate(&lake.path(), &["--hub-port", &port]);
    refused(&busy, "name another port by --hub-port");
}

#[test]
fn what_does_not_go_with_a_hub_is_refused() {
    let lake = Lake::new();
    for arguments in [
        ["--events", "5"],
        ["--seed", "5"],
        ["--ndjson", "x"],
        ["--sent", "x"],
        ["--kill-every", "2s"],
    ] {
        refused(&bronzegate(&lake.path(), &arguments), "cannot be used with");
    }
    assert!(!lake.path().exists());
    let alone = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--hub-port", "7"])
        .output()
        .unwrap();
    refused(&alone, "--hub");
    let catalog = bronzegate(&lake.path(), &["--hub-port", "0", "--catalog", "/no/such"]);
    refused(&catalog, "/no/such/catalog.json");
    assert!(!lake.path().exists());
}

#[test]
fn it_stops_when_it_is_told_to_and_goes_on_where_it_was() {
    let lake = Lake::new();
    let mut hub = lake.hub();
    let sent = Client::Node.does(&hub.connection, &["send"])["sent"]
        .as_u64()
        .unwrap();
    let handlers = hub.handlers();
    assert_eq!(handlers.len(), 1);
    // at once: what is not landed yet is landed by the next one
    assert_eq!(hub.end("-INT"), Some(130));
    assert!(!Path::new("/proc").join(&handlers[0]).exists());
    let mut hub = lake.hub();
    lake.landed(sent);
    hub.wait_for("the checkpoints are there", |it| sum(it, "lag") == 0);
    assert_eq!(hub.end("-TERM"), Some(130));
    // nothing comes again
    let hub = lake.hub();
    let more = Client::Node.does(&hub.connection, &["send"])["sent"]
        .as_u64()
        .unwrap();
    lake.landed(sent + more);
    hub.wait_for("only what is new was handed over", |it| {
        sum(it, "accepted") + sum(it, "rejected") == more && sum(it, "lag") == 0
    });
}

#[test]
fn it_stands_beside_a_plain_run_in_one_lake() {
    let lake = Lake::new();
    let hub = lake.hub();
    let sent = Client::Node.does(&hub.connection, &["send"])["sent"]
        .as_u64()
        .unwrap();
    let plain = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--events", "300", "--quiet", "--lake"])
        .arg(lake.path())
        .current_dir(shipped_app())
        .status()
        .unwrap();
    assert!(plain.success());
    let records = lake.landed(sent + 300);
    let of = |stream: &str| records.iter().filter(|it| it["_stream"] == stream).count() as u64;
    assert_eq!((of("local/orders"), of("localhost/orders")), (300, sent));
    hub.wait_for("its own are counted", |it| {
        sum(it, "accepted") + sum(it, "rejected") == sent
    });
}

#[test]
fn what_it_prints_for_people_is_what_they_need() {
    let lake = Lake::new();
    let log = lake.folder.path().join("said");
    let file = std::fs::File::create(&log).unwrap();
    let hub = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--hub", "--hub-port", "0", "--lake"])
        .arg(lake.path())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn();
    let mut hub = Guarded(hub.unwrap());
    let wait = |part: &str| {
        let start = std::time::Instant::now();
        loop {
            let said = std::fs::read_to_string(&log).unwrap();
            if said.contains(part) {
                return said;
            }
            assert!(
                start.elapsed() < crate::running::PATIENCE,
                "{part:?} in {said}"
            );
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    let said = wait("Ctrl-C");
    assert!(said.contains("development stand-in for Azure Event Hubs; not for production"));
    let connection = said
        .split_whitespace()
        .find(|it| it.starts_with("Endpoint="))
        .unwrap();
    assert!(connection.ends_with(";UseDevelopmentEmulator=true;EntityPath=orders"));
    Client::Node.does(connection, &["send"]);
    let said = wait("partition 1: last 501, landed to 501, lag 0, 502 accepted, 0 rejected");
    crate::running::send("-INT", &hub.0.id().to_string());
    assert_eq!(hub.0.wait().unwrap().code(), Some(130));
    assert!(wait("stopped; what was sent is kept").len() > said.len());
}

#[test]
fn a_quiet_hub_is_silent() {
    let lake = Lake::new();
    let quiet = Command::new(env!("CARGO_BIN_EXE_bronzegate"))
        .args(["local", "--hub", "--hub-port", "0", "--quiet", "--lake"])
        .arg(lake.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let mut quiet = Guarded(quiet.unwrap());
    // its handler's log says when it is there
    let log = lake.path().join(".bronzegate/hub/handler.log");
    let start = std::time::Instant::now();
    while !std::fs::read_to_string(&log).is_ok_and(|it| it.contains("\"listening\"")) {
        assert!(start.elapsed() < crate::running::PATIENCE);
        assert!(quiet.0.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    crate::running::send("-TERM", &quiet.0.id().to_string());
    assert_eq!(quiet.0.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    let (mut out, mut err) = (
        quiet.0.stdout.take().unwrap(),
        quiet.0.stderr.take().unwrap(),
    );
    out.read_to_string(&mut said).unwrap();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}
