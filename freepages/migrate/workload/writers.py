"""Parts of a workload that write to pages in use, and neither allocate nor free any."""

from __future__ import annotations

from math import expm1

import numpy as np

from freepages.migrate.workload.part_of_workload import SECOND, Did, Part, events
from freepages.migrate.workload.random_pages import write_at_random
from freepages.migrate.workload.working_set import ScatteredPages, WorkingSet
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SIZE

TICK = 5 * SECOND // 1000

# Four recorded migrations of guests that did nothing (Linux 6.1) had 68 to 93 pages to send again, after half
# a second as after five: few pages, and often written.
IDLE_WRITES = 400.0
IDLE_PAGES = 78
# In streams of migrations of guests with the same kernel, four each, 55 to 93 pages other than a program's
# were sent again where none ran, 97 to 113 where one woke every 5 ms; 33 more in the mean.
AWAKE_PAGES = 33


class Dirty(Part):
    """Writes one word of each page of its working set, page after page and round and round, at a steady rate.

    It works as the dirtier of our recorded migrations does: every 5 ms it wakes up and writes to as many
    pages as are due by then. ``rate`` is in bytes a second, a page for every PAGE_SIZE of them.
    """

    def __init__(self, rate: float, needs: int | None = None) -> None:
        self.needs = needs
        self.writes_per_second = rate / PAGE_SIZE

    def begin(self, rng: np.random.Generator, pages: WorkingSet, free: PageBitmap) -> None:
        self._pages = pages

    def advance(self, since: int, until: int, did: Did) -> None:
        count = len(self._pages)
        start, stop = (events(self.writes_per_second, at // TICK * TICK) for at in (since, until))
        if start == stop:
            return
        log = did.writing()
        if stop - start >= count:
            self._pages.set_in(log)
            return
        start, stop = start % count, stop % count
        if start < stop:
            self._pages.set_some(log, start, stop)
        else:
            self._pages.set_some(log, start, count)
            self._pages.set_some(log, 0, stop)


class Uniform(Part):
    """Writes at ``rate`` a second, each to a page of its working set drawn at random."""

    def __init__(self, rate: float, needs: int | None = None) -> None:
        self.needs = needs
        self.writes_per_second = rate

    def begin(self, rng: np.random.Generator, pages: WorkingSet, free: PageBitmap) -> None:
        self._pages, self._rng = pages, rng

    def advance(self, since: int, until: int, did: Did) -> None:
        if since < until:
            mean = self.writes_per_second * (until - since) / SECOND / len(self._pages)
            write_at_random(self._rng, mean, self._pages.words, self._pages.of(did.writing()))


class Idle(Part):
    """What a kernel writes all the time: timers, counters, the stack of whatever wakes. ``rate`` writes a
    second, each to one of its pages drawn at random.

    Its pages lie anywhere in the memory in use, for so they do in a real guest: some in the kernel's image,
    others of its slabs, page tables and stacks. In one run they would all be ahead of the sender, or all
    behind it, when the log is read.
    """

    scattered = True

    def __init__(self, rate: float = IDLE_WRITES, needs: int = IDLE_PAGES) -> None:
        self.needs = needs
        self.writes_per_second = rate

    def begin(self, rng: np.random.Generator, pages: ScatteredPages, free: PageBitmap) -> None:
        self._pfns, self._rng = pages.pfns(), rng

    def advance(self, since: int, until: int, did: Did) -> None:
        mean = self.writes_per_second * (until - since) / SECOND / len(self._pfns)
        did.write(self._pfns[self._rng.random(len(self._pfns)) < -expm1(-mean)])


class Awake(Part):
    """What it takes that a program runs at all: every 5 ms it wakes up, and the kernel and the program write
    pages of their own, the same ones each time: stacks, page tables, the run queue and timers."""

    scattered = True

    def __init__(self, needs: int = AWAKE_PAGES) -> None:
        self.needs = needs
        self.writes_per_second = needs * SECOND / TICK

    def begin(self, rng: np.random.Generator, pages: ScatteredPages, free: PageBitmap) -> None:
        self._pfns = pages.pfns()

    def advance(self, since: int, until: int, did: Did) -> None:
        if since // TICK < until // TICK:
            did.write(self._pfns)
