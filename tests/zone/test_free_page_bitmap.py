"""The walk over the free lists, its chunked form and its vectorised twin, on zones with a history."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from freepages.engine import Process, Run, Scenario, straight
from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import ORDERS
from freepages.zone.free_page_bitmap import (
    HEADS_AT_A_TIME,
    MARKS,
    PASSES,
    chunks,
    get_free_pages,
    heads_by_order,
    mark_free_blocks,
    mark_free_pages_bitmap,
)
from freepages.zone.node import Node
from freepages.zone.percpu import free_pcp
from freepages.zone.zone import Zone
from tests.zone.histories import nodes, zones


def free_set(zone: Zone) -> set[int]:
    return {page for pfn, order, _ in zone.free_blocks() for page in range(pfn, pfn + (1 << order))}


def pages_of(bitmap: PageBitmap, start: int = 0) -> set[int]:
    starts, ends = bitmap.runs()
    return {start + page for lo, hi in zip(starts, ends, strict=True) for page in range(lo, hi)}


@given(zones(), st.integers(0, 9000), st.integers(0, 9000))
def test_exactly_the_free_pages_below_the_limit_are_marked(zone: Zone, length: int, max_pfn: int) -> None:
    limit = min(length, max_pfn)
    bitmap = PageBitmap(limit)
    straight(mark_free_pages_bitmap(zone, bitmap, length, max_pfn))
    assert pages_of(bitmap) == {page for page in free_set(zone) if page < limit}
    assert zone.lock.holder is None


@given(zones())
def test_as_many_pages_are_marked_as_the_free_lists_sum_to(zone: Zone) -> None:
    bitmap = PageBitmap(zone.end_pfn)
    straight(mark_free_pages_bitmap(zone, bitmap, zone.end_pfn, zone.end_pfn))
    assert bitmap.count() == sum(blocks << order for order, blocks in enumerate(zone.nr_free()))
    assert bitmap.count() == zone.nr_free_pages


@given(zones(), st.integers(0, 9000))
def test_the_vectorised_twin_marks_what_the_walk_marks(zone: Zone, limit: int) -> None:
    walked, twin = PageBitmap(limit), PageBitmap(limit)
    straight(mark_free_pages_bitmap(zone, walked, limit, limit))
    marked = mark_free_blocks(heads_by_order(zone), twin)
    assert twin == walked
    assert marked == walked.count()


@given(zones(), st.integers(0, 8), st.integers(0, 9000))
def test_from_any_start_both_mark_the_same(zone: Zone, block: int, length: int) -> None:
    start = block * 1024
    walked, twin = PageBitmap(length), PageBitmap(length)
    straight(mark_free_pages_bitmap(zone, walked, length, start + length, start=start))
    mark_free_blocks(heads_by_order(zone), twin, start=start)
    assert twin == walked
    assert pages_of(walked, start) == {page for page in free_set(zone) if start <= page < start + length}


@given(zones(), st.sampled_from(("u4", "i8", "u8")), st.integers(0, 99))
def test_the_order_and_the_type_of_the_lists_do_not_matter(zone: Zone, dtype: str, seed: int) -> None:
    lists = heads_by_order(zone)
    chance = np.random.default_rng(seed)
    shuffled = [chance.permutation(heads.astype(dtype)) for heads in lists]
    one, other = PageBitmap(zone.end_pfn), PageBitmap(zone.end_pfn)
    mark_free_blocks(lists, one)
    mark_free_blocks(shuffled, other)
    assert one == other


@given(nodes(), st.integers(300, 5000))
def test_chunks_unite_to_the_whole(node: Node, chunk: int) -> None:
    whole = PageBitmap(node.max_pfn)
    straight(get_free_pages(node, whole, node.max_pfn))
    assert pages_of(whole) == set().union(*map(free_set, node.populated_zones()))

    parts: set[int] = set()
    for start, length in chunks(node.max_pfn, chunk):
        bitmap = PageBitmap(length)
        for zone in node.populated_zones():
            straight(mark_free_pages_bitmap(zone, bitmap, length, node.max_pfn, start=start))
        parts |= pages_of(bitmap, start)
    assert parts == pages_of(whole)


@given(nodes())
def test_zones_are_added_to_one_bitmap(node: Node) -> None:
    walked, twin, marked = PageBitmap(node.max_pfn), PageBitmap(node.max_pfn), 0
    straight(get_free_pages(node, walked, node.max_pfn))
    for zone in node.populated_zones():
        marked = mark_free_blocks(heads_by_order(zone), twin, marked=marked)
    assert twin == walked
    assert marked == walked.count()


def test_one_step_a_block_and_the_lock_is_held_from_the_first_to_the_last() -> None:
    zone = Zone("Normal", 0, 64)
    zone.add_memory(0, 48)
    bitmap = PageBitmap(40)
    walk = mark_free_pages_bitmap(zone, bitmap, 40, 64, cpu="guest")
    run = Run(Scenario("walk", "", lambda: (zone, [Process("g", "guest", walk)]), lambda run: None), "g")
    seen = []
    while len(run.steps) < 3:
        assert zone.lock.holder == "guest"
        step = run.move("g")
        seen.append((step.act, step.args[:3], bitmap.count()))
    assert seen == [(MARKS, (32, 40, 4), 8), (MARKS, (0, 32, 5), 40)]
    assert [str(run.move("g").text), zone.lock.holder] == ["drops zone Normal's lock", None]
    assert run.moves() == []


def test_a_block_past_the_limit_is_passed_and_one_that_it_cuts_is_marked_in_part() -> None:
    zone = Zone("Normal", 0, 64)
    zone.add_memory(0, 32)
    zone.add_memory(48, 64)
    bitmap = PageBitmap(20)
    acts = [announced[0] for announced in mark_free_pages_bitmap(zone, bitmap, 20, 64)][1:-1]
    assert acts == [PASSES, MARKS]
    assert pages_of(bitmap) == set(range(20))


def test_pages_on_per_cpu_lists_in_use_and_in_holes_are_not_marked() -> None:
    zone = Zone("Normal", 0, 64)
    zone.add_memory(0, 16)
    zone.add_memory(32, 64)
    used, own = straight(zone.rmqueue(2)), straight(zone.rmqueue(0))
    straight(free_pcp(zone, 4, own))
    bitmap = PageBitmap(64)
    straight(mark_free_pages_bitmap(zone, bitmap, 64, 64))
    missing = set(range(64)) - pages_of(bitmap)
    assert missing == set(range(16, 32)) | set(range(used, used + 4)) | {own}


def test_an_empty_zone_is_not_even_locked() -> None:
    assert list(mark_free_pages_bitmap(Zone("Movable", 0, 0), PageBitmap(0), 0, 0)) == []


def test_a_bitmap_shorter_than_the_limit_is_refused() -> None:
    zone = Zone("Normal", 0, 128)
    with pytest.raises(FreepagesError, match=r"\[0, 128\) do not fit a bitmap of 64 pages"):
        straight(mark_free_pages_bitmap(zone, PageBitmap(64), 128, 128))
    with pytest.raises(FreepagesError, match=r"\[0, 128\) do not fit a bitmap of 64 pages"):
        mark_free_blocks([], PageBitmap(64), 128)
    with pytest.raises(FreepagesError, match=r"\[512, 576\)"):
        mark_free_blocks([], PageBitmap(64), start=512)
    with pytest.raises(FreepagesError, match="chunk of 0"):
        list(chunks(5000, 0))


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        ([[3], [5]], "block 5 of order 1 does not begin at a multiple of 2"),
        ([[]] * 12, "12 lists"),
        ([[1.5]], "given as float64"),
    ],
)
def test_lists_that_are_none_are_refused(lists: Sequence[ArrayLike], fault: str) -> None:
    with pytest.raises(FreepagesError, match=fault):
        mark_free_blocks(lists, PageBitmap(2048))


@given(st.data())
def test_a_page_listed_twice_never_goes_unnoticed(data: st.DataObject) -> None:
    blocks = data.draw(
        st.lists(
            st.sampled_from(ORDERS[:6]).flatmap(
                lambda order: st.tuples(st.just(order), st.integers(0, (64 >> order) - 1))
            ),
            max_size=12,
        )
    )
    lists = [[number << order for o, number in blocks if o == order] for order in ORDERS]
    pages = [
        page for order, heads in enumerate(lists) for pfn in heads for page in range(pfn, pfn + (1 << order))
    ]
    bitmap = PageBitmap(data.draw(st.integers(1, 64)))
    listed = [page for page in pages if page < bitmap.pages]
    if len(set(listed)) == len(listed):
        assert mark_free_blocks(lists, bitmap) == len(listed)
        assert pages_of(bitmap) == set(listed)
    else:
        with pytest.raises(FreepagesError, match="listed twice"):
            mark_free_blocks(lists, bitmap)


def test_lists_longer_than_one_part() -> None:
    """Every second page of many parts, in random order, with some of them past the limit."""
    heads = np.random.default_rng(5).permutation(np.arange(0, 5 * HEADS_AT_A_TIME, 2))
    limit = 4 * HEADS_AT_A_TIME + 3
    bitmap = PageBitmap(limit)
    assert mark_free_blocks([heads], bitmap) == (limit + 1) // 2
    assert bitmap.tobytes()[:-8] == b"\x55" * (bitmap.bytes.nbytes - 8)
