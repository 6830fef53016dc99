"""Free blocks and the lists they are on: struct free_area, and the kernel's list_head as a Python dictionary.

Models include/linux/mmzone.h and include/linux/list.h of Linux 4.6.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from freepages.pages.orders import MAX_ORDER, Migratetype


def aligned_blocks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The pages [start, end) as (pfn, order) of the fewest blocks, ascending.

    Examples
    --------
    >>> list(aligned_blocks(3, 12))
    [(3, 0), (4, 2), (8, 2)]
    """
    while start < end:
        order = min(MAX_ORDER - 1, (end - start).bit_length() - 1)
        while start & ((1 << order) - 1):
            order -= 1
        yield start, order
        start += 1 << order


class FreeList(OrderedDict[int, int | None]):
    """A list of free blocks by their first pfn: last in, first out, and any block can be unlinked at once.

    The dictionary's last key is the list's head, where the kernel's list_add puts and list_first_entry takes.
    On a per-CPU list each page has a value, the migratetype that it came with (pcppage_migratetype).

    Examples
    --------
    >>> from freepages.pages.orders import Migratetype
    >>> blocks = FreeList(0, Migratetype.MOVABLE)
    >>> blocks.add(5); blocks.add(9); blocks.add_tail(2)
    >>> list(blocks.from_head())
    [9, 5, 2]
    >>> blocks.head(), blocks.tail()
    (9, 2)
    """

    def __init__(self, order: int, migratetype: Migratetype):
        super().__init__()
        self.order, self.migratetype = order, migratetype

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is made with what a new list wants, and then gets its blocks in their order.
        return FreeList, (self.order, self.migratetype), None, None, iter(self.items())

    def add(self, pfn: int, came_as: int | None = None) -> None:
        """list_add: it is the next to be taken."""
        self[pfn] = came_as

    def add_tail(self, pfn: int, came_as: int | None = None) -> None:
        """list_add_tail: it is the last to be taken."""
        self[pfn] = came_as
        self.move_to_end(pfn, last=False)

    def head(self) -> int:
        """The block that is taken next."""
        return next(reversed(self))

    def tail(self) -> int:
        """The block that is taken last."""
        return next(iter(self))

    def from_head(self) -> Iterator[int]:
        """The blocks in the order of the list, as they would be taken."""
        return reversed(self)


class FreeArea:
    """The free blocks of one order: a list for each migratetype, and how many there are in all.

    Examples
    --------
    >>> area = FreeArea(3)
    >>> [blocks.migratetype.name for blocks in area.free_list]
    ['UNMOVABLE', 'MOVABLE', 'RECLAIMABLE', 'HIGHATOMIC', 'CMA', 'ISOLATE']
    """

    def __init__(self, order: int):
        self.order = order
        self.free_list = [FreeList(order, migratetype) for migratetype in Migratetype]
        self.nr_free = 0
