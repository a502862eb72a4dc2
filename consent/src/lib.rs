//! The decision engine: agreements, consents and the law of a record, folded into one pure function.
//!
//! `rule(bundle, state, event, recipient, time) -> Ruling`. No I/O, no clock, no randomness: the same inputs give the
//! same ruling for ever. The law is data (`law/`), the pipeline is Cedar (`law/*.cedar`), agreements and consents are
//! folded from the log into [`PolicyState`].

mod agreement;
mod bundle;
mod change;
mod day;
mod defaults;
mod engine;
mod exceptions;
mod explain;
mod facts;
mod form;
mod hook;
mod identity;
mod label;
mod matrix;
mod memo;
mod notice;
mod reason;
mod rule;
mod ruling;
mod situation;
mod standing;
mod state;
mod template;

pub use agreement::{
    Agreement, AgreementError, AgreementKind, Effective, Flow, Opens, Party, PartyRole, ProhibitedUse,
};
pub use bundle::{Bundle, BundleError, CarriedLaw};
pub use change::{Change, NamedConsent, ShutCell, WantedClause, change, consent_words};
pub use day::OF_AGE;
pub use defaults::{Defaults, LifeSafety, SignatureLaw};
pub use engine::{Engine, Path, PolicyRef, Verdict};
pub use exceptions::{Exception, ExceptionName, Exceptions, StatedBy};
pub use explain::{Explanation, Point, explain};
pub use facts::SliceFacts;
pub use form::{
    CjCondition, ConsentForm, Deficiency, FormExpiry, FormType, Intermediary, Signature, consent_deficiencies,
};
pub use handoff_schemas::{BundleHash, ElementSet};
pub use hook::{Acts, Hook, HookEffect, Hooks, Mark, Regulates};
pub use identity::{Confidence, Identification};
pub use label::{Coded, LabelLaw};
pub use matrix::{Alternative, Basis, Cell, Decision, Matrix, Requirement, UnreadableCell};
pub use memo::Memo;
pub use notice::{NOTICE_VERSION, Notice232, NoticeForm, ScopeExplanation};
pub use reason::{Reason, ReasonText, Reasons, UnknownReason};
pub use rule::{ENGINE, Question, rule, rule_asked, rule_for, rule_recall, rule_record};
pub use ruling::{AgreementBasis, ConsentBasis, ExpiryKey, Grant, Obligation, Outcome, Ruling, SliceRuling, Withheld};
pub use situation::EventFacts;
pub use standing::{Scope, UnknownScope, floors};
pub use state::{
    AgreementState, AskState, ConsentState, EventRef, Force, PolicyState, ReferralState, Rerule, SealState,
};
pub use template::{Template, Templates};
