//! From document to terms: every dimension known, every mandatory clause there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use handoff_schemas::{AgreementId, Category, LogTime, Purpose, RecipientKind, UnitId};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use toml::Spanned;
use toml::value::Datetime;

use super::document::{Clauses, Document, RawFlow, RawParty, Word};
use super::error::{Fault, Faults};
use super::{Agreement, AgreementError, AgreementKind, Flow, Party, PartyRole, ProhibitedUse, mandatory};
use crate::bundle::Bundle;

/// Longest document read; a longer one is a mistake or an attack.
const MAX_BYTES: usize = 256 * 1024;

pub(super) fn read(document: &str) -> Result<Agreement, Vec<AgreementError>> {
    let mut reader = Reader { faults: Faults::new(document) };
    if document.len() > MAX_BYTES {
        reader.fault("HO-1310", 0..0, "document", "longer than 256 KiB", "rulebook 7.1", "leave attachments out");
        return Err(reader.faults.found);
    }
    let parsed = match toml::from_str::<Document>(document) {
        Ok(parsed) => parsed,
        Err(e) => {
            let span = e.span().unwrap_or(0..0);
            let message = e.message().to_owned();
            reader.fault("HO-1310", span, "document", &message, "rulebook 7.1", "compare it with an example form");
            return Err(reader.faults.found);
        }
    };
    let agreement = reader.agreement(&parsed);
    match agreement {
        Some(agreement) if reader.faults.found.is_empty() => Ok(agreement),
        _ => Err(reader.faults.found),
    }
}

struct Reader {
    faults: Faults,
}

impl Reader {
    fn fault(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        clause: &str,
        message: &str,
        citation: &'static str,
        help: &str,
    ) {
        let (clause, message, help) = (clause.to_owned(), message.to_owned(), help.to_owned());
        self.faults.add(span, Fault { code, clause, message, citation, help });
    }

    /// A word of a fixed vocabulary.
    fn word<T: FromStr>(&mut self, word: &Word, clause: &str, code: &'static str, kind: &str, help: &str) -> Option<T> {
        let read = word.get_ref().parse().ok();
        if read.is_none() {
            let message = format!("`{}` is no {kind}", word.get_ref());
            self.fault(code, word.span(), clause, &message, "rulebook 7.1", help);
        }
        read
    }

    fn agreement(&mut self, d: &Document) -> Option<Agreement> {
        let id: Option<AgreementId> = self.word(&d.id, "id", "HO-1311", "agreement id", "use a-z, 0-9 and `-`");
        let kinds = "use MOU, ILA, QSOA, BAA, DUA, MCA, CJIS, CONTRACTOR, AUDIT or PARTICIPATION";
        let kind: Option<AgreementKind> = self.word(&d.kind, "kind", "HO-1312", "kind of agreement", kinds);
        let parties = self.parties(&d.party, kind, d.clauses.counsel_override.is_some());
        let flows = d.flow.iter().filter_map(|f| self.flow(f, &parties)).collect::<Vec<_>>();
        self.flow_names(&d.flow);
        let prohibited_uses = self.prohibited(&d.prohibited_uses);
        let (effective_from, effective_to) = self.dates(d);
        let review_due = self.review(d);
        self.boilerplate(d, &parties);
        if let Some(kind) = kind {
            self.mandatory(kind, &d.clauses, &d.kind);
            self.flows_fit(kind, d);
        }
        Some(Agreement {
            id: id?,
            version: *d.version.get_ref(),
            kind: kind?,
            title: d.title.get_ref().clone(),
            parties,
            flows,
            prohibited_uses,
            effective_from: effective_from?,
            effective_to,
            review_due,
            redisclosure: d.redisclosure.get_ref().clone(),
            counsel_override: d.clauses.counsel_override.is_some(),
        })
    }

    fn parties(&mut self, raw: &[Spanned<RawParty>], kind: Option<AgreementKind>, counsel: bool) -> Vec<Party> {
        let mut parties: Vec<Party> = Vec::new();
        for party in raw {
            let p = party.get_ref();
            let unit: Option<UnitId> = self.word(&p.unit, "party.unit", "HO-1311", "unit id", "use a-z, 0-9 and `-`");
            let roles =
                "use member, discloser, recipient, operator, qso, business-associate, covered-entity or part2-program";
            let role: Option<PartyRole> = self.word(&p.role, "party.role", "HO-1313", "role of a party", roles);
            let police = p.org_type.as_ref().is_some_and(|o| o.get_ref() == "law-enforcement");
            let serves = role.zip(kind).is_some_and(|(role, kind)| role.serves_program(kind));
            if serves && police && !counsel {
                let why = "a law-enforcement agency is no qualified service organization: a QSO serves the program";
                let help = "name the organization that serves the program, or record clauses.counsel_override";
                self.fault("HO-1320", p.role.span(), "party.role", why, "42 CFR 2.11, 2.12(c)(4)", help);
            }
            if let (Some(unit), Some(role)) = (unit, role) {
                if parties.iter().any(|known| known.unit == unit) {
                    self.fault(
                        "HO-1314",
                        p.unit.span(),
                        "party.unit",
                        "named twice",
                        "rulebook 7.1",
                        "name a unit once",
                    );
                }
                parties.push(Party { unit, role });
            }
        }
        if raw.len() < 2 {
            let span = raw.first().map_or(0..0, Spanned::span);
            self.fault(
                "HO-1314",
                span,
                "party",
                "fewer than two parties",
                "rulebook 7.1",
                "add a [[party]] for each unit",
            );
        }
        parties
    }

