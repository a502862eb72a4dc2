//! A county in which exactly what a cell asks for can be given, and each part of it taken away.

use crate::authority::claims::order_2_65;
use crate::cells::table::{Asked, Cell, Exception};
use crate::cells::trial::{CLINIC, MEDICS, OTHER, POLICE, PROGRAM, SCHOOL, Trial};
use crate::common::*;
use handoff_law::Ruling;
use handoff_schemas::*;

/// What stands in a county: agreements are between all of its units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    Nothing,
    Everything,
    Suspended,
    AllBut(Category),
}

/// A county whose every trial is about a person of its own.
pub struct Counties {
    nothing: County,
    everything: County,
    suspended: County,
    /// The last one asked for: cells come by category.
    all_but: Option<(Category, County)>,
    people: u64,
}

impl Counties {
    pub fn found() -> Self {
        let mut suspended = county(Agreed::Everything);
        suspended.move_agreement("everything", AgreementStatus::Suspended);
        Self {
            nothing: county(Agreed::Nothing),
            everything: county(Agreed::Everything),
            suspended,
            all_but: None,
            people: 0,
        }
    }

    pub fn trial(&mut self, cell: &Cell, slice: Category) -> Trial {
        self.people += 1;
        Trial::of(cell, slice, self.people)
    }

    fn of(&mut self, agreed: Agreed) -> &mut County {
        match agreed {
            Agreed::Nothing => &mut self.nothing,
            Agreed::Everything => &mut self.everything,
            Agreed::Suspended => &mut self.suspended,
            Agreed::AllBut(category) => {
                let known = self.all_but.take().filter(|(of, _)| *of == category);
                let kept = known.unwrap_or_else(|| (category, county(agreed)));
                &mut self.all_but.insert(kept).1
            }
        }
    }

    /// The answer where exactly what the way asks for is given.
    pub fn given(&mut self, trial: &Trial, asked: Asked) -> Ruling {
        match asked {
            Asked::Agreement => self.standing(Agreed::Everything, trial, None),
            Asked::Own => self.standing(Agreed::Nothing, &trial.own(), None),
            Asked::Initiated => self.referred(Agreed::Everything, trial, trial.to.unit.as_str()),
            Asked::Hook => self.hooked(Agreed::Everything, trial, trial.to.unit.as_str(), None),
            Asked::Consent => self.standing(Agreed::Everything, trial, Some(trial.named())),
            Asked::CriminalJustice => self.standing(Agreed::Everything, trial, Some(trial.monitored())),
            Asked::Reliance => self.relying(Agreed::Everything, trial, trial.relied()),
            // No agreement: what other authority opens needs none.
            Asked::Exception(exception) => self.under(Agreed::Nothing, trial, &trial.invoked(exception), None),
            Asked::Order => self.under(Agreed::Nothing, trial, &trial.served(), Some(ReviewOutcome::Release)),
        }
    }

