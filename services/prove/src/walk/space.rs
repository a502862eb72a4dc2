//! The finite space: who publishes, under which label, about whom; who reads, what for, under which agreement.

use handoff_schemas::{ConsentType, HipaaStatus, LawLabel, OrgType, Part2Status, Purpose, RecipientKind};

/// A unit that publishes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub slug: &'static str,
    pub says: &'static str,
    pub role: RecipientKind,
    pub hipaa: HipaaStatus,
    pub part2: Part2Status,
    pub victims: bool,
    pub org: OrgType,
}

const fn source(slug: &'static str, says: &'static str, role: RecipientKind, org: OrgType) -> Source {
    Source { slug, says, role, hipaa: HipaaStatus::None, part2: Part2Status::No, victims: false, org }
}

const fn health(slug: &'static str, says: &'static str, role: RecipientKind, org: OrgType) -> Source {
    Source { hipaa: HipaaStatus::CoveredProvider, ..source(slug, says, role, org) }
}

pub(super) static POLICE: Source = source("police", "a police unit", RecipientKind::Le, OrgType::LawEnforcement);
pub(super) static DISPATCH: Source =
    source("dispatch", "a 911 centre", RecipientKind::Psap, OrgType::EmergencyCommunications);
pub(super) static MEDICS: Source = health("medics", "an EMS unit", RecipientKind::Ems, OrgType::FireEms);
pub(super) static CLINIC: Source =
    health("clinic", "a clinic that HIPAA covers", RecipientKind::Bhc, OrgType::BehavioralHealth);
pub(super) static PROGRAM: Source = Source {
    part2: Part2Status::Yes,
    ..health("program", "a Part 2 program", RecipientKind::P2p, OrgType::SubstanceUseProgram)
};
pub(super) static SHELTER: Source = source("shelter", "a shelter", RecipientKind::Cbo, OrgType::CommunityService);
pub(super) static VICTIMS: Source = Source {
    victims: true,
    ..source("victims", "a victim service provider", RecipientKind::Vsp, OrgType::VictimService)
};

pub(super) static SOURCES: [&Source; 7] = [&PROGRAM, &CLINIC, &DISPATCH, &POLICE, &MEDICS, &SHELTER, &VICTIMS];

/// A unit that reads what another published.
#[derive(Debug)]
pub(super) struct Reader {
    pub slug: &'static str,
    pub says: &'static str,
    pub kind: RecipientKind,
    /// Also police: the unit's people read in this second role too.
    pub police: bool,
    pub hipaa: HipaaStatus,
    pub part2: Part2Status,
    /// Its partner is suspended.
    pub suspended: bool,
    /// Whether the class of a single TPO consent reaches it (42 CFR 2.31(a)(4)(i), 2.33; rulebook 0.2).
    pub tpo: bool,
}

const fn reader(slug: &'static str, says: &'static str, kind: RecipientKind) -> Reader {
    let (hipaa, part2) = (HipaaStatus::None, Part2Status::No);
    Reader { slug, says, kind, police: false, hipaa, part2, suspended: false, tpo: false }
}

const fn treating(slug: &'static str, says: &'static str, kind: RecipientKind) -> Reader {
    Reader { hipaa: HipaaStatus::CoveredProvider, tpo: true, ..reader(slug, says, kind) }
}

/// The twelve kinds of the matrix, two that look like one of them and are not, and the kinds outside it.
pub(super) static READERS: [Reader; 16] = [
    reader("to-le", "a police unit", RecipientKind::Le),
    reader("to-psap", "a 911 centre", RecipientKind::Psap),
    treating("to-ems", "an EMS unit", RecipientKind::Ems),
    treating("to-bhc", "a clinic that HIPAA covers", RecipientKind::Bhc),
    Reader { part2: Part2Status::Yes, ..treating("to-p2p", "another Part 2 program", RecipientKind::P2p) },
    treating("to-hosp", "a hospital", RecipientKind::Hosp),
    treating("to-cmp", "a provider's case managers", RecipientKind::Cmp),
    reader("to-cbo", "a shelter", RecipientKind::Cbo),
    reader("to-cj", "a court", RecipientKind::Cj),
    reader("to-vsp", "a victim service provider", RecipientKind::Vsp),
    treating("to-l988", "a crisis line that is a provider", RecipientKind::L988),
    reader("to-eval", "an evaluator", RecipientKind::Eval),
    Reader {
        police: true,
        tpo: false,
        ..treating("to-police-medics", "medics of a unit that is also police", RecipientKind::Ems)
    },
    Reader { suspended: true, tpo: false, ..treating("to-suspended", "a suspended clinic", RecipientKind::Bhc) },
    reader("to-me", "a medical examiner", RecipientKind::Me),
    reader("to-kin", "a person's family", RecipientKind::Kin),
];

