//! `bronzegate replay`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;

use super::lake::LakeArgument;
use super::voice::VoiceArguments;
use super::window::WindowArguments;
use super::{Ended, FAILED, STOPPED, say};
use crate::judge::{Catalog, Reason};
use crate::landing::Kind;
use crate::replay::{Judging, Progress, Selection, Summary, replay};
use crate::settings;
use crate::terminal::{self, Bar, grouped};
use crate::workers::Workers;

#[derive(Args)]
pub(super) struct Replay {
    #[command(flatten)]
    lake: LakeArgument,
    /// Say what would be accepted now, and land nothing
    #[arg(long)]
    dry_run: bool,
    /// Only rejection blobs whose names begin so, as in `rejections/shop/orders/date=2026-11-20/`
    #[arg(long, value_parser = prefix)]
    prefix: Option<String>,
    #[command(flatten)]
    window: WindowArguments,
    /// Only those rejected for this reason, as in `schema`; may be given again
    #[arg(long, value_parser = reason)]
    reason: Vec<Reason>,
    /// Only those rejected under this schema, as in `order/1.0.0`; may be given again
    #[arg(long, value_name = "SUBJECT/VERSION")]
    schema: Vec<String>,
    /// The folder of the schema catalog [default: `SCHEMAS_DIR`, or the function app's]
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    voice: VoiceArguments,
}

impl Replay {
    pub(super) async fn run(self) -> Ended {
        let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
        let voice = self.voice.voice();
        let variable = |name: &str| std::env::var(name).ok();
        let judging = settings::Judging::read(variable, self.catalog).map_err(|it| failed(&it))?;
        let judging = Judging {
            catalog: Arc::new(Catalog::load(&judging.schemas).map_err(|it| failed(&it))?),
            limits: judging.limits,
        };
        let (lake, store) = self.lake.open()?;
        let selection = Selection {
            prefix: self.prefix,
            stream: self.window.stream,
            since: self.window.since,
            until: self.window.until,
            reasons: self.reason,
            schemas: self.schema,
        };
        let stopped = terminal::stopped().map_err(|it| failed(&it))?;
        let (workers, progress) = (Workers::per_core(), Progress::default());
        let replayed = replay(
            &store,
            &judging,
            &selection,
            self.dry_run,
            (&workers, &progress),
        );
        let outcome = tokio::select! {
            outcome = replayed => outcome.map_err(|it| failed(&it))?,
            never = terminal::show(voice, "folders", || bar(&progress)) => match never {},
            () = stopped => {
                let stopped = "stopped; what is landed is landed, and the same command goes on from there";
                return Err((STOPPED, stopped.to_owned()));
            }
        };
        let wrong = outcome.wrong;
        let catalog = judging.catalog.digest().to_owned();
        let summary = Summary::of(lake, catalog, self.dry_run, outcome);
        say(voice, &summary, |out| summary.print(out))?;
        Ok(if wrong == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn bar(progress: &Progress) -> Bar {
    let of = progress.of.load(Ordering::Relaxed);
    Bar {
        done: progress.sections.load(Ordering::Relaxed),
        total: (of > 0).then_some(of),
        note: format!(
            ", {} rejection blobs, {} events accepted now",
            grouped(progress.blobs.load(Ordering::Relaxed)),
            grouped(progress.accepted.load(Ordering::Relaxed)),
        ),
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let folder = format!("{}/", Kind::Rejections.folder());
    if text.starts_with(&folder) {
        Ok(text.to_owned())
    } else {
        Err(format!("names of rejection blobs begin with {folder}"))
    }
}

fn reason(word: &str) -> Result<Reason, String> {
    let known = Reason::ALL.into_iter().find(|reason| reason.word() == word);
    known.ok_or_else(|| {
        let words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        format!("it is one of {}", words.join(", "))
    })
}
