"""Notebook 08's exercises."""

import pytest

from freepages.engine import Run
from freepages.exercises.one_page import NOT_HERE, PARTS, PLANTED, TOO_EARLY, spoilt, stations, way, which
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


def test_a_station_that_comes_too_early_is_told_why() -> None:
    order = list(stations())
    for place in range(1, 6):
        early = [*order[: place - 1], order[place], order[place - 1], *order[place + 1 :]]
        remark = way.check(early)
        assert remark.right is False and TOO_EARLY[order[place]] in remark.text


@pytest.mark.parametrize("name", sorted(set(MISTAKES) - {PLANTED}))
def test_another_mistake_ends_otherwise_and_is_told_how(name: str) -> None:
    remark = which.check(name)
    assert remark.right is False and NOT_HERE[name] in remark.text
    assert f"A run with {name!r} ends like this: {MISTAKES[name].end}" in remark.text


def test_why_it_is_none_of_the_others_is_what_the_run_shows() -> None:
    run = Run(spoilt(), PARTS)
    said = [step.text for step in run.steps]
    assert "under its lock" in said[8] and "dirty log on" in said[1]
    assert not any("syncs" in one or one.startswith("free") for one in said)
    assert Run(spoilt(), " ".join(PARTS.split()[:15])).world.mail.answers[0].pages.count() == 35


def test_the_planted_one_is_right_and_an_unknown_one_is_named() -> None:
    assert which.check(PLANTED).right and "there is no mistake 'x'" in which.check("x").text
