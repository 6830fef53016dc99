"""Notebook 10: lose a page because the driver drops the zone lock when the host takes too long."""

from __future__ import annotations

from typing import Any

from freepages.engine.run import Run, Scenario
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.scenarios.debate import debate

SHORTEST = "h0r g g g g g0d h0t w0a w0w h"


def impatient() -> Scenario:
    """The locked protocol with a driver that may give up, and a host that discards what it is told of."""
    return debate("locked", "discard", ["lock-timeout"])


def _judge(answer: Any) -> str:
    run = Run(impatient(), answer)
    if not run.world.lost:
        raise Wrong(f"after {len(run.steps)} moves nothing is lost.")
    page = next(iter(run.world.lost))
    least = beside_the_shortest(len(run.steps), SHORTEST)
    return f"page {page} was written, and the host has thrown it away. {least}"


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
    written("a schedule such as 'h0r g g'"),
)
