//! A small county for the tests: units, agreements and consents given, one event ruled.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use handoff_law::{Bundle, EventFacts, EventRef, Memo, Outcome, PolicyState, Rerule, Ruling, SliceRuling};
use handoff_schemas::*;

pub const DAY: i64 = 86_400_000;
/// 2026-11-22, UTC.
pub const NOW: LogTime = LogTime(1_795_305_600_000);

pub fn unit_id(slug: &str) -> UnitId {
    slug.parse().unwrap()
}

pub fn person(n: u64) -> PersonId {
    PersonId(uuid::Uuid::from_u64_pair(1, n))
}

pub fn record(n: u64) -> RecordId {
    RecordId(uuid::Uuid::from_u64_pair(2, n))
}

pub fn to(unit: &str, kind: RecipientKind) -> Recipient {
    Recipient { unit: unit_id(unit), kind }
}

pub fn unit(slug: &str, partner: &str, roles: &[RecipientKind], hipaa: HipaaStatus, part2: Part2Status) -> UnitFacts {
    UnitFacts {
        unit: unit_id(slug),
        partner: partner.parse().unwrap(),
        name: format!("Unit {slug}"),
        hipaa,
        part2,
        cjis: false,
        victim_services: false,
        roles: roles.to_vec(),
        jurisdiction: "US-WA".to_owned(),
        further_law: Vec::new(),
    }
}

pub struct County {
    pub bundle: Arc<Bundle>,
    pub state: PolicyState,
    pub at: LogTime,
    pub pos: u64,
    pub memo: Memo,
}

impl County {
    pub fn empty() -> Self {
        let bundle = Bundle::embedded().unwrap();
        Self { bundle, state: PolicyState::new(), at: NOW, pos: 0, memo: Memo::new() }
    }

    /// The county of the example forms, all agreements active.
    pub fn river() -> Self {
        use HipaaStatus::{CoveredProvider, None as NotCovered};
        use RecipientKind::*;
        let mut c = Self::empty();
        c.unit(unit("river-911", "river-911", &[Psap], NotCovered, Part2Status::No));
        c.unit(unit("river-pd-patrol", "river-pd", &[Le], NotCovered, Part2Status::No));
        c.unit(unit("river-fire-ems", "river-fire", &[Ems], CoveredProvider, Part2Status::No));
        c.unit(unit("willow-clinic-crisis", "willow-clinic", &[Bhc], CoveredProvider, Part2Status::No));
        c.unit(unit("harbor-recovery-sud", "harbor-recovery", &[P2p], CoveredProvider, Part2Status::Yes));
        c.unit(unit("lantern-shelter-intake", "lantern-shelter", &[Cbo], NotCovered, Part2Status::No));
        for document in FORMS {
            c.agreement(document);
        }
        c
    }

    pub fn fold(&mut self, source: &str, facts: Vec<Fact>) -> Vec<Rerule> {
        self.pos += 1;
        let id = EventId(uuid::Uuid::from_u64_pair(3, self.pos));
        let event = EventRef { id, record: record(self.pos), source: unit_id(source) };
        self.state.apply(LogPos(self.pos), self.at, &event, &facts)
    }

    pub fn unit(&mut self, unit: UnitFacts) {
        let partner = unit.partner.clone();
        let registered =
            Fact::PartnerRegistered { partner: partner.clone(), name: partner.to_string(), org_type: OrgType::Other };
        let active = Fact::PartnerMoved { partner, status: PartnerStatus::Active };
        self.fold("hub-operator", vec![registered, active, Fact::UnitRegistered { unit }]);
    }

    pub fn agreement(&mut self, document: &str) {
        let parsed = handoff_law::Agreement::parse(document).unwrap();
        let (agreement, version) = (parsed.id, parsed.version);
        let drafted = Fact::AgreementDrafted { agreement: agreement.clone(), version, document: document.to_owned() };
        let active = Fact::AgreementMoved { agreement, version, status: AgreementStatus::Active };
        self.fold("hub-operator", vec![drafted, active]);
    }

    pub fn move_agreement(&mut self, id: &str, status: AgreementStatus) -> Vec<Fact> {
        let facts = vec![Fact::AgreementMoved { agreement: id.parse().unwrap(), version: 1, status }];
        self.fold("hub-operator", facts.clone());
        facts
    }

    pub fn consent(&mut self, consent: ConsentFacts) {
        let by = consent.grantors.first().map_or("hub-operator".to_owned(), ToString::to_string);
        self.fold(&by, vec![Fact::ConsentRecorded { consent }]);
    }

    pub fn rule(&mut self, event: &Event, to: &Recipient) -> Ruling {
        let event_type = event.event_type.parse().unwrap();
        let facts = event.facts(&event_type);
        let warm = self.memo.rule(&self.bundle, &self.state, &facts, to, self.at);
        let again = self.memo.rule(&self.bundle, &self.state, &facts, to, self.at);
        let cold = handoff_law::rule(&self.bundle, &self.state, &facts, to, self.at);
        assert_eq!(warm, cold, "memo differs from a cold ruling");
        assert_eq!(again, cold, "memo differs from a cold ruling the second time");
        cold
    }

