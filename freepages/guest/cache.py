"""The page cache: which pages hold what of files, and which of them could be given up.

Only as much of it as dropping the cache needs: a page is clean or dirty (its file is yet to be written), and
mapped or not (in use by a process).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from freepages.guest.node import Node


@dataclass
class PageCache:
    """Which pages hold what of files: `dirty` those that must be written first, `mapped` those in use."""

    pages: set[int] = field(default_factory=set)
    dirty: set[int] = field(default_factory=set)
    mapped: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, node: Node, dirty: Iterable[int] = (), mapped: Iterable[int] = ()) -> PageCache:
        """The cache of all pages in use of kind "c", each of which becomes an allocation of its own."""
        pages: set[int] = set()
        for zone in node.populated_zones():
            for pfn, (order, kind) in list(zone.used.items()):
                if kind == "c":
                    del zone.used[pfn]
                    single = range(pfn, pfn + (1 << order))
                    zone.used.update(dict.fromkeys(single, (0, "c")))
                    pages.update(single)
        return cls(pages, set(dirty), set(mapped))

    def droppable(self) -> list[int]:
        return sorted(self.pages - self.dirty - self.mapped)
