"""What stays free of each zone while a driver hints at free blocks, and what it cannot have.

get_free_page_and_send() of drivers/virtio/virtio_balloon.c (Linux 4.20) allocates with __GFP_NORETRY,
__GFP_NOWARN and __GFP_NOMEMALLOC: it neither reclaims nor uses the reserves. So of each zone these stay free
(__zone_watermark_ok() of mm/page_alloc.c):

- the min watermark. zoneinfo tells it, with all that went into it: min_free_kbytes as it was set or raised
  for huge pages, and since Linux 5.0 the boost (commit 1c30844d2dfe). watermark_scale_factor, new in 4.6,
  moves only the low and the high one.
- lowmem_reserve: what the zone keeps from allocations that a Normal zone could have served.
- pageblocks reserved for atomic allocations of high orders, since Linux 4.4 (commit 0aaa29a56e4f), and the
  free pages of CMA, which are for movable pages only. Their blocks of the largest order it cannot have
  either, nor isolated ones. pagetypeinfo tells how many these are, and not which.

Where zoneinfo does not tell the watermarks they are the defaults of the kernel's version.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log2
from typing import Any, NamedTuple

from freepages.host.ram import GuestRam
from freepages.pages.pc_memory import FOUR_GIB
from freepages.pages.ranges import pairs
from freepages.real import Snapshot
from freepages.real.procfs import kernel_version
from freepages.zone.watermark import (
    PAGEBLOCK,
    lowmem_reserve,
    min_free_kbytes,
    watermarks,
    with_huge_pages,
)

FIRST = (4, 20)
"""The first Linux that hints: what a guest is taken to be that does not tell its version."""
RESERVES = (4, 4)
"""The first Linux that reserves pageblocks for atomic allocations."""
NOT_HINTED_AT = {"HighMem", "Movable", "Device"}
"""Zones that the driver takes no block of, for it allocates as the kernel does for itself: the flags in
virtio_balloon.c (VIRTIO_BALLOON_FREE_PAGE_ALLOC_FLAG) have neither __GFP_HIGHMEM nor __GFP_MOVABLE."""
DMA_END = 4096
"""Pages of a PC's zone DMA, 16 MiB."""


class Floor(NamedTuple):
    """A zone, the pfns [start, end), of whose free pages ``keep`` stay free, and of whose free blocks the
    driver cannot have so many."""

    start: int
    end: int
    keep: int
    withheld: int = 0


def told(snapshot: Snapshot, scale: int, end: int) -> tuple[Floor, ...]:
    """The floors of a snapshot's zones, the highest zone first, as it is asked first; a page of the guest is
    ``scale`` of ours, and none goes beyond the RAM's ``end``. None, where a zone does not tell its
    watermarks, or shares its span with another."""
    if any(zone.watermarks is None for zone in snapshot.zones) or None in snapshot.churn():
        return ()
    normal = 1 if any(zone.name == "HighMem" for zone in snapshot.zones) else 2
    floors = []
    for zone in snapshot.zones:
        if zone.name not in NOT_HINTED_AT:
            assert zone.watermarks is not None
            reserve = sum(zone.protection[normal : normal + 1])  # DMA is before it, and DMA32 if there is one
            pages, blocks = _withheld(zone)
            keep = zone.watermarks[0] + reserve + pages
            floors.append(Floor(zone.start_pfn * scale, min(zone.end_pfn * scale, end), keep * scale, blocks))
    return tuple(sorted(floors, reverse=True))


def _withheld(zone: Any) -> tuple[int, int]:
    """Of a zone, the pages that count as free and are not for the driver, and its largest blocks of them."""
    if zone.types is None:
        return 0, 0
    counts = {name: some.counts for name, some in zone.types.free.items()}
    others = [counts[name] for name in ("CMA", "Isolate") if name in counts]
    pages = sum(count << order for some in others for order, count in enumerate(some))
    pages += zone.types.pageblocks.get("HighAtomic", 0) * _pageblock(zone)
    return pages, sum(some[-1] for some in (*others, counts.get("HighAtomic", (0,))))


def _pageblock(zone: Any) -> int:
    """Pages of a pageblock: as many as the zone's pageblocks have in the mean, as a power of two."""
    blocks = sum(zone.types.pageblocks.values())
    return 1 << round(log2(zone.spanned / blocks)) if blocks else PAGEBLOCK


def default(ram: GuestRam, version: tuple[int, int] = FIRST) -> tuple[Floor, ...]:
    """The floors of a PC that has huge pages on and all else as its kernel sets it, the highest zone
    first."""
    zones = {"DMA": (0, DMA_END), "DMA32": (DMA_END, FOUR_GIB), "Normal": (FOUR_GIB, ram.max_pfn)}
    there = {name: (start, min(end, ram.max_pfn)) for name, (start, end) in zones.items()}
    managed = {
        name: pages
        for name, (start, end) in there.items()
        if (pages := sum(max(0, min(e, end) - max(s, start)) for s, e in pairs(ram.pfns())))
    }
    marks, reserve = watermarks(managed, default_kbytes(managed, version)), lowmem_reserve(managed)
    return tuple(
        Floor(*there[name], marks[name].min + sum(reserve[name].get(one, 0) for one in [*managed][-1:]))
        for name in reversed(managed)
    )


def default_kbytes(managed: Mapping[str, int], version: tuple[int, int]) -> int:
    """min_free_kbytes of a guest with these zones, if nobody has set it."""
    lowmem = sum(pages for name, pages in managed.items() if name != "HighMem")
    return with_huge_pages(min_free_kbytes(lowmem, version), len(managed), lowmem)


def assumed(snapshot: Snapshot) -> list[str]:
    """What of this a snapshot leaves open, and what it is taken for."""
    version = kernel_version(snapshot.about.get("kernel"))
    as_in = "Linux {}.{}".format(*(version or FIRST))
    notes = []
    if version is None:
        notes.append(
            f"hints are those of {as_in}, which begin with the highest blocks (the lowest since 5.10): there "
            "is no version"
        )
    if not told(snapshot, 1, snapshot.max_pfn):
        notes.append(
            f"hints leave free the min watermarks that {as_in} has by default: the zones do not tell theirs"
        )
    if any(zone.types is None for zone in snapshot.zones) and (version or FIRST) >= RESERVES:
        notes.append("no page is taken to be reserved for atomic allocations: there is no pagetypeinfo")
    return notes
