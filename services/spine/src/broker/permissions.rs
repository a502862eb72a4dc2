//! Who may say and hear what on the broker: the whole table, for a reviewer (design.md, invariant A9).
//!
//! Two things are left out on purpose. No user gets `allow_responses`: an asker chooses its reply subject, so a
//! service that may answer anywhere could be made to write into another's subject; answers go to the inboxes named
//! here only. And no user may create streams, except the provisioner.

use serde::Serialize;

use super::streams::{ACCESS, DEAD, EVENTS, PROBE, RELEASES};

/// A user of the hub's account on the broker; its credential is `<data>/creds/<name>.creds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceName {
    /// Creates streams; connects at a start and when a partner joins, and is nobody's credential otherwise.
    Provisioner,
    Registry,
    Identity,
    Encounter,
    Consent,
    Referral,
    Ask,
    Privacy,
    Policy,
    Ledger,
    Views,
    Gateway,
    /// The operator's command line.
    Operator,
}

impl ServiceName {
    pub const ALL: &[Self] = &[
        Self::Provisioner,
        Self::Registry,
        Self::Identity,
        Self::Encounter,
        Self::Consent,
        Self::Referral,
        Self::Ask,
        Self::Privacy,
        Self::Policy,
        Self::Ledger,
        Self::Views,
        Self::Gateway,
        Self::Operator,
    ];

    /// The name in credentials, inboxes, `handoff run <name>` and NATS micro-service discovery.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioner => "provisioner",
            Self::Registry => "registry",
            Self::Identity => "identity",
            Self::Encounter => "encounter",
            Self::Consent => "consent",
            Self::Referral => "referral",
            Self::Ask => "ask",
            Self::Privacy => "privacy",
            Self::Policy => "policy",
            Self::Ledger => "ledger",
            Self::Views => "views",
            Self::Gateway => "gateway",
            Self::Operator => "operator",
        }
    }

    /// Every inbox of this service lies under it, so that no service can overhear another's answers.
    #[must_use]
    pub fn inbox_prefix(self) -> String {
        format!("_INBOX_{}", self.as_str())
    }
}

impl std::fmt::Display for ServiceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One row of the table.
struct Role {
    service: ServiceName,
    /// Families it appends to `EVENTS`: `ev.*.<family>.*`.
    appends: &'static [&'static str],
    /// Other subjects it alone publishes.
    writes: &'static [&'static str],
    /// Answers commands on `cmd.<its name>`.
    decides: bool,
    /// Sends commands to every decider, and discovers services.
    commands: bool,
    /// Streams whose messages it may read.
    reads: &'static [&'static str],
    /// May read the streams `FEED_<partner>`.
    feeds: bool,
}

impl Role {
    const fn of(service: ServiceName) -> Self {
        Self { service, appends: &[], writes: &[], decides: false, commands: false, reads: &[], feeds: false }
    }
}

#[rustfmt::skip]
const TABLE: &[Role] = &[
    Role { decides: true, appends: &["partner", "unit", "agreement", "bundle", "erasure"], reads: &[EVENTS],
           ..Role::of(ServiceName::Registry) },
    Role { decides: true, appends: &["person"],        reads: &[EVENTS], ..Role::of(ServiceName::Identity) },
    Role { decides: true, appends: &["encounter"],     reads: &[EVENTS], ..Role::of(ServiceName::Encounter) },
    Role { decides: true, appends: &["consent"],       reads: &[EVENTS], ..Role::of(ServiceName::Consent) },
    Role { decides: true, appends: &["referral"],      reads: &[EVENTS], ..Role::of(ServiceName::Referral) },
    Role { decides: true, appends: &["ask"],           reads: &[EVENTS], ..Role::of(ServiceName::Ask) },
    Role { decides: true, appends: &["privacy"],       reads: &[EVENTS], ..Role::of(ServiceName::Privacy) },
    Role { appends: &["sweep", "due"], writes: &["rel"], reads: &[EVENTS, RELEASES], ..Role::of(ServiceName::Policy) },
    Role { reads: &[RELEASES, ACCESS],                 ..Role::of(ServiceName::Ledger) },
    Role { reads: &[EVENTS, RELEASES],                 ..Role::of(ServiceName::Views) },
    // `_R_.>` carries the answers to partners' requests; the server makes these subjects, unguessable, one each.
    Role { commands: true, writes: &["acc.*", "feed.*", "out.*.>", "_R_.>"], reads: &[EVENTS], feeds: true,
           ..Role::of(ServiceName::Gateway) },
    Role { commands: true, reads: &[EVENTS, RELEASES, ACCESS, DEAD], feeds: true, ..Role::of(ServiceName::Operator) },
];

/// An allow list with exceptions, as a NATS user claim spells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Subjects {
    pub allow: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
}

/// What one user may publish and subscribe to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Permissions {
    #[serde(rename = "pub")]
    pub publish: Subjects,
    #[serde(rename = "sub")]
    pub subscribe: Subjects,
}

