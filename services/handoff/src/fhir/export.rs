use anyhow::Result;
use handoff_consent::fhir::{Form, write};
use handoff_law::ConsentState;
use handoff_schemas::{ConsentFacts, LogTime, PersonId, RecordId, UnitId};
use handoff_spine::vault::{IdKind, PartnerKey};
use serde_json::{Value, json};

use super::{Refused, Site, SiteForm};
use crate::folded::Folded;
use crate::session::Session;

/// Which consents.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// One of the unit's own, by its key.
    Consent(&'a str),
    /// Those of a person, by the unit's own id.
    Person(&'a str),
}

/// For whom.
#[derive(Clone, Copy)]
pub struct Export<'a> {
    /// Reads what it recorded, and what lets or forbids it to disclose.
    pub unit: &'a UnitId,
    pub site: &'a Site,
    /// The policy URI of the form that was signed, where several could be.
    pub form: Option<&'a str>,
}

/// Consents and denials as FHIR R4 Consents, in ids that the unit's agency alone has. A person of whom the unit has no
/// consent, and one it never named, are the same empty answer.
///
/// # Errors
/// The log's; of each consent HO-2336 or HO-2358 where FHIR cannot say it, and HO-2301 for one key that names none.
pub async fn export(session: &Session, what: Export<'_>, which: Which<'_>) -> Result<Vec<Result<Value, Refused>>> {
    let partner = session.partner_of(what.unit)?;
    let ids = session.vault.id_key().await?;
    let key = session.vault.partner_key(&partner).await?;
    let folded = Folded::read(&session.log, None, None).await?;
    let at = folded.at.advance(LogTime::from(jiff::Timestamp::now()));
    let sees = |c: &&ConsentState| c.recorded_by == *what.unit || c.facts.grantors.contains(what.unit);
    let (found, local) = match which {
        Which::Consent(name) => {
            let Some(one) = folded.state.consent(ids.record_id(what.unit, name)).filter(sees) else {
                return Ok(vec![Err(no_such_consent())]);
            };
            (vec![one], None)
        }
        Which::Person(local) => {
            let person = session.person(what.unit, local).await?;
            let all = person.map(|person| folded.state.consents_of(person)).unwrap_or_default();
            let own = |c: &&ConsentState| Some(c.facts.person) == person && sees(c);
            (all.into_iter().filter(own).collect(), Some(local))
        }
    };
    Ok(found.into_iter().map(|consent| written(consent, what, &key, (local, at))).collect())
}

fn written(
    consent: &ConsentState,
    what: Export<'_>,
    key: &PartnerKey,
    (local, at): (Option<&str>, LogTime),
) -> Result<Value, Refused> {
    if !consent.revoked && !consent.revoked_for().is_empty() {
        return Err(Refused::new(
            "HO-2358",
            "the consent was revoked for some of its parties, and FHIR R4 has no element for this",
            "send the consent and its revocation as events of the hub",
        ));
    }
    let facts = pairwise(&relied_on(&consent.facts, &consent.recorded_by, what.unit), key);
    let mut resource = write(&facts, form(&consent.facts, what)?.as_ref())?;
    let Value::Object(members) = &mut resource else { return Ok(resource) };
    if consent.revoked || consent.ended(at) {
        members.insert("status".to_owned(), json!("inactive"));
    }
    if !facts.deny {
        members.insert("verification".to_owned(), json!([{ "verified": consent.vouched() }]));
    }
    if let Some(local) = local {
        let patient = json!({ "reference": format!("Patient/{local}") });
        if members.contains_key("performer") {
            members.insert("performer".to_owned(), json!([patient]));
        }
        members.insert("patient".to_owned(), patient);
    }
    Ok(resource)
}

/// The form that the unit has people sign for such a consent. Which of several was signed is not on record.
fn form(facts: &ConsentFacts, what: Export<'_>) -> Result<Option<Form>, Refused> {
    let covers = |form: &&SiteForm| {
        form.consent_type == facts.consent_type
            && (facts.deny || facts.categories.iter().all(|c| form.categories.contains(c)))
    };
    let named = |form: &&SiteForm| what.form.is_none_or(|uri| form.uri == uri);
    let mut forms = what.site.forms.iter().filter(covers).filter(named);
    match (forms.next(), forms.next()) {
        (Some(_), Some(_)) => Err(Refused::new(
            "HO-2336",
            "several forms of the site could have been signed, and which one is not on record",
            "name its policy URI: `--form URI`",
        )),
        (one, _) => Ok(one.map(SiteForm::form)),
    }
}

/// What a unit that did not record it relies on: that it may itself disclose. Which others may would tell it where else
/// the person is in care.
fn relied_on(facts: &ConsentFacts, recorded_by: &UnitId, unit: &UnitId) -> ConsentFacts {
    let mut facts = facts.clone();
    if recorded_by != unit && !facts.grantors.is_empty() {
        facts.grantors = [unit.clone()].into();
    }
    facts
}

/// The same facts in the only ids that the unit's agency sees.
fn pairwise(facts: &ConsentFacts, key: &PartnerKey) -> ConsentFacts {
    let record = |id: RecordId| RecordId(key.pairwise(IdKind::Record, id.0));
    ConsentFacts {
        consent: record(facts.consent),
        person: PersonId(key.pairwise(IdKind::Person, facts.person.0)),
        records: facts.records.iter().copied().map(record).collect(),
        ..facts.clone()
    }
}

/// The words of the deciding service: none, and another's, are one answer.
fn no_such_consent() -> Refused {
    Refused::new(
        "HO-2301",
        "there is no such consent for this unit",
        "check its key: `handoff consent import` prints it; only who recorded it or may disclose under it reads it",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use handoff_schemas::ConsentType;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn who_did_not_record_a_consent_reads_of_no_other_keeper() {
        let [program, clinic]: [UnitId; 2] = ["harbor-sud", "willow-clinic"].map(|unit| unit.parse().unwrap());
        let blank =
            ConsentFacts::blank(RecordId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)), ConsentType::Part2Named);
        let both = ConsentFacts { grantors: [program.clone(), clinic.clone()].into(), ..blank.clone() };
        let own = ConsentFacts { grantors: [clinic.clone()].into(), ..both.clone() };
        assert_eq!(relied_on(&both, &program, &clinic), own);
        assert_eq!(relied_on(&both, &program, &program), both, "who recorded it reads it whole");
        assert_eq!(relied_on(&blank, &program, &clinic), blank, "a denial to everybody names nobody");
    }
}
