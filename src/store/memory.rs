//! A store in memory, for tests and benchmarks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::{Blob, Creation, Level, Listed, Metadata, Page, Store, StoreError, name};

/// A map of blobs. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    blobs: Arc<Mutex<BTreeMap<String, Written>>>,
}

#[derive(Debug, Clone)]
struct Written {
    blob: Blob,
    at: SystemTime,
}

impl Written {
    fn now(blob: Blob) -> Self {
        Self {
            blob,
            at: SystemTime::now(),
        }
    }
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
        let blobs = self.lock();
        blobs
            .iter()
            .map(|(name, written)| (name.clone(), written.blob.clone()))
            .collect()
    }

    /// Makes a blob older than it is.
    pub fn age(&self, name: &str, by: Duration) {
        if let Some(written) = self.lock().get_mut(name) {
            written.at -= by;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Written>> {
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
        blobs.insert(name.to_owned(), Written::now(blob));
        Ok(Creation::Created)
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        name::check("put", name)?;
        self.lock().insert(name.to_owned(), Written::now(blob));
        Ok(())
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        name::check("read", name)?;
        Ok(self.lock().get(name).map(|it| it.blob.clone()))
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        name::check("metadata", name)?;
        Ok(self.lock().get(name).map(|it| it.blob.metadata.clone()))
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
            .map(|(name, Written { blob, at })| Listed {
                name: name.clone(),
                size: blob.body.len() as u64,
                modified: *at,
                metadata: blob.metadata.clone(),
            })
            .collect();
        let next = under.next().map(|(name, _)| name.clone());
        Ok(Page { blobs: page, next })
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        let blobs = self.lock();
        let mut level = Level::default();
        let mut seen = 0;
        for (name, _) in blobs.range(folder.to_owned()..) {
            let Some(rest) = name.strip_prefix(folder) else {
                break;
            };
            let child = match rest.split_once('/') {
                Some((part, _)) => format!("{folder}{part}/"),
                None => name.clone(),
            };
            let before = from.as_ref().is_some_and(|from| child < *from);
            if before || level.folders.last() == Some(&child) {
                continue;
            }
            if seen == Self::PAGE {
                level.next = Some(child);
                break;
            }
            seen += 1;
            if child.ends_with('/') {
                level.folders.push(child);
            } else {
                level.blobs.push(child);
            }
        }
        Ok(level)
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        name::check("delete", name)?;
        self.lock().remove(name);
        Ok(())
    }
}
