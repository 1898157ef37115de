//! What a link attaches to, and how it is refused.

use fe2o3_amqp::types::definitions::{self, AmqpError, ErrorCondition};
use fe2o3_amqp::types::messaging::TargetArchetype;
use fe2o3_amqp::types::performatives::Attach;
use fe2o3_amqp::types::primitives::Symbol;

use super::address::Address;
use super::answers::Node;
use crate::hub::Hub;

/// An error as AMQP carries it.
pub type Refusal = definitions::Error;

/// An error with its words.
pub fn refusal(condition: impl Into<ErrorCondition>, said: String) -> Refusal {
    Refusal::new(condition, said, None)
}

/// What a link is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A node that answers requests.
    Node(Node),
    /// The hub: any partition, or the one that is named; in a consumer group, where one is named.
    Hub {
        /// The consumer group.
        group: Option<String>,
        /// The partition.
        partition: Option<usize>,
    },
}

impl Place {
    /// Finds what an address names.
    ///
    /// # Errors
    /// Where there is no such hub or partition: what the service would say.
    pub fn find(hub: &Hub, address: &str) -> Result<Self, Refusal> {
        let (name, group, partition) = match Address::parse(address) {
            Address::Tokens => return Ok(Self::Node(Node::Tokens)),
            Address::Management => return Ok(Self::Node(Node::Management)),
            Address::Hub {
                name,
                group,
                partition,
            } => (name, group, partition),
        };
        if !name.eq_ignore_ascii_case(hub.name()) {
            return Err(refusal(AmqpError::NotFound, not_found(&name)));
        }
        let partition = match partition {
            None => None,
            Some(id) => {
                let count = hub.partitions().len();
                let number = id.parse().ok().filter(|number| *number < count);
                Some(number.ok_or_else(|| no_partition(&id, count))?)
            }
        };
        Ok(Self::Hub { group, partition })
    }
}

/// What the service says of a hub or partition that is not there; clients know it by these words.
pub fn not_found(name: &str) -> String {
    format!("The messaging entity '{name}' could not be found.")
}

fn no_partition(id: &str, count: usize) -> Refusal {
    let said = format!(
        "The specified partition is invalid for an EventHub partition sender or receiver. It \
         should be between 0 and {}, and is {id:?}.",
        count - 1
    );
    let condition = Symbol::from("com.microsoft:argument-out-of-range");
    refusal(ErrorCondition::Custom(condition), said)
}

/// The address of an attach's source.
pub fn source(attach: &Attach) -> Option<String> {
    attach.source.as_ref()?.address.clone()
}

/// The address of an attach's target.
pub fn target(attach: &Attach) -> Option<String> {
    match attach.target.as_deref()? {
        TargetArchetype::Target(target) => target.address.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EnqueuedTime;

    #[test]
    fn what_is_not_there_is_refused_in_the_services_words() {
        let folder = tempfile::TempDir::new().unwrap();
        let now = EnqueuedTime::from_millis(1).unwrap();
        let hub = Hub::open("orders", folder.path(), 2, now).unwrap();
        let found = |address| Place::find(&hub, address);
        let place = |group: Option<&str>, partition| {
            Ok(Place::Hub {
                group: group.map(str::to_owned),
                partition,
            })
        };
        assert_eq!(found("ORDERS"), place(None, None));
        assert_eq!(
            found("sb://localhost/orders/ConsumerGroups/$Default/Partitions/1"),
            place(Some("$default"), Some(1))
        );
        assert_eq!(found("$cbs"), Ok(Place::Node(Node::Tokens)));
        for (address, condition, words) in [
            ("nosuch", "amqp:not-found", "'nosuch' could not be found"),
            ("", "amqp:not-found", "could not be found"),
            (
                "orders/Partitions/2",
                "com.microsoft:argument-out-of-range",
                "between 0 and 1",
            ),
            (
                "orders/Partitions/x",
                "com.microsoft:argument-out-of-range",
                "is \"x\"",
            ),
        ] {
            let refused = found(address).unwrap_err();
            let written = serde_amqp::to_vec(&refused.condition).unwrap();
            assert!(written.ends_with(condition.as_bytes()), "{refused:?}");
            assert!(refused.description.unwrap().contains(words), "{address}");
        }
    }
}
