"""How far a long command is, on a terminal: one line that is written over, from the second second on.

While it is shown, Ctrl-C does not break a search off where it stands but lets it end and tell what it saw.
"""

from __future__ import annotations

import signal
import sys
from time import monotonic
from types import FrameType, TracebackType
from typing import Any

WIDTH = 30
AFTER = 1.0  # seconds
EVERY = 0.2


class Progress:
    """A bar on standard error over ``total`` of something; called with how many there are, it tells whether
    to stop.

    Nothing is written where standard error is no terminal.
    """

    def __init__(self, total: int = 1, what: str = ""):
        self.total, self.what, self.out = total, what, sys.stderr
        self.stopped = False
        self._began = monotonic()
        self._next = self._began + AFTER
        self._shown = 0

    def __enter__(self) -> Progress:
        self._before: Any = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)
        if self._shown:
            self.out.write("\r" + " " * self._shown + "\r")
            self.out.flush()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True

    def __call__(self, done: int) -> bool:
        return self.show(done / self.total, f"{done:,} of {self.total:,} {self.what}")

    def show(self, part: float, text: str) -> bool:
        """So much of the whole is done, which the text says; whether to stop."""
        now = monotonic()
        if now >= self._next and self.out.isatty():
            self._next = now + EVERY
            done = round(WIDTH * min(1, part))
            line = f"[{'#' * done}{'.' * (WIDTH - done)}] {text}, {now - self._began:.0f} s"
            self.out.write("\r" + line.ljust(self._shown))
            self.out.flush()
            self._shown = len(line)
        return self.stopped

    def rounds(self, rounds: int, left: int) -> None:
        """The same of a migration: so many rounds, so many pages left. Ctrl-C breaks it off."""
        self.total = max(self.total, left)
        if self.show(1 - left / self.total, f"round {rounds}, {left:,} pages left"):
            raise KeyboardInterrupt
