"""The blocks of free page hinting: whole, free, each once, the highest first, until memory would run low."""

from freepages.guest.hintblocks import AT_A_TIME, BLOCK, HintBlocks, min_pages
from freepages.pages import PageBitmap


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
    heads = taken(HintBlocks(lambda: free, 0), free)
    wanted = [block * BLOCK for block in range(AT_A_TIME + 20) if block not in (0, 7)]
    assert heads == wanted[::-1]


def test_it_stops_before_memory_runs_low():
    free = free_blocks(10)
    assert len(taken(HintBlocks(lambda: free, 3 * BLOCK - 5), free)) == 7


def test_another_command_finds_what_was_freed_meanwhile():
    free = free_blocks(4)
    hints = HintBlocks(lambda: free, 0)
    assert len(taken(hints, free)) == 4
    free.set_range(BLOCK, 2 * BLOCK)
    assert taken(hints, free) == []
    assert taken(hints, free, command=3) == [BLOCK]


def test_what_stays_free_is_the_min_watermark():
    assert min_pages((4 << 30) >> 12) * 4 == 8192
