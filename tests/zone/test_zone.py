"""The list zone, held to the kernel's behaviour and to its own invariants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import straight
from freepages.engine.errors import FreepagesError
from freepages.pages.orders import ORDERS, Migratetype
from freepages.scenarios.zones import FRAGMENTED, zone_drawn
from freepages.zone.free_area import aligned_blocks
from freepages.zone.span import ZoneError
from freepages.zone.zone import Zone

UNMOVABLE, MOVABLE, RECLAIMABLE, HIGHATOMIC, CMA, ISOLATE = Migratetype


def a_zone(pages=64, pageblock_order=4, start=0):
    zone = Zone("Normal", start, pages, pageblock_order=pageblock_order)
    zone.add_memory(start, start + pages)
    return zone


def lists(zone, order, migratetype=MOVABLE):
    return list(zone.free_area[order].free_list[migratetype].from_head())


def state(zone):
    return list(zone.free_blocks()), dict(zone.used), zone.nr_free_pages, zone.lock.holder


def test_memory_is_added_in_the_largest_aligned_blocks():
    zone = Zone("Normal", 5, 60)
    zone.add_memory(5, 65)
    assert sorted((pfn, order) for pfn, order, _ in zone.free_blocks()) == [
        (5, 0), (6, 1), (8, 3), (16, 4), (32, 5), (64, 0)
    ]  # fmt: skip
    assert list(aligned_blocks(3, 4)) == [(3, 0)] and list(aligned_blocks(7, 7)) == []
    assert max(order for _, order in aligned_blocks(0, 1 << 14)) == 10


def test_a_split_keeps_the_lower_half_and_frees_every_upper_one():
    zone = a_zone()
    assert straight(zone.rmqueue(0)) == 0
    assert [lists(zone, o) for o in range(7)] == [[1], [2], [4], [8], [16], [32], []]
    assert zone.nr_free() == [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]


def test_freeing_merges_all_the_way_up_by_pfn_xor():
    zone = a_zone()
    pfn = straight(zone.rmqueue(0))
    straight(zone.free(pfn, 0))
    assert lists(zone, 6) == [0] and zone.nr_free_pages == 64


def test_lists_are_last_in_first_out():
    zone = a_zone()
    pages = [straight(zone.rmqueue(0)) for _ in range(8)]
    assert pages == list(range(8))
    for pfn in (6, 0, 4):  # none is another's buddy
        straight(zone.free(pfn, 0))
    assert lists(zone, 0) == [4, 0, 6]
    assert straight(zone.rmqueue(0)) == 4


def test_a_block_whose_buddy_above_is_free_goes_last_and_the_order_below_the_largest_never_does():
    zone = a_zone(16)
    for _ in range(8):
        straight(zone.rmqueue(0))
    straight(zone.free(0, 0))
    straight(zone.free(4, 0))
    assert lists(zone, 0) == [4, 0]
    straight(zone.free(6, 0))  # its buddy above, [4, 6), is not wholly free: 5 is in use
    assert lists(zone, 0) == [6, 4, 0]
    straight(zone.free(5, 0))  # now it is
    straight(zone.rmqueue(0))  # takes 6, the head
    straight(zone.free(6, 0))
    assert lists(zone, 0) == [0, 6]
    large = a_zone(1 << 12, 9)
    blocks = [straight(large.rmqueue(9)) for _ in range(8)]
    straight(large.free(blocks[2], 9))
    straight(large.free(blocks[3], 9))  # a free block of order 10
    straight(large.free(blocks[6], 9))
    straight(large.free(blocks[0], 9))  # order 9 = MAX_ORDER - 2 is put first although [1024, 2048) is free
    assert lists(large, 9) == [blocks[0], blocks[6]]


def test_an_empty_migratetype_steals_the_largest_block_in_the_order_of_the_table():
    zone = a_zone(64, pageblock_order=4)
    zone.set_pageblock_migratetype(0, 64, MOVABLE)
    assert straight(zone.rmqueue(0, UNMOVABLE)) == 0
    # The block of order 6 is above pageblock_order: all of its pageblocks change their type, and the rest of
    # the block goes on the new type's lists.
    assert {zone.pageblock_migratetype(pfn) for pfn in range(64)} == {UNMOVABLE}
    assert lists(zone, 5, UNMOVABLE) == [32] and lists(zone, 5, MOVABLE) == []
    # Reclaimable prefers unmovable to movable.
    assert straight(zone.rmqueue(0, RECLAIMABLE)) == 32
    zone.validate()


def drawn_with_one_free_block(pages_free, order_hint):
    """A pageblock of 16 pages in which just the first ``pages_free`` pages are free, as one block."""
    return zone_drawn("·" * pages_free + "a" * (16 - pages_free), pageblock_order=4)


def test_a_movable_request_does_not_take_over_a_pageblock_for_a_small_block():
    zone = zone_drawn("aaaaaaaaaaaa··a·", pageblock_order=4)
    zone.set_pageblock_migratetype(0, 16, UNMOVABLE)
    for pfn, order in ((12, 1), (15, 0)):
        zone._unlink(pfn)
        zone._link(pfn, order, UNMOVABLE)
    assert straight(zone.rmqueue(0, MOVABLE)) == 12
    assert zone.pageblock_migratetype(0) == UNMOVABLE
    assert lists(zone, 0, MOVABLE) == [13]  # the remainder goes to the lists of who asked
    assert lists(zone, 0, UNMOVABLE) == [15]  # and the other free pages of the pageblock stay
    zone.validate()


@pytest.mark.parametrize(("free", "taken_over"), [(4, False), (8, True)])
def test_an_unmovable_request_takes_the_pageblock_where_half_of_it_is_free(free, taken_over):
    zone = drawn_with_one_free_block(free, 0)
    assert straight(zone.rmqueue(0, UNMOVABLE)) == 0
    assert zone.pageblock_migratetype(0) == (UNMOVABLE if taken_over else MOVABLE)
    assert lists(zone, 0, UNMOVABLE) == [1]
    zone.validate()


def test_movable_steals_from_reclaimable_before_it_steals_from_unmovable():
    zone = Zone("Normal", 0, 32, pageblock_order=4)
    zone.set_pageblock_migratetype(0, 16, UNMOVABLE)
    zone.set_pageblock_migratetype(16, 32, RECLAIMABLE)
    zone.add_memory(0, 8)
    zone.add_memory(16, 24)
    assert straight(zone.rmqueue(0, MOVABLE)) == 16


@pytest.mark.parametrize(
    ("start", "end", "moved"), [(0, 32, {0, 8, 12}), (0, 16, {0, 8, 12}), (1, 32, {12}), (0, 15, set())]
)
def test_stealing_moves_the_free_pages_of_a_pageblock_that_the_zone_does_not_cut(start, end, moved):
    """Block 12 is stolen, of the pageblock [0, 16). Where the zone's start cuts that, what lies below 12
    stays; where its end does, nothing moves, and 12 alone is taken."""
    zone = Zone("Normal", start, end - start, pageblock_order=4)
    for low in (0, 8, 12):
        zone.add_memory(max(low, start), low + 2)
    zone._unlink(12)
    zone._link(12, 1, MOVABLE)  # the head of its list: the one to be stolen
    assert straight(zone.rmqueue(1, UNMOVABLE)) == 12
    assert {12, *lists(zone, 1, UNMOVABLE)} == moved | {12}
    zone.validate()


def test_an_atomic_allocation_keeps_its_pageblock_for_others_of_its_kind():
    zone = a_zone(1024)
    pfn = straight(zone.rmqueue(2, harder=True))
    straight(zone.reserve_highatomic_pageblock(pfn))
    assert zone.pageblock_migratetype(pfn) == HIGHATOMIC and zone.nr_reserved_highatomic == 16
    assert lists(zone, 2, HIGHATOMIC) == [4] and lists(zone, 3, HIGHATOMIC) == [8]
    assert straight(zone.rmqueue(2)) == 16  # others do not see the reserve
    assert straight(zone.rmqueue(0, harder=True)) == 20  # nor does a single page
    assert straight(zone.rmqueue(2, harder=True)) == 4
    straight(zone.free(pfn, 2))
    assert lists(zone, 2, HIGHATOMIC) == [0]
    zone.validate()


def test_the_reserve_is_a_pageblock_and_a_hundredth_of_the_zone_at_most():
    zone = a_zone(1024)
    for pfn in (0, 16, 32):
        straight(zone.reserve_highatomic_pageblock(pfn))
    assert zone.nr_reserved_highatomic == 32  # 1024 // 100 + 16 = 26 was not reached by the first
    assert straight(zone.reserve_highatomic_pageblock(0)) is None


@pytest.mark.parametrize("migratetype", [HIGHATOMIC, CMA, ISOLATE])
def test_what_is_reserved_or_not_the_zones_own_is_not_reserved(migratetype):
    zone = a_zone(64)
    zone.set_pageblock_migratetype(0, 16, migratetype)
    straight(zone.reserve_highatomic_pageblock(0))
    assert zone.nr_reserved_highatomic == 0 and zone.pageblock_migratetype(0) == migratetype


def test_isolated_pages_do_not_count_as_free():
    zone = zone_drawn("a" * 32, pageblock_order=4)
    zone.set_pageblock_migratetype(0, 32, ISOLATE)
    straight(zone.free(0, 5))
    assert zone.nr_free_pages == 0 and zone.nr_free()[5] == 1
    zone.validate()


def test_isolated_pageblocks_do_not_merge_with_others():
    zone = zone_drawn("a" * 32, pageblock_order=4)
    zone.set_pageblock_migratetype(0, 16, ISOLATE)
    for pfn, (order, _) in list(zone.used.items()):
        straight(zone.free(pfn, order))
    assert zone.nr_free()[5] == 1  # it was one allocation of order 5, and is freed whole
    zone = zone_drawn("a" * 16 + "c" * 16, pageblock_order=4)
    zone.set_pageblock_migratetype(0, 16, ISOLATE)
    straight(zone.free(16, 4))
    straight(zone.free(0, 4))
    assert zone.nr_free()[4] == 2 and zone.nr_free()[5] == 0
    zone.validate()


def test_none_when_nothing_fits():
    zone = a_zone(8)
    assert straight(zone.rmqueue(4)) is None
    assert zone.lock.holder is None and zone.nr_free_pages == 8
    zone.validate()


BAD_FREES = [
    (0, 0, "free already"),
    (3, 0, "free already"),
    (8, 2, "the start of a block of order 3"),
    (9, 0, "not the start of an allocated block"),
    (64, 0, "outside [0, 64)"),
    (-1, 0, "outside [0, 64)"),
    (16, 11, "order 11 is not one of 0..10"),
    (16, -1, "order -1 is not one of 0..10"),
    (40, 0, "on a per-CPU list already"),
]


@pytest.mark.parametrize(("pfn", "order", "why"), BAD_FREES)
def test_a_wrong_free_is_one_clear_error_and_changes_nothing(pfn, order, why):
    zone = zone_drawn("········aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaap" + "a" * 23)
    before = state(zone)
    with pytest.raises(FreepagesError) as error:
        straight(zone.free(pfn, order))
    assert why in str(error.value) and "\n" not in str(error.value)
    assert state(zone) == before
    zone.validate()


def test_a_double_free_is_refused():
    zone = a_zone()
    pfn = straight(zone.rmqueue(2))
    straight(zone.free(pfn, 2))
    before = state(zone)
    with pytest.raises(ZoneError, match="cannot free pfn 0 with order 2: it is free already"):
        straight(zone.free(pfn, 2))
    assert state(zone) == before


@pytest.mark.parametrize("order", [11, -1, 2.5, "1"])
def test_an_order_out_of_range_is_refused(order):
    with pytest.raises(FreepagesError, match=r"is not one of 0..10"):
        straight(a_zone().rmqueue(order))


def test_memory_outside_or_given_twice_is_refused():
    zone = a_zone()
    for start, end in [(0, 8), (60, 70), (-4, 0), (8, 8)]:
        with pytest.raises(ZoneError, match=r"zone Normal: \["):
            zone.add_memory(start, end)
    zone.validate()


def breakage(zone):
    """Ways to damage a zone, each with what validate must say of it."""
    area = zone.free_area[3]
    yield lambda: setattr(area, "nr_free", 9), "nr_free of order 3 is 9"
    yield lambda: setattr(zone, "nr_free_pages", 1), "nr_free_pages is 1"
    yield lambda: zone.used.update({40: (0, "a")}), "overlaps"
    yield lambda: zone.used.pop(0), "are managed"
    yield lambda: zone.used.update({64: (0, "a")}), "not in the memory of the zone"
    yield lambda: zone.used.update({41: (1, "a")}), "is not aligned"
    yield lambda: setattr(zone.lock, "holder", "cpu 1"), "while cpu 1 holds its lock"
    elsewhere = area.free_list[UNMOVABLE]
    yield lambda: (area.free_list[MOVABLE].pop(40), elsewhere.add(40)), "does not know it"


@pytest.mark.parametrize("way", range(8))
def test_validate_names_what_broke(way):
    zone = zone_drawn(FRAGMENTED)
    zone.validate()
    damage, words = list(breakage(zone))[way]
    damage()
    with pytest.raises(ZoneError, match=words):
        zone.validate()


def test_validate_finds_buddies_that_were_not_merged():
    zone = zone_drawn("aa······")
    zone.used.clear()
    zone._link(0, 0, MOVABLE)
    zone._link(1, 0, MOVABLE)
    zone.nr_free_pages += 2
    with pytest.raises(ZoneError, match="blocks 1 and 0 of order 0 are free buddies, not merged"):
        zone.validate()


def blocks_of(free):
    """The free blocks as a function of the set of free pages: wholly free, and the parent is not."""
    whole = [set(free)]
    for order in ORDERS[1:]:
        below = whole[-1]
        whole.append({pfn for pfn in below if pfn % (1 << order) == 0 and pfn + (1 << order - 1) in below})
    return {
        (pfn, order)
        for order in ORDERS
        for pfn in whole[order]
        if order == ORDERS[-1] or pfn & -(2 << order) not in whole[order + 1]
    }


operations = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([UNMOVABLE, MOVABLE, RECLAIMABLE, None])))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(1, 200), operations)
def test_after_any_history_the_blocks_are_a_function_of_the_free_pages(start, pages, history):
    zone = a_zone(pages, 3, start)
    live: list[tuple[int, int]] = []
    for number, migratetype in history:
        if migratetype is None:
            if live:
                straight(zone.free(*live.pop(number % len(live))))
        elif (pfn := straight(zone.rmqueue(number, migratetype))) is not None:
            assert pfn % (1 << number) == 0 and start <= pfn <= start + pages - (1 << number)
            live.append((pfn, number))
        zone.validate()
        used = {p for pfn, order in live for p in range(pfn, pfn + (1 << order))}
        free = set(range(start, start + pages)) - used
        assert {(pfn, order) for pfn, order, _ in zone.free_blocks()} == blocks_of(free)
    for pfn, order in live:
        straight(zone.free(pfn, order))
    assert zone.nr_free_pages == pages


def test_a_drawing_becomes_the_zone_it_shows():
    zone = zone_drawn("kkkk··a/pp······")
    zone.validate()
    assert zone.used == {0: (2, "k"), 6: (0, "a")}
    assert zone.memory == [(0, 7), (8, 16)]
    assert sorted((pfn, order) for pfn, order, _ in zone.free_blocks()) == [(4, 1), (10, 1), (12, 2)]
    assert zone.managed == 15 and zone.nr_free_pages == 8
