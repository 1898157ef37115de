//! `bronzegate audit`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

#[cfg(feature = "event-hubs")]
use super::event_hub::{Proof, proof, state};
use super::lake::LakeArgument;
#[cfg(not(feature = "event-hubs"))]
use super::missing::{Proof, proof, state};
use super::moment::{day, now};
use super::voice::VoiceArguments;
use super::window::WindowArguments;
use super::{Ended, FAILED, STOPPED, say};
use crate::audit::{Depth, Progress, Request, Witness, audit, page};
use crate::event::EnqueuedTime;
use crate::terminal;
use crate::workers::Workers;

#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Audit {
    #[command(flatten)]
    lake: LakeArgument,
    /// Read every record; without it names and metadata alone
    #[arg(long)]
    deep: bool,
    /// Write the report as one HTML page, too; the rejection log is read for it
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show the payloads of example rejections in it
    #[arg(long, requires = "html")]
    show_values: bool,
    #[command(flatten)]
    window: WindowArguments,
    /// Days before this one may have been removed by a life-cycle rule: they are not looked at, and
    /// what is missing there is no gap
    #[arg(long, env = "PURGED_BEFORE", value_name = "TIME", value_parser = day)]
    purged_before: Option<EnqueuedTime>,
    /// Take a hole in the offsets of a Kafka topic for a gap: it is neither compacted nor written in
    /// transactions
    #[arg(long)]
    no_holes: bool,
    /// Remove what kills left over in the outbox, where it is a day old and nothing needs it
    #[arg(long)]
    sweep: bool,
    /// Hold the lake against the hub, too: what is still to come, and what retention took. The hub is
    /// written as for `send`; without a value it is the function's own
    #[arg(long, value_name = "HUB", num_args = 0..=1, default_missing_value = "", conflicts_with = "until")]
    hub: Option<String>,
    /// Hold the lake against what `bronzegate send --json` sent: FILE is what it printed. Each event has
    /// to stand in the lake once, byte for byte, accepted or rejected as it was to be expected
    #[arg(long, value_name = "FILE", requires = "deep")]
    sent: Option<PathBuf>,
    #[command(flatten)]
    voice: VoiceArguments,
}

impl Audit {
    pub(super) async fn run(self) -> Ended {
        let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
        let voice = self.voice.voice();
        let (lake, store) = self.lake.open()?;
        let hub = match &self.hub {
            Some(hub) => Some(state(hub, self.window.stream.clone()).await?),
            None => None,
        };
        let proof = self.sent.as_deref().map(proof).transpose()?;
        let request = Request {
            lake,
            now: Some(now()),
            depth: match (self.deep, &self.html) {
                (true, _) => Depth::Records,
                (false, Some(_)) => Depth::Rejections,
                (false, None) => Depth::Names,
            },
            values: self.show_values,
            stream: self.window.stream,
            since: self.window.since,
            until: self.window.until,
            purged_before: self.purged_before,
            no_holes: self.no_holes,
            sweep: self.sweep,
            hub,
            witness: proof.clone().map(|it| it as Arc<dyn Witness>),
        };
        let stopped = terminal::stopped().map_err(|it| failed(&it))?;
        let (workers, progress) = (Workers::per_core(), Progress::default());
        let mut report = tokio::select! {
            report = audit(&store, &request, (&workers, &progress)) => report.map_err(|it| failed(&it))?,
            never = terminal::show(voice, "folders", || progress.bar()) => match never {},
            () = stopped => return Err((STOPPED, "stopped; an audit changes nothing".to_owned())),
        };
        if let Some(proof) = proof {
            let (sent, lost, twice) = Proof::report(&proof);
            report.hold_sent(sent, &lost, &twice);
        }
        if let Some(file) = &self.html {
            write(file, &page(&report))
                .map_err(|error| (FAILED, format!("{}: {error}", file.display())))?;
        }
        say(voice, &report, |out| report.print(out))?;
        Ok(if report.sound {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Writes a file whole or not at all.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = file.with_file_name(name);
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, file))
        .inspect_err(|_| {
            // it may not have been written at all
            let _ = fs::remove_file(&temporary);
        })
}
