"""The blocks of free page hinting: whole, free, each once, the highest first, until memory would run low."""

import pytest

from freepages.migrate.hint_blocks import AT_A_TIME, BLOCK, HintBlocks
from freepages.migrate.hint_floors import Floor
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap


def free_blocks(blocks, but=()):
    free = PageBitmap(blocks * BLOCK)
    free.set_range(0, free.pages)
    for pfn in but:
        free.clear(pfn)
    return free


def taken(hints, free, command=2):
    """Take all there are; the first pfns, in the order of the takes."""
    heads: list[int] = []
    while True:
        count, blocks = hints.take(command)
        if not count:
            return heads
        starts, ends = blocks.runs()
        heads += [pfn for s, e in zip(starts, ends, strict=True) for pfn in range(s, e, BLOCK)][::-1]
        assert blocks.count() == count * BLOCK
        free -= blocks


def test_every_free_block_is_taken_once_the_highest_first():
    free = free_blocks(AT_A_TIME + 20, but=[3, 7 * BLOCK + 1])
    heads = taken(HintBlocks(lambda: free, [Floor(0, free.pages, 0)]), free)
    wanted = [block * BLOCK for block in range(AT_A_TIME + 20) if block not in (0, 7)]
    assert heads == wanted[::-1]


def test_blocks_may_have_another_size():
    for block, wanted in ((BLOCK // 4, [7, 6, 5, 4, 2, 1, 0]), (2 * BLOCK, [0])):
        free = free_blocks(2, but=[3 * BLOCK // 4] if block < BLOCK else ())
        hints = HintBlocks(lambda free=free: free, [Floor(0, free.pages, 0)], block=block)  # type: ignore[misc]
        count, pages = hints.take(1)
        starts = range(0, free.pages, block)
        found = [start // block for start in starts if all(pages[pfn] for pfn in range(start, start + block))]
        assert found == wanted[::-1] and count == len(wanted) and pages.count() == count * block


def test_it_stops_before_memory_runs_low():
    free = free_blocks(10)
    assert len(taken(HintBlocks(lambda: free, [Floor(0, free.pages, 3 * BLOCK - 5)]), free)) == 7


def test_another_command_finds_what_was_freed_meanwhile():
    free = free_blocks(4)
    hints = HintBlocks(lambda: free, [Floor(0, free.pages, 0)])
    assert len(taken(hints, free)) == 4
    free.set_range(BLOCK, 2 * BLOCK)
    assert taken(hints, free) == []
    assert taken(hints, free, command=3) == [BLOCK]


def test_blocks_that_are_withheld_are_the_last_that_it_would_have_come_to():
    for upwards, wanted in ((False, [5, 4, 3, 1]), (True, [0, 1, 3, 4])):
        free = free_blocks(6, but=[2 * BLOCK])
        hints = HintBlocks(lambda free=free: free, [Floor(0, free.pages, 0, 1)], upwards)  # type: ignore[misc]
        heads = taken(hints, free)
        assert sorted(head // BLOCK for head in heads) == sorted(wanted)


def test_every_zone_keeps_its_own_and_the_first_named_is_asked_first():
    floors = [Floor(8 * BLOCK, 12 * BLOCK, BLOCK), Floor(2 * BLOCK + 7, 8 * BLOCK, 2 * BLOCK), Floor(0, 9, 0)]
    for upwards, wanted in ((False, [11, 10, 9, 7, 6, 4]), (True, [8, 9, 10, 3, 4, 6])):
        free = free_blocks(12, but=[5 * BLOCK])
        left, hints = wanted, HintBlocks(lambda free=free: free, floors, upwards)  # type: ignore[misc]
        while (some := hints.take(2))[0]:
            found = [start // BLOCK for start in range(0, free.pages, BLOCK) if some[1][start]]
            assert set(left[: len(found)]) == set(found)
            left = left[len(found) :]
            free -= some[1]
        assert not left


def test_upwards_the_lowest_come_first():
    free = free_blocks(AT_A_TIME + 20, but=[3, 7 * BLOCK + 1])
    hints = HintBlocks(lambda: free, [Floor(0, free.pages, 10 * BLOCK)], upwards=True)
    found = []
    while (some := hints.take(2))[0]:
        found += [start // BLOCK for start in range(0, free.pages, BLOCK) if some[1][start]]
        free -= some[1]
    wanted = [block for block in range(AT_A_TIME + 20) if block not in (0, 7)]
    assert found == wanted[: AT_A_TIME + 20 - 2 - 9]


@pytest.mark.parametrize("upwards", [False, True])
def test_a_zone_of_many_chunks_is_taken_down_to_its_floor_and_no_further(upwards):
    blocks = 5 * CHUNK_WORDS * 64 // BLOCK
    free = free_blocks(blocks, but=[BLOCK * some for some in range(0, blocks, 3)])
    whole = [some for some in range(blocks) if some % 3]
    keep = free.count() - 3000 * BLOCK - 9
    hints = HintBlocks(lambda: free, [Floor(0, free.pages, keep)], upwards)
    found = [head // BLOCK for head in taken(hints, free)]
    assert len(found) == 3000
    assert sorted(found) == (whole[:3000] if upwards else whole[-3000:])
