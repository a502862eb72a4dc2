//! Rules of the standard's Schematron on elements the hub maps. Each is a finding, never a refusal: a care report
//! is needed tonight.

use crate::adapter::xml::Node;
use crate::adapter::{Code, Finding, Place};

use super::value::instant;

/// (later, earlier, the standard's id): where both stand, the first must not be before the second.
const TIMES: &[(&str, &str, &str)] = &[
    ("eTimes.03", "eTimes.01", "nemSch_e017"),
    ("eTimes.05", "eTimes.03", "nemSch_e019"),
    ("eTimes.06", "eTimes.03", "nemSch_e021"),
    ("eTimes.06", "eTimes.05", "nemSch_e022"),
    ("eTimes.07", "eTimes.03", "nemSch_e024"),
    ("eTimes.09", "eTimes.03", "nemSch_e026"),
    ("eTimes.09", "eTimes.05", "nemSch_e027"),
    ("eTimes.09", "eTimes.06", "nemSch_e028"),
    ("eTimes.09", "eTimes.07", "nemSch_e029"),
    ("eTimes.11", "eTimes.03", "nemSch_e031"),
    ("eTimes.11", "eTimes.05", "nemSch_e032"),
    ("eTimes.11", "eTimes.06", "nemSch_e033"),
    ("eTimes.11", "eTimes.07", "nemSch_e034"),
    ("eTimes.11", "eTimes.09", "nemSch_e035"),
    ("eTimes.12", "eTimes.03", "nemSch_e037"),
    ("eTimes.12", "eTimes.05", "nemSch_e038"),
    ("eTimes.12", "eTimes.06", "nemSch_e039"),
    ("eTimes.12", "eTimes.07", "nemSch_e040"),
    ("eTimes.12", "eTimes.09", "nemSch_e041"),
    ("eTimes.12", "eTimes.11", "nemSch_e042"),
    ("eTimes.13", "eTimes.03", "nemSch_e046"),
    ("eTimes.13", "eTimes.05", "nemSch_e047"),
    ("eTimes.13", "eTimes.06", "nemSch_e048"),
    ("eTimes.13", "eTimes.07", "nemSch_e049"),
    ("eTimes.13", "eTimes.09", "nemSch_e050"),
    ("eTimes.13", "eTimes.11", "nemSch_e051"),
    ("eTimes.13", "eTimes.12", "nemSch_e052"),
];

/// (element, the code that means "none", the standard's id): it stands alone.
const ALONE: &[(&str, &str, &str)] = &[
    ("eHistory.01", "3101009", "nemSch_e124"),
    ("eVitals.22", "3322003", "nemSch_e135"),
    ("eMedications.08", "3708031", "nemSch_e149"),
];

/// SNOMED CT codes the standard allows for a medication; all others are RxNorm.
const SNOMED_MEDICATIONS: &[&str] =
    &["116762002", "116795008", "116861002", "116865006", "180208003", "33389009", "71493000"];
const RXNORM: &str = "9924003";
const SNOMED: &str = "9924005";

const MOBILE_HEALTH_VISIT: &str = "2205031";
const INFORMING_DOCTOR: &str = "304562007";

struct Checks<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

/// Adds what is found in the mapped sections of one report.
pub fn check(sections: &[Node], path: &str, findings: &mut Vec<Finding>) {
    let mut checks = Checks { path, findings };
    let section = |name: &str| sections.iter().find(|s| s.start.name == name);
    if let Some(times) = section("eTimes") {
        checks.times(times);
    }
    for section in sections {
        checks.alone(section);
    }
    if let Some(disposition) = section("eDisposition") {
        checks.disposition(disposition);
    }
    if let Some(medications) = section("eMedications") {
        checks.medications(medications);
    }
    if let (Some(response), Some(procedures)) = (section("eResponse"), section("eProcedures")) {
        checks.visit(response, procedures);
    }
}

