"""The engine: a run is a scenario plus a schedule.

A *process* is a generator over a shared world. Each ``yield`` stands **before** one atomic action and
announces it; the code from there to the next ``yield`` is that action, and nothing else moves meanwhile. So
at any moment it is known what every process is about to do, whether it may, and if not, why not:

    def acquire(self, cpu):
        yield TAKES_LOCK, self, cpu          # announced; the lock guards the move: it must be free
        self.holder = cpu                    # done, when the scheduler picks this process

What is yielded is an announcement: an :class:`Act` (or plain text) and its arguments. Where the first
argument is a :class:`Guard`, the process may move only while the guard is ready; a :class:`Choose` also wants
to be told which of its options the process takes. Three rules keep a run replayable, and later searchable:

- before its first ``yield`` a process touches nothing shared;
- it keeps its position in plain local values, never in an iterator of something another process may change;
- it takes nothing from clocks, sets' order or unseeded chance.

A *scenario* builds a world with its processes. A *schedule* says who moved, as a short text: ``h g g w1a
w0f`` is host, guest, guest, workload with its choice ``1a``, workload with ``0f``. Replaying a schedule gives
the same run; going back is replaying one move less. Announcing before acting (rather than reporting after) is
what makes the set of possible moves a function of the state, with no empty step for a lock that was free or a
last return.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Literal, NamedTuple

from freepages.engine.errors import FreepagesError

Steps = Generator[Any, Any, Any]
"""What a process is: it yields announcements, and is sent its choice where it asked for one."""


class ScheduleError(FreepagesError):
    """A schedule text that cannot be read, or a move that is not possible where it stands."""


# -- announcements


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """One kind of atomic action.

    ``text`` is a format string over the announcement's arguments, a sentence without its subject (``"splits
    [{0}, {1}) in two"``). ``cost`` names the modelled cost of the action, for the clock; ``amount`` is the
    index of the argument that counts its units, or None where the action is one unit.

    ``mover`` is for the search: "right" where the action may as well be made just before the process's next
    one, whatever the others do in between (taking a lock), "left" where it may as well be made right after
    the one before (dropping the lock), "" where neither holds. R. Lipton, Reduction, CACM 18(12), 1975.
    """

    text: str
    cost: str = ""
    amount: int | None = None
    mover: Literal["left", "right", ""] = ""

    def say(self, args: tuple[Any, ...]) -> str:
        return self.text.format(*args)


class Guard:
    """What a process may have to wait for: the first argument of an announcement.

    ``measured`` is what is waited for, where the clock is to measure how long that is; else "".
    """

    measured = ""

    def ready(self) -> bool:
        raise NotImplementedError

    def reason(self) -> str:
        """Why not ready, as the end of "guest cannot move: ..."."""
        raise NotImplementedError


class Until(Guard):
    """Wait until ``ready()`` holds; ``why`` says what for (text, or a function giving text)."""

    def __init__(self, ready: Callable[[], bool], why: str | Callable[[], str]):
        self.asks, self._why = ready, why

    def ready(self) -> bool:
        return self.asks()

    def reason(self) -> str:
        return self._why() if callable(self._why) else self._why

    def __str__(self) -> str:
        return self.reason()


class Choose(Guard):
    """The move needs a choice: ``options()`` maps each choice possible now to a description.

    It is asked anew in every state, since others move in between. A choice is digits and a letter, ``3a``;
    ``refuse(choice)`` may say why one that is not among the options is not; ``why`` (text, or a function
    giving text) why there is none.
    """

    def __init__(
        self,
        options: Callable[[], Mapping[str, str]],
        refuse: Callable[[str], str] | None = None,
        why: str | Callable[[], str] = "has nothing to choose from",
    ):
        self.options, self.refuse, self._why = options, refuse, why

    @property
    def asks(self) -> Callable[[], Any]:
        return self.options

    def ready(self) -> bool:
        return bool(self.options())

    def reason(self) -> str:
        return self._why() if callable(self._why) else self._why

    def __str__(self) -> str:
        return ", ".join(self.options())


class Lock(Guard):
    """A lock with a holder; who waits for it is known from what the processes announce."""

    def __init__(self, name: str):
        self.name = self.measured = name
        self.holder: str | None = None

    def ready(self) -> bool:
        return self.holder is None

    def reason(self) -> str:
        return f"waits for {self.name}, held by {self.holder}"

    def acquire(self, cpu: str) -> Steps:
        yield TAKES_LOCK, self, cpu
        self.take(cpu)

    def release(self, cpu: str) -> Steps:
        yield DROPS_LOCK, self.name, cpu
        self.drop(cpu)

    def take(self, cpu: str) -> None:
        if self.holder is not None:
            raise FreepagesError(f"{self.name}: {cpu} takes it while {self.holder} holds it")
        self.holder = cpu

    def drop(self, cpu: str) -> None:
        if self.holder != cpu:
            raise FreepagesError(f"{self.name}: {cpu} drops it while {self.holder or 'nobody'} holds it")
        self.holder = None

    def __str__(self) -> str:
        return self.name


TAKES_LOCK = Act("takes {0}", cost="lock", mover="right")
DROPS_LOCK = Act("drops {0}", cost="unlock", mover="left")


# -- schedules


class Move(NamedTuple):
    """One move of a schedule: the process's letter and, where it chooses, its choice."""

    letter: str
    choice: str = ""

    def __str__(self) -> str:
        return self.letter + self.choice


