//! Which node of the endpoint a link's address names.

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Where tokens are put.
    Tokens,
    /// Where properties are asked for.
    Management,
    /// A hub, or a partition of it.
    Hub {
        /// Its name, in lower case.
        name: String,
        /// The consumer group, in lower case.
        group: Option<String>,
        /// The partition's id as it is written.
        partition: Option<String>,
    },
}

impl Address {
    /// Whether it names nothing but the endpoint.
    pub fn is_endpoint(&self) -> bool {
        matches!(self, Self::Hub { name, .. } if name.is_empty())
    }

    /// Reads `orders`, `orders/Partitions/0` or `orders/ConsumerGroups/$Default/Partitions/0`, each
    /// with `amqps://host/` before it or without.
    pub fn parse(address: &str) -> Self {
        let path = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None => address,
        };
        let path = path.trim_matches('/');
        let mut parts = path.split('/');
        let name = parts.next().unwrap_or_default().to_lowercase();
        match path.rsplit('/').next() {
            Some("$cbs") => return Self::Tokens,
            Some("$management") => return Self::Management,
            _ => {}
        }
        let (mut group, mut partition) = (None, None);
        while let (Some(kind), Some(id)) = (parts.next(), parts.next()) {
            match kind.to_ascii_lowercase().as_str() {
                "consumergroups" => group = Some(id.to_lowercase()),
                "partitions" => partition = Some(id.to_owned()),
                _ => {}
            }
        }
        Self::Hub {
            name,
            group,
            partition,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(group: Option<&str>, partition: Option<&str>) -> Address {
        Address::Hub {
            name: "orders".to_owned(),
            group: group.map(str::to_owned),
            partition: partition.map(str::to_owned),
        }
    }

    #[test]
    fn the_clients_addresses_are_understood() {
        for (text, address) in [
            ("$cbs", Address::Tokens),
            ("$management", Address::Management),
            ("orders/$management", Address::Management),
            ("Orders", hub(None, None)),
            ("amqps://localhost:5672/orders", hub(None, None)),
            (
                "sb://localhost:5672/orders/Partitions/3",
                hub(None, Some("3")),
            ),
            ("orders/Partitions/3", hub(None, Some("3"))),
            (
                "amqps://localhost/orders/ConsumerGroups/$Default/Partitions/3",
                hub(Some("$default"), Some("3")),
            ),
        ] {
            assert_eq!(Address::parse(text), address, "{text}");
        }
        for text in ["", "sb://localhost:5672/", "sb://localhost"] {
            assert!(Address::parse(text).is_endpoint(), "{text}");
        }
    }
}
