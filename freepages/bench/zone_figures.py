"""What the list zone and the bulk zone do in a second.

The list zone does mixed orders with 60 % of its pages in use: the very code that a learner steps through,
its steps consumed by an empty deque, beside the same code without its yields. The bulk zone allocates all
pages of a free zone and frees them in random order, four million at a time; each time the free blocks of
every order are counted, so the splitting and merging is done, not put off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from freepages.bench import Row, yieldless
from freepages.bench.bulk_zone import BulkZone
from freepages.engine import Steps
from freepages.engine.errors import FreepagesError
from freepages.pages.orders import PAGE_SHIFT
from freepages.zone import zone as list_zone
from freepages.zone.zone import Zone

GIB = 1 << (30 - PAGE_SHIFT)
USED = 0.6
ORDERS_ASKED = [0] * 60 + [1] * 15 + [2] * 10 + [3] * 8 + [4] * 4 + [5] * 2 + [9]  # of 100 allocations
OPERATIONS = 100_000
ROUNDS = 5
BATCH = 1 << 22
ALLOCATE, FREE = "allocate single pages", "free single pages in random order"

Operations = list[tuple[int, float]]
"""(order, 0) allocates a block; (-1, x) frees one: of those held, the one at the fraction x."""


def mixed_orders(pages: int, seed: int = 1) -> tuple[Operations, Operations]:
    """Allocations until the share USED of the pages is in use, and ROUNDS * OPERATIONS that keep it so."""
    chance = Random(seed)
    filling: Operations = []
    churning: Operations = []
    held: list[int] = []
    used = 0
    while len(churning) < ROUNDS * OPERATIONS:
        if used < pages * USED:
            order, at = chance.choice(ORDERS_ASKED), 0.0
            held.append(order)
            used += 1 << order
        else:
            order, at = -1, chance.random()
            used -= 1 << _pop(held, at)
        (churning if churning or order < 0 else filling).append((order, at))
    return filling, churning


def _pop(held: list[Any], at: float) -> Any:
    index = int(at * len(held))
    held[index], held[-1] = held[-1], held[index]
    return held.pop()


def perform(zone: Zone, operations: Operations, held: list[tuple[int, int]]) -> Steps:
    """Do the operations in the zone; ``held`` are the blocks in use, (pfn, order). Process."""
    for order, at in operations:
        if order < 0:
            pfn, order = _pop(held, at)
            yield from zone.free(pfn, order)
        else:
            pfn = yield from zone.rmqueue(order)
            held.append((pfn, order))


def list_zone_row(pages: int = 4 * GIB) -> Row:
    """Operations a second of the steppable zone run straight through, beside the same without its yields."""
    filling, churning = mixed_orders(pages)
    plain_perform = yieldless.function(perform)

    def step_through(*arguments: Any) -> None:
        deque(perform(*arguments), maxlen=0)

    sides: list[tuple[Callable[..., None], Any, list[tuple[int, int]], list[float]]] = [
        (step_through, Zone("Normal", 0, pages), [], []),
        (plain_perform, yieldless.module(list_zone).Zone("Normal", 0, pages), [], []),
    ]
    for act, zone, held, _ in sides:
        zone.add_memory(0, pages)
        act(zone, filling, held)
    for at in range(0, len(churning), OPERATIONS):
        for act, zone, held, times in sides:
            start = perf_counter()
            act(zone, churning[at : at + OPERATIONS], held)
            times.append(perf_counter() - start)
    (_, stepped, _, stepped_times), (_, plain, _, plain_times) = sides
    if list(stepped.free_blocks()) != list(plain.free_blocks()):
        raise FreepagesError("bench zone: without its yields the zone came to another state")
    return {
        "guest": "4 GiB",
        "zone": "list",
        "what": "mixed orders, 60 % in use",
        "unit": "operations",
        "million_per_s": round(OPERATIONS / median(stepped_times) / 1e6, 3),
        "ratio_to_no_yields": round(median(plain_times) / median(stepped_times), 3),
    }


def bulk_zone_rows(pages: int = 64 * GIB, batch: int = BATCH) -> Iterator[Row]:
    """Pages a second of allocating the whole zone, and of freeing it in random order."""
    zone = BulkZone("Normal", 0, pages)
    zone.add_memory(0, pages)
    full = zone.nr_free()
    batches = pages // batch

    def row(what: str, act: Callable[[int], object]) -> Row:
        times = []
        for number in range(batches):
            start = perf_counter()
            act(number)
            zone.nr_free()
            times.append(perf_counter() - start)
        rate = round(batch / median(times) / 1e6, 1)
        return {
            "guest": "64 GiB",
            "zone": "bulk",
            "what": what,
            "unit": "pages",
            "million_per_s": rate,
            "ratio_to_no_yields": None,
        }

    yield row(ALLOCATE, lambda number: zone.allocate(batch))
    if zone.nr_free_pages:
        raise FreepagesError("bench zone: pages are left after all were allocated")
    mixed = np.random.default_rng(1).permutation(pages).astype(np.uint32)
    yield row(FREE, lambda n: zone.give(mixed[n * batch : (n + 1) * batch]))
    if zone.nr_free() != full:
        raise FreepagesError("bench zone: freed pages are not merged into the largest blocks")


def rows() -> Iterator[Row]:
    yield list_zone_row()
    yield from bulk_zone_rows()
