"""Whose each page is: every page has one owner, and what a change of hands does to content and log."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import LETTERS, POISON, ZERO, Content
from freepages.debate.ownership import Ownership
from freepages.host.dirty_log import DirtyLog
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet

PAGES = 4
MOVES = ("allocate", "release", "hold", "give back", "isolate", "put_back", "write")


def pages(*members):
    return PageSet.of(PAGES, members)


def guest(*switches, free=range(PAGES), kind=PageSet):
    log = DirtyLog(PAGES, kind=PageSet)
    log.start()
    return Ownership(PAGES, Content(PAGES, log), Assumptions.of(switches), pages(*free))


def logged(of):
    """The pages that the log has heard of since it was last asked."""
    return set(of.memory.log.read())


def move(of, name, page):
    """Make a move where it is possible; whether it was."""
    owners = {"isolated": of.isolated, "held": of.held, "free": of.free, "in use": of.in_use}
    where = next(name for name, has in owners.items() if has[page])
    needs = {
        "release": "in use",
        "write": "in use",
        "give back": "held",
        "put_back": "isolated",
    }
    if where != needs.get(name, "free"):
        return False
    getattr(of, "release" if name == "give back" else name)(pages(page))
    return True


@st.composite
def switches(draw):
    texts = [
        "every-page-in-use",
        "write-at-alloc",
        "alloc-marks-dirty",
        "init-on-alloc",
        "rely-on-free-content",
    ]
    texts += ["init-on-free=zero", "init-on-free=poison"]
    return draw(st.lists(st.sampled_from(texts), unique=True, max_size=3))


@settings(max_examples=60)
@given(
    switches(),
    st.sets(st.integers(0, PAGES - 1)),
    st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, PAGES - 1)), max_size=20),
)
def test_every_page_has_one_owner_whatever_happens(assume, free, moves) -> None:
    of = guest(*assume, free=free)
    for name, page in moves:
        move(of, name, page)
        sets = [set(of.free), set(of.held), set(of.in_use)]
        assert sum(map(len, sets)) == PAGES and set().union(*sets) == set(range(PAGES))
        assert set(of.isolated) <= set(of.held)
        assert set(of.written) <= set(of.in_use)
        assert set(of.reported) <= set(of.free)
        assert set(of.written) <= set(of.matters())
        if of.assume.rely_on_free_content:
            assert set(of.matters()) == set(range(PAGES)) - (set(of.held) - set(of.isolated))
        elif of.assume.every_page_in_use:
            assert set(of.matters()) == set(of.in_use)
        else:
            assert set(of.matters()) == set(of.written)


def test_pages_in_use_at_the_start_count_as_written() -> None:
    of = guest(free=[0, 2])
    assert set(of.written) == set(of.matters()) == set(of.in_use) == {1, 3}


def test_a_page_matters_from_its_first_write_until_it_is_freed() -> None:
    of = guest()
    of.allocate(pages(1))
    assert not of.matters() and set(of.in_use) == {1}
    of.write(pages(1))
    assert set(of.matters()) == {1} == logged(of)
    of.release(pages(1))
    assert not of.matters() and logged(of) == set()
    of.allocate(pages(1))
    assert not of.matters()  # what it held is of the time before


@pytest.mark.parametrize("take", ["allocate", "hold"])
def test_taking_a_page_leaves_content_and_log_alone_unless_a_switch_is_on(take) -> None:
    of = guest()
    getattr(of, take)(pages(1))
    assert of.memory.source[1] == LETTERS and logged(of) == set()

    of = guest("alloc-marks-dirty")
    getattr(of, take)(pages(1))
    assert of.memory.source[1] == LETTERS and logged(of) == {1}

    of = guest("init-on-alloc")
    getattr(of, take)(pages(1))
    assert of.memory.source[1] == ZERO and logged(of) == {1}


def test_a_page_written_or_zeroed_as_it_is_allocated_matters_but_not_the_drivers() -> None:
    for switch in ("write-at-alloc", "init-on-alloc"):
        of = guest(switch)
        of.allocate(pages(1))
        of.hold(pages(2))
        assert set(of.matters()) == {1}
        assert 1 in logged(of)


@pytest.mark.parametrize("fill, token", [("zero", ZERO), ("poison", POISON)])
def test_free_pages_hold_the_fill_from_the_start_and_the_log_hears_of_each(fill, token) -> None:
    of = guest(f"init-on-free={fill}", free=[0, 1, 2])
    assert of.memory.source == [token, token, token, LETTERS]
    logged(of)
    of.release(pages(3))
    of.hold(pages(0))
    assert logged(of) == {3}
    of.memory.write(pages(0))
    logged(of)
    of.release(pages(0))
    assert of.memory.source == [token] * PAGES and logged(of) == {0}


def test_a_page_that_is_isolated_and_put_back_was_never_allocated() -> None:
    of = guest("init-on-free=poison", "init-on-alloc", "alloc-marks-dirty", "write-at-alloc")
    logged(of)
    of.memory.source[1] = LETTERS
    of.isolate(pages(1))
    assert set(of.held) == set(of.isolated) == {1} and not of.free[1]
    of.put_back(pages(1))
    assert of.memory.source[1] == LETTERS and logged(of) == set()
    assert of.free[1] and not of.held and not of.isolated


def test_a_free_page_stays_reported_until_somebody_takes_it() -> None:
    for take in ("allocate", "hold"):
        of = guest()
        of.isolate(pages(1, 2))
        of.put_back(pages(1, 2))
        assert set(of.reported) == {1, 2}
        getattr(of, take)(pages(1))
        of.release(pages(1))
        assert set(of.reported) == {2}


def test_who_relies_on_free_content_needs_all_but_what_the_driver_has_allocated() -> None:
    of = guest("rely-on-free-content")
    of.hold(pages(0))
    of.isolate(pages(1))
    of.allocate(pages(2))
    assert set(of.matters()) == {1, 2, 3}


def test_what_matters_is_a_set_of_its_own() -> None:
    for switch in ([], ["every-page-in-use"], ["rely-on-free-content"]):
        of = guest(*switch, free=[0])
        of.matters().clear_range(0, PAGES)
        assert set(of.written) == {1, 2, 3} and set(of.free) == {0}


def test_a_machine_of_bitmaps_changes_hands_as_a_few_pages_do() -> None:
    class Silent:
        def write(self, pages):
            """Nobody listens."""

    free = PageBitmap(100)
    free.set_range(0, 100)
    of = Ownership(100, Silent(), replace(Assumptions(), every_page_in_use=True), free)
    some = PageBitmap(100)
    some.set_range(60, 70)
    of.allocate(some)
    of.write(some)
    assert (of.free.count(), of.matters().count(), of.in_use.count()) == (90, 10, 10)
    of.release(some)
    assert (of.free.count(), of.matters().count()) == (100, 0)
