//! The retry policy of function.json: what the host does with a batch that failed.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::host_json::time_span;
use super::{FUNCTION, SettingError};

/// How a failed batch is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often; none where it is tried until it succeeds (`maxRetryCount: -1`).
    pub most: Option<u32>,
    /// The wait before the first time.
    pub first: Duration,
    /// The longest wait; each is twice the one before (`exponentialBackoff`), up to this.
    pub longest: Duration,
}

#[derive(Deserialize)]
struct FunctionJson {
    retry: Option<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    strategy: Strategy,
    max_retry_count: i64,
    delay_interval: Option<String>,
    minimum_interval: Option<String>,
    maximum_interval: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Strategy {
    FixedDelay,
    ExponentialBackoff,
}

impl Retry {
    /// Reads the app's function.json; `None` where it has no policy: then the host moves the
    /// checkpoint past a batch that failed.
    ///
    /// # Errors
    /// Where the file can't be read, or the policy is none that the host takes.
    pub fn load(app: &Path) -> Result<Option<Self>, SettingError> {
        let file = app.join(FUNCTION).join("function.json");
        let error = |problem: String| SettingError::new(file.display().to_string(), problem);
        let text = std::fs::read(&file).map_err(|it| error(it.to_string()))?;
        Self::parse(&text).map_err(error)
    }

    fn parse(text: &[u8]) -> Result<Option<Self>, String> {
        let function: FunctionJson =
            serde_json::from_slice(text).map_err(|error| format!("retry: {error}"))?;
        let Some(policy) = function.retry else {
            return Ok(None);
        };
        let span = |name: &str, text: &Option<String>| {
            let span = text.as_deref().and_then(time_span);
            span.ok_or_else(|| format!("retry.{name} is missing, or not of the form 00:00:10"))
        };
        let (first, longest) = match policy.strategy {
            Strategy::FixedDelay => {
                let delay = span("delayInterval", &policy.delay_interval)?;
                (delay, delay)
            }
            Strategy::ExponentialBackoff => (
                span("minimumInterval", &policy.minimum_interval)?,
                span("maximumInterval", &policy.maximum_interval)?,
            ),
        };
        let most = match policy.max_retry_count {
            -1 => None,
            count => Some(
                u32::try_from(count)
                    .map_err(|_| format!("retry.maxRetryCount {count}: -1, or from 0"))?,
            ),
        };
        Ok(Some(Self {
            most,
            first,
            longest,
        }))
    }

    /// `maxRetryCount`, as it is written.
    pub fn count(&self) -> i64 {
        self.most.map_or(-1, i64::from)
    }

    /// The wait before the next try, after so many of them; none where it was tried enough.
    pub fn wait(&self, tried_again: u32) -> Option<Duration> {
        if self.most.is_some_and(|most| tried_again >= most) {
            return None;
        }
        let factor = 2_u32.saturating_pow(tried_again.min(31));
        Some(self.first.saturating_mul(factor).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policy_never_gives_up() {
        let app = Path::new(env!("CARGO_MANIFEST_DIR"));
        let retry = Retry::load(app).unwrap().unwrap();
        assert_eq!((retry.most, retry.count()), (None, -1));
        let waits = [0, 1, 2, 5, 1_000].map(|tried| retry.wait(tried).unwrap().as_secs());
        assert_eq!(waits, [2, 4, 8, 60, 60]);
    }

    #[test]
    fn a_policy_is_read() {
        let policy =
            r#"{"retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:03"}}"#;
        let retry = Retry::parse(policy.as_bytes()).unwrap().unwrap();
        let waits = [0, 1, 2].map(|tried| retry.wait(tried));
        let delay = Some(Duration::from_secs(3));
        assert_eq!(waits, [delay, delay, None]);
        assert_eq!(Retry::parse(b"{}"), Ok(None));
    }

    #[test]
    fn what_is_no_policy_is_an_error() {
        for (policy, says) in [
            (r#"{"strategy":"sometimes","maxRetryCount":1}"#, "sometimes"),
            (
                r#"{"strategy":"fixedDelay","maxRetryCount":1}"#,
                "delayInterval",
            ),
            (
                r#"{"strategy":"fixedDelay","maxRetryCount":-2,"delayInterval":"00:00:01"}"#,
                "maxRetryCount",
            ),
        ] {
            let text = format!(r#"{{"retry":{policy}}}"#);
            let error = Retry::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
