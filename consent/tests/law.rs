//! The law, tested as one program: each file is a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod ages;
mod agreements;
mod authority;
mod bundle;
mod cautions;
mod cells;
mod change;
mod choices;
mod cji;
mod clauses;
mod common;
mod consent_form;
mod edge_cases;
mod ended;
mod existence;
mod hooks;
mod identity;
mod invariants;
mod labels;
mod leaves;
mod matrix;
mod memo;
mod narrowing;
mod outside;
mod own_release;
mod rulings;
mod seals;
mod service_organizations;
mod treating;