/// How the agreement for everything between all of them stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Under {
    None,
    InForce,
    Draft,
    Suspended,
    Expired,
    /// In force, and it rules out every purpose.
    Prohibiting,
    /// In force; the event is about a hold that the police reader wrote, and nobody reviewed any hook of state law.
    Unreviewed,
    /// The same, and every hook was reviewed.
    Reviewed,
}

impl Under {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::InForce,
        Self::Draft,
        Self::Suspended,
        Self::Expired,
        Self::Prohibiting,
        Self::Unreviewed,
        Self::Reviewed,
    ];

    /// Whether an agreement in force lets flow what it covers.
    pub const fn in_force(self) -> bool {
        matches!(self, Self::InForce | Self::Unreviewed | Self::Reviewed)
    }

    /// Whether the event is about a hold.
    pub const fn held(self) -> bool {
        matches!(self, Self::Unreviewed | Self::Reviewed)
    }
}

const WITH_AND_WITHOUT: &[Under] = &[Under::None, Under::InForce];
const IN_FORCE: &[Under] = &[Under::InForce];
const HOOKS: &[Under] = &[Under::Unreviewed, Under::Reviewed];
const OTHERWISE: &[Under] = &[Under::Draft, Under::Suspended, Under::Expired, Under::Prohibiting];

/// What is wrong with a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoil {
    Revoked,
    RevokedForThem,
    Expired,
    OtherRecipient,
    OtherSource,
    OtherPurpose,
    Unverified,
    /// The person denies everything beside it.
    Denied,
}

const SPOILS: [Spoil; 8] = [
    Spoil::Revoked,
    Spoil::RevokedForThem,
    Spoil::Expired,
    Spoil::OtherRecipient,
    Spoil::OtherSource,
    Spoil::OtherPurpose,
    Spoil::Unverified,
    Spoil::Denied,
];

/// One of each type; none stands in for another (rulebook P2-16).
pub(super) const CONSENTS: [ConsentType; 7] = [
    ConsentType::Part2Named,
    ConsentType::Part2Tpo,
    ConsentType::Part2CounselingNotes,
    ConsentType::Part2Proceedings,
    ConsentType::Part2CriminalJustice,
    ConsentType::HipaaAuthorization,
    ConsentType::General,
];

/// The person an event is about: with no consent, or with one of a type that covers every category and reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub consent: Option<ConsentType>,
    pub spoil: Option<Spoil>,
    /// All data about the person was ordered erased.
    pub erased: bool,
}

impl Subject {
    const NOTHING: Self = Self { consent: None, spoil: None, erased: false };

    const fn with(consent: ConsentType) -> Self {
        Self { consent: Some(consent), ..Self::NOTHING }
    }

    const fn spoilt(consent: ConsentType, spoil: Spoil) -> Self {
        Self { spoil: Some(spoil), ..Self::with(consent) }
    }

    const ERASED: Self = Self { erased: true, ..Self::with(ConsentType::Part2Named) };
}

/// Everything but reader, purpose and agreement.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub source: &'static Source,
    pub label: Option<LawLabel>,
    pub subject: Subject,
    pub unders: &'static [Under],
}

impl Group {
    /// The labels the event carries.
    pub fn labels(&self) -> &[LawLabel] {
        self.label.as_slice()
    }
}

/// Every label.
const LABELS: [LawLabel; 10] = [
    LawLabel::Part2,
    LawLabel::Hipaa,
    LawLabel::StateMentalHealth,
    LawLabel::StateSubstanceUse,
    LawLabel::Hiv,
    LawLabel::Vawa,
    LawLabel::Ferpa,
    LawLabel::Cji,
    LawLabel::LeLocal,
    LawLabel::Juvenile,
];

/// Labels that bring a further cell to what a program holds.
const FURTHER: [LawLabel; 5] = [LawLabel::Hiv, LawLabel::Vawa, LawLabel::Ferpa, LawLabel::Cji, LawLabel::Juvenile];

