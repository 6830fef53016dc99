"""Parts of a workload that write to pages in use, and neither allocate nor free any."""

from __future__ import annotations

import numpy as np

from freepages.migrate.workload.part_of_workload import SECOND, Did, Part, events
from freepages.migrate.workload.random_pages import write_at_random
from freepages.migrate.workload.working_set import WorkingSet
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SIZE

TICK = 5 * SECOND // 1000

# Four recorded migrations of guests that did nothing (Linux 6.1) had 68 to 93 pages to send again, after half
# a second as after five: few pages, and often written.
IDLE_WRITES = 400.0
IDLE_PAGES = 78


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


class Idle(Uniform):
    """What a kernel writes that has nothing to do: timers, counters, the stack of whatever wakes."""

    def __init__(self, rate: float = IDLE_WRITES, needs: int = IDLE_PAGES) -> None:
        super().__init__(rate, needs)
