"""A workload from its text: the parts, the pages each has, and the time that they share."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple, Self

from numpy.random import SeedSequence, default_rng

from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.quantity import format_bytes, parse_bandwidth, parse_bytes, parse_rate
from freepages.migrate.workload.allocators import Churn, Hog, build
from freepages.migrate.workload.part_of_workload import SECOND, Did, Part
from freepages.migrate.workload.working_set import ScatteredPages, WorkingSet
from freepages.migrate.workload.writers import Awake, Dirty, Idle, Uniform
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SIZE
from freepages.pages.ranges import Ranges, pages, pairs


def _page_count(text: str) -> int:
    return -(-parse_bytes(text) // PAGE_SIZE)


def _pages_per_second(text: str) -> float:
    return parse_bandwidth(text) / PAGE_SIZE


class Kind(NamedTuple):
    """How to make a part from what follows its name: ``required`` arguments or more; and what it does."""

    form: str
    means: str
    make: Callable[..., Part]
    required: int = 0
    readers: tuple[Callable[[str], Any], ...] = ()


KINDS = {
    "idle": Kind(
        "idle[:WRITES/s[:WORKING_SET]]",
        "nothing runs, but the kernel itself writes a few pages again and again, as recorded guests do",
        Idle,
        0,
        (parse_rate, _page_count),
    ),
    "awake": Kind(
        "awake[:SIZE]",
        "a program wakes every 5 ms, and each time it and the kernel write the same few pages of their own, "
        "beside those that idle or dirty are about: dirty:60MiB/s:128MiB+awake+idle",
        Awake,
        0,
        (_page_count,),
    ),
    "still": Kind("still", "nothing at all is written", Part),
    "dirty": Kind(
        "dirty:RATE[:WORKING_SET]",
        "writes the pages of its working set one after the other, round and round, RATE bytes a second; "
        "without a size it works on all memory in use: dirty:50MiB/s:256MiB",
        Dirty,
        1,
        (parse_bandwidth, _page_count),
    ),
    "uniform": Kind(
        "uniform:WRITES/s[:WORKING_SET]",
        "so many writes a second, each to a page of its working set drawn at random: uniform:300k/s:1GiB",
        Uniform,
        1,
        (parse_rate, _page_count),
    ),
    "build": Kind(
        "build[:PAGES/s[:HELD[:CACHED]]]",
        "a kernel build: allocates, writes and frees so many pages a second, holds HELD bytes at any time, "
        "and adds CACHED bytes/s to the page cache",
        build,
        0,
        (parse_rate, _page_count, _pages_per_second),
    ),
    "churn": Kind(
        "churn:PAGES/s[:HELD]",
        "allocates so many pages a second, writes each once, and frees as many; holds HELD bytes at any "
        "time: churn:50k/s:64MiB",
        Churn,
        1,
        (parse_rate, _page_count),
    ),
    "hog": Kind(
        "hog[:SIZE]",
        "filled SIZE of the memory that is free now, or all of it, and ended: these free pages are not zero",
        Hog,
        0,
        (_page_count,),
    ),
}
FORMS = {kind.form: kind.means for kind in KINDS.values()}
"""What a part may look like, and what it does."""


class Workload:
    """What a guest does, told in bulk when asked; the same seed and the same calls give the same result.

    ``text`` is one of FORMS or several joined with "+". Between two calls of advance() others may take free
    pages and give some back, but pages in use at begin() that were the workload's to choose from stay in use
    but for those it gives itself: what frees page cache does so before.

    used_before   after begin(): the free pages that are not zero, as the workload has used them; None if none
    """

    def __init__(self, text: str, parts: list[Part], seed: int) -> None:
        self.text, self.parts, self._seed = text, tuple(parts), seed
        self.used_before: PageBitmap | None = None
        self._pfns: int | None = None
        self._now = 0

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Self:
        """The workload of a text such as "idle" or "uniform:2M/s:8GiB+dirty:50MiB/s:256MiB"."""
        if seed < 0:
            raise FreepagesError(f"seed {seed} is negative")
        return cls(text, [_part(part) for part in text.split("+")], seed)

    @property
    def writes_per_second(self) -> float:
        """Writes to pages, counting again those to a page that was written before."""
        return sum(part.writes_per_second for part in self.parts)

    @property
    def allocations_per_second(self) -> float:
        """Allocations of a single page; but for those that the page cache keeps, as many are freed."""
        return sum(part.allocations_per_second for part in self.parts)

    def begin(self, free: PageBitmap, ram: Ranges, zero: PageBitmap | None = None) -> None:
        """Start at time 0 in a guest whose memory is the pfns ``ram``, of which ``free`` are free, and
        ``zero``, if that is told, hold zeros.

        Every part gets its pages among those in use, parts with a number of pages each its own and the others
        all that is left. Where too few are in use, free pages are taken for them, and ``free`` is changed.
        Raises FreepagesError, and nothing is changed, when there are not enough.
        """
        used = _in_use(free, ram)
        in_use, needed = used.count(), sum(part.needs or 0 for part in self.parts)
        if needed > pages(ram):
            need, has = (format_bytes(count * PAGE_SIZE) for count in (needed, pages(ram)))
            raise FreepagesError(f"workload {self.text!r} needs {need}, the guest has {has}")
        if needed >= in_use and any(part.needs is None for part in self.parts):
            raise FreepagesError(
                f"workload {self.text!r}: of {in_use} pages in use none is left for a part without a size"
            )
        own, *each = map(default_rng, SeedSequence(self._seed).spawn(1 + len(self.parts)))
        borrowed = WorkingSet.none()
        if needed > in_use:
            borrowed = WorkingSet.among(free, needed - in_use, own)
            borrowed.set_in(used)
        streams = zip(self.parts, each, strict=True)
        for part, rng in sorted(streams, key=lambda stream: stream[0].needs is None):
            mine: WorkingSet | ScatteredPages = WorkingSet.none()
            if part.needs is None:
                mine = WorkingSet.among(used, in_use - needed, own)
            elif part.needs:
                mine = (
                    ScatteredPages.among(used, part.needs, own, zero)
                    if part.scattered
                    else WorkingSet.among(used, part.needs, own)
                )
                mine.clear_in(used)
            part.begin(rng, mine, free)
        borrowed.clear_in(free)
        self.used_before = self._before(free)
        self._pfns, self._now = free.pages, 0

    def _before(self, free: PageBitmap) -> PageBitmap | None:
        """The free pages that were used before."""
        maps = [part.used_before for part in self.parts if isinstance(part, Hog)]
        if not maps:
            return None
        before = maps[0]
        for other in maps[1:]:
            before |= other
        before &= free
        return before

    def advance(self, seconds: float, free: PageBitmap, into: PageBitmap | None = None) -> Did:
        """What it does in so much time, to a whole ns; ``free`` is kept up to date.

        What is written is set in ``into``, if that is given, or in a map of its own.
        """
        if not (isfinite(seconds) and seconds >= 0):
            raise FreepagesError(f"a time of {seconds} s")
        for bitmap in (free, into):
            if bitmap is not None and bitmap.pages != self._pfns:
                raise FreepagesError(
                    f"a bitmap of {bitmap.pages} pages, where workload {self.text!r} began with {self._pfns}"
                )
        since, self._now = self._now, self._now + round(seconds * SECOND)
        did = Did(free, into)
        for part in self.parts:
            part.advance(since, self._now, did)
        return did

    def __repr__(self) -> str:
        return f"Workload.parse({self.text!r}, {self._seed})"


def _part(text: str) -> Part:
    name, *arguments = text.split(":")
    if name not in KINDS:
        raise unknown("workload", name, KINDS)
    kind = KINDS[name]
    if not kind.required <= len(arguments) <= len(kind.readers):
        raise FreepagesError(f"workload {text!r:.60} is not of the form {kind.form}")
    try:
        return kind.make(*(read(argument) for read, argument in zip(kind.readers, arguments, strict=False)))
    except FreepagesError as error:
        raise FreepagesError(f"workload {text!r:.60}: {error}") from None


def _in_use(free: PageBitmap, ram: Ranges) -> PageBitmap:
    """The pages of ``ram`` that are not free."""
    used = PageBitmap(free.pages)
    for start, end in pairs(ram):
        used.set_range(start, end)
    used -= free
    outside = free.count() + used.count() - pages(ram)
    if outside:
        raise FreepagesError(f"{outside} free pages are not in RAM")
    return used
