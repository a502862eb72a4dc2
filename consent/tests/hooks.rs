//! Hooks of state law (rulebook 4): what tightens at once, what waits for a reviewer, and what none ever opens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::common::*;
use handoff_law::{Acts, Bundle, BundleError, Ruling, Scope, explain, floors, rule, rule_for};
use handoff_schemas::RecipientKind::{Bhc, Cmp, Ems, Hosp, Le, P2p};
use handoff_schemas::*;
use jiff::civil::date;
use proptest::prelude::*;

/// Issue 3 asks for these, each with the law it says.
const STATES: [(&str, &str); 8] = [
    ("US-WA", "70.02"),
    ("US-PA", "1690.108"),
    ("US-CO", "27-65"),
    ("US-CA", "5328"),
    ("US-MO", "630.140"),
    ("US-MA", "c.123"),
    ("US-KS", "65-5601"),
    ("US-AL", "22-56"),
];
const CLINIC: &str = "clinic";
const PROGRAM: &str = "program";
const SOURCES: [(&str, RecipientKind); 4] = [(CLINIC, Bhc), (PROGRAM, P2p), ("police", Le), ("medics", Ems)];

/// Sources and a recipient of each kind in one place, with an agreement for everything.
fn county(place: &str) -> County {
    use HipaaStatus::{CoveredProvider, None as NotCovered};
    let mut c = County::empty();
    let mut all: Vec<(String, RecipientKind)> = SOURCES.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
    all.extend(RecipientKind::ALL.iter().map(|kind| (to_kind(*kind).unit.to_string(), *kind)));
    for (name, kind) in &all {
        let health = matches!(kind.code(), "EMS" | "BHC" | "P2P" | "HOSP" | "CMP" | "L988");
        let part2 = if *kind == P2p { Part2Status::Yes } else { Part2Status::No };
        let mut facts = unit(name, name, &[*kind], if health { CoveredProvider } else { NotCovered }, part2);
        facts.jurisdiction = place.to_owned();
        c.unit(facts);
    }
    let units: Vec<_> = all.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    c.agreement(&everything(&units));
    c
}

/// The build's law with other files of hooks: none, or this one alone.
fn law(hooks: Option<&str>) -> Arc<Bundle> {
    let mut files = Bundle::embedded_files();
    files.retain(|name, _| !name.starts_with("hooks/"));
    files.extend(hooks.map(|text| ("hooks/here.toml".to_owned(), text.to_owned())));
    Arc::new(Bundle::parse(&files).unwrap())
}

/// A file with one hook that does this.
fn one_hook(does: &str) -> String {
    format!(
        "jurisdiction = \"US-ZZ\"\nname = \"Here\"\n[[hook]]\nid = \"LOCAL-1/US-ZZ/here\"\nregulates = \"other\"\n{does}\n\
         cite = \"Code 1\"\nsource = \"the code\"\nmark = \"checked\"\nparaphrase = \"Says so.\"\n"
    )
}

/// A county of that place under that hook alone.
fn under(does: &str) -> County {
    let mut c = county("US-ZZ");
    c.bundle = law(Some(&one_hook(does)));
    c
}

fn review(hook: &str, agreement: Option<&str>, withdrawn: bool) -> Fact {
    let agreement = agreement.map(|id| id.parse().unwrap());
    let reviewed_by = "County counsel".to_owned();
    Fact::HookReviewed {
        review: HookReview { hook: hook.to_owned(), reviewed_by, reviewed_on: None, agreement, age: None, withdrawn },
    }
}

fn reviewed(c: &mut County, hook: &str) {
    c.fold("hub-operator", vec![review(hook, None, false)]);
}

fn review_all(c: &mut County) {
    let all: Vec<Fact> = c.bundle.hooks.all().map(|hook| review(&hook.id, None, false)).collect();
    c.fold("hub-operator", all);
}

/// An event of every category, about a hold that the police recipient wrote.
fn of(source: &str) -> Event {
    let mut event = Event::of(source, Category::ALL);
    event.facts = vec![Fact::HoldWritten { person: person(1), unit: to_kind(Le).unit }];
    event
}

