//! The county of the walk: units, agreements and persons, folded into one policy state for each state of the agreement.

use std::collections::BTreeMap;

use handoff_law::{Bundle, EventRef, PolicyState};
use handoff_schemas::{
    AgreementId, AgreementStatus, Category, ConsentFacts, ConsentType, EventId, EventType, Expiry, Fact, HookReview,
    LogPos, LogTime, OrgType, PartnerStatus, PersonId, Purpose, Recipient, RecipientKind, RecordId, RevokedFor,
    UnitFacts, UnitId,
};
use uuid::Uuid;

use super::rules::NEVER_CARRIED;
use super::space::{READERS, Reader, SOURCES, Source, Space, Spoil, Subject, Under};
use crate::error::ProveError;

const DAY: i64 = 86_400_000;

/// 2026-11-22, UTC.
pub(super) const NOW: LogTime = LogTime(1_795_305_600_000);

/// A unit that has nothing to do with any case, so that a consent can name somebody else.
const ELSEWHERE: &str = "elsewhere";
const OPERATOR: &str = "hub-operator";
const AGREEMENT: &str = "for-everything";
/// Whose officer wrote the hold.
const POLICE_READER: &str = "to-le";

/// A reader, none being the source itself, and how the engine names it.
type Reading = (Option<&'static Reader>, Recipient);

/// Everything that stays the same over the walk.
pub(super) struct Stage {
    event_type: EventType,
    units: BTreeMap<&'static str, UnitId>,
    readers: BTreeMap<&'static str, Vec<Reading>>,
    states: BTreeMap<Under, PolicyState>,
    subjects: Vec<Subject>,
    /// What the ruled event says where it is about a hold.
    held: Vec<Fact>,
    nobody: UnitId,
}

impl Stage {
    /// Builds the states that the space asks for.
    ///
    /// # Errors
    /// HO-4403 where an id or the agreement of the walk cannot be read.
    pub fn set(space: &Space, bundle: &Bundle) -> Result<Self, ProveError> {
        let mut subjects: Vec<Subject> = Vec::new();
        for group in space.groups() {
            if !subjects.contains(&group.subject) {
                subjects.push(group.subject);
            }
        }
        let slugs = SOURCES.iter().map(|s| s.slug).chain(READERS.iter().map(|r| r.slug)).chain([ELSEWHERE]);
        let mut units = BTreeMap::new();
        for slug in slugs {
            units.insert(slug, unit_id(slug)?);
        }
        let mut readers = BTreeMap::new();
        for source in SOURCES {
            readers.insert(source.slug, readers_of(source)?);
        }
        let mut states = BTreeMap::new();
        for under in Under::ALL {
            if space.groups().iter().any(|g| g.unders.contains(&under)) {
                states.insert(under, Fold::state(under, &subjects, bundle)?);
            }
        }
        let event_type = read("encounter.care-reported.v1")?;
        let held = vec![Fact::HoldWritten { person: person(0), unit: unit_id(POLICE_READER)? }];
        Ok(Self { event_type, units, readers, states, subjects, held, nobody: unit_id(OPERATOR)? })
    }

    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// The record the ruled event belongs to.
    pub fn record(&self) -> RecordId {
        RecordId(Uuid::from_u64_pair(5, 1))
    }

    pub fn unit(&self, source: &Source) -> &UnitId {
        self.units.get(source.slug).unwrap_or(&self.nobody)
    }

    /// Every reader of what this source published, itself last.
    pub fn readers(&self, source: &Source) -> &[Reading] {
        self.readers.get(source.slug).map_or(&[], Vec::as_slice)
    }

    pub fn state(&self, under: Under) -> Option<&PolicyState> {
        self.states.get(&under)
    }

    /// What the ruled event says to policy.
    pub fn facts(&self, under: Under) -> &[Fact] {
        if under.held() { &self.held } else { &[] }
    }

    pub fn person(&self, subject: Subject) -> PersonId {
        person(self.subjects.iter().position(|s| *s == subject).unwrap_or(self.subjects.len()))
    }
}

fn read<T: std::str::FromStr>(text: &str) -> Result<T, ProveError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e| ProveError::County(format!("`{text}`: {e}")))
}

fn unit_id(slug: &str) -> Result<UnitId, ProveError> {
    read(slug)
}

fn person(number: usize) -> PersonId {
    PersonId(Uuid::from_u64_pair(1, number as u64))
}

fn readers_of(source: &Source) -> Result<Vec<Reading>, ProveError> {
    let mut all = Vec::new();
    for reader in &READERS {
        all.push((Some(reader), Recipient { unit: unit_id(reader.slug)?, kind: reader.kind }));
    }
    all.push((None, Recipient { unit: unit_id(source.slug)?, kind: source.role }));
    Ok(all)
}

/// A state being folded.
struct Fold {
    state: PolicyState,
    pos: u64,
}

