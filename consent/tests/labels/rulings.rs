//! What a label does to a ruling.

use super::*;

#[test]
fn hiv_among_the_diagnoses_is_ruled_as_hiv_too() {
    let mut c = County::river();
    c.agreement(&everything(&[(CLINIC, Bhc), (SUD, P2p), (CREW, Ems)]));
    let plain = Event::of(CLINIC, &[Category::BhTreatment, Category::Medications]);
    let hiv = with(&plain, Category::BhTreatment, &["HIV"]);
    for recipient in [to(CREW, Ems), to(SUD, P2p)] {
        assert!(!shows(&c.rule(&plain, &recipient), Category::BhTreatment).is_empty());
        let ruling = c.rule(&hiv, &recipient);
        withheld(&ruling, Category::BhTreatment);
        assert!(!shows(&ruling, Category::Medications).is_empty(), "the other slice says nothing of it");
    }
    let mut authorized = consent(1, ConsentType::HipaaAuthorization, CLINIC, &[SUD]);
    authorized.categories = [Category::BhTreatment].into();
    c.consent(authorized.clone());
    withheld(&c.rule(&hiv, &to(SUD, P2p)), Category::BhTreatment);
    authorized.categories = authorized.categories.iter().copied().chain([Category::HivSti]).collect();
    authorized.consent = record(1002);
    c.consent(authorized);
    assert!(c.rule(&hiv, &to(SUD, P2p)).slice(Category::BhTreatment).unwrap().outcome.grants()[0].consent.is_some());
}

/// EC-95: masked to a shelter, unless the person names it.
#[test]
fn substance_use_in_a_note_on_needs_is_masked_to_a_shelter() {
    let mut c = County::river();
    c.agreement(&everything(&[(CLINIC, Bhc), (SHELTER, Cbo)]));
    let plain = Event::of(CLINIC, &[Category::Sdoh]);
    let sud = with(&plain, Category::Sdoh, &["ETHUD"]);
    let mut authorized = consent(1, ConsentType::HipaaAuthorization, CLINIC, &[SHELTER]);
    authorized.categories = [Category::Sdoh].into();
    c.consent(authorized.clone());
    assert_eq!(shows(&c.rule(&plain, &to(SHELTER, Cbo)), Category::Sdoh), ["need"]);
    withheld(&c.rule(&sud, &to(SHELTER, Cbo)), Category::Sdoh);
    authorized.categories = authorized.categories.iter().copied().chain([Category::SubstanceObservation]).collect();
    authorized.consent = record(1002);
    c.consent(authorized);
    assert_eq!(shows(&c.rule(&sud, &to(SHELTER, Cbo)), Category::Sdoh), ["need"]);
}

#[test]
fn ec_43_a_denial_of_hiv_reaches_hiv_in_any_slice() {
    let mut c = County::river();
    c.agreement(&everything(&[(CLINIC, Bhc), (SUD, P2p)]));
    c.consent(consent(1, ConsentType::HipaaAuthorization, CLINIC, &[SUD]));
    let plain = Event::of(CLINIC, &[Category::BhTreatment]);
    let hiv = with(&plain, Category::BhTreatment, &["HIV"]);
    assert!(c.rule(&hiv, &to(SUD, P2p)).releases());
    let mut denial = consent(2, ConsentType::HipaaAuthorization, CLINIC, &[SUD]);
    denial.categories = [Category::HivSti].into();
    denial.deny = true;
    c.consent(denial);
    assert!(withheld(&c.rule(&hiv, &to(SUD, P2p)), Category::BhTreatment).contains(&"PERSON_DENIES"));
    assert!(c.rule(&plain, &to(SUD, P2p)).releases());
}

/// C16 is what others than a program observe: the program's own follows its consent as before.
#[test]
fn a_programs_own_words_need_no_second_category() {
    let mut c = County::river();
    let mut named = consent(1, ConsentType::Part2Named, SUD, &[CLINIC]);
    named.categories = [Category::Medications].into();
    c.consent(named);
    let plain = Event::of(SUD, &[Category::Medications]);
    let methadone = with(&plain, Category::Medications, &["OPIOIDUD"]);
    let (before, after) = (c.rule(&plain, &to(CLINIC, Bhc)), c.rule(&methadone, &to(CLINIC, Bhc)));
    assert!(before.releases());
    assert_eq!(before.slices, after.slices);
    withheld(&c.rule(&with(&plain, Category::Medications, &["HIV"]), &to(CLINIC, Bhc)), Category::Medications);
}

#[test]
fn words_at_dispatch_keep_nobody_from_the_scene() {
    let mut c = County::river();
    let plain = Event::of("river-911", &[Category::Cad, Category::Location]);
    let overdose = with(&plain, Category::Cad, &["SUD"]);
    let (before, after) = (c.rule(&plain, &to(PATROL, Le)), c.rule(&overdose, &to(PATROL, Le)));
    assert!(before.releases());
    assert_eq!(before.slices, after.slices);
}

fn released(ruling: &Ruling, category: Category) -> ElementSet {
    one(ruling, category).outcome.elements()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A8, I5: a label narrows what anybody gets, or leaves it; and the unit itself reads its own whatever it says.
    #[test]
    fn a_label_never_opens_anything(
        codes in any_codes(), category in proptest::sample::select(Category::ALL),
        source in proptest::sample::select(vec![PATROL, CREW, CLINIC, SUD, SHELTER, "river-911"]),
        consented in any::<bool>(),
    ) {
        let mut c = County::river();
        c.agreement(&everything(&[(PATROL, Le), (CREW, Ems), (CLINIC, Bhc), (SUD, P2p), (SHELTER, Cbo)]));
        if consented {
            let kind = if source == SUD { ConsentType::Part2Named } else { ConsentType::HipaaAuthorization };
            c.consent(consent(1, kind, source, &[PATROL, CREW, CLINIC, SUD, SHELTER]));
        }
        let plain = Event::of(source, &[category]);
        let labelled = with(&plain, category, &codes);
        for recipient in c.state.recipients(&plain.source) {
            let (before, after) = (c.rule(&plain, &recipient), c.rule(&labelled, &recipient));
            let (most, now) = (released(&before, category), released(&after, category));
            prop_assert_eq!(now.intersect(&most), now, "{} to {:?}", category, recipient);
        }
        let own = Recipient { unit: plain.source.clone(), kind: c.state.unit(&plain.source).unwrap().roles[0] };
        prop_assert_eq!(c.rule(&plain, &own).slices, c.rule(&labelled, &own).slices);
    }
}
