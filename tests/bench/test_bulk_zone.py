"""The bulk zone, held to the list zone with the same free pages and to plain sets of pfns."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.bench.bulk_zone import BulkZone
from freepages.engine import straight
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap
from freepages.pages.orders import ORDERS
from freepages.zone.free_page_bitmap import heads_by_order, mark_free_blocks, mark_free_pages_bitmap
from freepages.zone.span import ZoneError
from freepages.zone.zone import Zone
from tests.zone.histories import live, zones


def bulk_of(zone: Zone) -> BulkZone:
    """The bulk zone with the same memory, and free what the list zone's free-page bitmap says."""
    bulk = BulkZone(zone.name, zone.start_pfn, zone.spanned)
    for start, end in zone.memory:
        bulk.add_memory(start, end)
    bitmap = PageBitmap(zone.end_pfn)
    straight(mark_free_pages_bitmap(zone, bitmap, zone.end_pfn, zone.end_pfn))
    used = bulk.free.copy()
    used -= bitmap
    bulk.take(used)
    return bulk


def list_of(bulk: BulkZone) -> Zone:
    """A list zone with the same memory and the same free pages."""
    zone = Zone(bulk.name, bulk.start_pfn, bulk.spanned)
    for start, end in zip(*bulk.free.runs(), strict=True):
        zone.add_memory(int(start), int(end))
    return zone


def lists(zone: Zone) -> list[list[int]]:
    return [sorted(heads.tolist()) for heads in heads_by_order(zone)]


def pfns(bulk: BulkZone) -> set[int]:
    return {pfn for start, end in zip(*bulk.free.runs(), strict=True) for pfn in range(start, end)}


@given(zones())
def test_the_same_free_pages_make_the_same_blocks_as_in_the_list_zone(zone: Zone) -> None:
    bulk = bulk_of(zone)
    bulk.validate()
    assert [heads.tolist() for heads in bulk.heads_by_order()] == lists(zone)
    assert bulk.nr_free() == zone.nr_free()
    assert (bulk.nr_free_pages, bulk.managed) == (zone.nr_free_pages, zone.managed)


@settings(max_examples=20)
@given(st.integers(0, 3000), st.integers(900, 4200), st.integers(0, 999))
def test_after_every_operation_the_lists_are_those_of_the_bitmap(start: int, spanned: int, seed: int) -> None:
    zone = Zone("Normal", start, spanned)
    zone.add_memory(start, zone.end_pfn)
    chance = Random(seed)
    for _ in range(50):
        live(zone, chance, 1)
        bulk = bulk_of(zone)
        assert [heads.tolist() for heads in bulk.heads_by_order()] == lists(zone)
        assert bulk.nr_free() == zone.nr_free()


@given(zones(), st.sampled_from(ORDERS), st.data())
def test_allocating_in_bulk_leaves_the_blocks_that_allocating_one_by_one_leaves(
    history: Zone, order: int, data: st.DataObject
) -> None:
    bulk = bulk_of(history)
    zone, before = list_of(bulk), pfns(bulk)
    available = sum(count << o for o, count in enumerate(bulk.nr_free()) if o >= order) >> order
    blocks = data.draw(st.integers(0, min(available, 300)))
    for _ in range(blocks):
        assert straight(zone.rmqueue(order)) is not None
    starts, ends = bulk.allocate(blocks, order)
    bulk.validate()
    assert bulk.nr_free() == zone.nr_free()
    taken = {pfn for start, end in zip(starts, ends, strict=True) for pfn in range(start, end)}
    assert len(taken) == blocks << order
    assert before - pfns(bulk) == taken
    assert before >= taken
    assert not ((starts | ends) & ((1 << order) - 1)).any()
    assert (starts[1:] > ends[:-1]).all()
    bulk.give((starts, ends))
    assert pfns(bulk) == before


@given(zones(), st.sampled_from(ORDERS), st.integers(1, 9))
def test_more_than_there_is_cannot_be_allocated(history: Zone, order: int, more: int) -> None:
    bulk = bulk_of(history)
    before = bulk.free.copy()
    available = sum(count << o for o, count in enumerate(bulk.nr_free()) if o >= order) >> order
    for blocks in available + more, -more:
        with pytest.raises(ZoneError, match=f"{blocks} blocks of order {order} .* {available} can be had"):
            bulk.allocate(blocks, order)
    assert bulk.free == before


@given(zones(), st.data())
def test_taking_and_giving_pages_is_set_difference_and_union(history: Zone, data: st.DataObject) -> None:
    bulk = bulk_of(history)
    free = pfns(bulk)
    used = {pfn for start, end in bulk.memory for pfn in range(start, end)} - free
    for pages, act, rest in (free, bulk.take, free), (used, bulk.give, set()):
        if pages:
            some = data.draw(st.lists(st.sampled_from(sorted(pages)), unique=True, max_size=40))
            act(np.array(some, data.draw(st.sampled_from(("u4", "i8")))))
            free = rest - set(some) if act == bulk.take else free | set(some)
            assert pfns(bulk) == free
    bulk.validate()


