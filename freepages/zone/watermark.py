"""Watermarks and lowmem_reserve: how much of a zone must stay free, and for whom.

Models mm/page_alloc.c of Linux 4.6: init_per_zone_wmark_min, __setup_per_zone_wmarks,
setup_per_zone_lowmem_reserve and zone_watermark_ok. Pages, not bytes, throughout; min_free_kbytes is in KiB
as in /proc/sys/vm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt

from freepages.pages.orders import MAX_ORDER, PAGE_SHIFT, PCPTYPES
from freepages.zone.zone import CMA, Zone

LOWMEM_RESERVE_RATIO = {"DMA": 256, "DMA32": 256, "Normal": 32, "HighMem": 32}
RAISED_CAP = (5, 7)
"""The Linux that raised the most of min_free_kbytes from 64 to 256 MiB (commit ee8eb9a5fe86)."""
PAGEBLOCK = 512  # pages, on x86
WATERMARK_SCALE_FACTOR = 10  # in 1/10000 of the zone; new in 4.6 (commit 795ae7a0de6b)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Free pages of a zone below which: an atomic allocation only (min), kswapd wakes (low), it rests
    (high).

    Examples
    --------
    >>> Watermarks(min=16, low=20, high=24).low
    20
    """

    min: int
    low: int
    high: int


def min_free_kbytes(lowmem_pages: int, version: tuple[int, int] = (4, 6)) -> int:
    """The default of /proc/sys/vm/min_free_kbytes; huge pages, which raise it, are not counted in.

    Examples
    --------
    >>> min_free_kbytes(4 << 18)
    8192
    """
    return min(max(isqrt(lowmem_pages * 4 * 16), 128), 65536 if version < RAISED_CAP else 262144)


def with_huge_pages(kbytes: int, zones: int, lowmem_pages: int) -> int:
    """What min_free_kbytes is raised to where huge pages are on, as distributions have it: for each zone two
    pageblocks, and one for each pair of migratetypes, but not more than 5 % of memory
    (set_recommended_min_free_kbytes() of mm/khugepaged.c, since Linux 2.6.38).

    Examples
    --------
    >>> with_huge_pages(min_free_kbytes(4 << 18), 3, 4 << 18)
    67584
    """
    wanted = PAGEBLOCK * zones * (2 + len(PCPTYPES) ** 2)
    return max(kbytes, min(wanted, lowmem_pages // 20) << (PAGE_SHIFT - 10))


def watermarks(managed: Mapping[str, int], min_kbytes: int | None = None) -> dict[str, Watermarks]:
    """The watermarks of every zone, from the managed pages of each.

    Parameters
    ----------
    managed : mapping of str to int
        Pages of each zone, by name.
    min_kbytes : int, optional
        KiB; :func:`min_free_kbytes` of the zones but HighMem, if not given.

    Examples
    --------
    >>> watermarks({"DMA": 3977, "DMA32": 253791})
    {'DMA': Watermarks(min=15, low=18, high=21), 'DMA32': Watermarks(min=999, low=1252, high=1505)}
    """
    lowmem = sum(pages for name, pages in managed.items() if name != "HighMem")
    min_pages = (min_free_kbytes(lowmem) if min_kbytes is None else min_kbytes) >> (PAGE_SHIFT - 10)
    marks = {}
    for name, pages in managed.items():
        share = min_pages * pages // lowmem if lowmem else 0
        # A user's allocation from HighMem never eats what the kernel needs: a token minimum will do there.
        low = min(max(pages // 1024, 32), 128) if name == "HighMem" else share
        gap = max(share >> 2, pages * WATERMARK_SCALE_FACTOR // 10000)
        marks[name] = Watermarks(low, low + gap, low + 2 * gap)
    return marks


def lowmem_reserve(managed: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """reserve[zone][highest]: pages of the zone kept from allocations that could have come from ``highest``.

    ``managed`` lists the zones from the lowest to the highest.

    Examples
    --------
    >>> lowmem_reserve({"DMA": 3977, "DMA32": 253791})
    {'DMA': {'DMA32': 991}, 'DMA32': {}}
    """
    names = list(managed)
    reserve = {}
    for at, name in enumerate(names):
        above, kept = 0, {}
        for highest in names[at + 1 :]:
            above += managed[highest]
            kept[highest] = above // LOWMEM_RESERVE_RATIO[name]
        reserve[name] = kept
    return reserve


def zone_watermark_ok(
    zone: Zone,
    order: int,
    mark: int,
    reserve: int = 0,
    *,
    harder: bool = False,
    high: bool = False,
    cma: bool = False,
) -> bool:
    """Whether the zone may give a block of that order and stay above the mark.

    ``reserve`` is the zone's lowmem_reserve against the allocation at hand. ``high`` (__GFP_HIGH) may go down
    to half of the mark and ``harder`` (ALLOC_HARDER) to three quarters of that; who may not try harder does
    not see the reserve for atomic allocations, free or not. ``cma`` (ALLOC_CMA) is for movable pages: only
    they may lie where a device may want its memory back.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> zone_watermark_ok(zone, 0, mark=15), zone_watermark_ok(zone, 0, mark=16)
    (True, False)
    >>> zone_watermark_ok(zone, 0, mark=16, high=True)
    True
    """
    free = zone.nr_free_pages - ((1 << order) - 1)
    floor = mark - (mark // 2 if high else 0)
    if harder:
        floor -= floor // 4
    else:
        free -= zone.nr_reserved_highatomic
    if not cma:
        free -= sum(len(area.free_list[CMA]) << area.order for area in zone.free_area)
    if free <= floor + reserve:
        return False
    if order == 0:
        return True
    types = (*PCPTYPES, CMA) if cma else PCPTYPES
    return any(
        zone.free_area[o].nr_free if harder else any(zone.free_area[o].free_list[t] for t in types)
        for o in range(order, MAX_ORDER)
    )
