"""What a process may have to wait for, and what it may have to choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


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


class _Explained(Guard):
    """A guard that is given its reason: text, or a function giving text."""

    _why: str | Callable[[], str]

    def reason(self) -> str:
        return self._why() if callable(self._why) else self._why


class Until(_Explained):
    """Wait until ``ready()`` holds; ``why`` says what for (text, or a function giving text)."""

    def __init__(self, ready: Callable[[], bool], why: str | Callable[[], str]):
        self.asks, self._why = ready, why

    def ready(self) -> bool:
        return self.asks()

    def __str__(self) -> str:
        return self.reason()


class Choose(_Explained):
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

    def __str__(self) -> str:
        return ", ".join(self.options())


FEW = 8  # choices that an error names


def some_of(options: Mapping[str, str]) -> str:
    """The first few of these choices, each with what it means."""
    few = [f"{choice} ({words})" if words else choice for choice, words in options.items()][:FEW]
    return ", ".join(few) + " ..." * (len(options) > FEW)
