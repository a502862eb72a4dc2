//! Policy killed between every two steps of its append, and between two parts of one run.

use handoff::config::Config;
use handoff::hub::Part;
use handoff_spine::broker::ServiceName;
use handoff_spine::log::{EVENTS, Log, RELEASES};
use handoff_spine::testing::Postgres;
use handoff_tests::{County, event, part2_consent, until};
use serde_json::json;

use crate::hubs::{Nats, Supervised};
use crate::outcome;
use crate::proxy::{Proxy, Step};

const PROGRAM: &str = "harbor-recovery-sud";
const RECORDED: &str = "encounter.assessment-recorded.v1";

/// Events that one consent opens; more would be swept.
const LONG: usize = 95;

/// Everything but policy, in this process.
const OTHERS: [ServiceName; 5] =
    [ServiceName::Gateway, ServiceName::Identity, ServiceName::Encounter, ServiceName::Consent, ServiceName::Registry];

/// A county without its policy service, which runs as a process behind a proxy.
struct Stage {
    data: String,
    database: String,
    server: String,
    logs: std::path::PathBuf,
    log: Log,
}

impl Stage {
    fn policy(&self, nats: &str) -> Supervised {
        let args = ["run", "policy", "--data", &self.data, "--http", "127.0.0.1:0"];
        let mut policy =
            Supervised::new("policy", &args, &[("NATS_URL", nats), ("DATABASE_URL", &self.database)], &self.logs);
        policy.keep();
        policy
    }

    /// Starts policy, stops its append number `nth` at `step`, and kills it there.
    async fn killed_at(&self, step: Step, nth: usize) {
        let mut proxy = Proxy::start(self.server.clone(), "rel", Some((step, nth))).await;
        let mut policy = self.policy(&proxy.url);
        proxy.stopped().await;
        policy.kill().await;
    }

    /// Lets policy finish whatever there is.
    async fn finishes(&self) {
        let mut policy = self.policy(&format!("nats://{}", self.server));
        let finished = async || {
            let last = self.log.last(RELEASES).await.unwrap();
            if last == 0 {
                return false;
            }
            let raw = self.log.raw(RELEASES, handoff_schemas::LogPos(last)).await.unwrap();
            let batch = self.log.open_batch(&raw).unwrap().unwrap();
            !batch.more && batch.last.0 == self.log.last(EVENTS).await.unwrap()
        };
        until("policy finishes", finished).await.unwrap_or_else(|e| panic!("{e}: {}", policy.said()));
        policy.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_policy_killed_between_every_two_steps_of_its_append() {
    let database = Postgres::shared().unwrap().database().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = Config { database_url: Some(database.clone()), ..Config::embedded(dir.path().join("hub")) };
    let founded = County::on(dir, &config).await.unwrap();
    let dir = founded.stop_keeping().await.unwrap();

    let nats = Nats::start(&config.data).await;
    let part = Part::start(&Config { nats_url: Some(nats.url()), ..config.clone() }, &OTHERS).await.unwrap();
    let stage = Stage {
        data: config.data.to_str().unwrap().to_owned(),
        database,
        server: nats.url().trim_start_matches("nats://").to_owned(),
        logs: dir.path().to_path_buf(),
        log: part.log(ServiceName::Operator).await.unwrap(),
    };
    let creds = config.data.join("creds/partner-harbor-recovery.creds");
    let program = handoff::client::Partner::connect(&nats.url(), &creds).await.unwrap();
    let send = async |sent: serde_json::Value| {
        let document = serde_json::to_vec(&sent).unwrap();
        let unit = PROGRAM.parse().unwrap();
        let format = handoff_gateway::wire::Format::Cloudevents;
        program.publish(&unit, format, false, &document).await.unwrap().unwrap();
    };

    // Each step of an ordinary append, met with something to rule.
    let steps = [Step::Unsent, Step::HalfSent, Step::Unacknowledged, Step::Acknowledged];
    for (n, step) in steps.into_iter().enumerate() {
        let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
        send(event(PROGRAM, RECORDED, &format!("plain-{n}"), Some("H-1"), data)).await;
        stage.killed_at(step, 0).await;
    }
    stage.finishes().await;

    // One consent opens so much at once that its rulings need several messages; policy dies around each of them.
    let narrative = "talked for a long while about what had happened and what might help. ".repeat(200);
    for n in 0..LONG {
        let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low", "narrative": format!("{n} {narrative}") });
        send(event(PROGRAM, RECORDED, &format!("long-{n}"), Some("H-2"), data)).await;
    }
    stage.finishes().await;
    let before = stage.log.last(RELEASES).await.unwrap();
    send(part2_consent("opens-all", "H-2", &["part2-record", "bh-assessment", "bh-treatment"]).unwrap()).await;
    for step in steps {
        stage.killed_at(step, 0).await;
    }
    stage.killed_at(Step::Unacknowledged, 0).await;
    stage.finishes().await;
    let parts = stage.log.last(RELEASES).await.unwrap() - before;
    assert!(parts >= 3, "the consent's rulings fit into {parts} messages: too little was cut");

    part.stop().await.unwrap();
    nats.stop().await;
    let mut county = County::again(dir, &config).await.unwrap();
    county.settle().await.unwrap();
    // Runs join, no release is doubled, each has one leaf, and all follows from the log.
    outcome::of(&county, &[]).await;
    let opened = county.rows_of("willow-clinic-crisis", PROGRAM, RECORDED).await.unwrap();
    assert_eq!(opened.len(), LONG, "what the consent opened, each once");
    county.stop().await.unwrap();
}
