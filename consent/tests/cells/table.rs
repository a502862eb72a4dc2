//! The matrix and the templates read a second time, and what each way of a cell asks for by the rulebook's own words.
//!
//! INVARIANT: nothing here calls the engine, its parser of cells included.

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, RecipientKind};

use crate::cells::reads::{standing, treatment};
use crate::cells::unmet::Why;

/// Elements that show; `*` alone is the whole slice.
pub type Shown = BTreeSet<String>;

/// One cell of rulebook 7.6.
pub struct Cell {
    pub category: Category,
    pub kind: RecipientKind,
    pub basis: BTreeSet<String>,
    pub ways: Vec<Way>,
}

/// One of the ways that a cell offers, `X:F-LOC,F-WARN` for example.
pub struct Way {
    pub text: String,
    pub letter: char,
    /// Templates that it narrows to.
    pub sets: Vec<String>,
    /// Its conditions, by the matrix's own words.
    pub words: Vec<String>,
    /// `per regime` (rulebook 4): the P waits for a reviewed hook, the C stands.
    per_regime: bool,
}

/// What has to be given for a way to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A clause for it in an agreement in force.
    Agreement,
    /// Nothing: the recipient published it.
    Own,
    /// An agreement, and a referral that this recipient asked for.
    Initiated,
    /// An agreement, and a hook of state law that somebody reviewed; of a hold, that this recipient wrote it.
    Hook,
    /// An agreement, and a consent that names this recipient.
    Consent,
    /// An agreement, and a criminal-justice referral consent (42 CFR 2.35).
    CriminalJustice,
    /// An agreement, and that the event is about a consent this recipient relies on.
    Reliance,
    Exception(Exception),
    Order,
}

/// The exceptions of rulebook 7.3 step 8 that a cell can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    Emergency,
    Threat,
    Locate,
    Victim,
    Custody,
    PremisesCrime,
    CrimeAlert,
    MandatedReport,
    Exposure,
    SchoolEmergency,
}

/// A request that must be answered, and with what.
pub struct Positive {
    pub asked: Asked,
    /// The slice that is looked at: the cell's own category, or one that the recipient's templates show of a program.
    pub slice: Category,
    pub shows: Shown,
    pub basis: BTreeSet<String>,
}

pub struct Table {
    pub cells: Vec<Cell>,
    sets: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

impl Table {
    pub fn read() -> Self {
        let sets = toml::from_str(include_str!("../../law/templates.toml")).unwrap();
        let mut table = Self { cells: Vec::new(), sets };
        for line in include_str!("../../law/matrix.csv").lines().skip(1) {
            let columns = columns(line);
            let [_, slug, _, kind, decision, basis] = &columns[..] else { panic!("{line}") };
            let (body, per_regime) = match decision.strip_suffix(" per regime") {
                Some(body) => (body, true),
                None => (decision.as_str(), false),
            };
            let ways = body.split('|').map(|text| table.way(text, per_regime)).collect();
            let (category, kind) = (slug.parse().unwrap(), kind.parse().unwrap());
            table.cells.push(Cell { category, kind, basis: basis.split(';').map(str::to_owned).collect(), ways });
        }
        table
    }

    fn way(&self, text: &str, per_regime: bool) -> Way {
        let (letter, qualifiers) = text.split_once(':').unwrap_or((text, ""));
        let parts = qualifiers.split([',', '+', ' ', '(', ')']).filter(|p| !matches!(*p, "" | "if" | "to"));
        let (mut sets, words): (Vec<_>, Vec<_>) = parts.map(str::to_owned).partition(|p| self.sets.contains_key(p));
        if letter == "S" {
            sets.push("S".to_owned());
        }
        Way { text: text.to_owned(), letter: letter.chars().next().unwrap(), sets, words, per_regime }
    }

    /// What any of the templates shows of a category (rulebook 7.5).
    fn show<S: AsRef<str>>(&self, names: &[S], category: Category) -> Shown {
        let mut all = Shown::new();
        for name in names {
            match self.sets[name.as_ref()].get(category.slug()) {
                Some(toml::Value::Array(list)) => all.extend(list.iter().map(|e| e.as_str().unwrap().to_owned())),
                Some(_) => drop(all.insert("*".to_owned())),
                None => {}
            }
        }
        if all.contains("*") { BTreeSet::from(["*".to_owned()]) } else { all }
    }

    /// What is left of `shown` by the templates that a way names, if it names any.
    fn narrowed(&self, shown: Shown, way: &Way, category: Category) -> Shown {
        if way.sets.is_empty() { shown } else { meet(shown, self.show(&way.sets, category)) }
    }

    /// What a kind reads of a category by its standing purposes, through what the way narrows to.
    fn standing(&self, kind: RecipientKind, way: &Way, category: Category) -> Shown {
        let purposes = standing(kind).into_iter();
        let shown = purposes.flat_map(|(_, names)| self.narrowed(self.show(names, category), way, category));
        let all: Shown = shown.collect();
        if all.contains("*") { BTreeSet::from(["*".to_owned()]) } else { all }
    }

