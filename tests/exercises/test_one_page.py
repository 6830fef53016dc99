"""Notebook 08's exercises."""

import pytest

from freepages.engine.run import Run
from freepages.exercises.one_page import PARTS, PLANTED, spoilt, stations, way, which
from freepages.scenarios.machine.mistakes import MISTAKES


def test_the_way_has_six_stations_in_order() -> None:
    found = stations()
    assert list(found.values()) == sorted(found.values()) and len(found) == 6
    assert way.check(list(found)).right
    assert way.check([*reversed(found)]).right is False
    assert "these are the six stations" in way.check(["in the answer"]).text
    assert way.check(...).right is None and way.check("free").right is False


def test_the_two_worlds_part_at_the_last_step_of_the_story() -> None:
    assert spoilt().story == PARTS
    moves = PARTS.split()
    assert Run(spoilt(), " ".join(moves[:-1])).world.projection.refused is None
    assert "answers" in str(Run(spoilt(), PARTS).world.projection.refused)


@pytest.mark.parametrize("name", ["raw-pfns", "used-index-early"])
def test_another_mistake_ends_otherwise_and_is_told_how(name: str) -> None:
    remark = which.check(name)
    assert remark.right is False and f"with {name!r} a run ends so: {MISTAKES[name].end}" in remark.text


def test_the_planted_one_is_right_and_an_unknown_one_is_named() -> None:
    assert which.check(PLANTED).right and "there is no mistake 'x'" in which.check("x").text
