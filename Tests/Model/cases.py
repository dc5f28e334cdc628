"""Reads the cases of Tests/Rules (see the README there)."""

import dataclasses
import pathlib
import re

from model import Row

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Rules" / "cases"


@dataclasses.dataclass
class Case:
    rules: list
    title: str
    place: str
    limits: dict = dataclasses.field(default_factory=dict)
    blocked: dict = dataclasses.field(default_factory=dict)
    existing_only: bool = False
    rows: list = dataclasses.field(default_factory=list)   # (Row, outcome, codes, line)
    profiles: list = dataclasses.field(default_factory=list)
    fragments: list = dataclasses.field(default_factory=list)


def filled(text):
    def fill(match):
        what, count = match[1], int(match[2])
        if what == "keys":
            return ",".join(f'"k{i}":0' for i in range(count))
        if what == "numbers":
            return ",".join(map(str, range(count)))
        if what == "objects":
            return ",".join(f'{{"i":{i}}}' for i in range(count))
        return what * count

    return re.sub(r"<<(.+?)\*(\d+)>>", fill, text)


def row(data, text, line):
    source, _, expected = text.partition(" => ")
    columns, _, payload = source.partition(" :: ")
    at, *words = columns.split(" ")
    expected = (expected or "applied").split(" ")
    return (Row(data, int(at), {name: filled(value) for name, _, value in (word.partition("=") for word in words)},
                filled(payload) if " :: " in source else None),
            expected[0], expected[1:], line)


def all_cases():
    cases = []
    for path in sorted(FOLDER.glob("*.txt")):
        for number, line in enumerate(path.read_text().split("\n"), start=1):
            word, _, rest = line.partition(" ")
            if not line:
                continue
            if word == "case":
                rules, _, title = rest.partition(" | ")
                cases.append(Case(rules.split(" "), title, f"{path.name}:{number}"))
            elif word == "limit":
                name, _, value = rest.partition(" ")
                cases[-1].limits[name] = int(value)
            elif word == "block":
                kind, _, name = rest.partition(" ")
                cases[-1].blocked.setdefault(kind, []).append(name)
            elif word == "existing-only":
                cases[-1].existing_only = True
            elif word == "profile":
                cases[-1].profiles.append(rest)
            elif word == "contains":
                cases[-1].fragments.append(rest)
            else:
                cases[-1].rows.append(row(word, rest, number))
    return cases
