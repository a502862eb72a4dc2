//! FHIR R4 Consents: each is read as what it says, or refused with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::fhir::*;
use handoff_consent::fhir::{ImportedConsent, MOST_NESTED, read};
use handoff_schemas::{Category, ConsentFacts, ConsentType, Expiry, Purpose, UnitId};
use handoff_spine::command::Refusal;
use handoff_spine::scenario::id;
use serde_json::{Value, json};

#[track_caller]
fn imported(resource: &Value) -> Vec<ImportedConsent> {
    read(resource, &KNOWN).unwrap_or_else(|refusal| panic!("{refusal}"))
}

#[track_caller]
fn one(provision: Value) -> ConsentFacts {
    let all = imported(&consent(provision));
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].facts.clone()
}

#[track_caller]
fn refused(resource: &Value, code: &str, place: &str) {
    let refusal: Refusal = read(resource, &KNOWN).expect_err("refused");
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), (code, Some(place)), "{refusal}");
    assert!(!refusal.remedy.is_empty());
}

#[test]
fn a_permission_without_actors_is_to_the_class_of_its_form() {
    let facts = one(permit());
    assert_eq!((facts.consent_type, facts.tpo_class, facts.deny), (ConsentType::Part2Tpo, true, false));
    assert_eq!(facts.grantors, [id::<UnitId>(KEEPER)].into());
    assert_eq!((facts.purposes, facts.categories), ([Purpose::Treat].into(), base_data().into()));
    assert_eq!((facts.expiry, Some(facts.signed_at)), (Expiry::Never, instant("2031-03-05T15:00:00Z")));
}

#[test]
fn a_denial_in_a_permission_is_a_denial_of_its_own() {
    let nested = json!([{ "type": "deny", "securityLabel": [label("HIV")] }]);
    let all = imported(&consent(with(permit(), json!({ "provision": nested }))));
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].key.as_str(), all[1].key.as_str()), ("c-1", "c-1/1"));
    assert_eq!(all[1].place, "/provision/provision/0");
    let denial = &all[1].facts;
    assert!(!all[0].facts.deny && denial.deny);
    assert_eq!(denial.categories, [Category::HivSti].into());
    assert_eq!(denial.purposes, [Purpose::Treat].into(), "an exception of this permission, not of others");
    assert_eq!(denial.grantors, [id::<UnitId>(KEEPER)].into());
    assert!(denial.recipients.is_empty(), "against everybody");
}

#[test]
fn permissions_in_a_denial_of_everything_are_permissions_alone() {
    let nested = with(permit(), json!({ "actor": [actor("IRCP", "Organization/ex-org-researcher")] }));
    let facts = one(json!({ "type": "deny", "provision": [nested] }));
    assert!(!facts.deny && !facts.tpo_class);
    assert_eq!(facts.recipients, [id::<UnitId>(RESEARCH)].into());
}

#[test]
fn a_denial_except_breaking_the_glass_is_a_restriction() {
    let group = json!({ "type": "permit", "actor": [actor("IRCP", "Group/ex-privilegedUsers")] });
    for exception in [group.clone(), json!({ "type": "permit", "purpose": [purpose("ETREAT")] })] {
        let facts = one(json!({ "type": "deny", "provision": [exception] }));
        assert!(facts.deny && facts.restriction);
        assert_eq!(*facts.categories, *Category::ALL);
    }
    refused(&consent(with(permit(), json!({ "provision": [group] }))), "HO-2347", "/provision/provision/0");
}

#[test]
fn what_the_flat_set_cannot_say_is_refused() {
    let inner = json!({ "type": "permit", "purpose": [purpose("TREAT")] });
    let deep = json!({ "provision": [{ "type": "deny", "provision": [inner] }] });
    refused(&consent(with(permit(), deep)), "HO-2345", "/provision/provision/0/provision/0");
    let part = json!({ "type": "deny", "securityLabel": [label("SUD")], "provision": [permit()] });
    refused(&consent(part), "HO-2349", "/provision");
    let untyped = json!({ "provision": [{ "purpose": [purpose("TREAT")] }] });
    refused(&consent(with(permit(), untyped)), "HO-2348", "/provision/provision/0");
}

