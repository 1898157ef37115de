//! Where the work is done that keeps a core busy: outside of the threads that answer.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Runs decoding, judging and encoding.
#[derive(Debug, Clone)]
pub enum Workers {
    /// On threads of their own, so many at once as there are cores.
    Threads(Arc<Semaphore>),
    /// Where it is called: for tests that want every step in their own order.
    Inline,
}

impl Workers {
    /// As many threads at once as the machine has cores.
    pub fn per_core() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::Threads(Arc::new(Semaphore::new(cores)))
    }

    /// Runs some work, and waits for it.
    ///
    /// # Panics
    /// Where the work does.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let Self::Threads(cores) = self else {
            return work();
        };
        // the semaphore is never closed; without a permit the work would only be less orderly
        let _permit = cores.acquire().await.ok();
        match spawn_blocking(work).await {
            Ok(done) => done,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // the runtime shuts down: whoever waits for this is dropped with it
                Err(_) => std::future::pending().await,
            },
        }
    }
}
