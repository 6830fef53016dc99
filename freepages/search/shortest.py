"""Searching all schedules of a scenario for the shortest that shows something.

Breadth first: every schedule of one move, then every one of two, so the first that is found is a shortest.
Nothing is merged: two schedules that lead to the same state are both followed, and so what is found, or found
not to be there, rests on nothing but the replay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from freepages.engine.run import Run, Scenario, Schedule

Shows = Callable[[Run], str | None]
"""What a state shows, as a sentence, or None."""


class Shortest(NamedTuple):
    """What a search found, a schedule or None; how many states it looked at, and whether those were all."""

    schedule: Schedule | None
    sentence: str | None
    states: int
    complete: bool


def shortest(scenario: Scenario, shows: Shows, limit: int = 20_000) -> Shortest:
    """The first schedule, by length and then in the order of the processes, whose state shows it."""
    waiting = deque([Schedule()])
    states = 0
    while waiting:
        if states == limit:
            return Shortest(None, None, states, complete=False)
        schedule = waiting.popleft()
        run = Run(scenario, schedule)
        states += 1
        sentence = shows(run)
        if sentence:
            return Shortest(schedule, sentence, states, complete=False)
        waiting.extend(Schedule((*schedule, move)) for move in run.moves())
    return Shortest(None, None, states, complete=True)


def follow(scenario: Scenario, schedule: Schedule, shows: Shows, limit: int = 2000) -> tuple[Run, str | None]:
    """A scenario under the schedule of another that is like it: each possible move is made, the others are
    passed over, and then everybody moves in turn until nobody can, or `limit` moves are made.

    Returns the run and the first sentence that any of its states shows, or None.
    """
    run = Run(scenario)
    sentence = shows(run)
    turns = deque(schedule)
    while sentence is None and len(run.steps) < limit:
        moves = run.moves()
        if not moves:
            break
        wanted = turns.popleft() if turns else moves[len(run.steps) % len(moves)]
        if wanted in moves:
            run.move(wanted)
            sentence = shows(run)
    return run, sentence
