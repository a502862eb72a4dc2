//! Every one of the 432 cells of rulebook 7.6, way by way: with exactly what it asks for, with all but one thing of
//! that, and, where it is shut, with everything that anybody can give. What is expected is read from the matrix and the
//! templates by `cells/table.rs`, without the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod given;
mod reads;
mod table;
mod trial;
mod unmet;

use std::collections::BTreeSet;

use crate::common::*;
use given::{Agreed, Counties};
use handoff_law::{Grant, Obligation, Ruling};
use handoff_schemas::RecipientKind::{Cj, Cmp, Ems, Le};
use handoff_schemas::*;
use table::{Asked, Cell, Positive, Table, Way};
use trial::Trial;
use unmet::{UNMET, Why};

/// Faults found, each a line; a test names them all.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn shut(&mut self, cell: &Cell, way: &str, what: &str, ruling: &Ruling) {
        if ruling.releases() {
            self.0.push(format!("{} to {}, {way}, {what}: {:?}", cell.category, cell.kind, ruling.slices));
        }
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "{} faults:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// The ways of a cell by which something may go at all.
fn ways(cell: &Cell) -> impl Iterator<Item = &Way> {
    cell.ways.iter().filter(|w| !matches!(w.letter, 'D' | 'G'))
}

#[test]
fn every_cell_opens_to_exactly_what_it_asks_for_and_shows_its_fields_on_its_basis() {
    let (table, mut counties, mut faults) = (Table::read(), Counties::found(), Faults::default());
    let mut opened = 0;
    for cell in &table.cells {
        for way in ways(cell) {
            for positive in table.positives(cell, way).into_iter().flatten() {
                let trial = counties.trial(cell, positive.slice);
                let ruling = counties.given(&trial, positive.asked);
                opened += 1;
                if let Err(why) = answered(&ruling, cell, &positive) {
                    let name = format!("{} to {}, {}, {:?}", cell.category, cell.kind, way.text, positive.asked);
                    faults.0.push(format!("{name}: {why}: {:?}", ruling.slices));
                }
            }
        }
    }
    assert!(opened > 200, "{opened} ways opened");
    faults.none();
}

/// Whether it shows what was expected, on the authority that was given and no other.
fn answered(ruling: &Ruling, cell: &Cell, expected: &Positive) -> Result<(), String> {
    let shown: BTreeSet<_> = shows(ruling, expected.slice).into_iter().collect();
    if shown != expected.shows {
        return Err(format!("expected {:?}, shows {shown:?}", expected.shows));
    }
    for grant in one(ruling, expected.slice).outcome.grants() {
        let basis: BTreeSet<_> = grant.basis.iter().map(ToString::to_string).collect();
        if basis != expected.basis {
            return Err(format!("expected basis {:?}, states {basis:?}", expected.basis));
        }
        authority(grant, expected.asked)?;
        duties(grant, cell, expected.asked)?;
    }
    Ok(())
}

fn authority(grant: &Grant, asked: Asked) -> Result<(), String> {
    let (agreement, consent) = match asked {
        Asked::Own | Asked::Exception(_) | Asked::Order => (false, false),
        Asked::Agreement | Asked::Initiated | Asked::Hook => (true, false),
        Asked::Consent | Asked::CriminalJustice => (true, true),
        Asked::Reliance => (true, grant.labels.contains(&LawLabel::Part2)),
    };
    if grant.agreement.is_some() != agreement || grant.consent.is_some() != consent {
        return Err(format!("rests on {:?} and {:?}", grant.agreement, grant.consent));
    }
    Ok(())
}

/// 42 CFR 2.32: notice and scope go with what was consented; the ban on proceedings with every Part 2 record.
fn duties(grant: &Grant, cell: &Cell, asked: Asked) -> Result<(), String> {
    if cell.category != Category::Part2Record || asked == Asked::Own {
        return Ok(());
    }
    let consented = matches!(asked, Asked::Consent | Asked::CriminalJustice);
    if grant.notice.is_some() != consented {
        return Err(format!("notice: {:?}", grant.notice));
    }
    if !grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient) {
        return Err("no ban on proceedings".to_owned());
    }
    Ok(())
}

