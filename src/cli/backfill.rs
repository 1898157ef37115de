//! `bronzegate backfill`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::event_hub::HubArgument;
use super::lake::{self, LakeArgument};
use super::voice::VoiceArguments;
use super::window::stream;
use super::{Ended, FAILED, STOPPED, say};
use crate::backfill::{Progress, Request, Source, backfill};
use crate::event::{Partition, Stream};
use crate::judge::Catalog;
use crate::settings;
use crate::terminal;
use crate::workers::Workers;

#[derive(Args)]
pub(super) struct Backfill {
    #[command(flatten)]
    lake: LakeArgument,
    #[command(flatten)]
    hub: HubArgument,
    /// Read from the files of Event Hubs Capture, which stand here, instead of the hub
    #[arg(long, value_name = "DIR|URL")]
    capture: Option<String>,
    /// The partition
    #[arg(long)]
    partition: String,
    /// The first sequence number: that at which the gap begins
    #[arg(long, value_name = "SEQUENCE")]
    from: u64,
    /// The last sequence number
    #[arg(long, value_name = "SEQUENCE")]
    to: u64,
    /// The consumer group to read as: another than the function's, whose readers shut others out
    #[arg(long, default_value = "$Default")]
    consumer_group: String,
    /// The stream under which they are landed [default: that of the hub, as the function names it]
    #[arg(long, value_name = "NAMESPACE/HUB", value_parser = stream)]
    stream: Option<Stream>,
    /// The folder of the schema catalog [default: `SCHEMAS_DIR`, or the function app's]
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Say what would be landed, and land nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    voice: VoiceArguments,
}

impl Backfill {
    pub(super) async fn run(self) -> Ended {
        let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
        let voice = self.voice.voice();
        if self.from > self.to {
            let problem = format!("--from {} is behind --to {}", self.from, self.to);
            return Err((FAILED, problem));
        }
        let variable = |name: &str| std::env::var(name).ok();
        let judging = settings::Judging::read(variable, self.catalog).map_err(|it| failed(&it))?;
        let catalog = Catalog::load(&judging.schemas).map_err(|it| failed(&it))?;
        let address = self.hub.address()?;
        let source = match &self.capture {
            Some(place) => Source::Capture {
                store: lake::opened(place)?.1,
                hub: address.hub.clone(),
            },
            None => Source::Hub {
                client: self.hub.client()?,
                group: self.consumer_group,
            },
        };
        let (lake, store) = self.lake.open()?;
        let request = Request {
            store,
            lake,
            catalog: Arc::new(catalog),
            limits: judging.limits,
            stream: match self.stream {
                Some(stream) => stream,
                None => settings::stream_of(variable, &address).map_err(|it| failed(&it))?,
            },
            partition: Partition::new(&self.partition),
            range: (self.from, self.to),
            source,
            dry_run: self.dry_run,
        };
        let stopped = terminal::stopped().map_err(|it| failed(&it))?;
        let (workers, progress) = (Workers::per_core(), Progress::default());
        let summary = tokio::select! {
            summary = backfill(&request, &workers, &progress) => summary.map_err(|it| failed(&it))?,
            never = terminal::show(voice, "events", || progress.bar(request.range)) => match never {},
            () = stopped => {
                let stopped = "stopped; what is landed is landed, and the same command goes on from there";
                return Err((STOPPED, stopped.to_owned()));
            }
        };
        say(voice, &summary, |out| summary.print(out))?;
        Ok(if summary.missing == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
