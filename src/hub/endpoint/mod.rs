//! AMQP 1.0 as the clients of Event Hubs speak it, over plain TCP.
//!
//! `connection` takes what `wire` carries from the socket, and `padding` fills up what goes to it; a
//! link's address says which `node` it goes to: requests to `answers`, producers to `ingest`,
//! consumers to `deliver`, where `filter` says from where and `readers` whether they may.

mod address;
mod answers;
mod connection;
mod deliver;
mod filter;
mod ingest;
mod node;
mod padding;
mod readers;
mod wire;

use std::io;
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Hub;
pub use ingest::Clock;
use readers::Readers;

/// The largest message that is taken, as the service's Standard tier has it.
pub const MESSAGE_LIMIT: u64 = 1 << 20;

/// How the endpoint calls itself.
const CONTAINER: &str = "bronzegate";

/// What all connections share.
#[derive(Clone)]
struct Shared {
    hub: Arc<Hub>,
    readers: Readers,
    clock: Clock,
}

/// The longest TCP segment that clients are told to send. The Python client reads a socket's options
/// and sets them again, and of segments the system lets only up to 32,767 bytes be set, although on
/// loopback it chooses up to 65,483: without this its connections fail now and then (EINVAL).
const SEGMENT: u32 = 32_000;

/// Serves clients until it is dropped; returns only where the listener fails.
///
/// # Errors
/// Where no connection can be accepted any more.
pub async fn serve(listener: TcpListener, hub: Arc<Hub>, clock: Clock) -> io::Error {
    if let Err(error) = SockRef::from(&listener).set_tcp_mss(SEGMENT) {
        return error;
    }
    let shared = Shared {
        hub,
        readers: Readers::default(),
        clock,
    };
    let mut connections = JoinSet::new();
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            // a client that left before it was let in
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return error,
        };
        // answers are small, and a client waits for each
        if socket.set_nodelay(true).is_ok() {
            connections.spawn(connection::serve(socket, shared.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}
