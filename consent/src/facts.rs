//! What the policies see of one situation: typed yes/no facts, the memo's key.

use std::hash::{Hash, Hasher};

macro_rules! slice_facts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// One slice axis, one recipient, one purpose, one candidate agreement and consent, reduced to facts.
        ///
        /// Equal facts have equal verdicts: ids and times entered as booleans and are attached afterwards.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct SliceFacts {
            $($(#[$doc])* pub $name: bool,)*
        }

        impl SliceFacts {
            /// Names as the policies spell them (`context.<name>`), with their values.
            pub fn pairs(&self) -> impl Iterator<Item = (&'static str, bool)> + use<> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }

            /// All facts in one word: at most 64 of them.
            #[must_use]
            pub fn bits(&self) -> u64 {
                [$(self.$name),*].into_iter().fold(0, |word, fact| (word << 1) | u64::from(fact))
            }

            /// Where a fact stands in [`Self::bits`]; none for a name that is no fact.
            #[must_use]
            pub fn bit(name: &str) -> Option<u64> {
                let names = [$(stringify!($name)),*];
                names.iter().rev().zip(0_u32..).find(|(known, _)| **known == name).map(|(_, at)| 1 << at)
            }

            /// The facts that a word stands for; the inverse of [`Self::bits`].
            #[must_use]
            pub fn from_bits(word: u64) -> Self {
                let count = [$(stringify!($name)),*].len();
                let mut at = count;
                $(at -= 1; let $name = (word >> at) & 1 == 1;)*
                Self { $($name),* }
            }
        }
    };
}

slice_facts! {
    /// The recipient is the unit that published it. Other units of the same partner are not.
    own,
    /// Source and recipient are registered units of active partners.
    parties_active,
    /// Rulebook 0.7.
    never_carried,
    /// The source is a victim-service unit.
    victim_source,
    /// Ordered erased at or after this event.
    erased,
    /// Sealed, expunged included.
    sealed,
    /// It is not sure enough who it is about (T_release).
    identity_uncertain,
    /// It is sure enough for an emergency (T_emerg).
    identity_likely,
    /// A proceeding or investigation against the person.
    proceeding,
    /// 42 CFR Part 2 by provenance.
    part2,
    cell_denied,
    cell_aggregate,
    /// A `P` alternative whose conditions are met; likewise the next three.
    cell_permits,
    cell_agreement,
    cell_consent,
    cell_status,
    /// The cell, or an override of rulebook 7.7, names the exception that is asked.
    cell_exception,
    cell_order,
    /// An exception or an unmet condition that the person's own authorization may open.
    authorizable,
    /// One clause of one agreement in force covers the whole tuple.
    agreement,
    /// A clause of a data use agreement in force covers the whole tuple, and it is of a limited data set.
    limited_data_set,
    /// A clause of an agreement under 42 CFR 2.53 in force covers the whole tuple, and it is for audit or evaluation.
    audit_2_53,
    /// An agreement in force between the two prohibits the purpose.
    agreement_prohibits,
    /// A 911 centre's dispatch minimum after an agreement lapsed.
    life_safety,
    /// A usable consent of the right type covers the whole tuple.
    consent,
    consent_named,
    consent_tpo,
    /// Covered entity, business associate or Part 2 program, and no police or court unit.
    tpo_recipient,
    /// The candidate consent is one for proceedings (2.31(d)).
    consent_proceedings,
    /// Subpart E: order with its findings, mandate, review, scope and time.
    order_and_mandate,
    /// A court's order outside subpart E, reviewed, in its scope and time (45 CFR 164.512(e)(1)(i)).
    court_order,
    /// The facts of the exception that is asked are whole; likewise the next ones (rulebook 7.3 step 8).
    exception_emergency,
    /// What 42 CFR 2.51 asks for beyond an emergency: that consent cannot be had, and what is to be documented.
    exception_emergency_2_51,
    exception_break_glass,
    exception_threat,
    exception_locate,
    exception_victim,
    exception_custody,
    exception_premises_crime,
    exception_crime_alert,
    exception_mandated_report,
    /// The first report of child abuse (42 CFR 2.12(c)(6)).
    child_abuse_initial,
    exception_exposure,
    exception_school_emergency,
    /// The user of the ask holds a medical licence and works in a medical role.
    medical_personnel,
    /// The ask breaks the glass, whatever else it states.
    break_glass,
    /// A recipient kind or a category that break-glass never serves.
    break_glass_barred,
    /// The event is an ask that opened data of this recipient's own in an emergency (2.51(c)).
    emergency_record,
    /// The event recalls what this recipient holds.
    recall,
    /// The person forbids it.
    person_denies,
    /// A restriction that the source agreed to stands against it.
    person_restricts,
    /// A hook of the source's place says no (rulebook 4).
    hook_denies,
    /// A hook of the source's place asks for the person's consent.
    hook_consent_required,
    /// The cell leaves it to a hook, and one of the place of both units that somebody reviewed opens it, for this
    /// agreement.
    hook_opens,
    /// Notice and scope explanation could be made for the candidate consent.
    notice_ready,
}

impl Hash for SliceFacts {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_hold_every_fact() {
        let count = SliceFacts::default().pairs().count();
        assert!(count <= 64);
        for at in 0..count {
            let facts = SliceFacts::from_bits(1 << at);
            assert_eq!(facts.bits(), 1 << at);
            let set: Vec<_> = facts.pairs().filter(|(_, yes)| *yes).map(|(name, _)| name).collect();
            assert_eq!(set.len(), 1);
            assert_eq!(SliceFacts::bit(set.first().copied().unwrap_or_default()), Some(1 << at));
        }
        assert_eq!(SliceFacts::bit("erazed"), None);
    }
}
