//! How much of a raw durable publish is left once documents are validated, sealed and durable.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream;
use bytes::Bytes;
use handoff::config::Config;
use handoff::hub::Part;
use handoff_schemas::LogPos;
use handoff_spine::broker::ServiceName;
use handoff_spine::log::EVENTS;

use super::{WINDOW, county, rate};

/// Raw and accepted events a second, and the bytes of one as stored.
pub struct Intake {
    pub raw: f64,
    pub accepted: f64,
    pub payload: usize,
    /// Events accepted meanwhile.
    pub events: u64,
}

/// Turns of the two, so that a slow moment of the machine meets both.
const TURNS: u32 = 4;

/// Measures the services that take documents in, alone with the broker: what a burst meets, since ruling may lag.
///
/// # Errors
/// HO-9040; the hub's.
pub async fn measure(config: &Config, time: Duration) -> Result<Intake> {
    let services = [ServiceName::Gateway, ServiceName::Identity, ServiceName::Encounter];
    let part = Part::start(config, &services).await?;
    let data = config.data.canonicalize()?;
    let agency = county::connect(part.broker.url(), &data).await?;
    let log = part.log(ServiceName::Gateway).await?;
    let turn = time / (TURNS * 2);

    let before = log.last(EVENTS).await?;
    let mut accepted = (0, Duration::ZERO);
    let mut raw = (0, Duration::ZERO);
    let mut sent: u64 = 0;
    let mut payload = 0;
    for _ in 0..TURNS {
        let start = sent;
        let (done, took) = rate::keep(WINDOW, turn, |n| {
            let (agency, n) = (agency.clone(), start + n);
            async move { agency.send(&county::incident(&format!("burst-{n}"), n)).await }
        })
        .await?;
        sent += done;
        accepted = (accepted.0 + done, accepted.1 + took);
        // The very bytes that were just stored, to the same server with the same settings and window.
        let stored = log.raw(EVENTS, LogPos(before + 1)).await?.payload;
        payload = stored.len();
        let (done, took) = publish_raw(&part, stored, turn).await?;
        raw = (raw.0 + done, raw.1 + took);
    }
    part.stop().await?;
    Ok(Intake { raw: per_second(raw), accepted: per_second(accepted), payload, events: sent })
}

/// Publishes to the provisioner's scratch stream, a file stream as `EVENTS` is, a subject each.
async fn publish_raw(part: &Part, body: Bytes, time: Duration) -> Result<(u64, Duration)> {
    let client = part.broker.connect(ServiceName::Provisioner).await?;
    let context = jetstream::new(client);
    rate::keep(WINDOW, time, |_| {
        let (context, body) = (context.clone(), body.clone());
        let subject = format!("probe.{}", uuid::Uuid::new_v4().simple());
        async move {
            let ack = context.publish(subject, body).await.context("HO-9040 a raw publish failed")?;
            ack.await.context("HO-9040 a raw publish failed").map(drop)
        }
    })
    .await
}

fn per_second((done, took): (u64, Duration)) -> f64 {
    done as f64 / took.as_secs_f64()
}
