"""A zone at real size: one bit a page, and every free list derived from it.

The buddy allocator of mm/page_alloc.c (Linux 4.6) merges a block with its buddy as soon as both are free.
That makes its free blocks a function of the set of free pages: *an aligned block is on a free list if and
only if all its pages are free, and it is of the largest order or the next larger block around it is not all
free.*

For suppose all pages of an aligned block are free, but divided among smaller blocks. Take one of the
smallest. Its buddy lies within the same aligned block, so the buddy's pages are free too. They are in no
smaller block, since there is none, and in no larger one, since that would hold both buddies; so the buddy
is itself on a list, and two free buddies of one order would have merged. Hence an aligned block whose pages
are all free is not divided: it is on a list, or part of a larger block that is.

So a bitmap is the whole state. It leaves out the order of the lists and the migratetypes, and with these
MIGRATE_ISOLATE, whose pageblocks do not merge with others. Pages on per-CPU lists count as used here, as they
do for the zone. A list zone (freepages.zone.zone.Zone) with the same free pages has the same blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, count_bits, set_bits
from freepages.pages.orders import MAX_ORDER, ORDERS, check_order
from freepages.zone.free_page_bitmap import mark_free_blocks
from freepages.zone.span import Span

Words = NDArray[Any]
Runs = tuple[NDArray[np.int64], NDArray[np.int64]]
Pages = PageBitmap | tuple[ArrayLike, ArrayLike] | ArrayLike
"""Pages by their bits, as runs in a tuple (starts, ends), or as an array of the first pfns of blocks."""

LARGEST = MAX_ORDER - 1
WORD = 6  # the order of the 64 pages that are a word of the bitmap
LARGEST_WORDS = 1 << (LARGEST - WORD)


# -- free blocks as bits, in three stages: a bit is a page for the orders 0 to 2, and what was a byte of
#    bits in the stage before is a bit in the next: 8 pages for the orders 3 to 5, and 64 pages for 6 to 10.
#    Words come in multiples of 16, a largest block, which is one item of the last stage.


def _all_free(words: Words) -> list[list[Words]]:
    """For each stage, its orders and one more: a bit for every aligned block whose pages are all free."""
    stages = []
    data = words.view(np.uint8)
    for item, orders in ("<u8", 3), ("<u8", 3), ("<u2", 4):
        stages.append(_folds(data.view(item), orders))
        data = np.packbits(data == 0xFF, bitorder="little")
    return stages


def _folds(bits: Words, times: int) -> list[Words]:
    """For n = 0..times: a bit at each multiple of 2**n from which on 2**n bits are 1."""
    folds = [bits]
    for n in range(times):
        firsts = sum(1 << at for at in range(0, bits.itemsize * 8, 2 << n))
        bits = bits & bits >> (1 << n) & firsts
        folds.append(bits)
    return folds


def blocks_of(words: Words) -> list[Words]:
    """For each order, the blocks that the free pages make: those that are all free, and not half of one."""
    blocks = []
    for folds in _all_free(words):
        for n, (bits, above) in enumerate(pairwise(folds)):
            blocks.append(bits & ~(above * (1 + (1 << (1 << n)))))
    return [*blocks, folds[-1]]


def pages_of(blocks: Words, order: int) -> NDArray[np.uint64]:
    """The words with all pages of the blocks that blocks_of() gave for that order."""
    stage = min(order // 3, 2)
    bits = blocks * ((1 << (1 << (order - 3 * stage))) - 1)
    data = bits.astype(bits.dtype.newbyteorder("<"), copy=False).view(np.uint8)
    for _ in range(stage):
        data = -np.unpackbits(data, bitorder="little")
    return data.view("<u8")


def pfns_of(blocks: Words, order: int) -> NDArray[np.int64]:
    """The first pages of the blocks that blocks_of() gave for that order, ascending."""
    return set_bits(blocks) << 3 * min(order // 3, 2)


def _first_bits(words: NDArray[np.uint64], count: int) -> NDArray[np.uint64]:
    """The words with only their lowest ``count`` 1 bits left, of more than that."""
    upto = np.cumsum(np.bitwise_count(words), dtype=np.int64)
    at = int(np.searchsorted(upto, count, "right"))
    kept = np.zeros_like(words)
    kept[:at] = words[:at]
    cut = int(words[at])
    for _ in range(int(upto[at]) - count):
        cut ^= 1 << (cut.bit_length() - 1)
    kept[at] = cut
    return kept


class BulkZone(Span):
    """The pages [start_pfn, start_pfn + spanned); those that add_memory() gives exist, and are free at first.

    ``free`` is a PageBitmap over the pfns from 0 to the zone's end, and the whole state: to take or give
    pages is to clear or set bits, and what the free lists are then takes one pass over the bitmap. Raises
    ZoneError (a FreepagesError), the zone unchanged, for pages outside the zone or in a hole, for pages
    that are taken and not free, or given and free already; it names the first such pfn.
    """

    def __init__(self, name: str, start_pfn: int, spanned: int) -> None:
        super().__init__(name, start_pfn, spanned)
        self.free = PageBitmap(self.end_pfn)

    @property
    def nr_free_pages(self) -> int:
        return self.free.count()

    def add_memory(self, start: int, end: int) -> None:
        """Let the pages [start, end) exist, and be free."""
        self.reserve(start, end)
        self.free.set_range(start, end)

    # -- the free lists, derived

    def _stretches(self) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """(index of the first, words) of the bitmap from the zone's start on, in whole largest blocks."""
        words = self.free.words
        for at in range((self.start_pfn >> LARGEST) * LARGEST_WORDS, len(words), CHUNK_WORDS):
            part = words[at : at + CHUNK_WORDS]
            missing = -len(part) % LARGEST_WORDS
            yield at, np.concatenate((part, np.zeros(missing, "<u8"))) if missing else part

    def nr_free(self) -> list[int]:
        """Free blocks of each order: the zone's line of /proc/buddyinfo."""
        all_free = [0] * (MAX_ORDER + 1)
        for _, words in self._stretches():
            stages = _all_free(words)
            orders = [bits for folds in stages for bits in folds[:-1]]
            for order, blocks in enumerate([*orders, stages[-1][-1]]):
                all_free[order] += count_bits(blocks)
        # Every block that is all free has two halves that are, and these are not on a list.
        return [all_free[order] - 2 * all_free[order + 1] for order in ORDERS]

    def heads_by_order(self) -> list[NDArray[np.int64]]:
        """The first pfns of the free blocks of each order, ascending."""
        lists: list[list[NDArray[np.int64]]] = [[] for _ in ORDERS]
        for at, words in self._stretches():
            for order, blocks in enumerate(blocks_of(words)):
                lists[order].append(pfns_of(blocks, order) + (at << WORD))
        return [np.concatenate(parts) if parts else np.empty(0, np.int64) for parts in lists]

    def heads(self, order: int) -> NDArray[np.int64]:
        """The first pfns of the free blocks of one order, ascending."""
        return self.heads_by_order()[check_order(order)]

    # -- taking and giving

    def allocate(self, blocks: int, order: int = 0) -> Runs:
        """Take that many blocks of an order; returns their pages as runs (starts, ends), ascending.

        The free blocks they are cut from are the smallest that do, and among these the lowest, as repeated
        __rmqueue_smallest() leaves them: a free block is used up before the next one is split.
        """
        check_order(order)
        counts = self.nr_free()
        pages = blocks << order
        available = sum(counts[o] << o for o in ORDERS[order:])
        if not 0 <= pages <= available:
            raise self.error(
                f"{blocks} blocks of order {order} are asked for, {available >> order} can be had"
            )
        chosen = PageBitmap(self.end_pfn)
        # How many pages to take from the blocks of each order.
        shares = [0] * MAX_ORDER
        for o in ORDERS[order:]:
            shares[o] = min(pages, counts[o] << o)
            pages -= shares[o]
        for at, words in self._stretches():
            for o, found in enumerate(blocks_of(words)):
                if not shares[o]:
                    continue
                here = pages_of(found, o)
                count = count_bits(here)
                if count > shares[o]:
                    here, count = _first_bits(here, shares[o]), shares[o]
                shares[o] -= count
                target = chosen.words[at : at + CHUNK_WORDS]
                target |= here[: len(target)]
        self.free -= chosen
        return chosen.runs()

    def take(self, pages: Pages, order: int = 0) -> None:
        """Take these free pages; ``order`` is that of the blocks, where their first pfns are given."""
        wanted = self._bits(pages, order)
        used = wanted.copy()
        used -= self.free
        self._refuse(used, "is not free")
        self.free -= wanted

    def give(self, pages: Pages, order: int = 0) -> None:
        """Free these pages, which merges them with their buddies; ``order`` as for take()."""
        given = self._bits(pages, order)
        if sum(given.range_count(*memory) for memory in self.memory) != given.count():
            absent = given.copy()
            for memory in self.memory:
                absent.clear_range(*memory)
            self._refuse(absent, "does not exist")
        twice = given.copy()
        twice &= self.free
        self._refuse(twice, "is free already")
        self.free |= given

    def _refuse(self, pages: PageBitmap, fault: str) -> None:
        if pages.words.any():
            raise self.error(f"pfn {pages.runs()[0][0]} {fault}")

    def _bits(self, pages: Pages, order: int) -> PageBitmap:
        """The pages as a bitmap of the zone's size; ZoneError for a pfn past its end, or there twice."""
        if isinstance(pages, PageBitmap):
            if pages.pages != self.end_pfn:
                raise self.error(f"a bitmap of {pages.pages} pages, the zone ends at {self.end_pfn}")
            return pages
        try:
            if isinstance(pages, tuple):
                return PageBitmap.from_runs(self.end_pfn, *pages)
            return self._bits_of_blocks(np.asarray(pages), check_order(order))
        except FreepagesError as fault:
            raise self.error(str(fault)) from None

    def _bits_of_blocks(self, heads: NDArray[Any], order: int) -> PageBitmap:
        bits = PageBitmap(self.end_pfn)
        if not len(heads):
            return bits
        for pfn in int(heads.min()), int(heads.max()):
            if not self.start_pfn <= pfn <= self.end_pfn - (1 << order):
                raise FreepagesError(
                    f"block {pfn} of order {order} is not in [{self.start_pfn}, {self.end_pfn})"
                )
        try:
            mark_free_blocks([*[()] * order, heads], bits)
        except FreepagesError:
            ascending = np.sort(heads)
            again = np.flatnonzero(ascending[1:] == ascending[:-1])
            if not len(again):
                raise
            raise FreepagesError(f"pfn {ascending[again[0]]} is there twice") from None
        return bits

    # -- looking at it

    def validate(self) -> None:
        """Raise ZoneError, naming what broke, unless the free pages exist and make the blocks of a zone."""
        absent = self.free.copy()
        for memory in self.memory:
            absent.clear_range(*memory)
        self._refuse(absent, "is free, but does not exist")
        lists = self.heads_by_order()
        for order, heads in enumerate(lists[:-1]):
            buddies = np.flatnonzero(heads[:-1] ^ heads[1:] == 1 << order)
            if len(buddies):
                raise self.error(f"blocks {heads[buddies[0]]} of order {order} and its buddy are both free")
        marked = PageBitmap(self.end_pfn)
        mark_free_blocks(lists, marked)
        if marked != self.free:
            raise self.error("the blocks derived from the free pages are not those pages")

    def __repr__(self) -> str:
        free = f"{self.nr_free_pages} of {self.managed} free"
        return f"BulkZone({self.name!r}, [{self.start_pfn}, {self.end_pfn}), {free})"
