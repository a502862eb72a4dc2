//! The facts of a request, as the `basis` of a case states them, made into the document of an ask.
//!
//! What a case is about must be said; formalities that every real ask carries (names, a badge, a statute) are filled in,
//! unless `lacks` takes them out.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Purpose, RecipientKind};
use serde_json::{Map, Value, json};

pub use words::unread;

/// An ask, before it has a unit and a person.
pub struct Stated {
    pub data: Map<String, Value>,
    /// Stated by the unit whose data it is, for whoever is to read.
    pub by_discloser: bool,
    pub incident: bool,
}

/// Who asks.
pub struct Who<'a> {
    pub role: Option<&'a str>,
    pub kind: RecipientKind,
    pub user: &'a str,
    /// Log time, RFC 3339.
    pub now: &'a str,
}

/// The ask that a request amounts to; none where it states no authority.
///
/// # Errors
/// A fact of a wrong type.
pub fn stated(
    purpose: Option<Purpose>,
    basis: &BTreeMap<String, Value>,
    who: &Who<'_>,
) -> Result<Option<Stated>, String> {
    let Some(purpose) = purpose else { return Ok(None) };
    let facts = Facts::of(basis)?;
    let (name, by_discloser, part) = match purpose {
        Purpose::Etreat | Purpose::Ertreat if facts.yes("medical_emergency")? => {
            ("emergency", false, json!({ "emergency": facts.emergency(who, false)? }))
        }
        Purpose::Btg if !basis.is_empty() => {
            let glass = facts.whole(&[
                ("reason", facts.text("reason")?.map(Value::from)),
                ("emergency_attested", facts.yes("medical_emergency")?.then_some(true.into())),
            ]);
            ("break-glass", false, json!({ "break_glass": glass, "emergency": facts.emergency(who, true)? }))
        }
        Purpose::DutyWarn if !basis.is_empty() => ("threat", true, json!({ "threat": facts.threat()? })),
        Purpose::LeLocate | Purpose::Missing if !basis.is_empty() => {
            let usual = if purpose == Purpose::Missing { "missing-person" } else { "suspect" };
            let locate = json!({ "target": facts.text("target")?.unwrap_or(usual) });
            ("locate", false, json!({ "locate": locate, "official": facts.official()? }))
        }
        Purpose::LeVictim if !basis.is_empty() => {
            let flags = [
                ("agrees", "victim_agrees"),
                ("incapacitated", "incapacitated"),
                ("need_represented", "need_represented"),
                ("not_against_victim", "not_against_victim"),
                ("immediate", "immediate"),
                ("best_interests", "best_interests"),
            ];
            ("victim", true, json!({ "victim": facts.flags(&flags)?, "official": facts.official()? }))
        }
        Purpose::CustodyHealth if !basis.is_empty() => {
            let custody = facts.whole(&[
                ("kind", Some(facts.text("custody_kind")?.unwrap_or("jail").into())),
                ("lawful", facts.yes("lawful_custody")?.then_some(true.into())),
                ("custodian", Some("the custodian".into())),
                ("limb", Some(facts.text("limb")?.unwrap_or("care").into())),
            ]);
            ("custody", false, json!({ "custody": custody }))
        }
        Purpose::LeCrimeAlert if facts.yes("crime_off_premises")? => {
            let abuse = facts.yes("abuse_neglect_or_domestic_violence")?;
            let alert = facts.whole(&[
                ("off_premises", Some(true.into())),
                ("crime", Some("an assault".into())),
                ("abuse_neglect_or_domestic_violence", Some(abuse.into())),
            ]);
            ("crime-alert", true, json!({ "crime_alert": alert }))
        }
        Purpose::LeCrimeAlert if !basis.is_empty() => {
            let related = facts.unless_denied("directly_related")?;
            let act = facts.text("act")?.unwrap_or("commission");
            let crime = facts.whole(&[
                ("on_premises", facts.yes("crime_on_premises")?.then_some(true.into())),
                ("against_personnel", facts.yes("against_personnel")?.then_some(true.into())),
                ("act", related.then(|| act.into())),
                ("by_patient", facts.unless_denied("by_patient")?.then_some(true.into())),
            ]);
            ("premises-crime", true, json!({ "premises_crime": crime }))
        }
        Purpose::MandatedReport if !basis.is_empty() => {
            ("mandated-report", true, json!({ "mandated_report": facts.report()? }))
        }
        // Public health has other inquiries too.
        Purpose::PublicHealth if basis.contains_key("exposure") => {
            ("exposure", false, json!({ "exposure": facts.exposure(who)? }))
        }
        Purpose::Threat if !basis.is_empty() => {
            ("school-emergency", true, json!({ "school_emergency": facts.school_emergency()? }))
        }
        _ => return Ok(None),
    };
    let mut data = Map::new();
    data.insert("basis".to_owned(), name.into());
    data.insert("purpose".to_owned(), json!(purpose));
    let parts = part.as_object().cloned().unwrap_or_default();
    // The schema wants no empty part: what states nothing is absent.
    data.extend(parts.into_iter().filter(|(_, part)| part.as_object().is_some_and(|p| !p.is_empty())));
    if !by_discloser {
        data.insert("role".to_owned(), json!(who.kind));
        data.insert("licence".to_owned(), licence(who).into());
        data.insert("user".to_owned(), who.user.into());
    }
    Ok(Some(Stated { data, by_discloser, incident: basis.contains_key("incident") }))
}

