//! The grammar of a cell: alternatives joined by `|`, each a decision letter with qualifiers.

use super::Basis;

/// One cell, for example `C|X:2.51` on `B14;B15`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// As the file spells it, for explanations.
    pub text: String,
    pub alternatives: Vec<Alternative>,
    pub basis: Vec<Basis>,
}

/// One way a cell offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    pub decision: Decision,
    /// Templates the cell names; empty where the recipient's own template decides alone.
    pub templates: Vec<String>,
    pub requirements: Vec<Requirement>,
}

impl Alternative {
    /// Whether it waits for a reviewed hook: by its word, or because its field set needs one (F3b, who wrote the hold).
    #[must_use]
    pub fn leaves_to_hook(&self) -> bool {
        self.requirements.iter().any(|r| matches!(r, Requirement::ReviewedHook | Requirement::HoldInitiated))
    }
}

/// The codes of rulebook 7.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// `P`: participation agreement, role and purpose.
    Permit,
    /// `A`: that specific agreement term.
    Agreement,
    /// `C`: the person's consent.
    Consent,
    /// `X`: a named exception only.
    Exception,
    /// `O`: court order.
    Order,
    /// `S`: status of the consent the recipient relies on.
    Status,
    /// `G`: aggregate only.
    Aggregate,
    /// `D`.
    Deny,
    /// `D*`: by the CJIS channel, never the hub.
    DenyCjis,
}

/// What must be true beyond the letter. Those whose facts the hub does not gather yet are never met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requirement {
    /// `own`, `own system`: only what the unit published itself.
    Own,
    /// `own-reliance`: only the consent this recipient relies on.
    OwnReliance,
    /// `named`: the consent names the recipient; a class does not do.
    Named,
    /// `specific`: the consent names this very category.
    Specific,
    /// `if LE-initiated`: the recipient asked for the referral, and the referrer reports on it.
    LeInitiated,
    /// `if initiated`: the recipient wrote the hold, and a reviewed hook says that it may know.
    HoldInitiated,
    /// `if-hook`, `hook`, `per regime`, or a template that requires one: a reviewed state hook.
    ReviewedHook,
    /// Facts of rulebook 7.3 step 8, by the matrix's own word.
    Fact(&'static str),
}

/// A cell nobody taught the engine to read. The bundle does not load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unreadable cell `{cell}`: `{part}` is no known code or qualifier")]
pub struct UnreadableCell {
    pub cell: String,
    pub part: String,
}

/// Qualifiers that stand for facts of an exception, kept as typed words until an ask can state them.
const FACTS: &[&str] = &[
    "2.35",
    "2.51",
    "2.53",
    "99.36",
    "LDS",
    "custody",
    "exposure",
    "exposure-officer",
    "minor",
    "missing",
    "originator",
    "same-program",
    "separate",
    "statute",
    "time-limited",
    "victim",
];

impl Cell {
    pub(crate) fn parse(text: &str, basis: &str, is_template: &impl Fn(&str) -> bool) -> Result<Self, UnreadableCell> {
        let unreadable = |part: &str| UnreadableCell { cell: text.to_owned(), part: part.to_owned() };
        let (body, per_regime) = match text.strip_suffix(" per regime") {
            Some(body) => (body, true),
            None => (text, false),
        };
        let mut alternatives = Vec::new();
        for part in body.split('|') {
            let mut alternative = alternative(part, is_template).ok_or_else(|| unreadable(part))?;
            // Rulebook 4: `per regime` reads as C until a reviewed hook says otherwise.
            if per_regime && alternative.decision == Decision::Permit {
                alternative.requirements.push(Requirement::ReviewedHook);
            }
            alternatives.push(alternative);
        }
        let basis = basis.split(';').map(|b| b.parse().map_err(|_| unreadable(b))).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), alternatives, basis })
    }

    /// Whether some way of the cell waits for a reviewed hook (rulebook 4).
    #[must_use]
    pub fn leaves_to_hook(&self) -> bool {
        self.alternatives.iter().any(Alternative::leaves_to_hook)
    }

    /// Whether the cell offers a way of this kind, met or not.
    #[must_use]
    pub fn offers(&self, decision: Decision) -> bool {
        self.alternatives.iter().any(|a| a.decision == decision)
    }
}