/// What is walked.
#[derive(Clone, Debug)]
pub struct Space {
    groups: Vec<Group>,
    until: Option<&'static str>,
}

impl Space {
    /// The whole space: every source, and what a clinic and a program hold under every label, with and without an
    /// agreement, under every type of consent; every way for a consent or an agreement not to count;
    /// hooks of state law before and after a review; erasures.
    #[must_use]
    pub fn whole() -> Self {
        let mut groups = Vec::new();
        let mut provenances: Vec<(&'static Source, Option<LawLabel>)> = SOURCES.iter().map(|s| (*s, None)).collect();
        provenances.extend(LABELS.iter().map(|label| (&CLINIC, Some(*label))));
        provenances.extend(FURTHER.iter().map(|label| (&PROGRAM, Some(*label))));
        for (source, label) in provenances {
            for subject in std::iter::once(Subject::NOTHING).chain(CONSENTS.map(Subject::with)) {
                groups.push(Group { source, label, subject, unders: WITH_AND_WITHOUT });
            }
        }
        for source in [&PROGRAM, &CLINIC] {
            for consent in CONSENTS {
                groups.extend(SPOILS.iter().map(|spoil| {
                    let subject = Subject::spoilt(consent, *spoil);
                    Group { source, label: None, subject, unders: IN_FORCE }
                }));
            }
        }
        let usable = [ConsentType::Part2Named, ConsentType::HipaaAuthorization].map(Subject::with);
        for source in [&PROGRAM, &CLINIC, &DISPATCH] {
            for subject in std::iter::once(Subject::NOTHING).chain(usable) {
                groups.push(Group { source, label: None, subject, unders: OTHERWISE });
            }
        }
        let hooked =
            [ConsentType::Part2Named, ConsentType::Part2Tpo, ConsentType::HipaaAuthorization].map(Subject::with);
        for source in SOURCES {
            for subject in std::iter::once(Subject::NOTHING).chain(hooked) {
                groups.push(Group { source, label: None, subject, unders: HOOKS });
            }
        }
        let erased = |source| Group { source, label: None, subject: Subject::ERASED, unders: IN_FORCE };
        groups.extend(SOURCES.into_iter().map(erased));
        Self { groups, until: None }
    }

    /// A few cases of each kind: what every rule speaks of, and no more.
    #[must_use]
    pub fn small() -> Self {
        let named = Subject::with(ConsentType::Part2Named);
        let subjects = [
            (&PROGRAM, Subject::NOTHING, WITH_AND_WITHOUT),
            (&PROGRAM, named, WITH_AND_WITHOUT),
            (&PROGRAM, Subject::with(ConsentType::Part2Tpo), WITH_AND_WITHOUT),
            (&PROGRAM, Subject::with(ConsentType::Part2Proceedings), WITH_AND_WITHOUT),
            (&PROGRAM, Subject::spoilt(ConsentType::Part2Named, Spoil::Denied), IN_FORCE),
            (&PROGRAM, Subject::spoilt(ConsentType::Part2Tpo, Spoil::Revoked), IN_FORCE),
            (&PROGRAM, Subject::ERASED, IN_FORCE),
            (&PROGRAM, Subject::NOTHING, HOOKS),
            (&CLINIC, Subject::NOTHING, HOOKS),
            (&VICTIMS, Subject::NOTHING, WITH_AND_WITHOUT),
            (&DISPATCH, Subject::NOTHING, OTHERWISE),
            (&CLINIC, Subject::with(ConsentType::HipaaAuthorization), WITH_AND_WITHOUT),
            (&CLINIC, Subject::NOTHING, OTHERWISE),
        ];
        let group = |(source, subject, unders)| Group { source, label: None, subject, unders };
        Self { groups: subjects.into_iter().map(group).collect(), until: None }
    }

    /// Ends as soon as this property has failed.
    #[must_use]
    pub fn until(mut self, property: &'static str) -> Self {
        self.until = Some(property);
        self
    }

    /// How many rulings the walk makes.
    #[must_use]
    pub fn rulings(&self) -> u64 {
        let each = (READERS.len() + 1) * (Purpose::ALL.len() + 1);
        let all: usize = self.groups.iter().map(|g| g.unders.len() * each).sum();
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(super) fn ends_with(&self, property: &str) -> bool {
        self.until == Some(property)
    }
}