/// What a case states, with what it takes out.
struct Facts<'a> {
    basis: &'a BTreeMap<String, Value>,
    lacks: BTreeSet<&'a str>,
}

impl<'a> Facts<'a> {
    fn of(basis: &'a BTreeMap<String, Value>) -> Result<Self, String> {
        Ok(Self { basis, lacks: words::lacks(basis)? })
    }

    fn yes(&self, fact: &str) -> Result<bool, String> {
        self.boolean(fact).map(Option::unwrap_or_default)
    }

    fn unless_denied(&self, fact: &str) -> Result<bool, String> {
        self.boolean(fact).map(|said| said.unwrap_or(true))
    }

    fn boolean(&self, fact: &str) -> Result<Option<bool>, String> {
        match self.basis.get(fact) {
            None => Ok(None),
            Some(Value::Bool(said)) => Ok(Some(*said)),
            Some(_) => Err(format!("`{fact}` of `basis` is true or false")),
        }
    }

    fn text(&self, fact: &str) -> Result<Option<&'a str>, String> {
        match self.basis.get(fact) {
            None => Ok(None),
            Some(Value::String(said)) => Ok(Some(said)),
            Some(_) => Err(format!("`{fact}` of `basis` is text")),
        }
    }

    /// What is stated and not taken out.
    fn whole(&self, parts: &[(&str, Option<Value>)]) -> Map<String, Value> {
        let there = parts.iter().filter(|(name, _)| !self.lacks.contains(name));
        there.filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?))).collect()
    }

    fn flags(&self, names: &[(&str, &str)]) -> Result<Map<String, Value>, String> {
        let stated = names.iter().map(|(leaf, fact)| Ok((*leaf, self.yes(fact)?.then_some(true.into()))));
        Ok(self.whole(&stated.collect::<Result<Vec<_>, String>>()?))
    }

    /// 42 CFR 2.51(a) and (c). Who attests an emergency by breaking the glass attests that nobody can consent.
    fn emergency(&self, who: &Who<'_>, glass: bool) -> Result<Map<String, Value>, String> {
        let attested = glass && self.yes("medical_emergency")?;
        let emergency = attested || !glass;
        let unobtainable = match self.basis.get("consent_cannot_be_obtained") {
            Some(Value::String(why)) => Some(why.as_str()),
            Some(Value::Bool(true)) => Some("unconscious"),
            Some(Value::Bool(false)) => None,
            None => attested.then_some("unconscious"),
            Some(_) => return Err("`consent_cannot_be_obtained` of `basis` is true, false or a reason".to_owned()),
        };
        let present = match self.boolean("patient_present")? {
            Some(said) => said,
            None => !glass && !self.basis.contains_key("incident"),
        };
        let nature = self.text("nature")?.unwrap_or("other-life-threat");
        Ok(self.whole(&[
            ("nature", emergency.then(|| nature.into())),
            ("consent_unobtainable", unobtainable.map(Value::from)),
            ("treating_provider_determined", emergency.then_some(true.into())),
            ("patient_present", present.then_some(true.into())),
            ("personnel_name", emergency.then(|| who.user.into())),
            ("personnel_affiliation", emergency.then(|| "the unit that asks".into())),
            ("disclosing_person", emergency.then(|| "the exchange".into())),
            ("disclosed_at", emergency.then(|| who.now.into())),
        ]))
    }

    fn threat(&self) -> Result<Map<String, Value>, String> {
        let (admitted, escaped) = (self.yes("violent_crime_admitted")?, self.yes("escaped")?);
        let limb = match (admitted, escaped) {
            (true, _) => "admission",
            (false, true) => "escape",
            (false, false) => "prevent",
        };
        // 164.512(j) rests on the good faith of a person who judged it.
        let judged = self.text("judged_by")?.is_none_or(|by| by != "nobody");
        Ok(self.whole(&[
            ("limb", judged.then(|| limb.into())),
            ("serious_and_imminent", self.yes("serious_and_imminent")?.then_some(true.into())),
            ("recipient_able_to_prevent", self.yes("able_to_prevent")?.then_some(true.into())),
            ("recipient_is_target", self.yes("is_target")?.then_some(true.into())),
            ("threat", Some("what was threatened".into())),
            ("target", Some("who was threatened".into())),
            ("violent_crime_admitted", admitted.then_some(true.into())),
            ("escaped", escaped.then_some(true.into())),
            ("learned_in_treatment_to_affect_propensity", Some(self.yes("learned_in_treatment")?.into())),
        ]))
    }

    /// 45 CFR 164.514(h).
    fn official(&self) -> Result<Map<String, Value>, String> {
        let verified = self.yes("request_verified")?;
        let said = |words: &str| verified.then(|| Value::from(words));
        Ok(self.whole(&[
            ("name", said("the official")),
            ("agency", said("the agency")),
            ("badge", said("17")),
            ("callback_verified_by", said("the records desk")),
        ]))
    }

    fn report(&self) -> Result<Map<String, Value>, String> {
        let subjects = [
            ("child_abuse_suspected", "child"),
            ("elder_abuse_suspected", "elder"),
            ("vulnerable_adult_abuse_suspected", "vulnerable-adult"),
            ("wound", "wound"),
        ];
        let mut subject = None;
        for (fact, name) in subjects {
            if subject.is_none() && self.yes(fact)? {
                subject = Some(Value::from(name));
            }
        }
        Ok(self.whole(&[
            ("statute", Some("the state's reporting law".into())),
            ("agency", Some("the agency that the statute names".into())),
            ("subject", subject),
            ("initial", self.yes("initial_report")?.then_some(true.into())),
        ]))
    }
}

