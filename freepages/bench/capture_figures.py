"""How long it takes to capture this machine: `freepages capture`, without writing the file."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from freepages.bench import Row
from freepages.pages.orders import PAGE_SHIFT
from freepages.real import Snapshot

ROUNDS = 3


def rows() -> Iterator[Row]:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        snapshot = Snapshot.capture()
        times.append(perf_counter() - start)
    yield {
        "machine": f"{sum(zone.present for zone in snapshot.zones) / (1 << (30 - PAGE_SHIFT)):.1f} GiB",
        "max_pfn": snapshot.max_pfn,
        "exact": snapshot.exact,
        "median_s": round(median(times), 3),
    }
