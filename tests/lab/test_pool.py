from hypothesis import given
from hypothesis import strategies as st

from freepages.lab.pool import Pool

WORDS = st.text(st.sampled_from('<>"\\,]{}[ab é→'), max_size=12) | st.sampled_from(
    ["<path d='M0'/><text x='1'>a</text>", '<div class="line">x</div>' * 3]
)
VIEWS = st.recursive(
    WORDS | st.integers() | st.booleans(), lambda v: st.lists(v) | st.dictionaries(WORDS, v), max_leaves=12
)


@given(st.lists(VIEWS, max_size=4))
def test_what_is_packed_is_unpacked_and_no_piece_is_stored_twice(views: list[object]) -> None:
    pool = Pool()
    packed = [pool.pack(view) for view in views]
    assert [pool.unpack(one) for one in packed] == views
    assert len(set(pool.pieces)) == len(pool.pieces)


def test_only_what_is_new_is_handed_out() -> None:
    pool = Pool()
    pool.pack(["a", "b"])
    assert pool.fresh()["from"] == 0
    pool.pack(["a", "c"])
    assert pool.fresh()["pieces"] == ['"c"]']
    assert pool.fresh()["pieces"] == []


def test_a_view_that_is_like_the_one_before_takes_a_few_numbers() -> None:
    pool = Pool()
    lines = [f'<div class="line">{n}</div>' for n in range(100)]
    pool.pack("".join(lines))
    assert len(pool.pack("".join(["new", *lines]))) < 6