#[test]
fn without_a_type_the_policy_rule_decides_and_conditions_are_in_doubt() {
    let rule = |code: &str| json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code }] });
    let mut out = consent(json!({ "actor": [actor("CST", "Organization/f001")] }));
    refused(&out, "HO-2348", "/provision");
    out["policyRule"] = rule("OPTOUT");
    let all = imported(&out);
    assert!(all[0].facts.deny);
    assert_eq!(all[0].facts.grantors, [id::<UnitId>(KEEPER)].into());
    out["policyRule"] = rule("OPTIN");
    refused(&out, "HO-2348", "/provision");
    out["provision"] = json!({ "purpose": [purpose("ETREAT")] });
    refused(&out, "HO-2348", "/provision");
}

#[test]
fn labels_are_categories_or_refused() {
    let labelled = |kind: &str, codes: &[&str]| {
        let labels: Vec<_> = codes.iter().map(|c| label(c)).collect();
        consent(json!({ "type": kind, "purpose": [purpose("TREAT")], "securityLabel": labels }))
    };
    let categories = |kind, codes: &[&str]| imported(&labelled(kind, codes))[0].facts.categories.clone();
    let substance_use = [Category::Part2Record, Category::SubstanceObservation];
    assert_eq!(categories("permit", &["ETH"]), substance_use.into());
    assert_eq!(categories("deny", &["OPIOIDUD", "ETHUD"]), substance_use.into());
    assert_eq!(categories("permit", &["PSY"]), [Category::BhAssessment, Category::BhTreatment].into());
    assert_eq!(categories("deny", &["SDV"]), [Category::DvSa].into());
    for (kind, codes) in [
        ("permit", &["OPIOIDUD"][..]),
        ("deny", &["PSY"][..]),
        ("permit", &["N"][..]),
        ("deny", &["R"][..]),
        ("permit", &["GDIS"][..]),
    ] {
        refused(&labelled(kind, codes), "HO-2351", "/provision/securityLabel/0");
    }
    refused(&labelled("permit", &["SDV"]), "HO-2351", "/provision");
}

#[test]
fn normal_and_restricted_are_what_the_table_of_categories_says() {
    let mut resource = consent(with(permit(), json!({ "securityLabel": [label("N"), label("R")] })));
    resource["policy"] = json!([{ "uri": "urn:test:tpo" }]);
    let table = include_str!("../../../consent/law/labels/categories.csv");
    let rows = table.lines().filter(|l| !l.starts_with('#')).skip(1);
    let reached: Vec<Category> = rows
        .filter(|row| !row.ends_with(",V") && !row.starts_with("administrative"))
        .map(|row| row.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(imported(&resource)[0].facts.categories, reached.into());
}

#[test]
fn days_without_a_zone_are_narrow_in_a_permission_and_wide_in_a_denial() {
    let days = json!({ "dataPeriod": { "start": "2031-03", "end": "2031-03-31" } });
    let facts = |kind: &str| {
        let provision = with(permit(), json!({ "type": kind }));
        let nowhere = Known { zone: None };
        read(&consent(with(provision, days.clone())), &nowhere).unwrap()[0].facts.clone()
    };
    let (narrow, wide) = (facts("permit"), facts("deny"));
    assert_eq!(narrow.data_from, instant("2031-03-01T12:00:00Z"));
    assert_eq!(narrow.data_before, instant("2031-03-31T10:00:00Z"));
    assert_eq!(wide.data_from, instant("2031-02-28T10:00:00Z"));
    assert_eq!(wide.data_before, instant("2031-04-01T12:00:00Z"));
}

#[test]
fn a_period_that_holds_no_instant_is_refused() {
    let reversed = [
        json!({ "start": "2031-03-10", "end": "2031-03-01" }),
        json!({ "start": "2031-03-10", "end": "2031-03-01T12:00:00Z" }),
        json!({ "start": "2031-03-10T12:00:00Z", "end": "2031-03-01" }),
        json!({ "start": "2031-03-10T12:00:00Z", "end": "2031-03-01T12:00:00Z" }),
    ];
    for period in &reversed {
        for name in ["period", "dataPeriod"] {
            for kind in ["permit", "deny"] {
                let provision = with(permit(), json!({ "type": kind, name: period }));
                refused(&consent(provision), "HO-2326", &format!("/provision/{name}"));
            }
            let nested = json!({ "provision": [{ "type": "deny", name: period }] });
            refused(&consent(with(permit(), nested)), "HO-2326", &format!("/provision/provision/0/{name}"));
        }
    }
    let one_instant = json!({ "start": "2031-03-01T12:00:00Z", "end": "2031-03-01T12:00:00Z" });
    let facts = one(with(permit(), json!({ "dataPeriod": one_instant })));
    assert_eq!(
        (facts.data_from, facts.data_before),
        (instant("2031-03-01T12:00:00Z"), instant("2031-03-01T12:00:00.001Z"))
    );
}

#[test]
fn a_single_day_somewhere_is_no_sure_time_of_a_permission_and_all_of_it_of_a_denial() {
    let day = json!({ "dataPeriod": { "start": "2031-03-05", "end": "2031-03-05" } });
    let nowhere = Known { zone: None };
    let refusal = read(&consent(with(permit(), day.clone())), &nowhere).expect_err("refused");
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), ("HO-2326", Some("/provision/dataPeriod")));
    let denial = read(&consent(with(day.clone(), json!({ "type": "deny" }))), &nowhere).unwrap()[0].facts.clone();
    assert_eq!(denial.data_from, instant("2031-03-04T10:00:00Z"));
    assert_eq!(denial.data_before, instant("2031-03-06T12:00:00Z"));
    let here = one(with(permit(), day));
    assert_eq!(here.data_from, instant("2031-03-05T06:00:00Z"));
    assert_eq!(here.data_before, instant("2031-03-06T06:00:00Z"));
}

