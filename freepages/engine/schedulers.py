"""Who moves next, when nobody chooses by hand: by chance, the first that can, or one process alone.

By hand is Run.move; a replay is Run(scenario, schedule).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from freepages.engine.announcement import Steps
from freepages.engine.run import Run
from freepages.engine.schedule import Move


def at_random(run: Run, seed: int, limit: int) -> Run:
    """Move on at random, by a seed, until nobody can move or ``limit`` steps were added; returns the run."""
    chance = random.Random(seed)
    for _ in range(limit):
        moves = run.moves()
        if not moves:
            break
        run.move(chance.choice(moves))
    return run


def to_the_end(run: Run, limit: int = 100_000) -> Run:
    """Let the first process that can move without a choice do so, until none can; returns the run."""
    for _ in range(limit):
        able = (p for p in run.processes.values() if "" in p.options())
        process = next(able, None)
        if process is None:
            break
        run.move(Move(process.letter))
    return run


def straight(steps: Steps) -> Any:
    """Run one process alone to its end, without stopping at its steps; returns what it returns.

    Guards are passed over, so this is for a world that nothing else moves in.
    """
    result = None

    def through() -> Iterator[Any]:
        nonlocal result
        result = yield from steps

    deque(through(), maxlen=0)
    return result