#[test]
fn the_eight_states_are_there_as_data_each_hook_with_its_law() {
    let bundle = Bundle::embedded().unwrap();
    for (state, cited) in STATES {
        let hooks: Vec<_> = bundle.hooks.all().filter(|h| h.jurisdiction == state).collect();
        assert!(hooks.iter().any(|h| h.cite.contains(cited)), "{state}: {cited}");
        for hook in &hooks {
            assert!(!hook.cite.is_empty() && !hook.source.is_empty() && !hook.paraphrase.is_empty(), "{}", hook.id);
        }
        let acts = |acts: Acts| hooks.iter().any(|h| h.effect.acts() == acts);
        assert!(acts(Acts::AtOnce) && acts(Acts::OnceReviewed), "{state}");
        let rules: BTreeSet<_> = hooks.iter().map(|h| h.rule()).collect();
        assert!(["ST-03", "ST-04", "ST-05", "ST-06", "ST-07", "ST-08"].iter().all(|r| rules.contains(r)), "{rules:?}");
    }
    let ids: BTreeSet<_> = bundle.hooks.all().map(|h| h.id.as_str()).collect();
    assert_eq!(ids.len(), bundle.hooks.all().count());
}

const OPENS: &str =
    "effect = \"permit-exception\"\ncategories = [\"hiv-sti\"]\nkinds = [\"HOSP\"]\npurposes = [\"TREAT\"]";

/// A file of hooks with one thing wrong; the line that is named, and a word of the fault.
const FAULTS: &[(&str, &str, usize, &str)] = &[
    ("effect = \"permit-exception\"", "effect = \"allow\"", 6, "allow"),
    ("categories = [\"hiv-sti\"]", "categories = [\"hivsti\"]", 7, "category"),
    ("categories = [\"hiv-sti\"]", "categories = [\"part2-record\"]", 3, "no hook"),
    ("categories = [\"hiv-sti\"]", "categories = [\"chri\"]", 3, "no hook"),
    ("categories = [\"hiv-sti\"]", "categories = \"*\"", 3, "no \"*\""),
    ("kinds = [\"HOSP\"]", "kinds = [\"LE\"]", 3, "no hook"),
    ("kinds = [\"HOSP\"]", "", 3, "states"),
    ("kinds = [\"HOSP\"]", "kinds = []", 3, "not empty"),
    ("purposes = [\"TREAT\"]", "purposes = [\"TREATING\"]", 9, "TREATING"),
    ("purposes = [\"TREAT\"]", "purposes = [\"TREAT\"]\ntemplate = \"F99\"", 3, "F99"),
    ("purposes = [\"TREAT\"]", "purposes = [\"TREAT\"]\nage = 12", 3, "age"),
    ("purposes = [\"TREAT\"]", "purposes = [\"TREAT\"]\nelements = [\"name\"]", 3, "elements"),
    ("purposes = [\"TREAT\"]", "purposes = [\"TREAT\"]\nreviewed_by = \"me\"", 10, "reviewed_by"),
    ("cite = \"Code 1\"", "cite = \" \"", 3, "cite"),
    ("cite = \"Code 1\"", "", 3, "cite"),
    ("LOCAL-1/US-ZZ/here", "LOCAL-1/US-WA/here", 3, "LOCAL-1/US-WA/here"),
    ("jurisdiction = \"US-ZZ\"", "jurisdiction = \"Zedland\"", 1, "Zedland"),
    ("name = \"Here\"", "name = \"\"", 1, "name"),
];

#[test]
fn a_bundle_with_a_faulty_hook_does_not_load_and_says_which_line() {
    let whole = one_hook(OPENS);
    let parse = |text: &str| {
        let mut files = Bundle::embedded_files();
        files.insert("hooks/here.toml".to_owned(), text.to_owned());
        Bundle::parse(&files)
    };
    assert!(parse(&whole).is_ok());
    for (right, wrong, at, word) in FAULTS {
        assert!(whole.contains(right), "{right}");
        let error = parse(&whole.replace(right, wrong)).unwrap_err();
        let BundleError::Hook { file, line, why } = &error else { panic!("{wrong}: {error}") };
        assert_eq!((error.code(), file.as_str(), line), ("HO-1444", "hooks/here.toml", at), "{wrong}: {why}");
        assert!(why.contains(word), "{wrong}: {why}");
    }
    let twice = format!("{whole}{}", whole.split_once("[[hook]]").map(|(_, hook)| format!("[[hook]]{hook}")).unwrap());
    let error = parse(&twice).unwrap_err();
    assert!(matches!(&error, BundleError::Hook { line: 14, .. }), "{error}");
    for (does, word) in [
        ("effect = \"narrow\"\ncategories = \"*\"\nkinds = \"*\"\npurposes = \"*\"", "elements"),
        ("effect = \"narrow\"\ncategories = \"*\"\nkinds = \"*\"\npurposes = \"*\"\nelements = [\"gossip\"]", "gossip"),
        ("effect = \"set-age\"\ncategories = [\"bh-treatment\"]\nage = 18", "age"),
        ("effect = \"set-age\"\ncategories = \"*\"\nage = 12", "no \"*\""),
        ("effect = \"informs\"\ncategories = [\"hold\"]", "informs"),
    ] {
        let error = parse(&one_hook(does)).unwrap_err().to_string();
        assert!(error.contains("HO-1444") && error.contains(word), "{does}: {error}");
    }
}

