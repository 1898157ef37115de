//! The event hub that a command works with.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::FAILED;
use crate::audit::{HubPartition, HubState};
use crate::event::{EnqueuedTime, Stream};
use crate::event_hubs::{Address, AddressError, Client, Reader};
pub(super) use crate::send::Proof;
use crate::settings::{azure_options, duration, stream_of};

#[derive(Args)]
pub(super) struct HubArgument {
    /// The event hub: `NAMESPACE.servicebus.windows.net/HUB`, `localhost:5672/HUB` or the connection
    /// string of an emulator. Default: the function's settings `EVENT_HUB__fullyQualifiedNamespace` and
    /// `EVENT_HUB_NAME`, else `localhost:5672/orders`
    // not parsed by clap, which would repeat a key in its error
    #[arg(long, value_name = "HUB")]
    hub: Option<String>,
    /// How long one request to the hub may take
    #[arg(long, default_value = "15s", value_name = "TIME", value_parser = duration)]
    hub_timeout: Duration,
}

impl HubArgument {
    /// The hub that is named, or the function's own.
    pub(super) fn address(&self) -> Result<Address, (u8, String)> {
        address(self.hub.as_deref())
    }

    pub(super) fn client(&self) -> Result<Client, (u8, String)> {
        client(self.address()?, self.hub_timeout)
    }
}

/// The hub that is named, or the function's own.
pub(super) fn address(hub: Option<&str>) -> Result<Address, (u8, String)> {
    let address = match hub {
        Some(text) => text.parse(),
        None => Address::of_settings(|name| std::env::var(name).ok()),
    };
    address.map_err(|error: AddressError| (FAILED, error.to_string()))
}

pub(super) fn client(address: Address, patience: Duration) -> Result<Client, (u8, String)> {
    let options = azure_options(|name| std::env::var(name).ok())
        .map_err(|error| (FAILED, error.to_string()))?;
    Client::new(address, &options.identity, patience).map_err(|error| (FAILED, error.to_string()))
}

/// What was sent, as its summary says it.
pub(super) fn proof(file: &Path) -> Result<Arc<Proof>, (u8, String)> {
    let proof = Proof::read(file).map_err(|error| (FAILED, error.to_string()))?;
    Ok(Arc::new(proof))
}

/// What the hub of an audit holds now, and the stream of its events.
pub(super) async fn state(hub: &str, stream: Option<Stream>) -> Result<HubState, (u8, String)> {
    const PATIENCE: Duration = Duration::from_secs(15);
    let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
    let address = address(Some(hub).filter(|hub| !hub.is_empty()))?;
    let stream = match stream {
        Some(stream) => stream,
        None => stream_of(|name| std::env::var(name).ok(), &address).map_err(|it| failed(&it))?,
    };
    let name = address.to_string();
    let client = client(address, PATIENCE)?;
    let reader = Reader::open(&client, "$Default")
        .await
        .map_err(|it| failed(&it))?;
    let partitions = reader.partitions().await.map_err(|it| failed(&it))?;
    let millis = |time: SystemTime| {
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        EnqueuedTime::from_millis(since.as_millis() as i64)
    };
    Ok(HubState {
        hub: name,
        stream,
        partitions: partitions
            .into_iter()
            .map(|it| HubPartition {
                last_enqueued: it.last_enqueued.and_then(millis),
                id: it.id,
                held: it.held,
                next: it.next,
            })
            .collect(),
    })
}
