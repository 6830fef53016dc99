"""A bitmap in the guest's memory is a PageBitmap, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.guest_bitmap import GuestBitmap
from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap, bitmap_bytes
from freepages.virtqueue.guest_memory import GuestMemory

PAGES = 200


@given(st.lists(st.tuples(st.integers(0, PAGES), st.integers(0, PAGES)).map(sorted), max_size=8))
def test_ranges_are_set_as_a_page_bitmap_sets_them(ranges: list[list[int]]) -> None:
    memory = GuestMemory({0x1000: 4096})
    there, here = GuestBitmap(memory, 0x1100, PAGES), PageBitmap(PAGES)
    for lo, hi in ranges:
        there.set_range(lo, hi)
        here.set_range(lo, hi)
    assert there.seen() == here
    assert memory.read(0x1100, bitmap_bytes(PAGES)) == here.tobytes()
    assert not any(memory.read(0x1000, 0x100)) and not any(memory.read(0x1100 + 32, 64))


@pytest.mark.parametrize("bad", [(-1, 3), (5, 4), (0, PAGES + 1)])
def test_a_range_outside_is_refused(bad: tuple[int, int]) -> None:
    memory = GuestMemory({0: 4096})
    with pytest.raises(FreepagesError, match="not a range of the bitmap"):
        GuestBitmap(memory, 0, PAGES).set_range(*bad)
    assert not any(memory.read(0, 4096))


def test_bits_behind_the_last_page_are_not_looked_at() -> None:
    memory = GuestMemory({0: b"\xff" * 16})
    assert GuestBitmap(memory, 0, 13).seen().count() == 13
