//! How the story is told on a terminal. With `--json` it is silent: the object at the end says everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use comfy_table::Cell;

use super::cast::{AGENCIES, unit_name};
use super::emergency::Emergency;
use super::letter::Letter;
use super::night::Step;
use super::probe::Probe;
use super::proof::{Sound, Tamper};
use super::sight::{Seen, Sight};
use super::stops::{Revocation, Suspension};
use super::words::{self, SCENES};
use crate::output;

/// Columns that text is wrapped at.
const WIDTH: usize = 118;
/// Lines of reasons an agency gets; `handoff explain` has the rest.
const MOST_REASONS: usize = 4;

/// Tells, or keeps silent.
pub struct Teller {
    is_silent: bool,
}

impl Teller {
    pub const fn new(is_silent: bool) -> Self {
        Self { is_silent }
    }

    fn say(&self, text: &str) {
        if !self.is_silent {
            anstream::println!("{text}");
        }
    }

    fn heading(&self, text: &str) {
        self.say(&format!("\n\x1b[1m{text}\x1b[0m"));
    }

    /// A paragraph under `lead`, wrapped, its further lines indented as far as its first.
    fn item(&self, lead: &str, text: &str) {
        let indent = " ".repeat(lead.chars().count());
        let mut line = lead.to_owned();
        for word in text.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line.trim() != lead.trim() {
                self.say(line.trim_end());
                line.clone_from(&indent);
            }
            line.push_str(word);
            line.push(' ');
        }
        self.say(line.trim_end());
    }

    pub fn opening(&self) {
        self.heading("One night in River County");
        self.item(
            "",
            "Everybody and every place is invented; everything else is real: five agencies publish and read with their \
             own credentials, over a durable log that holds nothing about a person in the clear.",
        );
        for agency in &AGENCIES {
            let units: Vec<&str> = agency.units.iter().map(|u| u.id).collect();
            self.say(&format!("  {:<5}{:<17}{}", agency.kind(), agency.name, units.join(", ")));
        }
        self.say("Agreements in force: crisis-co-response, treatment, shelter-referrals.");
        self.heading("What happened");
    }

    pub fn step(&self, step: &Step) {
        self.say(&format!("  {}  {}", step.clock, step.says));
    }

    pub fn morning(&self) {
        self.say("  the next morning");
    }

    pub fn linked(&self, ids: usize) {
        self.item(
            "         ",
            &format!("Records stewards decide that {ids} local ids are one woman. The hub guesses nothing, and rules the whole night again."),
        );
    }

    /// One row for each thing that happened, one column for each agency.
    pub fn side_by_side(&self, sights: &[Sight]) {
        if self.is_silent {
            return;
        }
        self.heading("The same night, as each of the five sees it (the number: how many fields)");
        let mut header = vec!["".to_owned()];
        header.extend(sights.iter().map(|s| format!("{}\n{}", s.player.name, s.player.kind())));
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = output::table(&header);
        for scene in &SCENES {
            let title = format!("{}\n({})", scene.title, unit_name(scene.source));
            let mut row = vec![Cell::new(title)];
            for sight in sights {
                let of_scene =
                    |r: &&Seen| r.source == scene.source && scene.events.contains(&words::event_name(&r.event_type));
                row.push(Cell::new(cell(&sight.rows.iter().filter(of_scene).collect::<Vec<_>>())));
            }
            table.add_row(row);
        }
        self.say(&table.to_string());
    }

    pub fn why(&self) {
        self.heading("Why, from the recorded rulings");
    }

    pub fn reasons(&self, sight: &Sight, got: &[String], withheld: &[String]) {
        self.say(&format!("  \x1b[1m{}\x1b[0m", sight.player.name));
        for (lead, lines) in [("    got  ", got), ("    not  ", withheld)] {
            for line in lines.iter().take(MOST_REASONS) {
                self.item(lead, line);
            }
        }
        let more = got.len().saturating_sub(MOST_REASONS) + withheld.len().saturating_sub(MOST_REASONS);
        if more > 0 {
            self.say(&format!("    and {more} more: handoff explain --recipient {}", sight.player.unit()));
        }
    }

    pub fn probe(&self, probe: &Probe) {
        self.heading("An officer asks about a Part 2 patient, then about somebody who does not exist");
        self.say(&format!(
            "  the patient  sha256 {}  (Harbor itself finds {} rows)",
            probe.known_sha256, probe.program_rows
        ));
        self.say(&format!("  nobody       sha256 {}", probe.unknown_sha256));
        self.item(
            "  ",
            &format!(
                "The same {} bytes: the asker cannot learn that somebody is a patient (42 CFR 2.13(c)).",
                probe.bytes
            ),
        );
    }

    pub fn emergency(&self, e: &Emergency) {
        self.heading("The night after: a medic finds her unconscious, and asks");
        for (source, medicines) in &e.medicines {
            let medicines: Vec<&String> = medicines.iter().collect();
            self.item("  reads at once   ", &format!("{} from {source}", words::list(&medicines)));
        }
        self.item("  because         ", &e.citations.iter().map(String::as_str).collect::<Vec<_>>().join("; "));
        let items: Vec<String> = e.documented.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.item("  Harbor is told  ", &format!("{} (42 CFR 2.51(c))", items.join(" · ")));
        self.say("  An officer asks the same");
        self.say(&format!("  about her       sha256 {}", e.known_sha256));
        self.say(&format!("  a stranger      sha256 {}", e.unknown_sha256));
        self.item(
            "  ",
            &format!("The same {} bytes: an officer is no medical personnel, and learns nothing of her.", e.bytes),
        );
    }

    pub fn revocation(&self, r: &Revocation) {
        self.heading("She revokes her Part 2 consent, in words");
        self.item(
            "  ",
            &format!(
                "The clinic's view had {} rows that relied on it. Dark {:.1} ms after the revocation was sent; {} more reads, \
                 {} rows.",
                r.rows_before, r.stop_ms, r.reads_after, r.rows_after
            ),
        );
    }

    pub fn suspension(&self, s: &Suspension) {
        self.heading("The county attorney suspends the shelter agreement");
        for line in &s.stopped {
            self.item("  stops    ", line);
        }
        let by_agency = s.kept.iter().fold(BTreeMap::<&str, usize>::new(), |mut counts, line| {
            *counts.entry(line.split(':').next().unwrap_or_default()).or_default() += 1;
            counts
        });
        let kept: Vec<String> = by_agency.iter().map(|(agency, n)| format!("{agency} {n}")).collect();
        self.item(
            "  stays    ",
            &format!(
                "everything under the other agreements, and what each wrote itself (kinds of event: {})",
                kept.join(", ")
            ),
        );
    }

    pub fn proof(&self, sound: &Sound, tamper: &Tamper) {
        self.heading("The ledger");
        let verdict = if sound.verified { "every leaf, row, view and signature agrees" } else { "NOT sound" };
        self.item("  ", &format!("{} entries, {} rows of views: {verdict}.", sound.entries, sound.view_rows));
        self.item("  ", &format!("One bit of one byte flipped in a copy: {}", tamper.place));
    }

    pub fn letter(&self, letter: &Letter) {
        self.heading("What she would be told, if she asked who was told what about her");
        for (to, sources) in letter {
            self.say(&format!("  \x1b[1m{to}\x1b[0m"));
            for (from, told) in sources {
                let list = |words: &BTreeSet<&str>| words::list(&words.iter().copied().collect::<Vec<_>>());
                let signed = if told.signed { ", because you signed for it" } else { "" };
                let line =
                    format!("since {}, from {from}, {}{signed}: {}", told.first, list(&told.why), list(&told.what));
                self.item("    ", &line);
            }
        }
    }

    pub fn end(&self, data: &Path, took: Duration, is_kept: bool) {
        self.heading(&format!("Played in {:.1} seconds; try it yourself", took.as_secs_f64()));
        if is_kept {
            let data = data.display();
            self.say("  the hub keeps running until Ctrl-C; in another terminal:");
            self.say(&format!("  handoff view --as river-fire-ems --data {data}"));
            self.say(&format!("  handoff explain --recipient river-pd-patrol --data {data}"));
            self.say(&format!("  handoff ledger verify --data {data}"));
        }
        self.say("  handoff publish --check YOUR.xml");
    }
}

/// What one agency sees of one thing: categories with the number of fields.
fn cell(rows: &[&Seen]) -> String {
    if rows.iter().any(|r| r.is_own) {
        return "its own record".to_owned();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        for (category, fields) in &row.fields {
            *counts.entry(words::short(category.slug())).or_default() += fields.len();
        }
    }
    if counts.is_empty() {
        return "–".to_owned();
    }
    counts.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
}
