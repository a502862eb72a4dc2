use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{AgreementId, ConsentType, ElementSet, Expiry, LawLabel, LogTime, Purpose, RecordId};
use serde::{Deserialize, Serialize};

use crate::matrix::Basis;
use crate::notice::Notice232;

/// One authority to release part of a slice. It stands alone: clauses of two agreements never combine.
///
/// INVARIANT: a grant by consent under Part 2 carries its notice and its scope explanation (42 CFR 2.32). Only the
/// constructors below make one, and a stored one without them does not load.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct Grant {
    pub purposes: BTreeSet<Purpose>,
    /// Templates of the recipient kind for these purposes, joined by `+`; `full` for a unit's own data.
    pub template: Arc<str>,
    pub elements: ElementSet,
    pub basis: BTreeSet<Basis>,
    /// `@id` of the policies that permitted, and their law.
    pub policies: BTreeSet<Arc<str>>,
    pub citation: Arc<str>,
    pub agreement: Option<AgreementBasis>,
    pub consent: Option<ConsentBasis>,
    /// The law that goes on travelling with the data (A8, I5).
    pub labels: BTreeSet<LawLabel>,
    pub obligations: BTreeSet<Obligation>,
    pub notice: Option<Notice232>,
    /// The short statement of 42 CFR 2.32(a), sent with an emergency release too though 2.32 asks for it by consent only
    /// (P2-24).
    pub statement: Option<Arc<str>>,
    /// Earlier denials of the person that the consent stands over (rulebook 7.4): for the source and the privacy officer.
    /// No stored form holds them, since the recipient reads that.
    pub over: BTreeSet<RecordId>,
}

/// The clause relied on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AgreementBasis {
    pub id: AgreementId,
    pub version: u32,
    pub clause: Arc<str>,
}

/// The consent relied on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsentBasis {
    pub record: RecordId,
    #[serde(rename = "type")]
    pub consent_type: ConsentType,
    pub signed_at: LogTime,
    pub expires: ExpiryKey,
}

/// A consent's end, hashable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiryKey {
    At(LogTime),
    Event(String),
    Never,
}

impl From<&Expiry> for ExpiryKey {
    fn from(e: &Expiry) -> Self {
        match e {
            Expiry::At { at } => Self::At(*at),
            Expiry::Event { code } => Self::Event(code.clone()),
            Expiry::Never => Self::Never,
        }
    }
}

/// Duties that travel with the data (rulebook 7.3 step 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Obligation {
    /// 42 CFR 2.12(d)(1), on every Part 2 payload and derivative, for ever.
    NoProceedingsAgainstPatient,
    /// HL7 `NORDSCLCD`: no redisclosure without the person's consent.
    Nordsclcd,
    /// Encrypt in transit and at rest.
    Encrypt,
    /// HL7 `DELAU`: delete when the data's own expiry comes.
    Delau,
    /// HL7 `AOD`: the disclosure is accounted for.
    Aod,
    /// A restriction gave way to an emergency: no further use or disclosure (45 CFR 164.522(a)(1)(iv); 42 CFR 2.26).
    NoFurtherUse,
    /// The source program documents it immediately after (42 CFR 2.51(c)).
    DocumentEmergency,
    /// HL7 `HUAPRV`: somebody else looks at this use, within two business days (rulebook 7.7 BTG).
    Huaprv,
    /// HL7 `UNCERTREL`: it may be about somebody else; released in an emergency below the threshold (rulebook 7.3 step 2).
    Uncertrel,
    /// The school keeps with the record the threat and to whom it was disclosed (34 CFR 99.32(a)(5)): its ask on the log
    /// says the one, the releases under it the other.
    FerpaDisclosureLog,
}

/// What every grant states, before its authority is attached.
pub(crate) struct Terms {
    pub purposes: BTreeSet<Purpose>,
    pub template: Arc<str>,
    pub elements: ElementSet,
    pub basis: BTreeSet<Basis>,
    pub policies: BTreeSet<Arc<str>>,
    pub citation: Arc<str>,
    pub labels: BTreeSet<LawLabel>,
    pub delete_when_expired: bool,
}

