//! Plain words for what has codes: for the table, the reasons and the person's letter.

use serde_json::Value;

/// The text at a JSON pointer of a ruling.
pub fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The items of the list at a JSON pointer of a ruling.
pub fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// What of the night a row of the table is.
pub struct Scene {
    pub title: &'static str,
    pub source: &'static str,
    /// Ends of event types, without family and version.
    pub events: &'static [&'static str],
}

const fn scene(title: &'static str, source: &'static str, events: &'static [&'static str]) -> Scene {
    Scene { title, source, events }
}

/// The rows of the table, in the order of the night.
pub const SCENES: [Scene; 13] = [
    scene("the 911 call", "river-911", &["incident-reported"]),
    scene("the caller", "river-911", &["third-party-reported"]),
    scene("patrol's caution", "river-pd-patrol", &["caution-recorded"]),
    scene("EMS care report", "river-fire-ems", &["care-reported"]),
    scene("crisis visit", "willow-clinic-crisis", &["encounter-opened"]),
    scene("assessment, plan", "willow-clinic-crisis", &["assessment-recorded"]),
    scene("safety plan", "willow-clinic-crisis", &["safety-plan-recorded"]),
    scene("how it ended", "willow-clinic-crisis", &["disposition-recorded"]),
    scene("SUD screening", "harbor-recovery-sud", &["screening-recorded"]),
    scene("SUD medicines", "harbor-recovery-sud", &["medication-monitored"]),
    scene("referral", "willow-clinic-crisis", &["referral-created"]),
    scene("referral accepted", "lantern-shelter-intake", &["referral-accepted"]),
    scene("follow-up", "willow-clinic-crisis", &["follow-up-contact"]),
];

/// `encounter.care-reported.v1` as `care-reported`.
pub fn event_name(event_type: &str) -> &str {
    event_type.split('.').nth(1).unwrap_or(event_type)
}

/// A category in a word or two, for a narrow column.
pub fn short(slug: &str) -> &'static str {
    match slug {
        "incident-identity" | "health-identity" => "name",
        "cad" => "call record",
        "location" => "place",
        "le-report" => "remarks",
        "safety-caution" => "caution",
        "access-needs" => "what helps",
        "ems-clinical" => "care",
        "bh-assessment" => "assessment",
        "bh-treatment" => "treatment",
        "substance-observation" => "substances",
        "part2-record" => "SUD record",
        "sdoh" => "needs",
        "safety-plan" => "safety plan",
        "consent-meta" => "consent",
        "third-party" => "third party",
        "responder" => "crew",
        "medications" => "medicines",
        "contact" => "contact",
        "referral" => "referral",
        "hold" => "hold",
        "dv-sa" => "violence at home",
        "reproductive-health" => "reproductive health",
        "body-cam" => "recordings",
        _ => "other",
    }
}

/// A category as one says it to the person it is about.
pub fn plain(slug: &str) -> &'static str {
    match slug {
        "incident-identity" | "health-identity" => "your name and date of birth",
        "contact" => "how to reach you",
        "cad" => "the record of the 911 call",
        "location" => "where it happened",
        "le-report" => "what was noted about the call",
        "safety-caution" => "what responders should be careful about",
        "access-needs" => "your language and what helps you",
        "ems-clinical" => "the ambulance crew's care",
        "medications" => "your medicines and allergies",
        "bh-assessment" => "the crisis team's assessment",
        "bh-treatment" => "your diagnosis and treatment plan",
        "substance-observation" => "what was seen of alcohol or drugs",
        "part2-record" => "your substance use treatment",
        "sdoh" => "that you need a place to stay",
        "referral" => "your referral",
        "safety-plan" => "your safety plan",
        "consent-meta" => "the consents you signed",
        "reproductive-health" => "reproductive health",
        "third-party" => "people you named",
        "responder" => "who worked that night",
        "hold" => "an involuntary hold",
        "dv-sa" => "violence at home",
        _ => "something else about you",
    }
}

/// A purpose of use as one says it.
pub fn purpose(code: &str) -> &'static str {
    match code {
        "TREAT" => "to treat you",
        "COC" => "to arrange your care",
        "DISPATCH" => "to send help",
        "SCENESAFETY" => "to keep everybody safe",
        "LEFOLLOWUP" => "to tell the officers how it ended",
        "ETREAT" => "to treat you in an emergency",
        "ACCOUNTING" => "to keep on record what was told in an emergency",
        _ => "for another purpose",
    }
}

/// A list as a sentence has it.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", init.join(", "), last.as_ref())
        }
    }
}
