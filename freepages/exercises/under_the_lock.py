"""Notebook 12: lose a page because the driver drops the zone lock when the host takes too long."""

from __future__ import annotations

from typing import Any

from freepages.engine.run import Run, Scenario, Schedule
from freepages.exercises.exercise import Exercise
from freepages.scenarios.debate import debate

SHORTEST = "h0r g g g g g0d h0t w0a w0w h"


def impatient() -> Scenario:
    """The locked protocol with a driver that may give up, and a host that discards what it is told of."""
    return debate("locked", "discard", ["lock-timeout"])


def _judge(answer: Any) -> tuple[bool, str]:
    if not isinstance(answer, str):
        return False, f"the answer is a schedule such as 'h0r g g', not {answer!r}."
    run = Run(impatient(), answer)
    if not run.world.lost:
        return False, f"after {len(run.steps)} moves nothing is lost."
    page = next(iter(run.world.lost))
    more = len(run.steps) - len(Schedule.parse(SHORTEST))
    least = "and no schedule is shorter." if not more else f"{more} more than the shortest has."
    return True, f"page {page} was written, and the host has thrown it away. {len(run.steps)} moves, {least}"


gives_up = Exercise(
    "Write a schedule of impatient() (the host discards, and the driver may drop the lock when the host is "
    "slow) after which a page's content is lost.",
    _judge,
    (
        "g0d drops the lock. What must have happened before, and who must come in between, before the host "
        "discards?",
        "let the driver send its answer under the lock and give up; then the workload allocates the page and "
        "writes to it, and the host does with it what it was told.",
        f"the shortest there is: {SHORTEST}",
    ),
)