    fn flow(&mut self, raw: &Spanned<RawFlow>, parties: &[Party]) -> Option<Flow> {
        let f = raw.get_ref();
        let name = format!("flow.{}", f.clause.get_ref());
        let mut units = |words: &[Word], side: &str| -> Vec<UnitId> {
            let clause = format!("{name}.{side}");
            let mut known = Vec::new();
            for word in words {
                let unit: Option<UnitId> = self.word(word, &clause, "HO-1311", "unit id", "use a-z, 0-9 and `-`");
                let Some(unit) = unit else { continue };
                if !parties.iter().any(|p| p.unit == unit) {
                    let message = format!("`{unit}` is no party of this agreement");
                    self.fault("HO-1315", word.span(), &clause, &message, "rulebook 7.1", "add a [[party]] for it");
                }
                known.push(unit);
            }
            known
        };
        let (from, to) = (units(&f.from, "from"), units(&f.to, "to"));
        let star = f.categories.iter().any(|c| c.get_ref() == "*");
        let named = f.categories.iter().filter(|c| c.get_ref() != "*");
        let categories = named.filter_map(|c| self.category(c, &name)).collect();
        let flow = Flow {
            from,
            to,
            roles: self.words::<RecipientKind>(&f.roles, &name, "roles", "HO-1316", "recipient role"),
            purposes: self.words::<Purpose>(&f.purposes, &name, "purposes", "HO-1317", "purpose code"),
            categories,
            all_permitted: star,
            templates: self.templates(&f.templates, &name),
            clause: f.clause.get_ref().clone(),
        };
        let sides =
            [("from", f.from.len()), ("to", f.to.len()), ("roles", f.roles.len()), ("purposes", f.purposes.len())];
        for (side, length) in sides.into_iter().chain([("categories", f.categories.len())]) {
            if length == 0 {
                let why = "empty, so the clause would permit nothing";
                self.fault("HO-1318", raw.span(), &format!("{name}.{side}"), why, "rulebook 7.1", "name at least one");
            }
        }
        Some(flow)
    }

    fn words<T: FromStr>(&mut self, words: &[Word], name: &str, side: &str, code: &'static str, kind: &str) -> Vec<T> {
        let clause = format!("{name}.{side}");
        let help = "use a column of the matrix, for example EMS, or a purpose code, for example TREAT";
        words.iter().filter_map(|w| self.word(w, &clause, code, kind, help)).collect()
    }

    fn category(&mut self, word: &Word, name: &str) -> Option<Category> {
        let clause = format!("{name}.categories");
        let help = "use a slug of the matrix, for example ems-clinical, or \"*\"";
        let category: Category = self.word(word, &clause, "HO-1319", "category", help)?;
        let never = Bundle::embedded().is_ok_and(|b| b.defaults.never_carried.contains(&category));
        if never || category == Category::Administrative {
            let why = format!("`{category}` is never carried by the hub");
            self.fault("HO-1319", word.span(), &clause, &why, "rulebook 0.7", "take it out: no agreement can open it");
        }
        Some(category)
    }

    fn templates(&mut self, words: &[Word], name: &str) -> Vec<String> {
        let known = Bundle::embedded();
        for word in words {
            let is_known = known.as_ref().is_ok_and(|b| b.templates.get(word.get_ref()).is_some());
            if !is_known {
                let message = format!("`{}` is no field template", word.get_ref());
                let clause = format!("{name}.templates");
                self.fault("HO-1319", word.span(), &clause, &message, "rulebook 7.5", "use for example F3 or F5");
            }
        }
        words.iter().map(|w| w.get_ref().clone()).collect()
    }

    fn flow_names(&mut self, flows: &[Spanned<RawFlow>]) {
        let mut seen = BTreeSet::new();
        for flow in flows {
            let clause = &flow.get_ref().clause;
            if !seen.insert(clause.get_ref()) {
                let help = "name each clause once: rulings cite it";
                self.fault("HO-1318", clause.span(), "flow.clause", "a second flow of this name", "rulebook 7.1", help);
            }
        }
    }

    fn prohibited(&mut self, raw: &Spanned<Vec<Word>>) -> Vec<ProhibitedUse> {
        let help = "use immigration-enforcement, criminal-investigation, civil-litigation, resale, re-identification, \
                    marketing, or a purpose code";
        let words = raw.get_ref();
        words.iter().filter_map(|w| self.word(w, "prohibited_uses", "HO-1317", "prohibited use", help)).collect()
    }

