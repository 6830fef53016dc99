"""What dropping costs: the reads that go to the disk, in bulk as step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import Process, straight
from freepages.engine.errors import FreepagesError
from freepages.scenarios.balloon import DrawnNode
from freepages.scenarios.zones import zone_drawn
from freepages.zone.drop_caches import drop_cache
from freepages.zone.page_cache import READS_DISK, PageCache
from freepages.zone.refaults import coldest_first, gained, refaults, refaults_of_first, zipf_reads
from tests.zone.small_caches import context

READS = st.lists(st.integers(0, 15), max_size=40)


@given(READS, st.sets(st.integers(8, 23)), st.integers(0, 3))
def test_the_reads_that_refault_are_those_that_wait_for_the_disk_when_stepped(
    reads: list[int], mapped: set[int], batch: int
) -> None:
    node = DrawnNode(zone_drawn("kkkkkkkk" + "A" * 16 + "·" * 40), batch=batch)
    cache = PageCache.of(node, mapped=mapped)
    straight(drop_cache(context(node, cache), 1))
    dropped = [index for index in range(16) if index not in cache.files["A"].pages]
    assert len(dropped) == 16 - len(mapped)

    def goes_to_disk(index: int) -> bool:
        process, disk = Process("r", "reader", cache.read(node, "A", index)), False
        while not process.done:
            disk = disk or process.act is READS_DISK
            process.go()
        return disk

    assert refaults(reads, dropped).tolist() == [goes_to_disk(index) for index in reads]
    node.validate()


@given(READS, st.permutations(range(16)))
def test_the_trade_off_is_the_refaults_of_every_number_of_pages(reads: list[int], order: list[int]) -> None:
    curve = refaults_of_first(order, reads)
    assert curve.tolist() == [refaults(reads, order[:pages]).sum() for pages in range(17)]


@given(READS)
def test_the_coldest_page_is_the_one_read_longest_ago(history: list[int]) -> None:
    order = coldest_first(16, history).tolist()
    assert sorted(order) == list(range(16))
    last = {page: at for at, page in enumerate(history)}
    assert [last.get(page, -1) for page in order] == sorted(last.get(page, -1) for page in range(16))


def test_reads_follow_the_law_and_the_seed() -> None:
    reads = zipf_reads(100, 200_000, 1.0, 5)
    counts = np.sort(np.bincount(reads, minlength=100))[::-1]
    expected = 200_000 / np.arange(1, 101) / (1 / np.arange(1, 101)).sum()
    assert np.allclose(counts[:20], expected[:20], rtol=0.1)
    assert (reads == zipf_reads(100, 200_000, 1.0, 5)).all()
    assert (reads != zipf_reads(100, 200_000, 1.0, 6)).any()
    flat = np.bincount(zipf_reads(100, 200_000, 0, 5), minlength=100)
    assert flat.min() > 1700 and flat.max() < 2300


def test_no_pages_to_read_or_fewer_reads_than_none_are_refused() -> None:
    for pages, reads, skew in ((0, 5, 1.0), (5, -1, 1.0), (5, 5, -1.0)):
        with pytest.raises(FreepagesError):
            zipf_reads(pages, reads, skew, 0)
    assert len(zipf_reads(5, 0, 1.0, 0)) == 0


def test_a_page_gains_its_time_on_the_link_and_a_refault_costs_the_disks() -> None:
    refaulted = refaults_of_first([2, 0, 1], [0, 0, 1])
    assert gained(refaulted, 1.0, 4.0).tolist() == [0, 1, -2, -5]