impl Checks<'_> {
    fn add(&mut self, code: Code, place: &str, line: u32, rule: &'static str, remedy: &'static str) {
        let place = Place::at(format!("{}/{place}", self.path), line);
        self.findings.push(Finding { code, place, rule: rule.into(), remedy: remedy.into() });
    }

    fn times(&mut self, times: &Node) {
        let at = |name| times.named(name).next().and_then(|n| Some((instant(n.text.trim())?, n.start.line)));
        for (later, earlier, rule) in TIMES {
            if let (Some((a, line)), Some((b, _))) = (at(later), at(earlier))
                && a < b
            {
                let place = format!("eTimes/{later}[1]");
                self.add(Code::NEMSIS_Q_TIMES, &place, line, rule, "correct the order of the times");
            }
        }
    }

    fn alone(&mut self, parent: &Node) {
        for (element, none, rule) in ALONE {
            let found: Vec<&Node> = parent.named(element).collect();
            if found.len() > 1 && found.iter().any(|n| n.text == *none) {
                let remedy = "send the code for `none` alone, or not at all";
                self.add(Code::NEMSIS_Q_NONE_AND_MORE, &format!("/{element}"), parent.start.line, rule, remedy);
            }
        }
        for child in &parent.children {
            self.alone(child);
        }
    }

    fn disposition(&mut self, section: &Node) {
        let code = |name: &str| section.find(name).map_or("", |n| n.text.as_str());
        let (unit, evaluation, crew, transport) =
            (code("eDisposition.27"), code("eDisposition.28"), code("eDisposition.29"), code("eDisposition.30"));
        let contact = unit == "4227001";
        let took_part = matches!(crew, "4229001" | "4229003" | "4229005" | "4229007");
        let seen = matches!(evaluation, "4228001" | "4228003" | "4228005" | "4228007");
        let moved = matches!(transport, "4230001" | "4230003");
        let stated = |name: &str| !code(name).is_empty();
        let broken = [
            (!contact && seen, "nemSch_e180", "eDisposition.27"),
            (!contact && took_part, "nemSch_e181", "eDisposition.27"),
            (!contact && !matches!(transport, "" | "4230011" | "4230013"), "nemSch_e182", "eDisposition.27"),
            (contact && evaluation.is_empty(), "nemSch_e183", "eDisposition.28"),
            (evaluation != "4228001" && took_part, "nemSch_e184", "eDisposition.28"),
            (contact && crew.is_empty(), "nemSch_e185", "eDisposition.29"),
            (contact && transport.is_empty(), "nemSch_e186", "eDisposition.30"),
            (moved && !stated("eDisposition.16"), "nemSch_e164", "eDisposition.16"),
            (matches!(transport, "4230009" | "4230013") && stated("eDisposition.16"), "nemSch_e165", "eDisposition.16"),
            (moved && !stated("eDisposition.21"), "nemSch_e170", "eDisposition.21"),
            (
                evaluation == "4228001" && matches!(code("eDisposition.32"), "" | "4232013"),
                "nemSch_e187",
                "eDisposition.32",
            ),
        ];
        for (_, rule, element) in broken.iter().filter(|(broken, ..)| *broken) {
            let line = section.find(element).map_or(section.start.line, |n| n.start.line);
            let remedy = "make the parts of the disposition agree";
            self.add(Code::NEMSIS_Q_DISPOSITION, &format!("eDisposition//{element}"), line, rule, remedy);
        }
    }

    fn medications(&mut self, section: &Node) {
        for group in section.named("eMedications.MedicationGroup") {
            for drug in group.named("eMedications.03").filter(|n| !n.text.is_empty()) {
                let (code, system) = (drug.text.as_str(), drug.start.attribute("CodeType"));
                let rxnorm = (2..=7).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
                let snomed = SNOMED_MEDICATIONS.contains(&code);
                let broken = [
                    (system == Some(RXNORM) && !rxnorm, "nemSch_e143"),
                    (system == Some(SNOMED) && !snomed, "nemSch_e144"),
                    (!rxnorm && !snomed, "nemSch_e145"),
                ];
                for (_, rule) in broken.iter().filter(|(broken, _)| *broken) {
                    let remedy = "send an RxNorm code, or one of the seven SNOMED CT codes the standard lists";
                    let place = "eMedications//eMedications.03";
                    self.add(Code::NEMSIS_Q_CODE_SYSTEM, place, drug.start.line, rule, remedy);
                }
            }
        }
    }

    fn visit(&mut self, response: &Node, procedures: &Node) {
        let asked = response.find("eResponse.05").is_some_and(|n| n.text == MOBILE_HEALTH_VISIT);
        let informed = procedures
            .named("eProcedures.ProcedureGroup")
            .any(|g| g.named("eProcedures.03").any(|n| n.text.trim() == INFORMING_DOCTOR));
        if asked && !informed {
            let remedy = "record the procedure by which the person's doctor was informed of the visit";
            let line = procedures.start.line;
            self.add(Code::NEMSIS_Q_VISIT, "eProcedures", line, "compliance_cpmih_procedure_assert", remedy);
        }
    }
}
