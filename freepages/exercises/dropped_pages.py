"""Notebook 24: what a drop frees, and what of it is seen; and read off meminfo what it will free."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from freepages.engine import Run, straight, to_the_end
from freepages.engine.step_size import coarse
from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.exercises.prediction import Forecast
from freepages.real.meminfo import Meminfo
from freepages.scenarios.balloon import DrawnNode
from freepages.scenarios.dropping_caches import drop_caches
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.zone.drop_caches import drop_cache
from freepages.zone.kernel import Context, Kernel
from freepages.zone.node import Node
from freepages.zone.page_cache import PageCache


def _seen() -> dict[str, int]:
    start, world = Run(drop_caches(1)).world, to_the_end(Run(drop_caches(1))).world
    freed = len(start.cache.pages) - len(world.cache.pages)
    return {"freed": freed, "in the bitmap": world.bitmap.count() - start.zone.nr_free_pages}


prediction = Forecast(
    _seen,
    why={
        "freed": "Clean pages of files and of the disk go, if nobody has mapped or locked them.",
        "in the bitmap": "Twice the list had twelve pages, and two went on. The others wait with the CPU.",
    },
    wrong={
        "freed": {
            26: "Some of these pages have no copy on a disk, or somebody is busy with them.",
            19: "A page of tmpfs has no disk that could have its content.",
            18: "A page stays that a process has mapped, or that the disk does not have as it is now.",
            17: "A dirty page must be written to the disk first.",
            16: "Somebody is still busy with one of these.",
            13: "Is a block of the raw disk no page cache?",
        },
        "in the bitmap": {
            15: "Most of the freed pages are still on the CPU's own list.",
            0: "The CPU's list was full with twelve pages. How often was that?",
            2: "The list was full more than once.",
            3: "When the list is full, two pages go on.",
            24: "This counts what was free before. How many are more than that?",
        },
    },
)
"""How many pages `echo 1 > drop_caches` frees in the notebook's guest, and how many more its bitmap shows."""


CASES = 60
PAGES = 256
WHY = {
    "cached": "it is the page cache of files and tmpfs",
    "buffers": "blocks of the disk are page cache too",
    "shmem": "pages of tmpfs are in cached, and have no disk to go to",
    "dirty": "a dirty page must be written before it can go",
    "writeback": "a page that is being written stays",
    "mapped": "a page that a process has mapped stays",
    "reclaimable": "this is slab, and 1 does not touch it",
}
"""What is asked of meminfo, and what one must know of it."""


def guests() -> Iterable[tuple[Node, PageCache]]:
    """Guests with files on disk and in a tmpfs, blocks of the disk, and slab; every other page in some
    state."""
    chance = random.Random(2016)
    for case in range(CASES):
        letters = chance.choices("k·sABTD", weights=[3, 3, 1, 4, 2, case % 4, case % 3], k=PAGES)
        node = DrawnNode(zone_drawn("".join(letters)))
        states: dict[str, set[int]] = {"": set(), "dirty": set(), "writeback": set(), "mapped": set()}
        for pfn, letter in enumerate(letters):
            if letter in "ABD":
                chance.choices(list(states.values()), weights=[5, 2, 1, 3])[0].add(pfn)
        del states[""]
        cache = PageCache.of(node, **states, backing={"T": "tmpfs", "D": "device"})
        cache.slab = {pfn: [] for pfn, letter in enumerate(letters) if letter == "s"}
        yield node, cache


def dropped(node: Node, cache: PageCache) -> int:
    """How many pages `echo 1 > drop_caches` frees of a guest."""
    before = len(cache.pages)
    straight(drop_cache(Context(Kernel(node, GuestMemory({}), cache=cache, grain=coarse), "guest"), 1))
    return before - len(cache.pages)


def _judge(droppable: Callable[[Meminfo], object]) -> str:
    for case, (node, cache) in enumerate(guests()):
        meminfo = cache.meminfo(node)
        said, found = droppable(meminfo), dropped(node, cache)
        if said is None:
            raise Wrong("the function returns nothing. Is there a `return`?")
        if not isinstance(said, int):
            raise Wrong(f"guest {case}: {said!r:.60} is not a number of pages.")
        if said != found:
            off = abs(said - found)
            told = [name for name in WHY if getattr(meminfo, name) == off]
            also = f", as many as {told[0]} counts: {WHY[told[0]]}" if len(told) == 1 else ""
            way = "many" if said > found else "few"
            counts = ", ".join(f"{name} {getattr(meminfo, name)}" for name in WHY)
            raise Wrong(f"guest {case} ({counts}): {found} pages go, and {said} is {off} too {way}{also}.")
    return f"{CASES} guests free just what you read off their meminfo."


droppable = Exercise(
    f"""Write droppable(meminfo): how many pages `echo 1 > drop_caches` will free.
- meminfo has, in pages: {", ".join(f".{name}" for name in WHY)}.
- These are the lines Cached, Buffers, Shmem, Dirty, Writeback, Mapped and SReclaimable of /proc/meminfo.
- No page is in two states, and no page of tmpfs is mapped.""",
    _judge,
    (
        "start with all that is page cache: two lines of meminfo count it. Which pages of it stay?",
        "pages of tmpfs are in Cached too, and stay. So does what is dirty, written or mapped. Slab is "
        "the business of 2.",
        "buffers + cached - shmem - dirty - writeback - mapped",
    ),
    function,
)
