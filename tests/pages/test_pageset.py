"""The set in an int and the bitmap in words: one interface, one behaviour."""

from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet

PAGES = 70  # a word and a bit: what a bitmap keeps in two words

pfns = st.integers(-2, PAGES + 2)
some = st.frozensets(st.integers(0, PAGES - 1))
steps = st.one_of(
    st.tuples(st.sampled_from(["set", "clear", "__getitem__"]), pfns),
    st.tuples(st.sampled_from(["set_range", "clear_range", "range_count"]), pfns, pfns),
    st.tuples(st.sampled_from(["__ior__", "__iand__", "__isub__", "__eq__"]), some),
    st.tuples(st.sampled_from(["count", "copy", "__len__"])),
)


def of(kind, pages, count=PAGES):
    made = kind(count)
    for page in pages:
        made.set(page)
    return made


def done(to, step):
    """What comes of a step: its result as plain values, or that it was refused."""
    name, *args = step
    args = [of(type(to), arg) if isinstance(arg, frozenset) else arg for arg in args]
    try:
        result = getattr(to, name)(*args)
    except FreepagesError:
        return "refused"
    return listed(result) if isinstance(result, (PageSet, PageBitmap)) else result


def listed(pages):
    return [page for page in range(pages.pages) if pages[page]]


@given(some, st.lists(steps, max_size=12))
def test_every_method_they_share_does_the_same_to_both(start, sequence) -> None:
    one, other = of(PageSet, start), of(PageBitmap, start)
    for step in sequence:
        assert done(one, step) == done(other, step), step
        assert listed(one) == listed(other)


@pytest.mark.parametrize("given", [(4, [0, 1]), (4, {0}), ([0, 1],), (PageSet(4),), ("4",), (4.0,)])
def test_a_set_is_not_made_of_its_pages(given) -> None:
    with pytest.raises(FreepagesError, match=r"^PageSet\(.*\): the set of pages 0 and 1 of 4 is"):
        PageSet(*given)


@given(some)
def test_iteration_is_ascending_and_truth_is_not_being_empty(pages) -> None:
    made = of(PageSet, pages)
    assert list(made) == sorted(pages) == listed(made)
    assert bool(made) == bool(pages)
    assert PageSet.of(PAGES, pages) == made


@given(some, st.integers(0, PAGES - 1))
def test_a_copy_is_its_own(pages, page) -> None:
    one = of(PageSet, pages)
    twin = one.copy()
    twin.clear(page) if one[page] else twin.set(page)
    assert twin != one and listed(one) == sorted(pages)


@given(some, some)
def test_operators_work_in_place_and_leave_the_other_as_it_is(left, right) -> None:
    for change, expected in (
        ("__ior__", left | right),
        ("__iand__", left & right),
        ("__isub__", left - right),
    ):
        one, other = of(PageSet, left), of(PageSet, right)
        assert getattr(one, change)(other) is one
        assert (set(one), set(other)) == (expected, right)


def test_sets_of_different_worlds_do_not_combine_and_are_not_equal() -> None:
    one, other = PageSet(4, 0b11), PageSet(5, 0b11)
    assert one != other and one != 3
    for change in ("__ior__", "__iand__", "__isub__"):
        with pytest.raises(FreepagesError, match="4 and of 5 pages"):
            getattr(one, change)(other)
    assert one.value == 0b11


def test_what_is_outside_is_refused_by_name_and_nothing_changes() -> None:
    one = PageSet.of(4, [1])
    with pytest.raises(FreepagesError, match="page 4 is not among the pages 0 to 3"):
        one.set(4)
    with pytest.raises(FreepagesError, match=r"\[3, 2\)"):
        one.set_range(3, 2)
    with pytest.raises(FreepagesError):
        PageSet.of(4, [0, -1])
    assert listed(one) == [1]


def test_it_is_mutable_and_so_has_no_hash() -> None:
    for kind in (PageSet, PageBitmap):
        with pytest.raises(TypeError):
            hash(kind(1))
    assert copy(PageSet(3, 0b101)) == PageSet(3, 0b101)


@pytest.mark.parametrize(
    "pages, text",
    [
        ([], "no page"),
        ([3], "page 3"),
        ([0, 2], "pages 0 and 2"),
        ([0, 2, 5], "pages 0, 2 and 5"),
        ([3, *range(9, 20)], "12 pages in [3, 20)"),
    ],
)
def test_pages_are_told_as_a_learner_counts_them(pages, text) -> None:
    assert str(PageSet.of(64, pages)) == text
