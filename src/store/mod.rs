//! Where blobs are kept: one small trait, and its implementations.
//!
//! - [`memory`]: a map, for tests and benchmarks.
//! - [`folder`]: a local folder, as durable as the word says.
//! - [`azure`]: Azure Blob Storage and its emulator.
//! - [`overlay`]: what would be written to another, for dry runs.
//!
//! [`location`] says which of them a URL means, and [`name`] which names they take.
//!
//! Names are paths with `/` between their parts, in UTF-8 and without a leading `/`. The trait is
//! as small as the landing needs it; [`conformance`] is the suite to which every implementation is held.

pub mod azure;
pub mod conformance;
pub mod folder;
pub mod location;
pub mod memory;
pub mod name;
pub mod overlay;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

pub use azure::{AzureOptions, AzureStore, Identity, StoreLimits};
pub use folder::FolderStore;
pub use location::Location;
pub use memory::MemoryStore;
pub use overlay::Overlay;

/// The store at a location. Nothing is asked or made yet: the first call does that, or
/// [`Store::ready`]. `options` are for Azure alone.
pub fn open(location: &Location, options: AzureOptions) -> Arc<dyn Store> {
    match location {
        Location::Folder(root) => Arc::new(FolderStore::new(root.clone())),
        Location::Azure(place) => Arc::new(AzureStore::open(place.clone(), options)),
    }
}

/// What a blob says of itself beside its body. Keys are lower-case ASCII letters, digits and `_`,
/// and begin with a letter (Azure's rule for metadata names); values are printable ASCII.
pub type Metadata = BTreeMap<String, String>;

/// A body and what it says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob {
    /// The bytes.
    pub body: Bytes,
    /// What the blob says of itself.
    pub metadata: Metadata,
}

/// How a conditional create ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The blob was not there and stands now, whole and durable.
    Created,
    /// The name was taken (409 `BlobAlreadyExists` or 412); what stands there is untouched. It may
    /// be our own write whose answer was lost.
    Taken,
}

/// A line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The blob's whole name.
    pub name: String,
    /// The body's length in bytes.
    pub size: u64,
    /// When it was written, by the store's own clock; Azure says whole seconds.
    pub modified: SystemTime,
    /// What the blob says of itself.
    pub metadata: Metadata,
}

/// A part of a listing, in the order of the names' bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The blobs.
    pub blobs: Vec<Listed>,
    /// Where to go on: hand it to the next call. `None` at the end.
    pub next: Option<String>,
}

/// A part of what stands directly in a folder, each list in the order of its names' bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// Whole names of blobs.
    pub blobs: Vec<String>,
    /// Whole names of folders below, each with a `/` at its end.
    pub folders: Vec<String>,
    /// Where to go on: hand it to the next call. `None` at the end.
    pub next: Option<String>,
}

/// A place where blobs are kept.
///
/// Every method is durable when it returns `Ok`, and may be called any number of times by any
/// number of processes at once. A future that is dropped may or may not have done its work.
#[async_trait]
pub trait Store: Send + Sync {
    /// Whether the place is there and may be used; an emulator's container and a local folder
    /// are made.
    ///
    /// # Errors
    /// Where it is missing, forbidden or out of reach.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Creates the blob if the name is free, body and metadata in one atomic step.
    ///
    /// # Errors
    /// Where the store could not be asked or would not say how it ended.
    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError>;

    /// Writes the blob, whatever stood there.
    ///
    /// # Errors
    /// Where the store could not be asked or would not say how it ended.
    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError>;

    /// Reads a blob; `None` where there is none.
    ///
    /// # Errors
    /// Where the store could not be asked.
    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError>;

    /// Reads a blob's metadata; `None` where there is no such blob.
    ///
    /// # Errors
    /// Where the store could not be asked.
    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError>;

    /// A page of the blobs whose names begin with `prefix`, in the order of their names' bytes;
    /// `from` is the [`Page::next`] of the page before.
    ///
    /// # Errors
    /// Where the store could not be asked.
    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError>;

    /// A page of what stands directly in a folder, whose name ends with a `/` or is empty; `from`
    /// is the [`Level::next`] of the page before.
    ///
    /// # Errors
    /// Where the store could not be asked.
    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError>;

    /// Removes a blob; one that is not there is none the less removed.
    ///
    /// # Errors
    /// Where the store could not be asked.
    async fn delete(&self, name: &str) -> Result<(), StoreError>;
}

/// Lists all of a prefix, page by page.
///
/// # Errors
/// The first page's error.
pub async fn list_all(store: &dyn Store, prefix: &str) -> Result<Vec<Listed>, StoreError> {
    let mut blobs = Vec::new();
    let mut from = None;
    loop {
        let page = store.list(prefix, from).await?;
        blobs.extend(page.blobs);
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(blobs),
        }
    }
}

/// Lists all that stands directly in a folder, page by page.
///
/// # Errors
/// The first page's error.
pub async fn whole_level(store: &dyn Store, folder: &str) -> Result<Level, StoreError> {
    let mut whole = Level::default();
    loop {
        let page = store.level(folder, whole.next.take()).await?;
        whole.blobs.extend(page.blobs);
        whole.folders.extend(page.folders);
        if page.next.is_none() {
            return Ok(whole);
        }
        whole.next = page.next;
    }
}

/// Why a store did not answer, in the words of its remedy. All of them are the world's: the batch
/// fails and comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// 401 or 403: a role is missing, or has not spread yet.
    Forbidden,
    /// The container or account is not there.
    Missing,
    /// 429 or 503 `ServerBusy`: the account is asked for more than it gives.
    Throttled,
    /// No space is left.
    Full,
    /// No answer in time, a connection that broke, 5xx.
    Unavailable,
    /// Anything else: an answer that the contract does not know.
    Unexpected,
}

impl Cause {
    /// The word of errors and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Missing => "missing",
            Self::Throttled => "throttled",
            Self::Full => "full",
            Self::Unavailable => "unavailable",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A store that did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} {name}: {cause}: {detail}")]
pub struct StoreError {
    /// What was being done: `create`, `list` …
    pub action: &'static str,
    /// The blob's name, the prefix, or the container.
    pub name: String,
    /// What kind of trouble it is.
    pub cause: Cause,
    /// The store's own words, on one line and without secrets.
    pub detail: String,
    /// The error underneath.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error without one underneath.
    pub fn new(
        action: &'static str,
        name: impl Into<String>,
        cause: Cause,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            action,
            name: name.into(),
            cause,
            detail: detail.into(),
            source: None,
        }
    }
}
