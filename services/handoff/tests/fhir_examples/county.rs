//! Agencies under one agreement on everything, so that what stays shut is shut by the consent or the law.

use std::sync::Arc;

use handoff::fhir::Planned;
use handoff_consent::{Consent, Consents};
use handoff_law::{Agreement, Bundle, EventFacts, EventRef, PolicyState, rule_for};
use handoff_schemas::{
    AgreementStatus, Category, EventId, EventType, Fact, HipaaStatus, LogPos, LogTime, OrgType, Part2Status,
    PartnerStatus, Purpose, Recipient, RecipientKind, UnitFacts, UnitId,
};
use handoff_spine::command::{Command, Item, RecordRef};
use handoff_spine::decider::Decider as _;
use handoff_spine::scenario::{id, person, record_id};
use uuid::Uuid;

use super::Delivery;

/// The organization of PCF's examples: a Part 2 program.
pub const ORG: &str = "ex-organization";
pub const RESEARCH: &str = "ex-org-researcher";
/// The organization of R4's examples.
pub const F001: &str = "f001";
pub const CLINIC: &str = "clinic";
pub const EMS: &str = "ambulance";
pub const POLICE: &str = "police";
pub const SHELTER: &str = "shelter";
/// Another Part 2 program.
pub const OTHER: &str = "other-program";

const UNITS: &[(&str, RecipientKind, HipaaStatus, Part2Status)] = &[
    (ORG, RecipientKind::P2p, HipaaStatus::CoveredProvider, Part2Status::Yes),
    (OTHER, RecipientKind::P2p, HipaaStatus::CoveredProvider, Part2Status::Yes),
    (F001, RecipientKind::Bhc, HipaaStatus::CoveredProvider, Part2Status::No),
    (CLINIC, RecipientKind::Bhc, HipaaStatus::CoveredProvider, Part2Status::No),
    (EMS, RecipientKind::Ems, HipaaStatus::CoveredProvider, Part2Status::No),
    (RESEARCH, RecipientKind::Eval, HipaaStatus::None, Part2Status::No),
    (POLICE, RecipientKind::Le, HipaaStatus::None, Part2Status::No),
    (SHELTER, RecipientKind::Cbo, HipaaStatus::None, Part2Status::No),
];

/// The county with these imported consents on record, as the hub's own decider records them.
pub fn county(consents: &[Planned]) -> PolicyState {
    let mut folded = Fold { state: PolicyState::new(), pos: 0 };
    for (unit, kind, hipaa, part2) in UNITS {
        folded.take("hub-operator", registered(unit, *kind, *hipaa, *part2));
    }
    let document = agreement();
    let parsed = Agreement::parse(&document).unwrap();
    let (agreement, version) = (parsed.id, parsed.version);
    let drafted = Fact::AgreementDrafted { agreement: agreement.clone(), version, document };
    let active = Fact::AgreementMoved { agreement, version, status: AgreementStatus::Active };
    folded.take("hub-operator", vec![drafted, active]);
    for planned in consents {
        let keeper = if planned.facts.person == person(1) { ORG } else { F001 };
        folded.take(keeper, decided(keeper, planned));
    }
    folded.state
}

