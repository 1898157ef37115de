//! `bronzegate conform`.

use std::io::{self, Write};
use std::num::NonZero;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::lake::LakeArgument;
use super::moment::now;
use super::voice::VoiceArguments;
use super::{Ended, FAILED, STOPPED, say};
use crate::settings::azure_options;
use crate::store::conformance::{self, Case};
use crate::store::{self, AzureOptions, Location, Store, StoreError};
use crate::terminal;

/// Where the suite works: no reader and no life-cycle rule looks there.
const SCRATCH: &str = "_conform";

/// Pages of a listing are so small that a few blobs fill many.
const PAGE: u16 = 7;

#[derive(Args)]
pub(super) struct Conform {
    #[command(flatten)]
    lake: LakeArgument,
    #[command(flatten)]
    voice: VoiceArguments,
}

/// What a store was found to do.
#[derive(Serialize)]
struct Summary {
    /// The lake, without a SAS.
    lake: String,
    /// Where in it the suite worked; it is removed.
    scratch: String,
    /// Whether every case holds.
    conforms: bool,
    /// The cases.
    cases: Vec<Case>,
}

impl Conform {
    pub(super) async fn run(self) -> Ended {
        let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
        let (lake, location) = self.lake.location()?;
        let variable = |name: &str| std::env::var(name).ok();
        let options = AzureOptions {
            page: NonZero::new(PAGE),
            ..azure_options(variable).map_err(|it| failed(&it))?
        };
        let scratch = format!("{SCRATCH}/{}-{}", now().millis(), std::process::id());
        let open = |part: &str| store::open(&location.below(part), options.clone());
        let stopped = terminal::stopped().map_err(|it| failed(&it))?;
        let cases = tokio::select! {
            cases = conformance::run(|case| open(&format!("{scratch}/{case}"))) => Some(cases),
            () = stopped => None,
        };
        let removed = remove(&*open(&scratch), &location, &scratch).await;
        let cases = cases.transpose().map_err(|error| failed(&error))?;
        removed.map_err(|error| (FAILED, format!("{error}; remove {scratch}/ by hand")))?;
        let Some(cases) = cases else {
            return Err((STOPPED, "stopped; what it wrote is removed".to_owned()));
        };
        let summary = Summary {
            lake,
            scratch,
            conforms: cases.iter().all(|case| case.ended.is_good()),
            cases,
        };
        say(self.voice.voice(), &summary, |out| summary.print(out))?;
        Ok(if summary.conforms {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Removes what the suite wrote, and the folders where they are folders of this machine.
async fn remove(scratch: &dyn Store, location: &Location, name: &str) -> Result<(), StoreError> {
    conformance::clear(scratch).await?;
    if let Location::Folder(root) = location {
        let problem = |error: io::Error| {
            StoreError::new("remove", name, store::Cause::Unexpected, error.to_string())
        };
        std::fs::remove_dir_all(root.join(name)).map_err(problem)?;
        // another run may be at it
        let _ = std::fs::remove_dir(root.join(SCRATCH));
    }
    Ok(())
}

impl Summary {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for case in &self.cases {
            let word = match &case.ended {
                conformance::Ended::Conforms => "ok    ",
                conformance::Ended::FlatOnly => "—     ",
                conformance::Ended::Fails(_) => "FAILED",
            };
            writeln!(out, "  {word}  {}", case.name)?;
            match &case.ended {
                conformance::Ended::Conforms => {}
                conformance::Ended::FlatOnly => {
                    writeln!(out, "          not asked of a hierarchical namespace")?;
                }
                conformance::Ended::Fails(problem) => writeln!(out, "          {problem}")?,
            }
        }
        let lake = &self.lake;
        if self.conforms {
            writeln!(out, "\nCONFORMS  {lake} does what the landing rests on.")
        } else {
            writeln!(
                out,
                "\nDOES NOT CONFORM  {lake} does not do what the landing rests on: don't land in it."
            )
        }
    }
}
