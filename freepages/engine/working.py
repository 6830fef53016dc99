"""How far a long piece of work is, told below the cell of a notebook that waits for it.

It is told where a person watches: where the front end may be asked for input. A program that runs a notebook
(nbval, nbclient, nbconvert) says that it may not, and gets nothing; so nothing of it is in a stored notebook.
In a reader's own the line is emptied when the work is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar

EVERY = 0.5  # seconds

T = TypeVar("T")


class Working:
    """A line below the cell, from the beginning on: called with how many of ``what`` are done."""

    def __init__(self, what: str):
        self._what = what
        self._began = self._told = monotonic()
        self._line: Any = None  # IPython's handle of what is displayed

    def __enter__(self) -> Working:
        if _is_watched():
            from IPython.display import display

            self._line = display(self._text(0), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._line:
            self._line.update({"text/plain": ""}, raw=True)

    def __call__(self, done: int) -> None:
        if self._line and monotonic() >= self._told + EVERY:
            self._told = monotonic()
            self._line.update(self._text(done), raw=True)

    def _text(self, done: int) -> dict[str, str]:
        return {"text/plain": f"working: {done:,} {self._what}, {monotonic() - self._began:.0f} s"}


def working(things: Iterable[T], what: str) -> Iterator[T]:
    """The things, one after the other; meanwhile it is told how many of them are done."""
    with Working(what) as told:
        for done, thing in enumerate(things):
            told(done)
            yield thing


def _is_watched() -> bool:
    """Whether this is a cell's work, and a person may be asked something in its notebook."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython  # type: ignore[attr-defined]

    kernel = getattr(get_ipython(), "kernel", None)  # type: ignore[no-untyped-call]
    asked: Any = getattr(kernel, "get_parent", dict)()
    return bool(asked.get("content", {}).get("allow_stdin"))
