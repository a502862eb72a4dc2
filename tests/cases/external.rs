//! The standards' own files through the whole hub. What each unit must see of them stands in `expected/views.json`, which
//! `expected/views.py` derives from matrix, agreements, templates and schemas, never from what a hub answered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use handoff::config::Config;
use handoff_gateway::adapter::{self, Draft};
use handoff_gateway::wire::{Format, PublishReply, Row};
use handoff_spine::command::Refusal;
use handoff_spine::log::EVENTS;
use handoff_tests::{County, UNITS, external, files, leaves};
use serde_json::Value;
use uuid::Uuid;

/// Which unit sends the files of a folder, and as what.
const SENDERS: &[(&str, &str, Format)] =
    &[("nemsis", "river-fire-ems", Format::Nemsis), ("eido", "river-911", Format::Eido)];

const FAILS_XSD: &str = "nemsis/fail/2025-EMS-FailXsd_v351.xml";
const FAILS_SCHEMATRON: &str = "nemsis/fail/2025-EMS-FailSchematron_v351.xml";
const OVERDOSE: &str = "nemsis/full/2025-EMS-1-Overdose_v351.xml";
const CALL_TRANSFER: &str = "eido/Samples/Sample call transfer EIDO.json";

/// One file of a standard's folder.
struct File {
    /// Below the folder of outside data, with `/`.
    name: String,
    standard: &'static str,
    unit: &'static str,
    format: Format,
    bytes: Vec<u8>,
}

/// Every file of both folders, by name.
fn all(folder: &Path) -> Vec<File> {
    let mut all = Vec::new();
    for &(standard, unit, format) in SENDERS {
        for path in files(&folder.join(standard)).unwrap() {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            all.push(File { name, standard, unit, format, bytes: std::fs::read(&path).unwrap() });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    for known in [FAILS_XSD, FAILS_SCHEMATRON, OVERDOSE, CALL_TRANSFER] {
        assert!(all.iter().any(|f| f.name == known), "{known} is gone from {}", folder.display());
    }
    all
}

/// With what code a file must be refused; none for what is a report or an incident of the standard.
fn refused_with(file: &File) -> Option<&'static str> {
    let ending = file.name.rsplit('.').next().unwrap();
    match (file.name.as_str(), ending) {
        // Its own header: "child elements are missing from element 'eSituation'".
        (FAILS_XSD, _) => Some("HO-1203"),
        // Schemas of the standard are XML with another root; value lists are no XML.
        (_, "xsd" | "sch") => Some("HO-1200"),
        (_, "csv") => Some("HO-1122"),
        // The EIDO schema is YAML, one file of it above the 512 KiB of a JSON document.
        (_, "yaml") if file.bytes.len() > 512 * 1024 => Some("HO-1013"),
        (_, "yaml") => Some("HO-1010"),
        _ => None,
    }
}

/// Codes of the findings that a good file comes with: what its header announces, and what the hub does not carry.
fn findings_of(file: &File) -> &'static [&'static str] {
    match file.name.as_str() {
        FAILS_SCHEMATRON => &["HO-1230", "HO-1235"],
        // Service and provider of the line are not carried; the caller's location is a reference only.
        CALL_TRANSFER => &["HO-1271", "HO-1271", "HO-1274"],
        _ => &[],
    }
}

/// Standard -> event type -> unit -> pointers of the leaves the unit may see.
type Views = BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeSet<String>>>>;

fn expected() -> Views {
    serde_json::from_str(include_str!("../expected/views.json")).unwrap()
}

/// A county whose hub checks care reports against the standard's XSD.
async fn county(folder: &Path) -> County {
    let dir = tempfile::tempdir().unwrap();
    let xsd = folder.join("nemsis/xsd");
    let config = Config { nemsis_xsd: Some(xsd), ..Config::embedded(dir.path().join("hub")) };
    County::on(dir, &config).await.unwrap()
}

