//! How long a ruling takes: `cargo run --release -p handoff-law --example speed`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use common::*;
use handoff_law::{Memo, SliceFacts};
use handoff_schemas::*;

fn main() {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, "harbor-recovery-sud", &["lantern-shelter-intake"]));
    let mut ems =
        Event::of("river-fire-ems", &[Category::HealthIdentity, Category::EmsClinical, Category::Medications]);
    ems.person = Some(person(2));
    let sud = Event::of("harbor-recovery-sud", &[Category::HealthIdentity, Category::Referral, Category::Sdoh]);
    let clinic = to("willow-clinic-crisis", RecipientKind::Bhc);
    let shelter = to("lantern-shelter-intake", RecipientKind::Cbo);
    let cedar = SliceFacts { parties_active: true, cell_permits: true, agreement: true, ..SliceFacts::default() };
    println!(
        "one Cedar evaluation          {:>9.2} us",
        time(2_000, || drop(black_box(c.bundle.engine.evaluate(&cedar))))
    );
    for (name, event, recipient) in
        [("care report to clinic", &ems, &clinic), ("Part 2 referral to shelter", &sud, &shelter)]
    {
        let event_type = event.event_type.parse().unwrap();
        let facts = event.facts(&event_type);
        let cold = time(500, || drop(black_box(handoff_law::rule(&c.bundle, &c.state, &facts, recipient, NOW))));
        let mut memo = Memo::new();
        let warm = time(50_000, || drop(black_box(memo.rule(&c.bundle, &c.state, &facts, recipient, NOW))));
        println!("{name:<28} cold {cold:>7.2} us   warm {warm:>7.2} us");
    }
}

fn time(n: u32, mut run: impl FnMut()) -> f64 {
    run();
    let start = Instant::now();
    (0..n).for_each(|_| run());
    start.elapsed().as_secs_f64() * 1e6 / f64::from(n)
}
