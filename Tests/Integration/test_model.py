"""The plain model of Tests/Model plays the cases of Tests/Rules: what it says is what the rules say."""

import cases
import pytest
import values
from model import Model


@pytest.mark.parametrize("case", cases.all_cases(), ids=lambda case: case.place)
def test_the_model_plays_the_cases_of_the_rules(case):
    # SimulatedWorld's clock, and no clock of a warehouse.
    model = Model(case.limits, case.blocked, now=1_704_067_200_000_000_000, limit=(1 << 63) - 1)
    for row, outcome, codes, line in case.rows:
        if outcome == "failed":
            continue  # A whole batch, before the rules of rows.
        found, rejections, warnings = model.apply(row, case.existing_only)
        assert (found, sorted(rejections + warnings)) == (outcome, sorted(codes)), f"line {line}"
    export = model.export()
    if case.profiles:
        assert len(export) == len(case.profiles)
    for found, wanted in zip(export, map(values.parse, case.profiles)):
        for name, value in wanted.items():
            if name.startswith("-"):
                assert name[1:] not in found
            else:
                assert same_numbers(found.get(name)) == same_numbers(value), name
    for fragment in case.fragments:
        assert any(fragment in values.dump(found) for found in export), fragment


def same_numbers(value):
    """Cases compare numbers by value; their text is what `contains` is for."""
    if isinstance(value, values.Number):
        return value.value
    if isinstance(value, dict):
        return {key: same_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [same_numbers(item) for item in value]
    return value
