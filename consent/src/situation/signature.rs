//! Whose signature a consent needs, and how long it counts (42 CFR 2.14, 2.15; 45 CFR 164.502(g); rulebook HIP-13, 7.4).
//!
//! Looked at when somebody relies on the consent, not only when it was signed: a parent's signature covers nothing from
//! the 18th birthday on, a guardian's nothing once the authority has ended. What the hub does not know for certain does
//! not count, in either direction.

mod ward;

use handoff_schemas::{Capacity, Category, LogTime, PersonId, Purpose, RepresentativeRole as Role, Signatures, Signer};

use super::{CellFacts, Situation};
use crate::day::{Begins, OF_AGE, turns};
use crate::reason::Reason;
use crate::state::{ConsentState, Life, StatedCapacity, StatedRepresentative};

/// Where no end is known.
const NO_END: LogTime = LogTime(i64::MAX);

/// What the law of a place says of a minor who seeks the care that a record is about (42 CFR 2.14(b), (c)).
///
/// Until a reviewed state hook says otherwise (rulebook ST-04), a minor consents alone to nothing but what `defaults.toml`
/// lists as the minor's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MinorsLaw {
    /// The minor alone consents, and so signs.
    Alone,
    /// The minor alone from an age on, in years. Where two hooks set one, in the years between nobody's signature does.
    From { parent_below: u8, alone_at: u8 },
    /// A parent consents to the care: to a disclosure of Part 2 records both, of others the parent.
    WithParent,
}

