"""Dropping the page cache, as /proc/sys/vm/drop_caches does and as the patch does before it walks.

Models fs/drop_caches.c and invalidate_mapping_pages() of Linux 4.6: dropped is what is clean and not mapped;
nothing is written back first. Each page is freed singly, so it passes through the list of the CPU that drops
it. Dentries and inodes (2 of the control) are left out.
"""

from __future__ import annotations

from freepages.engine import Act, Steps
from freepages.guest.context import CALLS, Context
from freepages.guest.percpu import drain_pcp, pcp_count
from freepages.virtio.getfreepages import DROP_PAGECACHE

DROPS_CACHE = Act("calls drop_cache({1})", cost="free")
DROPS = Act("drops page {0} from the page cache")
WRITES_BACK = Act("writes {0} dirty pages back", cost="disk", amount=0)
DRAINS = Act("calls drain_all_pages(): every CPU gives back the pages on its own lists", cost="list")


def drop_cache(ctx: Context, ctrl: int) -> Steps:
    """What /proc/sys/vm/drop_caches does with `ctrl`. Process."""
    kernel = ctx.kernel
    return kernel.grain(_drop_cache(ctx, ctrl), DROPS_CACHE, kernel.zone_locks, ctrl)


def _drop_cache(ctx: Context, ctrl: int) -> Steps:
    yield CALLS, f"drop_cache({ctrl})"
    # down_read(&sb->s_umount) in iterate_supers() is the first of several that may sleep.
    if ctrl:
        ctx.might_sleep("drop_cache()")
    cache = ctx.kernel.cache
    if not ctrl & DROP_PAGECACHE or cache is None:
        return
    for pfn in cache.droppable():
        yield DROPS, pfn
        cache.pages.discard(pfn)
        yield from ctx.kernel.node.free_pages(pfn, 0, cpu=ctx.cpu)


def sync(ctx: Context) -> Steps:
    """Write every dirty page of the cache to the disk. Process."""
    cache = ctx.kernel.cache
    if cache is None or not cache.dirty:
        return
    yield WRITES_BACK, len(cache.dirty)
    ctx.might_sleep("sync()")
    cache.dirty.clear()


def drain_all_pages(ctx: Context) -> Steps:
    """Give every CPU's own pages back to the zones. Process."""
    kernel = ctx.kernel

    def drain() -> Steps:
        for zone in kernel.node.populated_zones():
            for cpu in list(zone.pageset):
                if pcp_count(zone, cpu):
                    yield from drain_pcp(zone, pcp_count(zone, cpu), cpu)

    return kernel.grain(drain(), DRAINS, kernel.zone_locks)