impl Fold {
    fn state(under: Under, subjects: &[Subject], bundle: &Bundle) -> Result<PolicyState, ProveError> {
        let mut fold = Self { state: PolicyState::new(), pos: 0 };
        fold.units()?;
        fold.agreement(under)?;
        if under == Under::Reviewed {
            let all: Vec<Fact> = bundle.hooks.all().map(|hook| reviewed(&hook.id)).collect();
            fold.apply(OPERATOR, &all)?;
        }
        for (number, subject) in subjects.iter().enumerate() {
            fold.subject(number, *subject)?;
        }
        Ok(fold.state)
    }

    fn apply(&mut self, by: &str, facts: &[Fact]) -> Result<(), ProveError> {
        self.pos += 1;
        let id = EventId(Uuid::from_u64_pair(3, self.pos));
        let event = EventRef { id, record: RecordId(Uuid::from_u64_pair(6, self.pos)), source: unit_id(by)? };
        self.state.apply(LogPos(self.pos), NOW, &event, facts);
        Ok(())
    }

    fn units(&mut self) -> Result<(), ProveError> {
        for source in SOURCES {
            let mut unit = facts_of(source.slug, vec![source.role])?;
            (unit.hipaa, unit.part2, unit.victim_services) = (source.hipaa, source.part2, source.victims);
            self.unit(unit, source.org, PartnerStatus::Active)?;
        }
        for reader in &READERS {
            let second = reader.police.then_some(RecipientKind::Le);
            let mut unit = facts_of(reader.slug, std::iter::once(reader.kind).chain(second).collect())?;
            (unit.hipaa, unit.part2) = (reader.hipaa, reader.part2);
            unit.victim_services = reader.kind == RecipientKind::Vsp;
            let status = if reader.suspended { PartnerStatus::Suspended } else { PartnerStatus::Active };
            self.unit(unit, OrgType::Other, status)?;
        }
        self.unit(facts_of(ELSEWHERE, vec![RecipientKind::Bhc])?, OrgType::Other, PartnerStatus::Active)
    }

    fn unit(&mut self, unit: UnitFacts, org_type: OrgType, status: PartnerStatus) -> Result<(), ProveError> {
        let partner = unit.partner.clone();
        let registered = Fact::PartnerRegistered { partner: partner.clone(), name: partner.to_string(), org_type };
        let moved = Fact::PartnerMoved { partner, status };
        self.apply(OPERATOR, &[registered, moved, Fact::UnitRegistered { unit }])
    }

    fn agreement(&mut self, under: Under) -> Result<(), ProveError> {
        let moves: &[AgreementStatus] = match under {
            Under::None => return Ok(()),
            Under::Draft => &[],
            Under::InForce | Under::Prohibiting | Under::Unreviewed | Under::Reviewed => &[AgreementStatus::Active],
            Under::Suspended => &[AgreementStatus::Active, AgreementStatus::Suspended],
            Under::Expired => &[AgreementStatus::Active, AgreementStatus::Expired],
        };
        let prohibited: &[Purpose] = if under == Under::Prohibiting { Purpose::ALL } else { &[] };
        let document = for_everything(prohibited);
        handoff_law::Agreement::parse(&document).map_err(|e| ProveError::County(e.to_string()))?;
        let agreement: AgreementId = read(AGREEMENT)?;
        self.apply(OPERATOR, &[Fact::AgreementDrafted { agreement: agreement.clone(), version: 1, document }])?;
        for status in moves {
            let moved = Fact::AgreementMoved { agreement: agreement.clone(), version: 1, status: *status };
            self.apply(OPERATOR, &[moved])?;
        }
        Ok(())
    }

    fn subject(&mut self, number: usize, subject: Subject) -> Result<(), ProveError> {
        if let Some(kind) = subject.consent {
            let consent = consent(number, kind, subject.spoil)?;
            let by = if subject.spoil == Some(Spoil::Unverified) { ELSEWHERE } else { first(&consent) };
            self.apply(by, &[Fact::ConsentRecorded { consent: consent.clone() }])?;
            self.spoil(number, consent, subject.spoil)?;
        }
        if subject.erased {
            for source in SOURCES {
                let unit = unit_id(source.slug)?;
                let ordered = Fact::ErasureOrdered { person: person(number), unit, categories: Vec::new() };
                self.apply(source.slug, &[ordered])?;
            }
        }
        Ok(())
    }

    /// What comes to a consent after it was recorded.
    fn spoil(&mut self, number: usize, consent: ConsentFacts, spoil: Option<Spoil>) -> Result<(), ProveError> {
        let (record, person) = (consent.consent, consent.person);
        let revoked = |parties| Fact::ConsentRevoked { consent: record, person, parties, oral: false };
        match spoil {
            Some(Spoil::Revoked) => self.apply(first(&consent), &[revoked(RevokedFor::All)]),
            Some(Spoil::RevokedForThem) => {
                let parties = RevokedFor::Parties(consent.recipients.to_vec());
                self.apply(first(&consent), &[revoked(parties)])
            }
            Some(Spoil::Denied) => {
                let denial = ConsentFacts {
                    consent: RecordId(Uuid::from_u64_pair(7, number as u64)),
                    deny: true,
                    grantors: [].into(),
                    recipients: [].into(),
                    tpo_class: false,
                    purposes: [].into(),
                    categories: [].into(),
                    ..consent
                };
                self.apply(SOURCES.first().map_or(OPERATOR, |s| s.slug), &[Fact::ConsentRecorded { consent: denial }])
            }
            _ => Ok(()),
        }
    }
}

