//! A5 in time: withheld and unknown take as long, quiet and under load, ten thousand requests each over the read path of
//! a running hub; and an officer's ask about a patient takes as long as one about somebody nobody knows.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use handoff_gateway::wire::{Ask, Format, Publish, Read};
use handoff_tests::{County, event, part2_consent};
use serde_json::{Value, json};
use uuid::Uuid;

const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const EMS: &str = "river-fire-ems";
const PATROL: &str = "river-pd-patrol";
const SHELTER: &str = "lantern-shelter-intake";
const ASSESSED: &str = "encounter.assessment-recorded.v1";
const ASKED: &str = "ask.access-requested.v1";

/// Requests about a withheld person, and as many about an unknown one.
const EACH: usize = 10_000;
/// Of asks, which are written and ruled, fewer.
const ASKS: usize = 150;
const AT_ONCE: usize = 16;
/// The bound of the issue, between the two medians.
const BOUND: Duration = Duration::from_millis(1);
const PATIENTS: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Withheld,
    Unknown,
}

/// Of four requests the two in the middle are of one sort, so that each sort follows each as often.
fn turn(n: usize) -> Who {
    if matches!(n % 4, 0 | 3) { Who::Withheld } else { Who::Unknown }
}

/// What the two sorts of requests were answered, and how long each took.
#[derive(Default)]
struct Compared {
    /// Every different answer, with its headers.
    answers: BTreeSet<(Vec<u8>, String)>,
    withheld: Vec<Duration>,
    unknown: Vec<Duration>,
    /// Told that the view is behind the log, which is about nobody.
    behind: usize,
}

impl Compared {
    fn add(&mut self, who: Who, answer: async_nats::Message, took: Duration) {
        if answer.payload.windows(7).any(|w| w == b"HO-4201") {
            self.behind += 1;
            return;
        }
        self.answers.insert((answer.payload.to_vec(), format!("{:?}", answer.headers)));
        match who {
            Who::Withheld => self.withheld.push(took),
            Who::Unknown => self.unknown.push(took),
        }
    }

    #[track_caller]
    fn alike(&mut self, what: &str) {
        let (withheld, unknown) = (median(&mut self.withheld), median(&mut self.unknown));
        let counts = (self.withheld.len(), self.unknown.len());
        println!("{what}: withheld {withheld:?}, unknown {unknown:?}, {counts:?} requests, {} behind", self.behind);
        assert!(withheld.abs_diff(unknown) < BOUND, "{what}: withheld {withheld:?}, unknown {unknown:?}");
    }
}

fn median(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

/// A connection of a partner's own, whose answers come with their headers.
async fn agency(county: &County, partner: &str) -> async_nats::Client {
    let creds = county.data().join(format!("creds/partner-{partner}.creds"));
    let options = async_nats::ConnectOptions::with_credentials_file(creds).await.unwrap();
    options.request_timeout(None).connect(county.session.url.as_str()).await.unwrap()
}

async fn request(client: &async_nats::Client, subject: &str, body: Vec<u8>) -> (async_nats::Message, Duration) {
    let start = Instant::now();
    let answer = client.request(subject.to_owned(), body.into()).await.unwrap();
    (answer, start.elapsed())
}

fn read(unit: &str, query: Ask) -> Read {
    Read { unit: unit.parse().unwrap(), role: None, user: "Reader 3".into(), under: None, query }
}

/// Sends `each` requests of both sorts in turn, some at once, until all are answered.
async fn compare(client: &async_nats::Client, each: usize, make: impl Fn(Who, usize) -> Read) -> Compared {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Compared::default()));
    let workers = (0..AT_ONCE).map(|_| {
        let (next, found, make) = (&next, &found, &make);
        async move {
            loop {
                let n = next.fetch_add(1, SeqCst);
                if n >= 2 * each {
                    return;
                }
                let body = serde_json::to_vec(&make(turn(n), n)).unwrap();
                let (answer, took) = request(client, "in.read", body).await;
                found.lock().unwrap().add(turn(n), answer, took);
            }
        }
    });
    futures::future::join_all(workers).await;
    found.into_inner().unwrap()
}

fn assessed(id: &str, person: &str) -> Value {
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low",
        "medications": [{ "name": "buprenorphine", "dose": "8 mg", "adherence": "taking" }],
    });
    event(PROGRAM, ASSESSED, id, Some(person), data)
}

async fn patient(county: &County, name: &str) {
    county.publish(PROGRAM, &assessed(&format!("a-{name}"), name)).await.unwrap();
    let categories = ["part2-record", "medications", "bh-assessment"];
    let consent = part2_consent(&format!("consent-{name}"), name, &categories).unwrap();
    county.publish(PROGRAM, &consent).await.unwrap();
}

async fn revoke(county: &County, name: &str) {
    let data = json!({ "scope": "all", "form": "written" });
    let mut revoked = event(PROGRAM, "consent.consent-revoked.v1", &format!("r-{name}"), Some(name), data);
    revoked["record"] = json!(format!("consent-{name}"));
    county.publish(PROGRAM, &revoked).await.unwrap();
}

