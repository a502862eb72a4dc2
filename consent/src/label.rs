//! Labels: which law follows an event's source, and how sensitive what it says is (rulebook 5.1, 5.2, 7.3 step 4).
//!
//! Two axes that never stand in for one another. Law comes from the registered unit alone: an overdose that police saw
//! is no Part 2 record. Sensitivity comes from categories, codes and words, and words may only add to it.

mod cji;
mod content;
mod hierarchy;
mod provenance;
mod rules;
mod table;
mod values;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, Confidentiality, EventType, Labels, LawLabel, Sensitivity, SliceLabels, UnitFacts};
use serde_json::{Map, Value};

pub use values::Coded;

use cji::Cji;
use content::Leaves;
use hierarchy::Hierarchy;
use rules::Rules;
use values::Values;
use words::Words;

/// `law/labels/`, read: everything that labels are made from.
#[derive(Debug)]
pub struct LabelLaw {
    hierarchy: Hierarchy,
    categories: BTreeMap<Category, Labels>,
    values: Values,
    words: Words,
    cji: Cji,
    rules: Rules,
    leaves: Leaves,
}

/// The files of `law/labels/`.
pub(crate) struct LabelFiles<'a> {
    pub hierarchy: &'a str,
    pub categories: &'a str,
    pub values: &'a str,
    pub words: &'a str,
    pub cji: &'a str,
    pub rules: &'a str,
}

impl LabelLaw {
    /// Reads and checks the tables together.
    ///
    /// # Errors
    /// The file's name with what is wrong in it: a label no hierarchy knows, a category without its line, a leaf or an
    /// element that no schema has.
    pub(crate) fn parse(files: &LabelFiles<'_>) -> Result<Self, (&'static str, String)> {
        let of = |file: &'static str| move |why: String| (file, why);
        let hierarchy = Hierarchy::parse(files.hierarchy).map_err(of("labels/hierarchy.csv"))?;
        let categories = table::categories(files.categories, &hierarchy).map_err(of("labels/categories.csv"))?;
        let values = Values::parse(files.values, &hierarchy).map_err(of("labels/values.csv"))?;
        let words = Words::parse(files.words, &hierarchy).map_err(of("labels/words.csv"))?;
        let cji = Cji::parse(files.cji).map_err(of("labels/cji.csv"))?;
        let rules = Rules::parse(files.rules, &hierarchy).map_err(of("labels/rules.toml"))?;
        let leaves = Leaves::of(&rules).map_err(of("labels/rules.toml"))?;
        let law = Self { hierarchy, categories, values, words, cji, rules, leaves };
        match law.contradiction() {
            Some(why) => Err(("labels/rules.toml", why)),
            None => Ok(law),
        }
    }

    /// A category whose own default would call in another category's cell: then every slice of it would need both.
    fn contradiction(&self) -> Option<String> {
        Category::ALL.iter().find_map(|own| {
            let also = self.axes(*own, &self.of(*own), *own == Category::Part2Record);
            also.first().map(|axis| format!("`{own}` would be ruled as `{axis}` by its default label alone"))
        })
    }

    /// What a slice of this category is labelled with before anybody looks into it.
    #[must_use]
    pub fn of(&self, category: Category) -> Labels {
        self.categories.get(&category).cloned().unwrap_or_else(|| Labels {
            sensitivity: BTreeSet::new(),
            confidentiality: Confidentiality::Restricted,
            unlabelled: true,
        })
    }

    /// Whether a rule on `rule` reaches content with these labels: by the code itself, or by one that stands under it
    /// in the shipped table (a rule on `BH` reaches `MH`, `PSY` and `SUD`).
    #[must_use]
    pub fn matches(&self, labels: &Labels, rule: &Sensitivity) -> bool {
        labels.sensitivity.iter().any(|label| self.hierarchy.matches(label, rule))
    }

    /// What one code says. `system` as the schemas name it (`icd-10-cm`, `snomed-ct`, `rxnorm`, `loinc`) or by its URI.
    #[must_use]
    pub fn label_code(&self, system: &str, code: &str) -> Coded {
        self.values.label(system, code)
    }

