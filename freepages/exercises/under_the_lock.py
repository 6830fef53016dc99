"""Notebook 10: lose a page because the driver drops the zone lock when the host takes too long."""

from __future__ import annotations

from typing import Any

from freepages.engine import Move, Run, Scenario
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.scenarios.debate import debate

SHORTEST = "h0r g g g g g0d h0t w0a w0w h"


def impatient() -> Scenario:
    """The locked protocol with a driver that may give up, and a host that discards what it is told of."""
    return debate("locked", "discard", ["lock-timeout"])


def _judge(answer: Any) -> str:
    run = Run(impatient(), answer)
    if not run.world.lost:
        raise Wrong(f"after {len(run.steps)} moves nothing is lost: {_why(run)}")
    page = next(iter(run.world.lost))
    least = beside_the_shortest(len(run.steps), SHORTEST)
    return f"page {page} was written, and the host has thrown it away. {least}"


def _why(run: Run) -> str:
    """What is still missing from a loss."""
    if not any(move == Move("g", "0d") for move in run.schedule):
        return "the driver has not dropped the lock early; g0d does that while it waits for its buffer."
    if not any(step.text.startswith("discards") for step in run.steps):
        return "the host has not discarded a page yet; h0t takes the answer, and the next h discards."
    return "the host discarded a page that nobody had written to since it was allocated, before that moment."


gives_up = Exercise(
    "Write a schedule of impatient() (the host discards, and the driver may drop the lock when the host is "
    "slow) after which a page's content is lost.",
    _judge,
    (
        "g0d drops the lock early. What must the driver have done before that? And who must act after it, "
        "before the host discards the page?",
        "let the driver answer under the lock and give up; then the workload allocates the page and writes "
        "to it; then the host discards what it was told of.",
        f"the shortest there is: {SHORTEST}",
    ),
    written("a schedule such as 'h0r g g'"),
)
