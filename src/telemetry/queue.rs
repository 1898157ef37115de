//! Ended spans on their way to an exporter: a bounded queue, whose overflow is counted.
//!
//! The SDK's own processor counts what it drops for itself alone, and waits for its exporter without
//! an end.

use std::fmt;
use std::sync::{Mutex, PoisonError, mpsc as std_mpsc};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::bounded::{Patience, told};
use super::dropped::{Dropped, Signal};
use crate::settings::QueueLimits;

/// A queue, and the task behind it.
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    dropped: Dropped,
    /// Ends when the task has exported the last span.
    ended: Mutex<std_mpsc::Receiver<()>>,
}

impl Queue {
    /// Starts exporting what is put into the queue.
    pub(super) fn start<E: SpanExporter + 'static>(
        exporter: E,
        limits: QueueLimits,
        patience: Patience,
        dropped: Dropped,
    ) -> Self {
        let (spans, waiting) = mpsc::channel(limits.spans);
        let (end, ended) = std_mpsc::channel();
        let runtime = patience.runtime.clone();
        let drain = Drain {
            exporter,
            limits,
            patience,
            dropped: dropped.clone(),
        };
        runtime.spawn(async move {
            drain.run(waiting).await;
            drop(end);
        });
        Self {
            spans,
            dropped,
            ended: Mutex::new(ended),
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        match self.spans.try_send(span) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped.add(Signal::Traces, 1, "the queue is full");
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                self.dropped.add(Signal::Traces, 1, "the process stops");
            }
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        // spans leave after their delay, or when the process stops: nobody asks for it earlier
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        match ended.recv_timeout(timeout) {
            Err(std_mpsc::RecvTimeoutError::Timeout) => Err(OTelSdkError::Timeout(timeout)),
            _ => Ok(()),
        }
    }
}

/// What takes spans out of the queue.
struct Drain<E> {
    exporter: E,
    limits: QueueLimits,
    patience: Patience,
    dropped: Dropped,
}

impl<E: SpanExporter> Drain<E> {
    async fn run(self, mut waiting: mpsc::Receiver<SpanData>) {
        let mut stopping = self.patience.stopping.clone();
        let mut batch = Vec::with_capacity(self.limits.batch);
        let mut due = Instant::now();
        loop {
            let (room, first) = (self.limits.batch - batch.len(), batch.is_empty());
            let more = tokio::select! {
                () = told(&mut stopping) => break,
                taken = waiting.recv_many(&mut batch, room) => taken > 0,
                () = sleep_until(due), if !first => {
                    self.export(&mut batch).await;
                    true
                }
            };
            if first {
                due = Instant::now() + self.limits.delay;
            }
            if batch.len() == self.limits.batch {
                self.export(&mut batch).await;
            }
            if !more {
                break;
            }
        }
        waiting.close();
        while let Some(span) = waiting.recv().await {
            batch.push(span);
            if batch.len() == self.limits.batch {
                self.export(&mut batch).await;
            }
        }
        if !batch.is_empty() {
            self.export(&mut batch).await;
        }
    }

    async fn export(&self, batch: &mut Vec<SpanData>) {
        let spans = std::mem::replace(batch, Vec::with_capacity(self.limits.batch));
        let count = spans.len();
        if let Err(error) = self.patience.wait(self.exporter.export(spans)).await {
            self.dropped.add(Signal::Traces, count, &error.to_string());
        }
    }
}