impl Terms {
    fn grant(self) -> Grant {
        let mut obligations = BTreeSet::from([Obligation::Encrypt, Obligation::Aod]);
        if self.delete_when_expired {
            obligations.insert(Obligation::Delau);
        }
        if self.labels.contains(&LawLabel::Part2) {
            obligations.extend([Obligation::NoProceedingsAgainstPatient, Obligation::Nordsclcd]);
        }
        Grant {
            purposes: self.purposes,
            template: self.template,
            elements: self.elements,
            basis: self.basis,
            policies: self.policies,
            citation: self.citation,
            agreement: None,
            consent: None,
            labels: self.labels,
            obligations,
            notice: None,
            statement: None,
            over: BTreeSet::new(),
        }
    }
}

impl Grant {
    /// What a unit published itself: no disclosure, so no duty but the labels'.
    pub(crate) fn own(terms: Terms) -> Self {
        let mut grant = terms.grant();
        grant.obligations.clear();
        grant
    }

    /// By agreement, or by authority that needs none.
    pub(crate) fn without_consent(terms: Terms, agreement: Option<AgreementBasis>) -> Self {
        Self { agreement, ..terms.grant() }
    }

    /// By an exception or an order, with the duties it brings and, of a Part 2 record, the statement that goes with it.
    pub(crate) fn asked(
        terms: Terms,
        duties: impl IntoIterator<Item = Obligation>,
        statement: Option<Arc<str>>,
    ) -> Self {
        let mut grant = terms.grant();
        grant.obligations.extend(duties);
        Self { statement, ..grant }
    }

    /// By consent where Part 2 does not apply. Nothing where it does: see [`Self::part2_consented`].
    pub(crate) fn consented(terms: Terms, agreement: AgreementBasis, consent: ConsentBasis) -> Option<Self> {
        let part2 = terms.labels.contains(&LawLabel::Part2);
        (!part2).then(|| Self { agreement: Some(agreement), consent: Some(consent), ..terms.grant() })
    }

    /// By consent under Part 2: not without notice and scope explanation.
    pub(crate) fn part2_consented(
        mut terms: Terms,
        agreement: AgreementBasis,
        consent: ConsentBasis,
        notice: Notice232,
    ) -> Self {
        terms.labels.insert(LawLabel::Part2);
        Self { agreement: Some(agreement), consent: Some(consent), notice: Some(notice), ..terms.grant() }
    }

    /// Whether another grant rests on the same authority and shows the same, so that only their purposes differ.
    pub(crate) fn same_authority(&self, other: &Self) -> bool {
        self.agreement == other.agreement
            && self.consent.as_ref().map(|c| c.record) == other.consent.as_ref().map(|c| c.record)
            && self.elements == other.elements
            && self.basis == other.basis
            && self.policies == other.policies
            && self.labels == other.labels
            && self.over == other.over
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    purposes: BTreeSet<Purpose>,
    template: Arc<str>,
    elements: ElementSet,
    basis: BTreeSet<Basis>,
    policies: BTreeSet<Arc<str>>,
    citation: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agreement: Option<AgreementBasis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentBasis>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    labels: BTreeSet<LawLabel>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    obligations: BTreeSet<Obligation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notice: Option<Notice232>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statement: Option<Arc<str>>,
}

impl TryFrom<Wire> for Grant {
    type Error = &'static str;
    fn try_from(w: Wire) -> Result<Self, Self::Error> {
        let part2 = w.labels.contains(&LawLabel::Part2);
        if part2 && w.consent.is_some() && w.notice.is_none() {
            return Err("a consented Part 2 grant without its notice and scope explanation");
        }
        let duties = [Obligation::NoProceedingsAgainstPatient, Obligation::Nordsclcd];
        if part2 && !w.obligations.is_empty() && !duties.iter().all(|d| w.obligations.contains(d)) {
            return Err("a Part 2 grant without its duties");
        }
        Ok(Self {
            purposes: w.purposes,
            template: w.template,
            elements: w.elements,
            basis: w.basis,
            policies: w.policies,
            citation: w.citation,
            agreement: w.agreement,
            consent: w.consent,
            labels: w.labels,
            obligations: w.obligations,
            notice: w.notice,
            statement: w.statement,
            over: BTreeSet::new(),
        })
    }
}

impl From<Grant> for Wire {
    fn from(g: Grant) -> Self {
        Self {
            purposes: g.purposes,
            template: g.template,
            elements: g.elements,
            basis: g.basis,
            policies: g.policies,
            citation: g.citation,
            agreement: g.agreement,
            consent: g.consent,
            labels: g.labels,
            obligations: g.obligations,
            notice: g.notice,
            statement: g.statement,
        }
    }
}
