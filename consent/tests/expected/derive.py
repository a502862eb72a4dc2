#!/usr/bin/env python3
"""Derives what every (category, recipient kind) must show in three situations, from the matrix and the rulebook's rules,
without the engine. Reads law/matrix.csv and the field lists of law/templates.toml; everything else is written down here a
second time, so that an error in the engine and its data shows as a difference. Run it to refresh matrix.csv beside it.

Situations: the source publishes one slice; an agreement covers every unit, role, purpose and category the hub carries.
  agreement   source: a covered clinic, no Part 2; nobody consented
  part2       source: a Part 2 program; a named Part 2 consent lists the recipient, all categories and standing purposes
  none        source: the clinic; no agreement, no consent
"""
import csv, pathlib, re, tomllib

here = pathlib.Path(__file__).parent
law = here.parent.parent / "law"
table = list(csv.DictReader(open(law / "matrix.csv")))
rows = {(r["slug"], r["recipient"]): r["decision"] for r in table}
# Both sources here are health units: what rests on police authority over police data alone (B35, B37) opens nothing of
# theirs to police, dispatch or court by agreement (7.6, "F3 has a source"); the person may still authorize it.
AGENCY = {(r["slug"], r["recipient"]) for r in table
          if r["recipient"] in ("LE", "PSAP", "CJ") and set(r["basis_keys"].split(";")) <= {"B35", "B37"}}
fields = tomllib.load(open(law / "templates.toml", "rb"))
KINDS = "LE PSAP EMS BHC P2P HOSP CMP CBO CJ VSP L988 EVAL".split()

# Rulebook 7.5 "Default templates", with DISPATCH/SCENESAFETY for kinds that can be sent and referral templates for COC.
TEMPLATES = {
    "LE": ["F1", "F2", "F3", "F7-min", "F9"], "PSAP": ["F1", "S", "F2", "F9"], "EMS": ["F4", "S", "F1", "F2", "F9"],
    "BHC": ["F5", "F6", "F7", "S", "F1", "F2", "F9"], "P2P": ["F5", "F6", "F7", "S", "F1", "F2", "F9"],
    "HOSP": ["F5", "F6", "F7", "S", "F9"], "CMP": ["F5-CM", "F6", "F7", "S", "F1", "F2", "F9"],
    "CBO": ["F6", "F7", "S", "F9"], "CJ": ["F8", "F9"], "VSP": ["F6", "F9"], "L988": ["F4", "S", "F1", "F2", "F9"],
    "EVAL": ["F9"],
}
NEVER = {"chri", "psychotherapy-notes", "sud-counseling-notes", "vsp-record", "sealed"}  # rulebook 0.7
ALL = {"*"}


def show(names, category):
    out = set()
    for n in names:
        f = fields[n].get(category, [])
        out |= ALL if f == "*" else set(f)
    return ALL if "*" in out else out


def meet(a, b):
    return b if a == ALL else a if b == ALL else a & b


def open_by_law(cell, consent, agency):
    """How a cell opens without facts of exceptions: (opens, templates or None), consent = a named one is there."""
    if cell in ("D", "D*") or cell.startswith("G"):
        return False, None
    if cell.startswith("S"):
        return False, None  # no consent event here that the recipient could rely on
    per_regime = cell.endswith("per regime")
    alternatives = cell.removesuffix(" per regime").split("|")
    conditional = False
    for alt in sorted(alternatives, key=lambda a: "PACXO".index(a[0])):
        letter, _, q = alt.partition(":")
        templates = re.findall(r"F\d[a-z]?(?:-min)?|\bS\b|F-[A-Z]+", q)
        if agency and letter in "PA":
            conditional = True
            continue
        if letter == "P":
            if per_regime or q in ("own", "own system", "same-program", "originator", "if-hook", "hook") or " if " in q:
                conditional = True
                continue
            return True, templates or None
        if letter == "A":
            if q == "2.53" or " if " in q:
                conditional = True
                continue
            return True, templates or None
        if letter == "C":
            if q in ("2.35", "victim", "minor", "separate", "time-limited"):
                continue
            if consent:
                return True, templates or None
            return False, None
        if letter == "X":
            conditional = True
    # What is left to a condition or an exception, the person may authorize by naming the recipient.
    offers_consent = any(a[0] == "C" and a.partition(":")[2] not in ("2.35", "victim", "minor", "separate", "time-limited")
                         for a in alternatives)
    return (conditional and consent and not offers_consent), None


def expect(situation, category, kind):
    if situation == "none" or category in NEVER:
        return None
    part2 = situation == "part2"
    shown = show(TEMPLATES[kind], category)
    axes = [category] + (["part2-record"] if part2 and category != "part2-record" else [])
    for axis in axes:
        opens, templates = open_by_law(rows[axis, kind], part2, (axis, kind) in AGENCY)
        if not opens:
            return None
        if templates:
            shown = meet(shown, show(templates, category))
    return shown or None


if __name__ == "__main__":
    with open(here / "matrix.csv", "w") as out:
        print("situation,category,kind,shows", file=out)
        for situation in ("agreement", "part2", "none"):
            for (category, kind) in rows:
                shown = expect(situation, category, kind)
                print(situation, category, kind, "-" if shown is None else " ".join(sorted(shown)), sep=",", file=out)
