"""Dropping the caches: what goes and what stays, by way of the CPU's own list; and the same from counts."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from freepages.engine import Process, straight
from freepages.engine.errors import FreepagesError
from freepages.engine.step_size import coarse
from freepages.real.data_path import data_path
from freepages.real.meminfo import Meminfo, read_meminfo
from freepages.real.procfs import read_zoneinfo
from freepages.scenarios.balloon import DrawnNode
from freepages.scenarios.zones import zone_drawn
from freepages.zone.drop_caches import (
    DROPS_CACHE,
    FEW,
    INVALIDATES,
    SHRINKS,
    drain_all_pages,
    drop_cache,
    pages_freed,
    pinned,
    sync,
)
from freepages.zone.kernel import Context
from freepages.zone.page_cache import Dentry, Inode, PageCache
from freepages.zone.percpu import pcp_count, pcp_high
from tests.zone.small_caches import context, free, guests, names, zone_of

DRAWN = "kkkkkkkk" + "c" * 16 + "·" * 16 + "kkkkssss"
CACHE = set(range(8, 24))
RECORDED = sorted(path.name for path in data_path("drop_caches").iterdir() if path.is_dir())


def guest(batch: int = 0, **states: Any) -> Context:
    node = DrawnNode(zone_drawn(DRAWN), batch=batch)
    return context(node, PageCache.of(node, **states))


def cache_of(ctx: Context) -> PageCache:
    assert ctx.kernel.cache is not None
    return ctx.kernel.cache


def sentences(ctx: Context, steps) -> list[str]:
    """What a process says of the pages that it tries and the slab that it shrinks."""
    process, said = Process("g", "guest", steps), []
    while not process.done:
        if process.act in (INVALIDATES, SHRINKS):
            said.append(process.next())
        process.go()
    return said


# -- bit 0, the page cache


def test_clean_unmapped_pages_are_freed_and_no_others() -> None:
    ctx = guest(dirty=(10, 11), mapped=(12,), locked=(13,), writeback=(14,))
    straight(drop_cache(ctx, 1))
    assert free(ctx) & CACHE == CACHE - {10, 11, 12, 13, 14}
    assert set(cache_of(ctx).pages) == {10, 11, 12, 13, 14}
    zone_of(ctx).validate()


def test_every_page_is_tried_and_the_step_says_what_keeps_it() -> None:
    ctx = guest(dirty=(10,), mapped=(12,))
    said = sentences(ctx, drop_cache(ctx, 1))
    assert len(said) == len(CACHE)
    assert said[1:5] == [
        "drops page 9 from the page cache",
        "finds that page 10 is dirty",
        "drops page 11 from the page cache",
        "finds that page 12 is mapped",
    ]


def test_without_bit_0_no_page_of_a_file_in_use_is_dropped() -> None:
    for ctrl in (0, 2, 4):
        ctx = guest()
        straight(drop_cache(ctx, ctrl))
        assert not free(ctx) & CACHE


def test_a_page_that_changes_between_the_announcement_and_the_step_is_judged_by_the_step() -> None:
    ctx = guest()
    process = Process("g", "guest", drop_cache(ctx, 1))
    process.go()
    assert process.next() == "drops page 8 from the page cache"
    cache_of(ctx).dirty.add(8)
    assert process.next() == "finds that page 8 is dirty"
    process.go()
    assert 8 in cache_of(ctx).pages
    cache_of(ctx).remove(9)
    assert process.next() == "finds that page 9 has left the cache"
    process.go()
    assert zone_of(ctx).used[9] == (0, "c")  # whoever took it out frees it


def test_pages_leave_the_cache_a_pagevec_at_a_time_and_are_freed_one_by_one() -> None:
    ctx = guest(batch=3)
    process = Process("g", "guest", drop_cache(ctx, 1))
    for _ in range(1 + 14):
        process.go()
    assert len(cache_of(ctx).pages) == 2
    assert pcp_count(zone_of(ctx), ctx.cpu) == 0
    process.go()
    assert pcp_count(zone_of(ctx), ctx.cpu) == 1


def test_dropped_pages_wait_on_the_cpus_own_list_until_it_is_drained() -> None:
    ctx = guest(batch=1)
    straight(drop_cache(ctx, 1))
    waiting = {pfn for pages in zone_of(ctx).pageset[ctx.cpu] for pfn in pages}
    assert waiting and waiting < CACHE and not waiting & free(ctx)
    straight(drain_all_pages(ctx))
    assert free(ctx) & CACHE == CACHE
    zone_of(ctx).validate()


def test_what_is_written_back_can_be_dropped() -> None:
    ctx = guest(dirty=(10, 11), mapped=(12,), writeback=(13,))
    straight(sync(ctx))
    straight(drop_cache(ctx, 3))
    assert free(ctx) & CACHE == CACHE - {12}


def test_tmpfs_has_nowhere_to_be_written_back_to() -> None:
    node = DrawnNode(zone_drawn("kkTTAAkk"))
    cache = PageCache.of(node, dirty=(2,), backing={"T": "tmpfs"})
    ctx = context(node, cache)
    assert Process("w", "writer", sync(ctx)).done
    cache.dirty.add(4)
    straight(sync(ctx))
    straight(drop_cache(ctx, 3))
    assert free(ctx) == {4, 5} and cache.dirty == {2}


def test_while_it_is_written_back_it_cannot() -> None:
    ctx = guest(dirty=(10, 11))
    writing = Process("w", "writer", sync(ctx))
    writing.go()
    assert writing.next() == "waits for 2 pages to be written"
    straight(drop_cache(ctx, 1))
    assert set(cache_of(ctx).pages) == {10, 11}
    writing.go()
    straight(drop_cache(ctx, 1))
    assert not cache_of(ctx).pages


def test_dropping_may_sleep_and_dropping_nothing_does_not() -> None:
    node = DrawnNode(zone_drawn(DRAWN))
    ctx = context(node, PageCache.of(node, (10,)), interrupt=True)
    straight(drop_cache(ctx, 0))
    assert not ctx.kernel.dmesg
    straight(drop_cache(ctx, 1))
    straight(sync(ctx))
    assert [line.split("(")[0] for line in ctx.kernel.dmesg] == ["drop_cache", "sync"]


def test_a_guest_without_a_cache_drops_nothing() -> None:
    ctx = context(DrawnNode(zone_drawn(DRAWN)), None)
    before = free(ctx)
    straight(drop_cache(ctx, 3))
    straight(sync(ctx))
    assert free(ctx) == before


def test_in_one_step_it_costs_as_many_looks_as_there_are_pages() -> None:
    node = DrawnNode(zone_drawn(DRAWN))
    ctx = context(node, PageCache.of(node), coarse)
    process = Process("g", "guest", drop_cache(ctx, 1))
    assert process.act is DROPS_CACHE and process.args[DROPS_CACHE.amount or 0] == 16
    process.go()
    assert process.done and free(ctx) >= CACHE
    idle = Process("g", "guest", drop_cache(ctx, 2))
    assert idle.args[DROPS_CACHE.amount or 0] == 0


# -- bit 1, slab


def with_slab(unused: int, opened: int, **states: Any) -> Context:
    """44 has all the names, the opened ones last; 45 the inode of the file, 46 and 47 the others'."""
    ctx = guest(**states)
    inodes = [cache_of(ctx).files["c"], *(Inode() for _ in range(unused + opened - 1))]
    cache_of(ctx).fill_slab([44], [Dentry(i, users=at >= unused) for at, i in enumerate(inodes)], 40)
    cache_of(ctx).fill_slab([45], inodes[:1], 1)
    cache_of(ctx).fill_slab([46, 47], inodes[1:], 20)
    return ctx


