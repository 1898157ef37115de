//! What is said of the work: logs, traces and metrics. `docs/telemetry.md` lists all of it.
//!
//! - `logs`: lines of JSON on stdout, always
//! - `spans`: the trace of an invocation, from the request to the blobs
//! - `trace_context`: the contexts that the host and producers hand on
//! - `meters`: what is counted and measured
//! - `observed`: a store whose calls are seen
//! - `export`: where traces and metrics go; `queue`, `bounded`, `post` and `dropped` are its parts
//!
//! The pure core knows nothing of it: the edges report, by a [`Telemetry`] that they are handed. One
//! that goes nowhere costs a comparison. Nothing here delays or fails a landing: what can't be
//! exported in time is dropped and counted.

mod bounded;
mod dropped;
mod export;
mod logs;
mod meters;
mod observed;
mod post;
mod queue;
mod spans;
mod trace_context;

use std::fmt;
use std::sync::Arc;

use opentelemetry_sdk::trace::SdkTracer;

pub use export::Exports;
use meters::Meters;
pub use spans::{InvocationSpan, Scope, Worded};

use crate::settings::Settings;

/// Reports what happens, to whoever is listening; a copy is as good as the original.
#[derive(Clone, Default)]
pub struct Telemetry(Option<Arc<Reporter>>);

struct Reporter {
    tracer: SdkTracer,
    meters: Meters,
}

impl Telemetry {
    /// Reports to nobody.
    pub fn off() -> Self {
        Self::default()
    }

    fn meters(&self) -> Option<&Meters> {
        self.0.as_deref().map(|reporter| &reporter.meters)
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.is_some() { "on" } else { "off" };
        f.debug_tuple("Telemetry").field(&state).finish()
    }
}

/// Starts logs, and what exports the rest where the settings name a destination.
pub fn start(settings: &Settings) -> (Telemetry, Exports) {
    logs::start(settings.log_level);
    export::start(&settings.telemetry)
}
