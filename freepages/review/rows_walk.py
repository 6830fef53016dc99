"""Rows about the walk over the free lists: B15, B16, B17, B20, B21, B22."""

from __future__ import annotations

from typing import Any

from freepages.balloon.april2016 import WALKS
from freepages.engine import TAKES_LOCK, Act, Process, Run, Scenario, Steps, straight
from freepages.engine.step_size import coarse, fine
from freepages.pages.orders import Migratetype
from freepages.pages.ranges import spans
from freepages.review.row import Row
from freepages.review.symptoms import answered, one_answer
from freepages.scenarios.balloon import LETTERS, DrawnNode, Machine, machine, scenario
from freepages.scenarios.bitmap_builder import LIVED_IN
from freepages.scenarios.zones import zone_drawn
from freepages.zone.drop_caches import DROP_PAGECACHE
from freepages.zone.free_page_bitmap import MARKS
from freepages.zone.kmalloc import KMALLOC
from freepages.zone.page_cache import PageCache
from freepages.zone.percpu import per_cpu_pages

STRETCH = 64  # pages of an answer, where the repaired driver is to answer in pieces
SCATTERED = LETTERS + "········aaaaaaaa" * 6
"""More pages than a stretch has, and more free than that."""

TAKES_PAGE = Act("allocates a page, under {0}", cost="none")
ALLOCATES = Act("allocates page {1}", cost="none")
FREES = Act("frees page {1}", cost="none")
PLUGS = Act("plugs memory in: pages [{1}, {2})", cost="none")

CACHED = "kkkkkkkk····aaaa····cccccccccccccccckkkkkkkk····aaaaaaaa····kkkk"
DIRTY, MAPPED = {22, 23}, {24}

TWO_ZONES = "k···aaaakkkkkkkk", "a·a·····aaaaaaaa················"
LEFT, JOINED = 2, 16
"""Pages of TWO_ZONES: one of the first zone that is free at first, one of the second that is free at last."""

V2 = "https://lore.kernel.org/r/1469582616-5729-1-git-send-email-liang.z.li@intel.com"
MEANING = "https://lore.kernel.org/r/20160728015205-mutt-send-email-mst@kernel.org"


def block_by_block(steps: Steps, *announcement: Any) -> Steps:
    """The grain of B15: only the walk is stepped through."""
    return (fine if announcement[0] is WALKS else coarse)(steps, *announcement)


def lock_held(repaired: bool = False) -> Scenario:
    """Another CPU wants a page while the bitmap is built."""

    def make() -> Machine:
        driver = {"chunk": STRETCH} if repaired else {}
        world = machine(DrawnNode(zone_drawn(SCATTERED)), repaired=repaired, driver=driver)
        world.kernel.grain = block_by_block
        return world

    def wants(world: Machine) -> list[Process]:
        (zone,) = world.node.populated_zones()
        takes = zone.rmqueue(0, Migratetype.MOVABLE, "cpu 1")
        return [Process("w", "somebody in the guest", coarse(takes, TAKES_PAGE, zone.lock))]

    return scenario("lock_held", "the zone lock is held for the walk", make, one_answer, wants)


def lived_in() -> Scenario:
    """A zone with two pages on a CPU's own list, and a hole."""
    return scenario(
        "lived_in", "per-CPU pages and a hole", lambda: machine(DrawnNode(zone_drawn(LIVED_IN))), one_answer
    )


def cache_dropped(repaired: bool = False) -> Scenario:
    """The host asks for the page cache to be dropped; single pages are freed to the CPU's own list first."""

    def make() -> Machine:
        node = DrawnNode(zone_drawn(CACHED), batch=1)
        return machine(node, repaired=repaired, cache=PageCache.of(node, DIRTY, MAPPED))

    return scenario(
        "cache_dropped", "drop the cache, then walk", make, lambda device: device.migrate(ctrl=DROP_PAGECACHE)
    )


def two_zones() -> Scenario:
    """Between the walks of two zones, a page of the first is taken, and then one of the second freed."""

    def somebody(world: Machine) -> Steps:
        low, high = world.node.populated_zones()
        yield ALLOCATES, low.lock, LEFT
        world.notes["taken"] = straight(low.rmqueue(0, Migratetype.MOVABLE, "cpu 1"))
        yield FREES, high.lock, JOINED
        straight(high.free(JOINED, 0, "cpu 1"))
        world.notes["freed"] = JOINED

    low, high = TWO_ZONES
    return scenario(
        "two_zones",
        "two zones, one lock at a time",
        lambda: machine(DrawnNode(zone_drawn(low, "DMA"), zone_drawn(high, "Normal", len(low)))),
        one_answer,
        lambda world: [Process("w", "somebody in the guest", somebody(world))],
    )


def plugged_in() -> Scenario:
    """Memory is plugged in between the reading of max_pfn and the walk."""

    def plug(world: Machine) -> Steps:
        (zone,) = world.node.populated_zones()
        start, end = world.node.max_pfn, zone.end_pfn
        yield PLUGS, zone.lock, start, end
        zone.add_memory(start, end)
        world.node.max_pfn = end
        world.notes["plugged"] = start, end

    return scenario(
        "plugged_in",
        "memory hotplug",
        lambda: machine(DrawnNode(zone_drawn(LETTERS + "/" * 32))),
        one_answer,
        lambda world: [Process("w", "hotplug", plug(world))],
    )


