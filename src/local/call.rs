//! An invocation, as the host posts it to the handler and takes the answer.

use bytes::Bytes;
use futures::stream;

use super::dice::Dice;
use super::process::Process;

/// A body is sent in chunks, without a length, as in Azure.
const CHUNK: usize = 64 * 1024;

/// Where invocations are posted.
#[derive(Debug, Clone)]
pub struct Call {
    url: String,
    client: reqwest::Client,
}

impl Call {
    /// To this handler, and to the one that takes its place.
    pub fn of(process: &Process) -> Self {
        Self::to(process.url(), process.client())
    }

    /// To whatever listens there.
    pub fn to(url: String, client: reqwest::Client) -> Self {
        Self { url, client }
    }

    /// One invocation. It succeeds by a 2xx with a JSON object that says so, and by nothing else.
    ///
    /// # Errors
    /// What was answered instead, or that nothing was.
    pub async fn post(&self, body: Vec<u8>, invocation: &str) -> Result<(), String> {
        let body = Bytes::from(body);
        let chunks = (0..body.len())
            .step_by(CHUNK)
            .map(|at| body.slice(at..body.len().min(at + CHUNK)));
        let chunks: Vec<_> = chunks.map(Ok::<_, std::convert::Infallible>).collect();
        let response = self
            .client
            .post(&self.url)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Azure-Functions-InvocationId", invocation)
            .header("X-Azure-Functions-HostVersion", "4.0.0")
            .header(
                "traceparent",
                format!(
                    "00-{}-{}-01",
                    invocation.replace('-', ""),
                    &invocation[..8].repeat(2)
                ),
            )
            .body(reqwest::Body::wrap_stream(stream::iter(chunks)))
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status();
        let kind = response.headers().get("Content-Type");
        let json = kind.is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
        let answer = response.bytes().await.map_err(|error| error.to_string())?;
        let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer);
        match object {
            Ok(_) if status.is_success() && json => Ok(()),
            _ if !json => Err(format!("{status}, and the content type is not JSON's")),
            Ok(object) => Err(format!(
                "{status}: {}",
                object
                    .get("error")
                    .and_then(|it| it.as_str())
                    .unwrap_or("no reason")
            )),
            Err(_) => Err(format!("{status}, and not a JSON object")),
        }
    }
}

/// An invocation's id, of the form of a GUID.
pub fn invocation_id(dice: &mut Dice) -> String {
    let (high, low) = (dice.word(), dice.word());
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
