use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use handoff::operator::{Loaded, add_partner, add_unit, declare_operator, link_persons, load, standing, suspend};
use handoff::session::Session;
use handoff_law::Agreement;
use handoff_schemas::LogTime;
use serde_json::json;

use crate::cli::{AgreementVerb, Link, PartnerVerb, UnitVerb};
use crate::output;

/// `handoff partner …`
///
/// # Errors
/// The session's.
pub async fn partner(data: &Path, verb: PartnerVerb, json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let code = match verb {
        PartnerVerb::Add { partner, name, org_type } => {
            let facts = json!({ "partner": partner, "name": name, "org_type": org_type });
            match add_partner(&session, partner.as_str(), facts).await? {
                Ok(_) => {
                    session.partner(&partner).await?;
                    let creds = session.data.join("creds").join(format!("partner-{partner}.creds"));
                    output::said(json, &json!({ "partner": partner, "credential": creds }), || {
                        format!("{partner} is registered; its credential is {}", creds.display())
                    });
                    output::DONE
                }
                Err(e) => output::refused(&e, json),
            }
        }
        PartnerVerb::Operator { role, org_type, counsel, reason, keys_with_program } => {
            let counsel = counsel.zip(reason).map(|(by, reason)| json!({ "by": by, "reason": reason }));
            let mut facts = json!({ "role": role, "org_type": org_type, "keys_with_program": keys_with_program });
            if let Some((facts, counsel)) = facts.as_object_mut().zip(counsel) {
                facts.insert("counsel_override".to_owned(), counsel);
            }
            match declare_operator(&session, facts).await? {
                Ok(_) => {
                    output::said(json, &json!({ "role": role, "org_type": org_type }), || {
                        format!("the operator is {role}")
                    });
                    output::DONE
                }
                Err(e) => output::refused(&e, json),
            }
        }
        PartnerVerb::List => {
            let mut table = output::table(&["partner", "name", "kind", "status"]);
            let mut list = Vec::new();
            for partner in session.directory.partners() {
                let Some(facts) = session.directory.partner(&partner) else { continue };
                let row = json!({ "partner": partner, "name": facts.name, "org_type": facts.org_type, "status": facts.status });
                let cell = |field: &str| output::text(&row, &format!("/{field}")).to_owned();
                table.add_row([cell("partner"), cell("name"), cell("org_type"), cell("status")]);
                list.push(row);
            }
            output::said(json, &list.into(), || table.to_string());
            output::DONE
        }
    };
    session.close().await?;
    Ok(code)
}

/// `handoff unit …`
///
/// # Errors
/// The session's.
pub async fn unit(data: &Path, verb: UnitVerb, json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let code = match verb {
        UnitVerb::Add { unit, partner, name, roles, hipaa, part2, cjis, victim_services, jurisdiction } => {
            let facts = json!({
                "unit": unit, "partner": partner, "name": name, "roles": roles, "hipaa": hipaa, "part2": part2,
                "cjis": cjis, "victim_services": victim_services, "jurisdiction": jurisdiction,
            });
            match add_unit(&session, unit.as_str(), facts).await? {
                Ok(_) => {
                    output::said(json, &json!({ "unit": unit }), || format!("{unit} is registered"));
                    output::DONE
                }
                Err(e) => output::refused(&e, json),
            }
        }
        UnitVerb::List => {
            let mut table = output::table(&["unit", "partner", "name", "roles", "HIPAA", "Part 2"]);
            let units = session.directory.units();
            for u in &units {
                let row = serde_json::to_value(u.as_ref())?;
                let cell = |field: &str| output::text(&row, &format!("/{field}")).to_owned();
                let roles = u.roles.iter().map(|r| r.code()).collect::<Vec<_>>().join(" ");
                table.add_row([cell("unit"), cell("partner"), cell("name"), roles, cell("hipaa"), cell("part2")]);
            }
            output::said(json, &serde_json::to_value(units.iter().map(AsRef::as_ref).collect::<Vec<_>>())?, || {
                table.to_string()
            });
            output::DONE
        }
    };
    session.close().await?;
    Ok(code)
}

/// `handoff agreement …`
///
/// # Errors
/// The session's, or an unreadable file.
pub async fn agreement(data: &Path, verb: AgreementVerb, json: bool) -> Result<ExitCode> {
    match verb {
        AgreementVerb::Check { file } => {
            let text = read(&file)?;
            match Agreement::parse(&text) {
                Ok(agreement) => {
                    let id = agreement.id.clone();
                    let now = LogTime::from(jiff::Timestamp::now());
                    let overdue = agreement.review_overdue(now);
                    let late = if overdue { "; its review was due, which stops nothing" } else { "" };
                    output::said(json, &json!({ "agreement": id, "valid": true, "review_overdue": overdue }), || {
                        format!("{id} is valid{late}")
                    });
                    Ok(output::DONE)
                }
                Err(e) => Ok(unreadable(e, &file, json)),
            }
        }
        AgreementVerb::Load { file } => {
            let text = read(&file)?;
            if let Err(e) = Agreement::parse(&text) {
                return Ok(unreadable(e, &file, json));
            }
            let session = Session::open(data).await?;
            let code = match load(&session, &text).await? {
                Ok(loaded) => {
                    let value = json!({
                        "agreement": loaded.agreement, "version": loaded.version, "status": loaded.status,
                        "changed": loaded.changed,
                    });
                    output::said(json, &value, || stands(&loaded, output::text(&value, "/status")));
                    output::DONE
                }
                Err(e) => output::refused(&e, json),
            };
            session.close().await?;
            Ok(code)
        }
        AgreementVerb::Suspend { agreement, by, reason, version } => {
            let session = Session::open(data).await?;
            // Where none stands, the registry says what became of the first.
            let version = match version {
                Some(version) => version,
                None => standing(&session, &agreement).await?.unwrap_or(1),
            };
            let code = match suspend(&session, agreement.as_str(), version, &by, &reason).await? {
                Ok(done) => {
                    let at = json!({
                        "agreement": agreement, "version": version, "status": "suspended", "position": done.position,
                    });
                    output::said(json, &at, || {
                        format!("{agreement} version {version} is suspended as of log position {}", done.position)
                    });
                    output::DONE
                }
                Err(e) => output::refused(&e, json),
            };
            session.close().await?;
            Ok(code)
        }
    }
}

/// `handoff link`
///
/// # Errors
/// The session's, or an argument that is not `unit:local-id`.
pub async fn link(data: &Path, link: &Link, json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let code = match link_persons(&session, &link.a, &link.b, &link.approver).await? {
        Ok(_) => {
            output::said(json, &json!({ "linked": true }), || "linked".to_owned());
            output::DONE
        }
        Err(e) => output::refused(&e, json),
    };
    session.close().await?;
    Ok(code)
}

/// Where a version stands after its load.
fn stands(loaded: &Loaded, status: &str) -> String {
    let Loaded { agreement, version, changed, .. } = loaded;
    if *changed {
        format!("{agreement} version {version} is {status}")
    } else {
        format!("{agreement} version {version} is on record already and {status}: nothing changed")
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("HO-9020 {} cannot be read", file.display()))
}

fn unreadable(e: handoff_law::AgreementError, file: &Path, json: bool) -> ExitCode {
    if json {
        output::print(&json!({ "error": { "file": file, "message": e.to_string() } }));
    } else {
        anstream::eprintln!("{:?}", miette::Report::new(e));
    }
    ExitCode::from(1)
}
