"""Small guests with a page cache and slab, for Hypothesis."""

from collections.abc import Iterable

from hypothesis import strategies as st

from freepages.engine.step_size import Grain, fine
from freepages.scenarios.balloon import DrawnNode
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.zone.kernel import Context, Kernel
from freepages.zone.page_cache import Backing, Dentry, Inode, Object, PageCache
from freepages.zone.zone import Zone

BACKING: dict[str, Backing] = {"D": "device", "T": "tmpfs", "R": "ramfs"}
"""The files that are on no disk; A and B are on one."""


def context(
    node: DrawnNode, cache: PageCache | None, grain: Grain = fine, interrupt: bool = False
) -> Context:
    kernel = Kernel(node, GuestMemory({}), cache=cache, grain=grain)
    return Context(kernel, "guest", interrupt, function="handler")


def zone_of(ctx: Context) -> Zone:
    (zone,) = ctx.kernel.node.populated_zones()
    return zone


def free(ctx: Context) -> set[int]:
    """The pages on the lists of free_area."""
    return {
        page
        for zone in ctx.kernel.node.populated_zones()
        for pfn, order, _ in zone.free_blocks()
        for page in range(pfn, pfn + (1 << order))
    }


def names(cache: PageCache) -> list[Dentry]:
    return [some for some in objects(cache) if isinstance(some, Dentry)]


def objects(cache: PageCache) -> Iterable[Object]:
    return (some for page in cache.slab.values() for some in page)


@st.composite
def guests(draw: st.DrawFn, *, overlaps: bool = False, in_use: bool = False) -> tuple[DrawnNode, PageCache]:
    """A guest of 64 pages: files of every backing, pages in every state, slab with names and inodes.

    A page is in one state at most, and none of tmpfs is mapped, unless there may be `overlaps`; with `in_use`
    every file is open.
    """
    letters = draw(st.text("·kaABDTRs", min_size=64, max_size=64))
    node = DrawnNode(zone_drawn(letters), batch=draw(st.integers(0, 3)))
    slab = [pfn for pfn, letter in enumerate(letters) if letter == "s"]
    stateful = "ABDTR" if overlaps else "ABD"
    some = st.sets(st.sampled_from([pfn for pfn, letter in enumerate(letters) if letter in stateful] or [64]))
    dirty, writeback, mapped = (draw(some) - {64} for _ in range(3))
    on_disk = {pfn for pfn, letter in enumerate(letters) if letter in "ABD"}
    if not overlaps:
        writeback -= dirty
        mapped -= dirty | writeback
    cache = PageCache.of(node, dirty & on_disk, mapped, writeback=writeback & on_disk, backing=BACKING)
    others = draw(st.integers(0, 14))
    inodes = [*cache.files.values(), *(Inode() for _ in range(others))]
    dentries = [Dentry(inode, users=draw(st.integers(0, 1)) if not in_use else 1) for inode in inodes]
    dentries += [Dentry(inodes[0]) for _ in range(12) if inodes]
    half = len(slab) // 2
    cache.fill_slab(slab[:half], dentries[: half * 5], 5)
    cache.fill_slab(slab[half:], inodes[: (len(slab) - half) * 3], 3)
    for pfn in [pfn for pfn, page in cache.slab.items() if not page]:
        del cache.slab[pfn]  # unreclaimable
    return node, cache
