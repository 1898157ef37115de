//! What a stream is called, out of what the host says and what the settings override.

use super::PayloadError;
use crate::event::{Log, Origin, Stream};

/// How streams are named: `STREAM_NAME`, `STREAM_EPOCH` and `KAFKA_NAMESPACE`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    kafka: Option<String>,
    namespace: Option<String>,
    hub: Option<String>,
    epoch: Option<String>,
}

/// A setting that can't be a part of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} can't be a part of a stream's name: letters, digits, '.', '-' and '_' can, and it begins with a letter or digit and does not end with '.'"
)]
pub struct NamingError(String);

/// The part of a name that the host did not say.
const UNKNOWN: &str = "unknown";

/// The namespace of Kafka topics where no setting names one.
const KAFKA: &str = "kafka";

impl Naming {
    /// `name` is `NAMESPACE` or `NAMESPACE/HUB`, in place of what the host says: an alias or a
    /// private DNS name must not land everything again. `epoch` sets the lives of a stream apart.
    ///
    /// # Errors
    /// Where a part can't stand in a path.
    pub fn new(name: Option<&str>, epoch: Option<&str>) -> Result<Self, NamingError> {
        let (namespace, hub) = match name.map(|name| name.split_once('/')) {
            None => (None, None),
            Some(None) => (name, None),
            Some(Some((namespace, hub))) => (Some(namespace), Some(hub)),
        };
        Ok(Self {
            namespace: namespace.map(part).transpose()?,
            hub: hub.map(part).transpose()?,
            epoch: epoch.map(part).transpose()?,
            kafka: None,
        })
    }

    /// The stream under which the events of a hub are landed, by its namespace's host name.
    ///
    /// # Errors
    /// Where a name can't stand in a path.
    pub fn stream_of(&self, host: &str, hub: &str) -> Result<Stream, NamingError> {
        let namespace = match &self.namespace {
            Some(namespace) => namespace.clone(),
            None => part(host.split('.').next().unwrap_or(host))?,
        };
        let hub = match &self.hub {
            Some(hub) => hub.clone(),
            None => part(hub)?,
        };
        Ok(self.with_epoch(&namespace, &hub))
    }

    /// With this namespace for Kafka topics: the host says nothing of a broker or a cluster.
    ///
    /// # Errors
    /// Where it can't stand in a path.
    pub fn with_kafka(self, namespace: Option<&str>) -> Result<Self, NamingError> {
        let kafka = namespace.map(part).transpose()?;
        Ok(Self { kafka, ..self })
    }

    /// The stream of a topic; `None` where the topic is not known.
    pub(super) fn topic(&self, topic: Option<&str>) -> Result<Option<Stream>, PayloadError> {
        let Some(topic) = self.hub.as_deref().or(topic) else {
            return Ok(None);
        };
        let topic = part(topic).map_err(|error| {
            PayloadError::new(
                "Metadata.TopicArray",
                format!("{error}; or set STREAM_NAME"),
            )
        })?;
        Ok(Some(self.with_epoch(self.kafka_namespace(), &topic)))
    }

    /// The stream's name where the host did not say the topic.
    pub(super) fn unknown_topic(&self) -> Stream {
        let topic = self.hub.as_deref().unwrap_or(UNKNOWN);
        self.with_epoch(self.kafka_namespace(), topic)
    }

    fn kafka_namespace(&self) -> &str {
        let named = self.namespace.as_deref().or(self.kafka.as_deref());
        named.unwrap_or(KAFKA)
    }

    /// The stream of a namespace's host name and a hub; `None` where one of them is not known.
    pub(super) fn stream(
        &self,
        host: Option<&str>,
        hub: Option<&str>,
    ) -> Result<Option<Stream>, PayloadError> {
        let first_label = host.map(|host| host.split('.').next().unwrap_or(host));
        let (Some(namespace), Some(hub)) = (
            self.namespace.as_deref().or(first_label),
            self.hub.as_deref().or(hub),
        ) else {
            return Ok(None);
        };
        let named = |place: &str, name: &str| {
            part(name).map_err(|error| PayloadError::new(place, error.to_string()))
        };
        let namespace = named(
            "Metadata.PartitionContext.FullyQualifiedNamespace",
            namespace,
        )?;
        let hub = named("Metadata.PartitionContext.EventHubName", hub)?;
        Ok(Some(self.with_epoch(&namespace, &hub)))
    }

