//! What only an answer of the FBI's CJIS files looks like (`law/labels/cji.csv`). It is carried by nobody: rulebook CJ-12.

use super::table;
use super::words::{Word, tokens, word};

/// How many digits make a word an identifier.
const DIGITS: usize = 6;

/// Forms of words, each of which shows by itself where a text comes from.
#[derive(Clone, Debug)]
pub(super) struct Cji(Vec<Vec<Part>>);

#[derive(Clone, Debug)]
enum Part {
    Word(Word),
    Identifier,
}

impl Part {
    fn fits(&self, token: &str) -> bool {
        match self {
            Self::Word(word) => word.fits(token),
            Self::Identifier => token.chars().filter(char::is_ascii_digit).count() >= DIGITS,
        }
    }
}

impl Cji {
    /// # Errors
    /// The line that does not read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for (at, [kind, forms]) in table::rows(text, ["kind", "words"])? {
            if !matches!(kind, "identifier" | "response" | "restricted-file") {
                return Err(format!("line {at}: `{kind}` is none of `identifier`, `response`, `restricted-file`"));
            }
            let parts: Option<Vec<Part>> = forms.split_whitespace().map(part).collect();
            // One word alone is said by whoever speaks of it.
            let parts = parts.filter(|parts| parts.len() > 1);
            all.push(parts.ok_or_else(|| format!("line {at}: expected two words or more, or `#`"))?);
        }
        Ok(Self(all))
    }

    /// Whether the text holds one of the forms.
    pub fn speaks(&self, text: &str) -> bool {
        let tokens = tokens(text);
        let mut rest = tokens.as_slice();
        while let Some((_, after)) = rest.split_first() {
            let here = |form: &Vec<Part>| {
                form.len() <= rest.len() && form.iter().zip(rest).all(|(part, token)| part.fits(token))
            };
            if self.0.iter().any(here) {
                return true;
            }
            rest = after;
        }
        false
    }
}

fn part(listed: &str) -> Option<Part> {
    if listed == "#" { Some(Part::Identifier) } else { word(listed).map(Part::Word) }
}
