"""States as ints: what a field says comes back, and pages are renumbered with all that is said of them."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.debate.content import PerPage
from freepages.debate.mailbox import Answer
from freepages.engine.errors import FreepagesError
from freepages.pages.pageset import Pages
from freepages.search.state_bits import COLUMN, BitLayout, Field

PAGES = 3
TURNS = list(permutations(range(PAGES)))

tokens = st.tuples(*[st.integers(0, 5)] * PAGES).map(PerPage)
sets = st.integers(0, (1 << PAGES) - 1).map(lambda value: Pages(PAGES, value))
plain = st.one_of(st.none(), st.sampled_from(["", "driver", "host"]), tokens, sets)
values = st.recursive(plain, lambda some: st.lists(some, max_size=3).map(tuple), max_leaves=6)
states = st.lists(st.tuples(values, values, values), min_size=1, max_size=6)


def renumbered(value, turn):
    """The value with page i called turn[i], written anew."""
    if isinstance(value, Pages):
        return Pages(PAGES, sum(1 << turn[page] for page in range(PAGES) if value.value >> page & 1))
    if isinstance(value, PerPage):
        return PerPage(token for _, token in sorted(zip(turn, value, strict=True)))
    return tuple(renumbered(some, turn) for some in value) if isinstance(value, tuple) else value


@given(states)
def test_a_field_gives_back_what_was_put_into_it_however_many_values_come_later(many) -> None:
    layout = BitLayout(PAGES)
    fields = [Field(layout) for _ in range(3)]
    words = [sum(field.bits(value) for field, value in zip(fields, state, strict=True)) for state in many]
    for state, word in zip(many, words, strict=True):
        assert tuple(field.value(word) for field in fields) == state
    assert len(set(words)) == len(set(many))
    union = 0
    for field in fields:
        assert not union & field.mask
        union |= field.mask
    assert union.bit_count() == layout.size


@given(states)
def test_of_all_numberings_of_the_pages_one_is_taken(many) -> None:
    layout = BitLayout(PAGES)
    fields = [Field(layout) for _ in range(3)]
    canonical = {}
    for state in many:
        turned = {tuple(renumbered(value, turn) for value in state) for turn in TURNS}
        words = {sum(field.bits(v) for field, v in zip(fields, some, strict=True)) for some in turned}
        kept = {layout.sorted(word) for word in words}
        assert len(kept) == 1 and kept <= words
        canonical[frozenset(turned)] = kept.pop()
        assert tuple(field.value(canonical[frozenset(turned)]) for field in fields) in turned
    assert len(set(canonical.values())) == len(canonical)


def test_a_numbering_that_was_never_seen_is_known_too() -> None:
    """A search sorts the columns of a state; then a field may have a value that it never was given."""
    layout = BitLayout(PAGES)
    field = Field(layout)
    for ahead, behind in ((0b001, 0b000), (0b100, 0b100)):
        field.bits((Pages(PAGES, ahead), Answer(7, Pages(PAGES, behind))))
    word = layout.sorted(field.bits((Pages(PAGES, 0b110), Answer(7, Pages(PAGES, 0b100)))))
    assert field.value(word) == (Pages(PAGES, 0b101), (7, Pages(PAGES, 0b100)))


def test_a_column_that_is_full_is_an_error() -> None:
    layout = BitLayout(1)
    for _ in range(COLUMN):
        layout.new_column_bit()
    field = Field(layout)
    assert field.bits(Pages(1, 0)) == 0
    with pytest.raises(FreepagesError, match=f"no more than {COLUMN} bits of each page"):
        field.bits(Pages(1, 1))
