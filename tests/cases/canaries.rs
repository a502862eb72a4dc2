//! A1: values planted in every leaf of every sample appear in no stream, database, file or log in the clear.

use handoff_gateway::wire::Format;
use handoff_schemas::{Category, RecipientKind, Registry, canary};
use handoff_tests::{County, files};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a1_no_planted_value_stands_in_the_clear_anywhere_on_disk() {
    let mut county = County::start().await.unwrap();
    let mut planted = Vec::new();
    let mut accepted = 0;
    let registry = Registry::embedded();
    for event_type in registry.types().filter(|t| t.family() == "encounter") {
        let sample = canary::canary_sample(registry, event_type, RecipientKind::Bhc, 7).unwrap();
        let (data, tokens) = (sample.data, sample.canaries);
        let unit = "willow-clinic-crisis";
        let sent = json!({
            "specversion": "1.0", "id": format!("canary-{event_type}"), "source": format!("/units/{unit}"),
            "type": format!("handoff.{event_type}"), "subject": "canary-person-local-id", "time": "2026-11-02T21:40:00Z",
            "datacontenttype": "application/json", "data": data,
        });
        let document = serde_json::to_vec(&sent).unwrap();
        if county.try_publish(unit, Format::Cloudevents, &document).await.unwrap().is_ok() {
            accepted += 1;
            planted.extend(tokens.into_iter().filter(|c| c.category != Category::Administrative));
        }
    }
    assert!(accepted >= 20, "most event types are accepted: {accepted}");
    assert!(planted.len() > 100, "{}", planted.len());
    county.settle().await.unwrap();
    for unit in ["willow-clinic-crisis", "river-fire-ems", "river-pd-patrol"] {
        county.view(unit).await.unwrap();
    }
    let data = county.data().to_path_buf();
    let dir = county.session.close();
    dir.await.unwrap();

    let mut searched = 0;
    for file in files(&data).unwrap() {
        let bytes = std::fs::read(&file).unwrap();
        searched += bytes.len();
        for canary in &planted {
            let token = canary.token.as_bytes();
            assert!(
                !bytes.windows(token.len()).any(|w| w == token),
                "the value planted at {} ({}) stands in the clear in {}",
                canary.pointer,
                canary.category,
                file.display()
            );
        }
        let local = b"canary-person-local-id";
        assert!(!bytes.windows(local.len()).any(|w| w == local), "a local id stands in {}", file.display());
    }
    assert!(searched > 100_000, "the broker's store and the databases were searched: {searched} bytes");
}
