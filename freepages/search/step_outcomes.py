"""What a step touches of a state, and what comes of it: learnt once, and looked up ever after.

A process at a given place is a function of what it reads. So its choices, and the outcome of each, are kept
by the values of the fields that were read or set; in a state that differs only elsewhere they are the same.
Which fields those are is not declared but seen: while a step runs, every attribute of the world's parts that
is fetched or set is noted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from freepages.debate.world import FIELDS, World
from freepages.engine import Process
from freepages.engine.position import position
from freepages.search.state_bits import BitLayout, Field

UNKNOWN: Any = object()


class Outcome(NamedTuple):
    """What comes of a choice.

    moves  how many moves were made
    over   whether nothing can matter any more
    bits   those of every field that was touched, as they are then
    """

    moves: int
    over: bool
    bits: int


class Touched(set[int]):
    """The numbers of the FIELDS that are read or set inside a ``with``."""

    def __init__(self, world: World):
        parts: dict[int, tuple[Any, dict[str, int]]] = {}
        for field, names in enumerate(FIELDS):
            for name in names:
                path, attribute = name.split(".")
                part = getattr(world, path)
                parts.setdefault(id(part), (part, {}))[1][attribute] = field
        self._kinds = [
            (part, type(part), self._watched(type(part), fields)) for part, fields in parts.values()
        ]

    def _watched(self, kind: Any, fields: dict[str, int]) -> type:
        """The same kind of part, of which each access to those attributes is noted."""
        note = self.add

        class Watched(kind):  # type: ignore[misc]
            def __getattribute__(self, name: str) -> Any:
                if name in fields:
                    note(fields[name])
                return kind.__getattribute__(self, name)

            def __setattr__(self, name: str, value: Any) -> None:
                if name in fields:
                    note(fields[name])
                kind.__setattr__(self, name, value)

        return Watched

    def __enter__(self) -> Touched:
        self.clear()
        for part, _, watched in self._kinds:
            part.__class__ = watched
        return self

    def __exit__(self, *error: Any) -> None:
        for part, kind, _ in self._kinds:
            part.__class__ = kind


class Learnt:
    """A function of the state, known where it was seen: values by the bits that they depend on."""

    __slots__ = ("_fields", "mask", "values")

    def __init__(self) -> None:
        self._fields: set[Field] = set()
        self.mask = 0
        self.values: dict[int, Any] = {}

    def depends_on(self, fields: set[Field]) -> None:
        """The value may depend on these fields too."""
        if not fields <= self._fields:
            # What is known was found with fewer fields, and would be found under other keys now.
            self._fields |= fields
            self.values = {}
        self.widen()

    def widen(self) -> None:
        """Some fields may have got more bits; in what is known those are 0."""
        self.mask = 0
        for field in self._fields:
            self.mask |= field.mask


class Place:
    """Where a process may stand: how it was first brought there, and what is known of it there."""

    def __init__(self, origin: tuple[int, str, int] | None):
        self.origin = origin
        self.parked: list[Process] = []
        self.choices = Learnt()
        self.outcomes: dict[str, Learnt] = defaultdict(Learnt)


class Places(Field):
    """All places of one process, which are a field of the state."""

    def __init__(self, layout: BitLayout, process: Process):
        super().__init__(layout)
        self.letter, self.name = process.letter, process.name
        self._begin = process.again
        process = self._begin()
        self._places: dict[int, Place] = {}
        self.start = self.arrive(process, None)

    def at(self, state: int) -> Place:
        """The place that the process has in a state."""
        return self._places[state & self.mask]

    def arrive(self, process: Process, origin: tuple[int, str, int] | None) -> int:
        """Note where a process stands, and that it came there by a choice and a number of moves from a
        state; the bits of that place."""
        bits = self.bits(position(process))
        if bits not in self._places:
            self._places[bits] = Place(origin)
        self._places[bits].parked.append(process)
        return bits

    def process(self, state: int, restore: Callable[[int], None]) -> Process:
        """The process, standing where it does in a state: one that is parked there, or a new one that is
        brought there alone."""
        here = self.at(state)
        if here.parked:
            return here.parked.pop()
        if here.origin is None:
            return self._begin()
        before, choice, moves = here.origin
        process = self.process(before, restore)
        restore(before)
        process.go(choice)
        for _ in range(moves - 1):
            process.go()
        return process

    def learnt(self) -> Iterator[Learnt]:
        """All that is known of the process."""
        for place in self._places.values():
            yield place.choices
            yield from place.outcomes.values()