impl Situation<'_> {
    /// Of what these axes are about.
    pub fn minors_law(&self, axes: &[(Category, CellFacts<'_>)]) -> MinorsLaw {
        let own = &self.bundle.defaults.signatures.minors_own;
        if axes.iter().any(|(axis, _)| own.contains(axis)) {
            return MinorsLaw::Alone;
        }
        let ages = self.consent_ages(axes);
        match (ages.iter().min(), ages.iter().max()) {
            (Some(parent_below), Some(alone_at)) => {
                MinorsLaw::From { parent_below: *parent_below, alone_at: *alone_at }
            }
            _ => MinorsLaw::WithParent,
        }
    }

    /// Until when the signatures under a consent cover these axes (none: no end is known), or why they do not now.
    pub fn signed(
        &self,
        consent: &ConsentState,
        purpose: Purpose,
        axes: &[(Category, CellFacts<'_>)],
    ) -> Result<Option<LogTime>, Reason> {
        let lives = self.state.lives_of(consent.facts.person);
        let own = Signatures::own();
        let signatures = consent.signatures().unwrap_or(&own);
        if lives.is_empty() && consent.signatures().is_none_or(|s| *s == own) {
            return Ok(None);
        }
        let at = (consent.facts.signed_at, self.at);
        let known = |p: PersonId| self.is_same(p);
        let signed =
            Signed { situation: self, signatures, at, purpose, axes, life: Known::of(&lives, known, signatures) };
        signed.covers().map(|end| Some(end).filter(|end| *end < NO_END))
    }
}

/// Between two days, each of which may be uncertain by its zone.
#[derive(Clone, Copy)]
struct Span {
    from: Begins,
    /// The first instant after.
    until: Begins,
}

impl Span {
    fn of(from: Option<jiff::civil::Date>, until: Option<jiff::civil::Date>, zone: Option<&str>) -> Self {
        let after = until.map(|day| day.tomorrow().map_or(Begins::NEVER, |next| Begins::of(next, zone)));
        Self { from: from.map_or(Begins::EVER, |day| Begins::of(day, zone)), until: after.unwrap_or(Begins::NEVER) }
    }

    fn surely(&self, at: LogTime) -> bool {
        self.from.latest <= at && at < self.until.earliest
    }

    fn possibly(&self, at: LogTime) -> bool {
        self.from.earliest <= at && at < self.until.latest
    }

    const fn end(&self) -> LogTime {
        self.until.earliest
    }
}

/// What all entries of one human being say of their life, read in one zone.
struct Known<'a> {
    /// A day of birth is known of an entry that is surely the same human being.
    age: bool,
    /// Every day of birth that somebody says.
    births: Vec<jiff::civil::Date>,
    /// Before it everybody agrees that the person is a minor.
    minor_until: LogTime,
    /// From it on everybody agrees that the person is of age. Ever, where no day of birth is known.
    of_age_from: LogTime,
    died: Option<Begins>,
    capacities: Vec<(&'a StatedCapacity, Span)>,
    representatives: Vec<(&'a StatedRepresentative, Span)>,
}

impl<'a> Known<'a> {
    fn of(lives: &[(PersonId, &'a Life)], same: impl Fn(PersonId) -> bool, signatures: &Signatures) -> Self {
        let zone = signatures.zone.as_deref();
        let capacities: Vec<_> = lives
            .iter()
            .flat_map(|(_, life)| life.capacities.values().flatten())
            .map(|c| (c, window(c, zone)))
            .collect();
        let emancipated = || capacities.iter().filter(|(c, _)| c.facts.capacity == Capacity::Emancipated);
        let born: Vec<_> = lives.iter().filter_map(|(_, life)| life.born).collect();
        let births: Vec<(Begins, Begins)> = born.iter().map(|b| ages(*b, OF_AGE, zone)).collect();
        let first = births.iter().map(|(may, _)| may.earliest);
        let minor_until = first.chain(emancipated().map(|(_, span)| span.from.earliest)).min();
        let by_age = births.iter().map(|(_, surely)| surely.latest).max();
        // One that ended, or was taken back, makes nobody of age.
        let by_court = emancipated().filter(|(_, s)| s.end() == NO_END).map(|(_, span)| span.from.latest).min();
        let deaths = lives.iter().filter_map(|(_, life)| life.died);
        Self {
            age: lives.iter().any(|(person, life)| life.born.is_some() && same(*person)),
            births: born,
            minor_until: minor_until.unwrap_or(LogTime(i64::MIN)),
            of_age_from: [by_age, by_court].into_iter().flatten().min().unwrap_or(LogTime(i64::MIN)),
            died: deaths.map(|d| d.day.map_or(Begins::EVER, |day| Begins::of(day, zone))).max_by_key(|b| b.earliest),
            representatives: lives
                .iter()
                .flat_map(|(_, life)| life.representatives.values())
                .map(|r| (r, Span::of(r.facts.from, r.facts.until, zone)))
                .collect(),
            capacities,
        }
    }

    fn stated(&self, which: &[Capacity]) -> impl Iterator<Item = &Span> {
        self.capacities.iter().filter(move |(c, _)| which.contains(&c.facts.capacity)).map(|(_, span)| span)
    }

    /// The authorities of these roles, one that endangers the person left out (45 CFR 164.502(g)(5)).
    fn acting(&self, roles: &[Role]) -> impl Iterator<Item = &(&'a StatedRepresentative, Span)> {
        self.representatives.iter().filter(move |(r, _)| roles.contains(&r.facts.role) && !r.facts.endangerment)
    }
}

/// From when on somebody born on a day may be, and surely is, so many years old. Where that cannot be reckoned, may be for
/// ever and surely is never.
fn ages(born: jiff::civil::Date, years: u8, zone: Option<&str>) -> (Begins, Begins) {
    match turns(born, years) {
        Some((may, surely)) => (Begins::of(may, zone), Begins::of(surely, zone)),
        None => (Begins::EVER, Begins::NEVER),
    }
}

/// When a statement holds: between its days, from when it took an earlier one's place until one took its own.
fn window(stated: &StatedCapacity, zone: Option<&str>) -> Span {
    let mut span = Span::of(stated.facts.from, stated.facts.until, zone);
    if let Some(since) = stated.since.filter(|_| stated.facts.from.is_none()) {
        span.from = Begins { earliest: since, latest: since };
    }
    if let Some(replaced) = stated.replaced {
        let Begins { earliest, latest } = span.until;
        span.until = Begins { earliest: earliest.min(replaced), latest: latest.min(replaced) };
    }
    span
}

/// One consent's signatures, asked for one use.
struct Signed<'a, 'b> {
    situation: &'b Situation<'a>,
    signatures: &'b Signatures,
    /// When it was signed, and now.
    at: (LogTime, LogTime),
    purpose: Purpose,
    axes: &'b [(Category, CellFacts<'b>)],
    life: Known<'b>,
}

impl Signed<'_, '_> {
    fn covers(&self) -> Result<LogTime, Reason> {
        if self.life.died.is_some() {
            return self.estate().ok_or(Reason::SignerDied);
        }
        let ways = [self.person(), self.parent(), self.representative(), self.director()];
        ways.into_iter().flatten().max().ok_or_else(|| self.lacking())
    }

    fn part2(&self) -> bool {
        self.axes.first().is_some_and(|(own, _)| self.situation.part2(*own))
    }

    /// The minor's own signature sufficed when it was given.
    fn alone(&self) -> bool {
        match self.situation.minors_law(self.axes) {
            MinorsLaw::Alone => true,
            MinorsLaw::From { alone_at, .. } => self.reached(alone_at).is_some_and(|(_, surely)| surely <= self.at.0),
            MinorsLaw::WithParent => false,
        }
    }

    /// Until when a parent's signature may count besides age of majority: not for what the minor alone consents to by now.
    fn parents_turn(&self) -> Option<LogTime> {
        match self.situation.minors_law(self.axes) {
            MinorsLaw::Alone => None,
            MinorsLaw::From { parent_below, .. } => {
                self.reached(parent_below).map(|(may, _)| may).filter(|may| *may > self.at.1)
            }
            MinorsLaw::WithParent => Some(NO_END),
        }
    }

    /// From when on the person may be, and surely is, so many years old by all that is said; none where nobody says when
    /// the person was born.
    fn reached(&self, years: u8) -> Option<(LogTime, LogTime)> {
        let zone = self.signatures.zone.as_deref();
        let of = |b: &jiff::civil::Date| ages(*b, years, zone);
        let may = self.life.births.iter().map(of).map(|(may, _)| may.earliest).min();
        let surely = self.life.births.iter().map(of).map(|(_, surely)| surely.latest).max();
        may.zip(surely).filter(|_| self.life.age)
    }

    /// Known for certain to be a minor.
    fn minor(&self) -> bool {
        self.life.age && self.at.1 < self.life.minor_until
    }

    fn of_age(&self, at: LogTime) -> bool {
        at >= self.life.of_age_from
    }

    /// The person's own signature, given when the person could decide, of age or where a minor consents alone. It stands
    /// whatever comes later: that it was theirs does not change.
    fn person(&self) -> Option<LogTime> {
        let could_decide = self.decides(self.at.0);
        // A form that calls its signer a minor is a minor's, until a day of birth says more.
        let called_minor = !self.life.age && self.signatures.signed(&[Signer::Minor]);
        let counts = self.alone() || (self.of_age(self.at.0) && !called_minor);
        (self.signatures.by_person() && could_decide && counts).then_some(NO_END)
    }

    /// Nobody says that the person could not decide then.
    fn decides(&self, at: LogTime) -> bool {
        let lacks = [Capacity::AdjudicatedIncapacity, Capacity::CannotDecideNow];
        !self.life.stated(&lacks).any(|span| span.possibly(at))
    }

    /// A parent's or guardian's, for a minor: until the 18th birthday. For a Part 2 record beside the minor's own
    /// (2.14(c)), and never for what the minor alone consents to (2.14(b), 164.502(g)(3)).
    fn parent(&self) -> Option<LogTime> {
        let both = !self.part2() || (self.signatures.by_person() && self.decides(self.at.0));
        let turn = self.parents_turn()?;
        if !self.minor() || !both || self.endangered() {
            return None;
        }
        let end = self.life.minor_until.min(turn).min(self.next(self.endangering()));
        if self.signatures.signed(&[Signer::ParentOrGuardian, Signer::Under214]) {
            return Some(end);
        }
        let recorded = self.recorded(&[Role::Parent, Role::Guardian, Role::CourtAppointed], |_| true)?;
        self.signatures.signed(&[Signer::PersonalRepresentative]).then(|| recorded.min(end))
    }

    /// 45 CFR 164.502(g)(5): where a parent or guardian is recorded as endangering the person, no parent's word is taken.
    fn endangered(&self) -> bool {
        self.endangering().any(|span| span.possibly(self.at.1))
    }

    fn endangering(&self) -> impl Iterator<Item = &Span> {
        let parental = |r: &StatedRepresentative| matches!(r.facts.role, Role::Parent | Role::Guardian);
        let all = self.life.representatives.iter();
        all.filter(move |(r, _)| r.facts.endangerment && parental(r)).map(|(_, span)| span)
    }

    /// Somebody who acts for an adult: a guardian, or the agent whom the person named for when they cannot decide.
    fn representative(&self) -> Option<LogTime> {
        let signed = self.signatures.signed(&[Signer::PersonalRepresentative, Signer::Under215]);
        if !signed || self.able() || !self.of_age(self.at.1) {
            return None;
        }
        let end = self.guardian().or_else(|| self.agent()).or_else(|| self.by_form())?;
        Some(end.min(self.next(self.life.stated(&[Capacity::Full]))))
    }

    /// Somebody says that the person can decide now.
    fn able(&self) -> bool {
        self.life.stated(&[Capacity::Full]).any(|span| span.possibly(self.at.1))
    }

    /// 42 CFR 2.15(a)(1). A guardian of a minor is none of the adult that the minor becomes: the court has found the
    /// adult incapable, or the guardian was recorded when the person was of age already.
    fn guardian(&self) -> Option<LogTime> {
        let roles = [Role::Guardian, Role::CourtAppointed];
        match self.throughout(&[Capacity::AdjudicatedIncapacity]) {
            Some(adjudged) => Some(adjudged.min(self.recorded(&roles, |_| true)?)),
            None => self.recorded(&roles, |r| self.life.age && self.of_age(r.recorded_at)),
        }
    }

    fn agent(&self) -> Option<LogTime> {
        let unable = self.throughout(&[Capacity::AdjudicatedIncapacity, Capacity::CannotDecideNow])?;
        Some(unable.min(self.recorded(&[Role::HealthCareAgent], |_| true)?))
    }

    /// The court's finding is on record and no authority is: the form's own statement of it stands, which the discloser
    /// has checked (2.31(a)(8)).
    fn by_form(&self) -> Option<LogTime> {
        let nobody = self.life.representatives.is_empty();
        self.throughout(&[Capacity::AdjudicatedIncapacity]).filter(|_| nobody)
    }

    /// 42 CFR 2.15(a)(2): for who cannot decide by a medical condition the program's director may consent, to be paid and
    /// for nothing else.
    fn director(&self) -> Option<LogTime> {
        let for_payment = &self.situation.bundle.defaults.signatures.director_purposes;
        let serves = for_payment.iter().any(|p| p.covers(self.purpose));
        let otherwise = || self.life.stated(&[Capacity::AdjudicatedIncapacity, Capacity::Full]);
        let unclear = otherwise().any(|span| span.possibly(self.at.1));
        if !self.part2() || !serves || unclear || !self.signatures.signed(&[Signer::Under215]) {
            return None;
        }
        let end = self.throughout(&[Capacity::CannotDecideNow])?;
        Some(end.min(self.next(otherwise())))
    }

    /// After death (42 CFR 2.15(b)(2), 45 CFR 164.502(g)(4)): the executor; of a Part 2 record, where there is none, the
    /// spouse or family. Nobody's consent given in life goes on, and no time loosens it.
    fn estate(&self) -> Option<LogTime> {
        let since = self.life.died.is_some_and(|died| self.at.0 >= died.earliest);
        let signed = self.signatures.signed(&[Signer::PersonalRepresentative, Signer::Under215]);
        if !since || !signed {
            return None;
        }
        let family = self.part2() && self.life.acting(&[Role::Executor]).next().is_none();
        let kin = || self.recorded(&[Role::NextOfKin], |_| true).filter(|_| family);
        self.recorded(&[Role::Executor], |_| true).or_else(kin)
    }

    /// Until when an authority on record reaches these axes: one that stood when it was used, and stands now.
    fn recorded(&self, roles: &[Role], counts: impl Fn(&StatedRepresentative) -> bool) -> Option<LogTime> {
        let reaches = |r: &StatedRepresentative| {
            let scope = &r.facts.categories;
            scope.is_empty() || self.axes.iter().all(|(axis, _)| scope.contains(axis))
        };
        let stands = |span: &Span| span.surely(self.at.0) && span.surely(self.at.1);
        let all = self.life.acting(roles).filter(|(r, span)| stands(span) && reaches(r) && counts(r));
        all.map(|(_, span)| span.end()).max()
    }

    /// Until when one of these statements holds that held when it was signed and holds now.
    fn throughout(&self, which: &[Capacity]) -> Option<LogTime> {
        let holds = |span: &&Span| span.surely(self.at.0) && span.surely(self.at.1);
        self.life.stated(which).filter(holds).map(Span::end).max()
    }

    /// The first instant ahead at which one of these may begin.
    fn next<'s>(&self, spans: impl Iterator<Item = &'s Span>) -> LogTime {
        spans.map(|span| span.from.earliest).filter(|begins| *begins > self.at.1).min().unwrap_or(NO_END)
    }

    /// What stands in the way, where somebody has signed who might have.
    fn lacking(&self) -> Reason {
        let parents = [Signer::ParentOrGuardian, Signer::Under214];
        if self.signatures.signed(&parents) {
            return match (self.minor(), self.endangered()) {
                (false, _) => Reason::SignerAge,
                (true, true) => Reason::SignerAuthority,
                (true, false) => Reason::SignerMinor,
            };
        }
        if self.signatures.by_person() && self.decides(self.at.0) {
            return Reason::SignerMinor;
        }
        Reason::SignerAuthority
    }
}