fn alternative(part: &str, is_template: &impl Fn(&str) -> bool) -> Option<Alternative> {
    let (letter, qualifiers) = match part.split_once(':') {
        Some((letter, qualifiers)) => (letter, Some(qualifiers)),
        None => (part, None),
    };
    let decision = match letter {
        "P" => Decision::Permit,
        "A" => Decision::Agreement,
        "C" => Decision::Consent,
        "X" => Decision::Exception,
        "O" => Decision::Order,
        "S" => Decision::Status,
        "G" => Decision::Aggregate,
        "D" => Decision::Deny,
        "D*" => Decision::DenyCjis,
        _ => return None,
    };
    let mut found = Alternative { decision, templates: Vec::new(), requirements: Vec::new() };
    if let Some(qualifiers) = qualifiers {
        let plain = condition(qualifiers, &mut found)?;
        for token in plain.split([',', '+']) {
            qualifier(token, is_template, &mut found)?;
        }
    }
    if decision == Decision::Status {
        found.templates.push("S".to_owned());
        found.requirements.push(Requirement::OwnReliance);
    }
    Some(found)
}

/// Takes a trailing condition in words off the qualifiers.
fn condition<'a>(qualifiers: &'a str, found: &mut Alternative) -> Option<&'a str> {
    if let Some((plain, words)) = qualifiers.split_once(" if ") {
        found.requirements.push(match words {
            "LE-initiated" => Requirement::LeInitiated,
            "initiated" => Requirement::HoldInitiated,
            _ => return None,
        });
        return Some(plain);
    }
    if let Some(plain) = qualifiers.strip_suffix(" system") {
        return Some(plain);
    }
    if let Some(plain) = qualifiers.strip_suffix(" to target") {
        found.requirements.push(Requirement::Fact("target"));
        return Some(plain);
    }
    if let Some(plain) = qualifiers.strip_suffix("(school)") {
        found.requirements.push(Requirement::Fact("school"));
        return Some(plain);
    }
    Some(qualifiers)
}

fn qualifier(token: &str, is_template: &impl Fn(&str) -> bool, found: &mut Alternative) -> Option<()> {
    match token {
        "own" => found.requirements.push(Requirement::Own),
        "own-reliance" => {}
        "named" => found.requirements.push(Requirement::Named),
        // Carried by every Part 2 release as an obligation.
        "no-proceedings" => {}
        "specific" => found.requirements.push(Requirement::Specific),
        "if-hook" | "hook" => found.requirements.push(Requirement::ReviewedHook),
        fact if FACTS.contains(&fact) => {
            let word = FACTS.iter().find(|f| **f == fact)?;
            found.requirements.push(Requirement::Fact(word));
        }
        template if is_template(template) => found.templates.push(template.to_owned()),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Cell, UnreadableCell> {
        Cell::parse(text, "B14;B15", &|t| matches!(t, "F2" | "F6" | "F7" | "F-WARN" | "S"))
    }

    #[test]
    fn reads_alternatives_templates_and_conditions() {
        let cell = parse("C:named+no-proceedings|X:F-WARN to target|O").unwrap();
        let decisions: Vec<_> = cell.alternatives.iter().map(|a| a.decision).collect();
        assert_eq!(decisions, [Decision::Consent, Decision::Exception, Decision::Order]);
        assert_eq!(cell.alternatives[0].requirements, [Requirement::Named]);
        assert_eq!(cell.alternatives[1].templates, ["F-WARN"]);
        assert_eq!(parse("C:F6,F7").unwrap().alternatives[0].templates, ["F6", "F7"]);
        assert_eq!(parse("P:own system").unwrap().alternatives[0].requirements, [Requirement::Own]);
    }

    #[test]
    fn per_regime_leaves_only_the_consent_open() {
        for text in ["P|C per regime", "C|P per regime"] {
            let cell = parse(text).unwrap();
            for a in cell.alternatives {
                let hook = a.requirements.contains(&Requirement::ReviewedHook);
                assert_eq!(hook, a.decision == Decision::Permit, "{text}");
            }
        }
    }

    #[test]
    fn an_unknown_code_or_qualifier_fails() {
        for text in ["Q", "P:F99", "A:whatever", "C:named+", "P if so", "", "P||C", "A:S if asked", "D**"] {
            assert!(parse(text).is_err(), "`{text}` was read");
        }
        assert!(Cell::parse("P", "B40", &|_| true).is_err());
    }
}
