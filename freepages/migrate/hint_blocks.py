"""The blocks that free page hinting allocates: the largest there are, until the zone would run low.

Models get_free_page_and_send() of drivers/virtio/virtio_balloon.c (Linux 4.20), which allocates with
__GFP_NORETRY and without the reserves, for a large guest and many blocks at a time. The blocks lie on their
list as the boot put them there: each at its head, so the highest come first; since Linux 5.10 at its tail
(commit 7fef431be9c9), so the lowest do. The highest zone is asked first. What is freed meanwhile is found by
the next command only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freepages.migrate.hint_floors import Floor
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, count_bits
from freepages.pages.orders import MAX_ORDER

BLOCK = 1 << (MAX_ORDER - 1)
"""Pages of a block if nothing else is known: order 10, 4 MiB."""
AT_A_TIME, FILLED_AT_A_TIME = 64, 2
"""Blocks at a time, and where each takes long because it is zeroed; in a guest so large that they would be
less than a thousandth of all, that."""

Blocks = range
"""Blocks by number, of those that were not looked at yet."""


class HintBlocks:
    """Finds free blocks.

    free      gives the pages that are free now
    floors    the zones that blocks are taken of, in the order in which they are asked
    upwards   whether the lowest come first
    block     pages of a block, a power of two of 64 or more
    records   is told the first page of each block that was allocated
    grows     whether a large guest's are more at a time; not where they wait for the host together
    """

    def __init__(
        self,
        free: Callable[[], PageBitmap],
        floors: Sequence[Floor],
        upwards: bool = False,
        at_a_time: int = AT_A_TIME,
        block: int = BLOCK,
        records: Callable[[Any], None] = lambda heads: None,
        grows: bool = True,
    ):
        self._free, self._floors, self._upwards, self._most = free, floors, upwards, at_a_time
        self._block, self._words, self._records = block, block // 64, records
        self._grows = grows
        self._at_once = max(1, CHUNK_WORDS // self._words)
        self._command = -1
        self._found: list[int] = []  # by the last call
        self._left: list[Blocks] = []
        self._most_of: list[int] = []  # blocks of each zone that it can have yet

    def take(self, command: int) -> tuple[int, PageBitmap]:
        """The next blocks for this command: how many, and their pages. They are not allocated yet."""
        free = self._free()
        if command != self._command:
            self._command = command
            size = self._block
            self._left = [range(-(-floor.start // size), floor.end // size) for floor in self._floors]
            self._most_of = [
                sum(len(self._look(free, here, len(here))[0]) for here in self._parts(left)) - floor.withheld
                if floor.withheld
                else len(left)
                for left, floor in zip(self._left, self._floors, strict=True)
            ]
        self._found = []
        blocks, count, most = PageBitmap.sparse(free.pages), 0, self._most
        if self._grows:
            most = max(most, free.pages // self._block // 1000)
        for at, floor in enumerate(self._floors):
            want = min(most - count, self._most_of[at])
            room = _count(free, floor, floor.keep + want * self._block, self._upwards) - floor.keep
            want = min(want, max(0, room) // self._block)
            while want > 0 and self._left[at]:
                found, self._left[at] = self._look(free, self._left[at], want)
                for block in found:
                    blocks.words[block * self._words : (block + 1) * self._words] = ~np.uint64(0)
                self._found += found
                want, count = want - len(found), count + len(found)
                self._most_of[at] -= len(found)
        if self._found:
            blocks.within = min(self._found) * self._words, (max(self._found) + 1) * self._words
        return count, blocks

    def taken(self, blocks: PageBitmap) -> None:
        """The driver has allocated these blocks, which were the next."""
        self._records(np.array(self._found, np.int64) * self._block)

    def _parts(self, left: Blocks) -> list[Blocks]:
        """These blocks, as many at a time as are looked at."""
        return [left[at : at + self._at_once] for at in range(0, len(left), self._at_once)]

    def _look(self, free: PageBitmap, left: Blocks, want: int) -> tuple[list[int], Blocks]:
        """The first of the blocks left that are free, so many at most, and the blocks that are left then."""
        here = left[: self._at_once] if self._upwards else left[-self._at_once :]
        words = free.words[here.start * self._words : here.stop * self._words]
        found = np.flatnonzero((words.reshape(-1, self._words) == ~np.uint64(0)).all(axis=1)) + here.start
        if self._upwards:
            blocks: list[int] = found[:want].tolist()
            return blocks, range(blocks[-1] + 1 if len(blocks) == want else here.stop, left.stop)
        blocks = found[::-1][:want].tolist()
        return blocks, range(left.start, blocks[-1] if len(blocks) == want else here.start)


def _count(free: PageBitmap, floor: Floor, enough: int, upwards: bool) -> int:
    """How many pages of a zone are free, to a whole word; or that there are enough, at least. It is counted
    from the end where blocks are taken last, for there are most."""
    words, count = free.words[floor.start >> 6 : (floor.end + 63) >> 6], 0
    starts = range(0, len(words), CHUNK_WORDS)
    for at in reversed(starts) if upwards else starts:
        if count >= enough:
            break
        count += count_bits(words[at : at + CHUNK_WORDS])
    return count
