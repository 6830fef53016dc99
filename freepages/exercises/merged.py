"""Notebook 15: lose a page of the hints by a sync that does not pause them."""

from __future__ import annotations

from typing import Any

from freepages.engine.run import Scenario, Schedule
from freepages.exercises.exercise import Exercise
from freepages.lab.game import outcome
from freepages.scenarios.debate import debate
from freepages.search.fast import explore

SWITCHES = ("no-pause-around-sync", "early-release")


def unpaused() -> Scenario:
    """The hints, on a host that syncs while a window is open, with a driver that gives blocks back early."""
    return debate("free_page_hint", "migrate", SWITCHES)


def _judge(answer: Any) -> tuple[bool, str]:
    if not isinstance(answer, str):
        return False, f"the answer is a schedule such as 'h h0r g g', not {answer!r}."
    stands = outcome(unpaused(), Schedule.parse(answer))
    if not stands.lost:
        return False, str(stands)
    best = explore(unpaused()).schedule
    assert best is not None
    more = stands.moves - len(best)
    least = "and no schedule is shorter" if not more else f"{more} more than the shortest"
    return True, f"{'; '.join(stands.lost)}. {stands.moves} moves, {least}."


lost_at_a_sync = Exercise(
    f"""Write a schedule of free_page_hint, migrate, under {" and ".join(SWITCHES)}, that loses a page.
Game(unpaused()) lets you try; .schedule is what you did.""",
    _judge,
    (
        "a sync reads the log and clears it: what was written before it is in 'to send' and nowhere else. "
        "What can still take it out of there?",
        "a hint that waits in the queue. Between hint and sync the page must become the guest's again, and "
        "be written: who can do that?",
        "open a window and let the driver hint at a page; let the host take the id, and not the hint. The "
        "shrinker gives the page back, the workload allocates and writes it. Sync, take the hint, stop.",
    ),
)
