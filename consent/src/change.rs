//! What would change an answer: the same question ruled again with one fact supposed, smallest first.
//!
//! Nothing here opens anything. A supposed clause or consent lives in a copy of the state and goes with it.

use handoff_schemas::{
    AgreementId, Category, ConsentFacts, ConsentType, Expiry, LogTime, PersonId, Purpose, RecipientKind, RecordId,
    UnitId,
};
use serde::Serialize;

use crate::agreement::{Agreement, AgreementKind, Flow, Party, PartyRole};
use crate::bundle::Bundle;
use crate::exceptions::ExceptionName;
use crate::memo::Memo;
use crate::reason::Reason;
use crate::rule::{Question, excepted};
use crate::ruling::{Outcome, Ruling};
use crate::situation::Situation;
use crate::state::PolicyState;

/// Names the supposed agreement and consent in the copies of the state; no document and no record has these.
const AGREEMENT: &str = "supposed-by-a-question";
const CONSENT: &str = "00000000-0000-8000-8000-000000000000";

/// Types a named consent may have. Which of them counts is the engine's to say.
const TYPES: [ConsentType; 5] = [
    ConsentType::General,
    ConsentType::HipaaAuthorization,
    ConsentType::Part2Named,
    ConsentType::Part2CriminalJustice,
    ConsentType::Part2Proceedings,
];

/// A clause that some agreement between the two would need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WantedClause {
    pub from: UnitId,
    pub to: UnitId,
    pub role: RecipientKind,
    pub purpose: Purpose,
    /// All of them in the one clause.
    pub categories: Vec<Category>,
}

/// A consent that the person would have to give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedConsent {
    #[serde(rename = "type")]
    pub consent_type: ConsentType,
    /// Who may disclose under it.
    pub grantor: UnitId,
    /// Whom it names.
    pub recipient: UnitId,
    pub purpose: Purpose,
    pub categories: Vec<Category>,
}

/// The smallest fact that would open what is withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    Clause {
        clause: WantedClause,
    },
    Consent {
        consent: NamedConsent,
    },
    Both {
        clause: WantedClause,
        consent: NamedConsent,
    },
    /// An ask under this exception, with every fact that it requires.
    Exception {
        exception: ExceptionName,
        purpose: Purpose,
    },
    Order {
        purpose: Purpose,
        part2: bool,
    },
    /// None of these: why it would still be withheld, and the cells that shut it.
    Nothing {
        reason: Reason,
        cells: Vec<ShutCell>,
    },
}

/// A cell of the matrix that no authority opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShutCell {
    pub category: Category,
    /// As the matrix spells it, for example `D`.
    pub cell: String,
}

impl Question<'_> {
    /// The answer as things are.
    #[must_use]
    pub fn ruling(&self) -> Ruling {
        self.ruling_in(self.state)
    }

    fn ruling_in(&self, state: &PolicyState) -> Ruling {
        Memo::new().decide(&Question { state, ..*self })
    }

    /// Whether something of the category goes, in this state.
    fn opens(&self, state: &PolicyState, category: Category) -> bool {
        let ruling = self.ruling_in(state);
        ruling.slice(category).is_some_and(|s| matches!(s.outcome, Outcome::Release(_)))
    }

    /// The stated purpose, else those for which the recipient's kind is shown something of the category.
    fn purposes(&self, category: Category) -> Vec<Purpose> {
        match self.purpose {
            Some(purpose) => vec![purpose],
            None => self.bundle.standing(self.recipient.kind, category).iter().map(|f| f.purpose).collect(),
        }
    }

    fn clause(&self, purpose: Purpose, axes: &[Category]) -> WantedClause {
        WantedClause {
            from: self.event.source.clone(),
            to: self.recipient.unit.clone(),
            role: self.recipient.kind,
            purpose,
            categories: axes.to_vec(),
        }
    }

    fn consent(&self, consent_type: ConsentType, purpose: Purpose, axes: &[Category]) -> NamedConsent {
        NamedConsent {
            consent_type,
            grantor: self.event.source.clone(),
            recipient: self.recipient.unit.clone(),
            purpose,
            categories: axes.to_vec(),
        }
    }
}

/// What would open this category of the event, smallest first: a clause, a consent, both, an exception, a court order.
/// None where it is released as things are, or the event has no such category.
#[must_use]
pub fn change(question: &Question<'_>, category: Category) -> Option<Change> {
    let withheld = first_reason(&question.ruling(), category)?;
    let Question { bundle, state, event, recipient, at, .. } = *question;
    let (agreement, record) = (AGREEMENT.parse::<AgreementId>().ok()?, CONSENT.parse::<RecordId>().ok()?);
    let s = Situation::gather(bundle, state, event, recipient, at, question.purpose.is_some());
    let axes = s.axes(category);
    let purposes = question.purposes(category);
    let mut with_clause = state.clone();
    for purpose in &purposes {
        let clause = question.clause(*purpose, &axes);
        with_clause.suppose_agreement(terms(&agreement, &clause, at));
        if question.opens(&with_clause, category) {
            return Some(Change::Clause { clause });
        }
    }
    if let Some(person) = event.person {
        let mut with_consent = state.clone();
        let wanted = || purposes.iter().flat_map(|p| TYPES.into_iter().map(move |t| (*p, t)));
        for (purpose, consent_type) in wanted() {
            let consent = question.consent(consent_type, purpose, &axes);
            with_consent.suppose_consent(facts(record, person, &consent, at), consent.grantor.clone());
            if question.opens(&with_consent, category) {
                return Some(Change::Consent { consent });
            }
        }
        for (purpose, consent_type) in wanted() {
            let (clause, consent) = (question.clause(purpose, &axes), question.consent(consent_type, purpose, &axes));
            with_clause.suppose_agreement(terms(&agreement, &clause, at));
            with_clause.suppose_consent(facts(record, person, &consent, at), consent.grantor.clone());
            if question.opens(&with_clause, category) {
                return Some(Change::Both { clause, consent });
            }
        }
        if let Some(found) = by_exception(&s, category) {
            return Some(found);
        }
    }
    // What still stands in the way with both of them there.
    let reason = first_reason(&question.ruling_in(&with_clause), category).unwrap_or(withheld);
    Some(Change::Nothing { reason, cells: shut_cells(&s, &axes) })
}

/// The first exception, or else the order, whose facts would open it.
fn by_exception(s: &Situation<'_>, category: Category) -> Option<Change> {
    let mut memo = Memo::new();
    memo.turn_to(s.bundle, s.state.revision());
    for name in ExceptionName::ALL {
        let Some(law) = s.bundle.exceptions.get(*name) else { continue };
        let opens = |purpose: &&Purpose| excepted(&mut memo, s, category, *name, **purpose);
        let Some(purpose) = law.purposes.iter().find(opens) else { continue };
        return Some(match name {
            ExceptionName::LegalProcess => Change::Order { purpose: *purpose, part2: s.part2(category) },
            name => Change::Exception { exception: *name, purpose: *purpose },
        });
    }
    None
}

fn first_reason(ruling: &Ruling, category: Category) -> Option<Reason> {
    ruling.slice(category)?.outcome.withheld().first().map(|w| w.reason)
}

fn shut_cells(s: &Situation<'_>, axes: &[Category]) -> Vec<ShutCell> {
    let shut = axes.iter().filter_map(|axis| {
        let facts = s.cell(*axis);
        let cell = facts.cell.map_or_else(String::new, |c| c.text.clone());
        (facts.denied() || facts.aggregate()).then_some(ShutCell { category: *axis, cell })
    });
    shut.collect()
}

fn terms(id: &AgreementId, clause: &WantedClause, at: LogTime) -> Agreement {
    let member = |unit: &UnitId| Party { unit: unit.clone(), role: PartyRole::Member };
    Agreement {
        id: id.clone(),
        version: 1,
        kind: AgreementKind::Mou,
        title: String::new(),
        parties: vec![member(&clause.from), member(&clause.to)],
        flows: vec![Flow {
            clause: "supposed".to_owned(),
            from: vec![clause.from.clone()],
            to: vec![clause.to.clone()],
            roles: vec![clause.role],
            purposes: vec![clause.purpose],
            categories: clause.categories.clone(),
            all_permitted: false,
            templates: Vec::new(),
        }],
        prohibited_uses: Vec::new(),
        effective_from: at,
        effective_to: None,
        review_due: None,
        redisclosure: String::new(),
        counsel_override: false,
    }
}

fn facts(record: RecordId, person: PersonId, consent: &NamedConsent, at: LogTime) -> ConsentFacts {
    ConsentFacts {
        grantors: [consent.grantor.clone()].into(),
        recipients: [consent.recipient.clone()].into(),
        purposes: [consent.purpose].into(),
        categories: consent.categories.clone().into(),
        signed_at: at,
        expiry: Expiry::At { at: LogTime(i64::MAX) },
        ..ConsentFacts::blank(record, person, consent.consent_type)
    }
}

