//! What was proven, and what not.

use handoff_law::BundleHash;
use serde::Serialize;

/// The outcome of a whole proof.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The law that was proven.
    pub bundle: BundleHash,
    /// The version of cvc5.
    pub solver: String,
    /// Request environments of the schema; each property of the policies is proven in every one.
    pub environments: usize,
    pub policies: usize,
    /// Rulings of the walk: one event of every category for one recipient and purpose.
    pub rulings: u64,
    /// Slices ruled in the walk: category, source, label, recipient, purpose, agreement, consent.
    pub combinations: u64,
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether every property holds. One that could not be decided does not.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lines.iter().all(Line::holds)
    }
}

/// One property.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub id: String,
    pub title: String,
    pub cite: String,
    pub method: Method,
    pub millis: u64,
    /// In a walk: how many combinations the property speaks of.
    pub applied: Option<u64>,
    pub outcome: Outcome,
}

impl Line {
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self.outcome, Outcome::Proven)
    }
}

/// How a property was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// For every set of facts, by the solver.
    Policies,
    /// For every case of the finite space, by ruling it.
    Walk,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Proven,
    Failed(Counterexample),
    /// Neither proven nor refuted, and why. Counts as failed.
    Undecided(String),
}

/// A case in which the property does not hold, in the rulebook's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// What is wrong.
    pub why: String,
    /// What holds in the case; nothing of it can be left out.
    pub facts: Vec<String>,
    /// Any one of these would have made it right.
    pub lacking: Vec<String>,
    /// Policies that permitted, with their law.
    pub permitted_by: Vec<String>,
}
