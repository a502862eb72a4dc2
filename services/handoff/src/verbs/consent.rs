use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use handoff::fhir::{self, Export, Imported, Planned, Refused, Site, Source, Which};
use handoff::session::Session;
use handoff_schemas::{Category, ConsentFacts, Expiry, LogTime, Purpose};
use serde_json::{Value, json};

use crate::cli::{CheckConsents, ExportConsents, ImportConsents};
use crate::output;

/// Files of resources: the Consents with where they came from, and the Patients that name their patients.
struct Files {
    consents: Vec<(PathBuf, Result<Value, Refused>)>,
    patients: Vec<Value>,
}

impl Files {
    fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut files = Self { consents: Vec::new(), patients: Vec::new() };
        for path in paths {
            let bytes = std::fs::read(path).with_context(|| format!("HO-9020 {} cannot be read", path.display()))?;
            match fhir::document(&bytes) {
                Ok(resource) if output::text(&resource, "/resourceType") == "Patient" => files.patients.push(resource),
                read => files.consents.push((path.clone(), read)),
            }
        }
        Ok(files)
    }
}

/// `handoff consent check`
///
/// # Errors
/// The session's; HO-9020, HO-9095.
pub async fn check(data: &Path, what: &CheckConsents, as_json: bool) -> Result<ExitCode> {
    let (site, files) = (site(what.site.as_deref())?, Files::read(&what.files)?);
    let session = match &what.unit {
        Some(_) => Some(Session::open(data).await?),
        None => None,
    };
    let mut said = Said::default();
    for (path, resource) in &files.consents {
        let planned = match resource {
            Ok(resource) => {
                let source = Source { resource, patients: &files.patients };
                fhir::check(session.as_ref(), what.unit.as_ref(), &site, source).await?
            }
            Err(refusal) => Err(refusal.clone()),
        };
        said.file(path, planned.map(|all| all.iter().map(row).collect()));
    }
    if let Some(session) = session {
        session.close().await?;
    }
    let looked = if what.unit.is_some() { "" } else { "; units, persons and records were not looked up" };
    Ok(said.done(as_json, "checked", &format!("nothing was stored{looked}")))
}

/// `handoff consent import`
///
/// # Errors
/// The session's; HO-9013, HO-9020, HO-9095.
pub async fn import(data: &Path, what: &ImportConsents, as_json: bool) -> Result<ExitCode> {
    let (site, files) = (site(what.site.as_deref())?, Files::read(&what.files)?);
    let mut session = Session::open(data).await?;
    let partner = session.partner(&session.partner_of(&what.unit)?).await?;
    let mut said = Said::default();
    for (path, resource) in &files.consents {
        let imported = match resource {
            Ok(resource) => {
                let source = Source { resource, patients: &files.patients };
                fhir::import(&session, &partner, &what.unit, &site, source).await?
            }
            Err(refusal) => Err(refusal.clone()),
        };
        said.file(path, imported.map(|all| all.iter().map(recorded).collect()));
    }
    // A hub of this verb's own rules what came in before it ends.
    if let Some(hub) = session.hub() {
        hub.settle().await?;
    }
    session.close().await?;
    Ok(said.done(as_json, "imported", "revoke one with `handoff revoke --as UNIT --consent KEY`"))
}

/// `handoff consent export`
///
/// # Errors
/// The session's; HO-9013, HO-9020, HO-9095.
pub async fn export(data: &Path, what: &ExportConsents, as_json: bool) -> Result<ExitCode> {
    let site = site(what.site.as_deref())?;
    let session = Session::open(data).await?;
    let wanted = Export { unit: &what.unit, site: &site, form: what.form.as_deref() };
    let which = match (&what.consent, &what.person) {
        (Some(key), _) => Which::Consent(key),
        (None, local) => Which::Person(local.as_deref().unwrap_or_default()),
    };
    let all = fhir::export(&session, wanted, which).await;
    session.close().await?;
    let mut all = all?;
    if matches!(which, Which::Consent(_)) {
        return Ok(match all.pop() {
            Some(Ok(resource)) => {
                output::print(&resource);
                output::DONE
            }
            Some(Err(refusal)) => output::refused(&refusal, as_json),
            None => ExitCode::from(1),
        });
    }
    let unsayable = all.iter().any(Result::is_err);
    let entries: Vec<Value> = all.into_iter().map(|one| json!({ "resource": one.unwrap_or_else(outcome) })).collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "collection" });
    if let (false, Some(members)) = (entries.is_empty(), bundle.as_object_mut()) {
        members.insert("entry".to_owned(), entries.into());
    }
    output::print(&bundle);
    Ok(if unsayable { ExitCode::from(1) } else { output::DONE })
}

