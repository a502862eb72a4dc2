//! Rulebook 7.4 over any history: what a later choice over a denial can open.

use handoff_law::Outcome;
use handoff_schemas::*;
use proptest::prelude::*;

use crate::common::*;
use crate::invariants::histories::*;
use crate::invariants::within;
use crate::invariants::worlds::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A choice that names a general denial opens nothing that it would not have opened without the denial: every floor,
    /// every other denial and every restriction stands. Over a restriction that the source agreed to it opens nothing.
    #[test]
    fn a_choice_over_a_denial_opens_no_more_than_where_nothing_was_denied(
        steps in any_steps(), given in usable_consent(), event in any_event(), purpose in any_purpose(), agreed in any::<bool>()
    ) {
        let person = event.person.unwrap();
        let choice = ConsentFacts {
            consent: record(8_001),
            person,
            grantors: [event.source.clone()].into(),
            deny: false,
            restriction: false,
            ..given
        };
        let denial = ConsentFacts {
            consent: record(8_000),
            person,
            consent_type: ConsentType::General,
            grantors: [].into(),
            recipients: [].into(),
            tpo_class: false,
            purposes: Purpose::ALL.to_vec().into(),
            categories: Category::ALL.to_vec().into(),
            elements: [].into(),
            signed_at: LogTime(choice.signed_at.0 - DAY),
            expiry: Expiry::Never,
            deny: true,
            restriction: agreed,
            ..choice.clone()
        };
        let by = event.source.clone();
        let recorded = |facts: &ConsentFacts| (Fact::ConsentRecorded { consent: facts.clone() }, by.clone(), 0);
        let (mut free, mut denied) = (after(&steps), after(&steps));
        play(&mut free, &[recorded(&choice)], 1);
        play(&mut denied, &[recorded(&denial), recorded(&choice)], 1);
        let shut = answers(&mut denied, &event, purpose);
        let named = Fact::ChoicesNamed {
            consent: choice.consent, person, earlier: vec![denial.consent], by: NamedBy::Source,
        };
        play(&mut denied, &[(named, by.clone(), 0)], 1);
        let (free, over) = (answers(&mut free, &event, purpose), answers(&mut denied, &event, purpose));
        prop_assert_eq!((free.len(), shut.len()), (over.len(), over.len()));
        for ((free, shut), over) in free.iter().zip(&shut).zip(&over) {
            prop_assert_eq!(&free.recipient, &over.recipient);
            for ((free, shut), over) in free.slices.iter().zip(shut.slices.iter()).zip(over.slices.iter()) {
                prop_assert!(within(&over.outcome.elements(), &free.outcome.elements()), "{}: {over:?}", over.category);
                prop_assert!(!agreed || shut.outcome.elements() == over.outcome.elements(), "{}: {over:?}", over.category);
            }
        }
        // Without a word that it was meant so, nothing of it goes by consent or agreement.
        for ruling in shut.iter().filter(|r| r.ask.is_none() && r.recipient.unit != event.source) {
            let withheld = |outcome: &Outcome| matches!(outcome, Outcome::Withhold(_));
            prop_assert!(ruling.slices.iter().all(|s| withheld(&s.outcome)), "{:?}", ruling.slices);
        }
    }
}
