"""Working sets: ranks found and pages marked as a plain list of pfns would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from freepages.migrate.workload.working_set import Ranks, ScatteredPages, WorkingSet
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
def test_many_ranks_are_found_as_each_alone(bitmap: PageBitmap, data: st.DataObject) -> None:
    there = np.array(pfns(bitmap))
    some = np.array(sorted(data.draw(st.sets(st.integers(0, len(there) - 1)))), np.int64)
    assert Ranks(bitmap.words).find_all(some).tolist() == there[some].tolist()


@given(bitmaps(), st.data())
def test_the_last_pages_are_the_last_and_found_by_rank(bitmap: PageBitmap, data: st.DataObject) -> None:
    there = pfns(bitmap)
    count = data.draw(st.integers(1, len(there)))
    last = WorkingSet.last(bitmap, count)
    assert last.pfns().tolist() == there[-count:]
    assert last.at(np.array([0, count - 1])).tolist() == [there[-count], there[-1]]


@given(bitmaps(), bitmaps(), st.data())
def test_scattered_pages_are_set_ones_and_not_those_that_are_not_liked(
    bitmap: PageBitmap, but: PageBitmap, data: st.DataObject
) -> None:
    there = set(pfns(bitmap))
    count = data.draw(st.integers(1, len(there)))
    liked = bitmap.pages <= but.pages and len(there - set(pfns(but))) == len(there)
    mine = ScatteredPages.among(
        bitmap, count, np.random.default_rng(1), but if bitmap.pages <= but.pages else None
    )
    chosen = mine.pfns().tolist()
    assert chosen == sorted(set(chosen)) and len(mine) == len(chosen) == count and set(chosen) <= there
    if liked:
        assert not set(chosen) & set(pfns(but))
    mine.clear_in(bitmap)
    assert set(pfns(bitmap)) == there - set(chosen)


def test_scattered_pages_lie_anywhere_and_keep_off_the_others() -> None:
    bitmap, but = PageBitmap(1 << 16), PageBitmap(1 << 16)
    bitmap.set_range(0, 1 << 16)
    but.set_range(0, 1 << 15)
    chosen = ScatteredPages.among(bitmap, 64, np.random.default_rng(2), but).pfns()
    assert chosen.min() >= 1 << 15 and np.ptp(chosen) > 1 << 14 and (np.diff(chosen) > 1).sum() > 50


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
