//! One version of the law: matrix, templates, defaults, labels, policies, notices and reasons, content-addressed.

mod carried;
pub(crate) mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use handoff_schemas::{
    BundleHash, Category, ElementSet, EventType, Labeller, LawLabel, Purpose, RecipientKind, SliceLabels, UnitFacts,
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

pub use carried::CarriedLaw;

use crate::defaults::Defaults;
use crate::engine::Engine;
use crate::exceptions::Exceptions;
use crate::hook::{Fault, Hooks, Leaves};
use crate::label::{LabelFiles, LabelLaw};
use crate::matrix::{Cell, Matrix};
use crate::notice::{NoticeForm, ScopeWords};
use crate::reason::Reasons;
use crate::template::{Template, Templates};

macro_rules! law_files {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../law/", $name)))),*];
    };
}

law_files! {
    "defaults.toml",
    "exceptions.toml",
    "floors.cedar",
    "hooks/us-al.toml",
    "hooks/us-ca.toml",
    "hooks/us-co.toml",
    "hooks/us-ks.toml",
    "hooks/us-ma.toml",
    "hooks/us-mo.toml",
    "hooks/us-pa.toml",
    "hooks/us-wa.toml",
    "labels/categories.csv",
    "labels/cji.csv",
    "labels/hierarchy.csv",
    "labels/rules.toml",
    "labels/values.csv",
    "labels/words.csv",
    "matrix.csv",
    "notices/2.32a-1.txt",
    "notices/2.32a-2.txt",
    "paths.cedar",
    "reasons.toml",
    "schema.cedarschema",
    "scope.en.toml",
    "scope.es.toml",
    "templates.toml",
}

/// A file of hooks: a bundle has as many as its deployment's places need.
fn is_hooks(name: &str) -> bool {
    name.starts_with("hooks/") && name.ends_with(".toml")
}

/// Why a bundle does not load. Names the file; nothing in it is about a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("HO-1300: the law bundle has no `{0}`; add the file")]
    Missing(&'static str),
    #[error("HO-1301: the law bundle has `{0}`, which no part of the engine reads; remove it or correct its name")]
    Unknown(String),
    #[error("HO-1302: `{file}` of the law bundle: {why}")]
    Unreadable { file: &'static str, why: String },
    #[error("HO-1303: the files of the law bundle {0} are not those of its address; take the ones that were reviewed")]
    Altered(BundleHash),
    #[error("HO-1444: `{file}` of the law bundle, line {line}: {why}")]
    Hook { file: String, line: usize, why: String },
}

impl BundleError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "HO-1300",
            Self::Unknown(_) => "HO-1301",
            Self::Unreadable { .. } => "HO-1302",
            Self::Altered(_) => "HO-1303",
            Self::Hook { .. } => "HO-1444",
        }
    }

    /// The file that is wrong, relative to the law folder; none where it is the whole.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Missing(file) | Self::Unreadable { file, .. } => Some(file),
            Self::Unknown(file) | Self::Hook { file, .. } => Some(file),
            Self::Altered(_) => None,
        }
    }
}

/// A kind's standing flow into one category: for this purpose, these elements.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub purpose: Purpose,
    /// The templates that show something of the category, joined by `+`.
    pub template: Arc<str>,
    pub elements: Arc<ElementSet>,
}

/// One version of the law, loaded and checked as a whole.
#[derive(Debug)]
pub struct Bundle {
    pub hash: BundleHash,
    pub matrix: Matrix,
    pub templates: Templates,
    pub defaults: Defaults,
    pub exceptions: Exceptions,
    pub reasons: Reasons,
    pub engine: Engine,
    pub labels: LabelLaw,
    pub hooks: Hooks,
    notices: [Arc<str>; 2],
    pub(crate) scope_en: ScopeWords,
    pub(crate) scope_es: ScopeWords,
    standing: BTreeMap<(RecipientKind, Category), Vec<Standing>>,
}

