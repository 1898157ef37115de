//! The official client, opened for a hub, and what its errors mean.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration as Seconds, OffsetDateTime};
use azure_messaging_eventhubs::{ConsumerClient, ProducerClient, RetryOptions};
use tokio::time::timeout;

use super::Address;
use crate::store::Identity;

/// What the service is told who asks.
const APPLICATION: &str = "bronzegate";

/// How hubs are asked: where, as whom, and how long.
#[derive(Clone)]
pub struct Client {
    address: Address,
    credential: Arc<dyn TokenCredential>,
    patience: Duration,
}

/// Why a hub did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{hub}: {action}: {detail}")]
pub struct HubError {
    /// The hub.
    pub hub: String,
    /// What was being done.
    pub action: &'static str,
    /// What kind of failure it is.
    pub cause: Cause,
    /// What the hub or the client said, and what to do.
    pub detail: String,
    /// Events whose sending was begun and not acknowledged: they may stand in the hub.
    pub in_doubt: usize,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There is no such hub, partition or consumer group.
    NotFound,
    /// Whoever asks may not.
    Denied,
    /// An event is larger than the hub takes.
    TooLarge,
    /// No answer in time.
    TimedOut,
    /// Anything else: a connection that broke, a service that is busy.
    Trouble,
}

impl Cause {
    /// Whether asking again may help.
    pub fn passes(self) -> bool {
        matches!(self, Self::TimedOut | Self::Trouble)
    }
}

impl Client {
    /// A client of this hub; `patience` is the longest that one request may take.
    ///
    /// # Errors
    /// Where there is nobody to ask as.
    pub fn new(
        address: Address,
        identity: &Identity,
        patience: Duration,
    ) -> Result<Self, HubError> {
        let credential: Arc<dyn TokenCredential> = if address.emulator.is_some() {
            Arc::new(EmulatorToken)
        } else {
            identity.credential().map_err(|error| HubError {
                hub: address.to_string(),
                action: "ask for a token",
                cause: Cause::Denied,
                detail: format!("{error}: log in by `az login` or `azd auth login`"),
                in_doubt: 0,
            })?
        };
        Ok(Self {
            address,
            credential,
            patience,
        })
    }

    /// The hub.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Opens a producer: a connection of its own.
    ///
    /// # Errors
    /// Where the hub does not answer.
    pub async fn producer(&self) -> Result<ProducerClient, HubError> {
        let mut builder = ProducerClient::builder()
            .with_application_id(APPLICATION.to_owned())
            .with_retry_options(retries());
        if let Some(endpoint) = self.address.endpoint() {
            builder = builder.with_custom_endpoint(endpoint.to_string());
        }
        let opened = builder.open(
            &self.address.namespace,
            &self.address.hub,
            Arc::clone(&self.credential),
        );
        self.within("connect", opened).await
    }

    /// Opens a consumer of a group: a connection of its own.
    ///
    /// # Errors
    /// Where the hub does not answer.
    pub async fn consumer(&self, group: &str) -> Result<ConsumerClient, HubError> {
        let mut builder = ConsumerClient::builder()
            .with_application_id(APPLICATION.to_owned())
            .with_consumer_group(group.to_owned())
            .with_retry_options(retries());
        if let Some(endpoint) = self.address.endpoint() {
            builder = builder.with_custom_endpoint(endpoint.to_string());
        }
        let opened = builder.open(
            &self.address.namespace,
            self.address.hub.clone(),
            Arc::clone(&self.credential),
        );
        self.within("connect", opened).await
    }

    /// Awaits a request for as long as patience lasts.
    ///
    /// # Errors
    /// The request's own, and where it takes longer.
    pub async fn within<T, E: Error>(
        &self,
        action: &'static str,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, HubError> {
        match timeout(self.patience, request).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(self.failed(action, &error)),
            Err(_) => Err(HubError {
                hub: self.address.to_string(),
                action,
                cause: Cause::TimedOut,
                detail: format!("no answer within {} s", self.patience.as_secs_f64()),
                in_doubt: 0,
            }),
        }
    }

    /// What an error of the client means.
    pub(super) fn failed(&self, action: &'static str, error: &dyn Error) -> HubError {
        let said = whole(error);
        let cause = cause_of(&said);
        let advice = match cause {
            Cause::NotFound => ": is the hub's name right, and does it exist?",
            Cause::Denied => {
                ": has whoever is logged in the role Azure Event Hubs Data Sender or Receiver?"
            }
            _ if self.address.emulator.is_some() && said.contains("Connection refused") => {
                ": start one by `bronzegate local --hub`"
            }
            _ => "",
        };
        HubError {
            hub: self.address.to_string(),
            action,
            cause,
            detail: format!("{said}{advice}"),
            in_doubt: 0,
        }
    }
}

/// The client tries again by itself, but no longer than its caller waits anyway.
fn retries() -> RetryOptions {
    RetryOptions {
        initial_delay: Seconds::milliseconds(200),
        max_delay: Seconds::seconds(2),
        max_total_elapsed: Seconds::seconds(10),
        max_retries: 3,
    }
}

/// What an error and its sources say, in one line.
fn whole(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !said.contains(&more) {
            said.push_str(": ");
            said.push_str(&more);
        }
        source = error.source();
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The client hands the conditions of AMQP on as text, spelt by whoever found them.
fn cause_of(said: &str) -> Cause {
    let said = said.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if any(&["notfound", "statuscode:404", "couldnotbefound"]) {
        Cause::NotFound
    } else if any(&[
        "unauthorized",
        "401",
        "403",
        "credential",
        "pleaserun",
        "azlogin",
    ]) {
        Cause::Denied
    } else if any(&["messagesizeexceeded", "toolarge"]) {
        Cause::TooLarge
    } else {
        Cause::Trouble
    }
}

/// An emulator asks for a token, and looks at none.
#[derive(Debug)]
struct EmulatorToken;

#[async_trait]
impl TokenCredential for EmulatorToken {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let tomorrow = OffsetDateTime::now_utc() + Seconds::days(1);
        Ok(AccessToken::new("emulator", tomorrow))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_words_are_understood() {
        for (said, cause) in [
            (
                "AMQP Error: AMQP Described Error: condition: NotFound",
                Cause::NotFound,
            ),
            (
                "Management API returned status code: 404 (The messaging entity 'x' could not be found.)",
                Cause::NotFound,
            ),
            (
                "Unauthorized access. 'Send' claim(s) are required",
                Cause::Denied,
            ),
            ("LinkMessageSizeExceeded", Cause::TooLarge),
            ("Connection dropped: Illegal session state", Cause::Trouble),
        ] {
            assert_eq!(cause_of(said), cause, "{said}");
        }
    }
}
