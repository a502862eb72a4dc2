//! The words of a case file. An unknown key is an error, with its line.

mod ask;
mod given;
mod happening;
mod hub;
mod law;
mod scalar;
mod then;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_saphyr::Spanned;

pub use ask::{Review, Withdraw};
pub use given::{Agreement, Capacity, Consent, Event, Expires, Flow, Given, Hook, Order, Person, Since, Unit};
pub use happening::{
    AgreementMove, Delivery, Erase, Expire, Link, Objection, PartnerMove, Request, Restriction, Revoke, SealStep, Step,
    Verify,
};
pub use hub::Hub;
pub use law::Law;
pub use scalar::{Steps, shown};
pub use then::{Decision, External, Then};

use crate::error::CaseError;

/// Agreement documents by the path that a case names them by.
pub type Documents = BTreeMap<String, String>;

/// One YAML file: cases, and what is given in all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    #[serde(skip)]
    pub name: String,
    /// What every case of the file starts from.
    #[serde(default)]
    given: Given,
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    id: Spanned<String>,
    pub title: String,
    /// The law and rules behind the expectation.
    #[serde(default)]
    pub cites: Vec<String>,
    #[serde(default)]
    pub note: Option<String>,
    /// What the hub lacks to decide it; such a case is reported as awaiting, and fails once it passes.
    #[serde(default)]
    pub awaits: Option<String>,
    #[serde(default)]
    pub given: Given,
    pub when: Steps,
    /// What must come of the last step.
    #[serde(default)]
    pub then: Option<Then>,
}

impl Case {
    /// For example `EC-12`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id.value
    }

    /// Line and column of the case's id.
    #[must_use]
    pub fn place(&self) -> (u64, u64) {
        (self.id.referenced.line(), self.id.referenced.column())
    }
}

impl CaseFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// HO-9060 with line and column for what is not YAML, an unknown key or a wrong value; HO-9061 for an id used twice
    /// or a case with two ends.
    pub fn parse(name: &str, text: &str) -> Result<Self, CaseError> {
        // YAML 1.2: `yes` and `no` are words, as schemas and statuses use them.
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let mut file: Self =
            serde_saphyr::from_str_with_options(text, options).map_err(|e| CaseError::unreadable(name, &e))?;
        name.clone_into(&mut file.name);
        let mut ids = BTreeSet::new();
        for case in &mut file.cases {
            let place = case.place();
            if !ids.insert(case.id().to_owned()) {
                let message = format!("the id `{}` stands twice", case.id());
                return Err(CaseError::contradiction(name, place, message));
            }
            case.given = file.given.clone().and(std::mem::take(&mut case.given));
            close(name, case)?;
        }
        Ok(file)
    }

    /// Paths of agreement documents that the file's cases name, relative to the file.
    #[must_use]
    pub fn documents(&self) -> BTreeSet<&str> {
        let given = self.cases.iter().flat_map(|c| &c.given.agreements);
        let later = self.cases.iter().flat_map(|c| &c.when.0).filter_map(|s| s.agreement.as_ref());
        given.chain(later).filter_map(|a| a.file.as_deref()).collect()
    }
}

/// A `then` beside `when` is the last step's.
fn close(name: &str, case: &mut Case) -> Result<(), CaseError> {
    let (id, place) = (case.id().to_owned(), case.place());
    let wrong = |message: &str| Err(CaseError::contradiction(name, place, format!("`{id}`: {message}")));
    if case.when.0.iter().any(|s| s.acts() != 1) {
        return wrong("each step of `when` says one thing: a request, a delivery, an event, …");
    }
    let Some(last) = case.when.0.last_mut() else { return wrong("`when` has no step") };
    match (last.then.is_some(), case.then.take()) {
        (true, Some(_)) => return wrong("`then` stands beside `when` and in its last step"),
        (false, Some(then)) => last.then = Some(then),
        (_, None) => {}
    }
    if case.when.0.iter().all(|s| s.then.is_none()) {
        return wrong("nothing is expected: add `then`");
    }
    Ok(())
}
