//! Words of free text that raise a label (`law/labels/words.csv`). They add and never take away.

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::Sensitivity;

use super::hierarchy::Hierarchy;
use super::table;

/// Listed words and phrases, by the first letter of their first word.
#[derive(Clone, Debug)]
pub(super) struct Words(BTreeMap<char, Vec<Phrase>>);

#[derive(Clone, Debug)]
struct Phrase {
    label: Sensitivity,
    words: Vec<Word>,
}

#[derive(Clone, Debug)]
pub(super) struct Word {
    text: String,
    /// Any ending counts.
    open: bool,
}

impl Word {
    pub fn fits(&self, token: &str) -> bool {
        if self.open { token.starts_with(&self.text) } else { token == self.text }
    }
}

impl Words {
    /// # Errors
    /// The line that does not read, names a label that the hierarchy has not, or a language we have no list of.
    pub fn parse(text: &str, hierarchy: &Hierarchy) -> Result<Self, String> {
        let mut all: BTreeMap<char, Vec<Phrase>> = BTreeMap::new();
        for (at, [label, language, phrase]) in table::rows(text, ["label", "language", "words"])? {
            if !matches!(language, "en" | "es") {
                return Err(format!("line {at}: `{language}` is neither `en` nor `es`"));
            }
            let words: Vec<Word> = phrase.split_whitespace().map(word).collect::<Option<_>>().unwrap_or_default();
            let first = words.first().and_then(|w| w.text.chars().next());
            let first =
                first.ok_or_else(|| format!("line {at}: expected words of letters and digits, `*` at their ends"))?;
            for label in table::labels(label, hierarchy, at)? {
                all.entry(first).or_default().push(Phrase { label, words: words.clone() });
            }
        }
        Ok(Self(all))
    }

    pub fn label(&self, text: &str) -> BTreeSet<Sensitivity> {
        let tokens = tokens(text);
        let mut found = BTreeSet::new();
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            for phrase in first.chars().next().and_then(|c| self.0.get(&c)).into_iter().flatten() {
                let here = rest.iter().zip(&phrase.words).take_while(|(token, word)| word.fits(token)).count();
                if here == phrase.words.len() {
                    found.insert(phrase.label.clone());
                }
            }
            rest = after;
        }
        found
    }
}

/// One listed word: a token, and `*` where any ending counts.
pub(super) fn word(listed: &str) -> Option<Word> {
    let (text, open) = listed.strip_suffix('*').map_or((listed, false), |text| (text, true));
    let mut read = tokens(text);
    let text = read.pop().filter(|_| read.is_empty())?;
    Some(Word { text, open })
}

/// Runs of letters and digits, in lower case and without accents: what stands between them is a word's boundary.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut token = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_accent(c) {
            continue;
        }
        if c.is_alphanumeric() {
            token.push(plain(c));
        } else if !token.is_empty() {
            all.push(std::mem::take(&mut token));
        }
    }
    if !token.is_empty() {
        all.push(token);
    }
    all
}

/// A combining mark, or a soft hyphen and its like that nobody sees: none of them ends a word.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The letter without its accent, for the letters of Spanish and its neighbours.
fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_end_at_what_is_no_letter_or_digit_and_have_no_accents() {
        assert_eq!(
            tokens("Sobre-dosis, SÍFILIS/si\u{301}filis (año 2)"),
            ["sobre", "dosis", "sifilis", "sifilis", "ano", "2"]
        );
        assert_eq!(tokens("over\u{ad}dose h\u{200b}iv"), ["overdose", "hiv"], "what nobody sees ends no word");
        assert_eq!(tokens(" \n"), [""; 0]);
    }

    #[test]
    fn a_listed_word_is_one_token_that_may_be_open() {
        let open = word("overdos*").unwrap();
        assert!(open.fits("overdosed") && open.fits("overdos") && !open.fits("underdosed"));
        let whole = word("meth").unwrap();
        assert!(whole.fits("meth") && !whole.fits("method"));
        assert!(word("self-harm").is_none() && word("*").is_none());
    }
}
