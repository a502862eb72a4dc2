//! Against the CloudEvents project's own schema and conformance features, where they are at hand.

use handoff_schemas::Envelope;
use serde_json::{Value, json};

use crate::support::{external, json as read, registry, samples};

#[test]
fn every_sample_and_every_event_we_write_is_a_cloudevent() {
    let Some(path) = external("cloudevents/cloudevents.schema.json") else { return };
    let theirs = jsonschema::options().should_validate_formats(true).build(&read(&path)).unwrap();
    for name in registry().types() {
        for (path, sample) in samples(name) {
            assert!(theirs.is_valid(&sample), "{}", path.display());
            let event = handoff_schemas::CloudEvent::parse(sample.to_string().as_bytes(), registry()).unwrap();
            assert!(theirs.is_valid(&event.to_json()), "{}", path.display());
        }
    }
}

#[test]
fn what_the_cloudevents_schema_refuses_we_refuse() {
    let Some(path) = external("cloudevents/cloudevents.schema.json") else { return };
    let theirs = jsonschema::options().should_validate_formats(true).build(&read(&path)).unwrap();
    let base = json!({ "specversion": "1.0", "id": "1", "source": "/units/a", "type": "t", "data": {} });
    let mut refused = 0;
    for name in ["specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema"] {
        for value in [json!(""), json!(1), json!([]), json!({}), json!("\u{7f} not <valid> %"), json!(true)] {
            let mut event = base.clone();
            event[name] = value;
            if !theirs.is_valid(&event) {
                refused += 1;
                let ours = Envelope::structured(event.to_string().as_bytes(), registry());
                assert!(ours.is_err(), "{event}");
            }
        }
        let mut event = base.clone();
        if event.as_object_mut().unwrap().remove(name).is_some() {
            refused += 1;
            assert!(Envelope::structured(event.to_string().as_bytes(), registry()).is_err(), "{event}");
        }
    }
    assert!(refused > 20, "only {refused} events were refused by the project's own schema");
}

/// The HTTP requests of the feature file: both modes, both content types each, the stated attributes.
#[test]
fn http_conformance_features_hold() {
    let Some(path) = external("cloudevents/features/http-protocol-binding.feature") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut checked = 0;
    for outline in text.split("Scenario Outline:").skip(1) {
        let request = outline.split("\"\"\"").nth(1).unwrap();
        let (_, examples) = outline.split_once("Examples:").unwrap();
        for content_type in table(examples).into_iter().skip(1).map(|row| row[0].clone()) {
            let fill = |s: &str| s.replace("<contentType>", &content_type);
            let request = fill(request);
            let (head, body) = request.split_once("\n\n").unwrap();
            let headers: Vec<(&str, &str)> = head.lines().skip(2).filter_map(|l| l.trim().split_once(": ")).collect();
            let media = headers.iter().find(|(n, _)| *n == "Content-Type").unwrap().1;
            let envelope = if media.starts_with("application/cloudevents+json") {
                Envelope::structured(body.trim().as_bytes(), registry())
            } else {
                Envelope::binary(headers.iter().copied(), Some(media), body.trim().as_bytes(), registry())
            };
            let envelope = envelope.unwrap_or_else(|e| panic!("{e}"));
            let (_, then) = outline.split_once("the attributes are:").unwrap();
            for row in table(then.split("And the data").next().unwrap()).into_iter().skip(1) {
                assert_eq!(envelope.get(&row[0]), Some(fill(&row[1]).as_str()), "{}", row[0]);
                checked += 1;
            }
            let data: Value = serde_json::from_str(then.split("\"\"\"").nth(1).unwrap()).unwrap();
            assert_eq!(envelope.data(), &data);
        }
    }
    assert_eq!(checked, 4 * 6, "two modes, two content types, six attributes");
}

fn table(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().map(str::trim).filter(|l| l.starts_with('|'));
    rows.map(|r| r.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect()).collect()
}
