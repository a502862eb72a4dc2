//! A1: values planted in every leaf of every sample appear in no stream, database, file, log, metric or error in the
//! clear, and in no view where their category was not released.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use handoff::client::Partner;
use handoff::config::Config;
use handoff_gateway::wire::{Ask, Format};
use handoff_schemas::canary::Canary;
use handoff_schemas::{Category, RecipientKind, Registry, UnitId, canary};
use handoff_tests::{County, UNITS, binary, files, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

const LOCAL_ID: &str = "canary-person-local-id";

/// `handoff up` as an operator runs it, with logs that hold nothing back, in a file.
pub struct Up {
    child: Child,
    pub nats: String,
    http: String,
}

impl Up {
    pub async fn start(data: &Path, log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let mut command = Command::new(binary().unwrap());
        command.args(["up", "--http", "127.0.0.1:0", "--data"]).arg(data);
        command.env_remove("NATS_URL").env_remove("DATABASE_URL").env("HANDOFF_LOG", "debug");
        let child = command.stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn().unwrap();
        let run = Config::run_file(data);
        let said = || serde_json::from_str::<Value>(&std::fs::read_to_string(&run).ok()?).ok();
        until("the hub is up", async || said().is_some()).await.unwrap();
        let said = said().unwrap();
        let of = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { child, nats: of("nats"), http: of("http") }
    }

    pub async fn get(&self, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(&self.http).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await;
        let values =
            text.lines().filter(|l| l.starts_with(name)).filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok());
        values.sum()
    }

    /// SIGTERM, and a good end.
    pub async fn terminate(mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("/bin/kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "a hub told to stop ends in good order: {ended}");
    }
}

/// A sample with a planted value in every leaf, as a unit would send it.
fn planted(event_type: &handoff_schemas::EventType, unit: &str) -> (Value, Vec<Canary>) {
    let sample = canary::canary_sample(Registry::embedded(), event_type, RecipientKind::Bhc, 7).unwrap();
    let sent = json!({
        "specversion": "1.0", "id": format!("canary-{event_type}"), "source": format!("/units/{unit}"),
        "type": format!("handoff.{event_type}"), "subject": LOCAL_ID, "time": "2026-11-02T21:40:00Z",
        "datacontenttype": "application/json", "data": sample.data,
    });
    (sent, sample.canaries.into_iter().filter(|c| c.category != Category::Administrative).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_no_planted_value_stands_in_the_clear_anywhere() {
    let county = County::start().await.unwrap();
    let data = county.data().to_path_buf();
    let dir = county.stop_keeping().await.unwrap();
    let log = dir.path().join("hub.log");
    let hub = Up::start(&data, &log).await;
    let mut agencies = BTreeMap::new();
    for (unit, partner, ..) in UNITS {
        let creds = data.join("creds").join(format!("partner-{partner}.creds"));
        agencies.insert(*unit, Partner::connect(&hub.nats, &creds).await.unwrap());
    }

    let clinic: UnitId = "willow-clinic-crisis".parse().unwrap();
    let (mut all, mut accepted, mut said) = (Vec::new(), 0, Vec::new());
    for event_type in
        Registry::embedded().types().filter(|t| ["encounter", "consent", "referral", "ask"].contains(&t.family()))
    {
        let (sent, canaries) = planted(event_type, clinic.as_str());
        let document = serde_json::to_vec(&sent).unwrap();
        let answer = agencies[clinic.as_str()].publish(&clinic, Format::Cloudevents, false, &document).await.unwrap();
        accepted += usize::from(answer.is_ok());
        said.push(serde_json::to_string(&answer.map_err(|e| serde_json::to_value(e).unwrap())).unwrap());
        // Broken in two ways besides: errors quote nothing.
        for broken in [document[..document.len() / 2].to_vec(), wrong(&sent)] {
            let answer = agencies[clinic.as_str()].publish(&clinic, Format::Cloudevents, false, &broken).await.unwrap();
            said.push(serde_json::to_string(&answer.unwrap_err()).unwrap());
        }
        all.extend(canaries);
    }
    assert!(accepted >= 20, "most event types are accepted: {accepted}");
    assert!(all.len() > 100, "{}", all.len());

    // Everything ruled and shown, to see what each view holds.
    let settled =
        async || hub.metric("handoff_ruled_positions_total").await >= hub.metric("handoff_accepted_total").await;
    until("all is ruled", settled).await.unwrap();
    let mut shown = 0;
    for (unit, ..) in UNITS {
        let id: UnitId = unit.parse().unwrap();
        let rows = agencies[*unit].read(&id, None, "tester", Ask::Since(0)).await.unwrap().unwrap().rows;
        for row in rows.iter().filter(|_| *unit != clinic.as_str()) {
            let (text, categories) = (row.data.to_string(), released(&row.ruling));
            for canary in all.iter().filter(|c| text.contains(&c.token)) {
                shown += 1;
                let slug = canary.category.slug();
                assert!(categories.contains(&slug.to_owned()), "{unit} reads {} ({slug})", canary.pointer);
            }
            assert!(!row.ruling.to_string().contains(LOCAL_ID) && !text.contains(LOCAL_ID));
        }
    }
    assert!(shown > 20, "what was released does show: {shown}");
    said.extend([hub.get("/metrics").await, hub.get("/readyz").await]);
    hub.terminate().await;

    let tokens = all.iter().map(|c| c.token.as_str()).chain([LOCAL_ID]).map(regex::escape);
    let any = regex::bytes::Regex::new(&tokens.collect::<Vec<_>>().join("|")).unwrap();
    let clear = |bytes: &[u8], place: &str| {
        let found = any.find(bytes).map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned());
        let planted = found.as_ref().and_then(|token| all.iter().find(|c| c.token == *token));
        assert!(found.is_none(), "the value planted at {:?} stands in {place}", planted.map(|c| &c.pointer));
    };
    said.iter().for_each(|text| clear(text.as_bytes(), text));
    let mut searched = 0;
    for file in files(&data).unwrap().into_iter().chain([log]) {
        let bytes = std::fs::read(&file).unwrap();
        searched += bytes.len();
        clear(&bytes, &file.display().to_string());
    }
    assert!(searched > 100_000, "the broker's store, the databases and the log were searched: {searched} bytes");
}

/// The document with a member that its schema does not know, named and filled with planted words.
fn wrong(sent: &Value) -> Vec<u8> {
    let mut wrong = sent.clone();
    let first = wrong["data"].as_object().unwrap().keys().next().cloned().unwrap();
    wrong["data"][first] = json!({ "unknown": sent["data"] });
    serde_json::to_vec(&wrong).unwrap()
}

fn released(ruling: &Value) -> Vec<String> {
    let slices = ruling["slices"].as_array().unwrap();
    slices.iter().map(|s| s["category"].as_str().unwrap().to_owned()).collect()
}
