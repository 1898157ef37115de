//! Logs: one line of JSON an event, on stdout.
//!
//! The host takes stdout lines as information and stderr lines as errors, and joins neither to an
//! invocation, so each line carries the invocation's id. No value of an event is ever written.

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts writing what is of this level or above. A second call changes nothing.
///
/// What the exporters say of themselves is left out: a dead collector would fill the log. What is
/// lost by it is counted and said once a minute.
pub(super) fn start(level: Level) {
    let own = FilterFn::new(|metadata| !metadata.target().starts_with("opentelemetry"))
        .with_max_level_hint(LevelFilter::from_level(level));
    // only a second call fails
    let _ = fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .finish()
        .with(own)
        .try_init();
}
