//! Between the AMQP library and a socket: frames are padded, held back for a moment, and counted.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::padding;

/// How long an answer is held back. The service is never quicker, and clients that are built on
/// older releases of fe2o3-amqp lose an answer that is there before they look for it.
const LATENCY: Duration = Duration::from_millis(1);
/// What the library may have written and the socket not yet taken.
const BUFFER: usize = 128 << 10;
/// The bytes of messages that are on their way to one client at most.
const ON_THE_WAY: usize = 4 << 20;

/// The bytes of messages that are on their way to a client. What goes beyond waits in the log, so
/// a client that does not read costs no memory.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Room {
    fn new() -> Self {
        Self(Arc::new(Semaphore::new(ON_THE_WAY)))
    }

    /// Waits until a message of so many bytes may go; false where the connection is gone.
    pub async fn take(&self, bytes: usize) -> bool {
        match self.0.acquire_many(bytes.min(ON_THE_WAY) as u32).await {
            Ok(taken) => {
                taken.forget();
                true
            }
            Err(_) => false,
        }
    }

    fn give_back(&self, bytes: usize) {
        let missing = ON_THE_WAY.saturating_sub(self.0.available_permits());
        self.0.add_permits(bytes.min(missing));
    }
}

/// Joins a socket to the stream that the library reads and writes.
pub fn join(socket: TcpStream) -> (DuplexStream, Room) {
    let (library, ours) = io::duplex(BUFFER);
    let room = Room::new();
    tokio::spawn(carry(socket, ours, room.clone()));
    (library, room)
}

/// Carries bytes both ways until the library ends, or the socket breaks.
async fn carry(socket: TcpStream, ours: DuplexStream, room: Room) {
    let (mut from_client, mut to_client) = socket.into_split();
    let (mut from_library, mut to_library) = io::split(ours);
    let incoming = async {
        // a client that is gone is one that has ended
        let _ = io::copy(&mut from_client, &mut to_library).await;
        let _ = to_library.shutdown().await;
        std::future::pending::<()>().await;
    };
    let outgoing = async {
        let (mut read, mut written) = (Vec::with_capacity(BUFFER), Vec::with_capacity(BUFFER));
        while let Ok(1..) = from_library.read_buf(&mut read).await {
            let (mut whole, mut messages) = (0, 0);
            while let Some(size) = padding::whole(&read[whole..]) {
                messages += padding::pad(&read[whole..whole + size], &mut written);
                whole += size;
            }
            read.drain(..whole);
            sleep(LATENCY).await;
            if to_client.write_all(&written).await.is_err() {
                break;
            }
            written.clear();
            room.give_back(messages);
        }
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        () = incoming => {}
        () = outgoing => {}
    }
    room.0.close();
}
