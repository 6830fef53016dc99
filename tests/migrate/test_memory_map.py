"""The kernel's memory map: where the struct page of a page lies, and what hinting writes of it."""

import numpy as np

from freepages.host.ram import GuestRam
from freepages.migrate.guest import Guest
from freepages.migrate.memory_map import MemoryMap
from freepages.migrate.timed_migration import prepare
from freepages.pages.bitmap import PageBitmap, set_bits


def test_it_is_the_last_64th_of_ram_and_has_64_pages_to_a_page() -> None:
    ram = GuestRam.pc(64 << 20)
    there = MemoryMap(ram, PageBitmap(ram.max_pfn)).of(np.array([0, 63, 64, 16383]))
    assert there.tolist() == [16384 - 256, 16384 - 255, 16383]


def test_a_hole_has_no_map() -> None:
    ram = GuestRam.pc(4 << 30)
    above = MemoryMap(ram, PageBitmap(ram.max_pfn)).of(np.array([0, 1 << 20]))
    assert above[1] - above[0] == (3 << 18) // 64 and above[0] == ram.max_pfn - (1 << 20) // 64


def test_it_lies_where_pages_are_in_use() -> None:
    ram = GuestRam.pc(64 << 20)
    free = PageBitmap(ram.max_pfn)
    free.set_range(8192, 16384)
    assert MemoryMap(ram, free).of(np.array([0])).tolist() == [8192 - 256]
    free.set_range(100, 8192)  # too few: the last of them for all that is beyond
    assert MemoryMap(ram, free).of(np.array([0, 16383])).tolist() == [0, 99]
    free.set_range(0, 100)
    assert not len(MemoryMap(ram, free).of(np.array([0])))


def test_a_block_that_is_hinted_at_dirties_a_page_of_the_map() -> None:
    guest = Guest.made_up(1 << 30, 0.5, seed=1)
    ready = prepare(guest, "free_page_hint", "still", bandwidth=1e8, downtime=0.001)
    done = ready.run()
    hinted = set_bits(ready.world.guest.held.words)[::1024]
    record = MemoryMap(ready.world.ram, ready.world.guest.on_lists | ready.world.guest.held).of(hinted)
    pages = done.normal_pages + done.zero_pages + done.never_sent.count()
    assert len(record) == len(hinted) > 50
    assert 0 < pages - (1 << 18) <= len(record)  # but for those that were still to be sent