#[test]
fn what_denies_asks_for_consent_or_narrows_acts_at_once_where_its_source_is() {
    let flow = "categories = [\"bh-assessment\"]\nkinds = [\"HOSP\"]\npurposes = [\"TREAT\"]";
    let risk = Event::of(CLINIC, &[Category::BhAssessment]);
    let all = shows(&county("US-ZZ").rule(&risk, &to_kind(Hosp)), Category::BhAssessment);
    assert!(all.contains(&"risk".to_owned()) && all.len() > 2, "{all:?}");

    let mut denies = under(&format!("effect = \"deny\"\n{flow}"));
    assert!(withheld(&denies.rule(&risk, &to_kind(Hosp)), Category::BhAssessment).contains(&"STATE_HOOK_DENIES"));
    assert!(denies.rule(&risk, &to_kind(Bhc)).releases(), "it speaks of hospitals");

    let mut asks = under(&format!("effect = \"require-consent\"\n{flow}"));
    assert!(withheld(&asks.rule(&risk, &to_kind(Hosp)), Category::BhAssessment).contains(&"STATE_HOOK_CONSENT"));
    asks.consent(consent(1, ConsentType::HipaaAuthorization, CLINIC, &["to-hosp"]));
    let ruling = asks.rule(&risk, &to_kind(Hosp));
    assert_eq!(shows(&ruling, Category::BhAssessment), all);
    assert!(one(&ruling, Category::BhAssessment).outcome.grants().iter().all(|g| g.consent.is_some()));

    let mut narrows = under(&format!("effect = \"narrow\"\n{flow}\nelements = [\"risk\"]"));
    assert_eq!(shows(&narrows.rule(&risk, &to_kind(Hosp)), Category::BhAssessment), ["risk"]);
    narrows.consent(consent(1, ConsentType::HipaaAuthorization, CLINIC, &["to-hosp"]));
    assert_eq!(
        shows(&narrows.ask(&risk, &to_kind(Hosp), Purpose::Treat), Category::BhAssessment),
        ["risk"],
        "a consent that nothing needs is not relied on"
    );

    for hook in ["effect = \"deny\"", "effect = \"require-consent\"", "effect = \"narrow\"\nelements = [\"risk\"]"] {
        let mut elsewhere = county("US-WA");
        elsewhere.bundle = law(Some(&one_hook(&format!("{hook}\n{flow}"))));
        assert_eq!(shows(&elsewhere.rule(&risk, &to_kind(Hosp)), Category::BhAssessment), all, "{hook}");
    }
}

#[test]
fn what_a_country_says_holds_in_its_states() {
    let file =
        one_hook("effect = \"deny\"\ncategories = \"*\"\nkinds = \"*\"\npurposes = \"*\"").replace("US-ZZ", "US");
    let mut c = county("US-ZZ");
    c.bundle = law(Some(&file));
    for kind in RecipientKind::ALL {
        nothing_released(&c.rule(&of(CLINIC), &to_kind(*kind)));
    }
    let own = to(CLINIC, Bhc);
    assert!(c.rule(&of(CLINIC), &own).releases(), "what a unit published itself it reads");
}

#[test]
fn ec_82_f3b_takes_a_review_an_agreement_and_the_officers_own_hold() {
    let hook = "ST-03/US-CA/hold-facts";
    let hold = |wrote: &str| {
        let mut event = Event::of(CLINIC, &[Category::Hold]);
        event.facts = vec![Fact::HoldWritten { person: person(1), unit: unit_id(wrote) }];
        event
    };
    let mut c = county("US-CA");
    assert!(withheld(&c.rule(&hold("to-le"), &to_kind(Le)), Category::Hold).contains(&"HOOK_NOT_REVIEWED"));
    let again = c.fold("hub-operator", vec![review(hook, None, false)]);
    assert!(!again.is_empty(), "what stood is ruled again");
    let ruling = c.rule(&hold("to-le"), &to_kind(Le));
    assert_eq!(shows(&ruling, Category::Hold), ["hold-accepted", "hold-accepted-at", "hold-paperwork"]);
    let grant = &one(&ruling, Category::Hold).outcome.grants()[0];
    assert!(grant.agreement.is_some() && grant.consent.is_none());
    assert!(grant.policies.contains("path-state-hook"));
    assert!(grant.citation.contains("ST-03/US-CA/hold-facts: Cal. Welf. & Inst. Code 5150"), "{}", grant.citation);
    let said = explain(&c.bundle, &ruling);
    assert!(said[0].points.iter().any(|p| p.plain.contains("72 hours")), "{said:?}");

    assert!(!c.rule(&hold("elsewhere"), &to_kind(Le)).releases(), "another unit wrote it");
    assert!(!c.rule(&Event::of(CLINIC, &[Category::Hold]), &to_kind(Le)).releases(), "nobody says who wrote it");
    let mut inside = hold("to-le");
    inside.source = unit_id(PROGRAM);
    assert!(!c.rule(&inside, &to_kind(Le)).releases(), "a program's record");
    c.move_agreement("everything", AgreementStatus::Suspended);
    assert!(!c.rule(&hold("to-le"), &to_kind(Le)).releases(), "no agreement");
    c.move_agreement("everything", AgreementStatus::Active);
    assert!(c.rule(&hold("to-le"), &to_kind(Le)).releases());
    c.fold("hub-operator", vec![review(hook, None, true)]);
    assert!(!c.rule(&hold("to-le"), &to_kind(Le)).releases(), "taken back");
}

