//! What stands under what (`law/labels/hierarchy.csv`).

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Confidentiality, Sensitivity};

use super::table;

/// Every sensitivity code of the law, with all that stands above it.
#[derive(Clone, Debug)]
pub(super) struct Hierarchy(BTreeMap<Sensitivity, Node>);

#[derive(Clone, Debug)]
struct Node {
    /// All codes above, however far.
    above: BTreeSet<Sensitivity>,
    /// What content with this label is marked with at least.
    floor: Confidentiality,
}

impl Hierarchy {
    /// # Errors
    /// The line that does not read, repeats a code or names a parent that the table has not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parents: BTreeMap<Sensitivity, (BTreeSet<Sensitivity>, Confidentiality)> = BTreeMap::new();
        for (at, [code, above, mark, _name]) in table::rows(text, ["code", "parents", "confidentiality", "name"])? {
            let read = |word: &str| word.parse::<Sensitivity>().map_err(|e| format!("line {at}: {e}"));
            let above = above.split_whitespace().map(read).collect::<Result<BTreeSet<_>, String>>()?;
            let floor =
                mark.parse::<Confidentiality>().map_err(|_| format!("line {at}: `{mark}` is no confidentiality"))?;
            if parents.insert(read(code)?, (above, floor)).is_some() {
                return Err(format!("line {at}: a second line for `{code}`"));
            }
        }
        let mut named = parents.values().flat_map(|(above, _)| above);
        if let Some(unknown) = named.find(|code| !parents.contains_key(*code)) {
            return Err(format!("`{unknown}` has no line of its own"));
        }
        let nodes = parents
            .iter()
            .map(|(code, (_, floor))| (code.clone(), Node { above: closure(code, &parents), floor: *floor }));
        Ok(Self(nodes.collect()))
    }

    pub fn knows(&self, code: &Sensitivity) -> bool {
        self.0.contains_key(code)
    }

    /// Whether a rule on `rule` reaches what is labelled `label`.
    pub fn matches(&self, label: &Sensitivity, rule: &Sensitivity) -> bool {
        label == rule || self.0.get(label).is_some_and(|node| node.above.contains(rule))
    }

    /// All codes that a rule may name to reach what is labelled `label`, but for itself.
    pub fn above(&self, label: &Sensitivity) -> impl Iterator<Item = &Sensitivity> {
        self.0.get(label).into_iter().flat_map(|node| &node.above)
    }

    /// Restricted for what an earlier law knew and this one does not.
    pub fn floor(&self, label: &Sensitivity) -> Confidentiality {
        self.0.get(label).map_or(Confidentiality::Restricted, |node| node.floor)
    }
}

/// Two codes may stand under one another (`ETH`, `SUD`): each is visited once.
fn closure(
    code: &Sensitivity,
    parents: &BTreeMap<Sensitivity, (BTreeSet<Sensitivity>, Confidentiality)>,
) -> BTreeSet<Sensitivity> {
    let mut above = BTreeSet::new();
    let mut open = vec![code];
    while let Some(next) = open.pop() {
        for parent in parents.get(next).into_iter().flat_map(|(above, _)| above) {
            if above.insert(parent.clone()) {
                open.push(parent);
            }
        }
    }
    above
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEAD: &str = "code,parents,confidentiality,name\n";

    fn code(text: &str) -> Sensitivity {
        text.parse().unwrap()
    }

    #[test]
    fn codes_that_stand_under_one_another_end() {
        let table = Hierarchy::parse(&format!("{HEAD}TOP,,N,t\nA,B TOP,R,a\nB,A,R,b\n")).unwrap();
        for (label, rule, reaches) in [("A", "B", true), ("B", "A", true), ("B", "TOP", true), ("TOP", "A", false)] {
            assert_eq!(table.matches(&code(label), &code(rule)), reaches, "{rule} on {label}");
        }
        assert!(table.matches(&code("OLD"), &code("OLD")), "a code no longer in the table is still itself");
        assert_eq!(table.floor(&code("OLD")), Confidentiality::Restricted);
    }

    #[test]
    fn a_table_with_an_unknown_parent_or_a_second_line_does_not_read() {
        for lines in ["A,B,R,a\n", "A,,R,a\nA,,R,a\n", "A,,X,a\n", "a,,R,a\n", "A,,R\n"] {
            assert!(Hierarchy::parse(&format!("{HEAD}{lines}")).is_err(), "{lines}");
        }
        assert!(Hierarchy::parse("A,,R,a\n").is_err(), "no header");
    }
}
