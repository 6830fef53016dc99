"""A process that a learner wrote: what goes wrong in it is told in one sentence.

The proposals that come with freepages are trusted. A learner's function may forget a ``yield from``, loop for
ever without a step, or keep something that a search cannot see. Nothing of that is an error for Python, and
each would make a verdict false; so every step is watched.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from types import FrameType, GeneratorType
from typing import Any

from freepages.debate.verb import Called, without_yield_from
from freepages.debate.world import FIELDS, World
from freepages.engine import Act, Process, Steps
from freepages.engine.errors import FreepagesError
from freepages.engine.position import needed
from freepages.pages.pageset import PageSet

LINES, LINES_A_PAGE = 100_000, 4
"""Lines that a learner's function may run in one step, and as many more for each page of the guest."""

SECONDS = 60
"""What it may take for one step."""

STEPS = 200_000
"""Steps that it may make in one run."""

PARTS = ("guest", "host", "mail", "memory", "log", "lock")
"""The parts of the world, whose variables are their own."""

NAMES = tuple(name for names in FIELDS for name in names)

CHANGES = (int, str, list, dict, set, PageSet)
"""Kinds of variables outside of a function that it may change."""

NONE_COMES_FROM = (
    "None comes from precopy when the migration is over, from next_request and isolate when the guest falls "
    "silent, from .pages of an answer with only an id, and from a function of your own without 'return'"
)


HELP = {
    r"'NoneType'|^None is no": NONE_COMES_FROM,
    r"'PageSet'|'PageBitmap'": "a set of pages has |, &, -, in and .copy()",
    r"'Answer' object": "an answer has .id and .pages",
    r"'World' object|'Watched'": "verbs() lists what w has; a verb is called as verb(w, ...)",
}
"""What helps with an error of Python's, by a word in it."""


def is_own(function: Callable[..., Any] | None) -> bool:
    """Whether somebody else than freepages wrote it.

    Examples
    --------
    >>> from freepages.debate.proposals import snapshot_host
    >>> is_own(snapshot_host)
    False
    >>> import textwrap
    >>> is_own(textwrap.fill)
    True
    """
    return function is not None and not _of_the_library(getattr(function, "__module__", None))


def _of_the_library(module: str | None) -> bool:
    return (module or "").split(".")[0] == "freepages"


def side(letter: str, name: str, function: Callable[[World], Steps], world: World) -> Process:
    """The process of one side of a proposal over a world; watched, if a learner wrote the function.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.debate.proposals import snapshot_host
    >>> side("h", "host", snapshot_host, World(2, pace=freely)).act.text
    'switches the dirty log on'
    """
    return (OwnProcess if is_own(function) else Process)(letter, name, partial(function, world))


