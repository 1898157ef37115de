//! A store in memory, for tests and benchmarks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Blob, Creation, Listed, Metadata, Page, Store, StoreError, name};

/// A map of blobs. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    blobs: Arc<Mutex<BTreeMap<String, Blob>>>,
}

impl MemoryStore {
    /// Blobs a page of [`Store::list`] holds: small, so that tests meet the second page.
    const PAGE: usize = 7;

    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that it holds.
    pub fn blobs(&self) -> BTreeMap<String, Blob> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Blob>> {
        // every change of the map is a single call, so a panic elsewhere leaves it whole
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        name::check("create", name)?;
        let mut blobs = self.lock();
        if blobs.contains_key(name) {
            return Ok(Creation::Taken);
        }
        blobs.insert(name.to_owned(), blob);
        Ok(Creation::Created)
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        name::check("put", name)?;
        self.lock().insert(name.to_owned(), blob);
        Ok(())
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        name::check("read", name)?;
        Ok(self.lock().get(name).cloned())
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        name::check("metadata", name)?;
        Ok(self.lock().get(name).map(|blob| blob.metadata.clone()))
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let first = from.unwrap_or_else(|| prefix.to_owned());
        let blobs = self.lock();
        let mut under = blobs
            .range(first..)
            .take_while(|(name, _)| name.starts_with(prefix));
        let page = under
            .by_ref()
            .take(Self::PAGE)
            .map(|(name, blob)| Listed {
                name: name.clone(),
                size: blob.body.len() as u64,
                metadata: blob.metadata.clone(),
            })
            .collect();
        let next = under.next().map(|(name, _)| name.clone());
        Ok(Page { blobs: page, next })
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        name::check("delete", name)?;
        self.lock().remove(name);
        Ok(())
    }
}
