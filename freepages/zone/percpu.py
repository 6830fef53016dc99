"""Per-CPU lists of single pages, in front of a zone's lists.

Models the order-0 half of mm/page_alloc.c of Linux 4.6: buffered_rmqueue with rmqueue_bulk,
free_hot_cold_page with free_pcppages_bulk, and zone_batchsize. Most allocations are of one page, so each CPU
keeps a few to itself: taking one needs no lock, and the zone's lock is taken once a batch.

For the free-page bitmap this matters in one way: a page on such a list is free to its CPU, but on no list of
free_area, so no walk of free_area sees it. It goes unreported, is sent although nobody needs it, and nothing
is lost.
"""

from __future__ import annotations

from collections.abc import Iterable

from freepages.engine import DROPS_LOCK, TAKES_LOCK, Act, Steps
from freepages.pages.orders import PAGE_SHIFT, PCPTYPES, Migratetype
from freepages.zone.free_area import FreeList
from freepages.zone.zone import CMA, ISOLATE, Zone

TAKES_PAGE = Act("takes page {0} off its own list", cost="list")
PUTS_PAGE = Act("puts page {0} on its own list", cost="list")
SENDS_ON = Act("finds that page {0} is isolated: the zone gets it at once", cost="list")


def zone_batchsize(managed: int) -> int:
    """Pages moved between a CPU's list and the zone at a time: 31 from 512 MiB on, 0 in a very small zone.

    Examples
    --------
    >>> zone_batchsize(16 << 8), zone_batchsize(512 << 8)
    (0, 31)
    """
    batch = max(1, min(managed // 1024, (512 << 10) >> PAGE_SHIFT) // 4)
    return (1 << ((batch + batch // 2).bit_length() - 1)) - 1


def pcp_high(batch: int) -> int:
    """How many pages a per-CPU list holds before a batch goes back.

    Examples
    --------
    >>> pcp_high(zone_batchsize(512 << 8))
    186
    """
    return 6 * batch


def pages_of(zone: Zone, cpu: str) -> list[FreeList]:
    """That CPU's lists in that zone, one for each of PCPTYPES.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 16)
    >>> [pages.migratetype.name for pages in pages_of(zone, "cpu 0")]
    ['UNMOVABLE', 'MOVABLE', 'RECLAIMABLE']
    """
    return zone.pageset.setdefault(cpu, [FreeList(0, migratetype) for migratetype in PCPTYPES])


def pcp_count(zone: Zone, cpu: str) -> int:
    """How many pages that CPU's lists in that zone hold.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> straight(rmqueue_pcp(zone, batch=3)), pcp_count(zone, "cpu 0")
    (0, 2)
    """
    return sum(map(len, pages_of(zone, cpu)))


def rmqueue_pcp(
    zone: Zone,
    batch: int,
    migratetype: Migratetype = Migratetype.MOVABLE,
    cpu: str = "cpu 0",
    kind: str = "a",
) -> Steps:
    """Allocate one page by way of the CPU's own list; its pfn, or None where the zone has none. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> [straight(rmqueue_pcp(zone, batch=3)) for _ in range(4)]
    [0, 1, 2, 3]
    """
    pages = pages_of(zone, cpu)[migratetype]
    if not pages:
        yield TAKES_LOCK, zone.lock, cpu
        zone.lock.take(cpu)
        for _ in range(batch):
            pfn = yield from zone.rmqueue_locked(0, migratetype)
            if pfn is None:
                break
            zone.nr_free_pages -= 1
            came_as = CMA if zone.pageblock_migratetype(pfn) == CMA else migratetype
            pages.add_tail(pfn, came_as)  # the first one found stays the first one used
        yield DROPS_LOCK, zone.lock.name, cpu
        zone.lock.drop(cpu)
    if not pages:
        return None
    pfn = pages.head()
    yield TAKES_PAGE, pfn
    del pages[pfn]
    zone.used[pfn] = 0, kind
    return pfn


def free_pcp(zone: Zone, batch: int, pfn: int, cpu: str = "cpu 0") -> Steps:
    """Free one page to the CPU's own list, and a batch to the zone when that is full. Process.

    A page of an isolated pageblock goes back to the zone at once, lest somebody take it again. Raises
    ZoneError as Zone.free does, the zone unchanged.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> page = straight(rmqueue_pcp(zone, batch=3))
    >>> straight(free_pcp(zone, 3, page)); pcp_count(zone, "cpu 0"), zone.nr_free_pages
    (3, 13)
    """
    yield PUTS_PAGE, pfn
    zone.check_used(pfn, 0)
    migratetype = zone.pageblock_migratetype(pfn)
    if migratetype == ISOLATE:
        yield SENDS_ON, pfn
        yield from zone.free(pfn, 0, cpu)
        return
    del zone.used[pfn]
    listed = migratetype if migratetype in PCPTYPES else Migratetype.MOVABLE
    pages_of(zone, cpu)[listed].add(pfn, migratetype)
    if pcp_count(zone, cpu) >= pcp_high(batch):
        yield from drain_pcp(zone, batch, cpu)


def drain_pcp(zone: Zone, count: int, cpu: str = "cpu 0") -> Steps:
    """Give ``count`` pages of the CPU's lists back to the zone, the coldest first. Process.

    A page goes back to the lists of the migratetype that it came with, though its pageblock may have changed
    hands meanwhile; only where the zone has isolated pageblocks is the pageblock asked again.

    The lists take turns, and a list gives the more the longer the others were found empty; so the kernel
    shares the loss evenly without counting.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> page = straight(rmqueue_pcp(zone, batch=3))
    >>> straight(drain_pcp(zone, 2)); zone.nr_free_pages
    15
    """
    lists, turn, run = pages_of(zone, cpu), 0, 0
    count = min(count, pcp_count(zone, cpu))
    yield TAKES_LOCK, zone.lock, cpu
    zone.lock.take(cpu)
    isolated = zone.has_isolate_pageblock()
    while count:
        run += 1
        turn = (turn + 1) % len(lists)
        while not lists[turn]:
            run += 1
            turn = (turn + 1) % len(lists)
        if run >= len(lists):
            run = count
        while count and run and lists[turn]:
            pfn, came_as = lists[turn].popitem(last=False)
            if came_as is None or isolated:
                came_as = zone.pageblock_migratetype(pfn)
            yield from zone.free_one_page_locked(pfn, 0, came_as)
            count, run = count - 1, run - 1
    yield DROPS_LOCK, zone.lock.name, cpu
    zone.lock.drop(cpu)


def per_cpu_pages(zones: Iterable[Zone]) -> set[int]:
    """Free pages that are on no list of free_area, but on some CPU's own.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> page = straight(rmqueue_pcp(zone, batch=3)); per_cpu_pages([zone])
    {1, 2}
    """
    return {pfn for zone in zones for lists in zone.pageset.values() for pages in lists for pfn in pages}
