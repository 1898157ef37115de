//! The ingestion endpoint of Application Insights, by TLS as the exporter insists, and the endpoint
//! of App Service that hands out a managed identity's tokens.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::serve::Listener;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::story::CANARY;

/// One request.
pub struct Posted {
    pub path: String,
    pub headers: HeaderMap,
    /// The envelopes.
    pub items: Vec<Value>,
}

/// What takes envelopes.
#[derive(Clone)]
pub struct Ingestion {
    port: u16,
    authority: PathBuf,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Ingestion {
    /// Starts it, with an authority of its own whose certificate is written into the folder.
    pub async fn start(folder: &Path) -> Self {
        let (authority, acceptor) = certified(folder);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ingestion = Self {
            port: listener.local_addr().unwrap().port(),
            authority,
            posted: Arc::default(),
        };
        let router = Router::new().fallback(take).with_state(ingestion.clone());
        let tls = Tls { listener, acceptor };
        tokio::spawn(async move { axum::serve(tls, router).await });
        ingestion
    }

    /// What the handler needs to know of it.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        let connection = format!(
            "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://localhost:{}/",
            self.port
        );
        let authority = self.authority.to_str().unwrap().to_owned();
        [
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", connection),
            ("SSL_CERT_FILE", authority),
        ]
    }

    /// Looks at the requests so far.
    pub fn look<T>(&self, at: impl FnOnce(&[Posted]) -> T) -> T {
        at(&self.posted.lock().unwrap())
    }

    /// All envelopes of a kind: their tags, and their data.
    pub fn items(&self, kind: &str) -> Vec<(Value, Value)> {
        let name = format!("Microsoft.ApplicationInsights.{kind}");
        self.look(|posted| {
            let items = posted.iter().flat_map(|it| &it.items);
            let named = items.filter(|item| item["name"] == *name);
            let parts = named.map(|it| (it["tags"].clone(), it["data"]["baseData"].clone()));
            parts.collect()
        })
    }
}

async fn take(
    State(ingestion): State<Ingestion>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> String {
    assert_eq!(headers["content-encoding"], "gzip");
    let mut text = String::new();
    GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
    assert!(!text.contains(CANARY));
    let items: Vec<Value> = serde_json::from_str(&text).unwrap();
    let count = items.len();
    ingestion.posted.lock().unwrap().push(Posted {
        path: uri.path().to_owned(),
        headers,
        items,
    });
    json!({"itemsReceived": count, "itemsAccepted": count, "errors": []}).to_string()
}

/// A certificate for `localhost`, and the authority's, which is another: a leaf that is an authority
/// itself is not trusted.
fn certified(folder: &Path) -> (PathBuf, TlsAcceptor) {
    let request = |arguments: &[&str]| {
        let made = Command::new("openssl")
            .current_dir(folder)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
    };
    let authority = ["-keyout", "authority.key", "-out", "authority.pem"];
    let constraint = "basicConstraints=critical,CA:TRUE";
    request(
        &[
            &authority[..],
            &["-subj", "/CN=authority", "-addext", constraint],
        ]
        .concat(),
    );
    let signer = ["-CA", "authority.pem", "-CAkey", "authority.key"];
    let leaf = ["-keyout", "leaf.key", "-out", "leaf.pem"];
    let (subject, constraint) = (["-subj", "/CN=localhost"], "basicConstraints=CA:FALSE");
    let names = [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        constraint,
    ];
    request(&[&signer[..], &leaf, &subject, &names].concat());
    let leaf = CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .unwrap();
    let authority = folder.join("authority.pem");
    (authority, TlsAcceptor::from(Arc::new(config)))
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // a client that does not trust it goes away
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// App Service's endpoint for the tokens of managed identities.
#[derive(Clone)]
pub struct Identity {
    port: u16,
    /// How long a token lasts, in seconds.
    lasts: u64,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Identity {
    pub async fn start(lasts: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let identity = Self {
            port: listener.local_addr().unwrap().port(),
            lasts,
            asked: Arc::default(),
        };
        let router = Router::new().fallback(issue).with_state(identity.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        identity
    }

    pub fn settings(&self) -> [(&'static str, String); 3] {
        let endpoint = format!("http://127.0.0.1:{}/msi/token", self.port);
        [
            ("IDENTITY_ENDPOINT", endpoint),
            ("IDENTITY_HEADER", "header-1".to_owned()),
            (
                "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "ClientId=client-1;Authorization=AAD".to_owned(),
            ),
        ]
    }

    /// The queries so far, with their headers.
    pub fn asked(&self) -> Vec<(String, HeaderMap)> {
        self.asked.lock().unwrap().clone()
    }
}

async fn issue(State(identity): State<Identity>, uri: Uri, headers: HeaderMap) -> String {
    let number = {
        let mut asked = identity.asked.lock().unwrap();
        asked.push((uri.query().unwrap().to_owned(), headers));
        asked.len()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = (now.as_secs() + identity.lasts).to_string();
    json!({
        "access_token": format!("token-{number}"),
        "expires_on": expires,
        "resource": "https://monitor.azure.com/",
        "token_type": "Bearer",
    })
    .to_string()
}
