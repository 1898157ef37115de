//! That the suite sees what a store does otherwise, and what a hierarchical namespace may.

use std::sync::Arc;

use async_trait::async_trait;
use bronzegate::store::conformance::{self, Case, Ended};
use bronzegate::store::{
    Blob, Creation, Level, Listed, MemoryStore, Metadata, Page, Store, StoreError, list_all,
};

/// A store in memory that does something in its own way.
#[derive(Clone)]
struct Bent {
    inner: Arc<MemoryStore>,
    way: Way,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// `If-None-Match` is ignored.
    Overwrites,
    /// A listing has no metadata.
    ForgetsMetadata,
    /// Folders are there by themselves, until they are deleted.
    Hierarchical,
}

impl Bent {
    fn new(way: Way) -> Self {
        Self {
            inner: Arc::new(MemoryStore::new()),
            way,
        }
    }

    async fn is_folder(&self, name: &str) -> Result<bool, StoreError> {
        let below = list_all(&*self.inner, &format!("{name}/")).await?;
        Ok(self.way == Way::Hierarchical && !below.is_empty())
    }
}

#[async_trait]
impl Store for Bent {
    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        if self.way == Way::Overwrites {
            self.inner.put(name, blob).await?;
            return Ok(Creation::Created);
        }
        self.inner.create(name, blob).await
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        self.inner.put(name, blob).await
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        let blob = self.inner.read(name).await?;
        let folder = self.is_folder(name).await?;
        Ok(blob.or_else(|| folder.then(Blob::default)))
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        Ok(self.read(name).await?.map(|blob| blob.metadata))
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let mut page = self.inner.list(prefix, from).await?;
        if self.way == Way::ForgetsMetadata {
            page.blobs = page.blobs.into_iter().map(without_metadata).collect();
        }
        Ok(page)
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        self.inner.level(folder, from).await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.inner.delete(name).await
    }
}

fn without_metadata(listed: Listed) -> Listed {
    Listed {
        metadata: Metadata::default(),
        ..listed
    }
}

async fn cases(way: Way) -> Vec<Case> {
    let run = conformance::run(|_| Arc::new(Bent::new(way)) as Arc<dyn Store>);
    run.await.unwrap()
}

fn ended(cases: &[Case], which: impl Fn(&Ended) -> bool) -> Vec<&str> {
    let those = cases.iter().filter(|case| which(&case.ended));
    those.map(|case| case.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_ignores_the_condition_does_not_conform() {
    let cases = cases(Way::Overwrites).await;
    let failed = ended(&cases, |it| matches!(it, Ended::Fails(_)));
    assert!(failed.contains(&"what is created is taken"), "{failed:?}");
    assert!(failed.contains(&"one of many creators wins"), "{failed:?}");
    assert!(!failed.contains(&"many pages list each blob once"));
    let Ended::Fails(problem) = &cases[0].ended else {
        panic!("{cases:?}");
    };
    assert_eq!(problem, "a taken name: it is Created, and not Taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_listing_without_metadata_does_not_conform() {
    let cases = cases(Way::ForgetsMetadata).await;
    let failed = ended(&cases, |it| matches!(it, Ended::Fails(_)));
    assert!(
        failed.contains(&"many pages list each blob once"),
        "{failed:?}"
    );
    assert!(!failed.contains(&"what is created is taken"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hierarchical_namespace_nothing_is_asked_that_is_said_of_flat_names() {
    let cases = cases(Way::Hierarchical).await;
    let left_out = ended(&cases, |it| *it == Ended::FlatOnly);
    assert_eq!(
        left_out,
        [
            "what is not there is none",
            "listing is in order and keeps to its prefix"
        ]
    );
    assert!(cases.iter().all(|case| case.ended.is_good()), "{cases:?}");
}

#[tokio::test]
async fn what_the_suite_leaves_is_removed() {
    let store = Bent::new(Way::Overwrites);
    store.put("a/b/c", Blob::default()).await.unwrap();
    store.put("a/d", Blob::default()).await.unwrap();
    conformance::clear(&store).await.unwrap();
    assert!(list_all(&store, "").await.unwrap().is_empty());
}
