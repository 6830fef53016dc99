"""How long it takes to migrate by the clock, and how much memory: large guests, whole and with content.

Every migration runs in a process of its own. ``wall_s`` is the migration, ``prepared_s`` the making of the
guest and its bitmaps before it; ``extra_mib`` is the peak of both, beyond what the process had without a
guest.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter

import numpy as np

from freepages.bench import Row
from freepages.bench.compiled import compiled
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.engine.memory import peak
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate, prepare
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SHIFT

GIB = 1 << 30
LINK = 25e9 / 8  # bytes a second
ROUNDS = 3
FREE = 0.6

HOT, UNIFORM, CONTENT = "8 GiB hot, 256 GiB warm", "uniform writes", "content compared"
BY_SIZE = "cost by size"
HOT_AND_WARM = "uniform:30k/s:8GiB+uniform:20k/s:256GiB"
EVERYWHERE = "uniform:300k/s"


@dataclass(frozen=True)
class GuestCase:
    """A migration that is measured."""

    name: str
    ram: int
    workload: str
    proposal: str = "everything"
    keep: bool = False


CASES = (
    GuestCase(HOT, 1024 * GIB, HOT_AND_WARM),
    GuestCase(HOT, 1024 * GIB, HOT_AND_WARM, "snapshot"),
    GuestCase(UNIFORM, 1024 * GIB, EVERYWHERE),
    GuestCase(UNIFORM, 1024 * GIB, EVERYWHERE, "snapshot"),
    GuestCase(CONTENT, 64 * GIB, "uniform:5k/s:4GiB", "everything", True),
    GuestCase(CONTENT, 64 * GIB, "uniform:5k/s:4GiB", "snapshot", True),
)
SIZES = tuple(8 * GIB << step for step in range(8))
"""8 GiB to 1 TiB, for which cost against size is shown."""


def rows() -> Iterator[Row]:
    for case in CASES:
        yield measure(case)
    for size in SIZES:
        yield measure(GuestCase(BY_SIZE, size, "uniform:300/s", "snapshot"))
    try:
        yield and_not()
    except FreepagesError as fault:
        print(f"freepages: {fault}: the comparison with C is left out", file=sys.stderr)


def measure(case: GuestCase, rounds: int = ROUNDS) -> Row:
    """One case, each of its rounds in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        runs = [pool.apply(_run, (case,)) for _ in range(rounds)]
    return runs[0] | {
        "wall_s": round(median(run["wall_s"] for run in runs), 4),
        "prepared_s": round(median(run["prepared_s"] for run in runs), 4),
        "extra_mib": round(max(run["extra_mib"] for run in runs), 1),
    }


def _run(case: GuestCase) -> Row:
    costs = replace(Costs(), link=LINK)
    # A small one first, for what is imported and compiled on first use.
    migrate(Guest.made_up(GIB // 16, FREE), case.proposal, costs=costs, keep=case.keep)
    before = peak() / (1 << 20)
    start = perf_counter()
    guest = Guest.made_up(case.ram, FREE)
    ready = prepare(guest, case.proposal, case.workload, bandwidth=LINK, costs=costs, keep=case.keep)
    prepared = perf_counter()
    done = ready.run()
    wall = perf_counter() - prepared
    return {
        "what": case.name,
        "guest_gib": case.ram / GIB,
        "proposal": case.proposal,
        "workload": case.workload,
        "wall_s": wall,
        "prepared_s": prepared - start,
        "extra_mib": peak() / (1 << 20) - before,
        "rounds": done.rounds,
        "virtual_s": round(done.total / 1e9, 2),
        "sent_gib": round(done.transferred_bytes / GIB, 2),
        "lock_held_ms": round(sum(span.ns for span in done.held) / 1e6, 2),
        "mismatched_pages": None if done.mismatched is None else done.mismatched.count(),
    }


def and_not(pages: int = 1024 * GIB >> PAGE_SHIFT, rounds: int = 15) -> Row:
    """a & ~b of two bitmaps in place, beside a loop over words in C (-O3 -march=native)."""
    loaded = compiled("and_not.c", "-O3", "-march=native")
    chance = np.random.default_rng(1)
    a, b = PageBitmap(pages), PageBitmap(pages)
    for some in (a, b):
        some.words[:] = chance.integers(0, 1 << 64, len(some.words), np.uint64)
    wanted = a.words & ~b.words

    loaded.and_not.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64]

    def in_c() -> None:
        loaded.and_not(a.words.ctypes.data, b.words.ctypes.data, len(a.words))

    def in_numpy() -> None:
        nonlocal a
        a -= b

    before = a.words.copy()
    times: dict[str, list[float]] = {"c": [], "numpy": []}
    for _ in range(rounds):
        for name, method in (("c", in_c), ("numpy", in_numpy)):
            a.words[:] = before
            start = perf_counter()
            method()
            times[name].append(perf_counter() - start)
            if not np.array_equal(a.words, wanted):
                raise FreepagesError(f"bench migrate: AND-NOT in {name} sets other bits")
    return {
        "what": "AND-NOT in place",
        "guest_gib": (pages << PAGE_SHIFT) / GIB,
        "wall_s": round(median(times["numpy"]), 5),
        "ratio_to_c": round(median(times["numpy"]) / median(times["c"]), 3),
    }
