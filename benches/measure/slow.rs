//! A store that is slow: a proxy in front of the emulator that holds every answer back.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Listens on a free port; what comes back from `upstream` is handed on `delay` later. A call of a
/// client that waits for its answers takes so much longer, and no bandwidth is lost.
pub async fn in_front_of(upstream: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(async move {
                // a connection that breaks is the client's to make anew
                let _ = connection(client, upstream, delay).await;
            });
        }
    });
    port
}

async fn connection(client: TcpStream, upstream: u16, delay: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (told, mut held) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let up = async {
        tokio::io::copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await
    };
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let size = from_server.read(&mut buffer).await?;
            if size == 0
                || told
                    .send((Instant::now() + delay, buffer[..size].into()))
                    .is_err()
            {
                return Ok(());
            }
        }
    };
    let down = async {
        while let Some((at, bytes)) = held.recv().await {
            sleep_until(at).await;
            to_client.write_all(&bytes).await?;
        }
        to_client.shutdown().await
    };
    tokio::try_join!(up, read, down).map(|_: ((), (), ())| ())
}