#[test]
fn a_unit_named_twice_is_one() {
    let nested = json!([{ "type": "deny", "securityLabel": [label("HIV")] }]);
    let mut resource = consent(with(permit(), json!({ "provision": nested })));
    let keeper = resource["organization"][0].clone();
    resource["organization"] = json!([keeper, keeper]);
    for imported in imported(&resource) {
        assert_eq!(imported.facts.grantors, [id::<UnitId>(KEEPER)].into());
    }
    let author = json!({ "meaning": "authoredby", "reference": keeper });
    let facts = one(json!({ "type": "deny", "data": [author, author] }));
    assert_eq!(facts.grantors, [id::<UnitId>(KEEPER)].into());
}

#[test]
fn what_may_change_the_meaning_is_never_passed_over() {
    let mut resource = consent(permit());
    resource["modifierExtension"] = json!([]);
    refused(&resource, "HO-2346", "/*");
    let mut resource = consent(permit());
    resource["provision"]["expression"] = json!({});
    refused(&resource, "HO-2346", "/provision/*");
    for (status, code) in [("draft", "HO-2341"), ("rejected", "HO-2341"), ("inactive", "HO-2342")] {
        let mut resource = consent(permit());
        resource["status"] = json!(status);
        refused(&resource, code, "/status");
    }
}

#[test]
fn the_law_wants_of_a_permission_what_a_denial_needs_not() {
    let lacking = |member: &str| {
        let mut resource = consent(permit());
        resource.as_object_mut().unwrap().remove(member);
        resource
    };
    for (member, code) in [("policy", "HO-2343"), ("performer", "HO-1362"), ("dateTime", "HO-1363")] {
        refused(&lacking(member), code, "");
        let mut denial = lacking(member);
        denial["provision"] = json!({ "type": "deny" });
        assert!(imported(&denial)[0].facts.deny);
    }
    refused(&lacking("organization"), "HO-2311", "/provision");
    refused(&consent(json!({ "type": "permit" })), "HO-1358", "/provision");
    refused(&consent(with(permit(), json!({ "purpose": [purpose("PUBHLTH")] }))), "HO-1351", "/provision");
    let over = json!({ "period": { "end": "2031-03-01" } });
    refused(&consent(with(permit(), over)), "HO-2316", "/provision");
}

#[test]
fn a_consent_is_known_by_its_one_identifier_else_by_its_id() {
    let keyed = |identifiers: Value| {
        let mut resource = consent(permit());
        resource["identifier"] = identifiers;
        imported(&resource)[0].key.clone()
    };
    let identifier = |value: &str| json!({ "system": "urn:test:consents", "value": value });
    assert_eq!(keyed(json!([identifier("17")])), "urn:test:consents|17");
    assert_eq!(keyed(json!([identifier("17"), identifier("18")])), "c-1");
    let mut nameless = consent(permit());
    nameless.as_object_mut().unwrap().remove("id");
    refused(&nameless, "HO-2340", "");
    nameless["identifier"] = json!([identifier("17")]);
    assert_eq!(imported(&nameless)[0].key, "urn:test:consents|17");
}

#[test]
fn there_are_no_more_exceptions_than_somebody_looks_for() {
    let denials = |n: usize| json!({ "provision": vec![json!({ "type": "deny" }); n] });
    assert_eq!(imported(&consent(with(permit(), denials(MOST_NESTED)))).len(), MOST_NESTED + 1);
    let beyond = consent(with(permit(), denials(MOST_NESTED + 1)));
    refused(&beyond, "HO-2334", "/provision/provision/64");
}
