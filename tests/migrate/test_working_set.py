"""Working sets: ranks found and pages marked as a plain list of pfns would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from freepages.migrate.workload.working_set import Ranks, WorkingSet
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, set_bits


@st.composite
def bitmaps(draw: st.DrawFn) -> PageBitmap:
    pages = draw(st.integers(1, 500))
    bitmap = PageBitmap(pages)
    for pfn in draw(st.sets(st.integers(0, pages - 1), min_size=1)):
        bitmap.set(pfn)
    return bitmap


def pfns(bitmap: PageBitmap) -> list[int]:
    return set_bits(bitmap.words).tolist()


@given(bitmaps())
def test_every_rank_is_found(bitmap: PageBitmap) -> None:
    ranks = Ranks(bitmap.words)
    assert [ranks.find(rank) for rank in range(ranks.count)] == pfns(bitmap)


def test_ranks_are_found_across_chunks() -> None:
    words = np.random.default_rng(1).integers(0, 1 << 64, 2 * CHUNK_WORDS + 9, np.uint64)
    words[CHUNK_WORDS : CHUNK_WORDS + 100] = 0
    ranks, expected = Ranks(words), set_bits(words)
    assert ranks.count == len(expected)
    for rank in (0, 1, ranks.count // 2, ranks.count - 1):
        assert ranks.find(rank) == expected[rank]
    edge = int((expected < CHUNK_WORDS * 64).sum())
    assert [ranks.find(edge - 1), ranks.find(edge)] == expected[edge - 1 : edge + 1].tolist()


@given(bitmaps(), st.data())
def test_a_set_is_a_run_of_the_pages_of_its_bitmap(bitmap: PageBitmap, data: st.DataObject) -> None:
    there = pfns(bitmap)
    count = data.draw(st.integers(1, len(there)))
    mine = WorkingSet.among(bitmap, count, np.random.default_rng(data.draw(st.integers(0, 9))))
    chosen = mine.pfns().tolist()
    at = there.index(chosen[0])
    assert len(mine) == count and chosen == there[at : at + count] and pfns(bitmap) == there

    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, count)] * 2)))
    some = PageBitmap(bitmap.pages)
    mine.set_some(some, start, stop)
    assert pfns(some) == chosen[start:stop]

    mine.clear_in(bitmap)
    assert pfns(bitmap) == there[:at] + there[at + count :]
    mine.clear_in(bitmap)
    mine.set_in(bitmap)
    assert pfns(bitmap) == there


def test_no_pages_are_a_set_too() -> None:
    bitmap = PageBitmap(70)
    none = WorkingSet.none()
    none.set_in(bitmap)
    assert len(none) == 0 and not len(none.pfns()) and not bitmap.count()