    /// The answers where all but one thing of what the way asks for is given.
    pub fn lacking(&mut self, trial: &Trial, category: Category, asked: Asked) -> Vec<(String, Ruling)> {
        use Agreed::{AllBut, Everything, Nothing, Suspended};
        let mut all: Vec<(String, Ruling)> = Vec::new();
        let mut keep = |what: &str, ruling: Ruling| all.push((what.to_owned(), ruling));
        let agreements = [("no agreement", Nothing), ("agreement suspended", Suspended), ("no term", AllBut(category))];
        match asked {
            Asked::Agreement => {
                for (what, agreed) in agreements {
                    keep(what, self.standing(agreed, trial, Some(trial.named())));
                }
            }
            Asked::Own => keep("of another unit", self.standing(Everything, trial, None)),
            Asked::Initiated => {
                keep("asked for by another", self.referred(Everything, trial, OTHER));
                for (what, agreed) in agreements {
                    keep(what, self.referred(agreed, trial, trial.to.unit.as_str()));
                }
            }
            Asked::Hook => {
                let wrote = trial.to.unit.as_str();
                keep("reviewed for another agreement", self.hooked(Everything, trial, wrote, Some("another")));
                keep("reviewed by nobody, or no more", self.written(Everything, trial, wrote));
                for (what, agreed) in agreements {
                    keep(what, self.hooked(agreed, trial, wrote, None));
                }
                if category == Category::Hold {
                    keep("another wrote the hold", self.hooked(Everything, trial, OTHER, None));
                }
            }
            Asked::Consent | Asked::CriminalJustice => {
                let consent = if asked == Asked::Consent { trial.named() } else { trial.monitored() };
                keep("no consent", self.standing(Everything, trial, None));
                for (what, agreed) in agreements {
                    keep(what, self.standing(agreed, trial, Some(consent.clone())));
                }
                for (what, bent) in trial.bent(&consent) {
                    keep(what, self.standing(Everything, trial, Some(bent)));
                }
            }
            Asked::Reliance => {
                let mut others = trial.relied();
                others.recipients = [unit_id(OTHER)].into();
                keep("relied on by another", self.relying(Everything, trial, others));
                for (what, agreed) in agreements {
                    keep(what, self.relying(agreed, trial, trial.relied()));
                }
            }
            Asked::Exception(exception) => {
                for (n, facts) in trial.hollow(exception).iter().enumerate() {
                    keep(&format!("{exception:?} without fact {n}"), self.under(Nothing, trial, facts, None));
                }
                let mut elsewhere = trial.invoked(exception);
                elsewhere.person = person(trial.person + 1_000_000);
                keep("asked about another", self.under(Agreed::Nothing, trial, &elsewhere, None));
            }
            Asked::Order => {
                keep("not reviewed", self.under(Agreed::Nothing, trial, &trial.served(), None));
                keep("refused", self.under(Agreed::Nothing, trial, &trial.served(), Some(ReviewOutcome::Refuse)));
                for (what, facts) in trial.not_served() {
                    keep(what, self.under(Agreed::Nothing, trial, &facts, Some(ReviewOutcome::Release)));
                }
            }
        }
        all
    }

    /// The answers where everything is given that anybody can give.
    pub fn whatever(&mut self, trial: &Trial) -> Vec<(String, Ruling)> {
        for consent in trial.every_consent() {
            self.everything.consent(consent);
        }
        let mut all = vec![("standing".to_owned(), self.standing(Agreed::Everything, trial, None))];
        let event = trial.event();
        for purpose in Purpose::ALL {
            all.push((purpose.to_string(), self.everything.ask(&event, &trial.to, *purpose)));
        }
        all.extend(self.every_ask(trial));
        all
    }

    /// Under every exception, with all its facts on record, and under every order.
    pub fn every_ask(&mut self, trial: &Trial) -> Vec<(String, Ruling)> {
        let mut all = Vec::new();
        for exception in Exception::ALL {
            all.push((
                format!("{exception:?}"),
                self.under(Agreed::Everything, trial, &trial.invoked(exception), None),
            ));
        }
        for facts in [trial.served(), trial.ordered(order_2_65(), Purpose::Prosecute), trial.generic()] {
            all.push((
                facts.purpose.to_string(),
                self.under(Agreed::Everything, trial, &facts, Some(ReviewOutcome::Release)),
            ));
        }
        all
    }

    pub fn standing(&mut self, agreed: Agreed, trial: &Trial, consent: Option<ConsentFacts>) -> Ruling {
        let county = self.of(agreed);
        if let Some(consent) = consent {
            county.consent(consent);
        }
        county.rule(&trial.event(), &trial.to)
    }

    fn referred(&mut self, agreed: Agreed, trial: &Trial, initiated_by: &str) -> Ruling {
        let county = self.of(agreed);
        let (referral, from, to) = (record(20_000_000 + county.pos), unit_id(trial.source), unit_id(OTHER));
        let opened = Fact::ReferralOpened {
            referral,
            person: person(trial.person),
            from,
            to,
            initiated_by: unit_id(initiated_by),
        };
        county.fold(trial.source, vec![opened]);
        let mut event = trial.event();
        event.facts = vec![Fact::ReferralMoved { referral, status: ReferralStatus::Accepted }];
        county.rule(&event, &trial.to)
    }

    /// Where somebody reviewed the hooks of these units' state, for everything or for one agreement alone; afterwards the
    /// reviews are taken back.
    fn hooked(&mut self, agreed: Agreed, trial: &Trial, wrote: &str, only: Option<&str>) -> Ruling {
        self.of(agreed).fold("hub-operator", reviews(only, false));
        let ruling = self.written(agreed, trial, wrote);
        self.of(agreed).fold("hub-operator", reviews(only, true));
        ruling
    }

