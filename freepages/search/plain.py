"""The search, to be read: every interleaving of a scenario, the shortest first.

Whatever can be stepped can be searched, if its scenario says what is wrong with a state (``property``) and
what of the world may still matter (``key``). The search begins anew for each schedule, and follows on once
those that lead to the same state. That is slow and easily believed. The proposals of the debate have a fast
search beside it (:mod:`freepages.search.fast`), and a test holds the two to the same verdicts and lengths.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from freepages.engine import Run, Scenario, Schedule
from freepages.engine.errors import FreepagesError
from freepages.engine.state import state_of

Verdict = Literal["PROVED", "REFUTED", "UNDETERMINED"]


class Found(NamedTuple):
    """What a search has found.

    verdict   PROVED: no state is wrong; REFUTED: ``schedule`` leads to one; UNDETERMINED: not all were seen
    states    how many were looked at, and ``depth`` the moves to the last of them
    schedule  a shortest that leads to a wrong state, the first by the order of the processes
    sentence  what is wrong with it
    """

    verdict: Verdict
    states: int
    depth: int
    schedule: Schedule | None = None
    sentence: str | None = None


def search(scenario: Scenario, limit: int = 100_000) -> Found:
    """Follow every schedule until a state is wrong, until no state is new, or ``limit`` states were seen."""
    wrong = searchable(scenario)
    seen: set[Any] = set()
    waiting = deque([Schedule()])
    while waiting:
        schedule = waiting.popleft()
        run = Run(scenario, schedule)
        state = state_of(run)
        if state in seen:
            continue
        if len(seen) == limit:
            return Found("UNDETERMINED", limit, len(schedule))
        seen.add(state)
        if sentence := wrong(run):
            return Found("REFUTED", len(seen), len(schedule), schedule, sentence)
        waiting.extend(Schedule((*schedule, move)) for move in run.moves())
    return Found("PROVED", len(seen), len(schedule))


def searchable(scenario: Scenario) -> Callable[[Run], str | None]:
    """The property of a scenario. Raises FreepagesError, which says what to add, for one that has no
    property or no key."""
    if scenario.property is None:
        raise FreepagesError(
            f"scenario {scenario.name} has no property: add property=f to its Scenario, where f(run) says "
            "what is wrong with a state, or None"
        )
    if scenario.key is None:
        raise FreepagesError(
            f"scenario {scenario.name} has no key: add key=whole (of freepages.engine.state) to its "
            "Scenario, or key=f, where f(run) is what of the world may still matter"
        )
    return scenario.property
