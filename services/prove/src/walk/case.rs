use handoff_schemas::{Category, ConsentType, LawLabel, Purpose};

use super::rules::Found;
use super::space::{Group, Reader, Spoil, Under};
use crate::report::Counterexample;

/// One case of the walk, but for the category.
pub(super) struct Case<'a> {
    pub group: &'a Group,
    /// None: the unit that published it.
    pub reader: Option<&'static Reader>,
    /// None: whatever stands, without an ask.
    pub purpose: Option<Purpose>,
    pub under: Under,
}

impl Case<'_> {
    pub fn own(&self) -> bool {
        self.reader.is_none()
    }

    /// 42 CFR Part 2 by provenance, or by what the slice is. Said here once more, without the engine.
    pub fn part2(&self, category: Category) -> bool {
        self.group.source.part2.applies()
            || self.group.label == Some(LawLabel::Part2)
            || category == Category::Part2Record
    }

    /// Whether HIPAA holds the source.
    pub fn covered(&self) -> bool {
        self.group.source.hipaa.is_covered() || self.group.label == Some(LawLabel::Hipaa)
    }

    pub fn victims(&self) -> bool {
        self.group.source.victims || self.group.label == Some(LawLabel::Vawa)
    }

    pub fn proceeding(&self) -> bool {
        self.purpose.is_some_and(Purpose::is_proceeding)
    }

    /// The case in words.
    pub fn counterexample(&self, why: &str, found: Option<&Found<'_>>) -> Counterexample {
        let mut facts = Vec::new();
        if let Some(found) = found {
            facts.push(format!("the slice is `{}` ({})", found.category, found.category.id()));
        }
        facts.push(format!("the source is {}", self.group.source.says));
        if let Some(label) = self.group.label {
            facts.push(format!("it carries the label {}", label_words(label)));
        }
        facts.push(match self.reader {
            Some(reader) => format!("the recipient is {} ({})", reader.says, reader.kind),
            None => "the recipient is the unit that published it".to_owned(),
        });
        facts.push(match self.purpose {
            Some(purpose) => format!("the purpose asked for is {purpose}"),
            None => "nobody asks: it is a standing flow".to_owned(),
        });
        facts.push(format!("an agreement for everything {}", under_words(self.under)));
        facts.push(match self.group.subject.consent {
            Some(consent) => format!("the person gave {}", consent_words(consent)),
            None => "the person gave no consent".to_owned(),
        });
        facts.extend(self.group.subject.spoil.map(|spoil| spoil_words(spoil).to_owned()));
        if self.group.subject.erased {
            facts.push("all data about the person was ordered erased".to_owned());
        }
        let grants = found.map(|f| f.grants).unwrap_or_default();
        let policies = grants.iter().map(|grant| {
            let ids: Vec<&str> = grant.policies.iter().map(|id| &**id).collect();
            format!("{} ({})", ids.join(", "), grant.citation)
        });
        Counterexample { why: why.to_owned(), facts, lacking: Vec::new(), permitted_by: policies.collect() }
    }
}

fn under_words(under: Under) -> &'static str {
    match under {
        Under::None => "is not there",
        Under::InForce => "is in force",
        Under::Draft => "is a draft",
        Under::Suspended => "is suspended",
        Under::Expired => "has expired",
        Under::Prohibiting => "is in force and rules out every purpose",
        Under::Unreviewed => {
            "is in force, the recipient's police wrote the hold, and nobody reviewed a hook of state law"
        }
        Under::Reviewed => {
            "is in force, the recipient's police wrote the hold, and every hook of state law is reviewed"
        }
    }
}

fn consent_words(consent: ConsentType) -> &'static str {
    match consent {
        ConsentType::Part2Named => "a Part 2 consent that names every recipient (42 CFR 2.31)",
        ConsentType::Part2Tpo => "a single TPO consent (42 CFR 2.31(a)(4)(i))",
        ConsentType::Part2CounselingNotes => "a consent for SUD counseling notes (42 CFR 2.31(b))",
        ConsentType::Part2Proceedings => "a consent for proceedings (42 CFR 2.31(d))",
        ConsentType::Part2CriminalJustice => "a criminal-justice consent (42 CFR 2.35)",
        ConsentType::HipaaAuthorization => "a HIPAA authorization (45 CFR 164.508)",
        ConsentType::General => "a plain written consent",
    }
}

fn spoil_words(spoil: Spoil) -> &'static str {
    match spoil {
        Spoil::Revoked => "the consent was revoked",
        Spoil::RevokedForThem => "the consent was revoked for this recipient",
        Spoil::Expired => "the consent has expired",
        Spoil::OtherRecipient => "the consent names another recipient",
        Spoil::OtherSource => "the consent lets another unit disclose",
        Spoil::OtherPurpose => "the consent is for another purpose",
        Spoil::Unverified => "no discloser recorded or verified the consent",
        Spoil::Denied => "the person denies everything beside it",
    }
}

fn label_words(label: LawLabel) -> &'static str {
    match label {
        LawLabel::Part2 => "42 CFR Part 2",
        LawLabel::Hipaa => "HIPAA",
        LawLabel::StateMentalHealth => "state mental-health law",
        LawLabel::StateSubstanceUse => "state substance-use law",
        LawLabel::Hiv => "HIV",
        LawLabel::Vawa => "VAWA",
        LawLabel::Ferpa => "FERPA",
        LawLabel::Cji => "criminal-justice information",
        LawLabel::LeLocal => "local law enforcement",
        LawLabel::Juvenile => "juvenile",
    }
}
