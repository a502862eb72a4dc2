//! Ten agencies with one unit each, one agreement between all of them, and the documents they send.

use anyhow::Result;
use handoff::client::Partner;
use handoff::operator;
use handoff::session::Session;
use handoff_gateway::wire::Format;
use handoff_schemas::UnitId;
use serde_json::{Value, json};

/// Agencies; every event goes to each of them.
pub const PARTNERS: usize = 10;
/// People the documents are about. Each agency calls them by local ids of its own.
pub const PEOPLE: u64 = 200;

/// Role, kind of agency, HIPAA status of the agency with this number.
const KINDS: [(&str, &str, &str); PARTNERS] = [
    ("PSAP", "law-enforcement", "none"),
    ("LE", "law-enforcement", "none"),
    ("LE", "law-enforcement", "none"),
    ("LE", "law-enforcement", "none"),
    ("EMS", "fire-ems", "covered-provider"),
    ("EMS", "fire-ems", "covered-provider"),
    ("BHC", "behavioral-health", "covered-provider"),
    ("BHC", "behavioral-health", "covered-provider"),
    ("BHC", "behavioral-health", "covered-provider"),
    ("PSAP", "law-enforcement", "none"),
];

/// The unit of the agency with this number.
pub fn unit(n: usize) -> String {
    format!("bench-{n}-unit")
}

/// The agency that dispatches: all documents are its.
pub const SOURCE: usize = 0;
/// The clinic that the one consent names.
pub const CLINIC: usize = 6;

/// Registers everybody, puts the agreement in force and the people on the log.
///
/// # Errors
/// HO-9040 where the hub refuses; the session's.
pub async fn assemble(session: &Session) -> Result<()> {
    for (n, (role, org_type, hipaa)) in KINDS.iter().enumerate() {
        let partner = format!("bench-{n}");
        let facts = json!({ "partner": partner, "name": partner, "org_type": org_type });
        accepted(operator::add_partner(session, &partner, facts).await?)?;
        let facts = json!({
            "unit": unit(n), "partner": partner, "name": unit(n), "roles": [role], "hipaa": hipaa, "part2": "no",
            "cjis": *org_type == "law-enforcement", "victim_services": false, "jurisdiction": "US-WA",
        });
        accepted(operator::add_unit(session, &unit(n), facts).await?)?;
    }
    accepted(operator::load(session, &agreement()).await?)?;
    let source = source(session).await?;
    for person in 0..PEOPLE {
        source.send(&incident(&format!("claim-{person}"), person)).await?;
    }
    source.send(&consent()).await
}

/// The first of the people lets the dispatcher tell a clinic, so that one of them has a consent to be resolved.
fn consent() -> Value {
    json!({
        "specversion": "1.0", "id": "consent-0", "source": format!("/units/{}", unit(SOURCE)),
        "type": "handoff.consent.consent-recorded.v1", "time": "2026-11-02T21:40:00Z",
        "subject": "person-0", "datacontenttype": "application/json",
        "data": {
            "types": ["general"], "decision": "permit", "patient_name": "Given Family0",
            "purpose_text": "so that I get help", "stmt_right_to_revoke": true, "stmt_redisclosure": true,
            "stmt_refusal_consequences": true, "revocation_method": "in writing to the 911 centre",
            "expiry": { "kind": "date", "date": "2036-11-20", "time_zone": "America/Los_Angeles" },
            "signatures": [{
                "signer_role": "patient", "signer_name": "Given Family0", "method": "wet-ink",
                "signed_at": "2026-11-01T09:20:00-08:00",
            }],
            "signed_at": "2026-11-01T09:20:00-08:00", "grantors": [unit(SOURCE)],
            "data_scope": ["incident-identity", "cad", "location"], "data_description": "what I called about",
            "recipients": [unit(CLINIC)], "recipient_names": ["Clinic"], "purposes": ["TREAT"],
        },
    })
}

