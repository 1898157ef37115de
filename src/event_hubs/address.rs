//! Where an event hub is, as people write it.

use std::fmt;
use std::str::FromStr;

use azure_core::http::Url;

/// The port of AMQP without TLS, on which an emulator listens.
const PLAIN_PORT: u16 = 5672;

/// The hub's name where only an emulator's host is given.
const HUB: &str = "orders";

/// What a token is asked for: never sent without TLS, except to this machine.
const EXAMPLES: &str = "write NAMESPACE.servicebus.windows.net/HUB, or localhost:5672/HUB for an emulator on this machine";

/// An event hub, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The namespace's host name: `shop.servicebus.windows.net`.
    pub namespace: String,
    /// The hub's name.
    pub hub: String,
    /// Where an emulator listens, in plain AMQP: `127.0.0.1:5672`.
    pub emulator: Option<String>,
}

/// A text that is no hub's address. It never repeats a connection string, which may hold a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl Address {
    /// A hub of an Azure namespace, by its host name.
    ///
    /// # Errors
    /// Where one of them can't be a name.
    pub fn azure(namespace: &str, hub: &str) -> Result<Self, AddressError> {
        let namespace = namespace.trim_end_matches('/').to_ascii_lowercase();
        let label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if namespace.is_empty() || !namespace.contains('.') || !namespace.chars().all(label) {
            return Err(AddressError(format!(
                "{namespace:?} is not a namespace's host name: {EXAMPLES}"
            )));
        }
        Ok(Self {
            namespace,
            hub: named(hub)?,
            emulator: None,
        })
    }

    /// The hub of the function's own settings: `EVENT_HUB__fullyQualifiedNamespace`, or `EVENT_HUB`
    /// with an emulator's connection string, and `EVENT_HUB_NAME`; else an emulator on this machine.
    ///
    /// # Errors
    /// Where one of them can't be used.
    pub fn of_settings(variable: impl Fn(&str) -> Option<String>) -> Result<Self, AddressError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let hub = set("EVENT_HUB_NAME");
        let hub = hub.as_deref().unwrap_or(HUB);
        match (set("EVENT_HUB__fullyQualifiedNamespace"), set("EVENT_HUB")) {
            (Some(namespace), _) => Self::azure(&namespace, hub),
            (None, Some(text)) => Ok(Self {
                hub: named(hub)?,
                ..Self::from_connection_string(&text)?
            }),
            (None, None) => Self::local("localhost", hub),
        }
    }

    /// A hub of an emulator on this machine.
    fn local(host: &str, hub: &str) -> Result<Self, AddressError> {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) => (
                name,
                port.parse()
                    .map_err(|_| AddressError(format!("{port:?} is not a port: {EXAMPLES}")))?,
            ),
            None => (host, PLAIN_PORT),
        };
        if !is_local(name) {
            return Err(AddressError(format!(
                "{name} is not this machine: an emulator speaks without TLS, so it is asked only on localhost"
            )));
        }
        Ok(Self {
            namespace: "localhost".to_owned(),
            hub: named(hub)?,
            emulator: Some(format!("127.0.0.1:{port}")),
        })
    }

    /// Reads the connection string of an emulator: `Endpoint=sb://localhost:5672;…`.
    fn from_connection_string(text: &str) -> Result<Self, AddressError> {
        let part = |name: &str| {
            text.split(';')
                .filter_map(|part| part.split_once('='))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
        };
        if !part("UseDevelopmentEmulator").is_some_and(|it| it.eq_ignore_ascii_case("true")) {
            return Err(AddressError(format!(
                "this connection string holds a key of a namespace, and no key is used here: the login \
                 of the Azure CLI or the app's identity is; {EXAMPLES}"
            )));
        }
        let endpoint = part("Endpoint").unwrap_or_default();
        let host = endpoint
            .strip_prefix("sb://")
            .ok_or_else(|| {
                AddressError("Endpoint: write it as in Endpoint=sb://localhost:5672".to_owned())
            })?
            .trim_end_matches('/');
        Self::local(host, part("EntityPath").unwrap_or(HUB))
    }

    /// The address as URL that the client opens in place of the namespace's own; none in Azure.
    pub fn endpoint(&self) -> Option<Url> {
        let emulator = self.emulator.as_ref()?;
        Url::parse(&format!("amqp://{emulator}")).ok()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.contains(';') || text.starts_with("Endpoint=") {
            return Self::from_connection_string(text);
        }
        let rest = text
            .strip_prefix("sb://")
            .or_else(|| text.strip_prefix("amqps://"))
            .unwrap_or(text)
            .trim_end_matches('/');
        let (host, hub) = match rest.split_once('/') {
            Some((host, hub)) => (host, Some(hub)),
            None => (rest, None),
        };
        if is_local(host.split(':').next().unwrap_or(host)) {
            return Self::local(host, hub.unwrap_or(HUB));
        }
        let Some(hub) = hub else {
            return Err(AddressError(format!("{text:?} names no hub: {EXAMPLES}")));
        };
        Self::azure(host, hub)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.emulator.as_ref().unwrap_or(&self.namespace);
        write!(f, "{host}/{}", self.hub)
    }
}

fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1"
}

/// A hub's name: letters, digits, `.`, `-` and `_`, as Event Hubs has it.
fn named(hub: &str) -> Result<String, AddressError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !hub.is_empty() && hub.len() <= 256 && hub.chars().all(fits) {
        Ok(hub.to_owned())
    } else {
        Err(AddressError(format!(
            "{hub:?} is not a hub's name: it has letters, digits, '.', '-' and '_'"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_is_written_in_many_ways() {
        let azure = Address::azure("shop.servicebus.windows.net", "orders").unwrap();
        for text in [
            "shop.servicebus.windows.net/orders",
            "sb://shop.servicebus.windows.net/orders",
            "amqps://Shop.servicebus.windows.net/orders/",
        ] {
            assert_eq!(text.parse(), Ok(azure.clone()), "{text}");
        }
        let local = Address::local("localhost:5672", "orders").unwrap();
        assert_eq!(local.endpoint().unwrap().as_str(), "amqp://127.0.0.1:5672");
        for text in [
            "localhost",
            "localhost/orders",
            "127.0.0.1:5672",
            "sb://localhost:5672/orders",
            "Endpoint=sb://localhost;SharedAccessKeyName=x;SharedAccessKey=y=;UseDevelopmentEmulator=true;",
            "Endpoint=sb://localhost:5672;UseDevelopmentEmulator=true;EntityPath=orders",
        ] {
            assert_eq!(text.parse(), Ok(local.clone()), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_what_to_write() {
        for (text, says) in [
            ("orders", "names no hub"),
            ("shop.servicebus.windows.net", "names no hub"),
            ("shop/orders", "not a namespace's host name"),
            ("shop.servicebus.windows.net/a/b", "not a hub's name"),
            ("localhost:x/orders", "not a port"),
            (
                "Endpoint=sb://10.0.0.1;UseDevelopmentEmulator=true",
                "not this machine",
            ),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_key_is_refused_and_not_repeated() {
        let error = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0"
            .parse::<Address>()
            .unwrap_err()
            .to_string();
        assert!(error.contains("no key is used"), "{error}");
        assert!(!error.contains("c2VjcmV0"), "{error}");
    }
}
