use std::str::FromStr;

use handoff_schemas::Purpose;
use serde::{Deserialize, Serialize};

/// Kinds of agreement (rulebook 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AgreementKind {
    #[serde(rename = "MOU")]
    Mou,
    #[serde(rename = "ILA")]
    Ila,
    #[serde(rename = "QSOA")]
    Qsoa,
    #[serde(rename = "BAA")]
    Baa,
    #[serde(rename = "DUA")]
    Dua,
    #[serde(rename = "MCA")]
    Mca,
    #[serde(rename = "CJIS")]
    Cjis,
    /// A lawful holder's contractor, 42 CFR 2.33(c).
    #[serde(rename = "CONTRACTOR")]
    Contractor,
    /// Audit or evaluation of a Part 2 program, 42 CFR 2.53.
    #[serde(rename = "AUDIT")]
    Audit,
    #[serde(rename = "PARTICIPATION")]
    Participation,
}

impl AgreementKind {
    /// Whether members may receive data through it. A QSOA or a BAA covers services to a program or a covered entity, a
    /// contractor's contract services to a lawful holder: none makes a member entitled to receive (rulebook 0.6, P2-09,
    /// 42 CFR 2.33(c)).
    #[must_use]
    pub const fn carries_flows(self) -> bool {
        !matches!(self, Self::Qsoa | Self::Baa | Self::Cjis | Self::Contractor)
    }

    /// What its clauses may open. A data use agreement gives a limited data set, one under 2.53 an audit, and neither
    /// anything else.
    #[must_use]
    pub const fn opens(self) -> Opens {
        match self {
            Self::Dua => Opens::LimitedDataSet,
            Self::Audit => Opens::Audit,
            Self::Qsoa | Self::Baa | Self::Cjis | Self::Contractor => Opens::Nothing,
            Self::Mou | Self::Ila | Self::Mca | Self::Participation => Opens::Cells,
        }
    }
}

/// What a kind of agreement may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// What the matrix leaves to an agreement, alone or with the person's consent.
    Cells,
    /// 45 CFR 164.514(e).
    LimitedDataSet,
    /// 42 CFR 2.53.
    Audit,
    Nothing,
}

impl FromStr for AgreementKind {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        Ok(match s {
            "MOU" => Self::Mou,
            "ILA" => Self::Ila,
            "QSOA" => Self::Qsoa,
            "BAA" => Self::Baa,
            "DUA" => Self::Dua,
            "MCA" => Self::Mca,
            "CJIS" => Self::Cjis,
            "CONTRACTOR" => Self::Contractor,
            "AUDIT" => Self::Audit,
            "PARTICIPATION" => Self::Participation,
            _ => return Err(()),
        })
    }
}

/// What a unit is in an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyRole {
    Discloser,
    Recipient,
    /// Discloses and receives.
    Member,
    Operator,
    Qso,
    BusinessAssociate,
    CoveredEntity,
    Part2Program,
}

impl PartyRole {
    /// Whether who has this role serves a Part 2 program (42 CFR 2.11): a QSO by its name, and under a QSOA everybody
    /// but the program, whatever the document calls them.
    #[must_use]
    pub const fn serves_program(self, kind: AgreementKind) -> bool {
        matches!(self, Self::Qso) || (matches!(kind, AgreementKind::Qsoa) && !matches!(self, Self::Part2Program))
    }
}

impl FromStr for PartyRole {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        Ok(match s {
            "discloser" => Self::Discloser,
            "recipient" => Self::Recipient,
            "member" => Self::Member,
            "operator" => Self::Operator,
            "qso" => Self::Qso,
            "business-associate" => Self::BusinessAssociate,
            "covered-entity" => Self::CoveredEntity,
            "part2-program" => Self::Part2Program,
            _ => return Err(()),
        })
    }
}

/// A use the parties rule out (rulebook 7.1), or a purpose of use by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProhibitedUse {
    ImmigrationEnforcement,
    CriminalInvestigation,
    CivilLitigation,
    Resale,
    ReIdentification,
    Marketing,
    Purpose(Purpose),
}

impl ProhibitedUse {
    /// Whether it rules out a purpose the hub knows. The others bind the parties in what they do afterwards.
    #[must_use]
    pub fn forbids(self, purpose: Purpose) -> bool {
        match self {
            Self::CriminalInvestigation => {
                matches!(purpose, Purpose::LeInvest | Purpose::Prosecute | Purpose::Warrant)
            }
            Self::CivilLitigation => purpose == Purpose::CivilProc,
            Self::Purpose(p) => p.covers(purpose),
            Self::ImmigrationEnforcement | Self::Resale | Self::ReIdentification | Self::Marketing => false,
        }
    }
}

impl FromStr for ProhibitedUse {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        Ok(match s {
            "immigration-enforcement" => Self::ImmigrationEnforcement,
            "criminal-investigation" => Self::CriminalInvestigation,
            "civil-litigation" => Self::CivilLitigation,
            "resale" => Self::Resale,
            "re-identification" => Self::ReIdentification,
            "marketing" => Self::Marketing,
            code => Self::Purpose(code.parse().map_err(|_| ())?),
        })
    }
}
