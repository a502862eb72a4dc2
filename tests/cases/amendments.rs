//! A next version of an agreement takes the place of the one in force: what it drops is hidden at once, what it adds
//! reaches back, and until it is active nothing changes.

use handoff::operator::{self, Loaded};
use handoff_schemas::AgreementStatus;
use handoff_spine::command::Refusal;
use handoff_spine::log::EVENTS;
use handoff_tests::{County, accepted, event};
use serde_json::json;

const CLINIC: &str = "willow-clinic-crisis";
const EMS: &str = "river-fire-ems";
const ASSESSED: &str = "encounter.assessment-recorded.v1";
const TREATMENT: &str = include_str!("../../consent/forms/agreement-treatment.toml");
const WHOLE: &str = "[\"*\", \"part2-record\"]";
const MEDICINES: &str = "[\"medications\", \"part2-record\"]";

/// The treatment agreement, whose version 1 the county starts with, as this version for these categories.
fn treatment(version: u32, categories: &str) -> String {
    assert!(TREATMENT.contains("version = 1\n") && TREATMENT.contains(WHOLE), "the form has changed");
    TREATMENT.replacen("version = 1\n", &format!("version = {version}\n"), 1).replacen(WHOLE, categories, 1)
}

async fn load(county: &County, text: &str) -> Result<Loaded, Refusal> {
    operator::load(&county.session, text).await.unwrap()
}

fn active(version: u32, changed: bool) -> Loaded {
    let agreement = "treatment".parse().unwrap();
    Loaded { agreement, version, status: AgreementStatus::Active, changed }
}

async fn assess(county: &County, id: &str) {
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low",
        "medications": [{ "name": "sertraline", "dose": "50 mg", "adherence": "taking" }],
    });
    county.publish(CLINIC, &event(CLINIC, ASSESSED, id, Some("W-1"), data)).await.unwrap();
}

/// In how many assessments of the clinic EMS reads of a risk, and in how many of a medicine.
async fn seen(county: &County) -> (usize, usize) {
    let rows = county.rows_of(EMS, CLINIC, ASSESSED).await.unwrap();
    let of = |name: &str| rows.iter().filter(|r| r.data.get(name).is_some()).count();
    (of("suicide_risk"), of("medications"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_version_drops_is_hidden_at_once_and_what_the_next_adds_reaches_back() {
    let mut county = County::start().await.unwrap();
    assess(&county, "a-1").await;
    county.settle().await.unwrap();
    assert_eq!(seen(&county).await, (1, 1));

    assert_eq!(load(&county, &treatment(2, MEDICINES)).await, Ok(active(2, true)));
    // No settling in between: the very next read must not show what rested on version 1.
    assert_eq!(seen(&county).await.0, 0, "no clause of version 1 carries the assessment any more");
    county.settle().await.unwrap();
    assert_eq!(seen(&county).await, (0, 1), "what version 2 carries was ruled again");
    assess(&county, "a-2").await;
    county.settle().await.unwrap();
    assert_eq!(seen(&county).await, (0, 2));

    assert_eq!(load(&county, &treatment(3, WHOLE)).await, Ok(active(3, true)));
    county.settle().await.unwrap();
    assert_eq!(seen(&county).await, (2, 2), "version 3 releases what came before it");
    let rows = county.rows_of(EMS, CLINIC, ASSESSED).await.unwrap();
    assert!(
        rows.iter().all(|r| r.ruling.to_string().contains("\"version\":3")),
        "each row names its version: {rows:?}"
    );
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_document_again_changes_nothing_and_another_number_is_refused() {
    let mut county = County::start().await.unwrap();
    assess(&county, "a-1").await;
    let second = treatment(2, MEDICINES);
    assert_eq!(load(&county, &second).await, Ok(active(2, true)));
    county.settle().await.unwrap();
    let (end, rows) = (county.session.log.last(EVENTS).await.unwrap(), seen(&county).await);

    assert_eq!(load(&county, &second).await, Ok(active(2, false)), "it says that nothing changed");
    let refused = load(&county, &treatment(4, WHOLE)).await.unwrap_err();
    assert_eq!(refused.code, "HO-2036", "{refused}");
    assert!(refused.remedy.contains("number the document 3"), "{refused}");
    let refused = load(&county, &treatment(2, WHOLE)).await.unwrap_err();
    assert_eq!(refused.code, "HO-2036", "a version on record is never changed: {refused}");
    assert!(refused.remedy.contains("number the document 3"), "{refused}");
    let refused = load(&county, TREATMENT).await.unwrap_err();
    assert_eq!(refused.code, "HO-9050", "version 1 does not come back: {refused}");
    let later = treatment(3, WHOLE).replacen("effective_from = 2026-01-01", "effective_from = 2126-01-01", 1);
    let later = later.replacen("review_due = 2027-06-30", "review_due = 2127-06-30", 1);
    let refused = load(&county, &later).await.unwrap_err();
    assert_eq!(refused.code, "HO-9051", "it would end version 2 a century early: {refused}");
    let unknown = treatment(2, WHOLE).replacen("id = \"treatment\"", "id = \"other-treatment\"", 1);
    assert_eq!(load(&county, &unknown).await.unwrap_err().code, "HO-2036", "versions count from 1");

    county.settle().await.unwrap();
    assert_eq!(county.session.log.last(EVENTS).await.unwrap(), end, "none of it is on the log");
    assert_eq!(seen(&county).await, rows);
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn until_a_version_is_active_the_one_before_stays_in_force() {
    let mut county = County::start().await.unwrap();
    assess(&county, "a-1").await;
    county.settle().await.unwrap();

    let (record, second) = ("agreement:treatment", treatment(2, MEDICINES));
    let data = json!({ "agreement": "treatment", "version": 2, "document": second });
    let drafted = county.session.command("registry", "by-hand", record, "agreement.agreement-amended.v1", data).await;
    accepted(drafted.unwrap()).unwrap();
    // Neither the draft nor any signature hides anything, not even until it is ruled again.
    assert_eq!(seen(&county).await, (1, 1));
    for party in [EMS, CLINIC, "harbor-recovery"] {
        let data = json!({ "agreement": "treatment", "version": 2, "party": party });
        let key = format!("by-hand:{party}");
        let signed = county.session.command("registry", &key, record, "agreement.agreement-signed.v1", data).await;
        accepted(signed.unwrap()).unwrap();
        assert_eq!(seen(&county).await, (1, 1), "{party} has signed");
    }
    assert_eq!(operator::standing(&county.session, &"treatment".parse().unwrap()).await.unwrap(), Some(1));
    county.settle().await.unwrap();
    assert_eq!(seen(&county).await, (1, 1));

    // The load goes on where the others left it.
    assert_eq!(load(&county, &second).await, Ok(active(2, true)));
    assert_eq!(seen(&county).await.0, 0);
    assert_eq!(operator::standing(&county.session, &"treatment".parse().unwrap()).await.unwrap(), Some(2));
    accepted(operator::suspend(&county.session, "treatment", 2, "County attorney", "audit").await.unwrap()).unwrap();
    assert_eq!(seen(&county).await, (0, 0));
    let suspended = Loaded { status: AgreementStatus::Suspended, ..active(2, false) };
    assert_eq!(load(&county, &second).await, Ok(suspended), "loading lifts no suspension");
    assert_eq!(seen(&county).await, (0, 0));
    county.stop().await.unwrap();
}
