//! The law with one thing wrong.

use std::collections::BTreeMap;

use handoff_law::Bundle;

pub type Files = BTreeMap<String, String>;

/// One edit of one file of the law: what stands there, and what is put in its place.
pub type Edit = (&'static str, &'static str, &'static str);

/// The embedded law with these edits. Each must meet its text exactly once.
#[track_caller]
pub fn law(edits: &[Edit]) -> Files {
    let mut files = Bundle::embedded_files();
    for (file, from, to) in edits {
        let text = files.get_mut(*file).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}: adapt this edit to the law");
        *text = text.replacen(from, to, 1);
    }
    files
}