    /// The first instant after the day by which somebody must look at the agreement again.
    fn review(&mut self, d: &Document) -> Option<LogTime> {
        let zone = d.time_zone.as_ref().and_then(|name| TimeZone::get(name.get_ref()).ok()).unwrap_or(TimeZone::UTC);
        d.review_due.as_ref().and_then(|due| self.instant(due, "review_due", &zone, true))
    }

    fn dates(&mut self, d: &Document) -> (Option<LogTime>, Option<LogTime>) {
        let zone = match &d.time_zone {
            None => TimeZone::UTC,
            Some(name) => match TimeZone::get(name.get_ref()) {
                Ok(zone) => zone,
                Err(_) => {
                    let help = "use an IANA name, for example America/Los_Angeles";
                    self.fault("HO-1321", name.span(), "time_zone", "no such time zone", "rulebook 7.1", help);
                    TimeZone::UTC
                }
            },
        };
        let from = self.instant(&d.effective_from, "effective_from", &zone, false);
        let to = d.effective_to.as_ref().and_then(|end| self.instant(end, "effective_to", &zone, true));
        if let (Some(start), Some(end), Some(raw)) = (from, to, &d.effective_to)
            && end <= start
        {
            self.fault(
                "HO-1321",
                raw.span(),
                "effective_to",
                "not after effective_from",
                "rulebook 7.1",
                "correct the dates",
            );
        }
        if d.effective_to.is_none() && !(d.evergreen && d.review_due.is_some()) {
            let help = "set effective_to, or evergreen = true with review_due";
            self.fault(
                "HO-1321",
                d.effective_from.span(),
                "effective_to",
                "no end and no review",
                "rulebook 7.1",
                help,
            );
        }
        (from, to)
    }

    /// A date alone means its first instant, or, as an end, the first instant after that day.
    fn instant(&mut self, raw: &Spanned<Datetime>, clause: &str, zone: &TimeZone, end: bool) -> Option<LogTime> {
        let text = raw.get_ref().to_string();
        let read = match text.parse::<jiff::Timestamp>() {
            Ok(instant) => Some(instant),
            Err(_) => text.parse::<Date>().ok().and_then(|date| {
                let day = if end { date.tomorrow().ok()? } else { date };
                zone.to_zoned(day.to_datetime(Time::midnight())).ok().map(|z| z.timestamp())
            }),
        };
        if read.is_none() {
            let help = "use a date, or a date and time with its offset";
            self.fault("HO-1321", raw.span(), clause, "no date", "rulebook 7.1", help);
        }
        read.map(LogTime::from)
    }

    fn boilerplate(&mut self, d: &Document, parties: &[Party]) {
        for (word, clause) in [(&d.title, "title"), (&d.redisclosure, "redisclosure"), (&d.retention, "retention")] {
            if word.get_ref().trim().is_empty() {
                self.fault("HO-1322", word.span(), clause, "empty", "rulebook 7.1", "say it in words");
            }
        }
        if *d.version.get_ref() == 0 {
            self.fault("HO-1322", d.version.span(), "version", "0", "rulebook 7.1", "versions count from 1");
        }
        if *d.incident_notice_hours.get_ref() == 0 {
            let span = d.incident_notice_hours.span();
            self.fault("HO-1322", span, "incident_notice_hours", "0", "45 CFR 164.410", "state the hours");
        }
        for party in parties {
            let signs = |s: &Spanned<super::document::RawSignatory>| s.get_ref().unit.get_ref() == party.unit.as_str();
            if !d.signatory.iter().any(signs) {
                let message = format!("nobody signs for `{}`", party.unit);
                let help = "add a [[signatory]] for it";
                self.fault("HO-1323", d.id.span(), "signatory", &message, "rulebook 7.1", help);
            }
        }
    }

    fn mandatory(&mut self, kind: AgreementKind, c: &Clauses, at: &Word) {
        for (clause, name, citation) in mandatory::clauses(kind, c) {
            if mandatory::lacks(clause) {
                let message = format!("an agreement of this kind needs the clause `{name}`");
                let span = clause.map_or(at.span(), Spanned::span);
                self.fault("HO-1324", span, &format!("clauses.{name}"), &message, citation, "add the clause's words");
            }
        }
        if let Some(counsel) = &c.counsel_override
            && [&counsel.by, &counsel.reason].iter().any(|w| w.get_ref().trim().is_empty())
        {
            let help = "name counsel and the reason";
            self.fault("HO-1324", counsel.by.span(), "clauses.counsel_override", "incomplete", "rulebook P2-09a", help);
        }
    }

    fn flows_fit(&mut self, kind: AgreementKind, d: &Document) {
        match d.flow.first() {
            Some(flow) if !kind.carries_flows() => {
                let why = "an agreement of this kind covers services; it makes no member entitled to receive";
                let help = "put the flow into a participation agreement, an ILA or an MOU";
                self.fault("HO-1325", flow.span(), "flow", why, "42 CFR 2.11; 45 CFR 160.103", help);
            }
            None if kind.carries_flows() && kind != AgreementKind::Mca => {
                self.fault("HO-1325", d.kind.span(), "flow", "no flow", "rulebook 7.1", "add a [[flow]]");
            }
            _ => {}
        }
    }
}
