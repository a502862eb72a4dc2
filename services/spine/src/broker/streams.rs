use std::time::Duration;

use async_nats::jetstream::{
    self, Context, ErrorCode,
    context::CreateStreamErrorKind,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use handoff_schemas::PartnerId;

use super::error::{BrokerError, Result};

/// Every accepted command: `ev.<slot>.<family>.<record id>`.
pub const EVENTS: &str = crate::log::EVENTS;
/// Rulings and re-sealed slices: `rel`. One writer.
pub const RELEASES: &str = crate::log::RELEASES;
/// Reads by partners: `acc.<partner>`.
pub const ACCESS: &str = crate::log::ACCESS;
/// Failures of intake and delivery: `dead.<service>`.
pub const DEAD: &str = crate::log::DEAD;
/// How long a dead letter is kept: no key of a person reaches what it holds, so it must not stay for ever.
pub const DEAD_MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);
/// The scratch stream of the probe at a start: `probe.<random>`, forgotten after a minute. Never removed, so that
/// hosts that start together do not trip over each other, and nobody needs the right to delete a stream.
pub(super) const PROBE: &str = "PROBE";
pub(super) const PROBE_MAX_AGE: Duration = Duration::from_secs(60);

/// How long an opaque notice waits for a partner that is away; the content is in its view meanwhile.
pub const FEED_MAX_AGE: Duration = Duration::from_secs(14 * 24 * 3600);

/// The stream that tells a partner that there is something: ids only, limited by age.
#[must_use]
pub fn feed_stream(partner: &PartnerId) -> String {
    format!("FEED_{partner}")
}

/// The subject a partner's feed is written on.
#[must_use]
pub fn feed_subject(partner: &PartnerId) -> String {
    format!("feed.{partner}")
}

/// Creates the hub's streams, or brings them to what this version wants. Run as the provisioner; repeatable.
///
/// # Errors
/// HO-3312 where the server refuses, or keeps a setting on which the hub's promises rest.
pub async fn provision(client: &async_nats::Client) -> Result<()> {
    let context = jetstream::new(client.clone());
    let dead = Config { max_age: DEAD_MAX_AGE, ..plain(DEAD, "dead.>") };
    for wanted in [truth(EVENTS, "ev.*.*.*"), truth(RELEASES, "rel"), truth(ACCESS, "acc.*"), dead] {
        ensure(&context, wanted).await?;
    }
    Ok(())
}

/// Creates a partner's feed. Run as the provisioner; repeatable.
///
/// # Errors
/// As [`provision`].
pub async fn provision_feed(client: &async_nats::Client, partner: &PartnerId) -> Result<()> {
    let feed = Config { max_age: FEED_MAX_AGE, ..plain(&feed_stream(partner), &feed_subject(partner)) };
    ensure(&jetstream::new(client.clone()), feed).await
}

/// A stream that nothing is ever taken out of.
fn truth(name: &str, subject: &str) -> Config {
    Config { deny_delete: true, deny_purge: true, ..plain(name, subject) }
}

/// `discard: new`: a full stream refuses, it does not forget. On file, one replica (a cluster's operator raises it).
pub(super) fn plain(name: &str, subject: &str) -> Config {
    Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        num_replicas: 1,
        allow_direct: true,
        ..Config::default()
    }
}

async fn ensure(context: &Context, wanted: Config) -> Result<()> {
    let failed = |why: String| BrokerError::Provision { stream: wanted.name.clone(), why };
    let held = match context.create_stream(&wanted).await {
        Ok(stream) => stream.cached_info().config.clone(),
        Err(e) if is_name_in_use(&e) => {
            // Replicas are the deployment's to choose: an update must not take them back to one.
            let now = context.get_stream(&wanted.name).await.map_err(|e| failed(e.to_string()))?;
            let wanted = Config { num_replicas: now.cached_info().config.num_replicas, ..wanted.clone() };
            context.update_stream(&wanted).await.map_err(|e| failed(e.to_string()))?.config
        }
        Err(e) => return Err(failed(e.to_string())),
    };
    differs(&wanted, &held).map_or(Ok(()), |setting| Err(failed(format!("the server keeps another `{setting}`"))))
}

fn is_name_in_use(error: &jetstream::context::CreateStreamError) -> bool {
    matches!(error.kind(), CreateStreamErrorKind::JetStream(e) if e.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

/// The first setting that a promise of the hub rests on and that is not as wanted.
fn differs(wanted: &Config, held: &Config) -> Option<&'static str> {
    let settings = [
        ("subjects", wanted.subjects == held.subjects),
        ("storage", wanted.storage == held.storage),
        ("retention", wanted.retention == held.retention),
        ("discard", wanted.discard == held.discard),
        ("deny_delete", wanted.deny_delete == held.deny_delete),
        ("deny_purge", wanted.deny_purge == held.deny_purge),
        ("max_age", wanted.max_age == held.max_age),
        ("allow_rollup_hdrs", !held.allow_rollup),
        ("no_ack", !held.no_ack),
        ("max_msgs", held.max_messages <= 0),
        ("max_bytes", held.max_bytes <= 0),
        ("max_msgs_per_subject", held.max_messages_per_subject <= 0),
        ("sources", held.sources.as_ref().is_none_or(Vec::is_empty) && held.mirror.is_none()),
        ("republish", held.republish.is_none()),
        ("subject_transform", held.subject_transform.is_none()),
        ("persist_mode", held.persist_mode.is_none_or(|m| m == jetstream::stream::PersistenceMode::Default)),
    ];
    settings.into_iter().find_map(|(name, same)| (!same).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_weakens_the_log_is_named() {
        let wanted = truth(EVENTS, "ev.*.*.*");
        assert_eq!(differs(&wanted, &wanted), None);
        let cases = [
            ("deny_delete", Config { deny_delete: false, ..wanted.clone() }),
            ("deny_purge", Config { deny_purge: false, ..wanted.clone() }),
            ("discard", Config { discard: DiscardPolicy::Old, ..wanted.clone() }),
            ("storage", Config { storage: StorageType::Memory, ..wanted.clone() }),
            ("max_age", Config { max_age: Duration::from_secs(1), ..wanted.clone() }),
            ("max_msgs", Config { max_messages: 10, ..wanted.clone() }),
            ("no_ack", Config { no_ack: true, ..wanted.clone() }),
            ("subjects", Config { subjects: vec![">".to_owned()], ..wanted.clone() }),
        ];
        for (setting, held) in cases {
            assert_eq!(differs(&wanted, &held), Some(setting));
        }
    }
}
