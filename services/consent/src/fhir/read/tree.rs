use super::undecided;
use crate::fhir::node::Node;
use crate::fhir::provision::{Decision, Terms, terms};
use crate::fhir::systems::ACT_CODE;
use crate::fhir::{FhirRefusal, Resolve};

/// What a root provision without a type may not state. Actors are looked at: one may only say whose data it is.
const CONDITIONS: &[&str] = &["action", "securityLabel", "purpose", "class", "code", "dataPeriod", "data"];

/// Exceptions of one root: each is a record of its own, and whoever looks for a Consent's records looks for so many.
pub const MOST_NESTED: usize = 64;

/// One provision, with what its parent leaves to it.
pub struct Leaf<'a> {
    pub node: Node<'a>,
    /// Of a nested provision, from 1.
    pub number: Option<usize>,
    pub decision: Decision,
    pub terms: Terms,
    /// A denial that emergency treatment lifts.
    pub restriction: bool,
}

/// The root provision and the exceptions in it.
pub struct Tree<'a> {
    node: Node<'a>,
    decision: Decision,
    terms: Terms,
    nested: Vec<(Node<'a>, Decision, Terms)>,
}

impl<'a> Tree<'a> {
    /// Root and exceptions, each read by itself.
    ///
    /// # Errors
    /// HO-2334, HO-2345, HO-2348, and what a provision cannot state.
    pub fn read(
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
        let children = provision.list("provision")?;
        if let Some(beyond) = children.get(MOST_NESTED) {
            return Err(beyond.refuse(
                "HO-2334",
                "the root provision has more exceptions than the hub takes",
                "send at most 64 in one Consent",
            ));
        }
        let mut nested = Vec::new();
        for child in children {
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

    /// Whether it permits anything to anybody.
    pub fn permits(&self) -> bool {
        self.decision == Decision::Permit || self.nested.iter().any(|(_, d, _)| *d == Decision::Permit)
    }

    /// What becomes of it at the hub, where nothing is open without a permission and a denial beats every permission.
    ///
    /// # Errors
    /// HO-2347, HO-2349 for what a flat set of them cannot say.
    pub fn leaves(self) -> Result<Vec<Leaf<'a>>, FhirRefusal> {
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