    /// Every request that the way must answer; where there is none, why.
    pub fn positives(&self, cell: &Cell, way: &Way) -> Result<Vec<Positive>, Why> {
        if NEVER_CARRIED.contains(&cell.category.slug()) {
            return Err(Why::NeverCarried);
        }
        if let Some(why) = way.waits_for() {
            return Err(why);
        }
        if way.by_hook() {
            return self.by_hook(cell, way);
        }
        let part2 = cell.category == Category::Part2Record;
        let key = |key: &str| BTreeSet::from([key.to_owned()]);
        let one = |asked, basis| self.one(cell, way, asked, basis);
        match way.letter {
            'P' | 'A' if way.has("own") => {
                let shows = BTreeSet::from(["*".to_owned()]);
                Ok(vec![Positive { asked: Asked::Own, slice: cell.category, shows, basis: key("own") }])
            }
            'P' | 'A' if way.has("LE-initiated") => one(Asked::Initiated, cell.basis.clone()),
            'P' | 'A' => one(Asked::Agreement, cell.basis.clone()),
            'C' if way.has("2.35") => one(Asked::CriminalJustice, key("B22")),
            'C' if part2 => one(Asked::Consent, key("B14")),
            'C' => one(Asked::Consent, key("B3")),
            'S' if cell.kind == RecipientKind::P2p => {
                // That a consent names a program tells of a patient: C17 as well, and it is relied on.
                one(Asked::Reliance, cell.basis.union(&key("B14")).cloned().collect())
            }
            'S' => one(Asked::Reliance, cell.basis.clone()),
            'O' => {
                let (shows, basis) = (BTreeSet::from(["*".to_owned()]), key(if part2 { "B19" } else { "B5" }));
                Ok(vec![Positive { asked: Asked::Order, slice: cell.category, shows, basis }])
            }
            'X' => self.by_exception(cell, way),
            letter => panic!("`{letter}` is no way to a release"),
        }
    }

    fn one(&self, cell: &Cell, way: &Way, asked: Asked, basis: BTreeSet<String>) -> Result<Vec<Positive>, Why> {
        let slice = cell.slice(asked);
        let shows = self.standing(cell.kind, way, slice);
        if shows.is_empty() { Err(Why::NoTemplate) } else { Ok(vec![Positive { asked, slice, shows, basis }]) }
    }

    /// By the hooks of Washington (`law/hooks/us-wa.toml`), where these units are: care for HIV and for what a minor
    /// consented to; of a hold, that it was accepted and when, without a copy of its papers.
    fn by_hook(&self, cell: &Cell, way: &Way) -> Result<Vec<Positive>, Why> {
        let shows = if way.has("initiated") {
            let mut facts = self.show(&way.sets, cell.category);
            facts.remove("hold-paperwork");
            facts
        } else {
            self.standing(cell.kind, way, cell.category)
        };
        if shows.is_empty() {
            return Err(Why::NoTemplate);
        }
        Ok(vec![Positive { asked: Asked::Hook, slice: cell.category, shows, basis: cell.basis.clone() }])
    }

    fn by_exception(&self, cell: &Cell, way: &Way) -> Result<Vec<Positive>, Why> {
        let named = way.exceptions(cell);
        if named.is_empty() {
            return Err(Why::NoException);
        }
        let positive = |exception: Exception| {
            let (asked, slice) = (Asked::Exception(exception), cell.slice(Asked::Exception(exception)));
            let shows = match exception.field_set() {
                Some(set) => self.show(&[set], slice),
                None => self.show(treatment(cell.kind), slice),
            };
            let shows = if slice == cell.category { self.narrowed(shows, way, slice) } else { shows };
            Positive { asked, slice, shows, basis: BTreeSet::from([exception.basis().to_owned()]) }
        };
        let opened: Vec<_> = named.into_iter().map(positive).filter(|p| !p.shows.is_empty()).collect();
        if opened.is_empty() { Err(Why::FieldSet) } else { Ok(opened) }
    }
}

impl Cell {
    /// D, D* and G open to nothing (rulebook 7.6), nor does what is never carried.
    pub fn shut(&self) -> bool {
        NEVER_CARRIED.contains(&self.category.slug()) || self.ways.iter().all(|w| matches!(w.letter, 'D' | 'G'))
    }

    /// By a consent police, shelters and victim services read of a program its referrals, and no clinical field; of a
    /// crime on its premises who it was (42 CFR 2.12(c)(5)).
    fn slice(&self, asked: Asked) -> Category {
        use RecipientKind::{Cbo, Le, Vsp};
        match (self.category, asked, self.kind) {
            (Category::Part2Record, Asked::Consent, Le | Cbo | Vsp) => Category::Referral,
            (Category::Part2Record, Asked::Exception(Exception::PremisesCrime), _) => Category::HealthIdentity,
            (category, ..) => category,
        }
    }
}

impl Way {
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    /// Left to state law (rulebook 4).
    fn by_hook(&self) -> bool {
        (self.per_regime && self.letter == 'P') || ["if-hook", "hook", "initiated"].iter().any(|word| self.has(word))
    }

