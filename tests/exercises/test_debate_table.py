"""The exercises about the table: rows predicted, and flips, which are searched and not looked up."""

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.exercises.debate_table import compared, flips
from freepages.search.debate_table import DebateTable
from freepages.search.fast import PROVED

OWNED = {"locked", "inflate_deflate", "free_page_hint"}


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    exercise = flips("early-release", "lock-timeout")
    assert exercise.check(...).right is None
    for number in range(len(exercise.hints) + 2):
        hint = repr(exercise.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


@pytest.mark.parametrize(
    ("switches", "answer", "right", "words"),
    [
        (("early-release", "lock-timeout"), OWNED, True, "locked to REFUTED"),
        (("early-release", "lock-timeout"), sorted(OWNED), True, ""),
        (("early-release", "lock-timeout"), OWNED - {"locked"}, False, "and 1 more do; one of them by "),
        (("early-release", "lock-timeout"), OWNED | {"snapshot"}, False, "REFUTED before, REFUTED after"),
        (("early-release", "lock-timeout"), OWNED | {"page_reporting"}, False, "PROVED before, PROVED after"),
        (("early-release", "lock-timeout"), {"ballon"}, False, "'ballon' is not known"),
        (("early-release", "lock-timeout"), "locked", False, "a set of names"),
        (("early-release", "lock-timeout"), 7, False, "a set of names"),
        (("rely-on-free-content", "init-on-free=poison"), {"locked", "page_reporting"}, True, ""),
        (("rely-on-free-content", "init-on-free=zero"), set(), True, "none; "),
        (("early-releas",), set(), False, "did you mean early-release?"),
    ],
)
def test_flips(switches, answer, right, words):
    remark = flips(*switches).check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark


def test_a_set_of_assumptions_flips_what_the_table_says_where_it_is_one():
    table = DebateTable.load()
    flipped = {name for name in PROPOSALS if table.flips(name, "discard").get("REFUTED")}
    for switch in ("early-release", "lock-timeout", "rely-on-free-content", "no-lock-while-building"):
        mine = {
            name
            for name in flipped
            if table.answer(name, "discard", switch).verdict != table.answer(name, "discard").verdict
        }
        assert flips(switch).check(mine).right


def test_predicted_rows_are_laid_beside_the_table():
    table = DebateTable.load()
    word = {True: "safe", False: "lost"}
    truth = {
        name: tuple(word[table.answer(name, purpose).verdict == PROVED] for purpose in ("migrate", "discard"))
        for name in PROPOSALS
    }
    assert compared(truth, table).endswith(f"{2 * len(truth)} of your {2 * len(truth)} guesses are right")
    assert "✗" not in compared(truth, table)
    said = compared({"snapshot": ("lost", "lost"), "locked": (..., ...)}, table)
    assert said.splitlines() == [
        "snapshot              migrate ✗ not lost   discard ✓ lost",
        "locked                migrate ○ no guess yet   discard ○ no guess yet",
        "1 of your 2 guesses are right",
    ]
    assert compared({"locked": (..., ...)}, table).endswith("no guess yet")
