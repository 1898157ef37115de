//! A memory store whose every call waits for its turn, and may then fail in every way.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bronzegate::store::memory::MemoryStore;
use bronzegate::store::{Blob, Cause, Creation, Level, Metadata, Page, Store, StoreError};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;

/// What happens to the call whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// It never arrives.
    Failed,
    /// It is done, and its answer is lost.
    AnswerLost,
    /// Its caller gives up, and it arrives later.
    Late,
}

/// A request under way.
pub type Request = BoxFuture<'static, ()>;

/// One instance's connection to the store.
#[derive(Clone)]
pub struct Wire {
    memory: MemoryStore,
    under_way: Arc<Mutex<Option<Request>>>,
    fate: Arc<Mutex<Fate>>,
    late: Arc<Mutex<Vec<Request>>>,
}

impl Wire {
    /// A connection; requests that come late are left in `late`.
    pub fn new(memory: MemoryStore, late: Arc<Mutex<Vec<Request>>>) -> Self {
        Self {
            memory,
            under_way: Arc::default(),
            fate: Arc::new(Mutex::new(Fate::Done)),
            late,
        }
    }

    /// Decides what happens to the request that is under way.
    pub fn decide(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
    }

    /// The instance is killed: its last request is still on the wire.
    pub fn cut(&self) -> Option<Request> {
        self.under_way.lock().unwrap().take()
    }

    async fn call<T: Send + 'static>(
        &self,
        action: &'static str,
        name: &str,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let request = async move {
            let _ = answer.send(work.await);
        };
        *self.under_way.lock().unwrap() = Some(request.boxed());
        Turn(false).await;
        let request = self.under_way.lock().unwrap().take().unwrap();
        let fate = std::mem::replace(&mut *self.fate.lock().unwrap(), Fate::Done);
        let failed = |detail: &str| StoreError {
            action,
            name: name.to_owned(),
            cause: Cause::Unavailable,
            detail: detail.to_owned(),
            source: None,
        };
        match fate {
            Fate::Done => {
                arrive(request);
                answered.now_or_never().unwrap().unwrap()
            }
            Fate::Failed => Err(failed("it never arrived")),
            Fate::AnswerLost => {
                arrive(request);
                Err(failed("the answer was lost"))
            }
            Fate::Late => {
                self.late.lock().unwrap().push(request);
                Err(failed("it took too long"))
            }
        }
    }
}

/// A request reaches the store. The memory store never waits.
pub fn arrive(request: Request) {
    request.now_or_never().unwrap();
}

struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            // what polls several futures at once asks only those that were woken
            context.waker().wake_by_ref();
            Poll::Pending
        }
    }
}

#[async_trait]
impl Store for Wire {
    async fn ready(&self) -> Result<(), StoreError> {
        let memory = self.memory.clone();
        self.call("reach", "the store", async move { memory.ready().await })
            .await
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        let (memory, to) = (self.memory.clone(), name.to_owned());
        self.call(
            "create",
            name,
            async move { memory.create(&to, blob).await },
        )
        .await
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        let (memory, to) = (self.memory.clone(), name.to_owned());
        self.call("put", name, async move { memory.put(&to, blob).await })
            .await
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        let (memory, from) = (self.memory.clone(), name.to_owned());
        self.call("read", name, async move { memory.read(&from).await })
            .await
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        let (memory, of) = (self.memory.clone(), name.to_owned());
        self.call("read", name, async move { memory.metadata(&of).await })
            .await
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let (memory, under) = (self.memory.clone(), prefix.to_owned());
        self.call(
            "list",
            prefix,
            async move { memory.list(&under, from).await },
        )
        .await
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        let (memory, within) = (self.memory.clone(), folder.to_owned());
        self.call(
            "list",
            folder,
            async move { memory.level(&within, from).await },
        )
        .await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let (memory, it) = (self.memory.clone(), name.to_owned());
        self.call("delete", name, async move { memory.delete(&it).await })
            .await
    }
}
