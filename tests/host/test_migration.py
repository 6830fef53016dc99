"""The migration bitmap: what adds to it, what takes away, and Tsirkin's copy of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import BulkContent, Content
from freepages.engine.errors import FreepagesError
from freepages.host.dirty_log import DirtyLog, Mode
from freepages.host.migration import Migration
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet
from tests.bitmaps import bitmap, listed

PAGES = 4
ALL = set(range(PAGES))

some = st.frozensets(st.integers(0, PAGES - 1))
moves = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "send", "skip"]), some),
        st.tuples(st.sampled_from(["sync", "keep_copy"])),
    ),
    max_size=15,
)


def host(*switches, kind=PageSet):
    mode: Mode = "manual" if "log-not-cleared-by-sync" in switches else "auto"
    late = any(switch.startswith("log-bit-late") for switch in switches)
    log = DirtyLog(PAGES, mode, late=late, kind=kind)
    log.start()
    content = (Content if kind is PageSet else BulkContent)(PAGES, log)
    return Migration(content, log, **Assumptions.of(switches).of_the_host)


def pageset(members):
    return bitmap(PAGES, members, PageSet)


def make(to, move):
    name, *args = move
    pages = [bitmap(PAGES, arg, to.log.kind) for arg in args]
    if name == "write":
        to.content.write(*pages)
    else:
        getattr(to, name)(*pages)


def test_at_first_all_is_to_be_sent() -> None:
    assert listed(host().to_send) == ALL
    wide = Migration(None, DirtyLog(PAGES), pages=200)  # the log's pfns are not its pages
    assert wide.to_send.count() == 200


@settings(max_examples=80)
@given(moves)
def test_who_never_skips_ends_with_two_equal_sides(sequence) -> None:
    to = host()
    for move in sequence:
        if move[0] != "skip":
            make(to, move)
    to.stop()
    assert to.stopped and not to.content.unequal() and not to.to_send


@settings(max_examples=80)
@given(moves)
def test_bitmaps_and_small_sets_migrate_alike(sequence) -> None:
    one, other = host(), host(kind=PageBitmap)
    for move in [*sequence, ("sync",)]:
        make(one, move)
        make(other, move)
        assert listed(one.to_send) == listed(other.to_send)
        assert listed(one.content.unequal()) == listed(other.content.unequal())


def test_a_skipped_page_is_sent_only_if_the_log_brings_it_later() -> None:
    to = host()
    to.skip(pageset([0, 1]))
    to.content.write(pageset([1]))
    to.stop()
    assert listed(to.content.unequal()) == {0}


def test_what_a_sync_brings_before_the_report_is_lost_with_it() -> None:
    to = host()
    to.content.write(pageset([1]))
    assert listed(to.sync()) == {1}
    to.skip(pageset([1]))
    to.stop()
    assert listed(to.content.unequal()) == {1}


@settings(max_examples=120)
@given(moves, moves, some)
def test_with_the_copy_nothing_written_since_is_lost_whenever_the_report_comes(before, after, report) -> None:
    """To send is the copy without the report, or whatever a sync has brought since: nothing else is lost."""
    to = host()
    for move in before:
        make(to, move)
    to.sync()
    to.keep_copy()
    copy, brought, written = listed(to.to_send), set(), set()
    for move in after:
        if move[0] in ("keep_copy", "skip"):
            continue
        if move[0] == "write":
            written |= move[1]
        elif move[0] == "sync":
            brought |= written
            written = set()
        make(to, move)
    assert listed(to.copy) == copy and listed(to.brought) == brought
    to.skip_in_copy(pageset(report))
    assert listed(to.to_send) == copy - report | brought
    assert listed(to.copy) == copy  # a second report finds it as it was
    to.stop()
    assert not brought & listed(to.content.unequal())
    assert not written & listed(to.content.unequal())


def test_a_new_copy_begins_anew() -> None:
    to = host()
    to.keep_copy()
    to.content.write(pageset([2]))
    to.send(to.to_send.copy())
    to.sync()
    to.keep_copy()
    assert (listed(to.copy), listed(to.brought)) == ({2}, set())


def test_a_report_leaves_the_log_alone_unless_it_clears_it() -> None:
    for skip in ("skip", "skip_in_copy"):
        for switches, left in (((), {1, 2}), (("report-clears-log",), {2})):
            to = host(*switches)
            to.keep_copy()
            to.content.write(pageset([1, 2]))
            getattr(to, skip)(pageset([0, 1]))
            assert listed(to.sync()) == left


def test_a_log_that_is_not_cleared_brings_its_pages_again_until_a_report_clears_them() -> None:
    to = host("log-not-cleared-by-sync", "report-clears-log")
    to.content.write(pageset([1, 2]))
    assert listed(to.sync()) == {1, 2}
    to.send(to.to_send.copy())
    assert listed(to.sync()) == {1, 2} == listed(to.to_send)
    to.skip(pageset([1]))
    assert listed(to.sync()) == {2}


def test_a_pending_bit_is_seen_by_a_sync_only_where_syncs_flush() -> None:
    for switch, seen in (("log-bit-late", set()), ("log-bit-late-flushed", {1})):
        to = host(switch)
        to.content.write(pageset([1]))
        assert listed(to.sync()) == seen
        to.send(to.to_send.copy())
        to.content.write(pageset([2]))
        to.stop()
        assert listed(to.content.unequal()) == (set() if seen else {2})


def test_nothing_is_synced_while_the_log_is_off() -> None:
    to = host()
    to.log.stop()
    with pytest.raises(FreepagesError, match="while it is off"):
        to.sync()
