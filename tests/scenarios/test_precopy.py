"""Pre-copy page by page: what is sent in which round, and what a host does that takes a bitmap over pfns
as it is.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Run, at_random
from freepages.engine.errors import FreepagesError
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.bitmap import PageBitmap
from freepages.scenarios.precopy import (
    FREE,
    HOT,
    around_the_hole,
    in_bulk,
    misplaced,
    race,
    rounds,
    sent_pages,
    skipping,
)
from freepages.view.text import text


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 60))
def test_whatever_is_written_when_is_equal_on_both_sides_after_the_stop(seed, steps):
    run = at_random(Run(rounds()), seed, steps)
    if "h0x" not in str(run.schedule):
        if not run.steps or not run.world.log.on:
            run.move("h")
        run.move("h0x")
    assert not run.world.lost and run.world.host.stopped
    assert not run.world.memory.unequal()


def test_pages_are_sent_in_order_and_a_batch_is_as_many_sends_of_one():
    one, many = Run(rounds(), "h" + " h1n" * 12), Run(rounds(), "h h8n h4n")
    assert one.world.save() == many.world.save()
    assert set(one.world.host.to_send) == set(range(12, 64))
    assert sent_pages(one) == sent_pages(many) == 12


def test_the_search_for_the_next_page_goes_on_behind_the_last_one_sent():
    run = Run(rounds(hot=[2]), "h h8n w h0y h1n")
    assert set(run.world.host.to_send) == {2, *range(9, 64)}


@given(st.integers(1, 6), st.integers(0, 3), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_a_race_ends_with_what_the_downtime_allows_or_where_a_round_is_as_long_as_the_last(
    sends, writes, limit
):
    run, told = race(rounds(), sends, writes, limit)
    pages = [one.pages for one in told]
    assert pages == sorted(pages, reverse=True) and pages[0] == 64
    if told[-1].stopped:
        assert pages[-1] <= limit and not run.world.lost
    else:
        assert run.world.host.to_send.count() == pages[-1] > limit
    assert Run(rounds(), in_bulk(run.schedule)).world.save() == run.world.save()


def test_a_slower_guest_is_sent_in_shrinking_rounds_and_a_fast_one_never():
    assert [one.pages for one in race(rounds(), 4, 1, 3)[1]] == [64, 12, 3]
    assert [one.pages for one in race(rounds(), 1, 1, 3)[1]] == [64, len(HOT)]
    told = race(rounds(), 4, 1, 6, early=True)[1]
    assert [one.pages - one.left for one in told] == [58, 10, 2, 6] and told[-1].stopped
    for sends, writes in ((0, 1), (1, -1)):
        with pytest.raises(FreepagesError):
            race(rounds(), sends, writes, 1)


def test_a_hot_page_is_a_page_in_use():
    with pytest.raises(FreepagesError, match="hot pages are pages in use"):
        rounds(hot=[FREE[0]])


def test_a_page_that_a_guest_has_not_is_named():
    with pytest.raises(FreepagesError, match="page 36 is none of a guest of 32"):
        rounds(pages=32, hot=(5,))


def test_the_host_that_skips_sends_only_what_is_in_use():
    run = Run(skipping(), "h h0r g g g g g h0t")
    assert set(run.world.host.to_send) == set(range(64)) - set(FREE)
    assert list(Run(skipping(), "h h0r").processes["h"].options()) == ["1n", "4n", "8n"]


@st.composite
def machines(draw):
    pages, hole = draw(st.integers(2, 90)), draw(st.integers(1, 20))
    low = draw(st.integers(1, pages - 1))
    ram = GuestRam([RamBlock("pc.ram", 0, pages, ((0, low), (low + hole, pages + hole)))])
    free = PageBitmap(ram.max_pfn)
    for pfn in draw(st.sets(st.integers(0, ram.max_pfn - 1))):
        if not low <= pfn < low + hole:
            free.set(pfn)
    return ram, free


@given(machines())
def test_what_is_misplaced_are_the_pages_in_use_whose_ram_addr_is_the_pfn_of_a_free_one(machine):
    ram, free = machine
    wrong = {at for at in range(ram.pages) if free[at] and not free[ram.pfn(at)]}
    assert {at for at in range(ram.pages) if misplaced(ram, free)[at]} == wrong
    frame = around_the_hole(free, ram)
    assert f"{len(wrong)} pages in use" in frame.note and text(frame)