#[test]
fn a_review_for_one_agreement_counts_there_alone_and_for_no_age() {
    let hold = of(CLINIC);
    let mut c = county("US-CA");
    c.fold("hub-operator", vec![review("ST-03/US-CA/hold-facts", Some("another"), false)]);
    assert!(shows(&c.rule(&hold, &to_kind(Le)), Category::Hold).is_empty());
    c.fold("hub-operator", vec![review("ST-03/US-CA/hold-facts", Some("everything"), false)]);
    assert!(!shows(&c.rule(&hold, &to_kind(Le)), Category::Hold).is_empty());

    let needs = Event::of(CLINIC, &[Category::Sdoh]);
    c.fold(CLINIC, vec![Fact::PersonBorn { person: person(1), day: date(2011, 3, 1) }]);
    let facts = consent(1, ConsentType::HipaaAuthorization, CLINIC, &["to-cbo"]);
    let signatures = Signatures { signers: BTreeSet::from([Signer::Minor]), zone: None };
    let signed = Fact::ConsentSigned { consent: facts.consent, person: facts.person, signatures };
    c.fold(CLINIC, vec![Fact::ConsentRecorded { consent: facts }, signed]);
    let age = "ST-04/US-CA/behavioral-health";
    c.fold("hub-operator", vec![review(age, Some("everything"), false)]);
    let shelter = to_kind(RecipientKind::Cbo);
    assert!(withheld(&c.rule(&needs, &shelter), Category::Sdoh).contains(&"SIGNER_MINOR"));
    reviewed(&mut c, age);
    assert!(c.rule(&needs, &shelter).releases());
}

#[test]
fn a_review_hides_at_its_position_what_it_may_shut() {
    for withdrawn in [false, true] {
        let raised = floors(LogPos(7), &[review("ST-03/US-CA/hold-facts", None, withdrawn)]);
        assert_eq!(raised, [(Scope::Bundle, LogPos(7))]);
    }
    let mut c = county("US-CA");
    assert!(c.rule(&of(CLINIC), &to_kind(Hosp)).scopes.contains(&Scope::Bundle));
}

/// Everything that is shown: by what stands, and for the purposes that hooks speak of or nearly do.
type Shown = BTreeMap<(RecipientKind, Option<Purpose>, Category), ElementSet>;

fn everything_shown(c: &County, event: &Event) -> Shown {
    use Purpose::{Coc, Etreat, LeFollowup, PublicRecord, Treat};
    let event_type: EventType = event.event_type.parse().unwrap();
    let facts = event.facts(&event_type);
    let mut all = Shown::new();
    for kind in RecipientKind::ALL {
        for asked in [None, Some(Treat), Some(Coc), Some(Etreat), Some(LeFollowup), Some(PublicRecord)] {
            let to = to_kind(*kind);
            let ruling: Ruling = match asked {
                None => rule(&c.bundle, &c.state, &facts, &to, c.at),
                Some(purpose) => rule_for(&c.bundle, &c.state, &facts, &to, purpose, c.at),
            };
            let shown = ruling.slices.iter().map(|s| ((*kind, asked, s.category), s.outcome.elements()));
            all.extend(shown.filter(|(_, elements)| !elements.is_empty()));
        }
    }
    all
}

fn within(part: &ElementSet, whole: &ElementSet) -> bool {
    part.intersect(whole) == *part
}

