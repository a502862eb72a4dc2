use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use nkeys::KeyPair;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512_256};

use super::error::{BrokerError, Result};
use super::permissions::Permissions;

/// A signed NATS claim (`alg: ed25519-nkey`): names keys, limits and permissions, nothing secret.
pub type Jwt = String;

/// The hub's account exports these; a partner imports them under its own account key only, because the server checks
/// the key in the second token. So at the hub a request's subject says who asked.
const EXPORT_REQUESTS: &str = "in.*.>";
const EXPORT_NOTICES: &str = "out.*.>";

/// Seconds since the Unix epoch; a claim's age decides whether a revocation covers it.
pub type IssuedAt = u64;

/// What is signed, for whom, when.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub key: &'a str,
    pub name: &'a str,
    pub issued_at: IssuedAt,
}

/// The operator's own claim, self-signed.
pub fn operator(operator: &KeyPair, system_account: &str, issued_at: IssuedAt) -> Result<Jwt> {
    let key = operator.public_key();
    let claim = json!({ "system_account": system_account, "type": "operator", "version": 2 });
    sign(operator, Subject { key: &key, name: "handoff", issued_at }, claim)
}

/// The system account: no JetStream, no exports.
pub fn system_account(operator: &KeyPair, account: Subject<'_>) -> Result<Jwt> {
    sign(operator, account, json!({ "limits": limits(Some(-1), -1), "type": "account", "version": 2 }))
}

/// The hub's account: JetStream, and the two exports to partners.
pub fn hub_account(operator: &KeyPair, account: Subject<'_>) -> Result<Jwt> {
    let export = |name: &str, subject: &str, kind: &str| json!({ "name": name, "subject": subject, "type": kind, "account_token_position": 2 });
    let mut limits = limits(Some(-1), -1);
    if let Some(map) = limits.as_object_mut() {
        for unlimited in ["mem_storage", "disk_storage", "streams", "consumer"] {
            map.insert(unlimited.to_owned(), json!(-1));
        }
    }
    let exports = [export("requests", EXPORT_REQUESTS, "service"), export("notices", EXPORT_NOTICES, "stream")];
    sign(operator, account, json!({ "limits": limits, "exports": exports, "type": "account", "version": 2 }))
}

/// A partner's account: no JetStream, no leaf nodes, a bounded number of connections; users signed at or before
/// `revoked_until` are refused and cut off.
pub fn partner_account(
    operator: &KeyPair,
    account: Subject<'_>,
    hub: &str,
    revoked_until: Option<IssuedAt>,
) -> Result<Jwt> {
    let own = account.key;
    let imports = [
        json!({ "name": "requests", "subject": format!("in.{own}.>"), "account": hub, "local_subject": "in.>", "type": "service" }),
        json!({ "name": "notices", "subject": format!("out.{own}.>"), "account": hub, "local_subject": "out.>", "type": "stream" }),
    ];
    let mut claim = json!({ "limits": limits(None, 64), "imports": imports, "type": "account", "version": 2 });
    if let (Some(until), Some(map)) = (revoked_until, claim.as_object_mut()) {
        map.insert("revocations".to_owned(), json!({ "*": until }));
    }
    sign(operator, account, claim)
}

/// A user of an account, with its permissions; only the plain protocol, no websocket, MQTT or leaf node.
pub fn user(account: &KeyPair, user: Subject<'_>, permissions: &Permissions) -> Result<Jwt> {
    let mut claim = json!({
        "subs": -1, "data": -1, "payload": -1, "allowed_connection_types": ["STANDARD"], "type": "user", "version": 2,
    });
    if let (Ok(Value::Object(lists)), Some(map)) = (serde_json::to_value(permissions), claim.as_object_mut()) {
        map.extend(lists);
    } else {
        // Without its lists the user would be allowed everything.
        return Err(BrokerError::Identity("permissions could not be written".to_owned()));
    }
    sign(account, user, claim)
}

/// -1 is "no limit" to the server; what is absent counts as 0, "none".
fn limits(exports: Option<i64>, connections: i64) -> Value {
    json!({
        "subs": if connections < 0 { -1 } else { 1000 }, "data": -1, "payload": -1, "conn": connections, "leaf": 0,
        "imports": -1, "exports": exports.unwrap_or(0), "wildcards": true,
    })
}

fn sign(issuer: &KeyPair, subject: Subject<'_>, claim: Value) -> Result<Jwt> {
    let failed = |e: &dyn std::fmt::Display| BrokerError::Identity(e.to_string());
    let mut claims = json!({
        "iat": subject.issued_at, "iss": issuer.public_key(), "sub": subject.key, "name": subject.name, "nats": claim,
    });
    let digest = Sha512_256::digest(serde_json::to_vec(&claims).map_err(|e| failed(&e))?);
    if let Some(map) = claims.as_object_mut() {
        map.insert("jti".to_owned(), BASE32_NOPAD.encode(&digest).into());
    }
    let header = BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"ed25519-nkey"}"#);
    let body = BASE64URL_NOPAD.encode(&serde_json::to_vec(&claims).map_err(|e| failed(&e))?);
    let signed = format!("{header}.{body}");
    let signature = issuer.sign(signed.as_bytes()).map_err(|e| failed(&e))?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}
