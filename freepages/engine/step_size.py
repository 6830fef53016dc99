"""How finely a process is stepped: through every write, or a whole operation at a time.

The same generator serves both. A model says `yield from grain(queue.get_buf(), GETS_BUF, name)`: with `fine`
the steps of get_buf are the process's own, and the announcement is not made; with `coarse` the operation is
one step, which the announcement names. What guards the inner steps (a lock that they take) must then guard
the announcement.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from freepages.engine.announcement import Steps
from freepages.engine.guard import Guard
from freepages.engine.lock import Lock
from freepages.engine.schedulers import straight

Grain = Callable[..., Steps]
"""Takes the steps of an operation, then an announcement of all of it."""


def fine(steps: Steps, *announcement: Any) -> Steps:
    """The steps one by one."""
    return steps


def coarse(steps: Steps, *announcement: Any) -> Steps:
    """All steps as one."""
    return Whole(steps, announcement)


class Whole(Generator[Any, Any, Any]):
    """An operation that is one step. It is no function: who shows where a process stands shows its caller."""

    def __init__(self, steps: Steps, announcement: tuple[Any, ...]):
        self.steps, self.announcement = steps, announcement
        self.announced = False

    def send(self, value: Any) -> Any:
        if self.announced:
            raise StopIteration(straight(self.steps))
        self.announced = True
        return self.announcement

    def throw(self, *error: Any) -> Any:
        return self.steps.throw(*error)


class AllFree(Guard):
    """Every one of some locks: what an operation waits for that takes and drops them one after the other."""

    def __init__(self, *locks: Lock):
        self.locks = locks

    def ready(self) -> bool:
        return all(lock.ready() for lock in self.locks)

    def reason(self) -> str:
        return next(lock.reason() for lock in self.locks if not lock.ready())

    def __str__(self) -> str:
        return ", ".join(map(str, self.locks))