    /// Facts that the hub does not gather.
    fn waits_for(&self) -> Option<Why> {
        let waits = |words: &[&str]| self.words.iter().any(|w| words.contains(&w.as_str()));
        waits(&["2.53", "same-program"]).then_some(Why::Fact)
    }

    /// The exceptions an X names: by field set, by word, else by basis (rulebook 7.6). What 164.512(f) and 2.12(c)(5)
    /// permit, they permit to law enforcement; (k)(5) to a custodian.
    pub fn exceptions(&self, cell: &Cell) -> Vec<Exception> {
        use Exception::{
            CrimeAlert, Custody, Emergency, Exposure, Locate, MandatedReport, PremisesCrime, SchoolEmergency, Threat,
            Victim,
        };
        use RecipientKind::{Bhc, Cbo, Cj, Ems, Hosp, Le};
        let by_set = |set: &String| match set.as_str() {
            "F-LOC" => Some(Locate),
            // Of a threat case a school is told under its own law (34 CFR 99.36).
            "F-WARN" if self.has("school") => Some(SchoolEmergency),
            "F-WARN" => Some(Threat),
            "F-PREMCRIME" => Some(PremisesCrime),
            _ => None,
        };
        let by_word = |word: &String| match word.as_str() {
            "2.51" => Some(Emergency),
            "custody" => Some(Custody),
            "victim" => Some(Victim),
            "statute" => Some(MandatedReport),
            "missing" => Some(Locate),
            "exposure" | "exposure-officer" => Some(Exposure),
            "99.36" => Some(SchoolEmergency),
            _ => None,
        };
        let by_basis = |basis: &String| match basis.as_str() {
            "B6" => Some(Locate),
            "B7" => Some(Victim),
            "B8" => Some(CrimeAlert),
            "B9" => Some(Threat),
            "B10" => Some(Custody),
            "B36" => Some(MandatedReport),
            _ => None,
        };
        let mut named: BTreeSet<_> = self.sets.iter().filter_map(by_set).collect();
        if named.is_empty() {
            named = self.words.iter().filter_map(by_word).collect();
        }
        if named.is_empty() && self.words.is_empty() {
            named = cell.basis.iter().filter_map(by_basis).collect();
        }
        let serves = |exception: &Exception| match exception {
            Locate | Victim | PremisesCrime | CrimeAlert => cell.kind == Le,
            Custody => matches!(cell.kind, Le | Cj | Hosp),
            Exposure => matches!(cell.kind, Le | Ems),
            SchoolEmergency => matches!(cell.kind, Le | Ems | Bhc | Hosp | Cbo),
            Emergency | Threat | MandatedReport => true,
        };
        named.into_iter().filter(serves).collect()
    }
}

impl Exception {
    pub const ALL: [Self; 10] = [
        Self::Emergency,
        Self::Threat,
        Self::Locate,
        Self::Victim,
        Self::Custody,
        Self::PremisesCrime,
        Self::CrimeAlert,
        Self::MandatedReport,
        Self::Exposure,
        Self::SchoolEmergency,
    ];

    /// Rulebook 7.5; an emergency shows what the recipient reads for treatment.
    fn field_set(self) -> Option<&'static str> {
        match self {
            Self::Emergency => None,
            Self::Threat => Some("F-WARN"),
            Self::Locate => Some("F-LOC"),
            Self::Victim => Some("F-VICTIM"),
            Self::Custody => Some("F4"),
            Self::PremisesCrime => Some("F-PREMCRIME"),
            Self::CrimeAlert => Some("F-CRIMEALERT"),
            Self::MandatedReport => Some("F-MANDRPT"),
            Self::Exposure => Some("F-EXPOSURE"),
            Self::SchoolEmergency => Some("F-SCHOOLWARN"),
        }
    }

    /// The key of rulebook 7.6 that a release by it states.
    fn basis(self) -> &'static str {
        match self {
            // Every cell that names 2.51 is of Part 2.
            Self::Emergency => "B15",
            Self::Threat => "B9",
            Self::Locate => "B6",
            Self::Victim => "B7",
            Self::Custody => "B10",
            Self::PremisesCrime => "B18",
            Self::CrimeAlert => "B8",
            Self::MandatedReport => "B36",
            Self::Exposure => "B29",
            Self::SchoolEmergency => "B27",
        }
    }
}

/// Rulebook 0.7.
const NEVER_CARRIED: [&str; 5] = ["chri", "psychotherapy-notes", "sud-counseling-notes", "vsp-record", "sealed"];

fn meet(a: Shown, b: Shown) -> Shown {
    match (a.contains("*"), b.contains("*")) {
        (true, _) => b,
        (_, true) => a,
        _ => a.intersection(&b).cloned().collect(),
    }
}

/// One line of CSV: what stands between quotes is one column, commas included.
fn columns(line: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for (n, part) in line.split('"').enumerate() {
        let mut pieces = if n % 2 == 1 { vec![part] } else { part.split(',').collect() }.into_iter();
        all.last_mut().unwrap().push_str(pieces.next().unwrap());
        all.extend(pieces.map(str::to_owned));
    }
    all
}
