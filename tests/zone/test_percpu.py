"""Per-CPU lists: their sizes, their order, and what leaves them for the zone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import straight
from freepages.pages.orders import PCPTYPES, Migratetype
from freepages.zone.percpu import (
    drain_pcp,
    free_pcp,
    pages_of,
    pcp_count,
    pcp_high,
    rmqueue_pcp,
    zone_batchsize,
)
from freepages.zone.span import ZoneError
from freepages.zone.zone import Zone


def a_zone(pages=256):
    zone = Zone("Normal", 0, pages, pageblock_order=4)
    zone.add_memory(0, pages)
    return zone


@pytest.mark.parametrize(
    ("managed", "batch"), [(64, 0), (4096, 0), (16384, 3), (65536, 15), (131072, 31), (1 << 24, 31)]
)
def test_batch_and_high_as_the_kernel_sizes_them(managed, batch):
    assert zone_batchsize(managed) == batch
    assert pcp_high(31) == 186


def test_a_refill_takes_a_batch_and_hands_its_pages_out_ascending():
    zone = a_zone()
    assert [straight(rmqueue_pcp(zone, 7)) for _ in range(3)] == [0, 1, 2]
    assert pcp_count(zone, "cpu 0") == 4 and zone.nr_free_pages == 249
    zone.validate()


def test_a_page_freed_is_the_next_one_taken_and_on_no_list_of_the_zone():
    zone = a_zone()
    pfn = straight(rmqueue_pcp(zone, 7))
    other = straight(rmqueue_pcp(zone, 7))
    straight(free_pcp(zone, 7, pfn))
    assert pfn not in {p for p, _, _ in zone.free_blocks()}
    assert straight(rmqueue_pcp(zone, 7)) == pfn != other


def test_each_cpu_has_its_own_list():
    zone = a_zone()
    pfn = straight(rmqueue_pcp(zone, 3, cpu="cpu 0"))
    straight(free_pcp(zone, 3, pfn, cpu="cpu 1"))
    assert list(pages_of(zone, "cpu 1")[Migratetype.MOVABLE]) == [pfn]
    assert straight(rmqueue_pcp(zone, 3, cpu="cpu 0")) != pfn


def test_a_full_list_gives_a_batch_back_the_coldest_first():
    zone = a_zone()
    pages = [straight(rmqueue_pcp(zone, 3)) for _ in range(pcp_high(3))]
    straight(drain_pcp(zone, 99))
    for pfn in pages[:-1]:
        straight(free_pcp(zone, 3, pfn))
    assert pcp_count(zone, "cpu 0") == pcp_high(3) - 1
    straight(free_pcp(zone, 3, pages[-1]))
    assert pcp_count(zone, "cpu 0") == pcp_high(3) - 3
    assert not set(pages[:3]) & set(pages_of(zone, "cpu 0")[Migratetype.MOVABLE])
    zone.validate()


def test_none_when_zone_and_list_are_empty():
    zone = a_zone(4)
    assert [straight(rmqueue_pcp(zone, 3)) for _ in range(5)] == [0, 1, 2, 3, None]


def test_a_wrong_free_changes_nothing():
    zone = a_zone()
    pfn = straight(rmqueue_pcp(zone, 3))
    straight(free_pcp(zone, 3, pfn))
    with pytest.raises(ZoneError, match="on a per-CPU list already"):
        straight(free_pcp(zone, 3, pfn))
    zone.validate()


def test_the_lists_take_turns_from_movable_on():
    zone = a_zone()
    pages = {t: [straight(zone.rmqueue(0, t)) for _ in range(3)] for t in PCPTYPES}
    for migratetype in PCPTYPES:
        for pfn in pages[migratetype]:
            straight(free_pcp(zone, 31, pfn))
    straight(drain_pcp(zone, 1))
    assert [len(some) for some in pages_of(zone, "cpu 0")] == [3, 2, 3]
    straight(drain_pcp(zone, 2))
    assert [len(some) for some in pages_of(zone, "cpu 0")] == [3, 1, 2]
    straight(drain_pcp(zone, 99))
    assert zone.nr_free_pages == 256
    zone.validate()


def test_a_page_goes_back_to_the_type_that_it_came_with():
    zone = a_zone()
    pfn = straight(zone.rmqueue(0))
    straight(free_pcp(zone, 31, pfn))
    zone.set_pageblock_migratetype(0, 16, Migratetype.UNMOVABLE)  # stolen meanwhile
    straight(drain_pcp(zone, 1))
    assert zone.free_area[8].free_list[Migratetype.MOVABLE]


def test_a_page_that_was_freed_before_its_pageblock_was_isolated_is_isolated_too():
    zone = a_zone()
    pfn = straight(zone.rmqueue(0))
    straight(free_pcp(zone, 31, pfn))
    zone.set_pageblock_migratetype(0, 256, Migratetype.ISOLATE)
    free = zone.nr_free_pages
    straight(drain_pcp(zone, 1))
    assert zone.free_area[8].free_list[Migratetype.ISOLATE] and zone.nr_free_pages == free


def test_an_isolated_page_goes_to_the_zone_at_once_and_does_not_count():
    zone = a_zone()
    pfn, other = straight(zone.rmqueue(0)), straight(zone.rmqueue(0))
    zone.set_pageblock_migratetype(0, 16, Migratetype.ISOLATE)
    free = zone.nr_free_pages
    straight(free_pcp(zone, 31, pfn))
    assert pcp_count(zone, "cpu 0") == 0 and zone.nr_free_pages == free
    assert list(zone.free_area[0].free_list[Migratetype.ISOLATE]) == [pfn] != [other]
    zone.validate()


def test_a_page_of_cma_that_a_cpu_took_for_movable_goes_back_to_cma():
    zone = Zone("Normal", 0, 16, pageblock_order=4)
    zone.set_pageblock_migratetype(0, 16, Migratetype.CMA)
    zone.add_memory(0, 16)
    assert straight(rmqueue_pcp(zone, 4)) == 0
    straight(drain_pcp(zone, 3))
    assert {t for _, _, t in zone.free_blocks()} == {Migratetype.CMA}


types = st.sampled_from([Migratetype.UNMOVABLE, Migratetype.MOVABLE, Migratetype.RECLAIMABLE])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 99), st.one_of(st.none(), types), st.sampled_from(["cpu 0", "cpu 1"])))
)
def test_no_page_is_lost_between_the_lists(history):
    zone, live = a_zone(), []
    for number, migratetype, cpu in history:
        if migratetype is not None:
            live.append(straight(rmqueue_pcp(zone, 7, migratetype, cpu)))
        elif live:
            straight(free_pcp(zone, 7, live.pop(number % len(live)), cpu))
        zone.validate()
    for cpu in ("cpu 0", "cpu 1"):
        straight(drain_pcp(zone, 10_000, cpu))
    zone.validate()
    assert zone.nr_free_pages == zone.managed - len(live)
