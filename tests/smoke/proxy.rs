//! A store that ignores `If-None-Match`: Azurite behind a proxy that takes the header away. A SAS opens
//! it, since no signature is over the headers.

use std::net::Ipv4Addr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use bronzegate::store::{self, AzureOptions, Location, list_all};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key that every emulator has: the page "Use Azurite" of Microsoft's documentation prints it.
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A proxy that runs, before one container.
pub struct Proxy {
    /// The container's URL through it, with a SAS.
    pub url: String,
}

/// Starts one before this container.
pub async fn start(container: &str) -> Proxy {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let here = listener.local_addr().unwrap();
    let path = container.splitn(4, '/').nth(3).unwrap();
    let upstream = container.strip_suffix(path).unwrap().trim_end_matches('/');
    let app = Router::new()
        .fallback(forward)
        .with_state((reqwest::Client::new(), upstream.to_owned()));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Proxy {
        url: format!("http://{here}/{path}?{}", sas(path)),
    }
}

impl Proxy {
    /// The names of the blobs under a prefix.
    pub async fn names(&self, prefix: &str) -> Vec<String> {
        let location: Location = self.url.parse().unwrap();
        let store = store::open(&location, AzureOptions::default());
        let listed = list_all(&*store, prefix).await.unwrap();
        listed.into_iter().map(|it| it.name).collect()
    }
}

async fn forward(
    State((client, upstream)): State<(reqwest::Client, String)>,
    request: Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut headers = head.headers;
    for name in ["host", "connection", "if-none-match"] {
        headers.remove(name);
    }
    let answer = client
        .request(head.method.clone(), format!("{upstream}{}", head.uri))
        .headers(headers)
        .body(to_bytes(body, 16 << 20).await.unwrap())
        .send()
        .await
        .unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        // the body is handed on whole
        if name != "transfer-encoding" && name != "connection" {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.unwrap();
    response.body(Body::from(body)).unwrap()
}

/// A service SAS of a container, as the page "Create a service SAS" has it.
fn sas(path: &str) -> String {
    let (permissions, expiry, version) = ("racwdl", "2099-01-01T00:00:00Z", "2021-10-04");
    let text = format!("{permissions}\n\n{expiry}\n/blob/{path}\n\n\n\n{version}\nc\n\n\n\n\n\n\n");
    let key = base64_simd::STANDARD.decode_to_vec(KEY).unwrap();
    let mut hmac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    hmac.update(text.as_bytes());
    let signature = base64_simd::STANDARD.encode_to_string(hmac.finalize().into_bytes());
    let signature = signature
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("sv={version}&sr=c&sp={permissions}&se=2099-01-01T00%3A00%3A00Z&sig={signature}")
}
