import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import MAX_ORDER, ORDERS
from freepages.pages.ranges import arrays, intersect, join, merge, pages, without
from freepages.real import Snapshot
from freepages.real.block_placement import RAM_LIMIT, assumed_ram, blocks_of, synthesise
from freepages.real.data_path import data_path
from freepages.real.procfs import ram_ranges, read_iomem, read_zoneinfo

SHIPPED = sorted(path.name for path in data_path("snapshots").glob("*.snapshot"))


def runs_of(blocks):
    return join(
        np.concatenate(blocks), np.concatenate([heads + (1 << order) for order, heads in enumerate(blocks)])
    )


def check_laws(blocks, ram):
    """Aligned, within the RAM, no overlap, no block below the largest order free with its buddy."""
    owned = np.zeros(int(ram[1][-1]) + 1, np.int64)
    for order, heads in enumerate(blocks):
        assert not (heads % (1 << order)).any()
        assert not np.intersect1d(heads, heads ^ (1 << order)).size or order == MAX_ORDER - 1
        for head in heads:
            owned[head : head + (1 << order)] += 1
    assert not len(without(runs_of(blocks), ram)[0])
    assert owned.max(initial=0) <= 1
    for order in ORDERS[:-1]:  # nor may smaller ones make up the buddy of a free block
        for buddy in blocks[order] ^ (1 << order):
            assert not owned[buddy : buddy + (1 << order)].all() or not _within(ram, buddy, order)


def _within(ram, head, order):
    return not len(without(arrays([(int(head), int(head) + (1 << order))]), ram)[0])


@st.composite
def ram_and_free(draw):
    """RAM of a few ranges, and free runs in it."""
    ram = merge(draw(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 9000)), min_size=1, max_size=3)))
    low, high = (ram[0][0], ram[-1][1]) if ram else (0, 0)
    wanted = draw(
        st.lists(st.tuples(st.integers(low, high), st.sampled_from([1, 2, 3, 7, 64, 700, 3000])), max_size=25)
    )
    free = merge((start, start + length) for start, length in wanted)
    return arrays(ram), join(*intersect(arrays(free), arrays(ram)))


@given(ram_and_free())
def test_blocks_of_divides_runs_as_merged_buddies(case):
    _ram, free = case
    blocks = blocks_of(free)
    assert all((np.diff(heads) > 0).all() for heads in blocks)
    assert all(np.array_equal(*sides) for sides in zip(runs_of(blocks), free, strict=True))
    for order, heads in enumerate(blocks):
        assert not (heads % (1 << order)).any()
        if order < MAX_ORDER - 1:
            buddies = heads ^ (1 << order)
            for buddy in buddies:
                inside = intersect(free, arrays([(int(buddy), int(buddy) + (1 << order))]))
                assert pages(inside) < 1 << order


@given(ram_and_free(), st.integers(0, 5))
def test_whatever_fitted_once_fits_again_and_obeys_the_laws(case, seed):
    ram, free = case
    # RAM's own rims may be free with their other halves outside: those are the blocks of a fully free RAM.
    counts = [len(heads) for heads in blocks_of(free)]
    blocks = synthesise(ram, counts, seed)
    assert [len(heads) for heads in blocks] == counts
    if sum(counts):
        check_laws(blocks, ram)
    again = synthesise(ram, counts, seed)
    assert all(np.array_equal(*both) for both in zip(blocks, again, strict=True))


@given(st.integers(0, 9), st.integers(1, 4))
def test_one_block_more_than_there_are_buddy_pairs_is_refused(order, slots):
    counts = [0] * MAX_ORDER
    counts[order] = slots << 9 - order
    ram = arrays([(0, slots << 10)])
    check_laws(synthesise(ram, counts), ram)
    counts[order] += 1
    with pytest.raises(FreepagesError, match=f"blocks of order {order}, room for {counts[order] - 1}"):
        synthesise(ram, counts)


def test_ram_without_end_is_refused():
    with pytest.raises(FreepagesError, match="at most"):
        synthesise(arrays([(0, RAM_LIMIT + 1)]), [0] * MAX_ORDER)


def test_the_places_are_the_same_on_every_machine():
    blocks = synthesise(arrays([(1, 159), (256, 40000)]), [60, 50, 40, 30, 20, 10, 9, 8, 7, 6, 5])
    told = " ".join(str(head) for heads in blocks for head in np.sort(heads).tolist())
    assert zlib.crc32(told.encode()) == 574235214


def test_without_iomem_the_holes_are_where_a_pc_has_them(machine):
    ram = arrays(ram_ranges(read_iomem(machine / "iomem")))
    for zone in read_zoneinfo(machine / "zoneinfo"):
        span = arrays([(zone.start_pfn, zone.end_pfn)])
        there = merge(zip(*(side.tolist() for side in intersect(ram, span)), strict=True))
        assert merge(assumed_ram(zone.start_pfn, zone.spanned, zone.present)) == there


@pytest.mark.parametrize("name", SHIPPED)
def test_a_synthesised_layout_is_about_as_broken_up_as_the_real_one(name):
    snapshot = Snapshot.load(data_path("snapshots", name))
    for zone in snapshot.zones:
        real = snapshot.runs_within(zone.start_pfn, zone.end_pfn)
        counts = [len(heads) for heads in blocks_of(real)]
        ram = intersect(arrays(snapshot.ram), arrays([(zone.start_pfn, zone.end_pfn)]))
        synthetic = runs_of(synthesise(ram, counts))
        assert pages(synthetic) == pages(real)
        assert len(synthetic[0]) <= 2 * len(real[0]) + 8 and len(real[0]) <= 2 * len(synthetic[0]) + 8
