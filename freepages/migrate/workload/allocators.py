"""Parts of a workload that allocate and free pages, or have done so before."""

from __future__ import annotations

from math import expm1

import numpy as np

from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import format_bytes
from freepages.migrate.workload.part_of_workload import Did, Part, Pfns, are_set, events
from freepages.migrate.workload.working_set import WorkingSet
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, set_bits
from freepages.pages.orders import PAGE_SIZE

MIB = (1 << 20) // PAGE_SIZE  # in pages

# Building Linux 4.13 took 31.5 million minor faults in 1120 s of CPU time (perf.mvermeulen.com, Phoronix
# build-linux-kernel, Intel): 28,100 a second for each CPU. Here each is one page, and there are the four CPUs
# of the published builds (make bzImage -j4 in a guest of four).
BUILD_ALLOCATIONS = 112_000.0
# A choice, free to calibrate: four compilers of 64 MiB.
BUILD_HELD = 256 * MIB
# A choice, free to calibrate: 1 GiB of sources and objects, once each, in the five minutes of those builds.
BUILD_CACHE = 3.5 * MIB
# A choice, free to calibrate: what many short-lived small allocations hold at any moment.
CHURN_HELD = 64 * MIB


class Churn(Part):
    """Allocates ``rate`` pages a second, writes each once, and frees as many: it holds ``needs`` at any time.

    Which one is freed is random, so a page is held for needs / rate seconds in the mean. What was freed last
    is allocated first, as by the lists of the CPUs and of the zone; only beyond that other free memory is
    taken, in the order of the pfns from a random one on. A page that comes and goes between two looks leaves
    no trace. Without free memory it allocates again what it frees.

    ``cached`` pages a second are read or written in files: they are allocated, and stay in the page cache as
    long as there is free memory. Reclaim is left out.
    """

    def __init__(self, rate: float, needs: int = CHURN_HELD, cached: float = 0.0) -> None:
        self.needs: int = needs
        self._rate, self._cached = rate, cached
        self.writes_per_second = self.allocations_per_second = rate + cached

    def begin(self, rng: np.random.Generator, pages: WorkingSet, free: PageBitmap) -> None:
        self._rng = rng
        self._held = pages.pfns()
        self._freed = np.empty(0, np.int64)  # in the order they were freed; others may have them by now
        self._word = int(rng.integers(0, len(free.words)))

    def advance(self, since: int, until: int, did: Did) -> None:
        turns = events(self._rate, until) - events(self._rate, since)
        turned = np.flatnonzero(self._rng.random(len(self._held)) < -expm1(-turns / len(self._held)))
        taken = self._reuse(len(turned), did.free)
        did.take(taken)
        other = self._find(len(turned) - len(taken), did.free)
        did.take(other)
        swapped, again = np.split(turned, [len(taken) + len(other)])
        left = self._held[swapped]
        self._held[swapped] = np.concatenate((taken, other))
        did.write(self._held[again])
        did.give(left)
        self._freed = np.concatenate((self._freed, left))
        did.take(self._find(events(self._cached, until) - events(self._cached, since), did.free))

    def _reuse(self, count: int, free: PageBitmap) -> Pfns:
        """Up to ``count`` pages that were freed last and are still free."""
        there = self._freed[are_set(free, self._freed)]
        self._freed, last = np.split(there, [max(len(there) - count, 0)])
        return last

    def _find(self, count: int, free: PageBitmap) -> Pfns:
        """Up to ``count`` free pages, from where the last search ended on, and once around."""
        found = [np.empty(0, np.int64)]
        words = len(free.words)
        start, end = self._word, self._word + words
        while count and start < end:
            at = start % words
            chunk = free.words[at : min(at + CHUNK_WORDS, words, at + end - start)]
            some = np.flatnonzero(chunk)[:count]
            pfns = (set_bits(chunk[some]) & 63) + np.repeat(some + at, np.bitwise_count(chunk[some])) * 64
            found.append(pfns[:count])
            count -= len(found[-1])
            start += len(chunk)
            self._word = int(found[-1][-1] >> 6) if not count else start % words
        return np.concatenate(found)


def build(rate: float = BUILD_ALLOCATIONS, held: int = BUILD_HELD, cached: float = BUILD_CACHE) -> Churn:
    """A kernel build: ``rate`` and ``cached`` are pages a second, ``held`` are pages."""
    return Churn(rate, held, cached)


class Hog(Part):
    """Has filled memory and ended before: ``had`` of the pages that are free now, or all, are not zero."""

    def __init__(self, had: int | None = None) -> None:
        self.had = had

    def begin(self, rng: np.random.Generator, pages: WorkingSet, free: PageBitmap) -> None:
        if self.had is None:
            self.used_before = free.copy()
            return
        there = free.count()
        if self.had > there:
            had, has = (format_bytes(count * PAGE_SIZE) for count in (self.had, there))
            raise FreepagesError(f"a hog that had {had}: only {has} are free")
        self.used_before = PageBitmap(free.pages)
        WorkingSet.among(free, self.had, rng).set_in(self.used_before)
