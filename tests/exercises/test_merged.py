"""The exercise about what was merged: a schedule is judged by what it loses."""

import pytest

from freepages.exercises.merged import lost_at_a_sync, prediction, unpaused
from freepages.search import check
from freepages.search.fast import explore

LOST = "h h0r g g g0h h0t d0e w0a w0w h0y h0t h0x"


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    assert lost_at_a_sync.check(...).right is None
    for number in range(len(lost_at_a_sync.hints) + 2):
        hint = repr(lost_at_a_sync.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


@pytest.mark.parametrize(("doubts", "asked"), prediction.wrong.items())
def test_each_doubt_has_a_question_for_the_wrong_guess(doubts, asked):
    verdict = check("free_page_hint", assume=doubts.split(", "), pages=1).verdict
    assert [*asked] == ["unsafe" if verdict == "PROVED" else "safe"]
    assert all(question.endswith("?") for question in asked.values())


def test_the_shortest_schedule_is_told_to_be_that():
    best = str(explore(unpaused()).schedule)
    remark = lost_at_a_sync.check(best)
    assert remark.right and "no schedule is shorter" in remark.text


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (LOST, True, "page 0 should hold"),
        (f"w1a {LOST}", True, "1 more than the shortest"),
        (LOST.replace("h0y ", ""), False, "nothing is lost"),
        (LOST.removesuffix(" h0x"), False, "No page is lost yet"),
        ("h h0r g g g0h h0t h0y h0t h0x", False, "The driver held each page"),
        (LOST.replace("w0w ", ""), False, "Nobody wrote to the page"),
        (LOST.replace("h0y ", ""), False, "The log still has that write"),
        (LOST.replace("h0y h0t", "h0t h0y"), False, "took its hints before the sync"),
        (LOST.removesuffix(" h0x"), False, "must be stopped"),
        (LOST.replace("h0y", "h0y h0s"), False, "What was written was sent before the host took the hint."),
        ("", False, "0 moves"),
        ("h h0r g g g0h h0y h0t", False, "No page is lost yet"),
        ("h h0q", False, "move 2"),
        ("h ?", False, "'?' at character 3"),
        (["h"], False, "a schedule such as"),
    ],
)
def test_lost_at_a_sync(answer, right, words):
    remark = lost_at_a_sync.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark
