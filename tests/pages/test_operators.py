"""The operators of a set of pages are those of Python's own sets, for both kinds of it."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet

PAGES = 130
KINDS = (PageSet, PageBitmap)
MAKE = ("or_", "and_", "sub", "xor")
IN_PLACE = ("ior", "iand", "isub", "ixor")
COMPARE = ("le", "lt", "ge", "gt", "eq", "ne")

kinds = st.sampled_from(KINDS)
some = st.frozensets(st.integers(0, PAGES - 1), max_size=9)
others = st.sampled_from([set, frozenset, list, tuple])


@given(kinds, some, some, others, st.sampled_from(MAKE))
def test_what_is_made_is_what_a_set_would_be(kind, left, right, other, name) -> None:
    make = getattr(operator, name)
    one = kind.of(PAGES, left)
    for made in (make(one, kind.of(PAGES, right)), make(one, other(right))):
        assert type(made) is kind and {*made} == make(left, right) and len(made) == len({*made})
    assert {*make(other(left), kind.of(PAGES, right))} == make(left, right)
    assert {*one} == left


@given(kinds, some, some, others, st.sampled_from(IN_PLACE))
def test_what_is_changed_is_the_same_set(kind, left, right, other, name) -> None:
    change, expected = getattr(operator, name), {*left}
    for theirs in (kind.of(PAGES, right), other(right)):
        one = kind.of(PAGES, left)
        assert change(one, theirs) is one and {*one} == change(expected.copy(), right)


@given(kinds, some, some, st.sampled_from(COMPARE))
def test_comparisons_are_those_of_sets(kind, left, right, name) -> None:
    compare = getattr(operator, name)
    one, two = kind.of(PAGES, left), kind.of(PAGES, right)
    assert compare(one, two) == compare(one, set(right)) == compare(left, right)


@pytest.mark.parametrize("kind", KINDS)
def test_in_len_and_iteration(kind) -> None:
    pages = kind.of(PAGES, [3, 70, 129])
    assert 70 in pages and 4 not in pages and PAGES not in pages and -1 not in pages
    assert len(pages) == 3 and [*pages] == [3, 70, 129] and pages and not kind(PAGES)
    assert pages == [129, 3, 70] and pages != {3} and pages != "3" and pages == kind.of(PAGES, pages)
    assert kind.of(9, range(3)) == (0, 1, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*MAKE, *IN_PLACE, "le", "lt", "ge", "gt"])
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (3, "3 is one page and not a set of pages: write \\[3\\]"),
        ("page 3", "'page 3' is no set of pages"),
        ({3: 4}, "is no set of pages"),
        (None, "None is no set of pages"),
        (["3"], "'3' is no page"),
        ([True], "True is no page"),
        ([8], "8"),
    ],
)
def test_anything_else_is_refused_in_one_sentence_and_nothing_changes(kind, name, other, words) -> None:
    one = kind.of(8, [1])
    with pytest.raises(FreepagesError, match=words) as refused:
        getattr(operator, name)(one, other)
    assert "\n" not in str(refused.value) and one == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_sets_of_other_worlds_and_what_is_no_page_are_refused(kind) -> None:
    with pytest.raises(FreepagesError, match="sets of 8 and of 9 pages do not combine"):
        kind(8) | kind(9)
    with pytest.raises(FreepagesError, match="'3' is no page"):
        assert "3" in kind(8)
    assert kind(8) != kind(9)
