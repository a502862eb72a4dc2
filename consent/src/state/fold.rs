//! What each fact changes, and what must be ruled again for it.

use std::collections::BTreeSet;

use handoff_schemas::{AgreementStatus, Expiry, Fact, LogPos, PartnerId, UnitId};
use sha2::{Digest as _, Sha256};

use super::{AgreementState, Erasure, EventRef, PolicyState, ReferralState, Rerule};

impl PolicyState {
    pub(super) fn fold(&mut self, pos: LogPos, event: &EventRef, fact: &Fact, again: &mut BTreeSet<Rerule>) {
        match fact {
            Fact::PartnerRegistered { partner, org_type, .. } => {
                self.turn(fact);
                self.units.partner_registered(partner, *org_type);
                self.partner_changed(partner, again);
            }
            Fact::PartnerMoved { partner, status } => {
                self.turn(fact);
                self.units.partner_moved(partner, *status);
                self.partner_changed(partner, again);
            }
            Fact::UnitRegistered { unit } => {
                self.turn(fact);
                self.units.registered(unit.clone());
                self.unit_changed(&unit.unit, again);
            }
            Fact::AgreementDrafted { agreement, version, document } => {
                self.turn(fact);
                self.agreements.drafted(agreement, *version, document);
                // What it will prohibit once active reaches its parties' flows under other agreements too: from now on
                // their rulings name it.
                if self.agreements.get(agreement).is_some_and(AgreementState::restricts) {
                    self.agreement_units(agreement).iter().for_each(|u| self.unit_changed(u, again));
                }
            }
            Fact::AgreementMoved { agreement, version, status } => {
                self.turn(fact);
                self.agreements.moved(agreement, *version, *status);
                // While a new version is signed the one in force stays in force: no answer changes.
                if *status == AgreementStatus::Signed {
                    return;
                }
                for at in self.agreements.dates(agreement) {
                    self.due.note(self.at, at, Rerule::Agreement(agreement.clone()));
                }
                again.insert(Rerule::Agreement(agreement.clone()));
            }
            Fact::OperatorDeclared { operator } => {
                self.turn(fact);
                self.operator = Some(*operator);
                again.extend(self.units.all().map(|u| Rerule::Unit(u.unit.clone())));
            }
            // Everything that stands was ruled by another version.
            Fact::LawActivated { bundle } => {
                self.turn(fact);
                self.law = Some(*bundle);
                again.extend(self.units.all().map(|u| Rerule::Unit(u.unit.clone())));
            }
            // Which units a hook's place has, a later registration may change: all are ruled again.
            Fact::HookReviewed { review } => {
                self.turn(fact);
                self.hooks.recorded(review);
                again.extend(self.units.all().map(|u| Rerule::Unit(u.unit.clone())));
            }
            // A relationship is for the provider itself to state.
            Fact::TreatmentBegan { person, unit } if *unit == event.source => {
                self.treating.began(*person, unit, event.record);
                again.extend(self.is_intermediary().then_some(Rerule::Person(*person)));
            }
            Fact::TreatmentEnded { person, unit } => {
                self.treating.ended(*person, unit, event.record);
                again.extend(self.is_intermediary().then_some(Rerule::Person(*person)));
            }
            Fact::PersonsLinked { a, b, .. } => {
                self.links.link(*a, *b);
                self.turns(*a);
                again.extend([Rerule::Person(*a), Rerule::Person(*b)]);
            }
            Fact::PersonsUnlinked { a, b, .. } => {
                self.links.unlink(*a, *b);
                again.extend([Rerule::Person(*a), Rerule::Person(*b)]);
            }
            Fact::LinkRests { a, b, evidence } => {
                self.links.rests(*a, *b, *evidence);
                again.extend([Rerule::Person(*a), Rerule::Person(*b)]);
            }
            Fact::IdentityMatched { person, evidence } => {
                self.links.matched(*person, *evidence);
                again.insert(Rerule::Person(*person));
            }
            Fact::PersonMerged { from, into } => {
                self.links.merge(*from, *into);
                self.turns(*into);
                again.extend([Rerule::Person(*from), Rerule::Person(*into)]);
            }
            Fact::PersonBorn { person, day } => {
                self.lives.born(*person, *day);
                self.turned(*person, again);
            }
            Fact::PersonDied { person, day, in_error } => {
                self.lives.died(*person, *day, *in_error, &event.source);
                self.turned(*person, again);
            }
            Fact::CapacityStated { capacity } => {
                self.lives.stated(capacity.clone(), self.at);
                self.turned(capacity.person, again);
            }
            Fact::RepresentativeRecorded { representative } => {
                self.lives.represented(representative.clone(), &event.source, self.at);
                self.turned(representative.person, again);
            }
            Fact::ConsentRecorded { consent } => {
                again.extend(self.consents.recorded(consent.clone(), &event.source, pos));
                self.due.note(self.at, consent.signed_at, Rerule::Person(consent.person));
                if let Expiry::At { at } = consent.expiry {
                    self.due.note(self.at, at, Rerule::Person(consent.person));
                }
            }
            Fact::ConsentSigned { consent, person, signatures } => {
                again.extend(self.consents.signed(*consent, signatures.clone()));
                self.turns(*person);
            }
            Fact::ChoicesNamed { consent, earlier, by, .. } => {
                again.extend(self.consents.named(*consent, earlier, *by, &event.source));
            }
            Fact::ConsentVerified { consent } => again.extend(self.consents.verified(*consent, &event.source)),
            Fact::ConsentRevoked { consent, person, parties, .. } => {
                again.insert(Rerule::Person(*person));
                again.extend(self.consents.revoked(*consent, parties));
            }
            Fact::ConsentExpired { consent, person } => {
                again.insert(Rerule::Person(*person));
                again.extend(self.consents.expired(*consent));
            }
            Fact::ConsentEnded { consent, parties, since, .. } => self.consents.ended(*consent, parties, *since),
            Fact::AskMade { ask } => {
                if let Some(made) = self.asks.made(ask.clone(), pos, self.at) {
                    let (person, until) = (made.facts.person, made.until());
                    again.insert(Rerule::Person(person));
                    self.due.note(self.at, until, Rerule::Person(person));
                }
            }
            Fact::AskEnded { ask, .. } => again.extend(self.asks.ended(*ask).map(Rerule::Person)),
            Fact::AskReviewed { ask, outcome, .. } => {
                again.extend(self.asks.reviewed(*ask, *outcome).map(Rerule::Person));
            }
            Fact::ReferralOpened { referral, person, from, to, initiated_by } => {
                let (from, to, initiated_by) = (from.clone(), to.clone(), initiated_by.clone());
                let opened = ReferralState { person: *person, from, to, initiated_by, status: None };
                self.referrals.insert(*referral, opened);
            }
            Fact::ReferralMoved { referral, status } => {
                if let Some(known) = self.referrals.get_mut(referral) {
                    known.status = Some(*status);
                }
            }
            Fact::ErasureOrdered { person, unit, categories } => {
                let erasure = Erasure { pos, unit: unit.clone(), categories: categories.clone() };
                self.erasures.entry(*person).or_default().push(erasure);
                again.insert(Rerule::Person(*person));
            }
            Fact::RecordSealed { seal } => {
                self.seals.sealed(seal, pos);
                again.insert(Rerule::Person(seal.person));
            }
            Fact::RecordExpunged { seal } => {
                self.seals.expunged(seal, pos);
                again.insert(Rerule::Person(seal.person));
            }
            Fact::Due { .. } => again.extend(self.due.covered(pos, self.at)),
            Fact::PersonRegistered { .. }
            | Fact::TreatmentBegan { .. }
            | Fact::RecallOrdered { .. }
            | Fact::Amends { .. }
            | Fact::Disposed { .. }
            | Fact::HoldWritten { .. }
            | Fact::Sweep { .. } => {}
        }
    }

    fn turn(&mut self, fact: &Fact) {
        let mut hash = Sha256::new();
        hash.update(self.revision.to_be_bytes());
        hash.update(serde_json::to_vec(fact).unwrap_or_default());
        self.revision = hash.finalize().iter().take(8).fold(0, |word, byte| (word << 8) | u64::from(*byte));
    }

    /// A unit changed: its own events, and what reaches it under every agreement that names it.
    fn unit_changed(&self, unit: &UnitId, again: &mut BTreeSet<Rerule>) {
        again.insert(Rerule::Unit(unit.clone()));
        again.extend(self.agreements.naming(unit).cloned().map(Rerule::Agreement));
    }

    fn partner_changed(&self, partner: &PartnerId, again: &mut BTreeSet<Rerule>) {
        self.units.of_partner(partner).for_each(|u| self.unit_changed(&u.unit, again));
    }
}
