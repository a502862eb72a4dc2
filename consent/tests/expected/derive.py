#!/usr/bin/env python3
"""Derives what every (category, recipient kind) must show in five situations, from the matrix and the rulebook's rules,
without the engine. Reads law/matrix.csv and the field lists of law/templates.toml; everything else is written down here
a second time, so that an error in the engine and its data shows as a difference. Run it to refresh matrix.csv beside
it. leaves.py takes the same rules down to every leaf of every event.

Situations: `source` publishes; an agreement covers every unit, role, purpose and category the hub carries.
  none        source: a covered clinic, no Part 2; no agreement, no consent
  agreement   source: the clinic; nobody consented
  part2       source: the clinic as a Part 2 program; a named Part 2 consent lists every recipient, all categories and
              standing purposes
  police      source: a police unit, which HIPAA does not cover; nobody consented
  ems         source: a covered fire and EMS unit; nobody consented
"""
import csv, pathlib, re, tomllib
from typing import NamedTuple

here = pathlib.Path(__file__).parent
law = here.parent.parent / "law"
cells = {(r["slug"], r["recipient"]): r for r in csv.DictReader(open(law / "matrix.csv"))}
fields = tomllib.load(open(law / "templates.toml", "rb"))
KINDS = "LE PSAP EMS BHC P2P HOSP CMP CBO CJ VSP L988 EVAL".split()


class Situation(NamedTuple):
    agreement: bool
    source: str  # its first role, a column of the matrix
    covered: bool  # by HIPAA
    part2: bool  # and a named consent to everything


SITUATIONS = {
    "none": Situation(False, "BHC", True, False),
    "agreement": Situation(True, "BHC", True, False),
    "part2": Situation(True, "BHC", True, True),
    "police": Situation(True, "LE", False, False),
    "ems": Situation(True, "EMS", True, False),
}


class About(NamedTuple):
    """What an event is about, where a cell asks."""
    axis: tuple = ()  # what it tells by being there at all, whichever leaf is looked at
    relied: frozenset = frozenset()  # kinds that are party to the consent it is about
    initiated: frozenset = frozenset()  # kinds that asked for the referral that the source reports on


# Rulebook 7.5 "Default templates", with DISPATCH/SCENESAFETY for kinds that can be sent and referral templates for COC.
# F3b is left out: it needs a reviewed hold hook.
SENT = {"DISPATCH": ["F1"], "SCENESAFETY": ["F2"]}
CLINICAL = {"TREAT": ["F5", "S"], "COC": ["F5", "F6", "F7", "S"]}
TEMPLATES = {
    "LE": {**SENT, "LEFOLLOWUP": ["F3", "F7-min"]},
    "PSAP": {**SENT, "DISPATCH": ["F1", "S"]},
    "EMS": {"TREAT": ["F4", "S"], **SENT},
    "BHC": {**CLINICAL, **SENT},
    "P2P": {**CLINICAL, **SENT},
    "HOSP": {**CLINICAL},
    "CMP": {"COC": ["F5-CM", "F6", "F7", "S"], **SENT},
    "CBO": {"COC": ["F6", "F7", "S"]},
    "CJ": {"CJMONITOR": ["F8"]},
    "VSP": {"COC": ["F6"]},
    "L988": {"TREAT": ["F4", "S"], **SENT},
    "EVAL": {},
}
TEMPLATES = {kind: {**purposes, "PROGEVAL": ["F9"]} for kind, purposes in TEMPLATES.items()}

# Rulebook 7.5, the templates whose list of fields is closed; F4, F5 and S say more by the rows they open.
CLOSED = {
    "F1": "incident-number place call-type times callback units hazard language-need",
    "F2": "weapon prior-assault self-harm-now exposure-ppe hazard source-agency observed-at expires-at person-tips",
    "F3": "incident-number disposition-class transported destination-class follow-up-offered",
    "F6": "name safe-contact need service-requested urgency language-need safety-to-contact",
    "F7": "referral-status referral-dates referral-reason",
    "F7-min": "referral-status referral-dates",
    "F8": "attendance compliance completion",
}
# P2-15: names of places and of referral targets are shown for all or for none, here none. 7.5: a case manager or peer
# reads no diagnosis detail and no narrative.
MASKED = {"destination-name", "referral-parties"}
LEFT_OUT = {"F5-CM": {"diagnosis", "narrative"}}
NEVER = {"chri", "psychotherapy-notes", "sud-counseling-notes", "vsp-record", "sealed"}  # rulebook 0.7
ALL = {"*"}


