"""What a zone spans and what memory it has in there, however its free pages are kept."""

from __future__ import annotations

from freepages.engine.errors import FreepagesError
from freepages.pages.ranges import merge


class ZoneError(FreepagesError):
    """A pfn or a block that is not what the call takes it for, or an invariant of the zone that is broken."""


class Span:
    """The pages [start_pfn, start_pfn + spanned) of a zone; ``memory`` lists the ranges of those it manages.

    The ranges ascend and do not touch; what lies between them is a hole.

    Raises
    ------
    ZoneError
        Where there can be no such zone.

    Examples
    --------
    >>> span = Span("DMA", 1, 15)
    >>> span.reserve(4, 8)
    >>> span.end_pfn, span.managed, span.memory
    (16, 4, [(4, 8)])
    >>> span.reserve(7, 9)
    Traceback (most recent call last):
        ...
    freepages.zone.span.ZoneError: zone DMA: [7, 9) overlaps [4, 8), managed already
    """

    def __init__(self, name: str, start_pfn: int, spanned: int):
        if start_pfn < 0 or spanned < 0:
            raise ZoneError(f"zone {name}: [{start_pfn}, {start_pfn + spanned}) is no range of pages")
        self.name, self.start_pfn, self.spanned = name, start_pfn, spanned
        self.memory: list[tuple[int, int]] = []

    @property
    def end_pfn(self) -> int:
        """The first pfn behind it."""
        return self.start_pfn + self.spanned

    @property
    def managed(self) -> int:
        """Pages that were given to the zone."""
        return sum(end - start for start, end in self.memory)

    def reserve(self, start: int, end: int) -> None:
        """Let the zone manage the pages [start, end), but leave it to the caller what they are used for.

        Raises ZoneError when they are not in the zone, or were given before.
        """
        if not self.start_pfn <= start < end <= self.end_pfn:
            raise self.error(f"[{start}, {end}) is not in [{self.start_pfn}, {self.end_pfn})")
        for low, high in self.memory:
            if start < high and low < end:
                raise self.error(f"[{start}, {end}) overlaps [{low}, {high}), managed already")
        self.memory = list(merge([*self.memory, (start, end)]))

    def error(self, fault: str) -> ZoneError:
        """The error that says this of the zone."""
        return ZoneError(f"zone {self.name}: {fault}")