/// Patients whose rows the clinic had until they revoked, under the ids by which it knew them.
async fn withheld_from_the_clinic(county: &mut County) -> Vec<Uuid> {
    let names: Vec<_> = (0..PATIENTS).map(|n| format!("H-{n}")).collect();
    for name in &names {
        patient(county, name).await;
    }
    county.settle().await.unwrap();
    let rows = county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap();
    assert_eq!(rows.len(), PATIENTS, "each consent opened what it names");
    for name in &names {
        revoke(county, name).await;
    }
    county.settle().await.unwrap();
    assert!(county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap().is_empty());
    rows.iter().map(|r| r.ruling["person"].as_str().unwrap().parse().unwrap()).collect()
}

/// Other readers, and a writer whose patients consent, so that the clinic's own view grows meanwhile. Without end.
async fn load(county: &County) {
    tokio::join!(write_on(county), read_on(county, EMS), read_on(county, SHELTER));
}

async fn write_on(county: &County) {
    for n in 0usize.. {
        patient(county, &format!("busy-{n}")).await;
    }
}

async fn read_on(county: &County, unit: &str) {
    loop {
        drop(county.ask(unit, Ask::Person(Uuid::new_v4())).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i4_withheld_and_unknown_are_the_same_bytes_and_take_as_long_quiet_and_under_load() {
    let mut county = County::start().await.unwrap();
    let known = withheld_from_the_clinic(&mut county).await;
    let clinic = agency(&county, "willow-clinic").await;
    let make = |who: Who, n: usize| match who {
        Who::Withheld => read(CLINIC, Ask::Person(known[n % known.len()])),
        Who::Unknown => read(CLINIC, Ask::Person(Uuid::new_v4())),
    };
    // What is prepared at the first request is prepared for both.
    compare(&clinic, 100, make).await;
    let mut quiet = compare(&clinic, EACH, make).await;
    quiet.alike("quiet");
    let mut busy = tokio::select! {
        compared = compare(&clinic, EACH, make) => compared,
        () = load(&county) => panic!("the load ended"),
    };
    busy.alike("under load");
    assert_eq!((quiet.behind, quiet.answers.len()), (0, 1), "every answer is the same bytes and the same headers");
    assert_eq!(busy.answers, quiet.answers, "under load too");
    assert!(busy.behind < EACH / 50, "{} reads were told that the view is behind", busy.behind);
    let (answer, headers) = quiet.answers.first().unwrap();
    assert!(String::from_utf8_lossy(answer).contains("may be incomplete; emergency access available"));
    assert_eq!(headers, "None");
    county.stop().await.unwrap();
}

/// All that 2.51 would ask for, stated by somebody who is no medical personnel.
fn emergency() -> Value {
    json!({
        "basis": "emergency", "purpose": "ETREAT", "licence": "peace-officer", "user": "Officer 7",
        "categories": ["medications"],
        "emergency": {
            "nature": "overdose", "consent_unobtainable": "unconscious", "treating_provider_determined": true,
            "patient_present": true, "personnel_name": "Alex Badge", "personnel_affiliation": "River Police",
            "disclosing_person": "Records Officer 4", "disclosed_at": "2026-11-02T22:14:00Z",
        },
    })
}

/// EC-16: the patient is linked to somebody the patrol knows; the other one is known to nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn i4_an_officers_emergency_ask_takes_as_long_about_a_patient_as_about_a_stranger() {
    let mut county = County::start().await.unwrap();
    county.publish(PROGRAM, &assessed("a-1", "H-1")).await.unwrap();
    let call = json!({ "incident_number": "INC-1", "call": { "type": "welfare-check" } });
    for (id, local) in [("call-1", "P-1"), ("call-2", "P-9")] {
        let reported = event(PATROL, "encounter.incident-reported.v1", id, Some(local), call.clone());
        county.publish(PATROL, &reported).await.unwrap();
    }
    county.link(&format!("{PATROL}:P-1"), &format!("{PROGRAM}:H-1")).await.unwrap();
    county.settle().await.unwrap();
    let patrol = agency(&county, "river-pd").await;

    let (mut asked, mut sizes, mut ids) = (Compared::default(), BTreeSet::new(), [Uuid::nil(); 2]);
    for n in 0..2 * ASKS {
        let who = turn(n);
        let local = if who == Who::Withheld { "P-1" } else { "P-9" };
        // Keys of one length, for the answers' size.
        let document = event(PATROL, ASKED, &format!("ask-{n:06}"), Some(local), emergency());
        let document = BASE64.encode(&serde_json::to_vec(&document).unwrap());
        let publish = Publish { unit: PATROL.parse().unwrap(), format: Format::Cloudevents, check: false, document };
        let body = serde_json::to_vec(&publish).unwrap();
        let (answer, took) = request(&patrol, "in.publish", body).await;
        let reply: Value = serde_json::from_slice(&answer.payload).unwrap();
        let ask = reply["ok"]["published"][0]["record"].as_str().unwrap().parse().unwrap();
        ids[usize::from(who == Who::Unknown)] = ask;
        sizes.insert((answer.payload.len(), format!("{:?}", answer.headers)));
        asked.add(who, answer, took);
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
    asked.alike("an officer's ask");
    county.settle().await.unwrap();

    let [withheld, unknown] = ids;
    let make = |who: Who, _: usize| {
        let ask = if who == Who::Withheld { withheld } else { unknown };
        Read { under: Some(ask), user: "Officer 7".into(), ..read(PATROL, Ask::Since(0)) }
    };
    let mut under = compare(&patrol, 1_000, make).await;
    under.alike("reads under an officer's ask");
    assert_eq!((under.behind, under.answers.len()), (0, 1), "nothing, in the same bytes");
    county.stop().await.unwrap();
}
