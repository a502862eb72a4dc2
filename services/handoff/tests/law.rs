//! `handoff law prove` as a program: without a solver it says what to do, and proves nothing.
#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn what_is_no_solver_is_refused_with_its_remedy() {
    for path in ["/nonexistent/cvc5", env!("CARGO_BIN_EXE_handoff")] {
        let run = Command::new(env!("CARGO_BIN_EXE_handoff")).args(["law", "prove", "--cvc5", path]).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(said.contains("HO-4401") && said.contains("--cvc5"), "{said}");
        assert!(run.stdout.is_empty());
    }
}
