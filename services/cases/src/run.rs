use handoff_schemas::LogTime;
use serde::Serialize;

use crate::check::{Difference, differences};
use crate::error::CaseError;
use crate::format::{Case, CaseFile, Documents, Given, Step, Then};
use crate::found::Found;
use crate::world::{Law, World};

/// When the first step happens unless the case says otherwise: 2026-11-22 at noon in Los Angeles.
const FIRST: LogTime = LogTime(1_795_377_600_000);
const DAY: i64 = 86_400_000;
const SECOND: i64 = 1_000;

/// What became of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub file: String,
    pub id: String,
    pub title: String,
    pub cites: Vec<String>,
    pub outcome: Outcome,
    /// Facts that the case states and nothing in the hub looks at yet.
    pub unread: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    Pass,
    Fail {
        differences: Vec<Difference>,
    },
    /// Not as expected yet, and the case says what is missing.
    Awaiting {
        awaits: String,
        differences: Vec<Difference>,
    },
    /// As expected, though the case says that something is missing: a failure until `awaits` is taken out.
    Arrived {
        awaits: String,
    },
}

impl Outcome {
    /// Whether it makes a run fail.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Fail { .. } | Self::Arrived { .. })
    }
}

/// Runs one case of a file.
///
/// # Errors
/// HO-9061 where the case names what it does not introduce.
pub fn run(file: &CaseFile, case: &Case, documents: &Documents) -> Result<Report, CaseError> {
    let contradiction =
        |message: String| CaseError::contradiction(&file.name, case.place(), format!("`{}`: {message}", case.id()));
    let law = Law::of(&case.given.hooks).map_err(contradiction)?;
    let mut play = Play { world: World::new(law), documents, differences: Vec::new(), unread: Vec::new() };
    play.all(case).map_err(contradiction)?;
    let differences = play.differences;
    let outcome = match (&case.awaits, differences.is_empty()) {
        (None, true) => Outcome::Pass,
        (None, false) => Outcome::Fail { differences },
        (Some(awaits), true) => Outcome::Arrived { awaits: awaits.clone() },
        (Some(awaits), false) => Outcome::Awaiting { awaits: awaits.clone(), differences },
    };
    play.unread.sort();
    play.unread.dedup();
    Ok(Report {
        file: file.name.clone(),
        id: case.id().to_owned(),
        title: case.title.clone(),
        cites: case.cites.clone(),
        outcome,
        unread: play.unread,
    })
}

/// A case being played.
struct Play<'a> {
    world: World,
    documents: &'a Documents,
    differences: Vec<Difference>,
    unread: Vec<String>,
}