impl Bundle {
    /// The law this build carries. Loaded once.
    ///
    /// # Errors
    /// If a file of the build's own law is wrong: a release would not have passed its tests.
    pub fn embedded() -> Result<Arc<Self>, BundleError> {
        static LOADED: OnceLock<Result<Arc<Bundle>, BundleError>> = OnceLock::new();
        LOADED.get_or_init(|| Self::parse(&Self::embedded_files()).map(Arc::new)).clone()
    }

    /// The embedded files by name, to start another version from.
    #[must_use]
    pub fn embedded_files() -> BTreeMap<String, String> {
        FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    /// Loads a bundle from its files, by name relative to the law folder.
    ///
    /// # Errors
    /// A missing, unknown or unreadable file; an unknown qualifier in a matrix cell; a policy that its schema refuses.
    pub fn parse(files: &BTreeMap<String, String>) -> Result<Self, BundleError> {
        let unread = |name: &&String| !is_hooks(name) && FILES.iter().all(|(known, _)| known != name);
        if let Some(unknown) = files.keys().find(unread) {
            return Err(BundleError::Unknown(unknown.clone()));
        }
        let file = |name: &'static str| files.get(name).map(String::as_str).ok_or(BundleError::Missing(name));
        let bad = |file: &'static str| move |why: String| BundleError::Unreadable { file, why };
        let templates = Templates::parse(file("templates.toml")?).map_err(bad("templates.toml"))?;
        let known = |name: &str| templates.get(name).is_some();
        let matrix = Matrix::parse(file("matrix.csv")?, known).map_err(bad("matrix.csv"))?;
        let defaults = Defaults::parse(file("defaults.toml")?, known).map_err(bad("defaults.toml"))?;
        let exceptions = Exceptions::parse(file("exceptions.toml")?, known).map_err(bad("exceptions.toml"))?;
        let engine = Engine::load(file("schema.cedarschema")?, file("floors.cedar")?, file("paths.cedar")?)
            .map_err(|(file, why)| BundleError::Unreadable { file, why })?;
        let labels = LabelFiles {
            hierarchy: file("labels/hierarchy.csv")?,
            categories: file("labels/categories.csv")?,
            values: file("labels/values.csv")?,
            words: file("labels/words.csv")?,
            cji: file("labels/cji.csv")?,
            rules: file("labels/rules.toml")?,
        };
        let labels = LabelLaw::parse(&labels).map_err(|(file, why)| BundleError::Unreadable { file, why })?;
        let hooks = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).filter(|(name, _)| is_hooks(name));
        let hooks = read_hooks(hooks, &templates, &matrix)?;
        let notice = |name| file(name).map(|text| Arc::from(text.trim_end()));
        Ok(Self {
            hash: hash(files),
            standing: standing(&templates, &defaults),
            reasons: Reasons::parse(file("reasons.toml")?).map_err(bad("reasons.toml"))?,
            notices: [notice("notices/2.32a-1.txt")?, notice("notices/2.32a-2.txt")?],
            scope_en: ScopeWords::parse(file("scope.en.toml")?).map_err(bad("scope.en.toml"))?,
            scope_es: ScopeWords::parse(file("scope.es.toml")?).map_err(bad("scope.es.toml"))?,
            matrix,
            templates,
            defaults,
            exceptions,
            engine,
            labels,
            hooks,
        })
    }

    /// The hooks of one file of state law, as [`Self::parse`] reads it beside this version's matrix and templates.
    ///
    /// # Errors
    /// HO-1444 with the line of what is wrong.
    pub fn read_hooks(&self, name: &str, text: &str) -> Result<Hooks, BundleError> {
        read_hooks(std::iter::once((name, text)), &self.templates, &self.matrix)
    }

    /// The text of a 2.32(a) statement.
    #[must_use]
    pub fn notice(&self, form: NoticeForm) -> Arc<str> {
        let [long, short] = &self.notices;
        match form {
            NoticeForm::Long => Arc::clone(long),
            NoticeForm::Short => Arc::clone(short),
        }
    }

