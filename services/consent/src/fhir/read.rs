use handoff_schemas::{Category, ConsentFacts, ConsentType, Expiry, LogTime, PersonId, Purpose, RecordId, UnitId};
use serde_json::Value;

use super::node::Node;
use super::provision::{Decision, Terms, terms, unknown_unit};
use super::systems::{ACT_CODE, CONSENT_SCOPE, LOINC};
use super::time::signed;
use super::{FhirRefusal, Form, ImportedConsent, Resolve};

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

/// What a root provision without a type may not state. Actors are looked at: one may only say whose data it is.
const CONDITIONS: &[&str] = &["action", "securityLabel", "purpose", "class", "code", "dataPeriod", "data"];

/// The consents and denials of a FHIR R4 Consent.
///
/// # Errors
/// HO-2340 to HO-2357 with the JSON pointer of what the hub cannot take exactly; HO-13xx and HO-23xx where the law
/// wants more than the resource has.
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
    let key = root.text("id")?.ok_or_else(|| root.malformed())?;
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
        let key = leaf.number.map_or_else(|| key.to_owned(), |n| format!("{key}/{n}"));
        let place = leaf.node.place().to_owned();
        let facts = match leaf.decision {
            Decision::Permit => document.permission(&leaf, known.consent(&key), known)?,
            Decision::Deny => document.denial(&leaf, known.consent(&key))?,
        };
        imported.push(ImportedConsent { key, place, facts, verified: document.verified });
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
        units.push(organization.resolved(|n| known.unit(n))?.ok_or_else(|| unknown_unit(&organization))?);
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

/// One provision, with what its parent leaves to it.
struct Leaf<'a> {
    node: Node<'a>,
    /// Of a nested provision, from 1.
    number: Option<usize>,
    decision: Decision,
    terms: Terms,
    /// A denial that emergency treatment lifts.
    restriction: bool,
}

/// The root provision and the exceptions in it.
struct Tree<'a> {
    node: Node<'a>,
    decision: Decision,
    terms: Terms,
    nested: Vec<(Node<'a>, Decision, Terms)>,
}

impl<'a> Tree<'a> {
    fn read(
        root: &Node<'a>,
        provision: &Node<'a>,
        zone: Option<&str>,
        known: &dyn Resolve,
    ) -> Result<Self, FhirRefusal> {
        let stated = Decision::stated(provision)?;
        let decision = match stated {
            Some(decision) => decision,
            None => base(root, provision)?,
        };
        // R4's own examples mean by such conditions now the scope of the base rule and now what is exempt from it.
        let doubt =
            || undecided(provision, "state `type`, or put the conditions into a nested provision with its type");
        if stated.is_none() && CONDITIONS.iter().any(|name| provision.get(name).is_some()) {
            return Err(doubt());
        }
        let own = terms(provision, decision, zone, known)?;
        let custodian_only = own.is_base() && (decision == Decision::Deny || own.grantors.is_none());
        if stated.is_none() && !custodian_only {
            return Err(doubt());
        }
        let mut nested = Vec::new();
        for child in provision.list("provision")? {
            if let Some(grandchild) = child.list("provision")?.first() {
                return Err(grandchild.refuse(
                    "HO-2345",
                    "an exception to an exception: a denial of the hub beats every permission, so the order is lost",
                    "write it as exceptions of the root provision only",
                ));
            }
            let decision = Decision::stated(&child)?
                .ok_or_else(|| undecided(&child, "state `type`: FHIR asks for it in every nested provision"))?;
            let own = terms(&child, decision, zone, known)?;
            nested.push((child, decision, own));
        }
        Ok(Self { node: provision.clone(), decision, terms: own, nested })
    }

    fn permits(&self) -> bool {
        self.decision == Decision::Permit || self.nested.iter().any(|(_, d, _)| *d == Decision::Permit)
    }

    /// What becomes of it at the hub, where nothing is open without a permission and a denial beats every permission.
    fn leaves(self) -> Result<Vec<Leaf<'a>>, FhirRefusal> {
        let Self { node, decision, terms, nested } = self;
        if let (Decision::Deny, [(_, Decision::Permit, exception)]) = (decision, nested.as_slice())
            && exception.is_emergency()
            && !terms.break_glass
        {
            return Ok(vec![Leaf { node, number: None, decision, terms, restriction: true }]);
        }
        let mut glass = std::iter::once((&node, &terms)).chain(nested.iter().map(|(node, _, terms)| (node, terms)));
        if let Some((place, _)) = glass.find(|(_, terms)| terms.break_glass) {
            return Err(place.refuse(
                "HO-2347",
                "a break-glass group can only be the one exception to a denial",
                "deny at the root, and permit the group, or ETREAT, as its only exception",
            ));
        }
        let excepted = nested.iter().any(|(_, d, _)| *d == Decision::Permit);
        if decision == Decision::Deny && excepted && !terms.is_base() {
            return Err(node.refuse(
                "HO-2349",
                "a denial of part has exceptions, and a denial of the hub has none but emergency treatment",
                "deny everything at the root and permit what is meant, or deny only what no exception touches",
            ));
        }
        let mut leaves = Vec::new();
        // Everything is denied but what is permitted: at the hub that is the permissions.
        if decision == Decision::Permit || !excepted {
            leaves.push(Leaf { node, number: None, decision, terms: terms.clone(), restriction: false });
        }
        for (i, (node, decision, own)) in nested.into_iter().enumerate() {
            let terms = own.under(&terms);
            leaves.push(Leaf { node, number: Some(i.saturating_add(1)), decision, terms, restriction: false });
        }
        Ok(leaves)
    }
}

