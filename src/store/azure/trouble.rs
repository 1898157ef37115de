//! What an answer of the service means: one place from status and code to [`Cause`].

use std::error::Error as _;
use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::StatusCode;
use azure_core::http::headers::Headers;
use azure_core::time::{OffsetDateTime, parse_rfc7231};
use azure_storage_blob::StorageError;

use super::super::Cause;

/// The most of the service's own words that an error repeats, in bytes.
const LONGEST_DETAIL: usize = 400;

/// A try that failed.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) cause: Cause,
    /// The HTTP status; `None` where there was no answer.
    status: Option<u16>,
    /// The service's error code, such as `BlobNotFound`.
    code: Option<String>,
    /// One line, without a SAS.
    pub(super) detail: String,
    /// Whether another try may end better.
    pub(super) passing: bool,
    /// How long the service wants to be left alone.
    pub(super) wait: Option<Duration>,
}

impl Trouble {
    /// A try that had no answer in time.
    pub(super) fn silence(after: Duration) -> Self {
        Self {
            cause: Cause::Unavailable,
            status: None,
            code: None,
            detail: format!("no answer within {} ms", after.as_millis()),
            passing: true,
            wait: None,
        }
    }

    /// Whether there is no such blob, in a container that is there.
    pub(super) fn is_no_such_blob(&self) -> bool {
        self.status == Some(404) && self.has_code(&["BlobNotFound"])
    }

    /// Whether a conditional create found the name taken. An immutability policy and a SAS that
    /// may create but not write object to the same thing in words of their own.
    pub(super) fn is_taken(&self) -> bool {
        match self.status {
            Some(412) => true,
            Some(409) => self.has_code(&["BlobAlreadyExists", "BlobImmutableDueToPolicy"]),
            Some(403) => self.has_code(&["UnauthorizedBlobOverwrite"]),
            _ => false,
        }
    }

    /// Whether the container to be made was there.
    pub(super) fn is_container_there(&self) -> bool {
        self.status == Some(409) && self.has_code(&["ContainerAlreadyExists"])
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| codes.contains(&code))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let (status, code, wait) = match error.kind() {
            ErrorKind::HttpResponse {
                status,
                error_code,
                raw_response,
            } => (
                *status,
                error_code.clone(),
                raw_response.as_ref().and_then(|response| {
                    retry_after(response.headers(), OffsetDateTime::now_utc())
                }),
            ),
            kind => {
                let (cause, passing) = match kind {
                    ErrorKind::Connection | ErrorKind::Io => (Cause::Unavailable, true),
                    // no token: no identity, or one that may not have it
                    ErrorKind::Credential => (Cause::Forbidden, false),
                    _ => (Cause::Unexpected, false),
                };
                return Self {
                    cause,
                    status: None,
                    code: None,
                    detail: one_line(&chain(&error)),
                    passing,
                    wait: None,
                };
            }
        };
        let number = u16::from(status);
        Self {
            cause: cause(number, code.as_deref()),
            status: Some(number),
            detail: detail(status, code.as_deref(), error),
            code,
            passing: matches!(number, 408 | 429 | 500 | 502..=504),
            wait,
        }
    }
}

/// The pages "Status and error codes" and "Blob service error codes".
fn cause(status: u16, code: Option<&str>) -> Cause {
    match (status, code) {
        (401 | 403, _) | (409, Some("AccountIsDisabled" | "ContainerDisabled")) => Cause::Forbidden,
        (404, _) | (409, Some("ContainerBeingDeleted")) => Cause::Missing,
        (429 | 503, _) => Cause::Throttled,
        (408 | 500.., _) => Cause::Unavailable,
        _ => Cause::Unexpected,
    }
}

/// Status, code, the first line of the message and the request's id, which support asks for.
fn detail(status: StatusCode, code: Option<&str>, error: Error) -> String {
    let mut words = status.to_string();
    if let Some(code) = code.filter(|code| *code != words) {
        words = format!("{words} {code}");
    }
    if let Ok(answer) = StorageError::try_from(error) {
        let message = answer.message.unwrap_or_default();
        if let Some(line) = message.lines().next() {
            words = format!("{words}: {line}");
        }
        if let Some(id) = answer.request_id {
            words = format!("{words} (request {id})");
        }
    }
    one_line(&words)
}

/// An error and those beneath it, each once: `azure_core`'s own text often ends with the next one's.
fn chain(error: &Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        next = error.source();
    }
    words
}

/// Puts a text on one line of bounded length, and hides the queries of URLs: a SAS stands there.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        match word.split_once('?') {
            Some((before, after)) if after.contains('=') => {
                let tail = after.trim_start_matches(|char| !matches!(char, ')' | '"' | '\''));
                line.extend([before, "?…", tail]);
            }
            _ => line.push_str(word),
        }
        if line.len() > LONGEST_DETAIL {
            line.truncate(line.floor_char_boundary(LONGEST_DETAIL));
            line.push('…');
            break;
        }
    }
    line
}

/// How long the service asks to be left alone: milliseconds in Microsoft's own headers, seconds or
/// a date in RFC 9110's.
fn retry_after(headers: &Headers, now: OffsetDateTime) -> Option<Duration> {
    let header = |name: &'static str| headers.get_optional_str(&name.into());
    let milliseconds = header("x-ms-retry-after-ms")
        .or_else(|| header("retry-after-ms"))
        .and_then(|value| value.trim().parse().ok())
        .map(Duration::from_millis);
    milliseconds.or_else(|| {
        let value = header("retry-after")?.trim();
        match value.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => Some(
                (parse_rfc7231(value).ok()? - now)
                    .try_into()
                    .unwrap_or_default(),
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::time::Duration as Signed;

    #[test]
    fn statuses_and_codes_have_their_causes() {
        for (status, code, expected) in [
            (401, None, Cause::Forbidden),
            (
                403,
                Some("AuthorizationPermissionMismatch"),
                Cause::Forbidden,
            ),
            (404, Some("ContainerNotFound"), Cause::Missing),
            (409, Some("ContainerBeingDeleted"), Cause::Missing),
            (409, Some("LeaseIdMissing"), Cause::Unexpected),
            (408, None, Cause::Unavailable),
            (429, None, Cause::Throttled),
            (503, Some("ServerBusy"), Cause::Throttled),
            (500, Some("InternalError"), Cause::Unavailable),
            (502, None, Cause::Unavailable),
            (504, None, Cause::Unavailable),
            (400, Some("InvalidHeaderValue"), Cause::Unexpected),
            (302, None, Cause::Unexpected),
        ] {
            assert_eq!(cause(status, code), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn a_sas_does_not_reach_a_detail() {
        let text = "error sending request for url (https://a/b?sv=1&sig=SECRET): timed\n  out";
        assert_eq!(
            one_line(text),
            "error sending request for url (https://a/b?…): timed out"
        );
        assert!(one_line(&"ü".repeat(1000)).len() < LONGEST_DETAIL + 8);
    }

    #[test]
    fn retry_after_is_read_in_each_of_its_forms() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let date = azure_core::time::to_rfc7231(&(now + Signed::seconds(9)));
        for (name, value, expected) in [
            ("retry-after", "3", Some(3000)),
            ("retry-after", date.as_str(), Some(9000)),
            ("retry-after", "Wed, 31 Dec 1969 23:59:50 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after-ms", "7", Some(7)),
            ("x-ms-retry-after-ms", "8", Some(8)),
        ] {
            let mut headers = Headers::new();
            headers.insert(name, value.to_owned());
            let wait = retry_after(&headers, now);
            assert_eq!(wait, expected.map(Duration::from_millis), "{name}: {value}");
        }
    }
}
