//! `bronzegate audit`.

use std::process::ExitCode;

use clap::Args;

use super::lake::LakeArgument;
use super::moment::{day, moment, now};
use super::voice::VoiceArguments;
use super::{Ended, FAILED, STOPPED, say};
use crate::audit::{Depth, Progress, Request, audit};
use crate::event::{EnqueuedTime, Stream};
use crate::terminal::{self, Bar, grouped};
use crate::workers::Workers;

#[derive(Args)]
pub(super) struct Audit {
    #[command(flatten)]
    lake: LakeArgument,
    /// Read every record; without it names and metadata alone
    #[arg(long)]
    deep: bool,
    /// Only this stream, as in `shop/orders`
    #[arg(long, value_name = "NAMESPACE/HUB")]
    stream: Option<String>,
    /// From the hour of this time on: `2026-11-20`, `2026-11-20T07:30:00Z`, or how long ago, as in
    /// `24h` and `7d`
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<EnqueuedTime>,
    /// Until this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<EnqueuedTime>,
    /// Days before this one may have been removed by a life-cycle rule: they are not looked at, and
    /// what is missing there is no gap
    #[arg(long, env = "PURGED_BEFORE", value_name = "TIME", value_parser = day)]
    purged_before: Option<EnqueuedTime>,
    /// Remove what kills left over in the outbox, where it is a day old and nothing needs it
    #[arg(long)]
    sweep: bool,
    #[command(flatten)]
    voice: VoiceArguments,
}

impl Audit {
    pub(super) async fn run(self) -> Ended {
        let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
        let voice = self.voice.voice();
        let (lake, store) = self.lake.open()?;
        let request = Request {
            lake,
            now: Some(now()),
            depth: if self.deep {
                Depth::Records
            } else {
                Depth::Names
            },
            stream: self.stream.map(Stream::new),
            since: self.since,
            until: self.until,
            purged_before: self.purged_before,
            sweep: self.sweep,
            ..Request::default()
        };
        let stopped = terminal::stopped().map_err(|it| failed(&it))?;
        let (workers, progress) = (Workers::per_core(), Progress::default());
        let report = tokio::select! {
            report = audit(&store, &request, (&workers, &progress)) => report.map_err(|it| failed(&it))?,
            never = terminal::show(voice, "days", || bar(&progress)) => match never {},
            () = stopped => return Err((STOPPED, "stopped; an audit changes nothing".to_owned())),
        };
        say(voice, &report, |out| report.print(out))?;
        Ok(if report.sound {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn bar(progress: &Progress) -> Bar {
    let ((done, of), (listed, read)) = (progress.days(), progress.blobs());
    let read = match read {
        0 => String::new(),
        read => format!(", {} read", grouped(read)),
    };
    Bar {
        done,
        total: (of > 0).then_some(of),
        note: format!(", {} blobs listed{read}", grouped(listed)),
    }
}
