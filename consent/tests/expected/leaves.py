#!/usr/bin/env python3
"""Derives what every recipient kind must see of every leaf of every event type, in the situations of derive.py and by
its rules, without the engine and without the schema registry: it walks schemas/events itself. Run it to refresh
leaves.csv beside it."""
import json
from derive import ALL, KINDS, SITUATIONS, TEMPLATES, About, cells, expect, here

EVENTS = here.parents[2] / "schemas" / "events"
LETTERS = {"TREAT": "T", "COC": "C", "DISPATCH": "D", "SCENESAFETY": "S", "LEFOLLOWUP": "L", "CJMONITOR": "J",
           "PROGEVAL": "E"}
# Rulebook 5.5: steps of a referral that are its referrer's to take; the others are its performer's.
REFERRERS = {f"referral.referral-{step}.v1" for step in ("created", "requested", "cancelled", "entered-in-error")}
# What health units hold of a patient: an agreement alone opens it to providers and their own workforce only (7.6).
HEALTH = {"C02", "C03", "C27", "C28"} | {f"C{n}" for n in range(10, 24)}
PROVIDERS = {"EMS", "BHC", "P2P", "HOSP", "CMP", "L988"}


def leaves(schema, at=""):
    """Every leaf as (pointer, schema): anything but an object or an array of objects; `*` is any item."""
    if schema["type"] == "object":
        for name, inner in schema["properties"].items():
            yield from leaves(inner, f"{at}/{name}")
    elif schema["type"] == "array" and schema["items"]["type"] == "object":
        yield from leaves(schema["items"], f"{at}/*")
    else:
        yield at, schema


def about(event, situation):
    """What the events are about in these situations, where a cell asks (C26 to LE, C33, C36)."""
    if event.startswith("consent."):
        # Whatever it shows, it shows that there is a consent (C33, P2-15). In `part2` it is the one that names
        # everybody; else an authorization for research that names three kinds.
        relied = KINDS if situation.part2 else ("LE", "EMS", "CBO")
        return About(axis=("consent-meta",), relied=frozenset(relied))
    if event.startswith(("ask.", "privacy.")):
        # That somebody was looked for, or something sealed: nobody's but the unit's that asked or sealed (7.6 C33).
        return About(axis=("consent-meta",))
    if event in REFERRERS:
        # The police unit asked for every referral. What its target reports reaches no police (C26 to LE).
        return About(initiated=frozenset({"LE"}))
    if event.startswith("encounter.third-party-reported."):
        return About(axis=("third-party",))  # a caller's or witness's own event, its incident number included (C36)
    return About()


def category(tag, source):
    """Rulebook 6.5: a name or a disposition takes its category from who published it."""
    return tag if isinstance(tag, str) else tag.get(source, tag["default"])


def answer(event, leaf, kind, name):
    """The letters of the purposes that the leaf shows for; none: `-`."""
    situation = SITUATIONS[name]
    slug = category(leaf["x-category"], situation.source)
    shown = expect(name, slug, kind, about(event, situation))
    element = leaf.get("x-element", slug)
    letters = "".join(LETTERS[p] for p in LETTERS if p in shown and (shown[p] == ALL or element in shown[p]))
    if letters and not situation.part2 and kind not in PROVIDERS:
        assert cells[slug, kind]["category_id"] not in HEALTH, f"{event}: {slug} reaches {kind} without the person"
    return letters or "-"


def cell(event, leaf, kind):
    if leaf["x-category"] == "administrative":  # 7.6: about no person, outside the matrix
        return "admin"
    answers = [answer(event, leaf, kind, name) for name in SITUATIONS]
    return "-" if set(answers) == {"-"} else "/".join(answers)


def tags(leaf):
    """Category, with which one it is instead for a source of another kind, and element."""
    tag = leaf["x-category"]
    if isinstance(tag, str):
        return tag, leaf.get("x-element", tag)
    return " ".join([tag["default"], *(f"{kind}={tag[kind]}" for kind in KINDS if kind in tag)]), leaf["x-element"]


def header():
    yield "What every recipient kind sees of every leaf. Made by leaves.py: never edited, never taken from the engine."
    yield f"A cell answers for {'/'.join(SITUATIONS)} (derive.py). `-`: nothing, else a letter for each"
    yield "standing purpose that the leaf shows for, whole: templates choose leaves, none alters one. A single `-`:"
    yield "nothing in any of them. `admin`: about no person, in no slice, ruled for nobody. Templates of each letter:"
    for purpose, letter in LETTERS.items():
        by_kind = [f"{kind} {'+'.join(t[purpose])}" for kind, t in TEMPLATES.items() if purpose in t]
        yield f"{letter} {purpose}: {', '.join(by_kind)}"


if __name__ == "__main__":
    with open(here / "leaves.csv", "w") as out:
        for line in header():
            print("#", line, file=out)
        print("event", "leaf", "category", "element", *KINDS, sep=",", file=out)
        for path in sorted(EVENTS.glob("*/*.json")):
            event = f"{path.parent.name}.{path.stem}"
            for pointer, leaf in sorted(leaves(json.loads(path.read_text())), key=lambda found: found[0]):
                print(event, pointer, *tags(leaf), *(cell(event, leaf, kind) for kind in KINDS), sep=",", file=out)
