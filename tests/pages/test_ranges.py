"""freepages.pages.ranges against sets of pfns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from freepages.pages.ranges import arrays, intersect, join, merge, pages, without

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def pfns(pairs) -> set[int]:
    return {pfn for start, end in pairs for pfn in range(start, end)}


def pairs_of(ranges):
    return tuple(zip(ranges[0].tolist(), ranges[1].tolist(), strict=True))


@given(PAIRS)
def test_merge_keeps_the_pages_and_nothing_touches(pairs):
    merged = merge(pairs)
    assert pfns(merged) == pfns(pairs)
    assert all(start < end for start, end in merged)
    assert all(end < start for (_, end), (start, _) in zip(merged, merged[1:], strict=False))


@given(PAIRS, PAIRS)
def test_intersect_and_without_are_those_of_sets(these, those):
    these, those = merge(these), merge(those)
    both, rest = intersect(arrays(these), arrays(those)), without(arrays(these), arrays(those))
    assert (
        pairs_of(both) == merge(pairs_of(both)) == merge((pfn, pfn + 1) for pfn in pfns(these) & pfns(those))
    )
    assert merge(pairs_of(rest)) == merge((pfn, pfn + 1) for pfn in pfns(these) - pfns(those))
    assert pages(both) + pages(rest) == pages(arrays(these))


@given(PAIRS, st.randoms(use_true_random=False))
def test_join_makes_pieces_in_any_order_maximal_runs(pairs, random):
    runs = merge(pairs)
    pieces = [
        piece for start, end in runs for piece in ((start, (start + end) // 2), ((start + end) // 2, end))
    ]
    pieces = [piece for piece in pieces if piece[0] < piece[1]]
    random.shuffle(pieces)
    joined = join(*(np.array(side) for side in arrays(pieces)))
    assert pairs_of(joined) == runs
