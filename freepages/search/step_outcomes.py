"""What a step reads of the world, and what comes of it: learnt once, and looked up ever after.

A process at a given place is a function of what it reads. So its choices, and the outcome of each, are kept
by the values of the fields that were read; in a world that differs only elsewhere they are the same. Which
fields those are is not declared but seen: while a step runs, every attribute of the world's parts that is
fetched or set is noted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.engine.position import position
from freepages.engine.run import Process
from freepages.pages.pageset import renumbered

UNKNOWN: Any = object()


class Outcome(NamedTuple):
    """What comes of a choice.

    moves    how many moves were made
    place    where the process stands then
    ends     how what is saved of the world begins where nothing can matter any more; else ""
    changes  (field, value) of every field that was set
    """

    moves: int
    place: int
    ends: str
    changes: tuple[tuple[int, Any], ...]


class Reads:
    """Notes which fields are read and written, inside a ``with``; made of (part, attribute) -> field."""

    def __init__(self, fields: dict[tuple[Any, str], int]):
        self.read: set[int] = set()
        self.written: set[int] = set()
        self._on = False
        parts: dict[int, tuple[Any, dict[str, int]]] = {}
        for (part, name), field in fields.items():
            parts.setdefault(id(part), (part, {}))[1][name] = field
        for part, names in parts.values():
            self._watch(part, names)

    def _watch(self, part: Any, names: dict[str, int]) -> None:
        kind, seen = type(part), self

        class Watched(kind):  # type: ignore[misc, valid-type]
            def __getattribute__(self, name: str) -> Any:
                if name in names and seen._on:
                    seen.read.add(names[name])
                return kind.__getattribute__(self, name)  # type: ignore[call-arg]

            def __setattr__(self, name: str, value: Any) -> None:
                if name in names and seen._on:
                    seen.written.add(names[name])
                kind.__setattr__(self, name, value)  # type: ignore[call-arg]

        part.__class__ = Watched

    def __enter__(self) -> Reads:
        self.read.clear()
        self.written.clear()
        self._on = True
        return self

    def __exit__(self, *error: Any) -> None:
        self._on = False


class Learnt:
    """A function of the world, known where it was seen: values by the fields that they depend on."""

    __slots__ = ("_fields", "_of", "_values")

    def __init__(self) -> None:
        self._fields: tuple[int, ...] = ()
        self._of: Callable[[Any], Any] = _nothing
        self._values: dict[Any, Any] = {}

    def known(self, world: Any) -> Any:
        """The value in that world, or UNKNOWN."""
        return self._values.get(self._of(world), UNKNOWN)

    def learn(self, read: Iterable[int], world: Any, value: Any) -> None:
        """Note the value in that world, which was found by reading those fields."""
        fields = tuple(sorted({*self._fields, *read}))
        if fields != self._fields:
            # What is known was found with fewer fields, and would be found under other keys now.
            self._fields, self._of, self._values = fields, itemgetter(*fields), {}
        self._values[self._of(world)] = value


def _nothing(world: Any) -> None:
    return None


class Place:
    """Where a process may stand: how it was first brought there, and what is known of it there."""

    def __init__(self, where: Any, origin: tuple[int, Any, str, int] | None):
        self.where, self.origin = where, origin
        self.parked: list[Process] = []
        self.choices = Learnt()
        self.outcomes: dict[str, Learnt] = defaultdict(Learnt)


class Places:
    """All places of one process, by number; 0 is where it begins."""

    def __init__(self, process: Process):
        if process.make is None:
            raise FreepagesError(
                f"process {process.name} is given as a running generator: it cannot be searched"
            )
        self.letter, self.name, self.make = process.letter, process.name, process.make
        self._places: list[Place] = []
        self._numbers: dict[Any, int] = {}
        self._turned: dict[tuple[int, tuple[int, ...]], int] = {}
        self[self.place(process, None)].parked.append(process)

    def __getitem__(self, number: int) -> Place:
        return self._places[number]

    def new(self) -> Process:
        """The process as it begins."""
        return Process(self.letter, self.name, self.make)

    def place(self, process: Process, origin: tuple[int, Any, str, int] | None) -> int:
        """The number of the place where the process stands, to which it came that way."""
        number = self._number(position(process))
        if number and self._places[number].origin is None:
            self._places[number].origin = origin
        return number

    def _number(self, where: Any) -> int:
        number = self._numbers.setdefault(where, len(self._places))
        if number == len(self._places):
            self._places.append(Place(where, None))
        return number

    def turned(self, number: int, turn: tuple[int, ...]) -> int:
        """The number of that place with the pages renumbered."""
        other = self._turned.get((number, turn))
        if other is None:
            other = self._number(renumbered(self._places[number].where, turn))
            self._turned[number, turn] = other
        return other
