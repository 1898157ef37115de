//! The hub on the laptop: a stand-in for Azure Event Hubs, for development.
//!
//! - [`record`], [`log`], [`folder`]: a partition's log on disk, and the folder of all of them
//! - [`broker`]: which partition an event goes to
//! - [`message`]: an event's AMQP message, as it is sent, delivered, and handed to the host
//! - [`endpoint`]: AMQP 1.0 as the clients of Event Hubs speak it
//!
//! What runs the real handler behind it is [`crate::local::live`].

pub mod broker;
pub mod endpoint;
pub mod folder;
pub mod log;
pub mod message;
pub mod record;

pub use broker::Hub;