@given(zones(), st.sampled_from(ORDERS), st.data())
def test_blocks_runs_and_bitmaps_are_the_same_pages(history: Zone, order: int, data: st.DataObject) -> None:
    bulk = bulk_of(history)
    before = bulk.free.copy()
    heads = bulk.heads(order)
    pages = PageBitmap(bulk.end_pfn)
    mark_free_blocks([*[()] * order, heads], pages)
    bulk.take(heads, order)
    after = bulk.free.copy()
    assert bulk.nr_free_pages == before.count() - (len(heads) << order)
    for form in (heads, order), (pages.runs(), 0), (pages, 0):
        bulk.give(*form)
        assert bulk.free == before
        bulk.take(*form)
        assert bulk.free == after


@given(zones(), st.data())
def test_a_wrong_page_is_named_and_nothing_changes(history: Zone, data: st.DataObject) -> None:
    bulk = bulk_of(history)
    before = bulk.free.copy()
    free = pfns(bulk)
    exist = {pfn for start, end in bulk.memory for pfn in range(start, end)}
    cases = [
        (bulk.give, free, "free already"),
        (bulk.take, exist - free, "not free"),
        (bulk.give, set(range(bulk.start_pfn, bulk.end_pfn)) - exist, "does not exist"),
        (bulk.give, {bulk.end_pfn, bulk.end_pfn + 5000}, "is not in"),
        (bulk.take, {bulk.start_pfn - 1}, "is not in"),
    ]
    for act, wrong, fault in cases:
        if wrong:
            pfn = data.draw(st.sampled_from(sorted(wrong)))
            right = sorted(exist - free if act == bulk.give else free)[:3]
            with pytest.raises(ZoneError, match=rf"zone Normal: .* {pfn}\b.*{fault}"):
                act(np.array([*right, pfn]))
            assert bulk.free == before


def a_zone(start: int = 0, pages: int = 4096) -> BulkZone:
    zone = BulkZone("Normal", start, pages)
    zone.add_memory(start, start + pages)
    return zone


def test_bad_blocks_runs_and_bitmaps_are_refused() -> None:
    zone = a_zone()
    for pages, order, fault in (
        ([8, 16, 8], 3, "pfn 8 is there twice"),
        ([8, 12], 3, "block 12 of order 3 does not begin at a multiple of 8"),
        ([8], 11, "order 11"),
        ([1.5], 0, "float64"),
        (([4], [4]), 0, "is empty"),
        (([0], [5000]), 0, r"\[0, 5000\)"),
        (PageBitmap(64), 0, "a bitmap of 64 pages, the zone ends at 4096"),
    ):
        for act in zone.take, zone.give:
            with pytest.raises(ZoneError, match=f"zone Normal: .*{fault}"):
                act(pages, order)
    assert zone.nr_free_pages == 4096


def test_memory_outside_the_zone_or_given_twice_is_refused() -> None:
    zone = BulkZone("Normal", 100, 100)
    zone.add_memory(120, 150)
    for start, end, fault in (99, 120, "is not in"), (150, 201, "is not in"), (149, 160, "overlaps"):
        with pytest.raises(ZoneError, match=rf"zone Normal: \[{start}, {end}\) {fault}"):
            zone.add_memory(start, end)
    assert (zone.managed, zone.nr_free_pages) == (30, 30)
    with pytest.raises(ZoneError, match="zone Normal"):
        BulkZone("Normal", -1, 5)


def test_validate_names_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = BulkZone("Normal", 0, 4096)
    zone.add_memory(0, 2048)
    zone.validate()
    zone.free.set(3000)
    with pytest.raises(ZoneError, match="pfn 3000 is free, but does not exist"):
        zone.validate()
    zone.free.clear(3000)
    right = zone.heads_by_order()
    split = [*right[:9], np.array([0, 512]), right[10][1:]]
    monkeypatch.setattr(zone, "heads_by_order", lambda: split)
    with pytest.raises(ZoneError, match="blocks 0 of order 9 and its buddy are both free"):
        zone.validate()
    monkeypatch.setattr(zone, "heads_by_order", lambda: [*right[:10], right[10][:1]])
    with pytest.raises(ZoneError, match="are not those pages"):
        zone.validate()


@pytest.mark.parametrize("start", [0, 777, 5 * 1024 - 1])
def test_a_zone_larger_than_one_chunk(start: int) -> None:
    pages = 2 * CHUNK_WORDS * 64 + 4321
    zone = a_zone(start, pages)
    chance = np.random.default_rng(1)
    gone = start + chance.permutation(pages)[: pages // 50]
    zone.take(gone)
    zone.validate()
    assert zone.nr_free_pages == pages - len(gone)
    assert sum(count << order for order, count in enumerate(zone.nr_free())) == zone.nr_free_pages
    assert [len(heads) for heads in zone.heads_by_order()] == zone.nr_free()
    starts, ends = zone.allocate(zone.nr_free_pages - 5)
    assert int((ends - starts).sum()) == pages - len(gone) - 5
    zone.give((starts, ends))
    zone.give(gone)
    assert zone.nr_free_pages == pages


def test_an_empty_zone_has_no_blocks() -> None:
    zone = BulkZone("Movable", 0, 0)
    assert zone.nr_free() == [0] * 11
    assert [len(heads) for heads in zone.heads_by_order()] == [0] * 11
    assert [len(edges) for edges in zone.allocate(0)] == [0, 0]


def test_repr_says_how_much_is_free() -> None:
    zone = a_zone(1024, 1000)
    zone.allocate(10)
    assert repr(zone) == "BulkZone('Normal', [1024, 2024), 990 of 1000 free)"
