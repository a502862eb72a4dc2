#!/usr/bin/env python3
"""Derives which leaves of a care report (NEMSIS) and of a CAD incident (EIDO) each unit of the test county may see, from
the law's data, the three agreements and the event schemas, without the engine. Reads consent/law/matrix.csv,
consent/law/templates.toml, consent/forms/*.toml and schemas/events; every rule that joins them is written down here, with
its section of the rulebook, so that an error in the engine shows as a difference. It never looks at what a hub answered.

  tests/expected/views.py          writes views.json beside it
  tests/expected/views.py --why    prints by which clause, purpose and template each category is open
"""
import csv
import json
import pathlib
import re
import sys
import tomllib

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent

# The county of tests/support/lib.rs: the kind a unit's people read in (7.6), and whether it is a health unit (HIPAA or
# Part 2). Nobody in it has consented, objected or asked; no hook is reviewed; all agreements are in force.
UNITS = {
    "river-911": ("PSAP", False),
    "river-pd-patrol": ("LE", False),
    "river-fire-ems": ("EMS", True),
    "willow-clinic-crisis": ("BHC", True),
    "harbor-recovery-sud": ("P2P", True),
    "lantern-shelter-intake": ("CBO", False),
}
# Who sends what, and what it becomes. Neither source is a Part 2 program, so C17 is no second axis (0.1, 7.3 step 4).
SOURCES = {
    "nemsis": ("river-fire-ems", ["encounter/care-reported.v1"]),
    "eido": ("river-911", ["encounter/incident-reported.v1", "encounter/third-party-reported.v1"]),
}
AGREEMENTS = ["crisis-co-response", "treatment", "shelter-referrals"]

# 7.5 "Default templates" and 7.6 "Baseline purpose", by kind and purpose. Beside them:
#  - DISPATCH (F1) and SCENESAFETY (F2; 7.7: nothing but F1, F2) for the kinds that can be sent to a scene. The cells C04,
#    C05, C09, C36 permit them what F4 and F5 do not hold, and an agreement that names the purpose opens it.
#  - F6, F7 under COC for clinical kinds: C25, C26 permit them the referral that a shelter gets through F6, F7.
#  - S wherever the kind's column has a cell `:S` (7.6, "minimum/status fields"); a cell without `:S` gives no less.
#  - F3b only under a reviewed hold hook (ST-03), of which there is none; F9 holds no person's data.
STANDING = {
    "LE": {"DISPATCH": ["F1"], "SCENESAFETY": ["F2"], "LEFOLLOWUP": ["F3", "F7-min"]},
    "PSAP": {"DISPATCH": ["F1", "S"], "SCENESAFETY": ["F2"]},
    "EMS": {"TREAT": ["F4", "S"], "DISPATCH": ["F1"], "SCENESAFETY": ["F2"]},
    "BHC": {"TREAT": ["F5", "S"], "COC": ["F5", "F6", "F7", "S"], "DISPATCH": ["F1"], "SCENESAFETY": ["F2"]},
    "P2P": {"TREAT": ["F5", "S"], "COC": ["F5", "F6", "F7", "S"], "DISPATCH": ["F1"], "SCENESAFETY": ["F2"]},
    "CBO": {"COC": ["F6", "F7", "S"]},
}

cells = {(r["slug"], r["recipient"]): r for r in csv.DictReader(open(root / "consent/law/matrix.csv"))}
templates = tomllib.loads((root / "consent/law/templates.toml").read_text())
agreements = [tomllib.loads((root / f"consent/forms/agreement-{name}.toml").read_text()) for name in AGREEMENTS]
ALL = {"*"}


def leaves(schema, at=""):
    """Every leaf of an event schema: pointer (`*` for list positions), category by source kind, element."""
    if "properties" in schema:
        for name, member in schema["properties"].items():
            yield from leaves(member, f"{at}/{name}")
    elif schema.get("type") == "array" and "properties" in schema["items"]:
        yield from leaves(schema["items"], f"{at}/*")
    else:
        assert "$ref" not in schema and schema["type"] != "object", at
        yield at + ("/*" if schema["type"] == "array" else ""), schema["x-category"], schema.get("x-element")