fn site(path: Option<&Path>) -> Result<Site> {
    let Some(path) = path else { return Ok(Site::default()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("HO-9020 {} cannot be read", path.display()))?;
    Site::parse(&text).with_context(|| path.display().to_string())
}

/// What FHIR cannot say of a consent, in FHIR.
fn outcome(refusal: Refused) -> Value {
    let issue = json!({ "severity": "error", "code": "not-supported", "diagnostics": refusal.to_string() });
    json!({ "resourceType": "OperationOutcome", "issue": [issue] })
}

/// What is told of every file.
#[derive(Default)]
struct Said {
    rows: Vec<Value>,
    refused: usize,
}

impl Said {
    fn file(&mut self, path: &Path, found: Result<Vec<Value>, Refused>) {
        self.rows.push(match found {
            Ok(consents) => json!({ "file": path, "consents": consents }),
            Err(refusal) => {
                self.refused = self.refused.saturating_add(1);
                json!({ "file": path, "error": refusal, "said": refusal.to_string() })
            }
        });
    }

    fn done(self, as_json: bool, what: &str, last: &str) -> ExitCode {
        if as_json {
            output::print(&json!({ what: self.rows, "refused": self.refused }));
        } else {
            self.tell();
            anstream::println!(
                "{} {what}, {} refused; {last}",
                self.rows.len().saturating_sub(self.refused),
                self.refused
            );
        }
        if self.refused == 0 { output::DONE } else { ExitCode::from(1) }
    }

    fn tell(&self) {
        let mut table = output::table(&["consent", "from", "to", "for", "data", "until"]);
        for row in &self.rows {
            let file = output::text(row, "/file");
            if row.get("error").is_some() {
                anstream::eprintln!("refused: {file}: {}", output::text(row, "/said"));
            }
            for consent in output::items(row, "/consents") {
                let list =
                    |at: &str| output::items(consent, at).filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
                let cell = |at: &str| output::text(consent, at).to_owned();
                table.add_row([
                    format!("{} {}\n{}", cell("/decision"), cell("/state"), cell("/consent")),
                    list("/from"),
                    list("/to"),
                    list("/purposes"),
                    [list("/categories"), cell("/limited")].join(" ").trim().to_owned(),
                    cell("/until"),
                ]);
            }
        }
        if table.row_count() > 0 {
            anstream::println!("{table}");
        }
    }
}

/// One consent or denial in the hub's words. Nothing in it is about the person but that there is one.
fn row(planned: &Planned) -> Value {
    let facts = &planned.facts;
    let decision = match (facts.deny, facts.restriction) {
        (false, _) => "permission",
        (true, false) => "denial",
        (true, true) => "denial but in an emergency",
    };
    let state = if planned.awaits { "counts once verified" } else { "" };
    json!({
        "consent": planned.event.record, "place": planned.place, "event": planned.event.event_type,
        "decision": decision, "state": state, "type": facts.consent_type, "from": from(facts), "to": to(facts),
        "purposes": purposes(facts), "categories": categories(facts), "limited": limited(facts), "until": until(facts),
    })
}

/// As [`row`], with what became of it.
fn recorded(imported: &Imported) -> Value {
    let mut row = row(&imported.planned);
    if let Some(members) = row.as_object_mut() {
        members.insert("record".to_owned(), json!(imported.record));
        members.insert("duplicate".to_owned(), json!(imported.duplicate));
        if imported.duplicate {
            members.insert("state".to_owned(), json!("was here already"));
        }
    }
    row
}

fn from(facts: &ConsentFacts) -> Value {
    if facts.grantors.is_empty() { json!(["everybody"]) } else { json!(facts.grantors) }
}

fn to(facts: &ConsentFacts) -> Value {
    match (facts.tpo_class, facts.recipients.is_empty()) {
        (true, true) => json!(["treating providers, plans and payers"]),
        (false, true) => json!(["everybody"]),
        (_, false) => json!(facts.recipients),
    }
}

fn purposes(facts: &ConsentFacts) -> Value {
    if *facts.purposes == *Purpose::ALL { json!(["everything"]) } else { json!(facts.purposes) }
}

fn categories(facts: &ConsentFacts) -> Value {
    if *facts.categories == *Category::ALL { json!(["everything"]) } else { json!(facts.categories) }
}

/// What limits the data besides its categories.
fn limited(facts: &ConsentFacts) -> String {
    let mut limits = Vec::new();
    limits.extend(facts.data_from.map(|from| format!("since {}", instant(from))));
    limits.extend(facts.data_before.map(|before| format!("before {}", instant(before))));
    let counted =
        [(facts.records.len(), "records"), (facts.event_types.len(), "types"), (facts.elements.len(), "elements")];
    limits.extend(counted.into_iter().filter(|(n, _)| *n > 0).map(|(n, of)| format!("{n} {of} alone")));
    limits.join(", ")
}

fn until(facts: &ConsentFacts) -> String {
    match &facts.expiry {
        Expiry::At { at } => instant(*at),
        Expiry::Event { code } => code.clone(),
        Expiry::Never => String::new(),
    }
}

fn instant(at: LogTime) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}
