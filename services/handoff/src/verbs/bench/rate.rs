//! Many operations under way at once, for a given time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

/// Keeps `window` operations under way for `time`, lets the last of them end, and says how many ended in which time.
///
/// # Errors
/// The first operation's that failed.
pub async fn keep<F, Fut>(window: usize, time: Duration, mut next: F) -> Result<(u64, Duration)>
where
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let started = Instant::now();
    let mut under_way = FuturesUnordered::new();
    let (mut begun, mut done) = (0, 0);
    loop {
        while under_way.len() < window && started.elapsed() < time {
            under_way.push(next(begun));
            begun += 1;
        }
        match under_way.next().await {
            Some(ended) => ended?,
            None => return Ok((done, started.elapsed())),
        }
        done += 1;
    }
}