def test_names_go_first_and_the_inodes_they_held_in_the_next_pass() -> None:
    ctx = with_slab(FEW + 1, 0)
    said = sentences(ctx, drop_cache(ctx, 3))
    assert [line for line in said if "slab" in line] == [
        "shrinks slab page 44: 11 of its 11 names go, and the page with them",
        "shrinks slab page 45: 1 of its 1 inodes go, and the page with them",
        "shrinks slab page 46: 10 of its 10 inodes go, and the page with them",
    ]
    assert free(ctx) >= {44, 45, 46} and list(cache_of(ctx).slab) == [47]


def test_a_pass_that_frees_few_is_the_last() -> None:
    ctx = with_slab(FEW, 0)
    straight(drop_cache(ctx, 3))
    assert set(cache_of(ctx).slab) == {45, 46, 47}


def test_one_object_in_use_keeps_its_page() -> None:
    ctx = with_slab(FEW + 1, 1)
    said = sentences(ctx, drop_cache(ctx, 2))
    assert "shrinks slab page 44: 11 of its 12 names go, and the page stays" in said
    assert 44 not in free(ctx) and 46 not in free(ctx) and 45 in free(ctx)
    assert len(names(cache_of(ctx))) == 1


def test_two_alone_drops_the_pages_of_files_whose_inode_nobody_holds() -> None:
    ctx = with_slab(FEW + 1, 0)
    straight(drop_cache(ctx, 2))
    assert free(ctx) >= CACHE
    ctx = with_slab(FEW + 1, 0, dirty=(8,))
    straight(drop_cache(ctx, 2))
    assert free(ctx) & CACHE == CACHE - {8} and 45 in cache_of(ctx).slab


