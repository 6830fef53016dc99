"""What a process says before it acts: one kind of atomic action, and how it reads as a sentence."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any, Literal

Steps = Generator[Any, Any, Any]
"""What a process is: it yields announcements, and is sent its choice where it asked for one."""


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """One kind of atomic action.

    ``text`` is a template over the announcement's arguments, a sentence without its subject (``"splits
    [{0}, {1}) in two"``), which :func:`phrase` fills. ``cost`` names the modelled cost of the action, for
    the clock; ``amount`` is the index of the argument that counts its units, or None where the action is one
    unit.

    ``mover`` is for the search: "right" where the action may as well be made just before the process's next
    one, whatever the others do in between (taking a lock), "left" where it may as well be made right after
    the one before (dropping the lock), "" where neither holds. R. Lipton, Reduction, CACM 18(12), 1975.
    """

    text: str
    cost: str = ""
    amount: int | None = None
    mover: Literal["left", "right", ""] = ""

    def say(self, args: tuple[Any, ...]) -> str:
        return phrase(self.text, args)


COUNTED = frozenset({"page", "block", "byte", "descriptor"})


class _Phrase(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in COUNTED:
            return f"{value} {format_spec}{'s' * (value != 1)}"
        return str(super().format_field(value, format_spec))


def phrase(template: str, args: tuple[Any, ...]) -> str:
    """A format string, filled. ``{0:page}`` is so many pages; block, byte and descriptor are said likewise.

    Examples
    --------
    >>> phrase("sends {0:page}", (1,)), phrase("sends {0:page}", (2,))
    ('sends 1 page', 'sends 2 pages')
    """
    return _PHRASE.vformat(template, args, {}) if _counts(template) else template.format(*args)


_PHRASE = _Phrase()


@cache
def _counts(template: str) -> bool:
    """Whether it says a number of something; most do not, and to fill those is ten times as fast."""
    return any(spec in COUNTED for _, _, spec, _ in _PHRASE.parse(template))


def sentence(who: str, does: str) -> str:
    """``The host syncs with the dirty log``: what a process does, with its subject."""
    named = who[-1:].isdigit() or who.startswith("somebody")
    subject = who.replace("cpu", "CPU") if named else f"the {who}"
    return f"{subject[:1].upper()}{subject[1:]} {does}"