    /// What words say: the labels of every listed word and phrase in the text, whatever its case and accents.
    #[must_use]
    pub fn label_text(&self, text: &str) -> BTreeSet<Sensitivity> {
        self.words.label(text)
    }

    /// The high-water mark of categories, codes with their systems, and texts. Nothing in a text takes a label away. A
    /// code that is not known adds nothing, and in a sensitive category leaves the whole unlabelled and restricted.
    #[must_use]
    pub fn label_event<'a>(
        &self,
        categories: &[Category],
        codes: impl IntoIterator<Item = (&'a str, &'a str)>,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Labels {
        let mut labels = Labels::none();
        for category in categories {
            labels.join(&self.of(*category));
        }
        let sensitive = labels.confidentiality >= Confidentiality::Restricted;
        for (system, code) in codes {
            match self.label_code(system, code) {
                Coded::Labelled(found) => labels.sensitivity.extend(found),
                Coded::Ordinary => {}
                Coded::Unknown => labels.unlabelled |= sensitive,
            }
        }
        for text in texts {
            labels.sensitivity.extend(self.label_text(text));
        }
        let floor = labels.sensitivity.iter().map(|label| self.hierarchy.floor(label)).max();
        labels.confidentiality = labels.confidentiality.max(floor.unwrap_or(Confidentiality::Unrestricted));
        labels
    }

    /// The high-water mark of slices that stand together: what their categories and their content say, with every code
    /// that these stand under, and the laws they are under (rulebook 5.2). For who may read all of it; a recipient of a part would learn of the rest.
    #[must_use]
    pub fn mark<'a>(
        &self,
        slices: impl IntoIterator<Item = Category>,
        content: &[SliceLabels],
        laws: impl IntoIterator<Item = &'a LawLabel>,
    ) -> Labels {
        let mut mark = Labels::none();
        for category in slices {
            mark.join(&self.of(category));
            content.iter().filter(|slice| slice.category == category).for_each(|slice| mark.join(&slice.labels));
        }
        let above = mark.sensitivity.iter().flat_map(|label| self.hierarchy.above(label)).cloned();
        mark.sensitivity.extend(above.collect::<Vec<_>>());
        let least = laws.into_iter().filter_map(|law| self.rules.law_confidentiality.get(law).copied()).max();
        mark.confidentiality = mark.confidentiality.max(least.unwrap_or(Confidentiality::Unrestricted));
        mark
    }

    /// Whether a free text of these slices is, or quotes, an answer of the FBI's CJIS files (rulebook CJ-12).
    #[must_use]
    pub fn holds_cji(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> bool {
        slices.values().any(|slice| self.leaves.read(event_type, slice).texts.iter().any(|text| self.cji.speaks(text)))
    }

    /// The law the unit's records are under. From its registration: no category and no word makes a Part 2 record.
    #[must_use]
    pub fn law_labels(&self, unit: &UnitFacts, categories: &[Category]) -> BTreeSet<LawLabel> {
        provenance::labels(unit, categories, &self.rules.law)
    }

    /// The categories whose cells a slice's content calls in besides its own, each once (rulebook 7.6).
    pub(crate) fn axes(&self, own: Category, labels: &Labels, part2: bool) -> Vec<Category> {
        let mut axes: Vec<Category> = Vec::new();
        if self.rules.axis_exempt.categories.contains(&own) {
            return axes;
        }
        for (rule, axis) in &self.rules.axis {
            let covered = part2 && self.rules.axis_exempt.part2.contains(axis);
            if *axis != own && !covered && !axes.contains(axis) && self.matches(labels, rule) {
                axes.push(*axis);
            }
        }
        axes
    }

    /// What the slices of an event say beyond their categories, by category; nothing for a slice that says no more.
    #[must_use]
    pub fn label_slices(
        &self,
        event_type: &EventType,
        slices: &BTreeMap<Category, Map<String, Value>>,
    ) -> Vec<SliceLabels> {
        let more = |(category, slice): (&Category, &Map<String, Value>)| {
            let said = self.leaves.read(event_type, slice);
            let labels = self.label_event(&[*category], said.codes.iter().copied(), said.texts.iter().copied());
            (labels != self.of(*category)).then_some(SliceLabels { category: *category, labels })
        };
        slices.iter().filter_map(more).collect()
    }
}