    /// Puts an ask on the log, as its unit.
    pub fn asks(&mut self, ask: &AskFacts) -> Vec<Rerule> {
        self.fold(ask.unit.clone().as_str(), vec![Fact::AskMade { ask: ask.clone() }])
    }

    /// Rules an event under an ask that is on the log.
    pub fn under(&mut self, event: &Event, ask: RecordId) -> Ruling {
        let event_type = event.event_type.parse().unwrap();
        let facts = event.facts(&event_type);
        let ask = self.state.ask(ask).expect("the ask is on the log");
        let warm = self.memo.rule_asked(&self.bundle, &self.state, &facts, ask, self.at);
        let cold = handoff_law::rule_asked(&self.bundle, &self.state, &facts, ask, self.at);
        assert_eq!(warm, cold, "memo differs from a cold ruling");
        cold
    }

    pub fn ask(&mut self, event: &Event, to: &Recipient, purpose: Purpose) -> Ruling {
        let event_type = event.event_type.parse().unwrap();
        let facts = event.facts(&event_type);
        let warm = self.memo.rule_for(&self.bundle, &self.state, &facts, to, purpose, self.at);
        let cold = handoff_law::rule_for(&self.bundle, &self.state, &facts, to, purpose, self.at);
        assert_eq!(warm, cold, "memo differs from a cold ruling");
        cold
    }
}

pub const FORMS: &[&str] = &[
    include_str!("../../forms/agreement-crisis-co-response.toml"),
    include_str!("../../forms/agreement-treatment.toml"),
    include_str!("../../forms/agreement-shelter-referrals.toml"),
    include_str!("../../forms/agreement-hub-qsoa.toml"),
];

#[derive(Clone, Debug)]
pub struct Event {
    pub event_type: &'static str,
    pub record: RecordId,
    pub asserted_at: Option<&'static str>,
    pub source: UnitId,
    pub person: Option<PersonId>,
    pub categories: Vec<Category>,
    pub labels: Vec<LawLabel>,
    pub content: Vec<SliceLabels>,
    pub facts: Vec<Fact>,
    pub pos: LogPos,
}

impl Event {
    pub fn of(source: &str, categories: &[Category]) -> Self {
        Self {
            event_type: "encounter.care-reported.v1",
            record: record(1),
            asserted_at: Some("2026-11-20T21:14:00-08:00"),
            source: unit_id(source),
            person: Some(person(1)),
            categories: categories.to_vec(),
            labels: Vec::new(),
            content: Vec::new(),
            facts: Vec::new(),
            pos: LogPos(1),
        }
    }

    pub fn facts<'a>(&'a self, event_type: &'a EventType) -> EventFacts<'a> {
        EventFacts {
            id: EventId(uuid::Uuid::from_u64_pair(4, 4)),
            event_type,
            record: self.record,
            pos: self.pos,
            asserted_at: self.asserted_at,
            source: &self.source,
            person: self.person,
            categories: &self.categories,
            labels: &self.labels,
            content: &self.content,
            facts: &self.facts,
        }
    }
}

/// A consent that is whole on its face, to be bent by the test.
pub fn consent(n: u64, consent_type: ConsentType, from: &str, recipients: &[&str]) -> ConsentFacts {
    let tpo = consent_type == ConsentType::Part2Tpo;
    ConsentFacts {
        consent: record(1000 + n),
        person: person(1),
        consent_type,
        grantors: [unit_id(from)].into(),
        recipients: recipients.iter().map(|r| unit_id(r)).collect(),
        tpo_class: tpo,
        treating_participants: false,
        purposes: if tpo {
            [Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat].into()
        } else {
            [Purpose::Treat, Purpose::Coc].into()
        },
        categories: carried().into(),
        elements: [].into(),
        data_from: None,
        data_before: None,
        records: [].into(),
        event_types: [].into(),
        signed_at: LogTime(NOW.0 - DAY),
        expiry: Expiry::At { at: LogTime(NOW.0 + 90 * DAY) },
        deny: false,
        restriction: false,
        revocable_from: None,
    }
}

/// Every category the hub carries.
pub fn carried() -> Vec<Category> {
    let bundle = Bundle::embedded().unwrap();
    let never = |c: &Category| bundle.defaults.never_carried.contains(c) || *c == Category::Administrative;
    Category::ALL.iter().copied().filter(|c| !never(c)).collect()
}

pub fn one(ruling: &Ruling, category: Category) -> &SliceRuling {
    ruling.slice(category).expect("the event has this category")
}

#[track_caller]
pub fn shows(ruling: &Ruling, category: Category) -> Vec<String> {
    match one(ruling, category).outcome.elements() {
        ElementSet::All => vec!["*".to_owned()],
        ElementSet::Some(set) => set.into_iter().collect(),
    }
}

#[track_caller]
pub fn withheld(ruling: &Ruling, category: Category) -> Vec<&'static str> {
    match &one(ruling, category).outcome {
        Outcome::Release(grants) => panic!("{category} was released: {grants:?}"),
        Outcome::Withhold(reasons) => reasons.iter().map(|w| w.reason.code()).collect(),
    }
}

