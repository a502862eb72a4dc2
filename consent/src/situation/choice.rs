//! Choices of one person that contradict each other (rulebook 7.4).
//!
//! A denial beats every permission of equal or broader scope, whichever is later. A permission that is later and narrower,
//! by the person, to a recipient whom it names, stands over it once its document names the denial or the unit whose data
//! it is has confirmed it. Until then it waits. An agreed restriction (45 CFR 164.522, 42 CFR 2.26) gives way to none, and
//! no law floor is looked at here: it stands beside.

use handoff_schemas::{Category, ConsentFacts, ConsentType, LogTime, Purpose, Signatures};

use super::{Match, Situation};
use crate::state::ConsentState;

/// How a consent stands to a denial of the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Choice {
    Loses,
    /// Later and narrower, and nobody has said that the person meant it over the denial (`HOLD_FOR_REVIEW`).
    Waits,
    Stands,
}

/// How what is permitted lies in what is denied, in one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Beyond,
    Equal,
    Within,
}

impl Situation<'_> {
    /// How a consent that covers the slice stands to a denial that reaches it.
    pub fn choice(&self, consent: &Match<'_>, denial: &ConsentState, part2: bool) -> Choice {
        let (given, denied) = (consent.given, &denial.facts);
        // When a denial was made nobody may know: then nothing is later.
        let later = denied.signed_at > LogTime::default() && given.facts.signed_at > denied.signed_at;
        let by_person = given.signatures().is_none_or(Signatures::by_person);
        let named = consent.named && !consent.tpo();
        let whose = self.is_same(denied.person);
        if denied.restriction || !later || !by_person || !named || !whose {
            return Choice::Loses;
        }
        match self.narrower(&given.facts, denied, part2) {
            false => Choice::Loses,
            true if given.stands_over(denied.consent, self.event.source) => Choice::Stands,
            true => Choice::Waits,
        }
    }

    /// Whether all that it permits is denied, and less than all that is denied.
    fn narrower(&self, permit: &ConsentFacts, denial: &ConsentFacts, part2: bool) -> bool {
        let extents = [
            listed(&permit.grantors, &denial.grantors),
            listed(&permit.recipients, &denial.recipients),
            purposes(permit, denial),
            self.categories(permit, denial, part2),
            listed(&permit.elements, &denial.elements),
            listed(&permit.records, &denial.records),
            listed(&permit.event_types, &denial.event_types),
            period(permit, denial),
        ];
        !extents.contains(&Extent::Beyond) && extents.contains(&Extent::Within)
    }

    /// Of a Part 2 record `part2-record` stands for all of it. What the hub never carries makes nobody's choice narrower.
    fn categories(&self, permit: &ConsentFacts, denial: &ConsentFacts, part2: bool) -> Extent {
        let whole = |f: &ConsentFacts| part2 && f.categories.contains(&Category::Part2Record);
        let denied = |c: &Category| denial.categories.is_empty() || whole(denial) || denial.categories.contains(c);
        if !permit.categories.iter().all(denied) {
            return Extent::Beyond;
        }
        let never = &self.bundle.defaults.never_carried;
        let carried = |c: &&Category| **c != Category::Administrative && !never.contains(*c);
        let permitted = |c: &Category| whole(permit) || permit.categories.contains(c);
        let all = if denial.categories.is_empty() { Category::ALL } else { &denial.categories };
        if all.iter().filter(carried).all(permitted) { Extent::Equal } else { Extent::Within }
    }
}

/// Of lists in which none means all.
fn listed<T: PartialEq>(permit: &[T], denial: &[T]) -> Extent {
    match (permit.is_empty(), denial.is_empty()) {
        (true, true) => Extent::Equal,
        (false, true) => Extent::Within,
        (true, false) => Extent::Beyond,
        (false, false) if !permit.iter().all(|p| denial.contains(p)) => Extent::Beyond,
        (false, false) if denial.iter().all(|d| permit.contains(d)) => Extent::Equal,
        (false, false) => Extent::Within,
    }
}

/// A form for proceedings serves nothing else and no other serves them (42 CFR 2.31(d)), so neither is narrower for that.
fn purposes(permit: &ConsentFacts, denial: &ConsentFacts) -> Extent {
    let denied = |p: &Purpose| denial.purposes.is_empty() || denial.purposes.iter().any(|d| d.covers(*p));
    if !permit.purposes.iter().all(denied) {
        return Extent::Beyond;
    }
    let proceedings = permit.consent_type == ConsentType::Part2Proceedings;
    let of_form = |p: &&Purpose| p.is_proceeding() == proceedings;
    let permitted = |d: &Purpose| permit.purposes.iter().any(|p| p.covers(*d));
    let all = if denial.purposes.is_empty() { Purpose::ALL } else { &denial.purposes };
    if all.iter().filter(of_form).all(permitted) { Extent::Equal } else { Extent::Within }
}

fn period(permit: &ConsentFacts, denial: &ConsentFacts) -> Extent {
    let from = denial.data_from.is_none_or(|first| permit.data_from.is_some_and(|from| from >= first));
    let before = denial.data_before.is_none_or(|end| permit.data_before.is_some_and(|before| before <= end));
    if !from || !before {
        return Extent::Beyond;
    }
    let same = permit.data_from == denial.data_from && permit.data_before == denial.data_before;
    if same { Extent::Equal } else { Extent::Within }
}