class Schedule(tuple[Move, ...]):
    """Who moved, in order. ``str()`` and :meth:`parse` are each other's inverse."""

    _MOVE = re.compile(r"([a-z])([0-9]+[a-z])?")

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read ``"h g g w1a w0f"``; the spaces may be left out, and any white space or commas may stand
        instead.

        Raises ScheduleError naming the character that cannot begin a move.
        """
        moves, at = [], 0
        while at < len(text):
            if text[at].isspace() or text[at] == ",":
                at += 1
                continue
            found = cls._MOVE.match(text, at)
            if not found:
                raise ScheduleError(
                    f"schedule: {text[at : at + 12]!r} at character {at + 1} is no move: it is a process's "
                    "small letter, then its choice where it has one (digits and a letter), as in 'h g w1a'"
                )
            moves.append(Move(found[1], found[2] or ""))
            at = found.end()
        return cls(moves)

    def __str__(self) -> str:
        return " ".join(map(str, self))

    def __repr__(self) -> str:
        return f"Schedule({str(self)!r})"


# -- processes


class Process:
    """A named generator with what it announces next.

    ``letter`` is one small letter, unique in its scenario. ``steps`` is the generator, or a function that
    makes it, which is what a search needs; it is run up to its first ``yield`` here, which by the first rule
    touches nothing shared.
    """

    def __init__(self, letter: str, name: str, steps: Steps | Callable[[], Steps]):
        if not re.fullmatch("[a-z]", letter):
            raise FreepagesError(f"process {name}: its letter must be one small letter, not {letter!r}")
        self.letter, self.name = letter, name
        self.make = steps if callable(steps) else None
        self.steps = steps() if callable(steps) else steps
        self.result: Any = None
        self.act: Act | None = None
        self.args: tuple[Any, ...] = ()
        self._advance(None)

    def _advance(self, sent: Any) -> None:
        try:
            announced = self.steps.send(sent)
        except StopIteration as end:
            self.act, self.args, self.result = None, (), end.value
            return
        self._announce(announced)

    def _announce(self, announced: Any) -> None:
        if isinstance(announced, str):
            announced = (announced,)
        act, *args = announced
        self.act = Act(act) if isinstance(act, str) else act
        self.args = tuple(args)

    def again(self) -> Process:
        """The same process at its beginning. Raises FreepagesError where nobody can make it again."""
        if self.make is None:
            raise FreepagesError(
                f"process {self.name} is given as a running generator: it cannot be searched"
            )
        return type(self)(self.letter, self.name, self.make)

    @property
    def code(self) -> CodeType | None:
        """The function that it is; None for a generator that nobody can make again and that has ended."""
        made = getattr(self.make, "func", self.make) or self.steps
        code: CodeType | None = getattr(made, "__code__", None) or getattr(made, "gi_code", None)
        return code

    @property
    def done(self) -> bool:
        return self.act is None

    @property
    def guard(self) -> Guard | None:
        return self.args[0] if self.args and isinstance(self.args[0], Guard) else None

    def next(self) -> str:
        """What it is about to do, as a sentence without its subject."""
        return self.act.say(self.args) if self.act else "is done"

    def options(self) -> Mapping[str, str]:
        """The choices it has now, each with a description; ``{"": next()}`` where it has none to make."""
        guard = self.guard
        if self.done:
            return {}
        if isinstance(guard, Choose):
            return guard.options()
        return {"": self.next()} if guard is None or guard.ready() else {}

    def why_not(self, choice: str = "") -> str | None:
        """Why it cannot move (with that choice), or None if it can."""
        guard = self.guard
        if self.done:
            return "is done"
        if guard and not guard.ready():
            return guard.reason()
        options = self.options()
        if choice in options:
            return None
        if isinstance(guard, Choose):
            if choice and guard.refuse and (why := guard.refuse(choice)):
                return why
            few = ", ".join(list(options)[:8]) + (" ..." if len(options) > 8 else "")
            return (f"cannot choose {choice!r}" if choice else "needs a choice") + f": it may choose {few}"
        return f"takes no choice, {choice!r} was given: next it {self.next()}"

    def go(self, choice: str = "") -> None:
        """Do what was announced, and stop before the next action."""
        self._advance(choice if isinstance(self.guard, Choose) else None)

    def position(self) -> list[tuple[CodeType, int]]:
        """Where it stands: (code, line) of each of its running functions, the outermost first."""
        where: list[tuple[CodeType, int]] = []
        steps: Any = self.steps
        while getattr(steps, "gi_frame", None) is not None:
            where.append((steps.gi_code, steps.gi_frame.f_lineno))
            steps = steps.gi_yieldfrom
        return where


def sentence(who: str, does: str) -> str:
    """``The host syncs with the dirty log``: what a process does, with its subject."""
    named = who[-1:].isdigit() or who.startswith("somebody")
    subject = who.replace("cpu", "CPU") if named else f"the {who}"
    return f"{subject[:1].upper()}{subject[1:]} {does}"


# -- scenarios and runs


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

    Raises ScheduleError when the schedule cannot be read or has a move that is not possible where it stands.
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


# -- schedulers: by hand is Run.move, replay is Run(scenario, schedule)


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
