"""How far a long command is, on a terminal: one line that is written over, from the second second on.

While it is shown, Ctrl-C does not break a search off where it stands but lets it end and tell what it saw.
"""

from __future__ import annotations

import signal
import sys
from time import monotonic
from types import FrameType, TracebackType
from typing import Any, TextIO

WIDTH = 30
AFTER = 1.0  # seconds
EVERY = 0.2


class Progress:
    """A bar on ``out`` over ``total`` of something; called with how many there are, it tells whether to stop.

    Nothing is written where ``out`` is no terminal.
    """

    def __init__(self, total: int, what: str, out: TextIO = sys.stderr):
        self.total, self.what, self.out = total, what, out
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
        now = monotonic()
        if now >= self._next and self.out.isatty():
            self._next = now + EVERY
            part = round(WIDTH * min(1, done / self.total))
            bar = "#" * part + "." * (WIDTH - part)
            line = f"[{bar}] {done:,} of {self.total:,} {self.what}, {now - self._began:.0f} s"
            self.out.write("\r" + line.ljust(self._shown))
            self.out.flush()
            self._shown = len(line)
        return self.stopped
