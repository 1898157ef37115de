//! A blob service of scripted answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the service meets one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status, an error code, and further header lines.
    Status(u16, &'static str, &'static str),
    /// The connection is reset before an answer.
    Reset,
    /// Nothing, for as long as the client waits.
    Silence,
}

/// A service on a port of this machine that gives its answers in turn, the last one for ever.
pub struct Service {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Service {
    pub async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                tokio::spawn(async move {
                    // a client that went away is no trouble of the service's
                    let _ = serve(stream, &seen, &answers).await;
                });
            }
        });
        Self { port, requests }
    }

    pub fn url(&self) -> String {
        format!(
            "http://127.0.0.1:{}/devstoreaccount1/lake?sv=2024&sig=SECRET%3D",
            self.port
        )
    }

    /// The heads of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answers: &Mutex<VecDeque<Answer>>,
) -> std::io::Result<()> {
    let head = read_request(&mut stream).await?;
    seen.lock().unwrap().push(head);
    let answer = {
        let mut answers = answers.lock().unwrap();
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().expect("a service has an answer"),
        }
    };
    match answer {
        Answer::Status(status, code, headers) => {
            let body = match code {
                "" => String::new(),
                code => format!(
                    "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>What it \
                     says.\nRequestId:1\nTime:2</Message></Error>"
                ),
            };
            let code = match code {
                "" => String::new(),
                code => format!("x-ms-error-code: {code}\r\n"),
            };
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} -\r\n{code}{headers}x-ms-request-id: id-1\r\nconnection: \
                 close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await
        }
        Answer::Reset => {
            // what was written to a socket that is closed with bytes unread is reset
            stream.set_zero_linger()
        }
        Answer::Silence => {
            let mut rest = [0; 16];
            while stream.read(&mut rest).await? > 0 {}
            Ok(())
        }
    }
}

/// Reads a request with its body, and answers its head.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}
