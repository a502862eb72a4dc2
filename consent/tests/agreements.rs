//! Agreement documents: what is refused and where, and how their terms decide.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::{Agreement, AgreementKind, Rerule, Scope};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Ems, Le, P2p};
use handoff_schemas::*;
use miette::Diagnostic as _;

#[test]
fn every_example_form_is_sound() {
    let kinds: Vec<_> = FORMS.iter().map(|f| Agreement::parse(f).unwrap().kind).collect();
    assert_eq!(kinds, [AgreementKind::Ila, AgreementKind::Participation, AgreementKind::Mou, AgreementKind::Qsoa]);
}

/// (form, text there, text instead, code, clause): each fault is named with the line it is on.
const FAULTS: &[(usize, &str, &str, &str, &str)] = &[
    (0, "version = 1", "version = \"one\"", "HO-1310", "document"),
    (0, "version = 1", "version = 1\nsurprise = true", "HO-1310", "document"),
    (0, "id = \"crisis-co-response\"", "id = \"Crisis\"", "HO-1311", "id"),
    (0, "kind = \"ILA\"", "kind = \"LOI\"", "HO-1312", "kind"),
    (0, "role = \"member\"", "role = \"friend\"", "HO-1313", "party.role"),
    (0, "unit = \"river-pd-patrol\"\nrole", "unit = \"river-911\"\nrole", "HO-1314", "party.unit"),
    (0, "to = [\"river-pd-patrol\"]", "to = [\"hill-pd-patrol\"]", "HO-1315", "flow.disposition.to"),
    (0, "roles = [\"LE\"]", "roles = [\"COP\"]", "HO-1316", "flow.disposition.roles"),
    (0, "purposes = [\"LEFOLLOWUP\"]", "purposes = [\"ANY\"]", "HO-1317", "flow.disposition.purposes"),
    (
        0,
        "prohibited_uses = [\"immigration-enforcement\"",
        "prohibited_uses = [\"gossip\"",
        "HO-1317",
        "prohibited_uses",
    ),
    (0, "clause = \"scene-safety\"", "clause = \"dispatch\"", "HO-1318", "flow.clause"),
    (0, "purposes = [\"SCENESAFETY\"]", "purposes = []", "HO-1318", "flow.scene-safety.purposes"),
    (0, "\"le-report\", ", "\"chri\", ", "HO-1319", "flow.scene-to-care.categories"),
    (0, "\"le-report\", ", "\"gossip\", ", "HO-1319", "flow.scene-to-care.categories"),
    (0, "templates = [\"F3\"", "templates = [\"F33\"", "HO-1319", "flow.disposition.templates"),
    (0, "time_zone = \"America/Los_Angeles\"", "time_zone = \"Mars/Base\"", "HO-1321", "time_zone"),
    (0, "effective_to = 2028-12-31", "effective_to = 2025-12-31", "HO-1321", "effective_to"),
    (0, "effective_to = 2028-12-31", "", "HO-1321", "effective_to"),
    (0, "effective_to = 2028-12-31", "effective_to = 12:00:00", "HO-1321", "effective_to"),
    (0, "incident_notice_hours = 24", "incident_notice_hours = 0", "HO-1322", "incident_notice_hours"),
    (0, "version = 1", "version = 0", "HO-1322", "version"),
    (1, "redisclosure = \"As", "redisclosure = \"\" # \"As", "HO-1322", "redisclosure"),
    (1, "[[signatory]]\nunit = \"river-fire-ems\"", "[[signatory]]\nunit = \"river-911\"", "HO-1323", "signatory"),
    (
        0,
        "governing_body_approvals = \"River",
        "governing_body_approvals = \"\" # \"River",
        "HO-1324",
        "clauses.governing_body_approvals",
    ),
    (1, "kind = \"PARTICIPATION\"", "kind = \"DUA\"", "HO-1324", "clauses.permitted_uses"),
    (1, "kind = \"PARTICIPATION\"", "kind = \"MCA\"", "HO-1324", "clauses.management_control"),
    (3, "fully_bound = ", "# ", "HO-1324", "clauses.fully_bound"),
    (3, "resist_in_judicial_proceedings = ", "# ", "HO-1324", "clauses.resist_in_judicial_proceedings"),
    (2, "kind = \"MOU\"", "kind = \"BAA\"", "HO-1324", "clauses.permitted_uses"),
    (3, "kind = \"QSOA\"", "kind = \"MOU\"", "HO-1325", "flow"),
    (3, "org_type = \"other\"", "org_type = \"law-enforcement\"", "HO-1320", "party.role"),
];

