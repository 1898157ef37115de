//! `bronzegate local --hub`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::moment::now;
use super::{Ended, FAILED, STOPPED};
use crate::encode::Compression;
use crate::local::live::{self, LiveError, Request};
use crate::settings::Lake;
use crate::terminal::Voice;

#[derive(Args)]
pub(super) struct HubArguments {
    /// Open a hub for the clients of Event Hubs, land what they send, and run until it is stopped
    #[arg(long, conflicts_with_all = ["events", "seed", "spoil", "csv", "ndjson", "sent", "kill_every"])]
    pub(super) hub: bool,
    /// The hub's port on 127.0.0.1; 0 is any that is free
    #[arg(long, default_value_t = 5672, requires = "hub", value_name = "PORT")]
    hub_port: u16,
}

impl HubArguments {
    pub(super) async fn run(
        self,
        partitions: usize,
        schemas: PathBuf,
        lake: Lake,
        compression: Compression,
        voice: Voice,
    ) -> Ended {
        let request = Request {
            port: self.hub_port,
            partitions,
            schemas,
            lake,
            compression,
            voice,
            clock: now,
        };
        match live::run(request, &mut std::io::stdout()).await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(LiveError::Stopped) if voice != Voice::Human => Ok(ExitCode::from(STOPPED)),
            Err(error @ LiveError::Stopped) => Err((STOPPED, error.to_string())),
            Err(error) => Err((FAILED, error.to_string())),
        }
    }
}
