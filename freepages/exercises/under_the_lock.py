"""Notebook 10: what the zone lock keeps others from; and lose a page because the driver drops it early."""

from __future__ import annotations

from typing import Any

from freepages.engine import Move, Run, Scenario, Schedule
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.exercises.prediction import Forecast
from freepages.exercises.searched import safe
from freepages.scenarios.debate import debate

MOVES = {"allocate a page": "w0a", "write to its page": "w3w", "free its page": "w3f"}
"""What the workload may want to do while the driver holds the lock, of pages 0 to 2 free and 3 in use."""


def _locked(run: Run) -> dict[str, str]:
    """Which report is safe for what; and what the workload can do where this run stands."""
    found = {
        f"{name}, {purpose}": safe(name, purpose)
        for name in ("snapshot", "locked")
        for purpose in ("migrate", "discard")
    }
    can = {what: "no" if run.why_not(Schedule.parse(move)[0]) else "yes" for what, move in MOVES.items()}
    return found | can


prediction = Forecast(
    _locked,
    why={
        "snapshot, migrate": "The log notes a page that is used again.",
        "snapshot, discard": "The page may be written before the host throws it away.",
        "locked, migrate": "Nobody can take a listed page, so nobody writes to it.",
        "locked, discard": "The page stays free until the host is done with it.",
        "allocate a page": "The page would have to come off a list.",
        "write to its page": "The lock guards the lists, not the pages.",
        "free its page": "The page would have to go on a list.",
    },
    wrong={
        "snapshot, migrate": {"unsafe": "The host syncs only after it has applied the answer (09)."},
        "snapshot, discard": {"safe": "The log repairs a page not sent. What repairs one thrown away?"},
        "locked, discard": {"unsafe": "Who could take the page while the host discards it?"},
        "locked, migrate": {"unsafe": "Who could write to a listed page before the host is done with it?"},
        "allocate a page": {"yes": "To allocate a page is to take it off a list."},
        "write to its page": {"no": "Does a program ask the allocator before it writes to its own page?"},
        "free its page": {"yes": "To free a page is to put it on a list."},
    },
)
"""Which report is safe for what, and what another CPU can do under the lock."""


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
    return "when the host discarded the page, nobody had allocated it and written to it."


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
