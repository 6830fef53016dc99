"""Giving guest memory back to the host: what a discarded page reads as afterwards.

Models hw/virtio/virtio-balloon.c of QEMU and mm/madvise.c of Linux. MADV_DONTNEED drops a page of private
anonymous memory at once, and the next read finds zeros; pages of a shared file only leave the page table, and
their content stays. MADV_FREE (Linux 4.5) lets the host take the page later, if it needs to: until then a
read finds the old content, afterwards zeros, and a write in between cancels it. Neither sets a bit in KVM's
dirty log.

With page poisoning the guest relies on what a free page holds, so a host that knows of it (F_PAGE_POISON)
does not discard unless the fill is zero.
"""

from __future__ import annotations

from typing import Literal, get_args

from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.later import NDArray, np
from freepages.pages.bitmap import PageBitmap

Advice = Literal["dontneed", "free"]
Backing = Literal["private", "shared"]


class HostMemory:
    """The content of a guest's pages as tokens, one a page; 0 is a page of zeros.

    ``lazy`` holds the pages that MADV_FREE let go of and the host has not taken yet.

    Parameters
    ----------
    tokens : ndarray of unsigned int, shape (pages,)
        What each page holds.
    backing : str
        "private" or "shared".

    Examples
    --------
    >>> import numpy as np
    >>> memory = HostMemory(np.array([5, 6, 7], np.uint32))
    >>> memory.advise(0, "dontneed"), memory.advise(1, "free")
    (True, True)
    >>> memory.tokens
    array([0, 6, 7], dtype=uint32)
    >>> memory.reclaim(), memory.tokens
    (1, array([0, 0, 7], dtype=uint32))
    """

    def __init__(self, tokens: NDArray[np.unsignedinteger], backing: Backing = "private"):
        self.tokens, self.backing = tokens, backing
        self.lazy = PageBitmap(len(tokens))

    def write(self, page: int, token: int) -> None:
        """The guest writes a page; a page that was let go of is the guest's again."""
        self.tokens[page] = token
        self.lazy.clear(page)

    def advise(self, page: int, advice: Advice, *, poison: int | None = None) -> bool:
        """Discard one page; returns whether it was. ``poison`` is the fill of free pages if the guest told
        one."""
        if advice not in get_args(Advice):
            raise unknown("madvise", advice, get_args(Advice))
        if poison:
            return False
        if advice == "free":
            if self.backing == "shared":
                raise FreepagesError("MADV_FREE is for private anonymous memory only")
            self.lazy.set(page)
        elif self.backing == "private":
            self.tokens[page] = 0
            self.lazy.clear(page)
        return True

    def reclaim(self) -> int:
        """The host runs short and takes every page that was let go of; returns how many."""
        starts, ends = self.lazy.runs()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            self.tokens[start:end] = 0
            self.lazy.clear_range(start, end)
        return int((ends - starts).sum())