/// Of responders and schools.
impl Facts<'_> {
    /// 42 USC 300ff-133.
    fn exposure(&self, who: &Who<'_>) -> Result<Map<String, Value>, String> {
        let when = (!self.basis.contains_key("incident")).then(|| who.now.into());
        Ok(self.whole(&[
            ("how", self.text("exposure")?.map(Value::from)),
            ("in_line_of_duty", self.unless_denied("line_of_duty")?.then_some(true.into())),
            ("occurred_at", when),
            ("designated_officer", self.yes("designated_officer")?.then_some(true.into())),
            ("employer", Some("the responder's employer".into())),
            ("determined_by", self.text("determined_by")?.map(Value::from)),
        ]))
    }

    /// 34 CFR 99.36.
    fn school_emergency(&self) -> Result<Map<String, Value>, String> {
        let threatened = self.yes("articulable_threat")?;
        Ok(self.whole(&[
            ("at_risk", Some(self.text("at_risk")?.unwrap_or("student").into())),
            ("articulable_and_significant", threatened.then_some(true.into())),
            ("recipient_able_to_protect", self.yes("able_to_protect")?.then_some(true.into())),
            ("recipient_is_school", self.yes("is_school")?.then_some(true.into())),
            ("threat", Some("what was threatened".into())),
        ]))
    }
}

