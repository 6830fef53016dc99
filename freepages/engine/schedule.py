"""Who moved, in order, as a short text: ``h g g w1a w0f``."""

from __future__ import annotations

import re
from typing import NamedTuple

from freepages.engine.errors import FreepagesError


class ScheduleError(FreepagesError):
    """A schedule text that cannot be read, or a move that is not possible where it stands."""


class Move(NamedTuple):
    """One move of a schedule: the process's letter and, where it chooses, its choice."""

    letter: str
    choice: str = ""

    def __str__(self) -> str:
        return self.letter + self.choice


class Schedule(tuple[Move, ...]):
    """Who moved, in order. ``str()`` and :meth:`parse` are each other's inverse.

    Examples
    --------
    >>> schedule = Schedule.parse("h g w1a")
    >>> len(schedule), schedule[2].letter, schedule[2].choice
    (3, 'w', '1a')
    >>> Schedule.parse("h g !")
    Traceback (most recent call last):
        ...
    freepages.engine.schedule.ScheduleError: schedule: '!' at character 5 is no move: it is a proc...
    """

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
