mod document;
mod tree;

use handoff_schemas::{PersonId, UnitId};
use serde_json::Value;

use super::identity::of_root;
use super::node::Node;
use super::provision::{Decision, unknown_unit};
use super::systems::{ACT_CODE, CONSENT_SCOPE, LOINC};
use super::time::signed;
use super::{FhirRefusal, Form, ImportedConsent, Resolve};
use document::Document;
use tree::Tree;

pub use tree::MOST_NESTED;

/// Members of a Consent that change nothing of what it permits, and those read here.
const MEMBERS: &[&str] = &[
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "contained",
    "extension",
    "identifier",
    "status",
    "scope",
    "category",
    "patient",
    "dateTime",
    "performer",
    "organization",
    "sourceAttachment",
    "sourceReference",
    "policy",
    "policyRule",
    "verification",
    "provision",
];

/// The consents and denials of a FHIR R4 Consent.
///
/// # Errors
/// HO-2334, HO-2340 to HO-2357 with the JSON pointer of what the hub cannot take exactly; HO-13xx and HO-23xx where the
/// law wants more than the resource has.
pub fn read(resource: &Value, known: &dyn Resolve) -> Result<Vec<ImportedConsent>, FhirRefusal> {
    let root = Node::root(resource);
    if root.text("resourceType")? != Some("Consent") {
        return Err(root.refuse("HO-2340", "this is no FHIR R4 Consent", "send one Consent resource"));
    }
    root.only(MEMBERS)?;
    status(&root)?;
    scope(&root)?;
    let person = patient(&root, known)?;
    let zone = known.time_zone();
    let zone = zone.as_deref();
    let identity = of_root(&root)?;
    let provision =
        root.get("provision").ok_or_else(|| undecided(&root, "state a provision with what is permitted or denied"))?;
    let tree = Tree::read(&root, &provision, zone, known)?;
    let document = Document {
        person,
        form: form(&root, known)?,
        organizations: organizations(&root, &tree, known)?,
        signed_at: signed(&root, zone)?,
        verified: verified(&root)?,
        root: &root,
    };
    let mut imported = Vec::new();
    for leaf in tree.leaves()? {
        let key = identity.leaf(leaf.number);
        let place = leaf.node.place().to_owned();
        let facts = match leaf.decision {
            Decision::Permit => document.permission(&leaf, known.consent(&key), known)?,
            Decision::Deny => document.denial(&leaf, known.consent(&key))?,
        };
        let (signed_at, verified) = (document.signed_at, document.verified);
        imported.push(ImportedConsent { key, place, facts, signed_at, verified });
    }
    Ok(imported)
}

fn status(root: &Node<'_>) -> Result<(), FhirRefusal> {
    let here = root.get("status").unwrap_or_else(|| root.clone());
    match root.text("status")? {
        Some("active") => Ok(()),
        Some("draft" | "proposed" | "rejected") => Err(here.refuse(
            "HO-2341",
            "the consent is not in force",
            "send it when its status is `active`; nothing is recorded before",
        )),
        Some("inactive" | "entered-in-error") => Err(here.refuse(
            "HO-2342",
            "the consent is over, and an import ends nothing",
            "send `consent.consent-revoked` for the record that the consent has at the hub",
        )),
        _ => Err(root.malformed()),
    }
}

fn scope(root: &Node<'_>) -> Result<(), FhirRefusal> {
    let scope = root.get("scope").ok_or_else(|| root.malformed())?;
    if !scope.concept()?.contains(&(CONSENT_SCOPE, "patient-privacy")) {
        return Err(scope.refuse(
            "HO-2344",
            "the hub carries consents to disclosure, and this is about something else",
            "send consents of scope `patient-privacy`",
        ));
    }
    let categories = root.list("category")?;
    let first = categories.first().ok_or_else(|| root.malformed())?;
    for category in &categories {
        let disclosure = |(system, code): &(&str, &str)| {
            (*system == LOINC && *code == "59284-0") || (*system == ACT_CODE && ["IDSCL", "INFA"].contains(code))
        };
        if category.concept()?.iter().any(disclosure) {
            return Ok(());
        }
    }
    Err(first.refuse(
        "HO-2344",
        "the hub does not carry consents of this category",
        "send consents of LOINC 59284-0, IDSCL or INFA",
    ))
}

fn patient(root: &Node<'_>, known: &dyn Resolve) -> Result<PersonId, FhirRefusal> {
    let patient = root.get("patient").ok_or_else(|| root.malformed())?;
    patient.resolved(|n| known.person(n))?.ok_or_else(|| {
        patient.refuse(
            "HO-2355",
            "this names nobody the hub knows: 2.31(a)(1)",
            "register the person first, and name them by an id of the unit",
        )
    })
}

/// The form behind the policy; none where no policy is one the hub knows. Two forms are no form.
fn form(root: &Node<'_>, known: &dyn Resolve) -> Result<Option<Form>, FhirRefusal> {
    let mut found: Option<Form> = None;
    for policy in root.list("policy")? {
        let Some(form) = policy.text("uri")?.and_then(|uri| known.form(uri)) else { continue };
        if found.as_ref().is_some_and(|before| *before != form) {
            return Ok(None);
        }
        found = Some(form);
    }
    Ok(found)
}

/// Who keeps the data that a permission is about. A denial stands against everybody, whoever keeps the consent.
fn organizations(root: &Node<'_>, tree: &Tree<'_>, known: &dyn Resolve) -> Result<Vec<UnitId>, FhirRefusal> {
    if !tree.permits() {
        return Ok(Vec::new());
    }
    let mut units = Vec::new();
    for organization in root.list("organization")? {
        let unit = organization.resolved(|n| known.unit(n))?.ok_or_else(|| unknown_unit(&organization))?;
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    Ok(units)
}

fn verified(root: &Node<'_>) -> Result<bool, FhirRefusal> {
    let mut verified = false;
    for verification in root.list("verification")? {
        verified |= verification.flag("verified")?.ok_or_else(|| verification.malformed())?;
    }
    Ok(verified)
}

fn undecided(node: &Node<'_>, remedy: &str) -> FhirRefusal {
    node.refuse("HO-2348", "it does not say without doubt whether this permits or denies", remedy)
}