async fn send(county: &County, file: &File) -> Result<PublishReply, Refusal> {
    let answer = county.try_publish(file.unit, file.format, &file.bytes).await;
    answer.unwrap_or_else(|e| panic!("{}: {e}", file.name))
}

/// What the document says, by the adapter alone: the adapter has its own tests against the files.
fn drafts(file: &File) -> Vec<Draft> {
    let format = if file.standard == "nemsis" { adapter::Format::Nemsis } else { adapter::Format::Eido };
    let mapped = adapter::map(format, &file.bytes, adapter::Options::default());
    mapped.unwrap_or_else(|e| panic!("{}: {e}", file.name)).drafts
}

/// Each unit's rows that came from the two senders.
type Held = BTreeMap<&'static str, Vec<Row>>;

async fn held(county: &County) -> Held {
    let mut all = Held::new();
    for (unit, ..) in UNITS {
        let mut rows = county.view(unit).await.unwrap().rows;
        rows.retain(|r| SENDERS.iter().any(|(_, sender, _)| r.ruling["source"] == *sender));
        all.insert(unit, rows);
    }
    all
}

/// A pointer and its value, which is compared and never shown.
type Leaf = (String, String);

fn sorted<'a>(of: impl Iterator<Item = &'a Value>) -> Vec<Leaf> {
    let mut all: Vec<Leaf> = of.flat_map(leaves).map(|(pointer, value)| (pointer, value.to_string())).collect();
    all.sort();
    all
}

/// Pointers that `a` has and `b` has not, each as often as it has them more.
fn beyond(a: &[Leaf], b: &[Leaf]) -> Vec<String> {
    let mut left = b.to_vec();
    let mut more = Vec::new();
    for leaf in a {
        match left.binary_search(leaf) {
            Ok(at) => drop(left.remove(at)),
            Err(_) => more.push(leaf.0.clone()),
        }
    }
    more
}

/// What one accepted file did to one unit's rows.
struct Change<'a> {
    file: &'a str,
    unit: &'a str,
    version: u32,
    new: Vec<&'a Row>,
    gone: BTreeSet<String>,
}

impl<'a> Change<'a> {
    fn between(file: &'a str, unit: &'a str, version: u32, before: &'a [Row], after: &'a [Row]) -> Self {
        let lacks = |rows: &[Row], row: &Row| !rows.iter().any(|r| r.release == row.release);
        let new = after.iter().filter(|r| lacks(before, r)).collect();
        let gone = before.iter().filter(|r| lacks(after, r)).map(|r| r.release.to_string()).collect();
        Self { file, unit, version, new, gone }
    }

    /// Holds the new rows of one event type against what the documents of that type say of these pointers.
    /// Returns how many leaves were due.
    #[track_caller]
    fn shows(&self, event_type: &str, allowed: &BTreeSet<String>, drafts: &[Draft]) -> usize {
        let at = format!("{}: {} of {event_type}", self.file, self.unit);
        let of_type = drafts.iter().filter(|d| d.event_type.as_str() == event_type);
        let mut due_rows: Vec<Vec<Leaf>> = of_type.map(|d| sorted(std::iter::once(&d.data))).collect();
        due_rows.iter_mut().for_each(|row| row.retain(|(pointer, _)| allowed.contains(pointer)));
        due_rows.retain(|row| !row.is_empty());
        let rows: Vec<&&Row> = self.new.iter().filter(|r| r.ruling["type"] == event_type).collect();
        let mut due = due_rows.concat();
        due.sort();
        let seen = sorted(rows.iter().map(|r| &r.data));
        let (over, under) = (beyond(&seen, &due), beyond(&due, &seen));
        assert!(over.is_empty(), "{at}: released, and not due or not with this value: {over:?}");
        assert!(under.is_empty(), "{at}: due, and not released or not with this value: {under:?}");
        assert_eq!(rows.len(), due_rows.len(), "{at}: rows");
        due.len()
    }