class OwnProcess(Process):
    """A learner's process, which is made of a function with its world: ``partial(function, world)``.

    Raises
    ------
    FreepagesError
        One line, for whatever goes wrong in a step.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely, log_on
    >>> def host(w):
    ...     log_on(w)
    ...     yield "goes on"
    >>> OwnProcess("h", "host", partial(host, World(2, pace=freely)))
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: host: log_on(...) is called without 'yield from' befor...
    """

    def __init__(self, letter: str, name: str, steps: Callable[[], Steps]):
        self.world: World = steps.args[-1]  # type: ignore[attr-defined]
        self.small = self.world.kind is PageSet
        self._most = LINES + LINES_A_PAGE * self.world.pages
        self._lines = self._made = 0
        super().__init__(letter, name, steps)

    def _advance(self, sent: Any) -> None:
        self._made += 1
        if self._made > STEPS:
            raise FreepagesError(f"{self.name} has made {STEPS:,} steps, and there is no end of them")
        before, outside = self._variables(), self._outside()
        Called.step, Called.forgotten = Called.step + 1, ""
        with self._watched():
            try:
                super()._advance(sent)
            except Exception as error:
                raise FreepagesError(self._fault(error)) from error
        kept = (value.name for _, value in self._locals(read_again=False) if isinstance(value, Called))
        if forgotten := Called.forgotten or next(kept, ""):
            raise FreepagesError(f"{self.name}: {without_yield_from(forgotten)}")
        self._refuse_an_early_end()
        self._refuse_variables(before)
        for name, value in self._outside().items():
            if value != outside.get(name):
                raise FreepagesError(
                    f"{self.name} changes {name}, which stands outside of the function and so is the same in "
                    "every run: keep it in a local variable of the function"
                )
        self._refuse_parts_of_the_world()

    def _announce(self, announced: Any) -> None:
        if isinstance(announced, Called):
            raise FreepagesError(
                f"{self.name}: write 'yield from {announced.name}(...)', not 'yield {announced.name}(...)'"
            )
        if isinstance(announced, GeneratorType):
            name = announced.__name__
            raise FreepagesError(f"{self.name}: write 'yield from {name}(...)', not 'yield {name}(...)'")
        first = announced[0] if isinstance(announced, tuple) and announced else announced
        if not isinstance(first, (str, Act)):
            raise FreepagesError(
                f"{self.name} yields {announced!r:.40}: what is yielded is a text that says what comes next, "
                "such as yield 'looks at the log'"
            )
        super()._announce(announced)

    # -- errors, and loops without end

    def _fault(self, error: Exception) -> str:
        """The error as a sentence: where it is in the learner's function, and what it is."""
        ours = isinstance(error, FreepagesError)
        if ours and str(error).startswith(self.name):
            return str(error)
        where, trace = "", error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if not _of_the_library(trace.tb_frame.f_globals.get("__name__")):
                line = linecache.getline(code.co_filename, trace.tb_lineno).strip()
                where = f" in line {trace.tb_lineno}" + (f" ({line:.70})" if line else "")
            trace = trace.tb_next
        if "yield from w." in where and "not iterable" in str(error):
            return f"{self.name}{where}: what begins with w. takes no step: write it without 'yield from'"
        why = next((f"; {help}" for word, help in HELP.items() if re.search(word, str(error))), "")
        what = where if ours else f" ends{where} with {type(error).__name__}"
        return f"{self.name}{what}: {error}{why}"

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Count the lines that run, but those of the library."""
        self._lines, self._until, other = 0, monotonic() + SECONDS, sys.gettrace()
        sys.settrace(self._enters)
        try:
            yield
        finally:
            sys.settrace(other)

    def _enters(self, frame: FrameType, event: str, arg: Any) -> Any:
        return None if _of_the_library(frame.f_globals.get("__name__")) else self._counts

    def _counts(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._lines += event == "line"
        if self._lines > self._most:
            raise FreepagesError(
                f"{self.name} has run more than {LINES:,} lines without a step, and is in line "
                f"{frame.f_lineno}: is there a loop in which no verb is called with 'yield from'?"
            )
        if monotonic() > self._until:
            raise FreepagesError(
                f"{self.name} has worked on one step for {SECONDS} s, and is in line {frame.f_lineno}: use "
                "|, & and - on whole sets of pages, not a loop over single pages"
            )
        return self._counts

    def _refuse_an_early_end(self) -> None:
        """A migration that is never ended loses nothing, and proves nothing."""
        host = self.letter == "h" and self.world.purpose == "migrate"
        if host and self.act is None and not self.world.host.stopped:
            raise FreepagesError(
                f"{self.name} does not come to the end of the migration: its function ends before precopy "
                "has given None (and a function of your own that has no 'return' gives None, too)"
            )

    # -- what a search would not see

    def _variables(self) -> tuple[dict[str, Any], list[set[str]]]:
        """The world's own variables, and the names of those of its parts."""
        if not self.small:
            return {}, []
        return vars(self.world).copy(), [{*vars(getattr(self.world, part))} for part in PARTS]

    def _outside(self) -> dict[str, str]:
        """The variables outside of the function that it reads and might change, as texts."""
        function = self.make.func  # type: ignore[union-attr]
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        known = {name: cell.cell_contents for name, cell in cells}
        known |= {name: function.__globals__.get(name) for name in function.__code__.co_names}
        return {name: repr(value) for name, value in known.items() if isinstance(value, CHANGES)}

    def _refuse_variables(self, before: tuple[dict[str, Any], list[set[str]]]) -> None:
        was, parts = before
        now, parts_now = self._variables()
        new = [name for name, value in now.items() if name not in was or was[name] is not value]
        for part, old, all_now in zip(PARTS, parts, parts_now, strict=False):
            new += (f"{part}.{name}" for name in sorted(all_now - old))
        if new:
            raise FreepagesError(
                f"{self.name} sets w.{new[0]}, which a search does not see: keep it in a local variable "
                f"of the function"
            )

    def _refuse_parts_of_the_world(self) -> None:
        """A local must be a value of its own, not a set or list of the world that others change."""
        if not self.small:
            return
        kept = [(name, value) for name, value in self._locals() if isinstance(value, PageSet | list)]
        parts = {
            id(value): f"w.{part}.{name}"
            for part in (PARTS if kept else ())
            for name, value in self._variables_of(part)
        }
        for name, value in kept:
            if id(value) in parts:
                theirs = parts[id(value)]
                raise FreepagesError(
                    f"{self.name} keeps {name}, which is {theirs} itself and changes with it: "
                    f"write {name} = {theirs}.copy()"
                )

    def _variables_of(self, part: str) -> Iterator[tuple[str, Any]]:
        """The variables of a part of the world, read where a search does not note it."""
        yield from vars(getattr(self.world, part)).items()

    def _locals(self, read_again: bool = True) -> Iterator[tuple[str, Any]]:
        """The locals of the learner's running functions, or those that are read again."""
        steps: Any = self.steps
        while (frame := getattr(steps, "gi_frame", None)) is not None:
            if _of_the_library(frame.f_globals.get("__name__")):
                return
            values = frame.f_locals
            names = needed(steps.gi_code)[frame.f_lasti] if read_again else tuple(values)
            yield from ((name, values[name]) for name in names if name in values)
            steps = steps.gi_yieldfrom
