"""Pages, orders and migratetypes: the constants of Linux 4.6.

Models include/linux/mmzone.h and the fallback table of mm/page_alloc.c.
"""

from __future__ import annotations

from enum import IntEnum
from operator import index

from freepages.engine.errors import FreepagesError

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT

MAX_ORDER = 11  # the number of orders, as in Linux 4.6; since 6.4 the same name means the largest order
ORDERS = range(MAX_ORDER)

PAGEBLOCK_ORDER = 9  # a migratetype belongs to 512 pages, one huge page on x86
PAGEBLOCK_PAGES = 1 << PAGEBLOCK_ORDER


class Migratetype(IntEnum):
    """enum migratetype of Linux 4.6 with CONFIG_CMA and CONFIG_MEMORY_ISOLATION."""

    UNMOVABLE = 0
    MOVABLE = 1
    RECLAIMABLE = 2
    HIGHATOMIC = 3
    CMA = 4
    ISOLATE = 5


PCPTYPES = (Migratetype.UNMOVABLE, Migratetype.MOVABLE, Migratetype.RECLAIMABLE)
"""The migratetypes that have a per-CPU list, and that an allocation can ask for."""

# Whom an empty list steals from, first choice first (mm/page_alloc.c, fallbacks[]). CMA is not in the table:
# __rmqueue() tries it for MOVABLE before it looks here.
FALLBACKS: dict[Migratetype, tuple[Migratetype, ...]] = {
    Migratetype.UNMOVABLE: (Migratetype.RECLAIMABLE, Migratetype.MOVABLE),
    Migratetype.MOVABLE: (Migratetype.RECLAIMABLE, Migratetype.UNMOVABLE),
    Migratetype.RECLAIMABLE: (Migratetype.UNMOVABLE, Migratetype.MOVABLE),
    Migratetype.HIGHATOMIC: (),
    Migratetype.CMA: (),
    Migratetype.ISOLATE: (),
}


def check_order(order: int) -> int:
    """``order`` itself, or a FreepagesError when it is not one of 0..10."""
    try:
        if index(order) in ORDERS:
            return order
    except TypeError:
        pass
    raise FreepagesError(f"order {order!r} is not one of 0..{MAX_ORDER - 1}")
