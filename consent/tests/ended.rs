//! Consents that were over before anybody said so (42 CFR 2.31(a)(7), (c); EC-05).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const SHELTER: &str = "lantern-shelter-intake";

fn ended(parties: RevokedFor, since: LogTime) -> Vec<Fact> {
    let (consent, person) = (record(1001), person(1));
    vec![
        Fact::ConsentRevoked { consent, person, parties: parties.clone(), oral: false },
        Fact::ConsentEnded { consent, person, parties, since },
    ]
}

fn county() -> County {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, SUD, &[CLINIC, SHELTER]));
    c
}

fn flagged(c: &County, unit: &str, at: LogTime) -> bool {
    c.state.consent(record(1001)).unwrap().released_after_end(&unit_id(unit), at)
}

#[test]
fn what_went_out_between_the_end_and_its_telling_is_flagged_and_nothing_else() {
    let mut c = county();
    assert!(!flagged(&c, CLINIC, NOW), "nothing ended");
    let since = LogTime(NOW.0 - 3 * DAY);
    c.fold(SUD, ended(RevokedFor::All, since));
    assert!(flagged(&c, CLINIC, since) && flagged(&c, SHELTER, NOW));
    assert!(!flagged(&c, CLINIC, LogTime(since.0 - 1)), "before it ended");
    // Said again, the earlier end counts.
    c.fold(SUD, ended(RevokedFor::All, NOW));
    assert!(flagged(&c, CLINIC, since));
    c.fold(SUD, ended(RevokedFor::All, LogTime(since.0 - DAY)));
    assert!(flagged(&c, CLINIC, LogTime(since.0 - 1)));
}

#[test]
fn an_end_for_one_party_flags_what_went_to_that_one() {
    let mut c = county();
    c.fold(SUD, ended(RevokedFor::Parties(vec![unit_id(SHELTER)]), LogTime(NOW.0 - DAY)));
    assert!(flagged(&c, SHELTER, NOW) && !flagged(&c, CLINIC, NOW));
}

#[test]
fn recorded_again_under_its_id_it_stays_flagged() {
    let mut c = county();
    c.fold(SUD, ended(RevokedFor::All, LogTime(NOW.0 - DAY)));
    c.consent(consent(1, ConsentType::Part2Named, SUD, &[CLINIC, SHELTER]));
    assert!(flagged(&c, CLINIC, NOW));
    let stored: handoff_law::PolicyState = serde_json::from_value(serde_json::to_value(&c.state).unwrap()).unwrap();
    assert_eq!(stored, c.state);
}
