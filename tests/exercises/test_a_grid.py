"""Notebook 28's exercise: each likely mistake of a grid is told."""

import pytest

from freepages import sweep
from freepages.exercises.a_grid import LINKS, PROPOSALS, a_grid

RIGHT = {
    "ram": "16GiB",
    "free": 0.3,
    "zero": 0.2,
    "link": list(LINKS),
    "bandwidth": "100Gbit",
    "proposal": list(PROPOSALS),
}


def test_the_grid_that_answers_it_is_right() -> None:
    said = a_grid.check(sweep(RIGHT))
    assert said.right and "of the time is saved" in said.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bandwidth": "1Gbit"}, "it slows the faster links down"),
        ({"proposal": "snapshot"}, "what is the gain measured against?"),
        ({"link": ["1Gbit", "10Gbit"]}, "no pair of rows for a link of 40Gbit"),
        ({"ram": "8GiB"}, "has 8 GiB, not 16"),
        ({"free": 0.2}, "free is 0.2, and it should be 0.3"),
        ({"zero": "a fifth"}, "one cell failed"),
    ],
)
def test_a_likely_mistake_is_told(changed: dict, words: str) -> None:
    said = a_grid.check(sweep(RIGHT | changed))
    assert said.right is False and words in said.text


def test_zeros_that_were_forgotten_are_told() -> None:
    grid = {name: value for name, value in RIGHT.items() if name != "zero"}
    assert "zero is not in the grid" in a_grid.check(sweep(grid)).text


def test_a_grid_is_no_rows() -> None:
    assert "hand over what sweep(...) returns" in a_grid.check(RIGHT).text