def category_of(tag, source_kind):
    """schemas/README.md: the category may depend on who publishes; a name taken by police is C01, by a health unit C02."""
    return tag if isinstance(tag, str) else tag.get(source_kind, tag["default"])


def elements(names, category):
    """What any of the named templates shows of a category."""
    shown = set()
    for name in names:
        listed = templates[name].get(category, [])
        shown |= ALL if listed == "*" else set(listed)
    return ALL if "*" in shown else shown


def both(a, b):
    return b if a == ALL else a if b == ALL else a & b


def opened(category, kind, from_health):
    """How a cell opens by agreement alone: `P`, `A` or nothing, with the templates it narrows to (7.6, codes)."""
    cell = cells[category, kind]
    # 7.6, "F3 has a source": police authority over police data opens nothing that a health unit holds.
    agency_only = set(cell["basis_keys"].split(";")) <= {"B35", "B37"} and kind in ("LE", "PSAP", "CJ")
    if cell["decision"].endswith(" per regime") or (agency_only and from_health):
        return None, []
    for alternative in cell["decision"].split("|"):
        letter, _, qualifier = alternative.partition(":")
        named = re.fullmatch(r"(F\d[a-z]?(-min)?|S)(,(F\d|S))*", qualifier)
        # C, O, X, S need a person, a court or facts; D and G give nothing. `own`, `if …`, a hook or a fact of a P or A
        # cell is not met here: the recipients are not the source, began no referral or hold, and there is no hook.
        if letter in ("P", "A") and (not qualifier or named):
            return letter, qualifier.split(",") if qualifier else []
    return None, []


def clauses(source, unit, kind, category, letter):
    """7.1, 7.3 step 6: ONE clause covers source, recipient, role, purpose and category together. `*` is every category
    that the matrix marks P for the role; what it marks A must be named (the forms say so)."""
    for agreement in agreements:
        parties = {party["unit"] for party in agreement["party"]}
        for flow in agreement["flow"] if {source, unit} <= parties else []:
            named = category in flow["categories"] or ("*" in flow["categories"] and letter == "P")
            if source in flow["from"] and unit in flow["to"] and kind in flow["roles"] and named:
                yield agreement["id"], flow


def shown(source, unit, category):
    """Elements of a category that a unit may see of a source, and by what: the union over its standing purposes."""
    if unit == source:
        return ALL, ["published it itself"]  # 7.5: a unit reads in full what it published itself
    kind = UNITS[unit][0]
    letter, narrowed = opened(category, kind, UNITS[source][1])
    seen, why = set(), []
    for agreement, flow in clauses(source, unit, kind, category, letter) if letter else []:
        for purpose in sorted(set(flow["purposes"]) & set(STANDING[kind])):
            # 7.3 step 11: the template of kind and purpose, narrowed by the cell's own and by the clause's.
            here_shown = elements(STANDING[kind][purpose], category)
            for narrower in (narrowed, flow.get("templates", [])):
                here_shown = both(here_shown, elements(narrower, category)) if narrower else here_shown
            if here_shown:
                seen |= here_shown
                why.append(f"{cells[category, kind]['decision']} {agreement}/{flow['clause']} {purpose}")
    return seen, why


def expected(source, schema):
    """Pointers each unit may see of one event type, and the reasons by category."""
    views, reasons = {}, {}
    for unit in UNITS:
        views[unit] = []
        for pointer, tag, element in leaves(schema):
            category = category_of(tag, UNITS[source][0])
            seen, why = shown(source, unit, category)
            if seen == ALL or (element or category) in seen:
                views[unit].append(pointer)
                reasons[unit, category] = why
        views[unit].sort()
    return views, reasons


def main():
    derived = {}
    for standard, (source, types) in SOURCES.items():
        derived[standard] = {}
        for name in types:
            schema = json.loads((root / f"schemas/events/{name}.json").read_text())
            event_type = name.replace("/", ".")
            derived[standard][event_type], reasons = expected(source, schema)
            for (unit, category), why in reasons.items() if "--why" in sys.argv else []:
                print(f"{event_type}  {unit:24}{category:24}{'; '.join(why)}")
    if "--why" not in sys.argv:
        (here / "views.json").write_text(json.dumps(derived, indent=1) + "\n")


if __name__ == "__main__":
    main()
