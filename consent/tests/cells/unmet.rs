//! Ways of cells that nothing opens yet, each with its reason. What begins to open must leave this list.

/// Why no request for it is answered, though all that it asks for is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Rulebook 0.7: the cell says what the law is at the source; the hub answers D.
    NeverCarried,
    /// No template of the kind shows anything of the category (rulebook 7.5; 45 CFR 164.502(b)).
    NoTemplate,
    /// The exception's field set holds nothing of the category, or nothing within what the cell narrows to.
    FieldSet,
    /// No exception by this basis or word serves this kind of recipient.
    NoException,
    /// Facts of units that the hub does not gather: 2.53 by an agreement for everything, one program.
    Fact,
}

use Why::{Fact, FieldSet, NeverCarried, NoException, NoTemplate};

/// Category, kind, way.
pub const UNMET: &[(&str, &str, &str, Why)] = &[
    ("incident-identity", "LE", "P", NoTemplate),
    ("incident-identity", "PSAP", "P", NoTemplate),
    ("incident-identity", "CJ", "A", NoTemplate),
    ("contact", "LE", "C", NoTemplate),
    ("location", "HOSP", "A:S", NoTemplate),
    ("location", "CJ", "A", NoTemplate),
    ("cad", "CJ", "A", NoTemplate),
    ("le-report", "EMS", "X", FieldSet),
    ("le-report", "HOSP", "X:S", FieldSet),
    ("le-report", "CJ", "P", NoTemplate),
    ("ncic-status", "EMS", "X:missing", NoException),
    ("ncic-status", "BHC", "X:missing", NoException),
    ("ncic-status", "HOSP", "X:missing", NoException),
    ("ncic-status", "L988", "X:missing", NoException),
    ("ems-clinical", "CBO", "C", NoTemplate),
    ("medications", "PSAP", "X", FieldSet),
    ("medications", "CBO", "C", NoTemplate),
    ("bh-assessment", "CBO", "C", NoTemplate),
    ("bh-assessment", "VSP", "C", NoTemplate),
    ("bh-treatment", "LE", "X:F-WARN", FieldSet),
    ("bh-treatment", "CBO", "C", NoTemplate),
    ("psychotherapy-notes", "CJ", "O", NeverCarried),
    ("substance-observation", "CBO", "C", NoTemplate),
    ("part2-record", "P2P", "P:same-program", Fact),
    ("part2-record", "CMP", "P:same-program", Fact),
    ("part2-record", "EVAL", "A:2.53", Fact),
    ("sud-counseling-notes", "BHC", "C:separate", NeverCarried),
    ("sud-counseling-notes", "P2P", "C:separate", NeverCarried),
    ("sud-counseling-notes", "P2P", "P:originator", NeverCarried),
    ("sud-counseling-notes", "HOSP", "C:separate", NeverCarried),
    ("sud-counseling-notes", "CJ", "O", NeverCarried),
    ("hiv-sti", "EMS", "P:if-hook", NoTemplate),
    ("hiv-sti", "CMP", "C", NoTemplate),
    ("hiv-sti", "CBO", "C:specific", NoTemplate),
    ("reproductive-health", "CMP", "C", NoTemplate),
    ("reproductive-health", "CBO", "C", NoTemplate),
    ("dv-sa", "CBO", "C", NoTemplate),
    ("dv-sa", "VSP", "C:victim", NoTemplate),
    ("vsp-record", "CBO", "C:time-limited", NeverCarried),
    ("vsp-record", "VSP", "C:time-limited", NeverCarried),
    ("minor-self-consented", "CMP", "C", NoTemplate),
    ("minor-self-consented", "CBO", "C:minor", NoTemplate),
    ("minor-self-consented", "VSP", "C:minor", NoTemplate),
    ("education", "BHC", "C", NoTemplate),
    ("education", "CMP", "C", NoTemplate),
    ("education", "CBO", "C", NoTemplate),
    ("sdoh", "CJ", "C", NoTemplate),
    ("safety-plan", "CBO", "C", NoTemplate),
    ("safety-plan", "VSP", "C", NoTemplate),
    ("hold", "CJ", "P:hook", NoTemplate),
    ("threat-case", "PSAP", "X:F2", NoException),
    ("threat-case", "EMS", "X:F2", FieldSet),
    ("threat-case", "CJ", "A", NoTemplate),
    ("body-cam", "CJ", "P", NoTemplate),
    ("sealed", "CJ", "X:statute", NeverCarried),
    ("consent-meta", "LE", "S:own-reliance", NoTemplate),
    ("consent-meta", "CJ", "S", NoTemplate),
    ("consent-meta", "VSP", "S", NoTemplate),
    ("responder", "CJ", "A", NoTemplate),
    ("third-party", "CJ", "A", NoTemplate),
];