    /// The standing flows of a kind into a category whose templates show something of it.
    pub(crate) fn standing(&self, kind: RecipientKind, category: Category) -> &[Standing] {
        self.standing.get(&(kind, category)).map_or(&[], Vec::as_slice)
    }

    /// What a kind's templates show of a category for one stated purpose; of those that need a hook these alone, which a
    /// reviewed one stands behind.
    pub(crate) fn flow(
        &self,
        kind: RecipientKind,
        purpose: Purpose,
        category: Category,
        hooked: &[&str],
    ) -> Option<Standing> {
        flow(&self.templates, self.defaults.templates(kind, purpose), purpose, category, hooked)
    }

    /// What one template shows of a category, whoever reads: an exception's field set.
    pub(crate) fn field_set(&self, template: &str, purpose: Purpose, category: Category) -> Option<Standing> {
        flow(&self.templates, &[template.to_owned()], purpose, category, &[])
    }

    /// What templates that a matrix cell or an agreement names show of a category. One that needs a hook shows nothing but
    /// where a reviewed one stands behind it: those of `hooked`.
    pub(crate) fn narrowed(&self, names: &[String], category: Category, hooked: &[&str]) -> ElementSet {
        let flow = flow(&self.templates, names, Purpose::Treat, category, hooked);
        flow.map_or(ElementSet::none(), |f| (*f.elements).clone())
    }
}

/// Intake labels by the law in force.
impl Labeller for Bundle {
    fn law(&self, unit: &UnitFacts, categories: &[Category]) -> BTreeSet<LawLabel> {
        self.labels.law_labels(unit, categories)
    }

    fn content(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> Vec<SliceLabels> {
        self.labels.label_slices(event_type, slices)
    }

    fn holds_cji(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> bool {
        self.labels.holds_cji(event_type, slices)
    }
}

fn flow(
    templates: &Templates,
    names: &[String],
    purpose: Purpose,
    category: Category,
    hooked: &[&str],
) -> Option<Standing> {
    let shows = |name: &&String| {
        let usable = |t: &&Template| !t.requires_hook || hooked.contains(&name.as_str());
        let shown = templates.get(name).filter(usable).and_then(|t| t.elements(category));
        shown.is_some_and(|e| !e.is_empty())
    };
    let names: Vec<String> = names.iter().filter(shows).cloned().collect();
    let elements = templates.union(&names, category);
    let flow = || Standing { purpose, template: names.join("+").into(), elements: Arc::new(elements.clone()) };
    (!elements.is_empty()).then(flow)
}

fn read_hooks<'f>(
    files: impl Iterator<Item = (&'f str, &'f str)>,
    templates: &Templates,
    matrix: &Matrix,
) -> Result<Hooks, BundleError> {
    let is_template = |name: &str| templates.get(name).is_some();
    let to_hook = |category, kind| matrix.cell(category, kind).is_some_and(Cell::leaves_to_hook);
    let leaves = Leaves { is_template: &is_template, to_hook: &to_hook };
    Hooks::parse(files, &leaves).map_err(|Fault { file, line, why }| BundleError::Hook { file, line, why })
}

fn standing(templates: &Templates, defaults: &Defaults) -> BTreeMap<(RecipientKind, Category), Vec<Standing>> {
    let mut all: BTreeMap<_, Vec<Standing>> = BTreeMap::new();
    for kind in RecipientKind::ALL {
        for category in Category::ALL {
            for purpose in defaults.purposes(*kind) {
                let flow = flow(templates, defaults.templates(*kind, purpose), purpose, *category, &[]);
                if let Some(flow) = flow {
                    all.entry((*kind, *category)).or_default().push(flow);
                }
            }
        }
    }
    all
}

/// Names and contents with their lengths, in name order, so that no two bundles share bytes.
fn hash(files: &BTreeMap<String, String>) -> BundleHash {
    let mut hash = Sha256::new();
    for (name, text) in files {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    BundleHash::of(hash.finalize().into())
}