/// The example agreement on co-response, between the bench's own units.
fn agreement() -> String {
    let form = include_str!("../../../../../consent/forms/agreement-crisis-co-response.toml");
    let units = (0..PARTNERS).map(|n| format!("\"{}\"", unit(n))).collect::<Vec<_>>().join(", ");
    let head = form.split("# One [[party]]").next().unwrap_or_default();
    let parties = (0..PARTNERS).map(|n| format!("[[party]]\nunit = \"{}\"\nrole = \"member\"\n\n", unit(n)));
    let signatories = (0..PARTNERS)
        .map(|n| format!("[[signatory]]\nunit = \"{}\"\nname = \"B. Ench\"\ntitle = \"Chief\"\n\n", unit(n)));
    let flow = |clause: &str, roles: &str, purpose: &str, categories: &str| {
        format!(
            "[[flow]]\nclause = \"{clause}\"\nfrom = [{units}]\nto = [{units}]\nroles = [{roles}]\n\
             purposes = [\"{purpose}\"]\ncategories = [{categories}]\n\n"
        )
    };
    let dispatch = flow(
        "dispatch",
        "\"PSAP\", \"LE\", \"EMS\", \"BHC\"",
        "DISPATCH",
        "\"location\", \"cad\", \"safety-caution\", \"access-needs\", \"third-party\", \"responder\"",
    );
    let care = flow(
        "scene-to-care",
        "\"EMS\", \"BHC\"",
        "TREAT",
        "\"incident-identity\", \"location\", \"cad\", \"le-report\", \"substance-observation\"",
    );
    let clauses = "[clauses]\ngoverning_body_approvals = \"Bench County resolution 1.\"\n";
    let (parties, signatories) = (parties.collect::<String>(), signatories.collect::<String>());
    format!("{head}{parties}{dispatch}{care}{signatories}{clauses}")
}

/// An agency's connection and its unit.
#[derive(Clone)]
pub struct Agency {
    partner: Partner,
    unit: UnitId,
}

impl Agency {
    /// Sends one CloudEvent and insists that it is accepted.
    ///
    /// # Errors
    /// The refusal.
    pub async fn send(&self, event: &Value) -> Result<()> {
        let document = serde_json::to_vec(event)?;
        accepted(self.partner.publish(&self.unit, Format::Cloudevents, false, &document).await?).map(drop)
    }
}

/// The dispatching agency, with the credential in the hub's folder.
///
/// # Errors
/// HO-9014.
pub async fn source(session: &Session) -> Result<Agency> {
    let partner = session.partner(&format!("bench-{SOURCE}").parse()?).await?;
    Ok(Agency { partner, unit: unit(SOURCE).parse()? })
}

/// The same where no session is open.
///
/// # Errors
/// HO-9010.
pub async fn connect(url: &str, data: &std::path::Path) -> Result<Agency> {
    let creds = data.join("creds").join(format!("partner-bench-{SOURCE}.creds"));
    Ok(Agency { partner: Partner::connect(url, &creds).await?, unit: unit(SOURCE).parse()? })
}

/// A call for service, about 1 KiB, on one of the people.
pub fn incident(key: &str, person: u64) -> Value {
    let person = person % PEOPLE;
    json!({
        "specversion": "1.0", "id": key, "source": format!("/units/{}", unit(SOURCE)),
        "type": "handoff.encounter.incident-reported.v1", "time": "2026-11-02T21:40:00Z",
        "subject": format!("person-{person}"), "datacontenttype": "application/json",
        "data": {
            "incident_number": key,
            "call": { "type": "welfare-check", "type_code": "WELF", "priority": "2", "status": "active", "source": "911" },
            "times": { "call_received": "2026-11-02T21:38:00Z", "dispatched": "2026-11-02T21:39:00Z" },
            "location": {
                "place": "Riverbend Library", "directions": "use the rear entrance", "kind": "Caller",
                "address": { "line": "12 Example Quay", "city": "Riverbend", "state": "ZZ", "postal_code": "00000" },
            },
            "hazards": ["large dog in yard"], "weapon": "no", "language_needs": ["spa"],
            "person": {
                "name": { "family": format!("Family{person}"), "given": "Given" }, "birth_date": "1990-02-03",
                "role": "subject-of-call",
            },
            "remarks": [{
                "at": "2026-11-02T21:38:30Z", "by": "CT-09",
                "text": "Caller says the person sits on the steps and talks to nobody; asks for somebody to look in.",
            }],
        },
    })
}

fn accepted<T>(answer: std::result::Result<T, handoff_spine::command::Refusal>) -> Result<T> {
    answer.map_err(|refusal| anyhow::Error::new(refusal).context("HO-9040 the hub refused a step of the bench"))
}
