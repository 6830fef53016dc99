"""The bulk migration bitmap against the plain one, and its counts against its bits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.debate.content import Content
from freepages.host import bulk_migration
from freepages.host.bulk_migration import BulkMigration
from freepages.host.dirty_log import DirtyLog
from freepages.host.migration import Migration
from freepages.host.ram import GuestRam, RamBlock
from freepages.migrate.timed_world import TimedMemory
from freepages.pages.pageset import PageSet
from tests.bitmaps import bitmap, listed

WORDS = 12
RAM = GuestRam([RamBlock("pc.ram", 0, 64 * WORDS, ((0, 64 * 5), (64 * 8, 64 * 15)))])


def bulk(zero=(), keep=False, ram=RAM, granule=bulk_migration.GRANULE):
    log = DirtyLog(ram.max_pfn)
    memory = TimedMemory(log, bitmap(ram.max_pfn, (ram.pfn(page) for page in zero)), keep)
    return BulkMigration(memory, log, ram, when=lambda: 0, granule=granule)


def check_counts(host):
    zero = RAM.to_ram_addr(host.content.zero)
    assert host.remaining == host.to_send.count()
    zero &= host.to_send
    assert int(host.zeros_in.sum()) == zero.count()


some_pages = st.sets(st.integers(0, 64 * WORDS - 1), max_size=40)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), some_pages),
            st.tuples(st.just("skip"), some_pages),
            st.tuples(st.just("sync"), st.none()),
            st.tuples(st.just("copy"), st.none()),
            st.tuples(st.just("skip in copy"), some_pages),
        ),
        max_size=12,
    )
)
def test_it_has_the_pages_that_the_plain_one_has(history):
    host = bulk(zero=range(0, 64 * WORDS, 3))
    log = DirtyLog(64 * WORDS, kind=PageSet)
    plain = Migration(Content(64 * WORDS, log), log)
    for one in (host, plain):
        one.log.start()
    copied = False
    for what, pages in history:
        by_pfn = bitmap(RAM.max_pfn, map(RAM.pfn, pages or ()))
        by_ram = PageSet.of(64 * WORDS, pages or ())
        if what == "write":
            host.log.write(by_pfn)
            plain.log.write(by_ram)
        elif what == "sync":
            host.sync()
            plain.sync()
        elif what == "copy":
            host.keep_copy()
            plain.keep_copy()
            copied = True
        elif what == "skip":
            host.skip(by_pfn)
            plain.skip(by_ram)
        elif copied:
            host.skip_in_copy(by_pfn)
            plain.skip_in_copy(by_ram)
        assert listed(host.to_send) == set(plain.to_send)
        check_counts(host)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([1, 2, 4]),
    some_pages,
    st.lists(st.floats(0.01, 7), min_size=1, max_size=8),
)
def test_what_is_sent_ahead_is_gone_in_order_and_once_around(granule, skipped, parts):
    host = bulk(zero=range(0, 64 * WORDS, 5), granule=granule)
    host.skip(bitmap(RAM.max_pfn, map(RAM.pfn, skipped)))
    total = host.remaining
    sent = bulk_migration.Sent()
    for part in parts:
        pages, zeros, _ = host.ahead(0, 1000)
        assert int(pages.sum()) == host.remaining and (zeros <= pages).all()
        some = [host.ahead(low, low + 3) for low in range(0, len(pages), 3)]
        assert np.concatenate([one.pages for one in some]).tolist() == pages.tolist()
        before = host.position
        left = listed(host.to_send)
        sending = host.send_ahead(min(part, len(pages)))
        gone = sorted(left - listed(host.to_send), key=lambda page: (page < before * 64, page))
        assert sending.pages == len(gone) and sending.zeros == sum(page % 5 == 0 for page in gone)
        stays = sorted(left - set(gone), key=lambda page: (page < before * 64, page))
        if gone and stays:
            order = [(page < before * 64, page) for page in (gone[-1], stays[0])]
            assert order[0] < order[1]
        sent += sending
        check_counts(host)
    assert sent.pages + host.remaining == total
    assert listed(host.never_sent) == listed(host.to_send) | skipped


def test_a_block_s_name_is_sent_when_the_block_changes():
    ram = GuestRam([RamBlock("pc.ram", 0, 128, ((0, 128),)), RamBlock("dimm0", 128, 128, ((1024, 1152),))])
    host = bulk(ram=ram)
    assert host.send_all() == (256, 0, 1 + len("pc.ram") + 1 + len("dimm0"))
    host.log.start()
    host.log.write(bitmap(ram.max_pfn, [5]))
    host.sync()
    assert host.send_all() == (1, 0, 1 + len("pc.ram"))


def test_what_is_reported_in_one_step_is_kept_as_one_set():
    host = bulk(keep=True)
    pages = [RAM.pfn(page) for page in (3, 70, 71)]
    for pfn in pages:
        host.skip(bitmap(RAM.max_pfn, [pfn]))
    ((step, reported),) = host.reports
    assert step == 0 and listed(reported) == set(pages)
