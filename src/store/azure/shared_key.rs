//! The emulator's authorization, for which the SDK has no type.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use azure_core::time::{OffsetDateTime, to_rfc7231};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::super::location::EMULATOR_ACCOUNT;

/// The key of [`EMULATOR_ACCOUNT`]; the page "Use Azurite" of Microsoft's documentation prints it.
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Signs every try with the emulator's key, as the page "Authorize with Shared Key" says.
#[derive(Debug)]
pub(super) struct EmulatorKey;

// async_trait makes another signature of `Context<'_>` than the trait's own
#[allow(elided_lifetimes_in_paths)]
#[async_trait]
impl Policy for EmulatorKey {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        request.insert_header("x-ms-date", to_rfc7231(&OffsetDateTime::now_utc()));
        let signature = sign(&to_sign(request))
            .ok_or_else(|| Error::with_message(ErrorKind::Credential, "the key is no key"))?;
        request.insert_header(
            "authorization",
            format!("SharedKey {EMULATOR_ACCOUNT}:{signature}"),
        );
        match next {
            [first, rest @ ..] => first.send(context, request, rest).await,
            [] => Err(Error::with_message(ErrorKind::Other, "nothing sends")),
        }
    }
}

fn sign(text: &str) -> Option<String> {
    let key = base64_simd::STANDARD.decode_to_vec(EMULATOR_KEY).ok()?;
    let mut hmac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    hmac.update(text.as_bytes());
    Some(base64_simd::STANDARD.encode_to_string(hmac.finalize().into_bytes()))
}

fn to_sign(request: &Request) -> String {
    let headers: BTreeMap<String, String> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_lowercase(), value.as_str().to_owned()))
        .collect();
    let header = |name: &str| headers.get(name).map_or("", String::as_str);
    // the transport adds the length where the SDK has not
    let length = match header("content-length") {
        "" => request.body().len().unwrap_or(0).to_string(),
        length => length.to_owned(),
    };
    let mut text = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n\n{}\n{}\n{}\n{}\n{}\n",
        request.method().as_str(),
        header("content-encoding"),
        header("content-language"),
        if length == "0" { "" } else { &length },
        header("content-md5"),
        header("content-type"),
        header("if-modified-since"),
        header("if-match"),
        header("if-none-match"),
        header("if-unmodified-since"),
        header("range"),
    );
    for (name, value) in headers.range("x-ms-".to_owned()..) {
        if name.starts_with("x-ms-") {
            // a write to a string does not fail
            let _ = writeln!(text, "{name}:{}", value.trim());
        }
    }
    let url = request.url();
    text.push('/');
    text.push_str(EMULATOR_ACCOUNT);
    text.push_str(url.path());
    let query: BTreeMap<_, _> = url.query_pairs().collect();
    for (key, value) in query {
        let _ = write!(text, "\n{}:{value}", key.to_lowercase());
    }
    text
}
