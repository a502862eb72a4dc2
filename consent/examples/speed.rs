//! How long a ruling takes, what further agreements add to it, and what a large county needs:
//!
//! ```text
//! cargo run --release -p handoff-law --example speed
//! cargo run --release -p handoff-law --example speed -- load 1000000
//! ```
//! The second folds so many persons with two consents each from facts as they stand on the log, and states events a
//! second and resident memory (Linux).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::*;
use handoff_law::{EventRef, Memo, PolicyState, SliceFacts};
use handoff_schemas::*;

const EMS: &str = "river-fire-ems";
const CLINIC: &str = "willow-clinic-crisis";
const PROGRAM: &str = "harbor-recovery-sud";
const SHELTER: &str = "lantern-shelter-intake";

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => rulings(),
        ["load"] => load(1_000_000),
        ["load", persons] => load(persons.parse().expect("a number of persons")),
        _ => eprintln!("speed [load [PERSONS]]"),
    }
}

fn rulings() {
    let c = county(10);
    let cedar = SliceFacts { parties_active: true, cell_permits: true, agreement: true, ..SliceFacts::default() };
    println!(
        "one Cedar evaluation          {:>9.2} us",
        time(2_000, || drop(black_box(c.bundle.engine.evaluate(&cedar))))
    );
    let crowded = county(500);
    for (name, event, recipient) in requests() {
        let (few, many) = (measured(&c, &event, &recipient), measured(&crowded, &event, &recipient));
        println!("{name:<28} cold {:>7.2} us   warm {:>7.2} us   with 10 agreements", few.0, few.1);
        println!("{:<28} cold {:>7.2} us   warm {:>7.2} us   with 500 agreements", "", many.0, many.1);
        println!("{:<28} cold {:>7.2} x    warm {:>7.2} x", "", many.0 / few.0, many.1 / few.1);
    }
}

fn requests() -> [(&'static str, Event, Recipient); 2] {
    let mut care = Event::of(EMS, &[Category::HealthIdentity, Category::EmsClinical, Category::Medications]);
    care.person = Some(person(2));
    let sud = Event::of(PROGRAM, &[Category::HealthIdentity, Category::Referral, Category::Sdoh]);
    [
        ("care report to clinic", care, to(CLINIC, RecipientKind::Bhc)),
        ("Part 2 referral to shelter", sud, to(SHELTER, RecipientKind::Cbo)),
    ]
}

/// The example county with a consent, and so many agreements in all. Each of the further ones names every source that is
/// measured, with a partner of its own: the worst case, since their rulings have to pass over them.
fn county(agreements: usize) -> County {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, PROGRAM, &[SHELTER]));
    for n in FORMS.len()..agreements {
        let name = format!("service-{n}");
        c.unit(unit(&name, &name, &[RecipientKind::Cmp], HipaaStatus::CoveredProvider, Part2Status::No));
        let units = [(EMS, RecipientKind::Ems), (PROGRAM, RecipientKind::P2p), (name.as_str(), RecipientKind::Cmp)];
        c.agreement(&everything(&units).replacen("everything", &format!("with-{name}"), 1));
    }
    assert_eq!(c.state.agreements().count(), agreements);
    c
}

/// Microseconds cold, and warm.
fn measured(c: &County, event: &Event, recipient: &Recipient) -> (f64, f64) {
    let event_type = event.event_type.parse().unwrap();
    let facts = event.facts(&event_type);
    let cold = time(500, || drop(black_box(handoff_law::rule(&c.bundle, &c.state, &facts, recipient, NOW))));
    let mut memo = Memo::new();
    let warm = time(50_000, || drop(black_box(memo.rule(&c.bundle, &c.state, &facts, recipient, NOW))));
    (cold, warm)
}

fn time(n: u32, mut run: impl FnMut()) -> f64 {
    run();
    let start = Instant::now();
    (0..n).for_each(|_| run());
    start.elapsed().as_secs_f64() * 1e6 / f64::from(n)
}

/// Events folded at a time; what they are made from is not counted.
const RUN: u64 = 20_000;

fn load(persons: u64) {
    let mut state = County::river().state;
    let before = resident();
    let (mut read, mut folded) = (Duration::ZERO, Duration::ZERO);
    let mut pos = state.pos().0;
    let events = persons * 2;
    for first in (0..events).step_by(usize::try_from(RUN).unwrap()) {
        let log: Vec<Vec<u8>> = (first..events.min(first + RUN)).map(logged).collect();
        let start = Instant::now();
        let facts: Vec<Vec<Fact>> = log.iter().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect();
        read += start.elapsed();
        let start = Instant::now();
        for facts in &facts {
            pos += 1;
            fold(&mut state, pos, facts);
        }
        folded += start.elapsed();
    }
    let per_second = |took: Duration| events as f64 / took.as_secs_f64();
    println!("{persons} persons with two consents each, {events} events");
    println!("folded                        {:>9.0} events/s", per_second(folded));
    println!("read from JSON and folded     {:>9.0} events/s", per_second(read + folded));
    match (before, resident()) {
        (Some(before), Some(after)) => println!("resident memory               {after:>9} MiB, {before} of it before"),
        _ => println!("resident memory is told on Linux only"),
    }
    assert_eq!(state.consents_of(a_person(persons - 1)).len(), 2);
    drop(black_box(state));
}

fn fold(state: &mut PolicyState, pos: u64, facts: &[Fact]) {
    let id = EventId(uuid::Uuid::from_u64_pair(3, pos));
    let event = EventRef { id, record: record(pos), source: unit_id(PROGRAM) };
    state.apply(LogPos(pos), NOW, &event, facts);
}

/// Ids as random as real ones are, so that they lie nowhere in order.
fn a_person(n: u64) -> PersonId {
    PersonId(scattered(n))
}

fn scattered(n: u64) -> uuid::Uuid {
    let mix = |n: u64| {
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    };
    uuid::Uuid::from_u64_pair(mix(n.wrapping_add(1)), mix(!n))
}

/// The facts of one event as they stand on the log: a consent to the program, then one to the clinic, each to end on some
/// day of the next year.
fn logged(n: u64) -> Vec<u8> {
    let (kind, from) = if n.is_multiple_of(2) {
        (ConsentType::Part2Named, PROGRAM)
    } else {
        (ConsentType::HipaaAuthorization, CLINIC)
    };
    let mut facts = consent(n, kind, from, &[SHELTER]);
    facts.consent = RecordId(scattered(n | 1 << 40));
    facts.person = a_person(n / 2);
    facts.categories = [Category::HealthIdentity, Category::Contact, Category::Sdoh, Category::Referral].into();
    let days = i64::try_from(n % 365).unwrap() + 1;
    facts.expiry = Expiry::At { at: LogTime(NOW.0 + days * DAY) };
    let (consent, person) = (facts.consent, facts.person);
    let zone = Some("America/Los_Angeles".to_owned());
    let signatures = Signatures { signers: std::collections::BTreeSet::from([Signer::Patient]), zone };
    let signed = Fact::ConsentSigned { consent, person, signatures };
    serde_json::to_vec(&[Fact::ConsentRecorded { consent: facts }, signed]).unwrap()
}

/// `VmRSS` in MiB.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}
