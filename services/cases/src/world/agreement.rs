//! The short form of an agreement, written out as the document that both sides would sign.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use handoff_law::Bundle;
use handoff_schemas::{Category, Purpose, RecipientKind};

use crate::format::{Agreement, Flow};

/// Clauses that kinds of agreement must have (rulebook 7.1); the words do not matter to a ruling.
const CLAUSES: &[&str] = &[
    "fully_bound",
    "resist_in_judicial_proceedings",
    "permitted_uses",
    "safeguards",
    "report",
    "subcontractors",
    "access_amendment_accounting",
    "hhs_books",
    "return_or_destroy",
    "termination",
    "who_may_use",
    "no_other_use",
    "no_identify_or_contact",
    "governing_body_approvals",
    "management_control",
    "security_addendum",
    "screening",
    "training",
    "audit",
    "notice",
    "no_third_party",
    "auditor",
    "limits_on_use",
    "no_use_against_patients",
];

/// What the short form leaves to the units: the roles they read in.
pub type RolesOf<'a> = &'a dyn Fn(&str) -> Vec<RecipientKind>;

/// The document of a short form.
pub fn document(a: &Agreement, id: &str, bundle: &Bundle, roles: RolesOf<'_>) -> String {
    let kind = a.kind.as_deref().unwrap_or("PARTICIPATION");
    let mut text = format!(
        "id = {}\nversion = {}\nkind = {}\ntitle = {}\ntime_zone = \"America/Los_Angeles\"\neffective_from = {}\n",
        quoted(id),
        a.version.unwrap_or(1),
        quoted(kind),
        quoted(&format!("Agreement {id}")),
        a.effective_from.as_deref().unwrap_or("2020-01-01"),
    );
    match &a.effective_to {
        Some(end) => put(&mut text, format_args!("effective_to = {end}\n")),
        None => put(&mut text, format_args!("evergreen = true\nreview_due = 2099-01-01\n")),
    }
    let prohibits = list(a.prohibits.iter().map(String::as_str));
    put(&mut text, format_args!("prohibited_uses = {prohibits}\nredisclosure = \"none\"\n"));
    put(&mut text, format_args!("incident_notice_hours = 24\nretention = \"six years\"\n"));
    let parties = parties(a);
    for (unit, role) in &parties {
        put(&mut text, format_args!("[[party]]\nunit = {}\nrole = {}\n", quoted(unit), quoted(role)));
        let signatory = format!("[[signatory]]\nunit = {}\nname = \"Signatory\"\n", quoted(unit));
        text += &signatory;
        text += "title = \"Director\"\n";
    }
    if !matches!(kind, "QSOA" | "BAA" | "CJIS" | "CONTRACTOR") {
        let units: Vec<String> = parties.keys().cloned().collect();
        for (index, flow) in flows(a).iter().enumerate() {
            text += &clause(flow, index, &units, bundle, roles);
        }
    }
    text += "[clauses]\n";
    for name in CLAUSES {
        put(&mut text, format_args!("{name} = \"as the law asks\"\n"));
    }
    if a.counsel_override {
        text += "[clauses.counsel_override]\nby = \"Counsel\"\nreason = \"on record\"\n";
    }
    text
}

/// Units by their role.
pub fn parties(a: &Agreement) -> BTreeMap<String, String> {
    let members = a.between.iter().map(|unit| (unit.clone(), "member".to_owned()));
    members.chain(a.parties.clone()).collect()
}

fn flows(a: &Agreement) -> Vec<Flow> {
    if !a.flows.is_empty() {
        return a.flows.clone();
    }
    vec![Flow {
        clause: None,
        from: a.from.clone(),
        to: a.to.clone(),
        roles: a.roles.clone(),
        purposes: a.purposes.clone(),
        categories: a.categories.clone(),
        templates: a.templates.clone(),
    }]
}

fn clause(flow: &Flow, index: usize, units: &[String], bundle: &Bundle, roles: RolesOf<'_>) -> String {
    let or_all = |given: &[String]| if given.is_empty() { units.to_vec() } else { given.to_vec() };
    let (from, to) = (or_all(&flow.from.0), or_all(&flow.to.0));
    let readers: BTreeSet<RecipientKind> = match flow.roles.is_empty() {
        true => to.iter().flat_map(|unit| roles(unit)).collect(),
        false => flow.roles.iter().copied().collect(),
    };
    let purposes: &[Purpose] = if flow.purposes.is_empty() { Purpose::ALL } else { &flow.purposes };
    let never = |c: &Category| bundle.defaults.never_carried.contains(c) || *c == Category::Administrative;
    let carried = Category::ALL.iter().copied().filter(|c| !never(c)).map(Category::slug);
    let categories: Vec<&str> = if flow.categories.is_empty() {
        carried.collect()
    } else {
        flow.categories.iter().map(String::as_str).collect()
    };
    let name = flow.clause.clone().unwrap_or_else(|| format!("clause-{}", index + 1));
    let mut text = format!("[[flow]]\nclause = {}\n", quoted(&name));
    put(&mut text, format_args!("from = {}\n", list(from.iter().map(String::as_str))));
    put(&mut text, format_args!("to = {}\n", list(to.iter().map(String::as_str))));
    put(&mut text, format_args!("roles = {}\n", list(readers.iter().map(|r| r.code()))));
    put(&mut text, format_args!("purposes = {}\n", list(purposes.iter().map(|p| p.code()))));
    put(&mut text, format_args!("categories = {}\n", list(categories.into_iter())));
    if !flow.templates.is_empty() {
        put(&mut text, format_args!("templates = {}\n", list(flow.templates.iter().map(String::as_str))));
    }
    text
}

/// Writing to a `String` cannot fail.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", words.map(quoted).collect::<Vec<_>>().join(", "))
}
