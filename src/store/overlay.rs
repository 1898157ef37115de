//! What would be written, in memory, over a store that is only read: for dry runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{
    Blob, Creation, Level, Listed, MemoryStore, Metadata, Page, Store, StoreError, list_all,
    whole_level,
};

/// A store whose writes go no further than this process.
pub struct Overlay {
    below: Arc<dyn Store>,
    above: MemoryStore,
    deleted: Mutex<BTreeSet<String>>,
}

impl Overlay {
    /// Nothing written yet.
    pub fn new(below: Arc<dyn Store>) -> Self {
        Self {
            below,
            above: MemoryStore::new(),
            deleted: Mutex::default(),
        }
    }

    fn deleted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_deleted(&self, name: &str) -> bool {
        self.deleted().contains(name)
    }
}

#[async_trait]
impl Store for Overlay {
    async fn ready(&self) -> Result<(), StoreError> {
        // a container or folder that is not there is not made
        Ok(())
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        if self.metadata(name).await?.is_some() {
            return Ok(Creation::Taken);
        }
        self.deleted().remove(name);
        self.above.create(name, blob).await
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        self.deleted().remove(name);
        self.above.put(name, blob).await
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        match self.above.read(name).await? {
            Some(blob) => Ok(Some(blob)),
            None if self.is_deleted(name) => Ok(None),
            None => self.below.read(name).await,
        }
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        match self.above.metadata(name).await? {
            Some(metadata) => Ok(Some(metadata)),
            None if self.is_deleted(name) => Ok(None),
            None => self.below.metadata(name).await,
        }
    }

    async fn list(&self, prefix: &str, _from: Option<String>) -> Result<Page, StoreError> {
        let mut blobs: BTreeMap<String, Listed> = BTreeMap::new();
        for listed in list_all(&*self.below, prefix).await? {
            if !self.is_deleted(&listed.name) {
                blobs.insert(listed.name.clone(), listed);
            }
        }
        for listed in list_all(&self.above, prefix).await? {
            blobs.insert(listed.name.clone(), listed);
        }
        Ok(Page {
            blobs: blobs.into_values().collect(),
            next: None,
        })
    }

    async fn level(&self, folder: &str, _from: Option<String>) -> Result<Level, StoreError> {
        let (below, above) = (
            whole_level(&*self.below, folder).await?,
            whole_level(&self.above, folder).await?,
        );
        let merged = |one: Vec<String>, other: Vec<String>| -> Vec<String> {
            let all: BTreeSet<String> = one.into_iter().chain(other).collect();
            all.into_iter()
                .filter(|name| !self.is_deleted(name))
                .collect()
        };
        Ok(Level {
            blobs: merged(below.blobs, above.blobs),
            folders: merged(below.folders, above.folders),
            next: None,
        })
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.deleted().insert(name.to_owned());
        self.above.delete(name).await
    }
}
