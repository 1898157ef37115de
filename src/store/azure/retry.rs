//! Trying a request again, within bounds.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::trouble::Trouble;

/// Tries of one call.
const TRIES: u32 = 6;

/// The wait before the second try; it doubles from one to the next.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// The longest that one try may take, token and body included.
    pub call_timeout: Duration,
    /// The longest that a call may take, from its first try to its answer.
    pub retry_budget: Duration,
}

impl Default for StoreLimits {
    /// 20 s for a try, 60 s for all of them.
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(20),
            retry_budget: Duration::from_mins(1),
        }
    }
}

/// Tries until it succeeds, fails for good, or the next try would come too late. `retried` hears of
/// each trouble after which there is another try.
pub(super) async fn within<T, F>(
    limits: StoreLimits,
    retried: impl Fn(&Trouble),
    attempt: impl Fn() -> F,
) -> Result<T, Trouble>
where
    F: Future<Output = Result<T, Trouble>>,
{
    let start = Instant::now();
    let (mut tries, mut before) = (0, None);
    loop {
        tries += 1;
        let left = limits.retry_budget.saturating_sub(start.elapsed());
        let limit = limits.call_timeout.min(left);
        let mut trouble = match timeout(limit, attempt()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(trouble)) => trouble,
            // a try that the budget cut short says less than the one before it
            Err(_) if limit < limits.call_timeout => {
                before.take().unwrap_or_else(|| Trouble::silence(limit))
            }
            Err(_) => Trouble::silence(limit),
        };
        if !trouble.passing {
            return Err(trouble);
        }
        let wait = spread(FIRST_WAIT * (1 << (tries - 1))).max(trouble.wait.unwrap_or_default());
        if tries == TRIES || start.elapsed() + wait >= limits.retry_budget {
            trouble.detail = format!(
                "{}; gave up after {tries} tries in {} ms",
                trouble.detail,
                start.elapsed().as_millis()
            );
            return Err(trouble);
        }
        retried(&trouble);
        before = Some(trouble);
        sleep(wait).await;
    }
}

/// Between half and all of a wait, so that partitions that failed at once do not come back at once.
fn spread(wait: Duration) -> Duration {
    // every new state has other keys
    let random = RandomState::new().hash_one(()) % 512;
    wait / 2 + wait / 1024 * random as u32
}
