"""Marking clean a page that was dirty before: right if it is told of under the lock, a loss if not."""

import pytest

from freepages.engine import Run
from freepages.lab.shipped import shipped_scenario
from freepages.scenarios.debate import marking_clean
from freepages.search.fast import explore


def before(run: Run, text: str) -> Run:
    """The run before the first step that says this."""
    number = next(step.number for step in run.steps if step.text == text)
    return run.back(len(run.steps) - number + 1)


@pytest.mark.parametrize("under_lock", [True, False])
def test_the_page_is_dirty_when_it_is_told_of_and_clean_when_the_answer_is_taken(under_lock) -> None:
    scenario = marking_clean(under_lock)
    told = Run(scenario, scenario.story)
    ready = before(told, "takes the guest's answer")
    w = ready.world
    assert w.mail.answers[0].pages == [0, 1][: len(w.mail.answers[0].pages)]
    assert 0 in w.host.to_send and 0 in w.log.bits
    assert (0 in w.guest.free) == under_lock
    ready.move("h0t")
    assert 0 not in w.host.to_send and 0 not in w.log.bits


def test_only_without_the_lock_is_it_lost() -> None:
    for under_lock in (True, False):
        scenario = marking_clean(under_lock)
        assert bool(Run(scenario, scenario.story).world.lost) != under_lock
        assert (explore(scenario).verdict == "PROVED") == under_lock


def test_both_are_shipped() -> None:
    titles = [shipped_scenario(name).title for name in ("marks-clean", "marks-clean-too-late")]
    assert titles == [
        "a dirty page marked clean, told of under the lock",
        "a dirty page marked clean, told of without the lock",
    ]
