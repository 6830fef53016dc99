"""By the clock: the process that can move first in modelled time moves next.

Each process has its own time. An action's effect is at the moment when it begins; then its cost passes, and
the process announces the next. Who waits for a guard goes on at the moment of the step that made it ready,
and how long that was is measured. Where a process chooses, it makes the choices of a story, in their order,
each as soon as it can be made; without one it waits. Who moved is kept as a schedule, and the same run can be
stepped through.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.engine.guard import Choose
from freepages.engine.lock import Lock
from freepages.engine.process import Process
from freepages.engine.run import Run
from freepages.engine.schedule import Move, Schedule

NEVER = float("inf")


class Held(NamedTuple):
    """Something that lasted, in ns: who held a lock, or waited for it."""

    who: str
    what: str
    start: int
    end: int

    @property
    def ns(self) -> int:
        return self.end - self.start


class Clock:
    """Runs processes in modelled time; ``now`` is the moment of the step that is being made, in ns.

    waits  every time that somebody had to wait for a lock, or for another guard that is ``measured``
    moves  who moved, in order
    """

    def __init__(self, costs: Costs, story: str | Schedule = ""):
        self.costs = costs
        self._choices: dict[str, deque[str]] = defaultdict(deque)
        for move in Schedule.parse(story) if isinstance(story, str) else story:
            if move.choice:
                self._choices[move.letter].append(move.choice)
        self.now = 0
        self.waits: list[Held] = []
        self.moves: list[Move] = []
        self._own: dict[Process, int] = {}  # when its last action is over
        self._ready: dict[Process, int | None] = {}  # since when nothing holds it up

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.moves)

    def play(self, run: Run, limit: int = 100_000) -> Clock:
        """Move the processes of a run until none can, or ``limit`` moves are made."""
        order = self._begin(run.processes.values())
        while len(self.moves) < limit and self._next(order):
            pass
        return self

    def run(self, processes: Iterable[Process], last: str) -> None:
        """Move until the process with that letter is done. At the same moment the first named goes first.

        Raises FreepagesError when nobody can move.
        """
        order = self._begin(processes)
        (awaited,) = (process for process in order if process.letter == last)
        while not awaited.done:
            if not self._next(order):
                why = "; ".join(f"{p.name} {p.why_not()}" for p in order if not p.done)
                raise FreepagesError(f"nobody can move: {why}")
        for process in order:  # who still waits for a lock has waited until now
            guard, own = process.guard, self._own[process]
            if guard and guard.measured and not guard.ready() and own < self.now:
                self.waits.append(Held(process.name, guard.measured, own, self.now))

    def _begin(self, processes: Iterable[Process]) -> list[Process]:
        order = list(processes)
        for process in order:
            self._own[process] = self.now
            self._ready[process] = None
        self._look(order)
        return order

    def _next(self, order: list[Process]) -> bool:
        """Make the move that begins first; False if there is none."""
        start, at = min((self._start(process), at) for at, process in enumerate(order))
        if start == NEVER:
            return False
        self._move(order[at], int(start))
        self._look(order)
        return True

    def others(self, me: str) -> float:
        """When the first of the other processes moves next, as far as can be told: nothing happens before."""
        return min((self._start(p) for p in self._own if p.letter != me), default=NEVER)

    def _start(self, process: Process) -> float:
        since = self._ready[process]
        return NEVER if since is None or process.done else max(since, self._own[process])

    def _move(self, process: Process, start: int) -> None:
        own, guard, act, args = self._own[process], process.guard, process.act, process.args
        assert act is not None
        if start > own and guard and guard.measured:
            self.waits.append(Held(process.name, guard.measured, own, start))
        self.now = start
        choice = self._choices[process.letter].popleft() if isinstance(guard, Choose) else ""
        process.go(choice)
        self.moves.append(Move(process.letter, choice))
        self._own[process] = start + self.costs.ns(act, args)
        self._ready[process] = None

    def _able(self, process: Process) -> bool:
        guard = process.guard
        if isinstance(guard, Choose):
            choices = self._choices[process.letter]
            return bool(choices) and choices[0] in guard.options()
        return guard is None or guard.ready()

    def _look(self, processes: Iterable[Process]) -> None:
        """Note who is held up, and who is no longer, after the step that was made now."""
        for process in processes:
            if not self._able(process):
                self._ready[process] = None
            elif self._ready[process] is None:
                self._ready[process] = self.now


class TimedLock(Lock):
    """A lock that knows since when it is held, and how long it was before: a Lock by the clock.

    ``taken`` is called just before it changes hands, while nothing has happened yet.
    """

    def __init__(self, name: str, clock: Clock, taken: Callable[[], None]):
        super().__init__(name)
        self._clock, self._taken = clock, taken
        self.since = 0
        self._held: list[Held] = []

    def spans(self) -> list[Held]:
        """Who held it when, up to now."""
        since = [] if self.holder is None else [Held(self.holder, self.name, self.since, self._clock.now)]
        return self._held + since

    def take(self, cpu: str) -> None:
        self._taken()
        super().take(cpu)
        self.since = self._clock.now

    def drop(self, cpu: str) -> None:
        super().drop(cpu)
        self._held.append(Held(cpu, self.name, self.since, self._clock.now))