/// Whether the delivery shows anything.
pub fn permits(state: &PolicyState, delivery: &Delivery) -> bool {
    let source: UnitId = id(delivery.from);
    let event_type: EventType = id("encounter.care-reported.v1");
    let event = EventFacts {
        id: EventId(Uuid::from_u64_pair(4, 4)),
        event_type: &event_type,
        record: record_id(&source, delivery.record),
        pos: LogPos(1),
        asserted_at: Some(delivery.asserted),
        source: &source,
        person: Some(person(delivery.about)),
        categories: &[delivery.category],
        labels: &[],
        content: &[],
        facts: &[],
    };
    let (_, kind, ..) = UNITS.iter().find(|(unit, ..)| *unit == delivery.to).unwrap();
    let recipient = Recipient { unit: id(delivery.to), kind: *kind };
    let at = LogTime(delivery.at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let bundle = Bundle::embedded().unwrap();
    rule_for(&bundle, state, &event, &recipient, delivery.purpose, at).releases()
}

/// Log time of what happened: before anything is ruled.
const RECORDED: LogTime = LogTime(1_655_200_000_000);

struct Fold {
    state: PolicyState,
    pos: u64,
}

impl Fold {
    fn take(&mut self, source: &str, facts: Vec<Fact>) {
        self.pos += 1;
        let record = record_id(&id(source), &self.pos.to_string());
        let event = EventRef { id: EventId(Uuid::from_u64_pair(3, self.pos)), record, source: id(source) };
        self.state.apply(LogPos(self.pos), RECORDED, &event, &facts);
    }
}

fn decided(keeper: &str, planned: &Planned) -> Vec<Fact> {
    let item = Item {
        event_type: planned.event.event_type.clone(),
        person: Some(planned.facts.person),
        other: None,
        asserted_at: None,
        data: planned.event.data.clone(),
    };
    let command = Command {
        unit: id(keeper),
        key: planned.event.record.clone(),
        record: RecordRef::Key(planned.event.record.clone()),
        incident: None,
        items: vec![item],
        fresh: [Uuid::nil(); 2],
    };
    let events = Consents::new(Arc::new(record_id)).decide(&Consent::default(), &command).unwrap();
    events.into_iter().flat_map(|event| event.facts).collect()
}

fn registered(unit: &str, kind: RecipientKind, hipaa: HipaaStatus, part2: Part2Status) -> Vec<Fact> {
    let facts = UnitFacts {
        unit: id(unit),
        partner: id(unit),
        name: unit.to_owned(),
        hipaa,
        part2,
        cjis: false,
        victim_services: false,
        roles: vec![kind],
        jurisdiction: "US-WI".to_owned(),
        further_law: Vec::new(),
    };
    let partner = Fact::PartnerRegistered { partner: id(unit), name: unit.to_owned(), org_type: OrgType::Other };
    let active = Fact::PartnerMoved { partner: id(unit), status: PartnerStatus::Active };
    vec![partner, active, Fact::UnitRegistered { unit: facts }]
}

fn agreement() -> String {
    let list =
        |words: Vec<String>| format!("[{}]", words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(","));
    let units = list(UNITS.iter().map(|(unit, ..)| (*unit).to_owned()).collect());
    let mut kinds: Vec<String> = UNITS.iter().map(|(_, kind, ..)| kind.to_string()).collect();
    kinds.sort();
    kinds.dedup();
    let bundle = Bundle::embedded().unwrap();
    let never = |c: &Category| bundle.defaults.never_carried.contains(c) || *c == Category::Administrative;
    let categories = list(Category::ALL.iter().filter(|c| !never(c)).map(ToString::to_string).collect());
    let purposes = list(Purpose::ALL.iter().map(ToString::to_string).collect());
    let mut document = "id = \"everything\"\nversion = 1\nkind = \"PARTICIPATION\"\ntitle = \"t\"\n\
        effective_from = 2015-01-01\nevergreen = true\nreview_due = 2027-01-01\nprohibited_uses = []\n\
        redisclosure = \"none\"\nincident_notice_hours = 1\nretention = \"r\"\n"
        .to_owned();
    for (unit, ..) in UNITS {
        document += &format!("[[party]]\nunit = \"{unit}\"\nrole = \"member\"\n");
        document += &format!("[[signatory]]\nunit = \"{unit}\"\nname = \"n\"\ntitle = \"t\"\n");
    }
    document
        + &format!(
            "[[flow]]\nclause = \"all\"\nfrom = {units}\nto = {units}\nroles = {}\npurposes = {purposes}\ncategories = {categories}\n",
            list(kinds)
        )
}
