//! What a build without the Event Hubs client says.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::{Ended, FAILED};
use crate::audit::{HubState, SentReport, Witness};
use crate::event::Stream;
use crate::lake::Record;
use crate::landing::Kind;

/// A command that this build can't do, with whatever arguments.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(super) struct Missing {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Missing {
    #[expect(clippy::unused_async, reason = "the command itself is awaited")]
    pub(super) async fn run(self) -> Ended {
        drop(self.arguments);
        Err((FAILED, PROBLEM.to_owned()))
    }
}

const PROBLEM: &str = "this build has no Event Hubs client: build it with \
    `cargo build --release --features event-hubs` (it needs OpenSSL's headers: \
    `apt-get install libssl-dev pkg-config`)";

/// What the hub of an audit holds: it can't be asked.
pub(super) async fn state(_hub: &str, _stream: Option<Stream>) -> Result<HubState, (u8, String)> {
    Err((FAILED, PROBLEM.to_owned()))
}

/// What was sent: it can't be made once more.
pub(super) enum Proof {}

pub(super) fn proof(_file: &Path) -> Result<Arc<Proof>, (u8, String)> {
    Err((FAILED, PROBLEM.to_owned()))
}

impl Proof {
    pub(super) fn report(&self) -> (SentReport, Vec<String>, Vec<String>) {
        match *self {}
    }
}

impl Witness for Proof {
    fn see(&self, _: &str, _: Kind, _: &Record<'_>, _: &str) -> Option<String> {
        match *self {}
    }
}
