//! Azure Blob Storage, with flat or hierarchical names, and its emulator.
//!
//! A blob is written by one Put Blob, so body and metadata appear in one atomic step, whatever its
//! size (the service takes 5,000 MiB). It has no `Content-Encoding`: where its name ends in `.gz`
//! the blob *is* a gzip file, and no client shall inflate it silently.
//!
//! **Retries are ours.** The SDK's policy waits as long as `Retry-After` says, however far that is
//! behind its own `max_total_elapsed`, and has no limit for a single try. Here each try ends after
//! [`StoreLimits::call_timeout`] and all of a call's tries within [`StoreLimits::retry_budget`]:
//! where the service wants to be left alone for longer, the call fails at once.
//!
//! **Errors carry text alone**, no `source`: the SDK's errors print URLs with their SAS, and
//! backtraces, so what they say is folded into one line without either.

mod level;
mod retry;
mod shared_key;
mod trouble;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::{Body, ClientOptions, RetryOptions, Transport};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId,
};
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientGetPropertiesResultHeaders, BlobClientUploadOptions,
    BlobContainerClientListBlobsOptions, BlobItem, ListBlobsIncludeItem, ListBlobsResponse,
};
use azure_storage_blob::{BlobClient, BlobContainerClient, BlobContainerClientOptions};
use futures::TryStreamExt;

pub use self::retry::StoreLimits;
use self::shared_key::EmulatorKey;
use self::trouble::Trouble;
use super::location::{Access, AzureLocation};
use super::{Blob, Creation, Level, Listed, Metadata, Page, Store, StoreError, name};
use crate::telemetry::Telemetry;

/// The largest body of one request, which is also the most that the service takes at once.
const WHOLE: usize = 5000 << 20;

const CONTENT_TYPE: &str = "application/x-ndjson";

/// Whose token opens a container that is reached by https without a SAS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Identity {
    /// The managed identity of the app: its own, or the user-assigned one of this client id.
    Managed {
        /// The client id of a user-assigned identity.
        client_id: Option<String>,
    },
    /// Whoever is logged in to the Azure CLI or the Azure Developer CLI.
    #[default]
    Developer,
}

impl Identity {
    /// What shows its token.
    ///
    /// # Errors
    /// Where there is none: outside of Azure, and without a login.
    pub fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match self {
            Self::Managed { client_id } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    ..ManagedIdentityCredentialOptions::default()
                }))?
            }
            Self::Developer => DeveloperToolsCredential::new(None)?,
        })
    }
}

/// How a container is asked.
#[derive(Debug, Clone, Default)]
pub struct AzureOptions {
    /// Whose token is shown, where one is.
    pub identity: Identity,
    /// How long a call may take.
    pub limits: StoreLimits,
    /// The most blobs of one page of a listing; the service's own 5,000 where `None`.
    pub page: Option<NonZero<u16>>,
    /// Who hears of tries that failed.
    pub telemetry: Telemetry,
}

/// A container, or what is under a prefix of one.
pub struct AzureStore {
    location: AzureLocation,
    options: AzureOptions,
    client: OnceLock<Arc<BlobContainerClient>>,
}