def show(names, category):
    """The elements of a category that any of the templates shows."""
    out = set()
    for n in names:
        f = fields[n].get(category, [])
        f = ALL if f == "*" else set(f) - MASKED - LEFT_OUT.get(n, set())
        out |= f & set(CLOSED[n].split()) if n in CLOSED else f
    return ALL if "*" in out else out


def meet(a, b):
    return b if a == ALL else a if b == ALL else a & b


def source_may(s, axis, kind):
    """Whether what a P or A cell rests on holds for this source; else it reads as a condition that is not met."""
    outside_care = kind in ("LE", "PSAP", "CJ")
    # 7.6 "F3 has a source", B35, B37: what rests on police authority over police data alone opens nothing of a health
    # unit's to police, dispatch or court.
    if outside_care and s.covered and set(cells[axis, kind]["basis_keys"].split(";")) <= {"B35", "B37"}:
        return False
    # 7.6 "C09 LE caution": HIPAA clinicians contribute one via (j) or with consent; LE, PSAP and EMS by agreement.
    clinician = s.covered and s.source in ("BHC", "P2P", "HOSP", "CMP", "L988")
    if outside_care and clinician and axis == "safety-caution":
        return False
    # 6.3 PR-07: from care to a threat case there is one bridge, for an imminent threat only, 164.512(j).
    return not (outside_care and s.covered and axis == "threat-case")


def condition_met(kind, qualifier, about):
    """Conditions of a P or A. Facts and hooks that nobody stated are not met; `own` never is, between units."""
    if qualifier == "F7-min if LE-initiated":  # 7.6 "C26 -> LE": police asked for it, and the referrer reports
        return kind in about.initiated
    unstated = ("own", "own system", "same-program", "originator", "if-hook", "hook", "2.53")
    return qualifier not in unstated and " if " not in qualifier


def opened(s, axis, kind, about):
    """How a cell opens without facts of exceptions: None, or the templates that it narrows to; empty, no narrowing."""
    cell = cells[axis, kind]["decision"]
    if cell[0] in "DG":
        return None
    if cell[0] == "S":  # 7.6 "C33": each recipient sees only the consent it relies on, and of it the status
        return ["S"] if kind in about.relied else None
    per_regime = cell.endswith(" per regime")  # rulebook 4: reads as C until a reviewed hook says otherwise
    waits = False
    for alternative in sorted(cell.removesuffix(" per regime").split("|"), key=lambda a: "PACXO".index(a[0])):
        letter, _, qualifier = alternative.partition(":")
        templates = re.findall(r"F\d[a-z]?(?:-min)?|\bS\b|F-[A-Z]+", qualifier)
        if letter in "PA":
            regime = per_regime and letter == "P"
            if not regime and source_may(s, axis, kind) and condition_met(kind, qualifier, about):
                return templates
            waits = True
        elif letter == "C" and qualifier not in ("2.35", "separate", "time-limited"):
            return templates if s.part2 else None
        elif letter == "X":
            waits = True
    # What is left to a condition or an exception, the person may authorize by naming the recipient (45 CFR 164.508).
    return [] if waits and s.part2 else None


def expect(situation, category, kind, about=About()):
    """The elements of the category that must show, by the recipient's standing purpose; empty: nothing goes."""
    s = SITUATIONS[situation]
    if not s.agreement or category in NEVER:
        return {}
    narrowing = []
    # 7.3 step 4: what a Part 2 unit publishes is ruled as its own category and as C17, the stricter wins; likewise what
    # an event tells by being there.
    for axis in dict.fromkeys([category, *about.axis, *["part2-record"] * s.part2]):
        templates = opened(s, axis, kind, about)
        if templates is None:
            return {}
        narrowing += [templates] * bool(templates)
    out = {}
    for purpose, templates in TEMPLATES[kind].items():
        shown = show(templates, category)  # 7.3 step 11
        for names in narrowing:
            shown = meet(shown, show(names, category))
        if shown:
            out[purpose] = shown
    return out


if __name__ == "__main__":
    with open(here / "matrix.csv", "w") as out:
        print("situation,category,kind,shows", file=out)
        for situation in SITUATIONS:
            for (category, kind) in cells:
                shown = set().union(*expect(situation, category, kind).values())
                shown = ALL if "*" in shown else shown
                print(situation, category, kind, " ".join(sorted(shown)) or "-", sep=",", file=out)
