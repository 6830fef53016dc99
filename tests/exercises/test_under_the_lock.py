"""A schedule is judged by running it; the shortest one is what the search finds."""

import pytest

from freepages.engine import Run, Schedule
from freepages.exercises.under_the_lock import SHORTEST, gives_up, impatient
from freepages.search.fast import explore


def test_the_stored_schedule_loses_a_page_and_no_search_finds_a_shorter_one():
    assert Run(impatient(), SHORTEST).world.lost
    found = explore(impatient())
    assert found.schedule is not None and len(found.schedule) == len(Schedule.parse(SHORTEST))


def test_the_last_hint_leads_to_a_right_answer_and_the_dots_are_none():
    assert gives_up.check(gives_up.hints[-1].split(": ")[1]).right
    assert gives_up.check(...).right is None


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (SHORTEST, True, "no schedule is shorter"),
        ("h0y " + SHORTEST, True, "1 more than the shortest"),
        ("h0r g g g g h0t h g0g g", False, "nothing is lost"),
        ("h0r g g g g h0t h", False, "not dropped the lock early"),
        ("h0r g g g g g0d w0a w0w", False, "not discarded a page"),
        ("h0r g g g g g0d h0t h w0a", False, "nobody had allocated it and written to"),
        ("h0r g g g g w0a", False, "waits for the zone lock"),
        ("Up", False, "is no move"),
        (7, False, "not 7"),
    ],
)
def test_a_schedule(answer, right, words):
    remark = gives_up.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text