/// The type of a consent as people speak of it.
#[must_use]
pub const fn consent_words(consent_type: ConsentType) -> &'static str {
    match consent_type {
        ConsentType::Part2Named => "named disclosure",
        ConsentType::Part2Tpo => "treatment, payment and operations",
        ConsentType::Part2CounselingNotes => "counseling notes",
        ConsentType::Part2Proceedings => "use in proceedings",
        ConsentType::Part2CriminalJustice => "criminal-justice referral",
        ConsentType::HipaaAuthorization => "HIPAA authorization",
        ConsentType::General => "general written consent",
    }
}

impl Change {
    /// In plain words, for example `a consent of type named disclosure, naming lantern-shelter-intake, for coordination
    /// of care, covering: social needs, housing, benefits`.
    #[must_use]
    pub fn words(&self, bundle: &Bundle) -> String {
        match self {
            Self::Clause { clause } => clause.words(bundle),
            Self::Consent { consent } => consent.words(bundle),
            Self::Both { clause, consent } => format!("{}; and {}", clause.words(bundle), consent.words(bundle)),
            Self::Exception { exception, purpose } => {
                format!("{}, for {}", exception_words(*exception), bundle.scope_en.purpose(*purpose))
            }
            Self::Order { purpose, part2 } => {
                let order = match part2 {
                    true => "a court order under 42 CFR 2.64 or 2.65 with a mandate",
                    false => "a court order (45 CFR 164.512(e)(1)(i))",
                };
                format!("{order}, for {}", bundle.scope_en.purpose(*purpose))
            }
            Self::Nothing { reason: Reason::MatrixDenies | Reason::AggregateOnly, cells } if !cells.is_empty() => {
                let said = cells.iter().map(|c| format!("{} for {}", c.cell, bundle.scope_en.category(c.category)));
                format!("nothing: the matrix says {}", said.collect::<Vec<_>>().join(", and "))
            }
            Self::Nothing { reason, .. } => bundle.reasons.text(*reason).map_or_else(
                || "nothing".to_owned(),
                |text| match text.change.starts_with("nothing") {
                    true => text.change.to_string(),
                    false => format!("no clause and no consent alone: {}", text.change),
                },
            ),
        }
    }
}

impl WantedClause {
    fn words(&self, bundle: &Bundle) -> String {
        let (from, to, role) = (&self.from, &self.to, self.role);
        let (purpose, data) = (bundle.scope_en.purpose(self.purpose), data(bundle, &self.categories));
        format!("an agreement clause from {from} to {to} in the role {role}, for {purpose}, covering: {data}")
    }
}

impl NamedConsent {
    fn words(&self, bundle: &Bundle) -> String {
        let (kind, recipient) = (consent_words(self.consent_type), &self.recipient);
        let (purpose, data) = (bundle.scope_en.purpose(self.purpose), data(bundle, &self.categories));
        format!("a consent of type {kind}, naming {recipient}, for {purpose}, covering: {data}")
    }
}

fn data(bundle: &Bundle, categories: &[Category]) -> String {
    categories.iter().map(|c| bundle.scope_en.category(*c)).collect::<Vec<_>>().join("; ")
}

const fn exception_words(name: ExceptionName) -> &'static str {
    match name {
        ExceptionName::Emergency => "an emergency that licensed medical personnel state (42 CFR 2.51; 45 CFR 164.510)",
        ExceptionName::BreakGlass => "breaking the glass in an emergency, reviewed afterwards",
        ExceptionName::Threat => "a serious and imminent threat that the source states (45 CFR 164.512(j))",
        ExceptionName::Locate => "an ask to identify or locate somebody (45 CFR 164.512(f)(2))",
        ExceptionName::Victim => "a crime victim who agrees, as the source states (45 CFR 164.512(f)(3))",
        ExceptionName::Custody => "an ask about somebody in lawful custody (45 CFR 164.512(k)(5))",
        ExceptionName::PremisesCrime => {
            "a crime on the source's premises, as the source states (42 CFR 2.12(c)(5); 45 CFR 164.512(f)(5))"
        }
        ExceptionName::CrimeAlert => "a crime off the premises, as the source states (45 CFR 164.512(f)(6))",
        ExceptionName::MandatedReport => "a report that a statute demands of the source (45 CFR 164.512(b), (c))",
        ExceptionName::LegalProcess => "a court order",
        ExceptionName::Exposure => {
            "a responder's exposure that the designated officer of the employer asks about (42 USC 300ff-133)"
        }
        ExceptionName::SchoolEmergency => {
            "a health or safety emergency that the school or who holds its record states (34 CFR 99.36)"
        }
    }
}
