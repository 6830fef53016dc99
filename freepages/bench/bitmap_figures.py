"""Building the free-page bitmap from the free lists of a large guest, beside the patch's own loop in C.

The lists are block heads in random order, as lists are that are taken from and added to at the head for
long, and 60 % of the pages are on them. Clearing the bitmap is not timed. All methods must set the same
bits.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from statistics import median
from time import perf_counter

import numpy as np

from freepages.bench import Row
from freepages.bench.compiled import Heads, Method, c_methods
from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import MAX_ORDER, ORDERS, PAGE_SHIFT
from freepages.real.block_placement import synthesise
from freepages.zone.free_page_bitmap import mark_free_blocks

GIB = 1 << (30 - PAGE_SHIFT)
GUESTS = {"64 GiB": 64 * GIB, "1 TiB": 1024 * GIB}
LAID_OUT = 64 * GIB  # a larger guest repeats the layout of one this size
FREE = 0.6
ROUNDS = 5

# Blocks of each order, as proportions. "real" is a guest's own /proc/buddyinfo, zone Normal, 25 pages a
# block in the mean; the others are geometric, with means of 2.5 and 427, and "coalesced" has 96 % of its
# pages in order 10.
REAL = (4712, 3170, 2603, 1627, 723, 520, 291, 182, 123, 66, 185)
LISTS = ("real", "fragmented", "coalesced")


def block_counts(lists: str, pages: int) -> list[int]:
    """How many blocks of each order make up the share FREE of the pages, distributed as ``lists`` says."""
    sizes = np.array([1 << order for order in ORDERS])
    if lists == "real":
        blocks = np.array(REAL, float)
    elif lists == "fragmented":
        blocks = 0.385 ** np.arange(MAX_ORDER)
    else:
        blocks = 0.742 ** np.arange(MAX_ORDER)
        blocks[-1] = 24 * (blocks * sizes)[:-1].sum() / sizes[-1]
    return np.floor(blocks / (blocks * sizes).sum() * FREE * pages).astype(int).tolist()


def shuffled_lists(lists: str, pages: int, seed: int = 1) -> Heads:
    """The first pfns of free blocks for each order, as a guest of that size could have them, shuffled."""
    part = min(pages, LAID_OUT)
    layout = synthesise((np.array([0]), np.array([part])), block_counts(lists, part), seed)
    chance = np.random.default_rng(seed)
    starts = np.arange(0, pages, part)[:, np.newaxis]
    return [chance.permutation((heads + starts).ravel().astype(np.uint32)) for heads in layout]


def extra_mib(method: Method, heads: Heads, bitmap: PageBitmap) -> float:
    """The most memory that the method held at any moment beside its lists and the bitmap."""
    tracemalloc.start()
    try:
        method(heads, bitmap)
        return tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()


def rows_of(guest: str, lists: str, methods: dict[str, Method], rounds: int = ROUNDS) -> Iterator[Row]:
    heads, bitmap = shuffled_lists(lists, GUESTS[guest]), PageBitmap(GUESTS[guest])
    times: dict[str, list[float]] = {name: [] for name in methods}
    expected = None
    for _ in range(rounds):
        for name, method in methods.items():
            bitmap.bytes.fill(0)
            start = perf_counter()
            method(heads, bitmap)
            times[name].append(perf_counter() - start)
            expected = expected or bitmap.copy()
            if bitmap != expected:
                raise FreepagesError(f"bench bitmap: {name} sets other bits than {next(iter(methods))}")
    patch_loop = times.get("patch_loop (C)")
    for name, method in methods.items():
        bitmap.bytes.fill(0)
        yield {
            "guest": guest,
            "lists": lists,
            "method": name,
            "median_ms": round(median(times[name]) * 1e3, 3),
            "ratio_to_patch_loop": patch_loop and round(median(times[name]) / median(patch_loop), 4),
            "extra_mib": 0.0 if name.endswith("(C)") else round(extra_mib(method, heads, bitmap), 2),
        }


def rows() -> Iterator[Row]:
    methods: dict[str, Method] = {"mark_free_blocks": mark_free_blocks}
    try:
        methods |= {f"{name} (C)": method for name, method in c_methods().items()}
    except FreepagesError as fault:
        print(f"freepages: {fault}: the methods in C are left out, and so are the ratios", file=sys.stderr)
    for guest in GUESTS:
        for lists in LISTS:
            yield from rows_of(guest, lists, methods)
