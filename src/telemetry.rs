//! Logs: one line of JSON an event, on stdout.
//!
//! The host takes stdout lines as information and stderr lines as errors, and joins neither to an
//! invocation, so each line carries the invocation's id. No value of an event is ever written.

use tracing::Level;
use tracing_subscriber::fmt;

/// Starts writing what is of this level or above. A second call changes nothing.
pub fn start(level: Level) {
    // only a second call fails
    let _ = fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .try_init();
}