/// What is shown that the other does not show.
fn beyond<'a>(shown: &'a Shown, other: &Shown) -> Vec<&'a (RecipientKind, Option<Purpose>, Category)> {
    let none = ElementSet::none();
    shown.iter().filter(|(at, elements)| !within(elements, other.get(*at).unwrap_or(&none))).map(|(at, _)| at).collect()
}

#[test]
fn reviewed_hooks_open_what_the_matrix_leaves_to_one_and_never_a_part_2_record() {
    let bare = law(None);
    for (state, _) in STATES {
        let mut opened = 0;
        for (source, _) in SOURCES {
            let mut c = county(state);
            let with = Arc::clone(&c.bundle);
            c.bundle = Arc::clone(&bare);
            let before = everything_shown(&c, &of(source));
            c.bundle = with;
            assert_eq!(beyond(&everything_shown(&c, &of(source)), &before), Vec::<&_>::new(), "{state}: unreviewed");
            review_all(&mut c);
            let after = everything_shown(&c, &of(source));
            let wider = beyond(&after, &before);
            assert!(source != PROGRAM || wider.is_empty(), "{state}: {wider:?}");
            for (kind, _, category) in &wider {
                let cell = bare.matrix.cell(*category, *kind).unwrap();
                assert!(cell.leaves_to_hook(), "{state}: {category} to {kind}");
            }
            opened += wider.len();
        }
        assert!(opened > 0, "{state}: a review opens something");
    }
}

fn a_consent() -> impl Strategy<Value = Option<(ConsentType, bool)>> {
    use ConsentType::{HipaaAuthorization, Part2Named, Part2Tpo};
    prop::option::of((prop::sample::select(vec![HipaaAuthorization, Part2Named, Part2Tpo]), any::<bool>()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the person signed, and whoever signed it: with nobody's review no answer is wider than without any hook.
    #[test]
    fn no_permissive_hook_opens_anything_without_a_reviewer(
        state in prop::sample::select(STATES.map(|(state, _)| state).to_vec()),
        source in prop::sample::select(SOURCES.map(|(name, _)| name).to_vec()),
        signed in a_consent(),
        born in prop::option::of(2005i16..2020),
    ) {
        let mut c = county(state);
        if let Some(year) = born {
            c.fold(source, vec![Fact::PersonBorn { person: person(1), day: date(year, 3, 1) }]);
        }
        if let Some((kind, by_minor)) = signed {
            let everybody: Vec<String> = RecipientKind::ALL.iter().map(|k| to_kind(*k).unit.to_string()).collect();
            let names: Vec<&str> = everybody.iter().map(String::as_str).collect();
            let mut facts = consent(1, kind, source, &names);
            facts.purposes = facts.purposes.iter().copied().chain([Purpose::LeFollowup]).collect();
            let signer = if by_minor { Signer::Minor } else { Signer::ParentOrGuardian };
            let signatures = Signatures { signers: BTreeSet::from([signer]), zone: None };
            let said = Fact::ConsentSigned { consent: facts.consent, person: facts.person, signatures };
            c.fold(source, vec![Fact::ConsentRecorded { consent: facts }, said]);
        }
        let with = everything_shown(&c, &of(source));
        c.bundle = law(None);
        let without = everything_shown(&c, &of(source));
        prop_assert!(beyond(&with, &without).is_empty(), "{:?}", beyond(&with, &without));
    }
}

#[test]
fn a_later_review_takes_the_place_of_the_one_before() {
    let mut c = county("US-MA");
    let hook = "ST-04/US-MA/substance-use";
    reviewed(&mut c, hook);
    let mut second = review(hook, None, false);
    if let Fact::HookReviewed { review } = &mut second {
        (review.age, review.reviewed_by) = (Some(14), "State counsel".to_owned());
    }
    c.fold("hub-operator", vec![second, review(hook, Some("everything"), false)]);
    let stands: Vec<_> =
        c.state.hook_reviews(hook).iter().map(|r| (r.reviewed_by.as_str(), r.age, r.agreement.is_some())).collect();
    assert_eq!(stands, [("State counsel", Some(14), false), ("County counsel", None, true)]);
    c.fold("hub-operator", vec![review(hook, None, true)]);
    assert_eq!(c.state.hook_reviews(hook).len(), 1);
    assert!(c.state.hook_reviews("ST-04/US-MA/inpatient").is_empty());
}

#[test]
fn case_managers_in_colorado_ask_and_in_washington_do_not() {
    let risk = Event::of(CLINIC, &[Category::BhAssessment]);
    let asked = |place: &str| county(place).ask(&risk, &to_kind(Cmp), Purpose::Coc).releases();
    assert_eq!((asked("US-WA"), asked("US-CO")), (true, false));
}