/// The decision of the policy, where the root provision states none.
fn base(root: &Node<'_>, provision: &Node<'_>) -> Result<Decision, FhirRefusal> {
    let codes = root.get("policyRule").map(|rule| rule.concept()).transpose()?.unwrap_or_default();
    let has = |code| codes.contains(&(ACT_CODE, code));
    match (has("OPTIN"), has("OPTOUT")) {
        (true, false) => Ok(Decision::Permit),
        (false, true) => Ok(Decision::Deny),
        _ => Err(undecided(provision, "state `type`, or a policy rule of OPTIN or OPTOUT")),
    }
}

/// What all provisions of a resource share.
struct Document<'a> {
    person: PersonId,
    form: Option<Form>,
    organizations: Vec<UnitId>,
    signed_at: Option<LogTime>,
    verified: bool,
    root: &'a Node<'a>,
}

impl Document<'_> {
    fn permission(&self, leaf: &Leaf<'_>, consent: RecordId, known: &dyn Resolve) -> Result<ConsentFacts, FhirRefusal> {
        let (node, terms) = (&leaf.node, leaf.terms.clone());
        let form = self.form.as_ref().ok_or_else(|| {
            self.root.refuse(
                "HO-2343",
                "no policy of the consent is a form that the hub knows, so nobody can say what was signed",
                "register the form under its policy URI, or record the document as `consent.consent-recorded`",
            )
        })?;
        let signed_at = self.signed(known)?;
        let tpo = form.consent_type == ConsentType::Part2Tpo;
        let named = terms.recipients.is_some();
        let facts = ConsentFacts {
            consent,
            person: self.person,
            consent_type: form.consent_type,
            grantors: terms.grantors.unwrap_or_else(|| self.organizations.clone()),
            recipients: terms.recipients.unwrap_or_default(),
            tpo_class: tpo && !named,
            treating_participants: false,
            purposes: terms.purposes.unwrap_or_default(),
            categories: within(form, terms.categories),
            elements: terms.elements.unwrap_or_default(),
            data_from: terms.data_period.and_then(|p| p.from),
            data_before: terms.data_period.and_then(|p| p.before),
            records: terms.records.unwrap_or_default(),
            event_types: terms.event_types.unwrap_or_default(),
            signed_at,
            expiry: terms.period.and_then(|p| p.before).map_or(Expiry::Never, |at| Expiry::At { at }),
            deny: false,
            restriction: false,
            revocable_from: None,
        };
        self.begins(node, terms.period.and_then(|p| p.from), Some(signed_at))?;
        sufficient(node, &facts)?;
        Ok(facts)
    }

    fn denial(&self, leaf: &Leaf<'_>, consent: RecordId) -> Result<ConsentFacts, FhirRefusal> {
        let terms = leaf.terms.clone();
        self.begins(&leaf.node, terms.period.and_then(|p| p.from), self.signed_at)?;
        // An exception limits what it is an exception of: the data of the form, at the units that keep it.
        let exception = leaf.number.is_some();
        let inherited = self.form.as_ref().filter(|_| exception).map(|f| f.categories.clone());
        let keepers = if exception { self.organizations.clone() } else { Vec::new() };
        Ok(ConsentFacts {
            consent,
            person: self.person,
            consent_type: self.form.as_ref().map_or(ConsentType::General, |f| f.consent_type),
            grantors: terms.grantors.unwrap_or(keepers),
            recipients: terms.recipients.unwrap_or_default(),
            tpo_class: false,
            treating_participants: false,
            purposes: terms.purposes.unwrap_or_else(|| Purpose::ALL.to_vec()),
            categories: terms.categories.or(inherited).unwrap_or_else(|| Category::ALL.to_vec()),
            // A denial of parts of a category denies it whole: a slice cannot go in parts that nobody named.
            elements: Vec::new(),
            data_from: terms.data_period.and_then(|p| p.from),
            data_before: terms.data_period.and_then(|p| p.before),
            records: terms.records.unwrap_or_default(),
            event_types: terms.event_types.unwrap_or_default(),
            // In force from the position it is recorded at.
            signed_at: LogTime(0),
            expiry: terms.period.and_then(|p| p.before).map_or(Expiry::Never, |at| Expiry::At { at }),
            deny: true,
            restriction: leaf.restriction,
            revocable_from: None,
        })
    }

    /// Who signed and when. The authority of another than the patient is no part of a Consent, so the hub cannot judge it.
    fn signed(&self, known: &dyn Resolve) -> Result<LogTime, FhirRefusal> {
        let performers = self.root.list("performer")?;
        if performers.is_empty() {
            return Err(self.root.refuse(
                "HO-1362",
                "nobody is named who signed: 2.31(a)(8)",
                "name the patient as `performer`, or record the document with its signatures",
            ));
        }
        for performer in &performers {
            if performer.resolved(|n| known.person(n))? != Some(self.person) {
                return Err(performer.refuse(
                    "HO-2356",
                    "another than the patient signed, and a Consent does not say by what authority: 2.31(a)(8)",
                    "record the document as `consent.consent-recorded`, with the signer's role and authority",
                ));
            }
        }
        self.signed_at.ok_or_else(|| {
            self.root.refuse("HO-1363", "it does not say when it was signed: 2.31(a)(9)", "state `dateTime`")
        })
    }

    /// A consent of the hub holds from when it was signed, a denial from when it is recorded.
    fn begins(&self, node: &Node<'_>, from: Option<LogTime>, signed_at: Option<LogTime>) -> Result<(), FhirRefusal> {
        if from.is_none_or(|from| signed_at.is_some_and(|signed| from <= signed)) {
            return Ok(());
        }
        Err(node.refuse(
            "HO-2357",
            "the provision begins after the consent was signed, and the hub holds none that begins later",
            "send it when it begins, or leave out the start of its period",
        ))
    }
}

