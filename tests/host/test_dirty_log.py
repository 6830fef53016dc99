"""The dirty log: no write is lost whatever the mode, except where the mode says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.host.dirty_log import MODES, DirtyLog
from freepages.pages.bitmap import PageBitmap

PAGES = 130  # two words and a bit


def bitmap(*pages):
    made = PageBitmap(PAGES)
    for page in pages:
        made.set(page)
    return made


def listed(of):
    if of is None:  # the log keeps none in this mode
        return []
    return [page for page in range(PAGES) if of[page]]


def test_auto_reading_clears_and_protects_again():
    log = DirtyLog(PAGES)
    log.start()
    log.write(bitmap(3, 70))
    assert listed(log.read()) == [3, 70] and listed(log.read()) == []
    log.write(bitmap(3))
    assert listed(log.read()) == [3]


def test_writes_while_the_log_is_off_are_not_seen():
    log = DirtyLog(PAGES)
    log.write(bitmap(1))
    log.start()
    assert listed(log.read()) == []
    log.write(bitmap(2))
    log.stop()
    with pytest.raises(FreepagesError, match="while it is off"):
        log.read()
    log.start()
    assert listed(log.read()) == []


def test_manual_reading_changes_nothing_until_the_range_is_cleared():
    log = DirtyLog(PAGES, "manual")
    log.start()
    log.write(bitmap(3, 70))
    assert listed(log.read()) == listed(log.read()) == [3, 70]
    log.clear(64, 128)
    assert listed(log.read()) == [3]
    log.write(bitmap(70))
    assert listed(log.read()) == [3, 70]


def test_initially_set_every_page_counts_as_written_and_is_caught_only_after_its_clear():
    log = DirtyLog(PAGES, "initially set")
    log.start()
    assert len(listed(log.read())) == PAGES
    log.write(bitmap(5))  # not protected yet: sets nothing new, and its bit is set anyway
    log.clear(0, 64)
    assert 5 not in listed(log.read())
    log.write(bitmap(5))
    assert 5 in listed(log.read())


def test_late_the_bit_of_a_write_is_seen_by_no_reading_until_it_settles():
    log = DirtyLog(PAGES, late=True)
    log.start()
    log.write(bitmap(9))
    assert listed(log.read()) == []
    log.settle()
    assert listed(log.read()) == [9]


@pytest.mark.parametrize(("start", "end"), [(1, 64), (0, 65), (64, 64), (0, 131), (-64, 64)])
def test_a_range_that_cannot_be_cleared_is_named(start, end):
    log = DirtyLog(PAGES, "manual")
    with pytest.raises(FreepagesError, match=rf"\[{start}, {end}\)"):
        log.clear(start, end)


def test_auto_is_not_cleared_by_hand_and_a_mode_must_be_one():
    with pytest.raises(FreepagesError, match="cleared by reading it"):
        DirtyLog(PAGES).clear(0, 64)
    with pytest.raises(FreepagesError, match="mode 'lazy' is not known: there are auto, manual"):
        DirtyLog(PAGES, "lazy")  # type: ignore[arg-type]


actions = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sets(st.integers(0, PAGES - 1), max_size=4)),
        st.tuples(st.just("read"), st.none()),
        st.tuples(st.just("clear"), st.sampled_from([(0, 64), (64, 128), (0, 130)])),
        st.tuples(st.just("settle"), st.none()),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MODES), st.booleans(), actions)
def test_a_host_that_reads_before_it_clears_never_loses_a_write(mode, late, history):
    """Seen or still to be seen: what was written since a page's bit was last taken is in the log."""
    log = DirtyLog(PAGES, mode, late=late)
    log.start()
    unseen: set[int] = set()
    for action, argument in history:
        if action == "write":
            log.write(bitmap(*argument))
            unseen |= argument
        elif action == "settle":
            log.settle()
        elif action == "read" or mode == "auto":
            seen = set(listed(log.read()))
            unseen -= seen if mode == "auto" else set()
        else:
            start, end = argument
            unseen -= {page for page in set(listed(log.read())) if start <= page < end}
            log.clear(start, end)
        assert unseen <= set(listed(log.bits)) | set(listed(log.pending))