/// The licence that a role of the case stands for; without one, the usual of the kind that treats.
fn licence(who: &Who<'_>) -> &'static str {
    const BY_WORD: &[(&str, &str)] = &[
        ("advanced-practice", "advanced-practice-nurse"),
        ("physician-assistant", "physician-assistant"),
        ("physician", "physician"),
        ("doctor", "physician"),
        ("psychiatrist", "physician"),
        ("paramedic", "paramedic"),
        ("medic", "paramedic"),
        ("emt", "emt"),
        ("nurse", "nurse"),
        ("pharmacist", "pharmacist"),
        ("psychologist", "psychologist"),
        ("social-worker", "social-worker"),
        ("counselor", "counselor"),
        ("clinician", "counselor"),
        ("peer", "peer"),
        ("officer", "peace-officer"),
        ("deputy", "peace-officer"),
        ("dispatcher", "telecommunicator"),
        ("call-taker", "telecommunicator"),
    ];
    let usual = match who.kind {
        RecipientKind::Ems => "paramedic",
        RecipientKind::Hosp => "physician",
        RecipientKind::Bhc | RecipientKind::P2p | RecipientKind::L988 => "nurse",
        RecipientKind::Le => "peace-officer",
        RecipientKind::Psap => "telecommunicator",
        _ => "none",
    };
    let Some(role) = who.role else { return usual };
    BY_WORD.iter().find(|(word, _)| role.contains(word)).map_or("none", |(_, licence)| licence)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn basis(facts: &[(&str, Value)]) -> BTreeMap<String, Value> {
        facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    const MEDIC: Who<'static> =
        Who { role: Some("paramedic"), kind: RecipientKind::Ems, user: "medic", now: "2026-11-22T20:00:00Z" };

    #[test]
    fn an_emergency_is_an_ask_and_its_formalities_are_filled_in() {
        let facts = basis(&[("medical_emergency", true.into()), ("consent_cannot_be_obtained", true.into())]);
        let asked = stated(Some(Purpose::Etreat), &facts, &MEDIC).unwrap().unwrap();
        let emergency = asked.data.get("emergency").unwrap();
        assert_eq!(emergency.get("consent_unobtainable"), Some(&json!("unconscious")));
        assert_eq!(emergency.get("patient_present"), Some(&json!(true)));
        assert_eq!(asked.data.get("licence"), Some(&json!("paramedic")));
        assert!(stated(Some(Purpose::Etreat), &basis(&[]), &MEDIC).unwrap().is_none());
        assert!(stated(Some(Purpose::Treat), &facts, &MEDIC).unwrap().is_none());
    }

    #[test]
    fn what_lacks_names_is_left_out_and_an_unknown_fact_is_refused() {
        let facts = basis(&[("medical_emergency", true.into()), ("lacks", json!(["personnel_name"]))]);
        let asked = stated(Some(Purpose::Etreat), &facts, &MEDIC).unwrap().unwrap();
        assert!(asked.data.get("emergency").unwrap().get("personnel_name").is_none());
        let facts = basis(&[("medical_emergency", true.into()), ("lacks", json!("2.51(c)(1)"))]);
        let asked = stated(Some(Purpose::Etreat), &facts, &MEDIC).unwrap().unwrap();
        let emergency = asked.data.get("emergency").unwrap();
        assert!(emergency.get("personnel_affiliation").is_none() && emergency.get("disclosed_at").is_some());
        let facts = basis(&[("medical_emergency", true.into()), ("lacks", json!(["personel_name"]))]);
        let wrong = stated(Some(Purpose::Etreat), &facts, &MEDIC).err().unwrap();
        assert!(wrong.contains("`personel_name`") && wrong.contains("personnel_name"), "{wrong}");
        let wrong = unread(Some(Purpose::Etreat), &basis(&[("unconscius", true.into())])).unwrap_err();
        assert!(wrong.contains("`unconscius`") && wrong.contains("medical_emergency"), "{wrong}");
    }
}