/// Of what the labels name, what the form is about.
fn within(form: &Form, named: Option<Vec<Category>>) -> Vec<Category> {
    match named {
        Some(named) => named.into_iter().filter(|c| form.categories.contains(c)).collect(),
        None => form.categories.clone(),
    }
}

/// What the law wants of every permission, as far as a Consent can say it.
fn sufficient(node: &Node<'_>, facts: &ConsentFacts) -> Result<(), FhirRefusal> {
    let tpo = facts.consent_type == ConsentType::Part2Tpo;
    let proceedings = facts.consent_type == ConsentType::Part2Proceedings;
    let notes = facts.consent_type == ConsentType::Part2CounselingNotes;
    let within_tpo = |p: &Purpose| [Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat].iter().any(|t| t.covers(*p));
    let want = |holds: bool, code: &str, message: &str, remedy: &str| {
        if holds { Ok(()) } else { Err(node.refuse(code, message, remedy)) }
    };
    want(
        !facts.grantors.is_empty(),
        "HO-2311",
        "no unit of the hub is named that may disclose: 2.31(a)(2)",
        "name it as `organization`, or as an actor with role CST",
    )?;
    want(
        !facts.categories.is_empty(),
        "HO-2351",
        "what the labels name is no part of the form: 2.31(a)(3)",
        "name data that the form behind the policy is about",
    )?;
    want(
        facts.tpo_class || !facts.recipients.is_empty(),
        "HO-2312",
        "no unit of the hub is named that may receive: 2.31(a)(4)(i)",
        "name recipients as actors with role IRCP; only a single TPO consent may leave them out",
    )?;
    want(!facts.purposes.is_empty(), "HO-1358", "no purpose is none: 2.31(a)(5)", "state each purpose")?;
    want(
        !tpo || facts.purposes.iter().all(within_tpo),
        "HO-1351",
        "a TPO consent is for treatment, payment and operations only: 2.31(a)(5)(ii)",
        "use a form of its own for the other purposes",
    )?;
    want(
        facts.purposes.iter().all(|p| p.is_proceeding() == proceedings),
        "HO-1351",
        "consent to proceedings is combined with other uses: 2.31(d)",
        "use a form of its own for proceedings",
    )?;
    want(
        facts.categories.iter().all(|c| (*c == Category::SudCounselingNotes) == notes),
        "HO-2320",
        "SUD counseling notes are combined with other information: 2.31(b)",
        "use a form of its own for the notes",
    )?;
    want(
        tpo || facts.expiry != Expiry::Never,
        "HO-1361",
        "it has no end, which only a TPO consent may: 2.31(a)(7)",
        "state the end of the provision's `period`",
    )?;
    let ended = matches!(facts.expiry, Expiry::At { at } if at <= facts.signed_at);
    want(!ended, "HO-2316", "it ended before it was signed", "correct `dateTime` or the end of `period`")
}
