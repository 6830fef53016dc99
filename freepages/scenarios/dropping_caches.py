"""A guest that drops its caches and then builds the bitmap, while somebody reads files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from freepages.engine import Act, Choose, Process, Run, Scenario, Steps, stuck
from freepages.engine.state import whole
from freepages.engine.step_size import Grain, fine
from freepages.pages.pageset import PageSet
from freepages.pages.ranges import spans
from freepages.scenarios.balloon import DrawnNode
from freepages.scenarios.panels import Range, free_lists, locks, memory, touched
from freepages.scenarios.zones import unsound, zone_drawn
from freepages.view.frame import Bits, Facts, Frame, PageMap
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.zone.drop_caches import INVALIDATES, SHRINKS, drain_all_pages, drop_cache, sync
from freepages.zone.free_page_bitmap import get_free_pages
from freepages.zone.kernel import Context, Kernel
from freepages.zone.page_cache import READS_DISK, Backing, Dentry, Inode, PageCache
from freepages.zone.percpu import per_cpu_pages
from freepages.zone.zone import Zone

CHOOSES = Act("chooses what to read next", cost="none")

CACHED = "kkkkkkkkAAAAAAAAAAAA··aaBBBBBBBBTTTTRR··ssssss··············kk··"
"""A and B are files, T one in a tmpfs, R blocks of the raw disk."""
BACKING: dict[str, Backing] = {"T": "tmpfs", "R": "device"}
DIRTY, WRITEBACK, MAPPED, LOCKED = {16, 17}, {18}, {24, 25, 26}, {31}
NAMES, INODES = (40, 41), (42, 43, 44)
"""The slab pages of names and of inodes; 45 is unreclaimable."""
NAMES_PER_PAGE, INODES_PER_PAGE = 8, 4
"""Fewer than the 21 of 192 bytes and the 3 of ext4 that fit a page, so that the passes can be followed."""

STATES = {"locked": "l", "dirty": "d", "writeback": "w", "mapped": "m"}
SIGNS = (
    ("A B T R", "in a page of the cache: the file that it is of"),
    *((letter, f"in a page of the cache: {state}") for state, letter in STATES.items()),
    ("8", "in a slab page: its objects in use"),
)


@dataclass
class Dropping:
    """The world: a guest's kernel with its caches, and the bitmap that is built of its free pages."""

    kernel: Kernel
    cache: PageCache
    bitmap: PageSet
    zone: Zone = field(init=False)

    def __post_init__(self) -> None:
        (self.zone,) = self.kernel.node.populated_zones()


def caching(grain: Grain = fine, batch: int = 2) -> Dropping:
    """The guest of CACHED: the file B is mapped, so its name is held; all others are closed.

    14 names, of 12 inodes: A, B and ten files without a page in the cache.
    """
    node = DrawnNode(zone_drawn(CACHED), batch=batch)
    cache = PageCache.of(node, DIRTY, MAPPED, locked=LOCKED, writeback=WRITEBACK, backing=BACKING)
    inodes = [cache.files["A"], cache.files["B"], *(Inode() for _ in range(10))]
    names = [Dentry(inode) for inode in (*inodes[2:], *inodes[2:4])]
    names += [Dentry(inodes[0]), Dentry(inodes[1], users=1)]
    cache.fill_slab(NAMES, names, NAMES_PER_PAGE)
    cache.fill_slab(INODES, inodes, INODES_PER_PAGE)
    return Dropping(Kernel(node, GuestMemory({}), cache=cache, grain=grain), cache, PageSet(node.max_pfn))


def drop_and_report(world: Dropping, ctrl: int, sync_first: bool, drain: bool) -> Steps:
    """What the patch does for a request, and what it might do before and between."""
    ctx = Context(world.kernel, "guest")
    if sync_first:
        yield from sync(ctx)
    yield from drop_cache(ctx, ctrl)
    if drain:
        yield from drain_all_pages(ctx)
    yield from get_free_pages(world.kernel.node, world.bitmap, world.bitmap.pages, cpu=ctx.cpu)


