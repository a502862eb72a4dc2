//! `handoff law` as a program: without a solver it says what to do, and proves nothing; it checks a law without a hub.
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

/// This build's own law in a folder.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in handoff_law::Bundle::embedded_files() {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn a_law_folder_is_checked_without_a_hub_and_what_is_wrong_is_named_with_file_and_line() {
    let dir = folder();
    let check = |json: &[&str]| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_handoff"));
        run.args(["law", "check"]).arg(dir.path()).args(json).output().unwrap()
    };
    let run = check(&["--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let said: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let own = handoff_law::Bundle::embedded().unwrap().hash.to_string();
    assert_eq!(said.pointer("/bundle").and_then(serde_json::Value::as_str), Some(own.as_str()));
    let path = dir.path().join("defaults.toml");
    let text = std::fs::read_to_string(&path).unwrap().replacen("DISPATCH = [\"F1\"]", "DISPATCH = [\"F77\"]", 1);
    let line = text.lines().position(|line| line.contains("F77")).unwrap() + 1;
    std::fs::write(&path, text).unwrap();
    let run = check(&[]);
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("HO-1302: `defaults.toml` of the law bundle: line {line}: `F77`")), "{said}");
    std::fs::write(dir.path().join("notes.md"), "not the law").unwrap();
    assert!(String::from_utf8_lossy(&check(&[]).stderr).contains("HO-1301"));
}
