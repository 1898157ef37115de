//! How much a command says.

use clap::Args;

use crate::terminal::Voice;

#[derive(Args)]
pub(super) struct VoiceArguments {
    /// Print one JSON object at the end
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

impl VoiceArguments {
    pub(super) fn voice(&self) -> Voice {
        match (self.json, self.quiet) {
            (true, _) => Voice::Json,
            (false, true) => Voice::Quiet,
            (false, false) => Voice::Human,
        }
    }
}
