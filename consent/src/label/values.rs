//! Codes whose presence makes content sensitive (`law/labels/values.csv`).

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::Sensitivity;

use super::hierarchy::Hierarchy;
use super::table;

/// What a code says of the content it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coded {
    /// Sensitive, so.
    Labelled(BTreeSet<Sensitivity>),
    /// Listed as harmless by itself, or of a code system whose sensitive blocks are all listed, and in none of them.
    Ordinary,
    /// A code system, a form or a code that no value set knows. It adds nothing, and nobody may take it for harmless.
    Unknown,
}

/// A code system we hold value sets of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum System {
    Icd10Cm,
    SnomedCt,
    RxNorm,
    Loinc,
}

impl System {
    /// By the word of our schemas, or by the URI that FHIR knows it by. DSM-5-TR is coded in ICD-10-CM, and NEMSIS says
    /// `icd-10` of the same.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "icd-10-cm" | "icd-10" | "dsm-5-tr" | "http://hl7.org/fhir/sid/icd-10-cm" => Self::Icd10Cm,
            "snomed-ct" | "http://snomed.info/sct" => Self::SnomedCt,
            "rxnorm" | "http://www.nlm.nih.gov/research/umls/rxnorm" => Self::RxNorm,
            "loinc" | "http://loinc.org" => Self::Loinc,
            _ => return None,
        })
    }

    /// The code as the tables keep it.
    fn normal(self, code: &str) -> String {
        if self == Self::Icd10Cm { pointless(code) } else { code.trim().to_owned() }
    }
}

/// The value sets, by code system.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// ICD-10-CM without its point. Every prefix that fits adds its labels.
    prefixes: BTreeMap<String, BTreeSet<Sensitivity>>,
    codes: BTreeMap<(System, String), BTreeSet<Sensitivity>>,
}

impl Values {
    /// # Errors
    /// The line that does not read, repeats a code or names a label that the hierarchy has not.
    pub fn parse(text: &str, hierarchy: &Hierarchy) -> Result<Self, String> {
        let mut values = Self { prefixes: BTreeMap::new(), codes: BTreeMap::new() };
        for (at, [system, kind, code, words, _what]) in
            table::rows(text, ["system", "match", "code", "labels", "what"])?
        {
            let labels = if words == "-" { BTreeSet::new() } else { table::labels(words, hierarchy, at)? };
            if code.is_empty() || (labels.is_empty() && words != "-") {
                return Err(format!("line {at}: expected a code and its labels, or `-` where it has none"));
            }
            let before = match (System::named(system), kind) {
                (Some(System::Icd10Cm), "prefix") => values.prefixes.insert(pointless(code), labels),
                (Some(system), "code") => values.codes.insert((system, system.normal(code)), labels),
                _ => return Err(format!("line {at}: expected a code system and `code`, or `icd-10-cm` and `prefix`")),
            };
            if before.is_some() {
                return Err(format!("line {at}: a second line for `{code}`"));
            }
        }
        Ok(values)
    }

    pub fn label(&self, system: &str, code: &str) -> Coded {
        let Some(system) = System::named(system) else { return Coded::Unknown };
        let key = (system, system.normal(code));
        let listed = self.codes.get(&key);
        let mut labels = listed.cloned().unwrap_or_default();
        let (_, code) = &key;
        if system == System::Icd10Cm {
            let fits = self.prefixes.iter().filter(|(prefix, _)| code.starts_with(prefix.as_str()));
            labels.extend(fits.flat_map(|(_, labels)| labels).cloned());
        }
        if !labels.is_empty() {
            Coded::Labelled(labels)
        } else if listed.is_some() || (system == System::Icd10Cm && is_icd10_cm(code)) {
            Coded::Ordinary
        } else {
            Coded::Unknown
        }
    }
}

/// `O98.71` and `o9871` are one code.
fn pointless(code: &str) -> String {
    code.chars().filter(|c| *c != '.' && !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
}

/// A letter, a digit, a letter or digit, and up to four more: the form of ICD-10-CM, without the point.
fn is_icd10_cm(code: &str) -> bool {
    let mut bytes = code.bytes();
    let block = [bytes.next(), bytes.next(), bytes.next()];
    let [Some(letter), Some(digit), Some(third)] = block else { return false };
    letter.is_ascii_uppercase()
        && digit.is_ascii_digit()
        && third.is_ascii_alphanumeric()
        && code.len() <= 7
        && bytes.all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_icd_10_cm_is_a_letter_a_digit_and_up_to_five_more() {
        for code in ["F1120", "B20", "O9A311", "T401X1A", "Z3A08"] {
            assert!(is_icd10_cm(code), "{code}");
        }
        for code in ["", "F", "F1", "FF1", "112", "F112.0", "F11200000", "HZ2ZZZZ"] {
            assert!(!is_icd10_cm(code), "{code}");
        }
        assert_eq!(pointless(" o98.71 "), "O9871");
    }
}
