use std::collections::BTreeSet;

use handoff_law::Reason;
use handoff_schemas::{LogPos, PersonId, Purpose, Recipient, RecipientKind, RecordId};

use super::names::Names;
use super::{Row, World};
use crate::format::{Decision, Delivery, Request};
use crate::found::{Found, Shown};

/// No case calls anybody so.
const NOBODY: &str = "\0nobody";

impl World {
    /// A unit's user asks: by a purpose of their own, or reading what stands in the unit's view.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn request(&mut self, r: &Request) -> Result<Found, String> {
        if let Some(reader) = &r.reader {
            return self.request(&given(r, reader)?);
        }
        let only: BTreeSet<usize> = r
            .events
            .iter()
            .map(|name| self.places(name))
            .collect::<Result<Vec<_>, _>>()?
            .concat()
            .into_iter()
            .collect();
        let sources = r.from.0.iter().map(|name| self.unit_id(name)).collect::<Result<Vec<_>, _>>()?;
        let Some(recipient) = self.recipient(&r.by, r.role)? else { return Ok(Found::no_recipient()) };
        let wanted = |world: &Self, place: &usize| {
            let source = world.events.get(*place).map(|t| &t.event.unit);
            (only.is_empty() || only.contains(place))
                && (sources.is_empty() || source.is_some_and(|s| sources.contains(s)))
                && (r.own || source != Some(&recipient.unit))
        };
        let about = |world: &Self, person: Option<PersonId>| {
            world.about(person).into_iter().filter(|place| wanted(world, place)).collect::<Vec<_>>()
        };
        let places = about(&*self, r.about.as_deref().map(Names::person));
        let nobodys = about(&*self, Some(Names::person(NOBODY)));
        let asked = r.about.as_deref().map(Names::person);
        let (same, unsure) = self.parted(&places, asked);
        let made = self.asks_of(r, &recipient, &same)?;
        let (mut shown, mut reasons) = self.answer(&same, &recipient, r.purpose);
        // Whether a likely match is sure enough for the ask is the engine's to say.
        let under = self.answer_under(&places, &recipient, &made.asks);
        shown.extend(under.shown);
        reasons.extend(under.reasons);
        // What lies beyond a link that is not sure enough is not found: said to nobody but whoever may know why.
        if !unsure.is_empty() {
            reasons.insert(Reason::IdentityUncertain.code().to_owned());
        }
        let (unknown, _) = self.answer(&nobodys, &recipient, r.purpose);
        let mut found = Found::answered(&shown, &unknown);
        found.reasons = reasons;
        if under.waits && found.decision == Some(Decision::Deny) {
            found.decision = Some(Decision::Review);
        }
        found.refusal = made.refusal;
        found.follows = under.follows;
        found.unread.extend(made.unread.iter().map(|fact| format!("basis.{fact}")));
        Ok(self.named(found))
    }

    /// What the recipient's view shows of one event.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn delivery(&mut self, d: &Delivery) -> Result<Found, String> {
        let places = self.places(&d.of)?;
        let Some(recipient) = self.recipient(&d.to, d.role)? else { return Ok(Found::no_recipient()) };
        let (shown, reasons) = self.answer(&places, &recipient, None);
        let mut found = Found::answered(&shown, &[]);
        found.reasons = reasons;
        let stands = |r: &&Row| places.contains(&r.event) && r.recipient == recipient && r.ruling.ask.is_none();
        let held = self.rows.iter().filter(stands);
        found.releases = held.map(|r| r.count).sum();
        found.recalls = places.iter().map(|place| self.recalled(*place, &recipient)).sum();
        Ok(self.named(found))
    }

    /// What is shown of these events, and why the rest is not.
    fn answer(&mut self, places: &[usize], to: &Recipient, asked: Option<Purpose>) -> (Vec<Shown>, BTreeSet<String>) {
        let (mut all, mut why) = (Vec::new(), Found::default());
        for place in places {
            let Some(ruling) = self.rule(*place, to, asked) else { continue };
            why.withheld(&ruling);
            let now = self.left(*place, &ruling);
            let shown = if asked.is_some() { now } else { self.viewed(*place, to, None, now) };
            all.extend(shown);
        }
        (all, why.reasons)
    }

    /// The row that stands, or that the ask opened. A view that shows anything but what would be ruled now is a defect of
    /// the hub: a change that set no floor, or was not ruled again.
    pub(super) fn viewed(
        &mut self,
        place: usize,
        to: &Recipient,
        ask: Option<RecordId>,
        now: Option<Shown>,
    ) -> Option<Shown> {
        let shown = self.standing(place, to, ask);
        let content = |shown: &Option<Shown>| shown.as_ref().map(|s| s.data.clone());
        if content(&shown) != content(&now) {
            self.faults.push(format!("the view of {to} and a ruling made now differ"));
        }
        shown
    }

    fn standing(&self, place: usize, to: &Recipient, ask: Option<RecordId>) -> Option<Shown> {
        let row = self.rows.iter().find(|r| r.event == place && r.recipient == *to && r.ruling.ask == ask)?;
        let floor = |scope| self.floors.get(scope).copied().unwrap_or(LogPos(0));
        let above = row.ruling.scopes.iter().all(|scope| row.ruling.at_pos >= floor(scope));
        let in_time = row.ruling.valid_until.is_none_or(|end| end > self.at);
        (above && in_time).then(|| row.shown.clone())
    }

    /// Events about whoever is surely the person asked about, and about whoever only may be.
    fn parted(&self, places: &[usize], asked: Option<PersonId>) -> (Vec<usize>, Vec<usize>) {
        let same = asked.map(|p| self.state.same_person(p, &self.bundle.defaults.identity));
        let about = |place: &usize| self.events.get(*place).and_then(|told| told.event.person);
        let surely = |place: &usize| same.as_ref().is_none_or(|s| about(place).is_some_and(|p| s.contains(&p)));
        places.iter().copied().partition(surely)
    }

    /// Events about the person and whoever is linked to them; all events where nobody is named.
    fn about(&self, person: Option<PersonId>) -> Vec<usize> {
        let cluster = person.map(|p| self.state.person_cluster(p));
        let of = |p: Option<PersonId>| cluster.as_ref().is_none_or(|c| p.is_some_and(|p| c.contains(&p)));
        let told = self.events.iter().enumerate();
        told.filter(|(_, t)| !t.replaced && !t.categories.is_empty() && of(t.event.person)).map(|(at, _)| at).collect()
    }

    /// Who reads; none for who is no recipient at the hub in this role.
    fn recipient(&self, name: &str, role: Option<RecipientKind>) -> Result<Option<Recipient>, String> {
        if self.names.outside.contains_key(name) {
            return Ok(None);
        }
        let unit = self.unit_id(name)?;
        let Some(facts) = self.directory.get(&unit) else { return Ok(None) };
        let kind = match role {
            Some(role) => facts.roles.contains(&role).then_some(role),
            None => facts.roles.first().copied(),
        };
        Ok(kind.map(|kind| Recipient { unit, kind }))
    }

    fn places(&self, event: &str) -> Result<Vec<usize>, String> {
        let named = self.names.events.get(event).ok_or_else(|| format!("no event of the case has the id `{event}`"))?;
        let stands = |place: &usize| self.events.get(*place).is_some_and(|t| !t.replaced);
        Ok(named.places.iter().copied().filter(stands).collect())
    }

    /// Consents by the case's own ids.
    fn named(&self, mut found: Found) -> Found {
        found.relies_on = found.relies_on.iter().map(|id| self.names.of_consent(id).to_owned()).collect();
        found
    }
}

/// What a unit gives of its own, as its reader finds it.
fn given(r: &Request, reader: &str) -> Result<Request, String> {
    let gives = [Purpose::DutyWarn, Purpose::LeVictim, Purpose::LeCrimeAlert, Purpose::MandatedReport, Purpose::Threat];
    if !r.purpose.is_some_and(|p| gives.contains(&p)) || r.basis.is_empty() {
        let all = gives.map(Purpose::code).join(", ");
        return Err(format!("`for` goes with what a unit gives of its own: a `basis`, and a purpose of {all}"));
    }
    let mut seen = Request { by: reader.to_owned(), reader: None, ..r.clone() };
    seen.from.0 = vec![r.by.clone()];
    Ok(seen)
}
