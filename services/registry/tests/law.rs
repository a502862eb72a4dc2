//! Versions of the law: carried whole, the first one being what ruled until then, and activated by somebody for a reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{operator, registrar};
use handoff_law::{Bundle, CarriedLaw};
use handoff_schemas::Fact;
use handoff_spine::command::Command;
use handoff_spine::scenario::{Given, command, given};
use serde_json::json;

const RECORD: &str = "bundle:law";
const CARRIED: &str = "bundle.law-carried.v1";
const ACTIVATED: &str = "bundle.law-activated.v1";

fn own() -> CarriedLaw {
    CarriedLaw::of(&Bundle::embedded_files())
}

/// The law of this build with one text in place of another.
fn bent(file: &str, from: &str, to: &str) -> CarriedLaw {
    let mut files = Bundle::embedded_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} no longer has {from}");
    *text = text.replacen(from, to, 1);
    CarriedLaw::of(&files)
}

fn tighter() -> CarriedLaw {
    bent("matrix.csv", "C04,location,Incident location (CAD),LE,P,B37", "C04,location,Incident location (CAD),LE,D,B37")
}

fn carry(law: &CarriedLaw) -> Command {
    operator(RECORD, CARRIED, serde_json::to_value(law).unwrap())
}

fn activate(law: &CarriedLaw) -> Command {
    operator(RECORD, ACTIVATED, json!({ "bundle": law.bundle, "reviewer": "County Counsel", "reason": "review 12" }))
}

fn both() -> Given<handoff_registry::Registrar> {
    given(registrar()).after(&carry(&own())).after(&carry(&tighter()))
}

#[test]
fn a_version_is_carried_once_and_comes_into_force_by_itself_never() {
    given(registrar()).when(&carry(&own())).then_facts(&[]).then().when(&carry(&own())).then_refused("HO-1485");
    given(registrar()).when(&carry(&tighter())).then_refused("HO-1482");
    both().when(&carry(&tighter())).then_refused("HO-1485");
}

#[test]
fn what_is_activated_is_carried_and_not_in_force_and_may_come_back() {
    given(registrar()).when(&activate(&own())).then_refused("HO-1486");
    given(registrar()).after(&carry(&own())).when(&activate(&tighter())).then_refused("HO-1486");
    both().when(&activate(&own())).then_refused("HO-1483");
    let in_force = |law: &CarriedLaw| [Fact::LawActivated { bundle: law.bundle }];
    let strict = both().when(&activate(&tighter())).then_facts(&in_force(&tighter())).then();
    strict.clone().when(&activate(&tighter())).then_refused("HO-1483");
    strict.when(&activate(&own())).then_facts(&in_force(&own()));
}

#[test]
fn nobody_activates_for_nobody_or_for_no_reason_or_from_outside() {
    for (reviewer, reason) in [(" ", "review 12"), ("County Counsel", "\t")] {
        let said = json!({ "bundle": tighter().bundle, "reviewer": reviewer, "reason": reason });
        both().when(&operator(RECORD, ACTIVATED, said)).then_refused("HO-1484");
    }
    let data = serde_json::to_value(own()).unwrap();
    given(registrar()).when(&operator("bundle:other", CARRIED, data.clone())).then_refused("HO-2003");
    given(registrar()).when(&command(common::CLINIC, RECORD, CARRIED, data)).then_refused("HO-2007");
    both().when(&operator(RECORD, CARRIED, json!({ "bundle": "x", "files": [] }))).answer().unwrap_err();
}

#[test]
fn what_does_not_load_or_was_altered_is_not_carried() {
    for law in [
        bent("reasons.toml", "[NO_CONSENT]", "[NO_CONSNT]"),
        bent("floors.cedar", "context.never_carried", "context.never_caried"),
        bent("templates.toml", "[F2]", "[F2x]"),
    ] {
        given(registrar()).after(&carry(&own())).when(&carry(&law)).then_refused("HO-1302");
    }
    let mut altered = carry(&tighter());
    altered.items[0].data["bundle"] = json!(own().bundle);
    given(registrar()).when(&altered).then_refused("HO-1303");
}
