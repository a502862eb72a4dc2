use handoff_schemas::{Category, ConsentFacts, ConsentType, Expiry, LogTime, PersonId, Purpose, RecordId, UnitId};

use super::tree::Leaf;
use crate::fhir::node::Node;
use crate::fhir::{FhirRefusal, Form, Resolve};

/// What all provisions of a resource share.
pub struct Document<'a> {
    pub person: PersonId,
    pub form: Option<Form>,
    pub organizations: Vec<UnitId>,
    pub signed_at: Option<LogTime>,
    pub verified: bool,
    pub root: &'a Node<'a>,
}

impl Document<'_> {
    /// A permission of the hub.
    ///
    /// # Errors
    /// HO-2343, HO-2356, HO-2357, and what the law wants of a permission.
    pub fn permission(
        &self,
        leaf: &Leaf<'_>,
        consent: RecordId,
        known: &dyn Resolve,
    ) -> Result<ConsentFacts, FhirRefusal> {
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
            grantors: terms.grantors.unwrap_or_else(|| self.organizations.clone()).into(),
            recipients: terms.recipients.unwrap_or_default().into(),
            tpo_class: tpo && !named,
            purposes: terms.purposes.unwrap_or_default().into(),
            categories: within(form, terms.categories).into(),
            elements: terms.elements.unwrap_or_default().into(),
            data_from: terms.data_period.and_then(|p| p.from),
            data_before: terms.data_period.and_then(|p| p.before),
            records: terms.records.unwrap_or_default().into(),
            event_types: terms.event_types.unwrap_or_default().into(),
            signed_at,
            expiry: terms.period.and_then(|p| p.before).map_or(Expiry::Never, |at| Expiry::At { at }),
            ..ConsentFacts::blank(consent, self.person, form.consent_type)
        };
        self.begins(node, terms.period.and_then(|p| p.from), Some(signed_at))?;
        sufficient(node, &facts)?;
        Ok(facts)
    }

    /// A denial of the hub, or a restriction.
    ///
    /// # Errors
    /// HO-2357 where it begins later.
    pub fn denial(&self, leaf: &Leaf<'_>, consent: RecordId) -> Result<ConsentFacts, FhirRefusal> {
        let terms = leaf.terms.clone();
        self.begins(&leaf.node, terms.period.and_then(|p| p.from), self.signed_at)?;
        // Who allows sharing in an emergency only objects (45 CFR 164.510, 164.522), and signs no form for it.
        let form = self.form.as_ref().filter(|_| !leaf.restriction);
        // An exception limits what it is an exception of: the data of the form, at the units that keep it.
        let exception = leaf.number.is_some();
        let inherited = form.filter(|_| exception).map(|f| f.categories.clone());
        let keepers = if exception { self.organizations.clone() } else { Vec::new() };
        Ok(ConsentFacts {
            grantors: terms.grantors.unwrap_or(keepers).into(),
            recipients: terms.recipients.unwrap_or_default().into(),
            purposes: terms.purposes.unwrap_or_else(|| Purpose::ALL.to_vec()).into(),
            categories: terms.categories.or(inherited).unwrap_or_else(|| Category::ALL.to_vec()).into(),
            data_from: terms.data_period.and_then(|p| p.from),
            data_before: terms.data_period.and_then(|p| p.before),
            records: terms.records.unwrap_or_default().into(),
            event_types: terms.event_types.unwrap_or_default().into(),
            // In force from the position it is recorded at. When it was made says what a later choice stands over.
            signed_at: self.signed_at.unwrap_or_default(),
            expiry: terms.period.and_then(|p| p.before).map_or(Expiry::Never, |at| Expiry::At { at }),
            deny: true,
            restriction: leaf.restriction,
            // A denial of parts of a category denies it whole, so it has no elements: a slice cannot go in parts that nobody named.
            ..ConsentFacts::blank(consent, self.person, form.map_or(ConsentType::General, |f| f.consent_type))
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
