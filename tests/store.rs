//! Every store is held to one suite, and what is peculiar to each to its own tests.

// clippy.toml allows them in tests, but not in what tests share
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "store/azure.rs"]
mod azure;
#[path = "store/bent.rs"]
mod bent;
#[path = "store/folder.rs"]
mod folder;
mod support;

use std::num::NonZero;
use std::sync::Arc;

use bronzegate::store::conformance::{self, Ended};
use bronzegate::store::{self, AzureOptions, FolderStore, Location, MemoryStore, Store};
use bytes::Bytes;

use support::azurite::Azurite;

/// Runs the suite, in which every case has to hold.
async fn conforms(open: impl Fn(&str) -> Arc<dyn Store>) {
    let cases = conformance::run(open).await.unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        assert_eq!(case.ended, Ended::Conforms, "{}", case.name);
    }
}

/// A blob with a body and one pair of metadata.
fn blob(body: impl Into<Bytes>, key: &str, value: &str) -> store::Blob {
    store::Blob {
        body: body.into(),
        metadata: [(key.to_owned(), value.to_owned())].into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_conforms() {
    conforms(|_| Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_folder_conforms() {
    let root = tempfile::tempdir().unwrap();
    conforms(|case| Arc::new(FolderStore::new(root.path().join(case))) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn azurite_conforms() {
    let azurite = Azurite::start();
    conforms(|case| at(&azurite.url(case))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn azurite_conforms_under_a_prefix() {
    let azurite = Azurite::start();
    conforms(|case| at(&format!("{}/some/prefix=1", azurite.url(case)))).await;
}

fn at(url: &str) -> Arc<dyn Store> {
    let location: Location = url.parse().unwrap();
    let options = AzureOptions {
        // so that a listing has many pages
        page: NonZero::new(7),
        ..AzureOptions::default()
    };
    store::open(&location, options)
}