#[track_caller]
pub fn nothing_released(ruling: &Ruling) {
    for slice in ruling.slices.iter() {
        assert!(matches!(slice.outcome, Outcome::Withhold(_)), "{} was released", slice.category);
    }
}

/// An agreement between these units for everything: what then is withheld, the law withholds.
pub fn everything(units: &[(&str, RecipientKind)]) -> String {
    let mut doc = String::from(
        "id = \"everything\"\nversion = 1\nkind = \"PARTICIPATION\"\ntitle = \"t\"\neffective_from = 2026-01-01\n\
         evergreen = true\nreview_due = 2027-01-01\nprohibited_uses = []\nredisclosure = \"none\"\n\
         incident_notice_hours = 1\nretention = \"r\"\n",
    );
    let list =
        |words: Vec<String>| format!("[{}]", words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(","));
    let names = list(units.iter().map(|(u, _)| (*u).to_owned()).collect());
    let roles: std::collections::BTreeSet<String> = units.iter().map(|(_, k)| k.to_string()).collect();
    for (unit, _) in units {
        doc += &format!("[[party]]\nunit = \"{unit}\"\nrole = \"member\"\n");
        doc += &format!("[[signatory]]\nunit = \"{unit}\"\nname = \"n\"\ntitle = \"t\"\n");
    }
    let purposes = list(Purpose::ALL.iter().map(ToString::to_string).collect());
    let categories = list(carried().iter().map(ToString::to_string).collect());
    doc + &format!(
        "[[flow]]\nclause = \"all\"\nfrom = {names}\nto = {names}\nroles = {}\npurposes = {purposes}\ncategories = {categories}\n",
        list(roles.into_iter().collect())
    )
}

/// The situations of `expected/derive.py`, which says what each is.
pub const SITUATIONS: &[&str] = &["none", "agreement", "part2", "police", "ems"];

/// The referrals of a situation, both asked for by police: `source` reports on one as its referrer, on the other as its
/// performer.
pub const REFERRED: u64 = 501;
pub const PERFORMED: u64 = 502;

/// A unit `source`, and one covered (or plainly not covered) recipient unit `to-<kind>` of each kind.
pub struct Situation {
    pub county: County,
    pub source: RecipientKind,
    /// What the consent events of `source` are about.
    pub consent: ConsentFacts,
}

impl Situation {
    pub fn of(name: &str) -> Self {
        let (source, hipaa) = match name {
            "police" => (RecipientKind::Le, HipaaStatus::None),
            "ems" => (RecipientKind::Ems, HipaaStatus::CoveredProvider),
            _ => (RecipientKind::Bhc, HipaaStatus::CoveredProvider),
        };
        let part2 = if name == "part2" { Part2Status::Yes } else { Part2Status::No };
        let mut county = County::empty();
        county.unit(unit("source", "source", &[source], hipaa, part2));
        let mut all = vec![("source".to_owned(), source)];
        for kind in RecipientKind::ALL {
            let to = to_kind(*kind);
            let covered = matches!(kind.code(), "EMS" | "BHC" | "P2P" | "HOSP" | "CMP" | "L988");
            let hipaa = if covered { HipaaStatus::CoveredProvider } else { HipaaStatus::None };
            let own_status = if *kind == RecipientKind::P2p { Part2Status::Yes } else { Part2Status::No };
            county.unit(unit(to.unit.as_str(), to.unit.as_str(), &[*kind], hipaa, own_status));
            all.push((to.unit.to_string(), *kind));
        }
        if name != "none" {
            let units: Vec<_> = all.iter().map(|(u, k)| (u.as_str(), *k)).collect();
            county.agreement(&everything(&units));
        }
        for (referral, from, to) in [(REFERRED, "source", "to-cmp"), (PERFORMED, "to-cmp", "source")] {
            let (referral, from, to) = (record(referral), unit_id(from), unit_id(to));
            let opened = Fact::ReferralOpened { referral, person: person(1), from, to, initiated_by: unit_id("to-le") };
            county.fold("source", vec![opened]);
        }
        let consent = if name == "part2" {
            let recipients: Vec<_> = all.iter().skip(1).map(|(u, _)| u.as_str()).collect();
            let mut named = consent(1, ConsentType::Part2Named, "source", &recipients);
            named.purposes = county.bundle.defaults.standing.values().flat_map(|m| m.keys().copied()).collect();
            county.consent(named.clone());
            named
        } else {
            // For research: no standing purpose rests on it.
            let mut research = consent(1, ConsentType::HipaaAuthorization, "source", &["to-le", "to-ems", "to-cbo"]);
            research.purposes = [Purpose::Hresch].into();
            research.categories = [Category::BhAssessment].into();
            research
        };
        Self { county, source, consent }
    }
}

/// The recipient of a kind in a [`Situation`].
pub fn to_kind(kind: RecipientKind) -> Recipient {
    to(&format!("to-{}", kind.code().to_lowercase()), kind)
}