    /// Design, "Commit": the same UUID with other content is a new version, and earlier recipients get a correction.
    #[track_caller]
    fn corrects_the_version_before(&self) {
        let named = self.new.iter().flat_map(|r| r.ruling["corrects"].as_array().into_iter().flatten());
        let corrected: BTreeSet<String> = named.filter_map(Value::as_str).map(str::to_owned).collect();
        assert_eq!(corrected, self.gone, "{}: {}: corrections and rows that went", self.file, self.unit);
        let amends = self.version > 1 && !self.new.is_empty();
        assert_eq!(self.gone.len(), usize::from(amends), "{}: {}: rows that went", self.file, self.unit);
    }
}

/// Leaves that were due, by standard, event type and unit.
type Tally = BTreeMap<(String, String, String), usize>;

/// Holds what a file changed in every unit's view against the expectation.
fn compare(file: &File, version: u32, (before, after): (&Held, &Held), views: &Views, tally: &mut Tally) {
    let drafts = drafts(file);
    let nothing = BTreeSet::new();
    for (unit, ..) in UNITS {
        let change = Change::between(&file.name, unit, version, &before[unit], &after[unit]);
        change.corrects_the_version_before();
        let stated = drafts.iter().map(|d| d.event_type.to_string());
        let shown = change.new.iter().map(|r| r.ruling["type"].as_str().unwrap().to_owned());
        for event_type in stated.chain(shown).collect::<BTreeSet<_>>() {
            let allowed = views[file.standard].get(&event_type).map_or(&nothing, |units| &units[*unit]);
            let due = change.shows(&event_type, allowed, &drafts);
            *tally.entry((file.standard.to_owned(), event_type, (*unit).to_owned())).or_default() += due;
        }
        let empty = views[file.standard].values().all(|units| units[*unit].is_empty());
        let rows = after[unit].iter().filter(|r| r.ruling["source"] == file.unit).count();
        assert!(!empty || rows == 0, "{}: {unit} holds {rows} rows of {}", file.name, file.unit);
    }
}

/// Every list of the expectation that is not empty was tried with at least one leaf, and none besides.
fn nothing_went_untried(views: &Views, tally: &Tally) {
    for (standard, types) in views {
        for (event_type, units) in types {
            for (unit, pointers) in units {
                let due = tally.get(&(standard.clone(), event_type.clone(), unit.clone())).copied().unwrap_or(0);
                assert_eq!(due > 0, !pointers.is_empty(), "{standard}: {unit} of {event_type}: {due} leaves were due");
            }
        }
    }
}

/// Sends a file that must be refused: nothing of it is left.
async fn refuse(county: &County, file: &File, code: &str) {
    let before = county.session.log.last(EVENTS).await.unwrap();
    let refused = send(county, file).await.unwrap_err();
    assert_eq!(refused.code, code, "{}: {refused}", file.name);
    assert_eq!(county.session.log.last(EVENTS).await.unwrap(), before, "{} left something", file.name);
}

/// Sends a file that must be accepted, as this version of its record.
async fn accept(county: &County, file: &File, version: u32) -> Vec<Option<Uuid>> {
    let reply = send(county, file).await.unwrap_or_else(|refused| panic!("{}: {refused}", file.name));
    let findings: Vec<&str> = reply.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(findings, findings_of(file), "{}: findings", file.name);
    assert_eq!(reply.published.len(), drafts(file).len(), "{}: events", file.name);
    for published in &reply.published {
        assert_eq!((published.version, published.duplicate), (version, false), "{}: version", file.name);
        assert!(published.person.is_some(), "{}: everything here is about somebody, known or not yet", file.name);
    }
    reply.published.iter().map(|p| p.person).collect()
}

