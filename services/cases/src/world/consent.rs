//! The short form of a consent, written out as the signed form.

use handoff_schemas::{Category, LogTime};
use serde_json::{Map, Value, json};

use crate::format::{Consent, Expires, shown};

/// One year.
const YEAR: i64 = 365 * 86_400_000;
const DAY: i64 = 86_400_000;
const ZONE: &str = "America/Los_Angeles";

/// An element of the form: its section, and the leaves that state it.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("2.31(a)(1)", &["patient_name"]),
    ("2.31(a)(2)", &["grantors"]),
    ("2.31(a)(3)", &["data_scope", "data_description"]),
    ("2.31(a)(4)(i)", &["recipients", "recipient_names", "tpo_class"]),
    ("2.31(a)(4)(iii)", &["stmt_hipaa_redisclosure"]),
    ("2.31(a)(5)", &["purposes", "purpose_text"]),
    ("2.31(a)(6)", &["stmt_right_to_revoke", "revocation_method"]),
    ("2.31(a)(7)", &["expiry"]),
    ("2.31(a)(8)", &["signatures"]),
    ("2.31(a)(9)", &["signed_at"]),
    ("2.31(a)(10)(i)", &["stmt_redisclosure"]),
    ("2.31(a)(10)(ii)", &["stmt_refusal_consequences"]),
];

/// The leaves of `consent.consent-recorded.v1`.
///
/// # Errors
/// What the short form says that has no meaning.
pub fn form(
    c: &Consent,
    carried: &[Category],
    now: LogTime,
    record_keys: &[String],
) -> Result<Map<String, Value>, String> {
    let tpo = c.types.0.iter().any(|t| t == "part2-tpo");
    let part2 = c.types.0.iter().any(|t| t.starts_with("part2-"));
    let signed = c.signed.map_or(LogTime(now.0 - DAY), |at| at.0);
    let purposes: Vec<String> = match (c.purposes.is_empty(), tpo) {
        (false, _) => c.purposes.clone(),
        (true, true) => ["TREAT", "HPAYMT", "HOPERAT"].map(str::to_owned).to_vec(),
        (true, false) => default_purposes(c),
    };
    let scope: Vec<&str> = match (c.categories.is_empty(), part2) {
        (false, _) => c.categories.iter().map(|c| c.slug()).collect(),
        (true, _) if c.deny => Vec::new(),
        (true, true) if c.types.0.iter().any(|t| t == "part2-counseling-notes") => vec!["sud-counseling-notes"],
        (true, true) => vec!["part2-record"],
        (true, false) => carried.iter().map(|c| c.slug()).collect(),
    };
    let expiry = match &c.expires {
        None => json!({ "kind": "date", "date": day_after(signed, YEAR)?, "time_zone": ZONE }),
        Some(Expires::Never) => json!({ "kind": "none" }),
        Some(Expires::On { date, zone }) => {
            json!({ "kind": "date", "date": date, "time_zone": zone.as_deref().unwrap_or(ZONE) })
        }
        Some(Expires::Event(code)) => json!({ "kind": "event", "event_code": code, "time_zone": ZONE }),
    };
    let signers = if c.signers.0.is_empty() { vec!["patient".to_owned()] } else { c.signers.0.clone() };
    let signatures = signers.iter().map(|who| match who.as_str() {
        "patient" | "minor" => json!({ "signer_role": who, "method": "wet-ink" }),
        _ => json!({ "signer_role": who, "method": "wet-ink", "authority_basis": "on file" }),
    });
    let all = json!({
        "types": c.types.0,
        "decision": if c.deny { "deny" } else { "permit" },
        "patient_name": "Person of the case",
        "grantors": c.from.0,
        "data_scope": scope,
        "data_description": "what the case says",
        "recipients": c.to.0,
        "purposes": purposes,
        "stmt_right_to_revoke": true,
        "revocation_method": "in writing to the program",
        "expiry": expiry,
        "signatures": signatures.collect::<Vec<_>>(),
        "signed_at": shown(signed),
    });
    let mut form = all.as_object().cloned().unwrap_or_default();
    if tpo {
        for statement in ["tpo_class", "stmt_hipaa_redisclosure", "stmt_redisclosure", "stmt_refusal_consequences"] {
            form.insert(statement.to_owned(), Value::Bool(true));
        }
    }
    if c.types.0.iter().any(|t| t == "part2-criminal-justice") {
        let condition = json!({ "proceeding": "the case's", "revocable_after": "final disposition" });
        form.insert("cj_condition".to_owned(), condition);
    }
    let limits = [
        ("data_elements", json!(c.elements)),
        ("event_types", json!(c.event_types)),
        ("records", json!(record_keys)),
        ("data_from", json!(c.data_from)),
        ("data_to", json!(c.data_to)),
    ];
    form.extend(limits.into_iter().map(|(name, value)| (name.to_owned(), value)));
    // An empty list is a leaf that is not there.
    form.retain(|_, value| !value.is_null() && !value.as_array().is_some_and(Vec::is_empty));
    for section in &c.lacks {
        let element = ELEMENTS.iter().find(|(name, _)| name == section);
        let (_, leaves) = element.ok_or_else(|| {
            let known: Vec<_> = ELEMENTS.iter().map(|(name, _)| *name).collect();
            format!("`lacks` names `{section}`; the elements are {}", known.join(", "))
        })?;
        form.retain(|name, _| !leaves.contains(&name.as_str()));
    }
    form.extend(c.form.clone());
    Ok(form)
}

fn default_purposes(c: &Consent) -> Vec<String> {
    if c.deny {
        return Vec::new();
    }
    let of = |kind: &str| c.types.0.iter().any(|t| t == kind);
    let words: &[&str] = if of("part2-proceedings") {
        &["CIVILPROC"]
    } else if of("part2-criminal-justice") {
        &["CJMONITOR"]
    } else {
        &["TREAT", "COC"]
    };
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn day_after(at: LogTime, later: i64) -> Result<String, String> {
    let at =
        jiff::Timestamp::from_millisecond(at.0 + later).map_err(|_| "a consent's date is out of range".to_owned())?;
    Ok(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}
