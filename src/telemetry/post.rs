//! The HTTP client of both exporters: requests that end, on threads that are not the landing's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderValue, Uri, header};
use azure_core::credentials::TokenCredential;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// The longest that one request may take, from its connection to its answer.
const LONGEST: Duration = Duration::from_secs(10);

/// The most of an answer that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// For whom Entra issues a token that Application Insights takes. The resource itself ends with a
/// slash.
const SCOPE: &str = "https://monitor.azure.com//.default";

/// Posts what is exported.
#[derive(Clone)]
pub(super) struct Post {
    runtime: Handle,
    client: reqwest::Client,
    /// Whose token is shown to Application Insights; it is kept and renewed by the credential.
    credential: Option<Arc<dyn TokenCredential>>,
}

impl Post {
    pub(super) fn new(runtime: Handle) -> Result<Self, reqwest::Error> {
        Ok(Self {
            runtime,
            client: reqwest::Client::builder().timeout(LONGEST).build()?,
            credential: None,
        })
    }

    /// One that shows this credential's token.
    pub(super) fn with_credential(self, credential: Arc<dyn TokenCredential>) -> Self {
        Self {
            credential: Some(credential),
            ..self
        }
    }

    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        if let Some(credential) = &self.credential {
            let token = credential.get_token(&[SCOPE], None).await?;
            let shown = format!("Bearer {}", token.token.secret());
            let mut shown = HeaderValue::try_from(shown)?;
            shown.set_sensitive(true);
            parts.headers.insert(header::AUTHORIZATION, shown);
        }
        let request = Request::from_parts(parts, body);
        let mut answer = self.client.execute(request.try_into()?).await?;
        let mut whole = Response::builder().status(answer.status());
        if let Some(headers) = whole.headers_mut() {
            std::mem::swap(headers, answer.headers_mut());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > LARGEST {
                return Err("the answer is too long".into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(whole.body(body.into())?)
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // the reader of the metrics calls on a thread of its own, which has no reactor
        self.runtime.spawn(self.clone().send(request)).await?
    }
}

/// Posts to Application Insights, where it takes Entra's tokens: `v2.1/track` instead of the
/// exporter's `v2/track` (the page "Microsoft Entra authentication for Application Insights").
#[derive(Debug, Clone)]
pub(super) struct Track(pub(super) Post);

#[async_trait]
impl HttpClient for Track {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let url = request.uri().to_string();
        if let Some(base) = url.strip_suffix("/v2/track") {
            *request.uri_mut() = Uri::try_from(format!("{base}/v2.1/track"))?;
        }
        self.0.send_bytes(request).await
    }
}