#[test]
fn every_cell_stays_shut_to_all_but_what_it_asks_for() {
    let (table, mut counties, mut faults) = (Table::read(), Counties::found(), Faults::default());
    let mut tried = 0;
    for cell in &table.cells {
        let before = tried;
        for way in ways(cell) {
            for positive in table.positives(cell, way).into_iter().flatten() {
                let trial = counties.trial(cell, positive.slice);
                for (what, ruling) in counties.lacking(&trial, cell.category, positive.asked) {
                    tried += 1;
                    faults.shut(cell, &way.text, &what, &ruling);
                }
            }
        }
        if cell.shut() || ways(cell).all(|w| table.positives(cell, w).is_err()) {
            let trial = counties.trial(cell, cell.category);
            for (what, ruling) in shut_whatever(&mut counties, cell, &trial) {
                tried += 1;
                faults.shut(cell, "shut", &what, &ruling);
            }
        }
        assert!(tried > before, "{} to {} was not asked for anything", cell.category, cell.kind);
    }
    assert_eq!(table.cells.len(), 432);
    faults.none();
}

/// What is denied stays so whatever is given. Of what the hub cannot meet a consent may still open an exception's or a
/// condition's cell (45 CFR 164.508): there all but that is given.
fn shut_whatever(counties: &mut Counties, cell: &Cell, trial: &Trial) -> Vec<(String, Ruling)> {
    if cell.shut() {
        return counties.whatever(trial);
    }
    let mut all = vec![("an agreement alone".to_owned(), counties.standing(Agreed::Everything, trial, None))];
    all.extend(counties.every_ask(trial));
    all
}

/// The list in `cells/unmet.rs` is exactly what nothing opens, and each of it stays shut though what it asks for, as far
/// as it can be given, is given.
#[test]
fn what_the_hub_cannot_meet_yet_is_listed_with_its_reason_and_stays_shut() {
    let (table, mut counties, mut faults) = (Table::read(), Counties::found(), Faults::default());
    let mut found: BTreeSet<(String, String, String, Why)> = BTreeSet::new();
    for cell in &table.cells {
        for way in ways(cell) {
            let Err(why) = table.positives(cell, way) else { continue };
            found.insert((cell.category.to_string(), cell.kind.to_string(), way.text.clone(), why));
            let trial = counties.trial(cell, cell.category);
            let asked = match way.letter {
                'C' => Asked::Consent,
                'S' => Asked::Reliance,
                'O' => Asked::Order,
                _ => Asked::Agreement,
            };
            faults.shut_unless_another_way(cell, way, &counties.given(&trial, asked));
            for exception in way.exceptions(cell) {
                faults.shut_unless_another_way(cell, way, &counties.given(&trial, Asked::Exception(exception)));
            }
        }
    }
    faults.none();
    let name = |(c, k, w, why): &(&str, &str, &str, Why)| ((*c).to_owned(), (*k).to_owned(), (*w).to_owned(), *why);
    let listed: BTreeSet<_> = UNMET.iter().map(name).collect();
    assert_eq!(listed.len(), UNMET.len(), "one is listed twice");
    let difference: Vec<_> = listed.symmetric_difference(&found).collect();
    assert!(difference.is_empty(), "listed and found differ: {difference:?}");
}

impl Faults {
    /// Another way of the same cell may stand on the same authority: `A|X` opens by agreement whatever becomes of the X.
    fn shut_unless_another_way(&mut self, cell: &Cell, way: &Way, ruling: &Ruling) {
        let standing = |w: &&Way| matches!(w.letter, 'P' | 'A') && w.text != way.text && ruling.ask.is_none();
        if !ways(cell).any(|w| standing(&w)) {
            self.shut(cell, &way.text, "all that it asks for", ruling);
        }
    }
}

/// The names that `authority/claims.rs` takes from its surroundings.
#[test]
fn claims_are_about_the_kinds_of_this_matrix() {
    let kinds: BTreeSet<_> = Table::read().cells.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, RecipientKind::ALL.iter().copied().collect());
    assert!([Cj, Cmp, Ems, Le].iter().all(|k| kinds.contains(k)));
}
