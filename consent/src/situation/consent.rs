use std::sync::Arc;

use handoff_schemas::{
    Category, ConsentFacts, ConsentType, ElementSet, Expiry, LogTime, Purpose, RecipientKind, RecordId, Signatures,
};

use super::{CellFacts, EventFacts, Situation};
use crate::bundle::Standing;
use crate::defaults::unversioned;
use crate::matrix::Basis;
use crate::reason::Reason;
use crate::ruling::ConsentBasis;
use crate::state::ConsentState;

/// A consent that covers the whole tuple (rulebook 7.4).
#[derive(Clone, Copy)]
pub(crate) struct Match<'a> {
    pub facts: &'a ConsentFacts,
    pub given: &'a ConsentState,
    pub named: bool,
    /// When a signature under it ceases to count by time alone: an 18th birthday, the end of an authority.
    pub signed_until: Option<LogTime>,
}

impl Match<'_> {
    pub fn tpo(&self) -> bool {
        self.facts.consent_type == ConsentType::Part2Tpo
    }

    /// 42 CFR 2.31(d).
    pub fn proceedings(&self) -> bool {
        self.facts.consent_type == ConsentType::Part2Proceedings
    }

    pub fn ends(&self) -> Option<LogTime> {
        let expires = match self.facts.expiry {
            Expiry::At { at } => Some(at),
            Expiry::Event { .. } | Expiry::Never => None,
        };
        [expires, self.signed_until].into_iter().flatten().min()
    }

    /// The basis key of what it opens (rulebook 7.6): of a Part 2 record the one of its own type, of anything else that
    /// of an authorization.
    pub fn key(&self, part2: bool) -> Basis {
        match self.facts.consent_type {
            _ if !part2 => Basis::AUTHORIZATION,
            ConsentType::Part2Proceedings => Basis::PROCEEDINGS_CONSENT,
            ConsentType::Part2CriminalJustice => Basis::CRIMINAL_JUSTICE,
            ConsentType::Part2Named
            | ConsentType::Part2Tpo
            | ConsentType::Part2CounselingNotes
            | ConsentType::HipaaAuthorization
            | ConsentType::General => Basis::PART2_CONSENT,
        }
    }

    pub fn basis(&self) -> ConsentBasis {
        ConsentBasis {
            record: self.facts.consent,
            consent_type: self.facts.consent_type,
            signed_at: self.facts.signed_at,
            expires: (&self.facts.expiry).into(),
        }
    }
}

/// A consent that fell short, and why.
pub(crate) type Gap = (Reason, Option<RecordId>);

impl<'a> Situation<'a> {
    /// Every usable consent for the purpose and all axes, by record; else why none is.
    pub fn matches(&self, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> Result<Vec<Match<'a>>, Vec<Gap>> {
        let mut found = Vec::new();
        let mut gaps = Vec::new();
        for consent in self.consents.iter().filter(|c| !c.facts.deny) {
            match self.usable(consent, purpose, axes) {
                Ok((named, signed_until)) => {
                    found.push(Match { facts: &consent.facts, given: consent, named, signed_until });
                }
                Err(Some(reason)) => gaps.push((reason, Some(consent.facts.consent))),
                Err(None) => {}
            }
        }
        if gaps.is_empty() {
            gaps.push((Reason::NoConsent, None));
        }
        if found.is_empty() { Err(gaps) } else { Ok(found) }
    }