/// Somebody reviewed it, for everything.
fn reviewed(hook: &str) -> Fact {
    let (hook, reviewed_by) = (hook.to_owned(), "counsel".to_owned());
    Fact::HookReviewed {
        review: HookReview { hook, reviewed_by, reviewed_on: None, agreement: None, age: None, withdrawn: false },
    }
}

/// Who recorded it: a unit that may disclose under it.
fn first(consent: &ConsentFacts) -> &str {
    consent.grantors.first().map_or(OPERATOR, UnitId::as_str)
}

fn facts_of(slug: &str, roles: Vec<RecipientKind>) -> Result<UnitFacts, ProveError> {
    Ok(UnitFacts {
        unit: unit_id(slug)?,
        partner: read(slug)?,
        name: format!("Unit {slug}"),
        hipaa: handoff_schemas::HipaaStatus::None,
        part2: handoff_schemas::Part2Status::No,
        cjis: false,
        victim_services: false,
        roles,
        jurisdiction: "US-WA".to_owned(),
        further_law: Vec::new(),
    })
}

/// A consent of a type that covers every source, reader and category, and every purpose the type can be for; but for
/// what spoils it.
fn consent(number: usize, kind: ConsentType, spoil: Option<Spoil>) -> Result<ConsentFacts, ProveError> {
    let tpo = kind == ConsentType::Part2Tpo;
    let of = |purpose: &Purpose| match kind {
        ConsentType::Part2Tpo => matches!(purpose, Purpose::Treat | Purpose::Hpaymt | Purpose::Hoperat),
        ConsentType::Part2Proceedings => purpose.is_proceeding(),
        _ => !purpose.is_proceeding(),
    };
    let ends = if spoil == Some(Spoil::Expired) { NOW } else { LogTime(NOW.0 + 90 * DAY) };
    let mut consent = ConsentFacts {
        grantors: SOURCES.iter().map(|s| unit_id(s.slug)).collect::<Result<_, _>>()?,
        recipients: READERS.iter().map(|r| unit_id(r.slug)).collect::<Result<_, _>>()?,
        tpo_class: tpo,
        purposes: Purpose::ALL.iter().copied().filter(of).collect(),
        categories: Category::ALL.iter().copied().filter(|c| *c != Category::Administrative).collect(),
        signed_at: LogTime(NOW.0 - DAY),
        expiry: Expiry::At { at: ends },
        ..ConsentFacts::blank(RecordId(Uuid::from_u64_pair(2, number as u64)), person(number), kind)
    };
    match spoil {
        Some(Spoil::OtherRecipient) => {
            (consent.recipients, consent.tpo_class) = ([unit_id(ELSEWHERE)?].into(), false);
        }
        Some(Spoil::OtherSource) => consent.grantors = [unit_id(ELSEWHERE)?].into(),
        Some(Spoil::OtherPurpose) => consent.purposes = [Purpose::Accounting].into(),
        _ => {}
    }
    Ok(consent)
}

/// An agreement between all of them for everything: what then is withheld, the law withholds.
fn for_everything(prohibited: &[Purpose]) -> String {
    let list = |words: Vec<String>| {
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        format!("[{}]", quoted.join(","))
    };
    let words = |all: &[Purpose]| list(all.iter().map(ToString::to_string).collect());
    let parties: Vec<&str> = SOURCES.iter().map(|s| s.slug).chain(READERS.iter().map(|r| r.slug)).collect();
    let carried = Category::ALL.iter().filter(|c| **c != Category::Administrative && !NEVER_CARRIED.contains(&c.id()));
    let units = list(parties.iter().map(|p| (*p).to_owned()).collect());
    let mut text = format!(
        "id = \"{AGREEMENT}\"\nversion = 1\nkind = \"PARTICIPATION\"\ntitle = \"All\"\neffective_from = 2026-01-01\n\
         evergreen = true\nreview_due = 2027-01-01\nprohibited_uses = {}\nredisclosure = \"none\"\n\
         incident_notice_hours = 1\nretention = \"none\"\n",
        words(prohibited)
    );
    for party in &parties {
        text.push_str(&format!("[[party]]\nunit = \"{party}\"\nrole = \"member\"\n"));
        text.push_str(&format!("[[signatory]]\nunit = \"{party}\"\nname = \"n\"\ntitle = \"t\"\n"));
    }
    text.push_str(&format!(
        "[[flow]]\nclause = \"all\"\nfrom = {units}\nto = {units}\nroles = {}\npurposes = {}\ncategories = {}\n",
        list(RecipientKind::ALL.iter().chain(RecipientKind::OUTSIDE).map(ToString::to_string).collect()),
        words(Purpose::ALL),
        list(carried.map(ToString::to_string).collect()),
    ));
    text
}
