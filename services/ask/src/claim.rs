//! The facts of each authority, and which of them it requires (rulebook 7.3 step 8).

mod exposure;
mod school;

use exposure::Exposure;
use handoff_schemas::{
    BreakGlassClaim, Claim, CrimeAct, CrimeAlertClaim, CustodyClaim, CustodyKind, CustodyLimb, EmergencyClaim,
    EmergencyNature, LocateClaim, LocateTarget, MandatedReportClaim, Official, PremisesCrimeClaim, Purpose,
    ReportSubject, ThreatClaim, ThreatLimb, Unobtainable, VictimClaim,
};
use handoff_spine::command::Refusal;
use school::SchoolEmergency;
use serde::Deserialize;

use crate::decide::missing;

/// Text of a fact: policy learns that it is there, and no more.
type Words = Option<String>;

#[derive(Deserialize)]
pub struct Facts {
    basis: String,
    #[serde(default)]
    recipient: Option<serde::de::IgnoredAny>,
    emergency: Option<Emergency>,
    break_glass: Option<BreakGlass>,
    threat: Option<Threat>,
    official: Option<By>,
    locate: Option<Locate>,
    victim: Option<Victim>,
    custody: Option<Custody>,
    premises_crime: Option<PremisesCrime>,
    crime_alert: Option<CrimeAlert>,
    mandated_report: Option<MandatedReport>,
    exposure: Option<Exposure>,
    school_emergency: Option<SchoolEmergency>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Emergency {
    nature: Option<EmergencyNature>,
    consent_unobtainable: Option<Unobtainable>,
    treating_provider_determined: bool,
    patient_present: bool,
    personnel_name: Words,
    personnel_affiliation: Words,
    disclosing_person: Words,
    disclosed_at: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BreakGlass {
    reason: Words,
    emergency_attested: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Threat {
    limb: Option<ThreatLimb>,
    serious_and_imminent: bool,
    recipient_able_to_prevent: bool,
    threat: Words,
    target: Words,
    recipient_is_target: bool,
    violent_crime_admitted: bool,
    escaped: bool,
    learned_in_treatment_to_affect_propensity: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct By {
    name: Words,
    agency: Words,
    badge: Words,
    callback_verified_by: Words,
}

#[derive(Deserialize)]
struct Locate {
    target: LocateTarget,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Victim {
    agrees: bool,
    incapacitated: bool,
    need_represented: bool,
    not_against_victim: bool,
    immediate: bool,
    best_interests: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Custody {
    kind: Option<CustodyKind>,
    lawful: bool,
    custodian: Words,
    limb: Option<CustodyLimb>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PremisesCrime {
    on_premises: bool,
    against_personnel: bool,
    act: Option<CrimeAct>,
    by_patient: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CrimeAlert {
    off_premises: bool,
    crime: Words,
    abuse_neglect_or_domestic_violence: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MandatedReport {
    statute: Words,
    agency: Words,
    subject: Option<ReportSubject>,
    initial: bool,
}

/// The claim that the ask makes. `incident`: the envelope names one.
///
/// # Errors
/// HO-2506 with the place of the first required fact that is not stated; HO-2507 where the purpose is another's.
pub fn of(facts: Facts, purpose: Purpose, incident: bool) -> Result<Claim, Refusal> {
    let official = official(facts.official.unwrap_or_default());
    let discloses = facts.recipient.is_some();
    match (facts.basis.as_str(), purpose) {
        ("emergency", Purpose::Etreat | Purpose::Ertreat) => {
            let stated = facts.emergency.ok_or_else(|| missing("/emergency"))?;
            require(&[
                (stated.nature.is_some(), "/emergency/nature"),
                (stated.treating_provider_determined, "/emergency/treating_provider_determined"),
                (incident || stated.patient_present, "/emergency/patient_present"),
            ])?;
            Ok(Claim::Emergency(emergency(stated, incident)))
        }
        ("break-glass", Purpose::Btg) => {
            let glass = facts.break_glass.ok_or_else(|| missing("/break_glass"))?;
            let stated = facts.emergency.unwrap_or_default();
            require(&[
                (said(&glass.reason), "/break_glass/reason"),
                (glass.emergency_attested, "/break_glass/emergency_attested"),
                (incident || stated.patient_present, "/emergency/patient_present"),
            ])?;
            let emergency = emergency(stated, incident);
            Ok(Claim::BreakGlass(BreakGlassClaim { reasoned: true, attested: true, emergency }))
        }
        ("threat", Purpose::DutyWarn) => {
            require(&[(discloses, "/recipient")])?;
            threat(&facts.threat.ok_or_else(|| missing("/threat"))?).map(Claim::Threat)
        }
        ("locate", Purpose::LeLocate | Purpose::Missing) => {
            let locate = facts.locate.ok_or_else(|| missing("/locate"))?;
            vouched(official)?;
            Ok(Claim::Locate(LocateClaim { target: Some(locate.target), official }))
        }
        ("victim", Purpose::LeVictim) => {
            require(&[(discloses, "/recipient")])?;
            victim(&facts.victim.ok_or_else(|| missing("/victim"))?, official).map(Claim::Victim)
        }
        ("custody", Purpose::CustodyHealth) => {
            let c = facts.custody.ok_or_else(|| missing("/custody"))?;
            let custodian_named = said(&c.custodian);
            require(&[
                (c.kind.is_some_and(|kind| kind != CustodyKind::Hold), "/custody/kind"),
                (c.lawful, "/custody/lawful"),
                (custodian_named, "/custody/custodian"),
                (c.limb.is_some(), "/custody/limb"),
            ])?;
            Ok(Claim::Custody(CustodyClaim { custody: c.kind, lawful: c.lawful, custodian_named, limb: c.limb }))
        }
        ("premises-crime", Purpose::LeCrimeAlert) => {
            let c = facts.premises_crime.ok_or_else(|| missing("/premises_crime"))?;
            require(&[
                (discloses, "/recipient"),
                (c.on_premises || c.against_personnel, "/premises_crime/on_premises"),
                (c.act.is_some(), "/premises_crime/act"),
                (c.by_patient, "/premises_crime/by_patient"),
            ])?;
            let PremisesCrime { on_premises, against_personnel, act, by_patient } = c;
            Ok(Claim::PremisesCrime(PremisesCrimeClaim { on_premises, against_personnel, act, by_patient }))
        }
        ("crime-alert", Purpose::LeCrimeAlert) => {
            let c = facts.crime_alert.ok_or_else(|| missing("/crime_alert"))?;
            let (crime_stated, abuse) = (said(&c.crime), c.abuse_neglect_or_domestic_violence);
            require(&[
                (discloses, "/recipient"),
                (c.off_premises, "/crime_alert/off_premises"),
                (crime_stated, "/crime_alert/crime"),
                (abuse == Some(false), "/crime_alert/abuse_neglect_or_domestic_violence"),
            ])?;
            Ok(Claim::CrimeAlert(CrimeAlertClaim { off_premises: c.off_premises, crime_stated, abuse }))
        }
        ("mandated-report", Purpose::MandatedReport) => {
            let c = facts.mandated_report.ok_or_else(|| missing("/mandated_report"))?;
            let (statute, agency) = (said(&c.statute), said(&c.agency));
            require(&[
                (discloses, "/recipient"),
                (statute, "/mandated_report/statute"),
                (agency, "/mandated_report/agency"),
                (c.subject.is_some(), "/mandated_report/subject"),
            ])?;
            let (subject, initial) = (c.subject, c.initial);
            Ok(Claim::MandatedReport(MandatedReportClaim { statute, agency, subject, initial }))
        }
        ("exposure", Purpose::PublicHealth) => facts.exposure.ok_or_else(|| missing("/exposure"))?.claim(incident),
        ("school-emergency", Purpose::Threat) => {
            facts.school_emergency.ok_or_else(|| missing("/school_emergency"))?.claim(discloses)
        }
        _ => Err(Refusal::new(
            "HO-2507",
            "this authority does not serve this purpose",
            "emergency: ETREAT; break-glass: BTG; threat: DUTYWARN; locate: LELOCATE or MISSING; victim: LEVICTIM; \
             custody: CUSTODYHEALTH; premises-crime, crime-alert: LECRIMEALERT; mandated-report: MANDRPT; \
             exposure: PUBHLTH; school-emergency: THREAT",
        )
        .at("/purpose")),
    }
}

/// What 42 CFR 2.51 asks for beyond an emergency may be missing: then Part 2 records stay closed.
fn emergency(e: Emergency, incident: bool) -> EmergencyClaim {
    EmergencyClaim {
        nature: e.nature,
        unobtainable: e.consent_unobtainable,
        treating: e.treating_provider_determined,
        at_hand: incident || e.patient_present,
        personnel_named: said(&e.personnel_name) && said(&e.personnel_affiliation),
        discloser_named: said(&e.disclosing_person) && said(&e.disclosed_at),
    }
}

fn threat(t: &Threat) -> Result<ThreatClaim, Refusal> {
    let (threat_stated, target_stated) = (said(&t.threat), said(&t.target));
    match t.limb {
        None => return Err(missing("/threat/limb")),
        Some(ThreatLimb::Prevent) => require(&[
            (t.serious_and_imminent, "/threat/serious_and_imminent"),
            (t.recipient_able_to_prevent || t.recipient_is_target, "/threat/recipient_able_to_prevent"),
            (threat_stated, "/threat/threat"),
            (target_stated, "/threat/target"),
        ])?,
        Some(ThreatLimb::Admission) => require(&[
            (t.violent_crime_admitted, "/threat/violent_crime_admitted"),
            (
                t.learned_in_treatment_to_affect_propensity == Some(false),
                "/threat/learned_in_treatment_to_affect_propensity",
            ),
        ])?,
        Some(ThreatLimb::Escape) => require(&[(t.escaped, "/threat/escaped")])?,
    }
    Ok(ThreatClaim {
        limb: t.limb,
        serious_and_imminent: t.serious_and_imminent,
        able_to_prevent: t.recipient_able_to_prevent,
        threat_stated,
        target_stated,
        to_target: t.recipient_is_target,
        violent_crime_admitted: t.violent_crime_admitted,
        escaped: t.escaped,
        learned_in_treatment: t.learned_in_treatment_to_affect_propensity,
    })
}

fn victim(v: &Victim, official: Official) -> Result<VictimClaim, Refusal> {
    vouched(official)?;
    if !v.agrees {
        require(&[
            (v.incapacitated, "/victim/agrees"),
            (v.need_represented, "/victim/need_represented"),
            (v.not_against_victim, "/victim/not_against_victim"),
            (v.immediate, "/victim/immediate"),
            (v.best_interests, "/victim/best_interests"),
        ])?;
    }
    Ok(VictimClaim {
        agrees: v.agrees,
        incapacitated: v.incapacitated,
        need_represented: v.need_represented,
        not_against_victim: v.not_against_victim,
        immediate: v.immediate,
        best_interests: v.best_interests,
        official,
    })
}

fn official(by: By) -> Official {
    Official {
        name: said(&by.name),
        agency: said(&by.agency),
        badge: said(&by.badge),
        callback_verified: said(&by.callback_verified_by),
    }
}

/// 164.514(h): who asks as a public official was called back.
fn vouched(official: Official) -> Result<(), Refusal> {
    require(&[
        (official.name, "/official/name"),
        (official.agency, "/official/agency"),
        (official.badge, "/official/badge"),
        (official.callback_verified, "/official/callback_verified_by"),
    ])
}

fn require(facts: &[(bool, &str)]) -> Result<(), Refusal> {
    facts.iter().find(|(stated, _)| !stated).map_or(Ok(()), |(_, place)| Err(missing(place)))
}

fn said(words: &Words) -> bool {
    words.as_ref().is_some_and(|w| !w.trim().is_empty())
}