#[test]
fn each_fault_has_its_code_clause_line_and_law() {
    for (form, from, to, code, clause) in FAULTS {
        let text = FORMS[*form];
        assert!(text.contains(from), "form {form} no longer has `{from}`");
        let bent = text.replacen(from, to, 1);
        let faults = Agreement::faults(&bent);
        let Some(fault) = faults.iter().find(|f| f.code == *code && f.clause == *clause) else {
            panic!("`{to}`: expected {code} at {clause}, found {faults:?}");
        };
        assert!(fault.line >= 1 && fault.line <= bent.lines().count(), "`{to}`: line {}", fault.line);
        assert!(!fault.citation.is_empty() && !fault.help.is_empty());
        assert_eq!(fault.code().unwrap().to_string(), *code);
        assert!(fault.source_code().is_some() && fault.labels().is_some());
        assert_eq!(Agreement::parse(&bent).unwrap_err().code, faults[0].code);
    }
}

#[test]
fn a_fault_names_the_line_it_is_on() {
    let bent = FORMS[0].replacen("purposes = [\"LEFOLLOWUP\"]", "purposes = [\"ANY\"]", 1);
    let line = bent.lines().position(|l| l.contains("\"ANY\"")).unwrap() + 1;
    let fault = Agreement::parse(&bent).unwrap_err();
    assert_eq!(fault.line, line);
    let said = format!("HO-1317: line {line}: flow.disposition.purposes: `ANY` is no purpose code");
    assert_eq!(fault.to_string(), said);
}

#[test]
fn no_error_shows_a_signatory() {
    for (form, from, to, ..) in FAULTS {
        for fault in Agreement::faults(&FORMS[*form].replacen(from, to, 1)) {
            let shown = format!("{fault} {fault:?} {}", fault.help);
            assert!(!shown.contains("Example"), "{shown}");
        }
    }
}

#[test]
fn p2_09a_counsel_may_override_for_a_law_enforcement_qso() {
    let police = FORMS[3].replacen("org_type = \"other\"", "org_type = \"law-enforcement\"", 1);
    assert_eq!(Agreement::parse(&police).unwrap_err().code, "HO-1320");
    let counsel = format!("{police}\n[clauses.counsel_override]\nby = \"County counsel\"\nreason = \"see memo 7\"\n");
    assert!(Agreement::parse(&counsel).unwrap().counsel_override);
}

#[test]
fn an_agreement_for_services_cannot_carry_a_flow() {
    let flow = "[[flow]]\nclause = \"x\"\nfrom = [\"harbor-recovery-sud\"]\nto = [\"hub-operator\"]\nroles = [\"EVAL\"]\n\
                purposes = [\"TREAT\"]\ncategories = [\"*\"]\n\n[[signatory]]";
    let bent = FORMS[3].replacen("[[signatory]]", flow, 1);
    assert_eq!(Agreement::parse(&bent).unwrap_err().code, "HO-1325");
}

#[test]
fn an_absurd_document_is_refused_not_crashed_on() {
    for text in ["", "{", "\u{0}", "id = ", &"[[party]]\n".repeat(40_000), &"a".repeat(300_000), &"[".repeat(5000)] {
        assert!(Agreement::parse(text).is_err());
    }
}

#[test]
fn a_date_begins_and_ends_in_the_agreements_own_zone() {
    let a = Agreement::parse(FORMS[0]).unwrap();
    assert_eq!(a.effective_from, at("2026-01-01T08:00:00Z"));
    assert_eq!(a.effective_to, Some(at("2029-01-01T08:00:00Z")), "the last day counts whole");
    let timed = FORMS[0].replacen("effective_to = 2028-12-31", "effective_to = 2028-12-31T12:00:00-08:00", 1);
    assert_eq!(Agreement::parse(&timed).unwrap().effective_to, Some(at("2028-12-31T20:00:00Z")));
}

