//! The event hub that a command works with.

use std::time::Duration;

use clap::Args;

use super::FAILED;
use crate::event_hubs::{Address, Client};
use crate::settings::{azure_options, duration};

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
    pub(super) fn client(&self) -> Result<Client, (u8, String)> {
        client(self.hub.as_deref(), self.hub_timeout)
    }
}

/// A client of the hub that is named, or of the function's own.
pub(super) fn client(hub: Option<&str>, patience: Duration) -> Result<Client, (u8, String)> {
    let failed = |error: &dyn std::fmt::Display| (FAILED, error.to_string());
    let variable = |name: &str| std::env::var(name).ok();
    let address = match hub {
        Some(text) => text.parse(),
        None => Address::of_settings(variable),
    };
    let options = azure_options(variable).map_err(|it| failed(&it))?;
    let address = address.map_err(|it| failed(&it))?;
    Client::new(address, &options.identity, patience).map_err(|it| failed(&it))
}
