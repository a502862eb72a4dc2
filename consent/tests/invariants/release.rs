//! Rulebook 11 over worlds with asks, restrictions, referral consents and several agreements at once.

use std::collections::BTreeSet;

use handoff_law::{AskState, ExceptionName, Grant, Obligation, PolicyState, Ruling};
use handoff_schemas::*;
use proptest::prelude::*;

use crate::common::*;
use crate::invariants::histories::*;
use crate::invariants::worlds::*;
use crate::invariants::{grants, within};

fn part2(c: &County, event: &Event, category: Category) -> bool {
    let program = c.state.unit(&event.source).unwrap().part2.applies();
    program || event.labels.contains(&LawLabel::Part2) || category == Category::Part2Record
}

/// Grants that are disclosures, with the ruling they stand in.
fn disclosed(rulings: &[Ruling], event: &Event) -> Vec<(Ruling, Category, Grant)> {
    let of = |r: &Ruling| grants(r).into_iter().map(|(c, g)| (r.clone(), c, g)).collect::<Vec<_>>();
    rulings.iter().filter(|r| r.recipient.unit != event.source).flat_map(of).collect()
}

/// Whether every fact that the law asks for is in the ask (rulebook 7.3 step 8, 7.7), written down a second time.
fn stated(ask: &AskState, part2: bool) -> bool {
    use RecipientKind::{Bhc, Cbo, Cj, Ems, Hosp, L988, Le, P2p};
    let (facts, kind) = (&ask.facts, ask.facts.to.kind);
    let licensed = matches!(
        facts.licence,
        Licence::Physician
            | Licence::PhysicianAssistant
            | Licence::AdvancedPracticeNurse
            | Licence::Nurse
            | Licence::Paramedic
            | Licence::Emt
            | Licence::Pharmacist
    );
    let medical = licensed && matches!(kind, Ems | Bhc | P2p | Hosp | L988);
    let emergency = |e: &EmergencyClaim| e.nature.is_some() && e.treating && e.at_hand;
    let by_2_51 =
        |e: &EmergencyClaim| emergency(e) && e.unobtainable.is_some() && e.personnel_named && e.discloser_named;
    match &facts.claim {
        Claim::Emergency(e) => medical && emergency(e) && (!part2 || by_2_51(e)),
        Claim::BreakGlass(b) => {
            medical && b.reasoned && b.attested && b.emergency.at_hand && (!part2 || by_2_51(&b.emergency))
        }
        Claim::Threat(t) => {
            !part2
                && match t.limb {
                    Some(ThreatLimb::Prevent) => {
                        t.serious_and_imminent
                            && t.threat_stated
                            && t.target_stated
                            && (t.able_to_prevent || t.to_target)
                    }
                    Some(ThreatLimb::Admission) => {
                        kind == Le && t.violent_crime_admitted && t.learned_in_treatment == Some(false)
                    }
                    Some(ThreatLimb::Escape) => kind == Le && t.escaped,
                    None => false,
                }
        }
        Claim::Locate(l) => !part2 && kind == Le && l.target.is_some() && l.official.is_verified(),
        Claim::Victim(v) => {
            let without =
                v.incapacitated && v.need_represented && v.not_against_victim && v.immediate && v.best_interests;
            !part2 && kind == Le && v.official.is_verified() && (v.agrees || without)
        }
        Claim::Custody(c) => {
            let custody = matches!(c.custody, Some(CustodyKind::Arrest | CustodyKind::Jail | CustodyKind::Prison));
            !part2 && matches!(kind, Le | Cj | Hosp) && custody && c.lawful && c.custodian_named && c.limb.is_some()
        }
        Claim::PremisesCrime(p) => {
            kind == Le && (p.on_premises || p.against_personnel) && p.act.is_some() && p.by_patient
        }
        Claim::CrimeAlert(a) => !part2 && kind == Le && a.off_premises && a.crime_stated && a.abuse == Some(false),
        Claim::MandatedReport(m) => {
            let child = m.subject == Some(ReportSubject::Child) && m.initial;
            m.statute && m.agency && m.subject.is_some() && (!part2 || child)
        }
        Claim::LegalProcess(l) => {
            let subpart_e = match l.kind {
                Some(ProcessKind::Order264) => l.notice_to_patient && l.mandate,
                Some(ProcessKind::Order265) => l.mandate && l.findings.contains(&CourtFinding::ExtremelySeriousCrime),
                _ => false,
            };
            let order = subpart_e || (!part2 && l.kind == Some(ProcessKind::CourtOrder));
            ask.review == Some(ReviewOutcome::Release) && l.served && order
        }
        Claim::Exposure(e) => {
            let officer = e.designated_officer && e.employer_named && e.determined_by.is_some();
            !part2 && matches!(kind, Le | Ems) && officer && e.route.is_some() && e.line_of_duty && e.at_incident
        }
        Claim::SchoolEmergency(s) => {
            let threat = s.at_risk.is_some() && s.articulable && s.threat_stated && s.able_to_protect;
            !part2 && matches!(kind, Le | Ems | Bhc | Hosp | Cbo) && threat && (s.to_school || kind != Cbo)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// I1, of what needs no agreement: the exception's facts are complete, its ask is in force and names it, and a unit
    /// that discloses gives its own.
    #[test]
    fn i1_what_an_ask_opens_has_all_its_facts_on_record(steps in any_steps(), event in any_event(), asks in proptest::collection::vec(any_ask(), 1..4)) {
        let mut c = after(&steps);
        let made: Vec<_> = asks.into_iter().map(|ask| (Fact::AskMade { ask: ask.clone() }, ask.unit, 0)).collect();
        play(&mut c, &made, 1);
        let asks: Vec<_> = c.state.asks_of(event.person.unwrap()).into_iter().cloned().collect();
        for ask in asks {
            let ruling = c.under(&event, ask.facts.ask);
            prop_assert_eq!(&ruling.recipient, &ask.facts.to);
            prop_assert_eq!(ruling.ask, Some(ask.facts.ask));
            for (category, grant) in grants(&ruling) {
                prop_assert!(stated(&ask, part2(&c, &event, category)), "{category}: {:?}", ask.facts);
                prop_assert!(grant.agreement.is_none() && grant.consent.is_none());
                prop_assert!(!ask.ended && c.at < ask.until() && ask.review != Some(ReviewOutcome::Abuse));
                prop_assert!(ask.facts.scope.categories.contains(&category));
                let elements = &ask.facts.scope.elements;
                prop_assert!(elements.is_empty() || within(&grant.elements, &ElementSet::of(elements.iter().cloned())));
                prop_assert!(!ask.facts.discloses() || ask.facts.unit == event.source);
                prop_assert!(ruling.valid_until.is_some_and(|end| end <= ask.until()));
            }
        }
    }

    /// I2: from its revocation on nothing rests on a consent, whoever asks for whatever, and recorded again under its id
    /// it stays revoked; nor does anything rest on one that has ended.
    #[test]
    fn i2_nothing_rests_on_a_consent_after_its_revocation_or_end(
        steps in any_steps(), given in usable_consent(), event in any_event(), purpose in any_purpose(), again in any::<bool>()
    ) {
        let mut c = after(&steps);
        let recorded = (Fact::ConsentRecorded { consent: given.clone() }, given.grantors[0].clone(), 0);
        play(&mut c, std::slice::from_ref(&recorded), 1);
        let (consent, person) = (given.consent, given.person);
        let revoked = Fact::ConsentRevoked { consent, person, parties: RevokedFor::All, oral: false };
        play(&mut c, &[(revoked, given.grantors[0].clone(), 0)], 1);
        if again {
            play(&mut c, &[recorded], 1);
        }
        for (ruling, category, grant) in disclosed(&answers(&mut c, &event, purpose), &event) {
            let Some(basis) = &grant.consent else { continue };
            prop_assert!(basis.record != consent, "{category} to {}", ruling.recipient);
            prop_assert!(!c.state.consent(basis.record).unwrap().ended(c.at), "{category} to {}", ruling.recipient);
        }
    }

    /// I3: what goes of a Part 2 record by consent carries its notice and its scope, what goes by other authority the
    /// short statement, and all of it the ban on proceedings.
    #[test]
    fn i3_no_part_2_payload_goes_without_its_notice(steps in any_steps(), event in any_event(), purpose in any_purpose()) {
        let mut c = after(&steps);
        for (_, category, grant) in disclosed(&answers(&mut c, &event, purpose), &event) {
            if !part2(&c, &event, category) {
                continue;
            }
            prop_assert!(grant.labels.contains(&LawLabel::Part2));
            prop_assert!(grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
            prop_assert!(grant.obligations.contains(&Obligation::Nordsclcd));
            if grant.consent.is_some() {
                let notice = grant.notice.as_ref().expect("a consented grant has its notice");
                prop_assert!(notice.text().contains("use") && !notice.scope().en.is_empty());
                prop_assert_eq!(notice.scope().consent, grant.consent.as_ref().unwrap().record);
            } else {
                let statement = grant.statement.as_deref().unwrap_or_default();
                prop_assert!(statement.contains("unauthorized use or disclosure"), "{category}: {statement:?}");
            }
        }
    }

    /// I5: whoever passes on what they got, as an event of their own, three times over: no label is shed, and no Part 2
    /// record loses what binds it.
    #[test]
    fn i5_labels_never_weaken_along_a_chain_of_releases(steps in any_steps(), event in any_event(), purpose in any_purpose()) {
        let mut c = after(&steps);
        let mut chain = vec![event];
        for _ in 0..3 {
            let mut next = Vec::new();
            for event in &chain {
                for (ruling, category, grant) in disclosed(&answers(&mut c, event, purpose), event) {
                    prop_assert!(event.labels.iter().all(|l| grant.labels.contains(l)), "{category}: {:?}", grant.labels);
                    let bound = grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient);
                    prop_assert!(bound || !grant.labels.contains(&LawLabel::Part2));
                    let mut passed_on = Event::of(ruling.recipient.unit.as_str(), &[category]);
                    passed_on.person = event.person;
                    passed_on.labels = grant.labels.iter().copied().collect();
                    next.push(passed_on);
                }
            }
            next.truncate(2);
            chain = next;
        }
    }

    /// I6, asks included: a state that was stored in the middle and loaded again rules as one that never was.
    #[test]
    fn i6_a_replay_from_any_point_rules_the_same(
        steps in any_steps(), at in any::<prop::sample::Index>(), event in any_event(), purpose in any_purpose()
    ) {
        let mut straight = after(&steps);
        let (first, rest) = steps.split_at(at.index(steps.len()));
        let mut stored = after(first);
        let text = serde_json::to_string(&stored.state).unwrap();
        stored.state = serde_json::from_str::<PolicyState>(&text).unwrap();
        play(&mut stored, rest, 1);
        prop_assert_eq!(&straight.state, &stored.state);
        prop_assert_eq!(answers(&mut straight, &event, purpose), answers(&mut stored, &event, purpose));
    }

    /// I9, under asks: an officer sees of others' data what the exception's field set holds, and by a court's order.
    #[test]
    fn i9_an_ask_shows_police_its_field_set_and_no_more(steps in any_steps(), event in any_event(), asks in proptest::collection::vec(any_ask(), 1..4)) {
        let mut c = after(&steps);
        let made: Vec<_> = asks.into_iter().map(|ask| (Fact::AskMade { ask: ask.clone() }, ask.unit, 0)).collect();
        play(&mut c, &made, 1);
        let templates = c.bundle.templates.clone();
        let police = |a: &&AskState| a.facts.to.kind == RecipientKind::Le && !matches!(a.facts.claim, Claim::LegalProcess(_));
        let asks: Vec<_> = c.state.asks_of(event.person.unwrap()).into_iter().filter(police).cloned().collect();
        for ask in asks {
            let set = match ExceptionName::of(&ask.facts.claim) {
                ExceptionName::Threat => "F-WARN",
                ExceptionName::Locate => "F-LOC",
                ExceptionName::Victim => "F-VICTIM",
                ExceptionName::Custody => "F4",
                ExceptionName::PremisesCrime => "F-PREMCRIME",
                ExceptionName::CrimeAlert => "F-CRIMEALERT",
                ExceptionName::MandatedReport => "F-MANDRPT",
                ExceptionName::Exposure => "F-EXPOSURE",
                ExceptionName::SchoolEmergency => "F-SCHOOLWARN",
                other => {
                    nothing_released(&c.under(&event, ask.facts.ask));
                    prop_assert!(matches!(other, ExceptionName::Emergency | ExceptionName::BreakGlass));
                    continue;
                }
            };
            for (category, grant) in grants(&c.under(&event, ask.facts.ask)) {
                let allowed = templates.get(set).unwrap().elements(category).cloned().unwrap_or(ElementSet::none());
                prop_assert!(within(&grant.elements, &allowed), "{category} by {set}: {:?}", grant.elements);
            }
        }
    }

    /// I10: whatever is delivered twice leaves the same answers, and the same queue of reviews.
    #[test]
    fn i10_a_duplicate_changes_no_answer_and_no_count(steps in any_steps(), event in any_event(), purpose in any_purpose()) {
        let (mut once, mut twice) = (world(), world());
        play(&mut once, &steps, 1);
        play(&mut twice, &steps, 2);
        prop_assert_eq!(answers(&mut once, &event, purpose), answers(&mut twice, &event, purpose));
        prop_assert_eq!(once.state.reviews().count(), twice.state.reviews().count());
        prop_assert_eq!(once.state.recipients(&event.source), twice.state.recipients(&event.source));
        let person = event.person.unwrap();
        prop_assert_eq!(once.state.consents_of(person).len(), twice.state.consents_of(person).len());
        prop_assert_eq!(once.state.asks_of(person).len(), twice.state.asks_of(person).len());
    }

    /// I11: from its suspension on nothing rests on an agreement; nothing goes to or from a suspended partner, whatever
    /// is asked.
    #[test]
    fn i11_after_a_suspension_nothing_is_released(
        steps in any_steps(), event in any_event(), purpose in any_purpose(), partner in world_unit(),
        status in proptest::sample::select(vec![AgreementStatus::Suspended, AgreementStatus::Terminated, AgreementStatus::Expired]),
        id in proptest::sample::select(vec!["crisis-co-response", "treatment", "shelter-referrals", "everything"])
    ) {
        let mut c = after(&steps);
        let agreement: AgreementId = id.parse().unwrap();
        let moved = Fact::AgreementMoved { agreement: agreement.clone(), version: 1, status };
        play(&mut c, &[(moved, unit_id("hub-operator"), 0)], 1);
        for (ruling, category, grant) in disclosed(&answers(&mut c, &event, purpose), &event) {
            prop_assert!(grant.agreement.is_none_or(|a| a.id != agreement), "{category} to {}", ruling.recipient);
        }
        let suspended = c.state.unit(&partner).unwrap().partner.clone();
        let moved = Fact::PartnerMoved { partner: suspended.clone(), status: PartnerStatus::Suspended };
        play(&mut c, &[(moved, unit_id("hub-operator"), 0)], 1);
        let of = |c: &County, unit: &UnitId| c.state.unit(unit).unwrap().partner == suspended;
        for ruling in answers(&mut c, &event, purpose) {
            let theirs = of(&c, &event.source) || of(&c, &ruling.recipient.unit);
            prop_assert!(!theirs || !ruling.releases(), "{}", ruling.recipient);
        }
    }

    /// I13: the consent that a release rests on is of the one type that the law asks for there.
    #[test]
    fn i13_every_consented_release_rests_on_the_right_type(steps in any_steps(), event in any_event(), purpose in any_purpose()) {
        use ConsentType::*;
        let mut c = after(&steps);
        for (ruling, category, grant) in disclosed(&answers(&mut c, &event, purpose), &event) {
            let Some(basis) = &grant.consent else { continue };
            let kind = ruling.recipient.kind;
            let right = if part2(&c, &event, category) {
                match basis.consent_type {
                    Part2Named => grant.purposes.iter().all(|p| !p.is_proceeding() && *p != Purpose::CjMonitor),
                    Part2Tpo => !matches!(kind, RecipientKind::Le | RecipientKind::Cj | RecipientKind::Cbo),
                    Part2CriminalJustice => {
                        kind == RecipientKind::Cj && grant.purposes == BTreeSet::from([Purpose::CjMonitor])
                    }
                    Part2Proceedings => grant.purposes.iter().all(|p| p.is_proceeding()),
                    Part2CounselingNotes | HipaaAuthorization | General => false,
                }
            } else {
                let covered = grant.labels.contains(&LawLabel::Hipaa);
                basis.consent_type == HipaaAuthorization || (basis.consent_type == General && !covered)
            };
            prop_assert!(right, "{category} to {} by {:?} for {:?}", ruling.recipient, basis.consent_type, grant.purposes);
            // Rulebook 7.6: its own basis key, and no other type's.
            let key = match (part2(&c, &event, category), basis.consent_type) {
                (true, Part2Proceedings) => "B18",
                (true, Part2CriminalJustice) => "B22",
                (true, _) => "B14",
                (false, _) => "B3",
            };
            let consented = ["B3", "B14", "B18", "B22"];
            let stated: Vec<_> = grant.basis.iter().map(ToString::to_string).collect();
            let others = stated.iter().filter(|b| consented.contains(&b.as_str()) && *b != key).count();
            prop_assert!(stated.iter().any(|b| b == key), "{category} by {:?}: {stated:?}", basis.consent_type);
            prop_assert!(others == 0 || grant.policies.len() > 1, "{category}: {stated:?}");
        }
    }

    /// I14: break-glass opens none of the five, whoever breaks it with whatever on record, and serves medical kinds
    /// alone.
    #[test]
    fn i14_break_glass_opens_none_of_the_five(
        steps in any_steps(), source in world_unit(), reader in any_ask(), reasons in medical_claim()
    ) {
        let mut c = after(&steps);
        let claim = match reasons.0 {
            Claim::Emergency(emergency) => BreakGlassClaim { reasoned: true, attested: true, emergency },
            Claim::BreakGlass(claim) => claim,
            other => return Err(TestCaseError::fail(format!("{other:?} is no medical claim"))),
        };
        let ask = AskFacts {
            ask: record(9_900),
            unit: reader.to.unit.clone(),
            purpose: Purpose::Btg,
            scope: AskScope { categories: Category::ALL.to_vec(), ..AskScope::default() },
            minutes: 60,
            claim: Claim::BreakGlass(claim),
            ..reader
        };
        let mut event = Event::of(source.as_str(), Category::ALL);
        event.person = Some(ask.person);
        play(&mut c, &[(Fact::AskMade { ask: ask.clone() }, ask.unit.clone(), 0)], 1);
        let ruling = c.under(&event, ask.ask);
        let medical = ["EMS", "BHC", "P2P", "HOSP", "L988"].contains(&ruling.recipient.kind.code());
        for (category, _) in grants(&ruling) {
            prop_assert!(!["C07", "C15", "C18", "C22", "C32"].contains(&category.id()), "{category}");
            prop_assert!(medical, "{category} to {}", ruling.recipient);
        }
    }
}