def test_slab_that_no_shrinker_knows_stays() -> None:
    ctx = guest()
    straight(drop_cache(ctx, 3))
    assert not free(ctx) & {44, 45, 46, 47}


# -- the same from counts


def dropped(some: tuple[DrawnNode, PageCache], ctrl: int, synced: bool) -> tuple[int, int]:
    """Pages of the cache and of slab that a drop, stepped, takes from a guest."""
    node, cache = some
    ctx = context(node, cache)
    if synced:
        straight(sync(ctx))
    pages, slab = len(cache.pages), len(cache.slab)
    straight(drop_cache(ctx, ctrl))
    node.validate()
    return pages - len(cache.pages), slab - len(cache.slab)


def shrinks_on(cache: PageCache) -> bool:
    """Whether the first pass frees so much that there is a second, if there is anything to shrink in it."""
    unused = sum(not name.users for name in names(cache))
    return unused > FEW or not unused


@given(guests(in_use=True), st.integers(0, 3), st.booleans())
def test_the_estimate_is_what_a_stepped_drop_frees(some, ctrl: int, synced: bool) -> None:
    node, cache = some
    assume(shrinks_on(cache))
    told = pages_freed(cache.meminfo(node), ctrl, synced=synced, pinned=pinned(cache))
    assert told.pages == told.least <= told.most
    assert (told.cache, told.slab) == dropped(some, ctrl, synced)


@given(guests(overlaps=True), st.integers(0, 3), st.booleans())
def test_what_a_stepped_drop_frees_is_within_the_bounds(some, ctrl: int, synced: bool) -> None:
    node, cache = some
    told = pages_freed(cache.meminfo(node), ctrl, synced=synced)
    assert told.least <= told.pages <= told.most
    assert told.least <= sum(dropped(some, ctrl, synced)) <= told.most


@given(guests(overlaps=True), st.sampled_from((2, 3)))
def test_what_is_pinned_is_what_shrinking_leaves(some, ctrl: int) -> None:
    node, cache = some
    kept = pinned(cache)
    ctx = context(node, cache)
    straight(sync(ctx))  # else a dirty page keeps its inode, and the sync below would let it go
    kept_clean = pinned(cache)
    assert kept_clean <= kept
    assume(shrinks_on(cache))
    straight(drop_cache(ctx, ctrl))
    assert len(cache.slab) == kept_clean


