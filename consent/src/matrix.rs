//! The taxonomy x recipient matrix (rulebook 7.6): 36 categories x 12 recipient kinds, every cell parsed.

mod basis;
mod cell;

use std::collections::HashMap;

use handoff_schemas::{Category, RecipientKind};

pub use basis::Basis;
pub use cell::{Alternative, Cell, Decision, Requirement, UnreadableCell};

/// Every cell of `law/matrix.csv`. Complete: 432 cells, or the bundle does not load.
#[derive(Clone, Debug)]
pub struct Matrix(HashMap<(Category, RecipientKind), Cell>);

impl Matrix {
    /// The cell for a category and a recipient kind; none for `administrative`, which is outside the matrix.
    #[must_use]
    pub fn cell(&self, category: Category, kind: RecipientKind) -> Option<&Cell> {
        self.0.get(&(category, kind))
    }

    pub(crate) fn parse(csv: &str, is_template: impl Fn(&str) -> bool) -> Result<Self, String> {
        let mut lines = csv.lines().enumerate();
        let Some((_, "category_id,slug,category,recipient,decision,basis_keys")) = lines.next() else {
            return Err("line 1: not the header of a matrix".to_owned());
        };
        let mut cells = HashMap::new();
        for (at, line) in lines.filter(|(_, l)| !l.is_empty()) {
            let (key, cell) = row(line, &is_template).map_err(|why| format!("line {}: {why}", at + 1))?;
            if cells.insert(key, cell).is_some() {
                return Err(format!("line {}: a second cell for `{}` and `{}`", at + 1, key.0, key.1));
            }
        }
        let missing = Category::ALL
            .iter()
            .filter(|c| **c != Category::Administrative)
            .flat_map(|c| RecipientKind::ALL.iter().map(move |k| (*c, *k)))
            .find(|key| !cells.contains_key(key));
        match missing {
            Some((category, kind)) => Err(format!("no cell for `{category}` and `{kind}`")),
            None => Ok(Self(cells)),
        }
    }
}

fn row(line: &str, is_template: &impl Fn(&str) -> bool) -> Result<((Category, RecipientKind), Cell), String> {
    let [id, slug, _words, kind, decision, basis] =
        <[String; 6]>::try_from(fields(line)).map_err(|f| format!("{} fields, expected 6", f.len()))?;
    let category: Category = slug.parse().map_err(|_| format!("`{slug}` is no category"))?;
    if category.id() != id {
        return Err(format!("`{slug}` has the id {}, not `{id}`", category.id()));
    }
    let kind: RecipientKind = kind.parse().map_err(|_| format!("`{kind}` is no recipient kind"))?;
    if !kind.in_matrix() {
        return Err(format!("`{kind}` has no column: what reaches it stands in exceptions.toml"));
    }
    let cell = Cell::parse(&decision, &basis, is_template).map_err(|e| e.to_string())?;
    Ok(((category, kind), cell))
}

/// One line of RFC 4180 CSV without line breaks inside quotes: all this file needs.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut fields, '"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => fields.push(String::new()),
            (c, _) => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}
