"""Tokens of a few pages and of a whole machine: the same pages are unequal."""

from hypothesis import given
from hypothesis import strategies as st

from freepages.debate.content import LETTERS, POISON, ZERO, BulkContent, Content, letter
from freepages.pages.pageset import PageSet
from tests.bitmaps import bitmap, listed

PAGES = 9  # a byte of a bitmap and a bit

some = st.frozensets(st.integers(0, PAGES - 1))
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "send", "discard"]), some),
        st.tuples(st.just("fill"), some, st.sampled_from([ZERO, POISON])),
    ),
    max_size=15,
)


class Heard:
    """A log that only notes what it hears."""

    def __init__(self):
        self.writes = []

    def write(self, written):
        self.writes.append(listed(written))


@given(some, steps)
def test_both_kinds_agree_on_what_is_unequal_what_is_zero_and_what_was_logged(zero, sequence) -> None:
    small = Content(PAGES, Heard(), [ZERO if page in zero else LETTERS for page in range(PAGES)])
    bulk = BulkContent(PAGES, Heard(), bitmap(PAGES, set(range(PAGES)) - zero))
    for name, pages, *token in sequence:
        one = getattr(small, name)(bitmap(PAGES, pages, PageSet), *token)
        other = getattr(bulk, name)(bitmap(PAGES, pages), *token)
        assert (one is None) == (other is None)
        if one is not None:
            assert listed(one) == listed(other)
        assert listed(small.unequal()) == listed(bulk.unequal())
        for here, there in ((small.source, bulk.source), (small.destination, bulk.destination)):
            assert [min(token, LETTERS) for token in here] == [min(int(token), LETTERS) for token in there]
    assert small.log.writes == bulk.log.writes  # type: ignore[attr-defined]


@given(steps, st.integers(0, PAGES - 1))
def test_a_write_is_seen_to_be_one_until_the_page_is_sent(sequence, page) -> None:
    content = Content(PAGES, Heard())
    for name, pages, *token in sequence:
        getattr(content, name)(bitmap(PAGES, pages, PageSet), *token)
    before = content.source[page]
    content.write(PageSet.of(PAGES, [page]))
    assert content.source[page] != before and page in content.unequal()
    content.send(PageSet.of(PAGES, [page]))
    assert page not in content.unequal()


def test_the_destination_starts_as_zeros_and_the_source_as_it_is_told() -> None:
    content = Content(3, Heard(), [ZERO, POISON, LETTERS])
    assert list(content.unequal()) == [1, 2]
    assert list(Content(2, Heard()).unequal()) == [0, 1]


def test_a_discard_says_what_it_changed_and_the_log_does_not_hear_of_it() -> None:
    log = Heard()
    content = Content(3, log, [ZERO, POISON, LETTERS])
    assert list(content.discard(PageSet.of(3, [0, 1]))) == [1]
    assert content.source == [ZERO, ZERO, LETTERS] and log.writes == []


def test_tokens_have_letters() -> None:
    assert "".join(letter(token) for token in (ZERO, POISON, LETTERS, LETTERS + 1, LETTERS + 26)) == "∅!ABA"