@pytest.mark.parametrize(
    ("counts", "least", "most"),
    [
        ({"cached": 20, "buffers": 5}, 25, 25),
        ({"cached": 20, "shmem": 6, "mapped": 6}, 8, 14),  # perhaps it is tmpfs that is mapped
        ({"cached": 20, "shmem": 6, "unevictable": 6}, 8, 14),  # perhaps it is shared memory that is locked
        ({"cached": 20, "unevictable": 6}, 14, 14),
        ({"cached": 20, "mapped": 4, "unevictable": 4, "mlocked": 4}, 16, 16),
        ({"cached": 20, "dirty": 5, "writeback": 3, "mapped": 4}, 8, 15),  # perhaps the same pages
        ({"cached": 5, "mapped": 9, "shmem": 5}, 0, 0),
    ],
)
def test_the_bounds_are_what_the_counts_leave_open(counts: dict[str, Any], least: int, most: int) -> None:
    told = pages_freed(Meminfo(total=100, free=10, **counts), 1)
    assert (told.cache, told.least, told.most) == (least, least, most)


def test_after_a_sync_what_was_dirty_goes_too() -> None:
    some = Meminfo(total=100, free=10, cached=20, dirty=5, writeback=3, mapped=4)
    assert pages_freed(some, 1, synced=True).pages == 16


def test_impossible_questions_are_refused() -> None:
    some = Meminfo(total=100, free=10, reclaimable=5)
    with pytest.raises(FreepagesError, match="takes 0, 1, 2 or 3, not 4"):
        pages_freed(some, 4)
    with pytest.raises(FreepagesError, match="6 of 5 pages of reclaimable slab"):
        pages_freed(some, 2, pinned=6)


@given(st.integers(0, 4), st.integers(0, 40), st.integers(0, 20))
def test_a_list_holds_what_is_told_after_any_number_of_frees(batch: int, freed: int, held: int) -> None:
    node = DrawnNode(zone_drawn("a" * 64), batch=batch)
    (zone,) = node.populated_zones()
    zone.used = dict.fromkeys(range(64), (0, "a"))
    held = min(held, max(0, 6 * batch - 1)) if batch else 0
    for pfn in range(held + freed):
        straight(node.free_pages(pfn, 0))
    over = held + freed - pcp_high(batch)
    left = held if not batch else held + freed if over < 0 else pcp_high(batch) - batch + over % batch
    assert pcp_count(zone, "cpu 0") == left


# -- real guests


def recorded(name: str) -> tuple[Meminfo, Meminfo, int]:
    before, after = (
        read_meminfo(data_path("drop_caches", name, at, "meminfo")) for at in ("before", "after")
    )
    return before, after, int(name[-1])


@pytest.mark.parametrize("name", RECORDED)
def test_a_real_kernel_frees_what_is_estimated(name: str) -> None:
    before, after, ctrl = recorded(name)
    told = pages_freed(before, ctrl)
    pagecache = before.cached + before.buffers - after.cached - after.buffers
    slab = before.reclaimable - after.reclaimable
    assert abs(pagecache - told.cache) <= max(0.015 * told.cache, 512)
    assert told.least - 512 <= pagecache + slab <= told.most


def test_how_much_slab_goes_is_what_the_estimate_says_nobody_knows() -> None:
    shares = [
        1 - after.reclaimable / before.reclaimable
        for before, after, ctrl in map(recorded, RECORDED)
        if ctrl & 2
    ]
    assert (round(min(shares), 2), round(max(shares), 2)) == (0.11, 0.84)  # as pages_freed() has it


@pytest.mark.parametrize("name", ["read-2", "names-3"])
def test_on_a_real_kernel_what_was_freed_waits_on_the_cpus_list(name: str) -> None:
    def waiting(at: str) -> int:
        path: Path = data_path("drop_caches", name, at, "zoneinfo")
        return sum(cpu.count for zone in read_zoneinfo(path) for cpu in zone.per_cpu)

    before, after, _ = recorded(name)
    gone = (
        before.cached + before.buffers + before.reclaimable - after.cached - after.buffers - after.reclaimable
    )
    assert after.free == before.free
    assert 0.95 * gone <= waiting("after") - waiting("before") <= 1.05 * gone
