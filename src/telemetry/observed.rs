//! A store whose calls are seen: each is a span and a measurement.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanBuilder, SpanKind};

use super::{Telemetry, Worded};
use crate::store::{Blob, Creation, Level, Metadata, Page, Store, StoreError};

impl Telemetry {
    /// The store, observed where anybody listens. `server` is the host that answers, where one does.
    pub fn observe(&self, below: Arc<dyn Store>, server: Option<String>) -> Arc<dyn Store> {
        match self.0 {
            Some(_) => Arc::new(Observed {
                below,
                server,
                telemetry: self.clone(),
            }),
            None => below,
        }
    }
}

struct Observed {
    below: Arc<dyn Store>,
    server: Option<String>,
    telemetry: Telemetry,
}

impl Observed {
    async fn call<T>(
        &self,
        operation: &'static str,
        name: &str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let span = || {
            let mut attributes = vec![
                KeyValue::new("bronzegate.operation", operation),
                KeyValue::new("bronzegate.blob", name.to_owned()),
            ];
            let server = self.server.clone();
            attributes.extend(server.map(|host| KeyValue::new("server.address", host)));
            SpanBuilder::from_name(format!("blob {operation}"))
                .with_kind(SpanKind::Client)
                .with_attributes(attributes)
        };
        let start = Instant::now();
        let done = self.telemetry.attempt(span, call).await;
        if let Some(meters) = self.telemetry.meters() {
            let error = done.as_ref().err().map(Worded::word);
            meters.called(operation, error, start.elapsed());
        }
        done
    }
}

#[async_trait]
impl Store for Observed {
    async fn ready(&self) -> Result<(), StoreError> {
        self.call("open", "", self.below.ready()).await
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        self.call("create", name, self.below.create(name, blob))
            .await
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        self.call("put", name, self.below.put(name, blob)).await
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        self.call("read", name, self.below.read(name)).await
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        self.call("metadata", name, self.below.metadata(name)).await
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        self.call("list", prefix, self.below.list(prefix, from))
            .await
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        self.call("level", folder, self.below.level(folder, from))
            .await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.call("delete", name, self.below.delete(name)).await
    }
}

impl Worded for StoreError {
    fn word(&self) -> &'static str {
        self.cause.word()
    }
}