/// Something given, with what must become of it.
enum Item<'a> {
    Agreement(&'a crate::format::Agreement),
    Consent(&'a crate::format::Consent),
    Event(&'a crate::format::Event),
    Order(&'a crate::format::Order),
    Hook(&'a crate::format::Hook),
}

impl Item<'_> {
    fn refused(&self) -> Option<&String> {
        match self {
            Self::Agreement(a) => a.refused.as_ref(),
            Self::Consent(c) => c.refused.as_ref(),
            Self::Event(e) => e.refused.as_ref(),
            Self::Order(o) => o.refused.as_ref(),
            Self::Hook(h) => h.refused.as_ref(),
        }
    }

    fn name(&self) -> String {
        let (kind, id) = match self {
            Self::Agreement(a) => ("agreement", a.id.as_ref()),
            Self::Consent(c) => ("consent", c.id.as_ref()),
            Self::Event(e) => ("event", e.id.as_ref()),
            Self::Order(o) => ("order", o.id.as_ref()),
            Self::Hook(h) => ("hook", Some(&h.hook)),
        };
        format!("given {kind} {}", id.map_or("without an id", String::as_str))
    }
}

impl Play<'_> {
    fn all(&mut self, case: &Case) -> Result<(), String> {
        let first = case.when.0.first().and_then(|s| s.at).map_or(FIRST, |at| at.0);
        self.given(&case.given, first)?;
        let mut at = first;
        for (index, step) in case.when.0.iter().enumerate() {
            at = step.at.map_or(LogTime(if index == 0 { at.0 } else { at.0 + SECOND }), |at| at.0);
            if at < self.world.now() {
                return Err(format!("step {} lies before what happened already", index + 1));
            }
            self.world.until(at);
            let mut found = self.step(step)?;
            found.faults.extend(self.world.faults());
            self.unread.append(&mut found.unread);
            self.differences.extend(differences(index + 1, step.name(), step.then.as_ref(), &found));
        }
        Ok(())
    }

    fn given(&mut self, given: &Given, first: LogTime) -> Result<(), String> {
        let usual = given.at.map_or(LogTime(first.0 - DAY), |at| at.0);
        let agreements = given.agreements.iter().map(|a| (a.at, Item::Agreement(a)));
        let consents = given.consents.iter().map(|c| (c.at, Item::Consent(c)));
        let events = given.events.iter().map(|e| (e.at, Item::Event(e)));
        let orders = given.orders.iter().map(|o| (o.at, Item::Order(o)));
        let hooks = given.hooks.iter().map(|h| (h.at, Item::Hook(h)));
        let all = agreements.chain(hooks).chain(consents).chain(events).chain(orders);
        let mut items: Vec<(LogTime, Item<'_>)> = all.map(|(at, item)| (at.map_or(usual, |at| at.0), item)).collect();
        items.sort_by_key(|(at, _)| *at);
        self.world.until(items.first().map_or(usual, |(at, _)| (*at).min(usual)));
        if let Some(hub) = &given.hub {
            let declared = self.world.hub(hub)?;
            self.expect("given hub", None, declared);
        }
        let registered = self.world.units(&given.units)?;
        self.expect("given units", None, registered);
        for (name, person) in &given.persons {
            let known = self.world.person(name, person)?;
            self.expect(&format!("given person {name}"), None, known);
            let keeper = given.events.iter().find(|e| e.about.as_ref() == Some(name)).map(|e| &e.by);
            if let Some((score, by)) = person.match_score.zip(keeper) {
                let said = self.world.matched(name, by, score)?;
                self.expect(&format!("given person {name}"), None, said);
            }
        }
        for (at, item) in items {
            self.world.until(at);
            let found = match item {
                Item::Agreement(a) => self.world.agreement(a, self.documents)?,
                Item::Consent(c) => self.world.consent(c)?,
                Item::Event(e) => self.world.event(e)?,
                Item::Order(o) => self.world.order(o)?,
                Item::Hook(h) => self.world.hook(h)?,
            };
            self.expect(&item.name(), item.refused(), found);
        }
        Ok(())
    }

    /// What is given was accepted, or refused as the case says.
    fn expect(&mut self, name: &str, refused: Option<&String>, mut found: Found) {
        found.faults.extend(self.world.faults());
        let then = refused.map(|word| Then { refused: Some(word.clone()), ..Then::default() });
        let all = differences(0, name, then.as_ref(), &found);
        self.differences.extend(all.into_iter().map(|d| Difference { key: format!("{name}: {}", d.key), ..d }));
    }

    fn step(&mut self, step: &Step) -> Result<Found, String> {
        let world = &mut self.world;
        Ok(if let Some(s) = &step.request {
            world.request(s)?
        } else if let Some(s) = &step.delivery {
            world.delivery(s)?
        } else if let Some(s) = &step.event {
            world.event(s)?
        } else if let Some(s) = &step.consent {
            world.consent(s)?
        } else if let Some(s) = &step.revoke {
            world.revoke(s)?
        } else if let Some(s) = &step.verify {
            world.verify(s)?
        } else if let Some(s) = &step.expire {
            world.expire(s)?
        } else if let Some(s) = &step.restriction {
            world.restriction(s)?
        } else if let Some(s) = &step.objection {
            world.objection(s)?
        } else if let Some(s) = &step.agreement {
            world.agreement(s, self.documents)?
        } else if let Some(s) = &step.agreement_status {
            world.agreement_status(s)?
        } else if let Some(s) = &step.units {
            world.units(s)?
        } else if let Some(s) = &step.partner_status {
            world.partner_status(s)?
        } else if let Some(s) = &step.persons {
            let mut found = Found::accepted();
            for (name, person) in s {
                found = world.person(name, person)?;
            }
            found
        } else if let Some(s) = &step.link {
            world.link(s, false)?
        } else if let Some(s) = &step.unlink {
            world.link(s, true)?
        } else if let Some(s) = &step.erase {
            world.erase(s)?
        } else if let Some(s) = &step.hub {
            world.hub(s)?
        } else if let Some(s) = &step.law {
            world.law(s)?
        } else if let Some(s) = step.procedure.as_ref().filter(|p| p.name == "activate-bundle") {
            world.activate_bundle(&s.facts)?
        } else if let Some(s) = &step.seal {
            world.seal(s, false)?
        } else if let Some(s) = &step.expunge {
            world.seal(s, true)?
        } else if let Some(s) = &step.order {
            world.order(s)?
        } else if let Some(s) = &step.withdraw {
            world.withdraw(s)?
        } else if let Some(s) = &step.review {
            world.review(s)?
        } else if let Some(s) = &step.hook {
            world.hook(s)?
        } else {
            Found::undecided(nothing_yet(step))
        })
    }
}

/// What the case asks for that no part of the hub does yet.
fn nothing_yet(step: &Step) -> String {
    let named = |kind: &str, name: &str| format!("no part of the hub does the {kind} `{name}` yet");
    if let Some(report) = &step.report {
        named("report", &report.kind)
    } else if let Some(measure) = &step.measure {
        named("measure", &measure.name)
    } else {
        named("procedure", step.procedure.as_ref().map_or("", |p| p.name.as_str()))
    }
}
