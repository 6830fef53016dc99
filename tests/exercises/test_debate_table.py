"""The exercises about the table: rows predicted, and flips, which are searched and not looked up."""

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.exercises.debate_table import flips, prediction, safe_for
from freepages.exercises.exercise import Remark
from freepages.exercises.prediction import compare
from freepages.search.debate_table import DebateTable

OWNED = {"pause_vm", "locked", "inflate_deflate", "free_page_hint"}


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
        (
            ("early-release", "lock-timeout"),
            OWNED - {"locked"},
            False,
            "and 1 more do; one of them loses a page by ",
        ),
        (("early-release", "lock-timeout"), OWNED | {"snapshot"}, False, "REFUTED before, REFUTED after"),
        (("early-release", "lock-timeout"), OWNED | {"page_reporting"}, False, "PROVED before, PROVED after"),
        (("early-release", "lock-timeout"), {"ballon"}, False, "'ballon' is not known"),
        (("early-release", "lock-timeout"), set(), False, "you named none, and 4 do; one of them"),
        (("early-release", "lock-timeout"), "locked", False, "a set of names"),
        (("early-release", "lock-timeout"), 7, False, "a set of names"),
        (("rely-on-free-content", "init-on-free=poison"), {"locked", "pause_vm", "page_reporting"}, True, ""),
        (("rely-on-free-content", "init-on-free=zero"), set(), True, "none; "),
        (
            ("rely-on-free-content", "init-on-free=zero"),
            {"page_reporting"},
            False,
            "It flips under rely-on-free-content alone: what does the other assumption change?",
        ),
        (("early-releas",), set(), False, "did you mean early-release?"),
    ],
)
def test_flips(switches, answer, right, words):
    remark = flips(*switches).check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark


def test_each_wrong_guess_of_each_proposal_is_asked_a_question():
    table = DebateTable.load()
    found = {name: safe_for(table, name) for name in PROPOSALS}
    assert found["log_late"] == "neither" and found["snapshot"] == "migrate" and found["locked"] == "both"
    for name, right in found.items():
        for guess in {"neither", "migrate", "both"} - {right}:
            remark = compare(guess, right, wrong=prediction.wrong[name])
            assert isinstance(remark, Remark) and remark.right is False and remark.text.endswith("?"), (
                name,
                guess,
            )


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