    /// Whether it names the recipient and until when its signatures count, or why it is not usable; `Err(None)` where it
    /// is about others.
    fn usable(
        &self,
        consent: &ConsentState,
        purpose: Purpose,
        axes: &[(Category, CellFacts<'a>)],
    ) -> Result<(bool, Option<LogTime>), Option<Reason>> {
        let f = &consent.facts;
        let part2 = axes.first().is_some_and(|(own, _)| self.part2(*own));
        let tpo = f.consent_type == ConsentType::Part2Tpo;
        let named = f.recipients.contains(&self.recipient.unit);
        if !f.grantors.contains(self.event.source) || !(named || f.tpo_class) {
            return Err(None);
        }
        let refuse = |reason| Err(Some(reason));
        let referral = axes.iter().any(|(_, cell)| cell.criminal_justice);
        if !self.type_counts(f.consent_type, part2, referral, purpose) {
            return refuse(Reason::ConsentType);
        }
        if !self.is_same(f.person) {
            return refuse(Reason::IdentityUncertain);
        }
        if consent.deficient(&self.bundle.defaults.tpo_purposes) || f.signed_at > self.at {
            return refuse(Reason::ConsentDeficient);
        }
        if consent.ended(self.at) {
            return refuse(Reason::ConsentExpired);
        }
        if !consent.stands(&self.recipient.unit, self.at) {
            return refuse(Reason::ConsentRevoked);
        }
        if !consent.vouched() {
            return refuse(Reason::ConsentUnverified);
        }
        let signed_until = self.signed(consent, purpose, axes).map_err(Some)?;
        if tpo && !self.tpo_recipient {
            return refuse(Reason::TpoRecipient);
        }
        if tpo && !named && self.intermediary {
            if !f.treating_participants {
                return refuse(Reason::ConsentDeficient);
            }
            if !self.treats {
                return refuse(Reason::NoTreatment);
            }
        }
        if let Some(lacking) = lacks_own(consent, axes) {
            return refuse(lacking);
        }
        let wants_name = axes.iter().any(|(_, cell)| cell.named);
        if wants_name && (!named || tpo) {
            return refuse(if tpo { Reason::ConsentType } else { Reason::ConsentScope });
        }
        let about =
            f.purposes.iter().any(|p| p.covers(purpose)) && self.lists(f, part2, axes) && reaches(f, self.event);
        if about { Ok((named, signed_until)) } else { refuse(Reason::ConsentScope) }
    }

    /// P2-16, I13: types never stand in for one another. Part 2 data is governed by Part 2 consents alone; health data
    /// of a covered source by an authorization; what no such law holds, by any written consent of the person.
    ///
    /// A consent for proceedings (2.31(d)) serves those, and no other type does. A criminal-justice referral consent
    /// (42 CFR 2.35) opens what asks for it and nothing else, and only to those who
    /// monitor, for that; nothing else stands in for it (P2-21).
    fn type_counts(&self, kind: ConsentType, part2: bool, referral: bool, purpose: Purpose) -> bool {
        match kind {
            ConsentType::Part2Proceedings => part2 && purpose.is_proceeding(),
            ConsentType::Part2CriminalJustice => {
                part2 && referral && self.recipient.kind == RecipientKind::Cj && purpose == Purpose::CjMonitor
            }
            _ if referral => false,
            ConsentType::Part2Named | ConsentType::Part2Tpo => part2,
            ConsentType::HipaaAuthorization => !part2,
            ConsentType::General => !part2 && !self.covered(),
            ConsentType::Part2CounselingNotes => false,
        }
    }

    /// A consent for this very proceeding (2.31(d)) has no template: what the person listed is what goes.
    pub fn in_proceedings(&self, purpose: Purpose, category: Category) -> Option<Standing> {
        let given = |c: &&ConsentState| !c.facts.deny && c.facts.consent_type == ConsentType::Part2Proceedings;
        let named = purpose.is_proceeding() && self.part2(category) && self.consents.iter().any(given);
        named.then(|| Standing { purpose, template: "consent".into(), elements: Arc::new(ElementSet::All) })
    }

    /// A Part 2 consent covers a slice that it lists by category, or, where it lists `part2-record`, every slice of the
    /// program's but those that must be named. The Part 2 axis itself follows the slice's own category.
    fn lists(&self, f: &ConsentFacts, part2: bool, axes: &[(Category, CellFacts<'a>)]) -> bool {
        let whole = part2 && f.categories.contains(&Category::Part2Record);
        let own = axes.first().map(|(c, _)| *c);
        axes.iter().all(|(axis, cell)| {
            let named = f.categories.contains(axis);
            let by_record = whole && !cell.specific && !self.bundle.defaults.named_only.contains(axis);
            let follows = part2 && *axis == Category::Part2Record && own != Some(Category::Part2Record);
            named || by_record || follows
        })
    }

    /// The person's denials that reach this (rulebook 7.4). What one leaves unnamed, it denies whole.
    pub fn denials(&self, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> Vec<&'a ConsentState> {
        self.forbidding(purpose, axes, false)
    }

    /// 45 CFR 164.522(a), 42 CFR 2.26: the source agreed to a restriction, which binds it but in an emergency.
    pub fn restricted(&self, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> bool {
        !self.forbidding(purpose, axes, true).is_empty()
    }

    fn forbidding(
        &self,
        purpose: Purpose,
        axes: &[(Category, CellFacts<'a>)],
        restriction: bool,
    ) -> Vec<&'a ConsentState> {
        let standing = |c: &&ConsentState| {
            c.facts.deny && c.facts.restriction == restriction && c.stands(&self.recipient.unit, self.at)
        };
        let reaching = |c: &&ConsentState| {
            let f = &c.facts;
            let part2 = axes.first().is_some_and(|(own, _)| self.part2(*own));
            let category = |axis: &Category| {
                f.categories.contains(axis) || (part2 && f.categories.contains(&Category::Part2Record))
            };
            (f.grantors.is_empty() || f.grantors.contains(self.event.source))
                && (f.recipients.is_empty() || f.recipients.contains(&self.recipient.unit))
                && (f.purposes.is_empty() || f.purposes.iter().any(|p| p.covers(purpose) || purpose.covers(*p)))
                && (f.categories.is_empty() || axes.iter().any(|(axis, _)| category(axis)))
                && reaches(f, self.event)
        };
        self.consents.iter().copied().filter(standing).filter(reaching).collect()
    }
}

/// What a cell that asks for the person's own hand does not find: nobody signs for a victim or for a minor there, though
/// others may sign beside them.
fn lacks_own(consent: &ConsentState, axes: &[(Category, CellFacts<'_>)]) -> Option<Reason> {
    let own = consent.signatures().is_none_or(Signatures::by_person);
    let timed = matches!(consent.facts.expiry, Expiry::At { .. });
    if axes.iter().any(|(_, cell)| cell.victims_own) && !(own && timed) {
        return Some(Reason::VictimRelease);
    }
    (axes.iter().any(|(_, cell)| cell.minors_own) && !own).then_some(Reason::SignerMinor)
}

/// Whether the event lies in the period, the records and the types that a consent or denial is limited to
/// (2.31(a)(3); rulebook 7.4). In doubt about the time a permit does not reach it, and a denial does.
fn reaches(f: &ConsentFacts, event: &EventFacts<'_>) -> bool {
    let bounded = f.data_from.is_some() || f.data_before.is_some();
    let in_period = match event.asserted_at.filter(|_| bounded).and_then(LogTime::parse) {
        Some(at) => f.data_from.is_none_or(|from| at >= from) && f.data_before.is_none_or(|end| at < end),
        None => !bounded || f.deny,
    };
    let in_records = f.records.is_empty() || f.records.contains(&event.record);
    let of_type = |t| unversioned(t) == unversioned(event.event_type);
    in_period && in_records && (f.event_types.is_empty() || f.event_types.iter().any(of_type))
}
