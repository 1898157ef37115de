//! The settings of the API that publishes.

use std::time::Duration;

use super::{Reader, SettingError, stream_of};
use crate::event::Stream;
use crate::event_hubs::Address;
use crate::store::Identity;

/// The settings of the function `SubmitOrder`.
#[derive(Debug, Clone)]
pub struct SubmitSettings {
    /// The hub to which it publishes, and the stream of its events: `SUBMIT_HUB`, or the hub of the
    /// trigger. What is wrong with it is said by the function, and keeps none other from its work.
    pub hub: Result<(Address, Stream), String>,
    /// Who we are there.
    pub identity: Identity,
    /// Where an event's partition key stands: JSON pointers, of which the first that is there counts
    /// (`SUBMIT_KEYS`).
    pub keys: Vec<String>,
    /// The most bytes of a request (`SUBMIT_LIMIT`).
    pub limit: usize,
    /// The longest that a request to the hub may take (`SUBMIT_TIMEOUT`).
    pub timeout: Duration,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn submit(&self) -> Result<SubmitSettings, SettingError> {
        let address = match self.text("SUBMIT_HUB") {
            Some(text) => text.parse(),
            None => Address::of_settings(&self.0),
        };
        let hub = address.map_err(|it| it.to_string()).and_then(|address| {
            let stream = stream_of(&self.0, &address).map_err(|it| it.to_string())?;
            Ok((address, stream))
        });
        let identity = match (self.identity(), self.text("EVENT_HUB__clientId")) {
            (Identity::Managed { .. }, Some(id)) => Identity::Managed {
                client_id: Some(id),
            },
            (identity, _) => identity,
        };
        let keys = self.text("SUBMIT_KEYS");
        let keys = keys.as_deref().unwrap_or("/orderId,/TransactionNo");
        let keys: Vec<String> = keys.split(',').map(|it| it.trim().to_owned()).collect();
        if let Some(wrong) = keys.iter().find(|it| !it.starts_with('/')) {
            let problem =
                format!("{wrong:?} is no JSON pointer: write them as in /orderId,/TransactionNo");
            return Err(SettingError::new("SUBMIT_KEYS", problem));
        }
        Ok(SubmitSettings {
            hub,
            identity,
            keys,
            limit: self.bytes("SUBMIT_LIMIT", 1 << 20, 1 << 10..=64 << 20)?,
            timeout: self.duration("SUBMIT_TIMEOUT", Duration::from_secs(10))?,
        })
    }
}
