use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A string that is no category slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a category: expected a slug of consent/law/matrix.csv, or `administrative`")]
pub struct UnknownCategory;

macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident = $id:literal $slug:literal),* $(,)?) => {
        /// What a field is, as the matrix names it (rulebook 7.6). `x-category` in every schema leaf.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Category {
            $($(#[$doc])* $name,)*
        }

        impl Category {
            /// Every category, in matrix order, `administrative` last.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The slug, as `matrix.csv` and `x-category` spell it.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The rulebook's id, `C01` to `C36`; `C00` for `administrative`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }

        impl FromStr for Category {
            type Err = UnknownCategory;
            fn from_str(s: &str) -> Result<Self, UnknownCategory> {
                match s { $($slug => Ok(Self::$name),)* _ => Err(UnknownCategory) }
            }
        }
    };
}

categories! {
    /// Identity captured at incident by LE/PSAP (LE_LOCAL).
    IncidentIdentity = "C01" "incident-identity",
    /// Identity held by a health unit (patient fact, HIPAA/STATE_MH).
    HealthIdentity = "C02" "health-identity",
    /// Contact & safe-contact preference.
    Contact = "C03" "contact",
    /// Incident location (CAD).
    Location = "C04" "location",
    /// CAD incident record (no clinical narrative).
    Cad = "C05" "cad",
    /// LE report narrative / local arrest facts (non-CHRI).
    LeReport = "C06" "le-report",
    /// CHRI / III / NCIC restricted files.
    Chri = "C07" "chri",
    /// NCIC non-restricted (wanted, missing, protection-order status).
    NcicStatus = "C08" "ncic-status",
    /// Responder-safety caution (behavioural, non-CJI, non-clinical).
    SafetyCaution = "C09" "safety-caution",
    /// Access/communication needs & de-escalation tips (person-authored).
    AccessNeeds = "C10" "access-needs",
    /// EMS vitals / ePCR clinical.
    EmsClinical = "C11" "ems-clinical",
    /// Medications & allergies (non-Part 2).
    Medications = "C12" "medications",
    /// BH crisis assessment / risk (non-Part 2).
    BhAssessment = "C13" "bh-assessment",
    /// BH treatment record: dx, plan (non-Part 2).
    BhTreatment = "C14" "bh-treatment",
    /// Psychotherapy notes (not carried).
    PsychotherapyNotes = "C15" "psychotherapy-notes",
    /// Substance-use observation by LE/EMS/non-Part 2 clinician.
    SubstanceObservation = "C16" "substance-observation",
    /// Part 2 record (incl. fact of being a patient, MOUD, appointment, referral acceptance).
    Part2Record = "C17" "part2-record",
    /// SUD counseling notes (not carried).
    SudCounselingNotes = "C18" "sud-counseling-notes",
    /// HIV/STI.
    HivSti = "C19" "hiv-sti",
    /// Sexual/reproductive health.
    ReproductiveHealth = "C20" "reproductive-health",
    /// DV/SA facts recorded by responders (not a VSP).
    DvSa = "C21" "dv-sa",
    /// Victim-service-provider records incl. shelter stay/location (not carried, not matched).
    VspRecord = "C22" "vsp-record",
    /// Minor's self-consented BH/SUD service.
    MinorSelfConsented = "C23" "minor-self-consented",
    /// Education records / school threat information.
    Education = "C24" "education",
    /// SDOH / housing / benefits need.
    Sdoh = "C25" "sdoh",
    /// Referral request & status, non-Part 2 target.
    Referral = "C26" "referral",
    /// Crisis/safety plan authored with the person.
    SafetyPlan = "C27" "safety-plan",
    /// Involuntary-hold facts.
    Hold = "C28" "hold",
    /// Threat assessment / targeted-violence case (separate compartment).
    ThreatCase = "C29" "threat-case",
    /// Mandated child/adult abuse report.
    MandatedReport = "C30" "mandated-report",
    /// Body-worn camera / audio (pointer only).
    BodyCam = "C31" "body-cam",
    /// Sealed / expunged / erroneous-link records.
    Sealed = "C32" "sealed",
    /// Consent & restriction metadata (a Part 2 consent's existence is itself C17).
    ConsentMeta = "C33" "consent-meta",
    /// Aggregate / de-identified measures.
    Aggregate = "C34" "aggregate",
    /// Responder (crew, call-taker names and numbers).
    Responder = "C35" "responder",
    /// Third party (caller, witness, relative; sealed under their own key).
    ThirdParty = "C36" "third-party",
    /// About no person: partner, unit, agreement, bundle. Outside the matrix.
    Administrative = "C00" "administrative",
}

impl TryFrom<String> for Category {
    type Error = UnknownCategory;
    fn try_from(s: String) -> Result<Self, UnknownCategory> {
        s.parse()
    }
}

impl From<Category> for String {
    fn from(c: Category) -> Self {
        c.slug().to_owned()
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
