use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use handoff_gateway::adapter;
use handoff_gateway::wire::{Format, PublishReply};
use handoff_schemas::RecipientKind;
use handoff_spine::command::Refusal;
use serde_json::{Value, json};

use crate::cli::{FormatArg, PublishFile, Revoke};
use crate::output;
use handoff::session::Session;

/// `handoff publish`
///
/// # Errors
/// The session's, or an unreadable file.
pub async fn publish(data: &Path, what: &PublishFile, as_json: bool) -> Result<ExitCode> {
    let document =
        std::fs::read(&what.file).with_context(|| format!("HO-9020 {} cannot be read", what.file.display()))?;
    let format = what.format.map_or_else(|| guess(&document), format);
    if what.check && what.unit.is_none() {
        return Ok(check(format, &document, as_json));
    }
    let Some(unit) = what.unit.clone() else { anyhow::bail!("HO-9021 say which unit publishes: --as UNIT") };
    let session = Session::open(data).await?;
    let partner = session.partner(&session.partner_of(&unit)?).await?;
    let answer = partner.publish(&unit, format, what.check, &document).await?;
    let code = match answer {
        Ok(reply) => {
            show(&reply, as_json)?;
            output::DONE
        }
        Err(e) => output::refused(&e, as_json),
    };
    session.close().await?;
    Ok(code)
}

/// Without hub or unit: the adapters and schemas alone.
fn check(format: Format, document: &[u8], as_json: bool) -> ExitCode {
    let xsd = match std::env::var_os("HANDOFF_NEMSIS_XSD").map(|folder| adapter::XsdFolder::open(Path::new(&folder))) {
        None => None,
        Some(Ok(folder)) => Some(folder),
        Some(Err(e)) => {
            output::failure(&e.into(), as_json);
            return ExitCode::from(2);
        }
    };
    match handoff_gateway::check(format, document, RecipientKind::Ems, xsd.as_ref()) {
        Ok(reply) => match show(&reply, as_json) {
            Ok(()) => output::DONE,
            Err(e) => {
                output::failure(&e, as_json);
                ExitCode::from(2)
            }
        },
        Err(e) => output::refused(&e, as_json),
    }
}

fn show(reply: &PublishReply, as_json: bool) -> Result<()> {
    if as_json {
        output::print(&serde_json::to_value(reply)?);
        return Ok(());
    }
    for p in &reply.published {
        let what = match (p.duplicate, p.version) {
            (true, _) => "was here already".to_owned(),
            (false, 1) => "accepted".to_owned(),
            (false, n) => format!("accepted as version {n}"),
        };
        anstream::println!("{} {what}: record {}", p.event_type, p.record);
    }
    if !reply.mapping.is_empty() {
        let mut table = output::table(&["from", "to", "category", "state"]);
        for field in &reply.mapping {
            let cell = |name: &str| output::text(field, &format!("/{name}")).to_owned();
            table.add_row([cell("source"), cell("target"), cell("category"), cell("state")]);
        }
        anstream::println!("{table}");
        anstream::println!("valid; {} elements are mapped; nothing was stored", reply.mapping.len());
    }
    for f in &reply.findings {
        anstream::println!("finding {} at {}: {} · {}", f.code, f.place, f.rule, f.remedy);
    }
    Ok(())
}

/// XML is a care report, JSON with `specversion` a CloudEvent, other JSON an EIDO.
fn guess(document: &[u8]) -> Format {
    let text = document.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.first() == Some(&b'<') {
        return Format::Nemsis;
    }
    match serde_json::from_slice::<Value>(document) {
        Ok(value) if value.get("specversion").is_none() && !value.is_array() => Format::Eido,
        _ => Format::Cloudevents,
    }
}

const fn format(arg: FormatArg) -> Format {
    match arg {
        FormatArg::Cloudevents => Format::Cloudevents,
        FormatArg::Nemsis => Format::Nemsis,
        FormatArg::Eido => Format::Eido,
    }
}

/// `handoff revoke`
///
/// # Errors
/// The session's.
pub async fn revoke(data: &Path, what: &Revoke, as_json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let code = match revoke_consent(&session, what).await? {
        Ok(reply) => {
            if as_json {
                output::print(&json!({ "revoked": what.consent, "published": reply.published }));
            } else {
                anstream::println!("revoked: nothing that relied on it is shown from now on");
            }
            output::DONE
        }
        Err(e) => output::refused(&e, as_json),
    };
    session.close().await?;
    Ok(code)
}

/// Publishes the revocation as the unit that recorded the consent.
///
/// # Errors
/// The session's.
pub async fn revoke_consent(session: &Session, what: &Revoke) -> Result<Result<PublishReply, Refusal>> {
    let id = format!("{}:revoked:{}", what.consent, uuid::Uuid::now_v7());
    let form = if what.oral { "oral" } else { "written" };
    let data = match what.parties.as_slice() {
        [] => json!({ "scope": "all", "form": form }),
        parties => json!({ "scope": "parties", "form": form, "parties": parties }),
    };
    let event = json!({
        "specversion": "1.0", "id": id, "source": format!("/units/{}", what.unit), "record": what.consent,
        "type": "handoff.consent.consent-revoked.v1", "datacontenttype": "application/json", "data": data,
    });
    let partner = session.partner(&session.partner_of(&what.unit)?).await?;
    partner.publish(&what.unit, Format::Cloudevents, false, &serde_json::to_vec(&event)?).await
}
