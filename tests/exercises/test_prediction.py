"""A guess beside what the model found: what counts is the value, and a wrong guess is not told the answer."""

import numpy as np
import pytest

from freepages.exercises import Remark, compare
from freepages.pages.pageset import PageSet


def test_without_a_guess_nothing_is_given_away() -> None:
    for guess in (..., [..., 3], (..., ...), {"six": ...}):
        found = {"six": 6} if isinstance(guess, dict) else 6
        said = compare(guess, found, why="Because of the hole.")
        assert "no guess yet" in repr(said) and "6" not in repr(said) and "hole" not in repr(said)


def test_a_right_guess_is_told_why() -> None:
    assert repr(compare(6, 6, why="The hole has two.")) == "✓ Right: 6. The hole has two."


def test_a_wrong_guess_is_told_why_that_one_and_not_the_answer() -> None:
    said = compare(8, 6, why="The hole has two.", wrong={8: "You counted the hole."})
    assert repr(said) == "✗ Not so: 8. You counted the hole."
    other = repr(compare(7, 6, why="The hole has two.", wrong={8: "You counted the hole."}))
    assert other.startswith("✗ Not so: 7. Try again") and "6" not in other and "hole" not in other


@pytest.mark.parametrize(
    ("guess", "found"),
    [
        ("6", 6),
        ("1,024", 1024),
        ("Bug", "bug"),
        ((64, 12, 3), [64, 12, 3]),
        (["64", 12, 3], np.array([64, 12, 3])),
        ("2s", "2 s"),
        ("safe.", "safe"),
        (True, "yes"),
        ("no", False),
        ({2, 1}, frozenset({1, 2})),
        (6, np.int64(6)),
        ([6], 6),
        ("64,12,3", [64, 12, 3]),
        ("[64, 12, 3]", [64, 12, 3]),
        ("64 12 3", [64, 12, 3]),
        (np.array([64, 12, 3]), [64, 12, 3]),
        (range(3), [0, 1, 2]),
        ("1, 3", {1, 3}),
        (("1", 3), {1, 3}),
        (3, {3}),
        (("g", "g", "h"), "ggh"),
        ("g, g, h", "ggh"),
        ("Y", "yes"),
    ],
)
def test_the_form_does_not_count(guess: object, found: object) -> None:
    assert compare(guess, found).right is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("guess", "found"), [(6, 7), ("bug", "fix"), ([1, 2], [2, 1]), ({1}, {1, 2}), ("2 s", "2 ms"), (2, "2 s")]
)
def test_another_value_is_another_value(guess: object, found: object) -> None:
    assert compare(guess, found).right is False  # type: ignore[union-attr]


WORDS = {"harmless": "Can it lose a page?", "conditional": "With any host?"}


def test_a_word_that_is_none_of_those_in_question_is_told_them() -> None:
    assert repr(compare("harmles", "bug", wrong=WORDS)) == "○ harmles: did you mean 'harmless'?"
    told = "○ sideways: the guess is one of 'bug', 'conditional', 'harmless'."
    assert repr(compare("sideways", "bug", wrong=WORDS)) == told
    assert "one of '10 %', '30 %'" in repr(compare(10, "10 %", wrong={"30 %": "Why so many?"}))
    assert "Try again" in repr(compare("nan", "bug"))  # there is only the right word, and it is not told


@pytest.mark.parametrize(
    ("guess", "found", "told"),
    [
        (None, 6, "a number is asked for, in digits, and not None"),
        ("six", 6, "a number"),
        ("nan", 6, "a number"),
        (True, 6, "a number"),
        ([6, 7], 6, "a number"),
        (len, 6, "a number"),
        (6, [6, 7], "as a list such as [3, 2, 1], and not 6"),
        (None, [6, 7], "as a list"),
        ({6, 7}, [6, 7], "a set has no order"),
        ({"a": 1}, {1, 2}, "a set of pages"),
        (None, "bug", "a word is asked for"),
        ([1, 2], "bug", "a word is asked for"),
        ({"B2": "bug"}, "bug", "a word is asked for"),
        ("bug", {"B2": "bug", "B3": "bug"}, "write {'B2': ..., 'B3': ...}"),
    ],
)
def test_what_cannot_be_a_guess_is_told_what_is_asked_for(guess: object, found: object, told: str) -> None:
    said = compare(guess, found)
    assert isinstance(said, Remark) and said.right is None and told in said.text


def test_a_question_that_nobody_asks_is_named() -> None:
    said = repr(compare({"snapshto": "safe"}, {"snapshot": "safe"}))
    assert said.splitlines()[1] == "○ snapshto: nobody asks this. The questions are snapshot."


def test_several_are_told_line_by_line() -> None:
    said = compare(
        {"snapshot": "safe", "no_wait": "safe"},
        {"snapshot": "safe", "no_wait": "unsafe", "locked": "safe"},
        wrong={"no_wait": {"safe": "An old answer may come after a sync."}},
    )
    assert repr(said).splitlines()[:2] == [
        "✓ Right: snapshot: safe.",
        "✗ Not so: no_wait: safe. An old answer may come after a sync.",
    ]
    assert repr(said).splitlines()[2].startswith("○ locked: no guess yet")


def test_a_set_of_pages_is_what_is_in_it() -> None:
    found = PageSet.of(4, [1, 3])
    assert compare({3, 1}, found).right is compare([1, 3], found).right is True  # type: ignore[union-attr]
    assert compare([1, 2], found).right is False  # type: ignore[union-attr]
