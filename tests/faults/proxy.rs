//! Stands between one service and nats-server and stops time at a chosen step of its next append.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where the append stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Written by the service, not a byte of it at the server.
    Unsent,
    /// Half of it at the server.
    HalfSent,
    /// Stored, its acknowledgement never delivered.
    Unacknowledged,
    /// Stored and acknowledged.
    Acknowledged,
}

/// A running proxy; it lets everything pass until the appends it counts have come to the chosen one.
pub struct Proxy {
    pub url: String,
    reached: watch::Receiver<bool>,
}

impl Proxy {
    /// Stops at `step` of the append number `nth` (from 0) to `subject`; never where `stop` is none.
    pub async fn start(server: String, subject: &'static str, stop: Option<(Step, usize)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let (say, reached) = watch::channel(false);
        let say = Arc::new(say);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, subject, stop, Arc::clone(&say)));
            }
        });
        Self { url, reached }
    }

    /// Waits until the append has stopped at its step.
    pub async fn stopped(&mut self) {
        let stopped = self.reached.wait_for(|reached| *reached);
        tokio::time::timeout(Duration::from_secs(30), stopped).await.expect("the step is reached").unwrap();
    }
}

async fn pass(
    client: TcpStream,
    server: TcpStream,
    subject: &'static str,
    stop: Option<(Step, usize)>,
    say: Arc<watch::Sender<bool>>,
) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (awaited, wanted) = watch::channel(None);
    let (answered, mut arrived) = watch::channel(false);
    let back = tokio::spawn(answers(from_server, to_client, wanted, answered));
    if let Ok(Some(step)) = requests(from_client, to_server, subject, stop, &awaited).await {
        if matches!(step, Step::Unacknowledged | Step::Acknowledged) {
            let _ = arrived.wait_for(|arrived| *arrived).await;
        }
        say.send_replace(true);
    }
    if stop.is_some() && *say.borrow() {
        // Time stands still until the test has killed the service.
        std::future::pending::<()>().await;
    }
    back.abort();
}

/// The answer that is waited for: the inbox it comes to, and whether it is held back.
type Awaited = Option<(Vec<u8>, bool)>;

/// Server to client; says when the awaited answer has come, and delivers nothing more where that is held back.
async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    wanted: watch::Receiver<Awaited>,
    answered: watch::Sender<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let chunk = &buffer[..n];
        let here = wanted.borrow().clone().filter(|(inbox, _)| chunk.windows(inbox.len()).any(|w| w == inbox));
        if let Some((_, true)) = here {
            answered.send_replace(true);
            return std::future::pending().await;
        }
        if to.write_all(chunk).await.is_err() {
            return;
        }
        if here.is_some() {
            answered.send_replace(true);
        }
    }
}

/// Client to server, frame by frame, up to the step that was chosen.
async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    subject: &str,
    stop: Option<(Step, usize)>,
    awaited: &watch::Sender<Awaited>,
) -> std::io::Result<Option<Step>> {
    let mut buffer = Vec::new();
    let mut seen = 0;
    loop {
        let Some(length) = frame(&buffer) else {
            if from.read_buf(&mut buffer).await? == 0 {
                return Ok(None);
            }
            continue;
        };
        let frame: Vec<u8> = buffer.drain(..length).collect();
        let appends = frame.starts_with(format!("HPUB {subject} ").as_bytes());
        let Some((step, _)) = stop.filter(|(_, nth)| appends && *nth == seen) else {
            seen += usize::from(appends);
            to.write_all(&frame).await?;
            continue;
        };
        let inbox = frame.split(|b| *b == b' ').nth(2).unwrap_or_default().to_vec();
        match step {
            Step::Unsent => {}
            Step::HalfSent => to.write_all(&frame[..frame.len() / 2]).await?,
            Step::Unacknowledged | Step::Acknowledged => {
                awaited.send_replace(Some((inbox, step == Step::Unacknowledged)));
                to.write_all(&frame).await?;
            }
        }
        to.flush().await?;
        return Ok(Some(step));
    }
}

/// Length of the first whole protocol message in `buffer`, its payload included.
fn frame(buffer: &[u8]) -> Option<usize> {
    let line = buffer.windows(2).position(|w| w == b"\r\n")?;
    let words: Vec<&[u8]> = buffer[..line].split(|b| *b == b' ').collect();
    let payload = match words.first().copied() {
        Some(b"PUB" | b"HPUB") => std::str::from_utf8(words.last()?).ok()?.parse::<usize>().ok()? + 2,
        _ => 0,
    };
    let length = line + 2 + payload;
    (buffer.len() >= length).then_some(length)
}
