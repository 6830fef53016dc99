"""The kernel's memory map: an array with a ``struct page`` for each page, which lies in memory itself.

Whoever takes a block off the free lists writes the struct page of its first page: a flag, a count, the links
of a list (prep_new_page() and del_page_from_free_list() of mm/page_alloc.c). So a guest that hints at a block
dirties one page of the map.

The map is allocated at boot, from the top of RAM downwards (sparse_init_nid() of mm/sparse.c: one piece for a
node). What is known of a guest is which of its pages are in use. So the map is taken to be the last of these;
what else lies at the top, such as an initrd, is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from freepages.host.ram import GuestRam
from freepages.migrate.workload.working_set import WorkingSet
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SIZE
from freepages.pages.ranges import pairs

STRUCT_PAGE = 64
"""Bytes, on x86-64 and arm64."""
IN_A_PAGE = PAGE_SIZE // STRUCT_PAGE
"""Pages that a page of the map tells of."""


class MemoryMap:
    """The map of a guest that has ``ram``, of which these pages, over pfns, are not in use."""

    def __init__(self, ram: GuestRam, *unused: PageBitmap):
        used = PageBitmap(ram.max_pfn)
        for start, end in pairs(ram.pfns()):
            used.set_range(start, end)
        for some in unused:
            used -= some
        count = min(used.count(), ram.pages // IN_A_PAGE)
        self._pages = WorkingSet.last(used, count) if count else None
        self._last = max(0, count - 1)
        self._starts, self._ends = ram.pfns()
        self._at = np.array([ram.ram_addr(int(start)) for start in self._starts])

    def of(self, pfns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pages of the map that have the struct pages of these pfns, which ascend."""
        if self._pages is None:
            return np.empty(0, np.int64)
        piece = np.searchsorted(self._starts, pfns, "right") - 1
        ram_addr = pfns - self._starts[piece] + self._at[piece]
        return self._pages.at(np.unique(np.minimum(ram_addr // IN_A_PAGE, self._last)))
