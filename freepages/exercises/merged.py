"""Notebook 13: lose a page of the hints by a sync that does not pause them."""

from __future__ import annotations

from typing import Any

from freepages.engine.run import Scenario, Schedule
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.lab.game import outcome
from freepages.scenarios.debate import debate
from freepages.search.fast import explore

SWITCHES = ("no-pause-around-sync", "early-release")


def unpaused() -> Scenario:
    """The hints, on a host that syncs while a window is open, with a driver that gives blocks back early."""
    return debate("free_page_hint", "migrate", SWITCHES)


def _judge(answer: Any) -> str:
    stands = outcome(unpaused(), Schedule.parse(answer))
    if not stands.lost:
        raise Wrong(str(stands))
    best = explore(unpaused()).schedule
    assert best is not None
    return f"{'; '.join(stands.lost)}. {beside_the_shortest(stands.moves, str(best))}"


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
    written("a schedule such as 'h h0r g g'"),
)
