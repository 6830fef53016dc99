"""A scenario says how a run begins; a run is a scenario after a schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from freepages.engine.announcement import Act
from freepages.engine.errors import FreepagesError
from freepages.engine.guard import Guard
from freepages.engine.lock import TAKES_LOCK, Lock
from freepages.engine.process import Process
from freepages.engine.schedule import Move, Schedule, ScheduleError


@dataclass(frozen=True)
class Scenario:
    """How a run begins, and how it is looked at.

    ``build()`` makes a fresh world and the processes over it, the same every time it is called.
    ``picture(run)`` gives the :class:`freepages.view.frame.Frame` of a run's present state. ``story`` is a
    schedule worth following; ``bounds`` says in words what was left out. ``read`` are the letters of the
    processes whose own functions are what one should read, and not so much what these call. ``signs`` are
    the picture's own, each with what it means. ``questions(run, move)`` may give questions of its own about
    the move that comes: (text, answers, the right one of them).

    A search (:mod:`freepages.search.plain`) asks two things of each state. ``property(run)`` says what is
    wrong with it, as a sentence, or None. ``key(run)`` is what of the world may still matter, as a value or
    as objects, which are compared by what is in them; None where nothing matters any more. States with equal
    keys whose processes stand at the same places are followed on once.
    :func:`freepages.engine.state.whole` is a key that forgets nothing.

    Examples
    --------
    >>> from freepages.scenarios.zones import buddy_zone
    >>> buddy_zone(4).bounds
    '4 pages; 1 CPU, orders up to 2'
    """

    name: str
    title: str
    build: Callable[[], tuple[Any, Iterable[Process]]]
    picture: Callable[[Run], Any]
    story: str = ""
    bounds: str = ""
    read: str = ""
    property: Callable[[Run], str | None] | None = None
    key: Callable[[Run], Any] | None = None
    signs: tuple[tuple[str, str], ...] = ()
    questions: Callable[[Run, Move], Iterable[tuple[str, Sequence[str], str]]] | None = None


@dataclass(frozen=True)
class Step:
    """One atomic step that was made: its number (from 1), the move, who made it, and what it did."""

    number: int
    move: Move
    who: str
    act: Act
    args: tuple[Any, ...]
    text: str = field(compare=False)


class Run:
    """A scenario after a schedule: the world, the processes, and the steps made so far.

    Raises
    ------
    ScheduleError
        When the schedule cannot be read or has a move that is not possible where it stands.

    Examples
    --------
    >>> from freepages.scenarios.zones import buddy_zone
    >>> run = Run(buddy_zone(4), "c0a")
    >>> run.move("c").text
    "takes zone Normal's lock"
    >>> str(run.schedule), str(run.back().schedule)
    ('c0a c', 'c0a')
    >>> run.move("g")
    Traceback (most recent call last):
        ...
    freepages.engine.schedule.ScheduleError: schedule: move 3 'g': no process has the letter 'g': ...
    """

    def __init__(self, scenario: Scenario, schedule: str | Iterable[Move] = ""):
        self.scenario = scenario
        self.world, processes = scenario.build()
        self.processes: dict[str, Process] = {}
        for process in processes:
            if process.letter in self.processes:
                raise FreepagesError(
                    f"scenario {scenario.name}: two processes have the letter {process.letter!r}"
                )
            self.processes[process.letter] = process
        self.steps: list[Step] = []
        for move in Schedule.parse(schedule) if isinstance(schedule, str) else schedule:
            self.move(move)

    @property
    def schedule(self) -> Schedule:
        """The moves that were made."""
        return Schedule(step.move for step in self.steps)

    def moves(self) -> list[Move]:
        """Every move that is possible now, in the order of the processes."""
        return [Move(p.letter, choice) for p in self.processes.values() for choice in p.options()]

    def why_not(self, move: Move) -> str | None:
        """Why that move is not possible now, or None if it is."""
        process = self.processes.get(move.letter)
        if process is None:
            known = ", ".join(f"{p.letter} ({p.name})" for p in self.processes.values())
            return f"no process has the letter {move.letter!r}: there are {known}"
        why = process.why_not(move.choice)
        return why and f"{process.name} {why}"

    def move(self, move: Move | str) -> Step:
        """Make one move. Raises ScheduleError, the run unchanged, if it is not possible now."""
        if isinstance(move, str):
            parsed = Schedule.parse(move)
            if len(parsed) != 1:
                raise ScheduleError(f"schedule: {move!r} is {len(parsed)} moves, not one")
            move = parsed[0]
        process = self.processes.get(move.letter)
        options = process.options() if process else {}
        if process is None or move.choice not in options:
            why = self.why_not(move)
            able = ", ".join(p.letter for p in self.processes.values() if p.options()) or "none"
            raise ScheduleError(f"schedule: move {len(self.steps) + 1} '{move}': {why}; able to move: {able}")
        act, args = process.act, process.args
        assert act is not None
        process.go(move.choice)
        step = Step(len(self.steps) + 1, move, process.name, act, args, options[move.choice])
        self.steps.append(step)
        return step

    def back(self, steps: int = 1) -> Run:
        """The run that many steps earlier: a replay of a shorter schedule."""
        return Run(self.scenario, self.schedule[: max(0, len(self.steps) - steps)])

    def waiters(self, guard: Guard) -> list[str]:
        """Who announces a move that this guard holds up now."""
        return [p.name for p in self.processes.values() if p.guard is guard and not guard.ready()]

    def held_since(self, lock: Lock) -> int | None:
        """The number of the step that took the lock, or None while it is free."""
        if lock.holder is None:
            return None
        taken = (s.number for s in reversed(self.steps) if s.act is TAKES_LOCK and s.args[0] is lock)
        return next(taken, None)

    def __repr__(self) -> str:
        return f"Run({self.scenario.name!r}, {str(self.schedule)!r})"


def stuck(run: Run) -> str | None:
    """Who waits for what, in a state in which nobody can move and somebody is not done; else None."""
    waiting = [process for process in run.processes.values() if not process.done]
    if not waiting or any(process.options() for process in waiting):
        return None
    return "nobody can move: " + "; ".join(f"{process.name} {process.why_not()}" for process in waiting)
