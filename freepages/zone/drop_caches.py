"""Dropping the caches, as /proc/sys/vm/drop_caches does and as the patch does before it walks.

Models fs/drop_caches.c, invalidate_mapping_pages() of mm/truncate.c and drop_slab() of mm/vmscan.c of Linux
4.6. Bit 0 of the control is the page cache: of every file, each page is tried, and goes unless it is locked,
dirty, under writeback or mapped; nothing is written back first. Bit 1 is slab: names and inodes that nobody
holds are freed, in passes, until a pass frees few. An inode whose last name goes in one pass is found in the
next. Freeing an inode takes the pages of its file with it, so that 2 alone drops much of the page cache too;
since Linux 5.16 (commit 51b8c1fe250d) it does not, as inodes with pages are then no longer where the shrinker
looks.

Each page is freed singly, by way of the list of the CPU that drops: free, and on no list of free_area.

The same for a machine that is known by its meminfo only: pages_freed(), an estimate with bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from freepages.engine import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.real.meminfo import Meminfo
from freepages.zone.kernel import CALLS, Context
from freepages.zone.page_cache import Dentry, Inode, Object, PageCache, Said
from freepages.zone.percpu import drain_pcp, pcp_count

DROP_PAGECACHE, DROP_SLAB = 1, 2
"""The bits of the control: 1 drops the page cache, 2 slab, and 3 both."""

DROPS_CACHE = Act("calls drop_cache({1})", cost="invalidate", amount=2)
INVALIDATES = Act("{1}", cost="invalidate")
SHRINKS = Act("shrinks slab page {0}: {2}", cost="shrink", amount=1)
STARTS_WRITEBACK = Act("sends {0} dirty pages to the disk", cost="none")
WRITES_BACK = Act("waits for {0:page} to be written", cost="disk", amount=0)
DRAINS = Act("calls drain_all_pages(): every CPU gives back the pages on its own lists", cost="list")

PAGEVEC_SIZE = 14
"""Pages that leave the cache before they are freed together (include/linux/pagevec.h)."""
FEW = 10
"""Objects freed by the last pass of drop_slab(), or fewer."""


def drop_cache(ctx: Context, ctrl: int) -> Steps:
    """What /proc/sys/vm/drop_caches does with `ctrl`. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> pages = [straight(node.alloc_pages(0, kind="c")) for _ in range(2)]
    >>> cache = PageCache([Inode("F", pages=dict(enumerate(pages)))])
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> cache.dirty.add(pages[0])
    >>> straight(drop_cache(ctx, DROP_PAGECACHE)); len(cache.pages)
    1
    """
    kernel = ctx.kernel
    pages = len(kernel.cache.pages) if kernel.cache and ctrl & DROP_PAGECACHE else 0
    return kernel.grain(_drop_cache(ctx, ctrl), DROPS_CACHE, kernel.zone_locks, ctrl, pages)


def _drop_cache(ctx: Context, ctrl: int) -> Steps:
    yield CALLS, f"drop_cache({ctrl})"
    # down_read(&sb->s_umount) in iterate_supers() is the first of several that may sleep.
    if ctrl:
        ctx.might_sleep("drop_cache()")
    cache = ctx.kernel.cache
    if cache is None:
        return
    if ctrl & DROP_PAGECACHE:
        for name in list(cache.files):
            yield from invalidate_mapping_pages(ctx, cache, cache.files[name])
    if ctrl & DROP_SLAB:
        yield from drop_slab(ctx, cache)


def invalidate_mapping_pages(ctx: Context, cache: PageCache, inode: Inode) -> Steps:
    """Drop what can be dropped of one file, a pagevec at a time. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> pages = [straight(node.alloc_pages(0, kind="c")) for _ in range(2)]
    >>> cache = PageCache([Inode("F", pages=dict(enumerate(pages)))])
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> straight(invalidate_mapping_pages(ctx, cache, cache.files["F"])); cache.pages
    {}
    """
    indices = sorted(inode.pages)
    for at in range(0, len(indices), PAGEVEC_SIZE):
        pagevec: list[int] = []
        for index in indices[at : at + PAGEVEC_SIZE]:
            pfn = inode.pages.get(index)
            if pfn is None:
                continue
            yield INVALIDATES, pfn, Said(_fate, cache, inode, index, pfn)
            if inode.pages.get(index) == pfn and not cache.refusal(pfn):
                cache.remove(pfn)
                pagevec.append(pfn)
        for pfn in pagevec:
            yield from ctx.kernel.node.free_pages(pfn, 0, cpu=ctx.cpu)


def _fate(cache: PageCache, inode: Inode, index: int, pfn: int) -> str:
    if inode.pages.get(index) != pfn:
        return f"finds that page {pfn} has left the cache"
    why = cache.refusal(pfn)
    return f"finds that page {pfn} {why}" if why else f"drops page {pfn} from the page cache"


def drop_slab(ctx: Context, cache: PageCache) -> Steps:
    """Shrink the slab caches until a pass frees few objects. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> cache, page = PageCache(), straight(node.alloc_pages(0, kind="s"))
    >>> file = Inode("F"); cache.fill_slab([page], [Dentry(file), Dentry(file, users=1)], per_page=2)
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> straight(drop_slab(ctx, cache)); len(cache.slab[page])
    1
    """
    freed = FEW + 1
    while freed > FEW:
        freed = yield from shrink_slab(ctx, cache)


def shrink_slab(ctx: Context, cache: PageCache) -> Steps:
    """Free the names and then the inodes that were unused when the pass began; how many went. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> cache, page = PageCache(), straight(node.alloc_pages(0, kind="s"))
    >>> file = Inode("F"); cache.fill_slab([page], [Dentry(file), Dentry(file, users=1)], per_page=2)
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> straight(shrink_slab(ctx, cache))
    1
    """
    names, inodes = cache.unused(Dentry), cache.unused(Inode)
    freed = 0
    for pfn in names:
        freed += yield from free_objects(ctx, cache, pfn, names[pfn])
    for pfn in inodes:
        for inode in inodes[pfn]:
            if isinstance(inode, Inode) and inode.pages:
                yield from invalidate_mapping_pages(ctx, cache, inode)
        freed += yield from free_objects(ctx, cache, pfn, inodes[pfn])
    return freed


def free_objects(ctx: Context, cache: PageCache, pfn: int, objects: Sequence[Object]) -> Steps:
    """Free those of these objects of a slab page that are unused, and the page with its last; how many went.
    Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> cache, page = PageCache(), straight(node.alloc_pages(0, kind="s"))
    >>> file = Inode("F"); cache.fill_slab([page], [Dentry(file), Dentry(file, users=1)], per_page=2)
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> straight(free_objects(ctx, cache, page, list(cache.slab[page])))
    1
    """
    yield SHRINKS, pfn, len(objects), Said(_shrunk, cache, pfn, objects)
    gone = [some for some in objects if may_go(some)]
    for some in gone:
        cache.slab[pfn].remove(some)
        if isinstance(some, Dentry):
            some.inode.users -= 1
    if not cache.slab[pfn]:
        del cache.slab[pfn]
        yield from ctx.kernel.node.free_pages(pfn, 0, cpu=ctx.cpu)
    return len(gone)


def may_go(some: Object) -> bool:
    """Whether an object is unused: nobody holds it and, of an inode, no page is in the cache.

    Examples
    --------
    >>> may_go(Inode("F")), may_go(Inode("F", users=1)), may_go(Inode("F", pages={0: 7}))
    (True, False, False)
    """
    return not some.users and not (isinstance(some, Inode) and some.pages)


def _shrunk(cache: PageCache, pfn: int, objects: Sequence[Object]) -> str:
    gone, all_of_it = sum(map(may_go, objects)), len(cache.slab[pfn])
    what = "names" if isinstance(objects[0], Dentry) else "inodes"
    fate = "and the page with them" if gone == all_of_it else "and the page stays"
    return f"{gone} of its {all_of_it} {what} go, {fate}"


def sync(ctx: Context) -> Steps:
    """Write every dirty page of the cache to the disk, and wait until all are written. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> pages = [straight(node.alloc_pages(0, kind="c")) for _ in range(2)]
    >>> cache = PageCache([Inode("F", pages=dict(enumerate(pages)))])
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> cache.dirty.add(pages[0]); straight(sync(ctx)); cache.droppable() == sorted(pages)
    True
    """
    cache = ctx.kernel.cache
    if cache is None or not (cache.to_write() or cache.writeback):
        return
    yield STARTS_WRITEBACK, len(cache.to_write())
    ctx.might_sleep("sync()")
    sent = cache.to_write()
    cache.dirty -= sent
    cache.writeback |= sent
    yield WRITES_BACK, len(cache.writeback)
    cache.writeback.clear()


def drain_all_pages(ctx: Context) -> Steps:
    """Give every CPU's own pages back to the zones. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> pages = [straight(node.alloc_pages(0, kind="c")) for _ in range(2)]
    >>> cache = PageCache([Inode("F", pages=dict(enumerate(pages)))])
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> for pfn in pages:
    ...     straight(node.free_pages(pfn, 0))
    >>> straight(drain_all_pages(ctx)); pcp_count(node.zones["DMA32"], "cpu 0")
    0
    """
    kernel = ctx.kernel

    def drain() -> Steps:
        for zone in kernel.node.populated_zones():
            for cpu in list(zone.pageset):
                if pcp_count(zone, cpu):
                    yield from drain_pcp(zone, pcp_count(zone, cpu), cpu)

    return kernel.grain(drain(), DRAINS, kernel.zone_locks)


# -- the same from counts


class Freed(NamedTuple):
    """Pages that a drop frees: of the page cache, of slab, and at least and at most of both together.

    Examples
    --------
    >>> Freed(cache=100, slab=20, least=90, most=140).pages
    120
    """

    cache: int
    slab: int
    least: int
    most: int

    @property
    def pages(self) -> int:
        """Of both together, as estimated."""
        return self.cache + self.slab


def pages_freed(meminfo: Meminfo, ctrl: int, *, synced: bool = False, pinned: int | None = None) -> Freed:
    """How many pages drop_caches frees of a machine that is known by its meminfo; `synced`: after a sync.

    Of the page cache, what is neither tmpfs' nor kept by a state can go. A page may be in two states, and
    then it is counted twice among those that are kept: the estimate is the least that can be, and exact where
    no page is and none of tmpfs is mapped. Pages locked just now, and those that a file system holds for
    itself, are in no count and are taken to be none.

    Of slab, meminfo does not tell in how many pages an object is in use. `pinned` says so where it is known;
    else half is taken to go, of anything between none and all (in data/drop_caches, 11 to 84 %).

    2 alone is taken for what it is since Linux 5.16, slab only; before, it can free as many pages as 3.

    Parameters
    ----------
    meminfo : Meminfo
    ctrl : int
        What is written to drop_caches: 0 to 3.
    synced : bool
        Whether after a sync.
    pinned : int, optional
        Pages of reclaimable slab that cannot go.

    Returns
    -------
    Freed
        In pages.

    Raises
    ------
    FreepagesError
        Where ctrl is not 0..3, or more slab is pinned than there is.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> from freepages.real.meminfo import read_meminfo
    >>> pages_freed(read_meminfo(data_path("drop_caches", "read-3", "before", "meminfo")), 3)
    Freed(cache=142356, slab=7636, least=142356, most=158028)
    """
    if ctrl not in range(4):
        raise FreepagesError(f"drop_caches takes 0, 1, 2 or 3, not {ctrl}")
    if pinned is not None and not 0 <= pinned <= meminfo.reclaimable:
        raise FreepagesError(
            f"{pinned} of {meminfo.reclaimable} pages of reclaimable slab are said to be pinned"
        )
    files = meminfo.buffers + meminfo.cached - meminfo.shmem
    dirty, writeback = (0, 0) if synced else (meminfo.dirty, meminfo.writeback)
    unevictable = max(0, meminfo.unevictable - meminfo.mlocked)  # an mlocked page of a file is mapped, too
    least = max(0, files - dirty - writeback - meminfo.mapped - unevictable)
    most = max(0, files - max(dirty, writeback, meminfo.mapped - meminfo.shmem, unevictable - meminfo.shmem))
    slab, slab_least, slab_most = meminfo.reclaimable // 2, 0, meminfo.reclaimable
    if pinned is not None:
        slab = slab_least = slab_most = meminfo.reclaimable - pinned
    pagecache, shrinks = bool(ctrl & DROP_PAGECACHE), bool(ctrl & DROP_SLAB)
    return Freed(
        cache=least * pagecache,
        slab=slab * shrinks,
        least=least * pagecache + slab_least * shrinks,
        most=most * bool(ctrl) + slab_most * shrinks,
    )


def pinned(cache: PageCache) -> int:
    """How many reclaimable slab pages no pass of drop_slab() can empty.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> node = Node.pc(64 << 20)
    >>> cache, page = PageCache(), straight(node.alloc_pages(0, kind="s"))
    >>> file = Inode("F"); cache.fill_slab([page], [Dentry(file), Dentry(file, users=1)], per_page=2)
    >>> ctx = Context(Kernel(node, GuestMemory({0: 4096}), cache=cache), "process")
    >>> pinned(cache)
    1
    """
    names = (some for objects in cache.slab.values() for some in objects if isinstance(some, Dentry))
    unused = Counter(id(name.inode) for name in names if not name.users)

    def stays(some: Object) -> bool:
        if isinstance(some, Dentry):
            return some.users > 0
        return some.users > unused[id(some)] or any(map(cache.refusal, some.pages.values()))

    return sum(any(map(stays, objects)) for objects in cache.slab.values())