/// The permissions of a service's user.
#[must_use]
pub fn permissions(service: ServiceName) -> Permissions {
    let inbox = format!("{}.>", service.inbox_prefix());
    let Some(role) = TABLE.iter().find(|r| r.service == service) else { return provisioner(inbox) };
    let name = service.as_str();

    let mut publish = vec![format!("dead.{name}")];
    publish.extend(role.appends.iter().map(|family| format!("ev.*.{family}.*")));
    publish.extend(role.writes.iter().map(|&s| s.to_owned()));
    publish.extend(role.reads.iter().flat_map(|stream| reading(stream)));
    if role.commands {
        publish.extend(TABLE.iter().filter(|r| r.decides).map(|r| format!("cmd.{}", r.service)));
        publish.push("$SRV.>".to_owned());
    }
    // Whoever asks gets answers: commands from deciders, discovery from every service.
    publish.extend(TABLE.iter().filter(|r| r.commands).map(|r| format!("{}.>", r.service.inbox_prefix())));
    let mut deny = Vec::new();
    if role.feeds {
        // A stream is one token of an API subject, so "any FEED_" cannot be said: any stream, less the fixed ones.
        publish.extend(reading("*"));
        publish.push("$JS.ACK.>".to_owned());
        for stream in [EVENTS, RELEASES, ACCESS, DEAD, PROBE].iter().filter(|s| !role.reads.contains(s)) {
            deny.extend(reading(stream));
            deny.push(format!("$JS.ACK.{stream}.>"));
        }
    }

    let mut subscribe = vec![inbox];
    if role.decides {
        subscribe.push(format!("cmd.{name}"));
    }
    if service == ServiceName::Gateway {
        subscribe.push("in.*.>".to_owned());
    }
    for verb in ["PING", "INFO", "STATS"] {
        subscribe.push(format!("$SRV.{verb}"));
        subscribe.push(format!("$SRV.{verb}.{name}"));
        subscribe.push(format!("$SRV.{verb}.{name}.*"));
    }
    Permissions {
        publish: Subjects { allow: publish, deny },
        subscribe: Subjects { allow: subscribe, deny: Vec::new() },
    }
}

/// JetStream API subjects to read a stream: where it ends, one message, a consumer of one's own.
///
/// Consumers are throw-away (every checkpoint lies with the rows it stands for), so their names are the server's.
fn reading(stream: &str) -> Vec<String> {
    [
        "STREAM.INFO.{}",
        "STREAM.MSG.GET.{}",
        "DIRECT.GET.{}",
        "DIRECT.GET.{}.>",
        "CONSUMER.CREATE.{}",
        "CONSUMER.CREATE.{}.>",
        "CONSUMER.INFO.{}.*",
        "CONSUMER.MSG.NEXT.{}.*",
        "CONSUMER.DELETE.{}.*",
    ]
    .iter()
    .map(|subject| format!("$JS.API.{}", subject.replace("{}", stream)))
    .collect()
}

/// Creates and updates streams; deletes and purges none.
fn provisioner(inbox: String) -> Permissions {
    let api = |verb: &str| format!("$JS.API.STREAM.{verb}");
    Permissions {
        publish: Subjects {
            allow: vec![api("CREATE.*"), api("UPDATE.*"), api("INFO.*"), "probe.*".to_owned()],
            deny: Vec::new(),
        },
        subscribe: Subjects { allow: vec![inbox], deny: Vec::new() },
    }
}

/// The broker's own user of the system account: pushes partners' accounts, asks the server how it is set.
pub(super) fn system() -> Permissions {
    Permissions {
        publish: Subjects {
            allow: vec!["$SYS.REQ.CLAIMS.UPDATE".to_owned(), "$SYS.REQ.SERVER.PING.JSZ".to_owned()],
            deny: Vec::new(),
        },
        subscribe: Subjects { allow: vec![format!("{SYSTEM_INBOX}.>")], deny: Vec::new() },
    }
}

pub(super) const SYSTEM_INBOX: &str = "_INBOX_system";

/// A partner's user, inside the partner's own account: asks the hub on `in.<operation>`, hears `out.>` and answers.
pub(super) fn partner() -> Permissions {
    Permissions {
        publish: Subjects { allow: vec!["in.>".to_owned()], deny: Vec::new() },
        subscribe: Subjects { allow: vec!["_INBOX.>".to_owned(), "out.>".to_owned()], deny: Vec::new() },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_service_but_the_provisioner_has_one_row() {
        for &service in ServiceName::ALL {
            let rows = TABLE.iter().filter(|r| r.service == service).count();
            assert_eq!(rows, usize::from(service != ServiceName::Provisioner), "{service}");
        }
    }

    /// An empty allow list would mean "everything" to the server.
    #[test]
    fn no_allow_list_is_empty_or_everything() {
        let all = ServiceName::ALL.iter().map(|&s| permissions(s)).chain([system(), partner()]);
        for Permissions { publish, subscribe } in all {
            for allow in [publish.allow, subscribe.allow] {
                assert!(!allow.is_empty() && !allow.iter().any(|s| s == ">" || s == "*"), "{allow:?}");
            }
        }
    }

    #[test]
    fn only_the_provisioner_holds_stream_management() {
        for &service in ServiceName::ALL {
            let manages = permissions(service).publish.allow.iter().any(|s| {
                ["CREATE", "UPDATE", "DELETE", "PURGE", "RESTORE"]
                    .iter()
                    .any(|verb| s.contains(&format!("STREAM.{verb}")))
            });
            assert_eq!(manages, service == ServiceName::Provisioner, "{service}");
        }
    }
}
