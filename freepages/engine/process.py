"""A process: a generator over a shared world, and what it announces next."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from freepages.engine.announcement import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.engine.guard import Choose, Guard, some_of


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
            why = f"cannot choose {choice!r}" if choice else "needs a choice"
            return f"{why}: it may choose {some_of(options)}"
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