def read_files(world: Dropping, cpu: str) -> Steps:
    """Read what the schedule says, for ever: ``3a`` is page 3 of file A."""
    sizes = {name: len(inode.pages) for name, inode in world.cache.files.items()}
    menu = Choose(partial(menu_of, sizes))
    while True:
        choice = yield CHOOSES, menu
        index, name = int(choice[:-1]), choice[-1].upper()
        yield from world.cache.read(world.kernel.node, name, index, cpu)


def menu_of(sizes: dict[str, int]) -> dict[str, str]:
    """What may be read of files of these sizes, in pages."""
    return {
        f"{index}{name.lower()}": f"is to read page {index} of {name}"
        for name, size in sizes.items()
        for index in range(size)
    }


def drop_caches(
    ctrl: int = 3,
    *,
    sync_first: bool = False,
    drain: bool = False,
    grain: Grain = fine,
    batch: int = 2,
    story: str = "",
) -> Scenario:
    """`g` (guest) drops the caches and builds the bitmap; `r` (reader, on another CPU) reads files.

    The guest writes back first if `sync_first`, and gives back the CPUs' own lists before it builds if
    `drain`.
    """

    def build() -> tuple[Dropping, list[Process]]:
        world = caching(grain, batch)
        return world, [
            Process("g", "guest", drop_and_report(world, ctrl, sync_first, drain)),
            Process("r", "reader", read_files(world, "cpu 1")),
        ]

    return Scenario(
        "drop_caches",
        f"drop_caches {ctrl}, then the bitmap",
        build,
        picture,
        story,
        "no read-ahead, no directories, one zone",
        property=lambda run: stuck(run) or unsound(run.world.zone),
        key=whole,
        signs=SIGNS,
    )


# -- what is to be seen


def picture(run: Run) -> Frame:
    world: Dropping = run.world
    zone, lit = world.zone, touched_here(run)
    free, waiting, marked = zone.listed_pages(), len(per_cpu_pages([zone])), world.bitmap.count()
    return Frame(
        f"{free} pages on the free lists, {waiting} on CPUs' own lists, {marked} marked",
        (
            pages(world, lit),
            Bits("bitmap", zone.start_pfn, world.bitmap, highlight=lit),
            states(world),
            free_lists(zone),
            locks(run, zone.lock),
        ),
    )


def touched_here(run: Run) -> list[Range]:
    """The pages that the last step was about, those of the caches among them."""
    if run.steps and run.steps[-1].act in (INVALIDATES, SHRINKS, READS_DISK):
        step = run.steps[-1]
        pfn = step.args[2 if step.act is READS_DISK else 0]
        return [(pfn, pfn + 1)]
    return touched(run)


def pages(world: Dropping, lit: list[Range]) -> PageMap:
    """The zone; in a page of the cache the letter of its state or else its file's, in one of slab how many
    objects it has.
    """
    drawn, cache = memory(world.zone, lit), world.cache
    tokens = [""] * drawn.pages
    for pfn, (inode, _) in cache.pages.items():
        tokens[pfn - drawn.start] = inode.name
    for state, letter in reversed(STATES.items()):
        for pfn in getattr(cache, state):
            tokens[pfn - drawn.start] = letter
    for pfn, objects in cache.slab.items():
        tokens[pfn - drawn.start] = str(len(objects))
    return replace(drawn, tokens=tuple(tokens))


def states(world: Dropping) -> Facts:
    cache = world.cache
    rows: dict[str, object] = {}
    for inode in cache.files.values():
        where = "" if inode.backing == "disk" else f" ({inode.backing})"
        rows[f"pages of {inode.name}{where}"] = len(inode.pages)
    rows |= {
        f"{state} ({letter})": spans(getattr(cache, state)) or "none" for state, letter in STATES.items()
    }
    held = (pfn for pfn, objects in cache.slab.items() if any(some.users for some in objects))
    rows["slab to shrink"] = spans(cache.slab) or "none"
    rows["an object in use in"] = spans(held) or "none"
    return Facts("caches", rows)
