"""What a workload is made of, and the record of what it did."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from freepages.pages.bitmap import PageBitmap

Pfns = NDArray[np.int64]

SECOND = 10**9  # ns; a workload counts its time in whole ones, so that it adds up exactly


class Did:
    """What a guest did since the last time it was asked: maps over its pfns, or None for no page.

    written  these were written. Where the caller gave a map to set them in, it is that map, with whatever it
             had before
    taken    these were free and are in use now, and written
    given    these were in use and are free now
    """

    def __init__(self, free: PageBitmap, into: PageBitmap | None = None) -> None:
        self.free, self._into = free, into
        self.written: PageBitmap | None = None
        self.taken: PageBitmap | None = None
        self.given: PageBitmap | None = None

    def writing(self) -> PageBitmap:
        """The map to set in what is written."""
        if self.written is None:
            self.written = PageBitmap(self.free.pages) if self._into is None else self._into
        return self.written

    def take(self, pfns: Pfns) -> None:
        """Free pages are allocated and written."""
        clear_each(self.free, pfns)
        self.write(pfns)
        if self.given is not None:
            again = are_set(self.given, pfns)
            clear_each(self.given, pfns[again])
            pfns = pfns[~again]
        if len(pfns):
            if self.taken is None:
                self.taken = PageBitmap(self.free.pages)
            set_each(self.taken, pfns)

    def give(self, pfns: Pfns) -> None:
        """Pages that were in use before all this are freed."""
        if len(pfns):
            if self.given is None:
                self.given = PageBitmap(self.free.pages)
            set_each(self.free, pfns)
            set_each(self.given, pfns)

    def write(self, pfns: Pfns) -> None:
        """Pages in use are written."""
        if len(pfns):
            set_each(self.writing(), pfns)


class Part:
    """One thing that a guest does all the time.

    needs      how many pages in use it must have, or None for all that no part with a number has
    scattered  whether they lie anywhere, and none of them holds zeros, or are a run of the pages in use
    """

    needs: int | None = 0
    scattered = False
    writes_per_second = 0.0
    allocations_per_second = 0.0

    def begin(self, rng: np.random.Generator, pages: Any, free: PageBitmap) -> None:
        """Start: from now on all chance comes from ``rng``, and ``pages`` are those it needs: a WorkingSet,
        or ScatteredPages."""

    def advance(self, since: int, until: int, did: Did) -> None:
        """Do what happens in the time [since, until), in ns."""


def events(per_second: float, ns: int) -> int:
    """How many of events at a steady rate have happened by a time, exactly."""
    count, second = per_second.as_integer_ratio()
    return count * ns // (second * SECOND)


def set_each(bitmap: PageBitmap, pfns: Pfns) -> None:
    """Set the pages."""
    np.bitwise_or.at(bitmap.bytes, pfns >> 3, np.left_shift(1, pfns & 7).astype(np.uint8))


def clear_each(bitmap: PageBitmap, pfns: Pfns) -> None:
    """Clear the pages."""
    np.bitwise_and.at(bitmap.bytes, pfns >> 3, ~np.left_shift(1, pfns & 7).astype(np.uint8))


def are_set(bitmap: PageBitmap, pfns: Pfns) -> NDArray[np.bool_]:
    """Whether each of the pages is set."""
    return (bitmap.bytes[pfns >> 3] >> (pfns & 7).astype(np.uint8) & 1).astype(bool)