def waits_for_the_walk(run: Run) -> str | None:
    world: Machine = run.world
    (zone,) = world.node.populated_zones()
    waiting = run.waiters(zone.lock)
    if not waiting:
        return None
    marked = 0
    for step in reversed(run.steps):
        if step.act is TAKES_LOCK:
            break
        if step.act is MARKS:
            marked += step.args[3]
    if marked <= STRETCH:
        return None
    return f"{waiting[0]} waits for the zone's lock while {marked} pages are marked, with interrupts off"


def missed_on_lists(run: Run) -> str | None:
    world: Machine = run.world
    missed = per_cpu_pages(world.node.populated_zones()) - world.skipped()
    if not answered(run) or not missed:
        return None
    return (
        f"pages {spans(missed)} are free on a CPU's own list, are not reported, and will be sent: nothing is "
        "lost"
    )


def holes_unmarked(run: Run) -> str | None:
    world: Machine = run.world
    (zone,) = world.node.populated_zones()
    holes = set(range(zone.start_pfn, zone.end_pfn)).difference(*(range(a, b) for a, b in zone.memory))
    if not answered(run) or not holes or holes & world.skipped():
        return None
    return (
        f"pages {spans(holes)} do not exist, are on no list, and their bits are 0: {len(holes)} bits are "
        "wasted"
    )


def cache_left(run: Run) -> str | None:
    world: Machine = run.world
    cache = world.kernel.cache
    waiting = per_cpu_pages(world.node.populated_zones()) - world.skipped()
    if not answered(run) or cache is None or not (waiting or cache.dirty):
        return None
    cached = CACHED.count("c")
    return (
        f"of {cached} pages of cache {cached - len(cache.pages) - len(waiting)} are reported: {len(waiting)} "
        f"wait on a CPU's own list, {len(cache.dirty)} are dirty, {len(cache.mapped)} mapped"
    )


def never_both_free(run: Run) -> str | None:
    world: Machine = run.world
    if not answered(run) or not {LEFT, JOINED} <= world.skipped():
        return None
    return (
        f"pages {LEFT} and {JOINED} are both reported, and never were both free; each was free at some time "
        "since the request, which is all that a report can mean"
    )


def plugged_memory_passed(run: Run) -> str | None:
    world: Machine = run.world
    if not answered(run) or "plugged" not in world.notes:
        return None
    order = [step.act for step in run.steps if step.act in (KMALLOC, PLUGS, WALKS)]
    if order != [KMALLOC, PLUGS, WALKS]:
        return None
    start, end = world.notes["plugged"]
    size = len(world.device.applied[0][1].bitmap)
    return f"the walk passes [{start}, {end}), free by now, and stays within its {size} bytes of bitmap"


ROWS = (
    Row(
        "B15",
        "the lock is held for the whole walk",
        "page_alloc.c: mark_free_pages_bitmap",
        "conditional",
        "The driver sets one bit at a time for every free page of a zone, with its lock held and "
        "interrupts off. All other CPUs that want a page wait. Li measured 20 ms for 8 GB; the time grows "
        "with the free memory.",
        f"v2 marks blocks, in chunks: {V2}; Tsirkin on the lock, in this thread",
        lock_held,
        lambda: lock_held(True),
        waits_for_the_walk,
        "h h h i i i i i i i i i i i i i i i i i",
        ("free_pages_handle_rq", "build"),
        "how long it takes needs the clock of the host's room",
    ),
    Row(
        "B16",
        "pages on per-CPU lists are missed",
        "page_alloc.c: mark_free_pages_bitmap",
        "harmless",
        "The walk sees free_area only. A page on a CPU's own list is free and is not reported. It is "
        "sent, and that is always safe.",
        "https://git.kernel.org/torvalds/c/86a559787e6f allocates what it reports, and misses them too",
        lived_in,
        None,
        missed_on_lists,
        "h h h i i i i i i i i h h",
    ),
    Row(
        "B17",
        "holes have bits",
        "page_alloc.c: get_free_pages",
        "harmless",
        "Where there is no memory, no page is on a list. The bits stay 0, and only their room is wasted.",
        f"v2 covers memory in chunks: {V2}",
        lived_in,
        None,
        holes_unmarked,
        "h h h i i i i i i i i h h",
    ),
    Row(
        "B20",
        "dropped pages are not all reported",
        "page_alloc.c: get_free_pages",
        "conditional",
        "Pages of the cache are freed one by one to the CPU's own list, which the walk does not see. "
        "Dirty and mapped pages are not dropped at all, and the answer waits for all of it.",
        f"v2 abandons dropping the cache: {V2}",
        cache_dropped,
        lambda: cache_dropped(True),
        cache_left,
        "h h h i i i i i i i i h h",
        ("drop",),
    ),
    Row(
        "B21",
        "the bitmap is no snapshot",
        "page_alloc.c: get_free_pages",
        "harmless",
        "Each zone is walked under its own lock, so the bits of two zones are of different moments. Each "
        "page listed was free at some time since the request.",
        f"Tsirkin's definition, July 2016: {MEANING}",
        two_zones,
        None,
        never_both_free,
        "h h h i i i i i w w i i i i h h",
    ),
    Row(
        "B22",
        "memory is plugged in meanwhile",
        "page_alloc.c: mark_free_pages_bitmap",
        "harmless",
        "max_pfn is read before the bitmap is allocated, and the walk stops at the smaller of the two. So "
        "nothing is written behind the bitmap.",
        "A reading of the patch",
        plugged_in,
        None,
        plugged_memory_passed,
        "h h h i i i i w i i i i h h",
    ),
)
