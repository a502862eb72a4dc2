use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::Value;

use crate::shape::{self, RawLeaf, Shape, Vocabulary};
use crate::{Category, RecipientKind};

/// The category of a leaf: fixed, or by who published it (rulebook 6.5: a name taken by police is
/// C01, by a health unit C02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRule {
    pub default: Category,
    pub by_source: BTreeMap<RecipientKind, Category>,
}

impl CategoryRule {
    /// The category of data published by a unit whose first role is `source`.
    #[must_use]
    pub fn resolve(&self, source: RecipientKind) -> Category {
        self.by_source.get(&source).copied().unwrap_or(self.default)
    }
}

/// One leaf of an event schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// JSON pointer into the data, `*` for any index: `/vitals/*/heart_rate`.
    pub pointer: String,
    pub category: CategoryRule,
    /// `x-element` as tagged; see [`Leaf::element`].
    pub tagged: Option<String>,
}

impl Leaf {
    /// What templates select by: `x-element`, else the slug of the category.
    #[must_use]
    pub fn element(&self, source: RecipientKind) -> &str {
        self.tagged.as_deref().unwrap_or_else(|| self.category.resolve(source).slug())
    }
}

pub(super) enum Node {
    Object(BTreeMap<String, Node>),
    Array(Box<Node>),
    Leaf(Leaf),
}

pub(super) struct Entry {
    pub schema: Value,
    pub root: Node,
    pub leaves: Vec<Leaf>,
    pub validator: Option<Validator>,
}

impl Entry {
    pub fn read(schema: Value, vocabulary: &Vocabulary) -> Option<Self> {
        let root = node(shape::read(&schema, vocabulary).ok()?)?;
        let mut leaves = Vec::new();
        collect(&root, &mut leaves);
        let validator = super::compile(&schema);
        Some(Self { schema, root, leaves, validator })
    }
}

fn node(shape: Shape) -> Option<Node> {
    Some(match shape {
        Shape::Object(fields) => {
            Node::Object(fields.into_iter().map(|(name, s)| Some((name, node(s)?))).collect::<Option<_>>()?)
        }
        Shape::Array(items) => Node::Array(Box::new(node(*items)?)),
        Shape::Leaf(raw) => Node::Leaf(leaf(raw)?),
    })
}

fn leaf(raw: RawLeaf) -> Option<Leaf> {
    let by_source = raw.by_source.iter().map(|(kind, slug)| Some((kind.parse().ok()?, slug.parse().ok()?)));
    let category = CategoryRule { default: raw.default.parse().ok()?, by_source: by_source.collect::<Option<_>>()? };
    Some(Leaf { pointer: raw.pointer, category, tagged: raw.element })
}

fn collect(node: &Node, into: &mut Vec<Leaf>) {
    match node {
        Node::Object(fields) => fields.values().for_each(|n| collect(n, into)),
        Node::Array(items) => collect(items, into),
        Node::Leaf(leaf) => into.push(leaf.clone()),
    }
}
