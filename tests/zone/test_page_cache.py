"""The page cache: whose its pages are, what keeps them, what a read finds or fetches, what slab holds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import Process, Run, Scenario, at_random, straight, to_the_end
from freepages.engine.errors import FreepagesError
from freepages.scenarios.balloon import DrawnNode
from freepages.scenarios.zones import zone_drawn
from freepages.view.frame import Frame
from freepages.zone.page_cache import READS_DISK, Dentry, Inode, PageCache
from tests.zone.small_caches import BACKING, context, free, guests

LETTERS = "kkAAAA··BBcc··TTDDssR···········"


def guest(letters: str = LETTERS, batch: int = 0, **states: Any) -> tuple[DrawnNode, PageCache]:
    node = DrawnNode(zone_drawn(letters), batch=batch)
    return node, PageCache.of(node, backing=BACKING, **states)


def test_a_capital_letter_is_a_file_and_its_pages_are_allocations_of_their_own() -> None:
    node, cache = guest()
    (zone,) = node.populated_zones()
    assert list(cache.files) == ["A", "B", "c", "T", "D", "R"]
    assert cache.files["A"].pages == {0: 2, 1: 3, 2: 4, 3: 5}
    assert all(zone.used[pfn] == (0, "c") for pfn in cache.pages)
    assert zone.used[18] == zone.used[19] == (0, "s")
    node.validate()


def test_each_state_keeps_a_page_and_the_kernels_first_question_is_answered_first() -> None:
    _, cache = guest(dirty={2, 3, 16}, mapped={3, 4, 14}, locked={2}, writeback={5})
    assert {pfn: why for pfn in cache.pages if (why := cache.refusal(pfn))} == {
        2: "is locked",
        3: "is dirty",
        4: "is mapped",
        5: "is under writeback",
        14: "is dirty, and tmpfs has no disk to write it to",
        15: "is dirty, and tmpfs has no disk to write it to",
        16: "is dirty",
        20: "is dirty, and ramfs has no disk to write it to",
    }
    assert cache.droppable() == [8, 9, 10, 11, 17]


def test_a_page_in_a_state_must_be_in_the_cache() -> None:
    with pytest.raises(FreepagesError, match="page 6 is mapped and not in the page cache"):
        guest(mapped={6, 2})


def test_meminfo_counts_tmpfs_among_the_cached_and_a_devices_blocks_apart() -> None:
    node, cache = guest(dirty={2, 14}, mapped={14}, writeback={3})
    cache.fill_slab([18], [Inode()], 3)
    meminfo = cache.meminfo(node)
    assert (meminfo.total, meminfo.free) == (32, 15)
    assert (meminfo.cached, meminfo.buffers, meminfo.shmem, meminfo.unevictable) == (11, 2, 2, 1)
    assert (meminfo.dirty, meminfo.writeback, meminfo.mapped, meminfo.reclaimable) == (1, 1, 1, 1)


def test_a_page_that_is_in_the_cache_is_read_without_the_disk_or_a_free_page() -> None:
    node, cache = guest()
    before = free(context(node, cache))
    assert straight(cache.read(node, "A", 2)) == 4
    assert free(context(node, cache)) == before


def test_a_page_that_is_not_takes_a_free_page_and_is_locked_while_it_is_read() -> None:
    node, cache = guest()
    cache.remove(4)
    read = cache.read(node, "A", 2)
    announced = [next(read)]
    while announced[-1][0] is not READS_DISK:
        announced.append(next(read))
    pfn = cache.files["A"].pages[2]
    assert cache.refusal(pfn) == "is locked"
    with pytest.raises(StopIteration) as end:
        next(read)
    assert end.value.value == pfn and not cache.refusal(pfn)
    assert straight(cache.read(node, "A", 2)) == pfn


def test_what_a_read_will_find_is_said_when_it_is_made() -> None:
    node, cache = guest()
    process = Process("r", "reader", cache.read(node, "A", 2))
    assert process.next() == "reads page 2 of A: it is in page 4"
    cache.remove(4)
    assert process.next() == "reads page 2 of A: it is not in memory"


@given(st.integers(0, 2**16))
def test_two_who_miss_the_same_page_read_it_into_one(seed: int) -> None:
    node, cache = guest("AA··kkkkk·······", batch=1)
    cache.remove(0)

    def build():
        return cache, [
            Process(letter, letter, cache.read(node, "A", 0, f"cpu {cpu}")) for cpu, letter in enumerate("rs")
        ]

    run = at_random(Run(Scenario("two", "", build, lambda run: Frame("", ()))), seed, 100)
    run = to_the_end(run)
    assert run.processes["r"].result == run.processes["s"].result == cache.files["A"].pages[0]
    assert sum(step.act is READS_DISK for step in run.steps) == 1
    (zone,) = node.populated_zones()
    assert {pfn for pfn, (_, kind) in zone.used.items() if kind == "c"} == {0, *cache.pages}
    node.validate()


def test_without_a_free_page_nothing_is_read() -> None:
    node, cache = guest("AAkkkkkkkkkkkkkk")
    cache.remove(0)
    assert straight(cache.read(node, "A", 0)) is None
    assert 0 not in cache.files["A"].pages


def test_a_name_holds_its_inode_and_slab_says_who_is_unused() -> None:
    _, cache = guest()
    inodes = [Inode("x"), Inode("y")]
    dentries = [Dentry(inodes[0]), Dentry(inodes[0], users=1)]
    cache.fill_slab([18], dentries, 4)
    cache.fill_slab([19], inodes, 4)
    assert inodes[0].users == 2
    assert cache.unused(Dentry) == {18: [dentries[0]]}
    assert cache.unused(Inode) == {19: [inodes[1]]}
    with pytest.raises(FreepagesError, match="3 objects, and room for 2"):
        cache.fill_slab([18], [Inode(), Inode(), Inode()], 2)


@given(guests(overlaps=True))
def test_every_page_of_the_cache_is_at_the_index_it_says(some: tuple[DrawnNode, PageCache]) -> None:
    node, cache = some
    assert all(inode.pages[index] == pfn for pfn, (inode, index) in cache.pages.items())
    assert sum(len(inode.pages) for inode in cache.files.values()) == len(cache.pages)
    node.validate()
