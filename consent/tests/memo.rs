//! A remembered ruling equals a cold one, on random requests in random states. `HANDOFF_MEMO_REQUESTS=1000000` asks a
//! million; `HANDOFF_MEMO_SEED` repeats a run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use crate::invariants::histories::any_event;
use crate::invariants::worlds::*;
use handoff_law::{AskState, Memo, Rerule, Ruling};
use handoff_schemas::*;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const REQUESTS: u64 = 100_000;
/// Requests on one history; the state goes on changing between them.
const A_HISTORY: u64 = 1_000;
/// Rulings between two facts.
const A_STATE: u64 = 50;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// One of random values, from the strategies of the invariants.
struct Random(TestRunner);

impl Random {
    fn seeded(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    fn one<S: Strategy>(&mut self, of: &S) -> S::Value {
        of.new_tree(&mut self.0).unwrap().current()
    }

    fn below(&mut self, end: usize) -> usize {
        self.one(&(0..end))
    }
}

/// What is asked: what stands, a stated purpose, or an ask on the log.
enum Asked {
    Standing(Recipient),
    Purpose(Recipient, Purpose),
    Ask(Box<AskState>),
}

impl Asked {
    fn ruled_by(&self, memo: &mut Memo, c: &County, event: &Event) -> Ruling {
        let event_type = event.event_type.parse().unwrap();
        let facts = event.facts(&event_type);
        match self {
            Self::Standing(to) => memo.rule(&c.bundle, &c.state, &facts, to, c.at),
            Self::Purpose(to, purpose) => memo.rule_for(&c.bundle, &c.state, &facts, to, *purpose, c.at),
            Self::Ask(ask) => memo.rule_asked(&c.bundle, &c.state, &facts, ask, c.at),
        }
    }
}

/// So many requests on one history. Counts those that released something.
fn history(random: &mut Random, memo: &mut Memo, requests: u64) -> u64 {
    let mut c = after(&random.one(&any_steps()));
    // Few events, so that situations come again.
    let events: Vec<Event> = (0..12).map(|_| few(random.one(&any_event()))).collect();
    let (step, purposes) = (any_step(), any_purpose());
    let mut released = 0;
    for n in 0..requests {
        if n % A_STATE == A_STATE - 1 {
            play(&mut c, &[random.one(&step)], 1);
        }
        let event = &events[random.below(events.len())];
        let asked = asked(random, &c, event, &purposes);
        let warm = asked.ruled_by(memo, &c, event);
        let cold = asked.ruled_by(&mut Memo::new(), &c, event);
        assert_eq!(warm, cold, "request {n} of a history");
        released += u64::from(cold.releases());
    }
    released
}

/// At most two categories: the more a request holds, the fewer there are.
fn few(mut event: Event) -> Event {
    event.categories.truncate(2);
    event
}

fn asked(random: &mut Random, c: &County, event: &Event, purposes: &impl Strategy<Value = Purpose>) -> Asked {
    let recipients = c.state.recipients(&event.source);
    let to = recipients[random.below(recipients.len())].clone();
    let asks = c.state.asks_of(event.person.unwrap());
    match random.below(4) {
        0 | 1 => Asked::Standing(to),
        2 if !asks.is_empty() => Asked::Ask(Box::new(asks[random.below(asks.len())].clone())),
        _ => Asked::Purpose(to, random.one(purposes)),
    }
}

#[test]
fn the_memo_equals_a_cold_ruling_on_random_requests() {
    let (requests, seed) = (number("HANDOFF_MEMO_REQUESTS", REQUESTS), number("HANDOFF_MEMO_SEED", 1));
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let start = std::time::Instant::now();
    let histories = requests.div_ceil(A_HISTORY);
    let released: u64 = std::thread::scope(|scope| {
        let of = |thread: u64| {
            move || {
                let mut random = Random::seeded(seed.wrapping_mul(1_000).wrapping_add(thread));
                // One memo for all of them: what one state decided must not answer for another.
                let mut memo = Memo::new();
                let mine = (0..histories).filter(|n| n % threads == thread);
                mine.map(|_| history(&mut random, &mut memo, A_HISTORY)).sum::<u64>()
            }
        };
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(of(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let asked = histories * A_HISTORY;
    println!("{asked} requests in {:?}, {released} of them released something", start.elapsed());
    assert!(released > asked / 50, "{released} of {asked} released anything: the requests are too poor to tell");
}

/// A memo that was never told of a change asks again: the state's revision, not the caller, says that it is stale.
#[test]
fn a_memo_is_stale_by_the_states_own_word() {
    let mut c = world();
    let event = Event::of("river-911", &[Category::Location]);
    let recipient = to("river-pd-patrol", RecipientKind::Le);
    assert!(c.rule(&event, &recipient).releases());
    for id in ["crisis-co-response", "everything"] {
        let agreement = id.parse().unwrap();
        let moved = Fact::AgreementMoved { agreement, version: 1, status: AgreementStatus::Terminated };
        let again = c.fold("hub-operator", vec![moved]);
        assert_eq!(again, [Rerule::Agreement(id.parse().unwrap())]);
    }
    nothing_released(&c.rule(&event, &recipient));
}

/// A consent rules alike for every event of its person until something about the person changes: the second costs a
/// fraction of the first, and the revocation is seen at once.
#[test]
fn a_persons_ruling_is_remembered_until_something_about_them_changes() {
    let mut c = County::river();
    let consent = consent(1, ConsentType::Part2Named, "harbor-recovery-sud", &["lantern-shelter-intake"]);
    let (record, person) = (consent.consent, consent.person);
    c.consent(consent);
    let event = Event::of("harbor-recovery-sud", &[Category::HealthIdentity, Category::Referral, Category::Sdoh]);
    let event_type = event.event_type.parse().unwrap();
    let shelter = to("lantern-shelter-intake", RecipientKind::Cbo);
    let mut memo = Memo::new();
    let first = memo.rule(&c.bundle, &c.state, &event.facts(&event_type), &shelter, NOW);
    assert!(first.releases());
    // The least of several runs each, so that no pause of the machine decides.
    let fastest = |run: &mut dyn FnMut()| {
        let once = |run: &mut dyn FnMut()| {
            let start = std::time::Instant::now();
            (0..100).for_each(|_| run());
            start.elapsed()
        };
        (0..20).map(|_| once(run)).min().unwrap()
    };
    let facts = event.facts(&event_type);
    let warm = fastest(&mut || assert_eq!(memo.rule(&c.bundle, &c.state, &facts, &shelter, NOW).slices, first.slices));
    let cold = fastest(&mut || assert!(handoff_law::rule(&c.bundle, &c.state, &facts, &shelter, NOW).releases()));
    assert!(warm * 3 < cold, "remembered {warm:?}, cold {cold:?}");

    let revoked = Fact::ConsentRevoked { consent: record, person, parties: RevokedFor::All, oral: false };
    c.fold("harbor-recovery-sud", vec![revoked]);
    nothing_released(&memo.rule(&c.bundle, &c.state, &event.facts(&event_type), &shelter, c.at));
}
