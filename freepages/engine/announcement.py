"""What a process says before it acts: one kind of atomic action, and how it reads as a sentence."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

from freepages.engine.quantity import singular

Steps = Generator[Any, Any, Any]
"""What a process is: it yields announcements, and is sent its choice where it asked for one."""


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
        return singular(self.text.format(*args))


def sentence(who: str, does: str) -> str:
    """``The host syncs with the dirty log``: what a process does, with its subject."""
    named = who[-1:].isdigit() or who.startswith("somebody")
    subject = who.replace("cpu", "CPU") if named else f"the {who}"
    return f"{subject[:1].upper()}{subject[1:]} {does}"
