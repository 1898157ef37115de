//! Listing by a delimiter, which the SDK's own listing does not have.
//!
//! The request is the SDK's, so that its credential, its policies and its errors are the same; a
//! policy adds `delimiter=/` to it, and the answer is read here (the page "List Blobs").

use std::num::NonZero;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::pager::PagerOptions;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use azure_core::xml::from_xml;
use azure_storage_blob::BlobContainerClient;
use azure_storage_blob::models::BlobContainerClientListBlobsOptions;
use futures::TryStreamExt;
use serde::Deserialize;

/// Marks the context of a request whose listing ends at the next `/`.
#[derive(Debug)]
struct Delimiter;

/// Adds the delimiter to the requests that are so marked.
#[derive(Debug)]
pub(super) struct Delimited;

// async_trait makes another signature of `Context<'_>` than the trait's own
#[allow(elided_lifetimes_in_paths)]
#[async_trait]
impl Policy for Delimited {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        if context.value::<Delimiter>().is_some() {
            let mut query = request.url_mut().query_pairs_mut();
            query.append_pair("delimiter", "/");
        }
        let [first, rest @ ..] = next else {
            let error = azure_core::error::ErrorKind::Other;
            return Err(azure_core::Error::with_message(error, "nothing sends"));
        };
        first.send(context, request, rest).await
    }
}

/// The service's answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(rename = "Blobs", default)]
    entries: Entries,
    #[serde(rename = "NextMarker", default)]
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entries {
    #[serde(rename = "$value", default)]
    all: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
enum Entry {
    Blob(Named),
    BlobPrefix(Named),
}

#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "Name")]
    name: Name,
}

/// A name; in one with characters that XML can't hold they are percent-encoded.
#[derive(Debug, Deserialize)]
struct Name {
    #[serde(rename = "$text", default)]
    text: String,
}

/// Asks for a page of what stands directly under a prefix.
pub(super) async fn page(
    client: Arc<BlobContainerClient>,
    prefix: String,
    marker: Option<String>,
    most: Option<NonZero<u16>>,
) -> azure_core::Result<Answer> {
    let options = BlobContainerClientListBlobsOptions {
        marker,
        maxresults: most.map(|most| i32::from(most.get())),
        prefix: (!prefix.is_empty()).then_some(prefix),
        method_options: PagerOptions {
            context: Context::new().with_value(Delimiter),
            ..PagerOptions::default()
        },
        ..BlobContainerClientListBlobsOptions::default()
    };
    let mut pages = client.list_blobs(Some(options))?.into_pages();
    match pages.try_next().await? {
        Some(page) => from_xml(page.into_body()),
        None => Ok(Answer::default()),
    }
}

impl Answer {
    /// As the store's caller knows the names: without the location's prefix.
    pub(super) fn below(self, prefix: &str) -> super::Level {
        let mut level = super::Level {
            next: self.next.filter(|marker| !marker.is_empty()),
            ..super::Level::default()
        };
        for entry in self.entries.all {
            let (list, named) = match entry {
                Entry::Blob(named) => (&mut level.blobs, named),
                Entry::BlobPrefix(named) => (&mut level.folders, named),
            };
            list.extend(named.name.text.strip_prefix(prefix).map(str::to_owned));
        }
        level
    }
}
