//! Event Hubs from the client's side: where a hub is, who publishes to it and who reads it.
//!
//! The official client, `azure_messaging_eventhubs`, needs OpenSSL, a second TLS stack beside that
//! of the blobs. So everything that uses it stands behind the feature `event-hubs`, and the
//! function that lands is built without.

mod address;
mod partition;

pub use address::{Address, AddressError};
pub use partition::partition_of;

#[cfg(feature = "event-hubs")]
mod client;
#[cfg(feature = "event-hubs")]
mod publisher;
#[cfg(feature = "event-hubs")]
mod reader;

#[cfg(feature = "event-hubs")]
pub use client::{Cause, Client, HubError};
#[cfg(feature = "event-hubs")]
pub use publisher::{Outgoing, Published, Publisher, Target};
#[cfg(feature = "event-hubs")]
pub use reader::{PartitionState, Reader};
