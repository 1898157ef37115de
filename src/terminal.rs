//! What a command says on a terminal: figures, progress, and how it hears that it shall stop.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// How much is said, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Progress and a summary, for people.
    Human,
    /// JSON at the end, for machines.
    Json,
    /// Nothing but errors.
    Quiet,
}

/// How far some work is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bar {
    /// What is done.
    pub done: u64,
    /// What there is to do; none where that is not known yet.
    pub total: Option<u64>,
    /// What else is to be said, behind the bar.
    pub note: String,
}

/// Shows how far it is, until it is dropped: on a terminal a bar, elsewhere a line now and then.
/// `what` are the units, as in `events landed`.
pub async fn show(voice: Voice, what: &str, now: impl Fn() -> Bar) -> Infallible {
    const EVERY: Duration = Duration::from_millis(100);
    const LINE_EVERY: Duration = Duration::from_secs(5);
    if voice != Voice::Human {
        return pending().await;
    }
    if !io::stderr().is_terminal() {
        loop {
            sleep(LINE_EVERY).await;
            let Bar { done, total, note } = now();
            let of = total.map_or_else(String::new, |total| format!(" of {total}"));
            // without stderr there is nobody to tell
            let _ = writeln!(io::stderr(), "{done}{of} {what}{note}");
        }
    }
    let bar = ProgressBar::no_length().with_finish(ProgressFinish::AndClear);
    let style = |template: &str| {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
    };
    // the note gives way where the terminal is narrow: a line that wraps can't be drawn over
    let known = style(&format!(
        "  {{bar:20}} {{human_pos}} of {{human_len}} {what}, {{eta}} to go{{wide_msg}}"
    ));
    bar.set_style(style(&format!(
        "  {{spinner}} {{human_pos}} {what}{{wide_msg}}"
    )));
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        let Bar { done, total, note } = now();
        if let Some(total) = total
            && bar.length() != Some(total)
        {
            bar.set_style(known.clone());
            bar.set_length(total);
        }
        bar.set_message(note);
        bar.set_position(done);
    }
}

/// Waits for SIGINT or SIGTERM.
///
/// # Errors
/// Where the system does not let it listen for them.
pub fn stopped() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(100_000), "100,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