/// Everything again: each good file is the duplicate it is, and no view moves.
async fn again(county: &mut County, files: &[File]) {
    let (views, position) = (held(county).await, county.session.log.last(EVENTS).await.unwrap());
    for file in files {
        match (send(county, file).await, refused_with(file)) {
            (Ok(reply), None) => {
                assert!(reply.published.iter().all(|p| p.duplicate), "{} was stored twice", file.name);
            }
            (answer, code) => assert_eq!(answer.err().map(|e| e.code).as_deref(), code, "{} again", file.name),
        }
    }
    county.settle().await.unwrap();
    assert_eq!(county.session.log.last(EVENTS).await.unwrap(), position, "a duplicate was stored");
    let as_json = |rows: &[Row]| serde_json::to_value(rows).unwrap();
    for (unit, rows) in held(county).await {
        assert!(as_json(&rows) == as_json(&views[unit]), "duplicates changed the view of {unit}");
    }
}

/// The standards publish three reports, each under one UUID in several files: sent one after the other, they are
/// versions of one document, and each version must show what is due of itself and nothing of the one before.
#[tokio::test(flavor = "multi_thread")]
async fn each_unit_sees_of_every_file_what_matrix_agreements_and_templates_give_it_and_no_more() {
    let Some(folder) = external() else {
        eprintln!("skipped: no outside data (HANDOFF_EXTERNAL_DATA)");
        return;
    };
    let (mut county, files, views) = (county(&folder).await, all(&folder), expected());
    let (mut versions, mut tally) = (BTreeMap::<String, u32>::new(), Tally::new());
    let mut persons = BTreeMap::<String, Vec<Option<Uuid>>>::new();
    let mut before = held(&county).await;
    for file in &files {
        if let Some(code) = refused_with(file) {
            refuse(&county, file, code).await;
            continue;
        }
        let version = versions.entry(drafts(file)[0].key.clone()).or_default();
        *version += 1;
        let about = accept(&county, file, *version).await;
        let first = persons.entry(drafts(file)[0].key.clone()).or_insert_with(|| about.clone());
        assert_eq!(*first, about, "{}: a later version is about whom the first was, local id or none", file.name);
        county.settle().await.unwrap();
        let after = held(&county).await;
        compare(file, *version, (&before, &after), &views, &mut tally);
        before = after;
    }
    nothing_went_untried(&views, &tally);
    again(&mut county, &files).await;
    county.stop().await.unwrap();
}

/// What the headers of the two `fail` files announce, at the hub's edge.
#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_xsd_is_refused_for_its_reason_and_what_breaks_the_schematron_is_told() {
    let Some(folder) = external() else {
        eprintln!("skipped: no outside data (HANDOFF_EXTERNAL_DATA)");
        return;
    };
    let (county, files) = (county(&folder).await, all(&folder));
    let file = |name: &str| files.iter().find(|f| f.name == name).unwrap();

    let refused = send(&county, file(FAILS_XSD)).await.unwrap_err();
    let place = refused.place.clone().unwrap_or_default();
    assert!(place.contains("/eSituation/eSituation.20"), "the missing element is named: {refused}");

    // An element the hub does not map at all: only the standard's own XSD can find it.
    let overdose = file(OVERDOSE);
    let text = std::str::from_utf8(&overdose.bytes).unwrap();
    let broken = text.replacen("<ePayment.01>2601015<", "<ePayment.01>2699999<", 1);
    assert_ne!(broken, text, "{OVERDOSE} has another payment method now");
    let answer = county.try_publish(overdose.unit, overdose.format, broken.as_bytes()).await.unwrap();
    let refused = answer.unwrap_err();
    assert_eq!(refused.code, "HO-1209", "{refused}");
    assert!(refused.place.as_deref().is_some_and(|p| p.contains("ePayment.01")), "{refused}");

    let reply = send(&county, file(FAILS_SCHEMATRON)).await.unwrap();
    let rules: Vec<&str> = reply.findings.iter().map(|f| f.rule.as_str()).collect();
    assert_eq!(rules, ["nemSch_e005", "compliance_cpmih_procedure_assert"]);
    assert!(reply.findings[0].place.contains("eSituation.10"), "{:?}", reply.findings[0]);
    assert!(reply.findings.iter().all(|f| !f.remedy.is_empty()));
    county.stop().await.unwrap();
}