    /// The stream's name where the host did not say it.
    pub(super) fn unknown_stream(&self) -> Stream {
        self.with_epoch(
            self.namespace.as_deref().unwrap_or(UNKNOWN),
            self.hub.as_deref().unwrap_or(UNKNOWN),
        )
    }

    /// An origin of which nothing is known.
    pub(super) fn unknown(&self) -> Origin {
        Origin::Invocation {
            log: Log::Hub,
            stream: self.unknown_stream(),
            partition: None,
            id: String::new(),
        }
    }

    fn with_epoch(&self, namespace: &str, hub: &str) -> Stream {
        Stream::new(match &self.epoch {
            Some(epoch) => format!("{namespace}/{hub}@{epoch}"),
            None => format!("{namespace}/{hub}"),
        })
    }
}

/// A part of a path, in lower case.
fn part(name: &str) -> Result<String, NamingError> {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('.')
        && name.chars().all(rest)
        && name.len() <= 256
    {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(NamingError(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(naming: &Naming, host: Option<&str>, hub: Option<&str>) -> Option<String> {
        naming
            .stream(host, hub)
            .unwrap()
            .map(|stream| stream.to_string())
    }

    #[test]
    fn a_stream_is_the_first_label_and_the_hub_in_lower_case() {
        let naming = Naming::default();
        assert_eq!(
            named(
                &naming,
                Some("Shop-EH.servicebus.windows.net"),
                Some("Orders")
            )
            .as_deref(),
            Some("shop-eh/orders")
        );
        assert_eq!(named(&naming, Some("shop"), None), None);
        assert_eq!(named(&naming, None, Some("orders")), None);
    }

    #[test]
    fn settings_stand_before_what_the_host_says() {
        let naming = Naming::new(Some("shop"), Some("2")).unwrap();
        assert_eq!(
            named(
                &naming,
                Some("alias.servicebus.windows.net"),
                Some("orders")
            )
            .as_deref(),
            Some("shop/orders@2")
        );
        let naming = Naming::new(Some("shop/all-orders"), None).unwrap();
        assert_eq!(
            named(&naming, None, None).as_deref(),
            Some("shop/all-orders")
        );
    }

    #[test]
    fn a_topic_has_the_namespace_of_its_setting() {
        let kafka = |namespace| Naming::default().with_kafka(Some(namespace));
        let topic = |naming: &Naming, topic| naming.topic(topic).unwrap().map(|it| it.to_string());
        let named = |naming, topic_name| topic(naming, Some(topic_name)).unwrap();
        let naming = Naming::default();
        assert_eq!(named(&naming, "Orders"), "kafka/orders");
        assert_eq!(topic(&naming, None), None);
        assert_eq!(naming.unknown_topic().as_str(), "kafka/unknown");
        let naming = kafka("Shop-Cluster").unwrap();
        assert_eq!(named(&naming, "orders"), "shop-cluster/orders");
        let naming = Naming::new(Some("shop/all"), Some("2")).unwrap();
        assert_eq!(named(&naming, "orders"), "shop/all@2");
        assert!(Naming::default().topic(Some("_orders")).is_err());
        assert!(kafka("a/b").is_err());
    }

    #[test]
    fn what_would_leave_the_folder_is_refused() {
        assert!(Naming::new(Some("../up"), None).is_err());
        assert!(Naming::new(Some("a/b/c"), None).is_err());
        assert!(Naming::new(None, Some("")).is_err());
        assert!(
            Naming::default()
                .stream(Some("ns"), Some("../../x"))
                .is_err()
        );
        assert!(Naming::default().stream(Some("_ns"), Some("x")).is_err());
    }

    #[test]
    fn what_no_store_takes_for_a_name_is_refused() {
        assert!(Naming::new(Some("shop/orders."), None).is_err());
        assert!(Naming::new(None, Some("2.")).is_err());
        assert!(
            Naming::default()
                .stream(Some("ns"), Some("orders."))
                .is_err()
        );
    }
}
