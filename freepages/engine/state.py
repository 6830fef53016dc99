"""The state of a run, as a value that can be compared: what a search merges by.

Two schedules that lead to the same state need not both be followed on. A state is what the scenario's key
says of the world, and where each process stands (:mod:`freepages.engine.position`). Objects are compared by
what is in them. They are numbered in the order in which they are met, and one that is met again is its
number: so two states differ also where the same things hang together in another way.
"""

from __future__ import annotations

from collections.abc import Iterable, KeysView, ValuesView
from enum import Enum
from functools import partial
from hashlib import blake2b
from struct import Struct
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from freepages.engine.announcement import Act
from freepages.engine.errors import FreepagesError
from freepages.engine.position import position
from freepages.engine.run import Run
from freepages.engine.schedule import Schedule

DIGEST = 32
"""Bytes of memory that are kept as they are; of more it is a digest of that size."""

SIMPLE = {int, str, bytes, bool, type(None)}
PLAIN = (*SIMPLE, float, Enum, range, type, Act, ModuleType, CodeType)
"""Values that are compared as they are."""


class Known(NamedTuple):
    """In a key: a part of the world, and all of it that may still matter; nothing else of it is looked at.

    Of a process that keeps the part in a local it only counts that it does.
    """

    part: Any
    matters: Any


def whole(run: Run) -> Any:
    """A key that forgets nothing: all of the world."""
    return run.world


def past(run: Run) -> Any:
    """A key that merges no two schedules: for a property that speaks of what was done."""
    return run.schedule


def state_of(run: Run) -> tuple[Any, ...] | None:
    """The state of a run whose scenario has a key; None where nothing matters any more.

    Raises FreepagesError for what cannot be compared.
    """
    assert run.scenario.key
    key = run.scenario.key(run)
    if key is None or isinstance(key, Schedule):  # which says all
        return key
    content = Contents()
    world = content(f"scenario {run.scenario.name}", "its key", key)
    return world, *(position(p, partial(content, f"process {p.name}")) for p in run.processes.values())


class Contents:
    """Values as they are compared. ``met`` has the number of each object that was looked at."""

    def __init__(self) -> None:
        self.met: dict[int, int] = {}
        self._alive: list[Any] = []  # so that no other object gets the id of one that was met

    def __call__(self, who: str, name: str, value: Any) -> Any:
        """The content of ``name``, which ``who`` keeps. Raises FreepagesError where it cannot be compared."""
        try:
            return self._of(value)
        except TypeError as error:
            raise FreepagesError(f"{who} keeps {name}: a search cannot compare it: {error}") from None

    def _of(self, value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, Known):
            return self._meet(value.part), self._of(value.matters)
        if isinstance(value, tuple):
            return self._all(value)
        if id(value) in self.met:
            return Contents, self.met[id(value)]
        self._meet(value)
        if isinstance(value, bytearray | memoryview) or hasattr(value, "__array_interface__"):
            data = bytes(value)
            return data if len(data) <= DIGEST else blake2b(data, digest_size=DIGEST).digest()
        if type(value) is list:
            return list, self._all(value)
        if type(value) is dict:
            return dict, self._all(value), self._all(value.values())
        if isinstance(value, ValuesView | KeysView):
            return self._all(value)
        if isinstance(value, set | frozenset):
            return frozenset(self._all(value))
        if isinstance(value, FunctionType):
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            return value.__code__, self._of(value.__defaults__), self._all(cells)
        if isinstance(value, MethodType):
            return value.__func__.__code__, self._of(value.__self__)
        if isinstance(value, BuiltinFunctionType):
            return value.__qualname__, self._of(value.__self__)
        if isinstance(value, partial):
            return partial, self._of(value.func), self._of(value.args), self._of(value.keywords)
        if isinstance(value, Struct):
            return value.format
        # What would be pickled is all that an object is; what cannot be, such as a generator, has no content.
        made, arguments, *rest = value.__reduce_ex__(2)
        state, items, pairs = (*rest, None, None, None)[:3]
        return self._of((made, arguments, state, tuple(items or ()), tuple(pairs or ())))

    def _all(self, values: Iterable[Any]) -> tuple[Any, ...]:
        return tuple([value if type(value) in SIMPLE else self._of(value) for value in values])

    def _meet(self, value: Any) -> int:
        self._alive.append(value)
        return self.met.setdefault(id(value), len(self.met))