    /// Of an event about a hold that this unit wrote.
    fn written(&mut self, agreed: Agreed, trial: &Trial, wrote: &str) -> Ruling {
        let mut event = trial.event();
        event.facts = vec![Fact::HoldWritten { person: person(trial.person), unit: unit_id(wrote) }];
        self.of(agreed).rule(&event, &trial.to)
    }

    fn relying(&mut self, agreed: Agreed, trial: &Trial, consent: ConsentFacts) -> Ruling {
        let county = self.of(agreed);
        county.consent(consent.clone());
        let mut event = trial.event();
        event.event_type = "consent.consent-recorded.v1";
        event.facts = vec![Fact::ConsentRecorded { consent }];
        county.rule(&event, &trial.to)
    }

    fn under(&mut self, agreed: Agreed, trial: &Trial, facts: &AskFacts, review: Option<ReviewOutcome>) -> Ruling {
        let county = self.of(agreed);
        let facts = AskFacts { ask: record(10_000_000 + county.pos), ..facts.clone() };
        county.asks(&facts);
        if let Some(outcome) = review {
            let reviewed = Fact::AskReviewed { ask: facts.ask, person: facts.person, outcome };
            county.fold(facts.unit.as_str(), vec![reviewed]);
        }
        county.under(&trial.event(), facts.ask)
    }
}

/// Reviews of every hook of Washington that opens a cell.
fn reviews(only: Option<&str>, withdrawn: bool) -> Vec<Fact> {
    let review = |hook: &str| Fact::HookReviewed {
        review: HookReview {
            hook: hook.to_owned(),
            reviewed_by: "County counsel".to_owned(),
            reviewed_on: None,
            agreement: only.map(|agreement| agreement.parse().unwrap()),
            age: None,
            withdrawn,
        },
    };
    ["ST-03/US-WA/hold-facts", "ST-04/US-WA/minors-own-treatment", "ST-05/US-WA/hiv-treatment"].map(review).to_vec()
}

fn county(agreed: Agreed) -> County {
    use HipaaStatus::{CoveredProvider, None as NotCovered};
    use RecipientKind::{Bhc, Cbo, Ems, Le, P2p};
    let mut c = County::empty();
    let sources = [
        (POLICE, Le, NotCovered, Part2Status::No),
        (MEDICS, Ems, CoveredProvider, Part2Status::No),
        (CLINIC, Bhc, CoveredProvider, Part2Status::No),
        (PROGRAM, P2p, CoveredProvider, Part2Status::Yes),
        (OTHER, Cbo, NotCovered, Part2Status::No),
    ];
    let mut all = Vec::new();
    for (name, kind, hipaa, part2) in sources {
        c.unit(unit(name, name, &[kind], hipaa, part2));
        all.push((name.to_owned(), kind));
    }
    let mut school = unit(SCHOOL, SCHOOL, &[Cbo], NotCovered, Part2Status::No);
    school.further_law = vec![LawLabel::Ferpa];
    c.unit(school);
    all.push((SCHOOL.to_owned(), Cbo));
    for kind in RecipientKind::ALL {
        let name = to_kind(*kind).unit.to_string();
        let health = matches!(kind.code(), "EMS" | "BHC" | "P2P" | "HOSP" | "CMP" | "L988");
        let hipaa = if health { CoveredProvider } else { NotCovered };
        let part2 = if *kind == P2p { Part2Status::Yes } else { Part2Status::No };
        c.unit(unit(&name, &name, &[*kind], hipaa, part2));
        all.push((name, *kind));
    }
    let units: Vec<_> = all.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    match agreed {
        Agreed::Nothing => {}
        Agreed::Everything | Agreed::Suspended => c.agreement(&everything(&units)),
        Agreed::AllBut(category) => c.agreement(&all_but(&everything(&units), category)),
    }
    c
}

/// The agreement's document without one category.
fn all_but(document: &str, category: Category) -> String {
    let (before, after) = document.split_once("categories = [").unwrap();
    let (list, after) = after.split_once(']').unwrap();
    let slug = format!("\"{category}\"");
    let kept: Vec<_> = list.split(',').filter(|c| *c != slug).collect();
    format!("{before}categories = [{}]{after}", kept.join(","))
}
