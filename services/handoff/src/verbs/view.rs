use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use handoff_gateway::wire::{Ask, Read, View};

use crate::cli::{Rebuild, ViewOf};
use crate::output;
use handoff::session::{Session, running};

/// `handoff view`
///
/// # Errors
/// The session's.
pub async fn view(data: &Path, what: ViewOf, as_json: bool) -> Result<ExitCode> {
    let mut session = Session::open(data).await?;
    if let Some(hub) = session.hub() {
        hub.settle().await?;
    }
    let partner = session.partner(&session.partner_of(&what.unit)?).await?;
    let ask = match what.named.as_deref() {
        Some([family, given, birth_date]) => {
            Ask::Named { family: family.clone(), given: given.clone(), birth_date: birth_date.clone() }
        }
        _ => Ask::Since(what.since),
    };
    let ViewOf { unit, role, user, under, .. } = what;
    let code = match partner.request(&Read { unit, role, user, under, query: ask }).await? {
        Ok(view) if as_json => {
            output::print(&serde_json::to_value(&view)?);
            output::DONE
        }
        Ok(view) => {
            show(&view);
            output::DONE
        }
        Err(e) => output::refused(&e, as_json),
    };
    session.close().await?;
    Ok(code)
}

fn show(view: &View) {
    for row in &view.rows {
        let kind = output::text(&row.ruling, "/type");
        anstream::println!("{} · {kind} from {}", row.cursor, output::text(&row.ruling, "/source"));
        for line in output::authority(&row.ruling) {
            anstream::println!("    why   {line}");
        }
        for (field, value) in row.data.as_object().into_iter().flatten() {
            anstream::println!("    {field}: {value}");
        }
        for notice in &row.notices {
            anstream::println!("    notice: {}", output::text(notice, "/text"));
        }
    }
    anstream::println!("{} rows · {}", view.rows.len(), view.notice);
}

/// `handoff rebuild`
///
/// # Errors
/// The session's; a running hub.
pub async fn rebuild(data: &Path, what: &Rebuild, as_json: bool) -> Result<ExitCode> {
    if running(data).is_some() {
        bail!("HO-9022 a hub runs on this data folder: stop it, rebuild, and start it again");
    }
    let config = handoff::config::Config::from_env(data);
    let started = std::time::Instant::now();
    {
        let ground = handoff::hub::Ground::open(&config).await?;
        handoff_views::rebuild(&ground.store, &what.partner).await?;
        ground.store.close().await;
        ground.broker.stop().await?;
    }
    let mut hub = handoff::hub::Hub::start(&config).await?;
    hub.settle().await?;
    let rows = match hub.views.view(&what.partner) {
        Some(view) => view.all().await?.len(),
        None => bail!("HO-9023 partner `{}` is not on the log", what.partner),
    };
    hub.stop().await?;
    let seconds = started.elapsed().as_secs_f64();
    if as_json {
        output::print(&serde_json::json!({ "partner": what.partner, "rows": rows, "seconds": seconds }));
    } else {
        anstream::println!("{}: {rows} rows built again from the log in {seconds:.2} s", what.partner);
    }
    Ok(output::DONE)
}
