"""The blocks that free page hinting allocates: the largest there are, until the zone would run low.

Models get_free_page_and_send() of drivers/virtio/virtio_balloon.c (Linux 4.20), which allocates with
__GFP_NORETRY and without the reserves, for a large guest and many blocks at a time. The blocks lie on their
list as the boot put them there, each at its head: so the highest come first. What is freed meanwhile is found
by the next command only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from freepages.guest.watermark import min_free_kbytes
from freepages.pages import CHUNK_WORDS, MAX_ORDER, PAGE_SIZE, PageBitmap

BLOCK = 1 << (MAX_ORDER - 1)
"""Pages of a block: order 10, 4 MiB."""
BLOCK_WORDS = BLOCK // 64
AT_A_TIME = 256


def min_pages(pages: int) -> int:
    """What stays free of a guest of so many pages: its min watermark, taken to be that of one zone."""
    return min_free_kbytes(pages) * 1024 // PAGE_SIZE


class HintBlocks:
    """Finds free blocks; ``free()`` gives the pages that are free now, ``keep`` of which stay so."""

    def __init__(self, free: Callable[[], PageBitmap], keep: int):
        self._free, self._keep = free, keep
        self._command = -1
        self._word = 0  # below which was not looked yet

    def take(self, command: int) -> tuple[int, PageBitmap]:
        """The next blocks for this command: how many, and their pages. They are not allocated yet."""
        free = self._free()
        if command != self._command:
            self._command, self._word = command, len(free.words) // BLOCK_WORDS * BLOCK_WORDS
        room = min(AT_A_TIME, max(0, free.count() - self._keep) // BLOCK)
        blocks, count = PageBitmap(free.pages), 0
        while count < room and self._word:
            low = max(0, self._word - CHUNK_WORDS)
            whole = (free.words[low : self._word].reshape(-1, BLOCK_WORDS) == ~np.uint64(0)).all(axis=1)
            found = np.flatnonzero(whole)[::-1][: room - count]
            for block in found.tolist():
                at = low + block * BLOCK_WORDS
                blocks.words[at : at + BLOCK_WORDS] = ~np.uint64(0)
            count += len(found)
            self._word = low if count < room else low + int(found[-1]) * BLOCK_WORDS
        return count, blocks
