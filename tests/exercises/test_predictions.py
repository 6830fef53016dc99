"""What each notebook asks before it shows, in the notebook's own cells: the right guess is told why, each
likely wrong one why that one, and the check's source tells nothing.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import nbformat
import pytest
from stored_notebooks import MAIN_LINE, NOTEBOOKS, shipped_notebooks

from freepages.exercises.prediction import Forecast, Remarks, compare

CHECKS = "prediction.compare(guess"
LESSONS = [
    path for path in shipped_notebooks() if path.parent == NOTEBOOKS and CHECKS in path.read_text("utf-8")
]
AT_SCALE = {*NOTEBOOKS.glob("2[5-8]-*.ipynb")}  # whose cells migrate guests for seconds
each_lesson = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow) if path in AT_SCALE else path for path in LESSONS],
    ids=lambda path: path.stem,
)


def sources(path: Any) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def asked(path: Any) -> tuple[Forecast, dict[str, Any], list[Any]]:
    """The notebook's prediction, its empty guess, and what its check gives the prediction beside the guess,
    after the cells above it have run.
    """
    names: dict[str, Any] = {}
    for source in sources(path):
        exec(source, names)
        if CHECKS in source:
            call = ast.parse(source).body[-1].value  # type: ignore[attr-defined]
            return names["prediction"], names["guess"], [names[one.id] for one in call.args[1:]]
    raise AssertionError(f"{path} checks no prediction")


def each(told: Any, why: Any, wrong: Any) -> Iterator[tuple[Any, Any, Any]]:
    """The value, the reason and the wrong guesses of each thing that is asked."""
    if not isinstance(told, Mapping):
        yield told, why, wrong
    else:
        yield from ((told[key], why.get(key), wrong.get(key)) for key in told)


def test_every_lesson_of_the_main_line_checks_its_prediction_so() -> None:
    assert {path.stem for path in MAIN_LINE if path.stem[:2] > "00"} <= {path.stem for path in LESSONS}


@each_lesson
def test_a_right_guess_is_told_why_and_a_wrong_one_why_not(path: Any) -> None:
    prediction, guess, run = asked(path)
    found = prediction.found(*run)
    if isinstance(found, Mapping):
        assert guess.keys() == found.keys()
    said = compare(found, found, prediction.why, prediction.wrong)
    for remark in said if isinstance(said, Remarks) else [said]:
        assert remark.right is True, remark
    for right, why, wrong in each(found, prediction.why, prediction.wrong):
        assert why and wrong, right
        for guess, reason in wrong.items():
            if guess != right:
                told = compare(guess, right, why, wrong)
                assert told.right is False and reason in told.text  # type: ignore[union-attr]
                assert why not in told.text  # type: ignore[union-attr]


@each_lesson
def test_a_check_has_nothing_in_its_source_that_a_guess_could_be_read_from(path: Any) -> None:
    """No number and no text: what is right is computed, and the reasons are in the library."""
    (check,) = [source for source in sources(path) if CHECKS in source]
    assert not [node for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Constant)]


def test_without_a_guess_nothing_is_run() -> None:
    never = Forecast(lambda: 1 // 0, why="Because.")
    for guess in (..., {"six": ..., "seven": ...}):
        assert repr(never.compare(guess)).startswith("○ no guess yet")
    with pytest.raises(ZeroDivisionError):
        never.compare(6)