fn at(text: &str) -> LogTime {
    LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// Two agreements between the same two units, each short of one dimension.
fn split(a: (&str, &str), b: (&str, &str)) -> County {
    let mut c = County::empty();
    c.unit(unit("one", "one", &[Bhc], HipaaStatus::CoveredProvider, Part2Status::No));
    c.unit(unit("two", "two", &[Ems], HipaaStatus::CoveredProvider, Part2Status::No));
    for (id, (purpose, category)) in [("a", a), ("b", b)] {
        let doc = everything(&[("one", Bhc), ("two", Ems)]).replacen("everything", id, 1);
        let head = doc.split("[[flow]]").next().unwrap().to_owned();
        c.agreement(&format!(
            "{head}[[flow]]\nclause = \"c\"\nfrom = [\"one\"]\nto = [\"two\"]\nroles = [\"EMS\"]\n\
             purposes = [\"{purpose}\"]\ncategories = [\"{category}\"]\n"
        ));
    }
    c
}

#[test]
fn clauses_of_two_agreements_never_combine() {
    let event = Event::of("one", &[Category::Medications]);
    let mut c = split(("TREAT", "ems-clinical"), ("DISPATCH", "medications"));
    let ruling = c.rule(&event, &to("two", Ems));
    nothing_released(&ruling);
    assert!(withheld(&ruling, Category::Medications).contains(&"AGREEMENT_TERM"));
    let mut whole = split(("TREAT", "medications"), ("DISPATCH", "location"));
    let ruling = whole.rule(&event, &to("two", Ems));
    assert!(ruling.releases());
    assert!(ruling.scopes.contains(&Scope::Agreement("a".parse().unwrap())));
    assert!(!ruling.scopes.contains(&Scope::Agreement("b".parse().unwrap())), "not relied on");
}

#[test]
fn one_agreement_that_prohibits_a_use_stops_it_under_every_other() {
    let mut c = split(("TREAT", "medications"), ("DISPATCH", "location"));
    let event = Event::of("one", &[Category::Medications, Category::Location]);
    let before = c.rule(&event, &to("two", Ems));
    let doc = everything(&[("one", Bhc), ("two", Ems)]).replacen("everything", "strict", 1);
    let document = doc.replacen("prohibited_uses = []", "prohibited_uses = [\"TREAT\"]", 1);
    let agreement: AgreementId = "strict".parse().unwrap();
    let drafted = Fact::AgreementDrafted { agreement: agreement.clone(), version: 1, document };
    let hides = |facts: &Fact, pos: u64, ruling: &handoff_law::Ruling| {
        let floors = handoff_law::floors(LogPos(pos), std::slice::from_ref(facts));
        floors.iter().any(|(scope, floor)| ruling.scopes.contains(scope) && ruling.at_pos < *floor)
    };
    // The draft changes no answer, but from it on every ruling between its parties names it ...
    assert!(hides(&drafted, c.pos + 1, &before));
    assert!(c.fold("hub-operator", vec![drafted]).contains(&Rerule::Unit(unit_id("one"))));
    let drafted = c.rule(&event, &to("two", Ems));
    assert_eq!(drafted.slices, before.slices);
    assert!(drafted.scopes.contains(&Scope::Agreement(agreement.clone())));
    // ... so that its activation hides them by its name alone.
    let moved = Fact::AgreementMoved { agreement: agreement.clone(), version: 1, status: AgreementStatus::Active };
    assert!(hides(&moved, c.pos + 1, &drafted));
    assert_eq!(c.fold("hub-operator", vec![moved]), [Rerule::Agreement(agreement)]);
    let after = c.rule(&event, &to("two", Ems));
    assert_eq!(withheld(&after, Category::Medications)[0], "AGREEMENT_PROHIBITS");
    assert_eq!(shows(&after, Category::Location), ["place"], "another purpose");
}

#[test]
fn what_an_agreement_will_prohibit_from_a_day_on_ends_with_that_day_under_every_other() {
    let mut c = split(("TREAT", "medications"), ("DISPATCH", "location"));
    let begins = at("2026-12-01T00:00:00Z");
    let doc = everything(&[("one", Bhc), ("two", Ems)]).replacen("everything", "strict", 1);
    let doc = doc.replacen("prohibited_uses = []", "prohibited_uses = [\"TREAT\"]", 1);
    c.agreement(&doc.replacen("effective_from = 2026-01-01", "effective_from = 2026-12-01T00:00:00Z", 1));
    let event = Event::of("one", &[Category::Medications, Category::Location]);
    let before = c.rule(&event, &to("two", Ems));
    assert!(!shows(&before, Category::Medications).is_empty());
    assert_eq!(before.valid_until, Some(begins), "no event raises a floor then");
    c.at = begins;
    let due = c.fold("hub-operator", vec![Fact::Due { change: begins }]);
    assert_eq!(due, [Rerule::Agreement("strict".parse().unwrap())]);
    let after = c.rule(&event, &to("two", Ems));
    assert_eq!(withheld(&after, Category::Medications)[0], "AGREEMENT_PROHIBITS");
    assert_eq!(shows(&after, Category::Location), ["place"], "another purpose");
    assert_eq!(after.valid_until, None);
}

#[test]
fn a_star_covers_what_the_matrix_permits_and_neither_terms_nor_part_2() {
    let mut c = County::river();
    // C02 to CMP is A; to EMS it is P.
    c.unit(unit("river-fire-peer", "river-fire", &[RecipientKind::Cmp], HipaaStatus::CoveredProvider, Part2Status::No));
    let star = FORMS[1]
        .replace("river-fire-ems", "river-fire-peer")
        .replacen("id = \"treatment\"", "id = \"peers\"", 1)
        .replacen("roles = [\"EMS\", \"BHC\", \"P2P\"]", "roles = [\"CMP\"]", 1)
        .replacen("purposes = [\"TREAT\"]", "purposes = [\"TREAT\", \"COC\"]", 1);
    c.agreement(&star);
    let event = Event::of("willow-clinic-crisis", &[Category::HealthIdentity, Category::SafetyPlan]);
    let peer = c.rule(&event, &to("river-fire-peer", RecipientKind::Cmp));
    assert!(withheld(&peer, Category::HealthIdentity).contains(&"AGREEMENT_TERM"));
    assert!(!shows(&peer, Category::SafetyPlan).is_empty());
    assert!(!shows(&c.rule(&event, &to("river-fire-ems", Ems)), Category::HealthIdentity).is_empty());
    c.consent(consent(1, ConsentType::Part2Tpo, "harbor-recovery-sud", &[]));
    let no_part2 =
        FORMS[1].replacen("[\"*\", \"part2-record\"]", "[\"*\"]", 1).replacen("version = 1", "version = 2", 1);
    let drafted = Fact::AgreementDrafted { agreement: "treatment".parse().unwrap(), version: 2, document: no_part2 };
    let sud = Event::of("harbor-recovery-sud", &[Category::Medications]);
    assert!(c.rule(&sud, &to("willow-clinic-crisis", Bhc)).releases());
    c.fold("hub-operator", vec![drafted]);
    assert!(c.rule(&sud, &to("willow-clinic-crisis", Bhc)).releases(), "a draft changes nothing");
    let active =
        Fact::AgreementMoved { agreement: "treatment".parse().unwrap(), version: 2, status: AgreementStatus::Active };
    c.fold("hub-operator", vec![active]);
    assert!(
        withheld(&c.rule(&sud, &to("willow-clinic-crisis", Bhc)), Category::Medications).contains(&"AGREEMENT_TERM")
    );
}

#[test]
fn a_version_that_ends_does_not_bring_back_the_one_before() {
    let mut c = County::river();
    let event = Event::of("river-911", &[Category::SafetyCaution]);
    let second = FORMS[0].replacen("version = 1", "version = 2", 1);
    let id: AgreementId = "crisis-co-response".parse().unwrap();
    let moved = |version, status| Fact::AgreementMoved { agreement: id.clone(), version, status };
    let drafted = Fact::AgreementDrafted { agreement: id.clone(), version: 2, document: second };
    c.fold("hub-operator", vec![drafted, moved(2, AgreementStatus::Active)]);
    assert!(c.rule(&event, &to("river-pd-patrol", Le)).releases());
    c.fold("hub-operator", vec![moved(2, AgreementStatus::Terminated)]);
    let ruling = c.rule(&event, &to("river-pd-patrol", Le));
    assert!(withheld(&ruling, Category::SafetyCaution).contains(&"AGREEMENT_TERMINATED"));
}

#[test]
fn a_version_on_its_way_takes_nothing_from_the_one_in_force() {
    let mut c = County::river();
    let event = Event::of("river-911", &[Category::SafetyCaution, Category::Location]);
    let before = c.rule(&event, &to("river-pd-patrol", Le));
    let second = FORMS[0].replacen("version = 1", "version = 2", 1).replace("\"safety-caution\", ", "");
    let id: AgreementId = "crisis-co-response".parse().unwrap();
    let moved = |version, status| Fact::AgreementMoved { agreement: id.clone(), version, status };
    let drafted = Fact::AgreementDrafted { agreement: id.clone(), version: 2, document: second };
    for step in [drafted, moved(2, AgreementStatus::Signed), moved(1, AgreementStatus::Signed)] {
        assert!(handoff_law::floors(LogPos(c.pos + 1), std::slice::from_ref(&step)).is_empty(), "hides something");
        assert!(c.fold("hub-operator", vec![step]).is_empty(), "rules something again");
        assert_eq!(c.rule(&event, &to("river-pd-patrol", Le)).slices, before.slices);
    }
    // As the registry says it: the one that was in force ends where the new one begins.
    let active = vec![moved(1, AgreementStatus::Terminated), moved(2, AgreementStatus::Active)];
    let floors = handoff_law::floors(LogPos(c.pos + 1), &active);
    assert!(floors.iter().any(|(scope, floor)| before.scopes.contains(scope) && before.at_pos < *floor));
    assert_eq!(c.fold("hub-operator", active), [Rerule::Agreement(id)]);
    let after = c.rule(&event, &to("river-pd-patrol", Le));
    assert!(withheld(&after, Category::SafetyCaution).contains(&"AGREEMENT_TERM"), "the clause went with its version");
    assert_eq!(shows(&after, Category::Location), shows(&before, Category::Location));
}

#[test]
fn an_agreement_that_cannot_be_read_permits_nothing() {
    for document in ["not toml [", &FORMS[0].replacen("id = \"crisis-co-response\"", "id = \"other\"", 1)] {
        let mut c = County::river();
        let id: AgreementId = "crisis-co-response".parse().unwrap();
        let drafted = Fact::AgreementDrafted { agreement: id.clone(), version: 2, document: document.to_owned() };
        let active = Fact::AgreementMoved { agreement: id, version: 2, status: AgreementStatus::Active };
        c.fold("hub-operator", vec![drafted, active]);
        let ruling = c.rule(&Event::of("river-911", &[Category::Location]), &to("river-pd-patrol", Le));
        assert!(withheld(&ruling, Category::Location).contains(&"AGREEMENT_UNREADABLE"));
    }
}

#[test]
fn recipients_are_the_source_and_everybody_it_ever_shared_an_agreement_with() {
    let mut c = County::river();
    let expected = [
        to("harbor-recovery-sud", P2p),
        to("lantern-shelter-intake", Cbo),
        to("river-fire-ems", Ems),
        to("willow-clinic-crisis", Bhc),
    ];
    assert_eq!(c.state.recipients(&unit_id("harbor-recovery-sud")), expected);
    c.move_agreement("shelter-referrals", AgreementStatus::Terminated);
    assert_eq!(c.state.recipients(&unit_id("harbor-recovery-sud")), expected, "a status takes nobody off the list");
    assert_eq!(c.state.recipients(&unit_id("lantern-shelter-intake")).len(), 3);
}