impl AzureStore {
    /// The store at a location. It costs nothing: the client is built by the first call, and the
    /// token fetched.
    pub fn open(location: AzureLocation, options: AzureOptions) -> Self {
        Self {
            location,
            options,
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> azure_core::Result<Arc<BlobContainerClient>> {
        if let Some(client) = self.client.get() {
            return Ok(Arc::clone(client));
        }
        // two first calls may both build one; the first stays
        let client = Arc::new(self.build()?);
        Ok(Arc::clone(self.client.get_or_init(|| client)))
    }

    fn build(&self) -> azure_core::Result<BlobContainerClient> {
        let mut client_options = ClientOptions {
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        client_options
            .per_call_policies
            .push(Arc::new(level::Delimited));
        let credential: Option<Arc<dyn TokenCredential>> = match self.location.access() {
            Access::Identity => Some(self.options.identity.credential()?),
            Access::Sas => None,
            Access::Emulator => {
                client_options.per_try_policies.push(Arc::new(EmulatorKey));
                client_options.transport = emulator_transport();
                None
            }
        };
        let options = BlobContainerClientOptions {
            client_options,
            ..BlobContainerClientOptions::default()
        };
        let url = self.location.container_url().clone();
        BlobContainerClient::new(url, credential, Some(options))
    }

    fn blob(&self, client: &BlobContainerClient, name: &str) -> BlobClient {
        client.blob_client(&format!("{}{name}", self.location.prefix()))
    }

    /// Runs one request until it succeeds or there is nothing more to hope for.
    async fn call<T, F>(
        &self,
        operation: &'static str,
        request: impl Fn(Arc<BlobContainerClient>) -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = azure_core::Result<T>>,
    {
        let retried = |trouble: &Trouble| {
            let cause = trouble.cause.word();
            self.options.telemetry.retried(operation, cause);
        };
        retry::within(self.options.limits, retried, || async {
            request(self.client()?).await.map_err(Trouble::from)
        })
        .await
    }

    async fn upload(&self, name: &str, blob: &Blob, condition: Condition) -> Result<(), Trouble> {
        let metadata: HashMap<String, String> = blob.metadata.clone().into_iter().collect();
        let operation = match condition {
            Condition::NameIsFree => "create",
            Condition::None => "put",
        };
        self.call(operation, |client| {
            let options = BlobClientUploadOptions {
                blob_content_type: Some(CONTENT_TYPE.to_owned()),
                metadata: Some(metadata.clone()),
                partition_size: NonZero::new(WHOLE as u64),
                ..BlobClientUploadOptions::default()
            };
            let options = match condition {
                Condition::NameIsFree => options.if_not_exists(),
                Condition::None => options,
            };
            let blob_client = self.blob(&client, name);
            let body = Body::Bytes(blob.body.clone()).into();
            async move { blob_client.upload(body, Some(options)).await.map(drop) }
        })
        .await
    }

    async fn page(
        &self,
        operation: &'static str,
        prefix: &str,
        marker: Option<String>,
        most: Option<NonZero<u16>>,
    ) -> Result<ListBlobsResponse, Trouble> {
        let prefix = format!("{}{prefix}", self.location.prefix());
        self.call(operation, |client| {
            let options = BlobContainerClientListBlobsOptions {
                include: Some(vec![ListBlobsIncludeItem::Metadata]),
                marker: marker.clone(),
                maxresults: most.map(|most| i32::from(most.get())),
                prefix: (!prefix.is_empty()).then(|| prefix.clone()),
                ..BlobContainerClientListBlobsOptions::default()
            };
            async move {
                match client
                    .list_blobs(Some(options))?
                    .into_pages()
                    .try_next()
                    .await?
                {
                    Some(page) => page.into_model(),
                    None => Ok(ListBlobsResponse::default()),
                }
            }
        })
        .await
    }

    /// A line of a listing; `None` for what a hierarchical namespace lists beside blobs: folders.
    fn listed(&self, item: BlobItem) -> Option<Listed> {
        let metadata = lower(item.metadata.and_then(|metadata| metadata.values));
        if metadata
            .get("hdi_isfolder")
            .is_some_and(|is| is.eq_ignore_ascii_case("true"))
        {
            return None;
        }
        let (name, known) = (item.name?, item.properties?);
        Some(Listed {
            name: name.strip_prefix(self.location.prefix())?.to_owned(),
            size: known.content_length?,
            modified: known.last_modified?.into(),
            metadata,
        })
    }
}

impl fmt::Debug for AzureStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureStore")
            .field("location", &self.location)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// When an upload writes.
#[derive(Debug, Clone, Copy)]
enum Condition {
    NameIsFree,
    None,
}

#[async_trait]
impl Store for AzureStore {
    async fn ready(&self) -> Result<(), StoreError> {
        let place = self.location.to_string();
        if self.location.access() == Access::Emulator {
            let made = self
                .call("open", |client| async move {
                    client.create(None).await.map(drop)
                })
                .await;
            return match made {
                Err(trouble) if trouble.is_container_there() => Ok(()),
                made => made.map_err(failed("make", &place)),
            };
        }
        // a listing needs no right that the landing does not need
        self.page("open", "", None, NonZero::new(1))
            .await
            .map(drop)
            .map_err(failed("open", &place))
    }

    async fn create(&self, name: &str, blob: Blob) -> Result<Creation, StoreError> {
        name::check("create", name)?;
        match self.upload(name, &blob, Condition::NameIsFree).await {
            Ok(()) => Ok(Creation::Created),
            Err(trouble) if trouble.is_taken() => Ok(Creation::Taken),
            Err(trouble) => Err(failed("create", name)(trouble)),
        }
    }

    async fn put(&self, name: &str, blob: Blob) -> Result<(), StoreError> {
        name::check("put", name)?;
        self.upload(name, &blob, Condition::None)
            .await
            .map_err(failed("put", name))
    }

    async fn read(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        name::check("read", name)?;
        let read = self
            .call("read", |client| {
                let blob = self.blob(&client, name);
                let options = BlobClientDownloadOptions {
                    partition_size: NonZero::new(WHOLE),
                    ..BlobClientDownloadOptions::default()
                };
                async move {
                    let answer = blob.download(Some(options)).await?;
                    Ok(Blob {
                        body: answer.body.collect().await?,
                        metadata: lower(Some(answer.properties.metadata)),
                    })
                }
            })
            .await;
        found(read).map_err(failed("read", name))
    }

    async fn metadata(&self, name: &str) -> Result<Option<Metadata>, StoreError> {
        name::check("metadata", name)?;
        let read = self
            .call("metadata", |client| {
                let blob = self.blob(&client, name);
                async move { Ok(lower(Some(blob.get_properties(None).await?.metadata()?))) }
            })
            .await;
        found(read).map_err(failed("read the metadata of", name))
    }

    async fn list(&self, prefix: &str, from: Option<String>) -> Result<Page, StoreError> {
        let page = self
            .page("list", prefix, from, self.options.page)
            .await
            .map_err(failed("list", prefix))?;
        Ok(Page {
            blobs: page
                .blob_items
                .into_iter()
                .filter_map(|item| self.listed(item))
                .collect(),
            next: page.next_marker.filter(|marker| !marker.is_empty()),
        })
    }

    async fn level(&self, folder: &str, from: Option<String>) -> Result<Level, StoreError> {
        let prefix = format!("{}{folder}", self.location.prefix());
        let level = self
            .call("level", |client| {
                level::page(client, prefix.clone(), from.clone(), self.options.page)
            })
            .await
            .map_err(failed("list", folder))?;
        Ok(level.below(self.location.prefix()))
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        name::check("delete", name)?;
        let deleted = self
            .call("delete", |client| {
                let blob = self.blob(&client, name);
                async move { blob.delete(None).await.map(drop) }
            })
            .await;
        found(deleted).map(drop).map_err(failed("delete", name))
    }
}

/// The emulator closes a connection that was idle for 5 s, and no proxy leads to this machine.
/// `None`, which is the SDK's own, where the client cannot be built.
fn emulator_transport() -> Option<Transport> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(4))
        .redirect(reqwest::redirect::Policy::none())
        .build();
    client.ok().map(|client| Transport::new(Arc::new(client)))
}

fn found<T>(asked: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(trouble) if trouble.is_no_such_blob() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn failed(action: &'static str, name: &str) -> impl FnOnce(Trouble) -> StoreError {
    move |trouble| StoreError::new(action, name, trouble.cause, trouble.detail)
}

/// The service keeps the case of a metadata name, but does not tell names apart by it.
fn lower(metadata: Option<HashMap<String, String>>) -> Metadata {
    metadata
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key.to_ascii_lowercase(), value))
        .collect()
}
