"""freepages.pages.bitmap against Python's own integers, whose bit i is the page i."""

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, bitmap_bytes, count_bits, set_bits
from freepages.pages.orders import FALLBACKS, ORDERS, PAGE_SHIFT, PAGE_SIZE, Migratetype, check_order

SIZES = st.integers(0, 400)


def as_int(bitmap: PageBitmap) -> int:
    return int.from_bytes(bitmap.tobytes(), "little")


def of_int(value: int, pages: int) -> PageBitmap:
    return PageBitmap.from_bytes(value.to_bytes(bitmap_bytes(pages), "little"), pages)


@st.composite
def maps(draw: st.DrawFn, count: int = 1) -> tuple[int, ...]:
    """(pages, value, ...): `count` values of that many bits, dense, sparse and in long runs."""
    pages = draw(SIZES)
    values = []
    for _ in range(count):
        value = draw(st.integers(0, (1 << pages) - 1))
        for _ in range(draw(st.integers(0, 3))):
            lo, hi = sorted(draw(st.tuples(st.integers(0, pages), st.integers(0, pages))))
            value = draw(st.sampled_from((value.__or__, value.__xor__)))((1 << hi) - (1 << lo))
        values.append(value)
    return (pages, *values)


def test_sizes_and_orders_are_those_of_linux_4_6() -> None:
    assert (1 << PAGE_SHIFT, list(ORDERS)) == (PAGE_SIZE, list(range(11)))
    assert PAGE_SIZE == 4096
    assert [m.name for m in Migratetype] == [
        "UNMOVABLE",
        "MOVABLE",
        "RECLAIMABLE",
        "HIGHATOMIC",
        "CMA",
        "ISOLATE",
    ]
    assert [int(m) for m in Migratetype] == list(range(6))


def test_no_migratetype_falls_back_on_itself_or_on_the_reserved_ones() -> None:
    ordinary = {Migratetype.UNMOVABLE, Migratetype.MOVABLE, Migratetype.RECLAIMABLE}
    for migratetype, others in FALLBACKS.items():
        assert set(others) == (ordinary - {migratetype} if migratetype in ordinary else set())


@pytest.mark.parametrize("order", [-1, 11, 64, 2.0, "3", None])
def test_an_order_outside_0_to_10_is_refused_by_name(order: object) -> None:
    with pytest.raises(FreepagesError, match=r"is not one of 0\.\.10"):
        check_order(order)  # type: ignore[arg-type]


def test_every_order_passes() -> None:
    assert [check_order(order) for order in ORDERS] == list(ORDERS)


@given(SIZES)
def test_a_bitmap_is_whole_64_bit_words_long(pages: int) -> None:
    bitmap = PageBitmap(pages)
    assert len(bitmap.tobytes()) == bitmap_bytes(pages) == -(-pages // 64) * 8
    assert bitmap.words.nbytes == bitmap.bytes.nbytes == bitmap_bytes(pages)
    assert pages <= len(bitmap.bits) < pages + 8
    assert bitmap.count() == len(bitmap) == 0 and bitmap.pages == pages


@given(maps())
def test_bit_i_of_the_map_is_bit_i_mod_8_of_byte_i_div_8(drawn: tuple[int, int]) -> None:
    pages, value = drawn
    bitmap = of_int(value, pages)
    data = bitmap.tobytes()
    for pfn in range(pages):
        assert bitmap[pfn] == bitmap.bits[pfn] == data[pfn // 8] >> pfn % 8 & 1 == value >> pfn & 1


@given(maps())
def test_count_is_the_number_of_one_bits(drawn: tuple[int, int]) -> None:
    pages, value = drawn
    assert of_int(value, pages).count() == value.bit_count()


@given(maps(), st.data())
def test_range_count_set_range_and_clear_range_are_masks(drawn: tuple[int, int], data: st.DataObject) -> None:
    pages, value = drawn
    lo, hi = sorted(data.draw(st.tuples(st.integers(0, pages), st.integers(0, pages))))
    mask = (1 << hi) - (1 << lo)
    bitmap = of_int(value, pages)
    assert bitmap.range_count(lo, hi) == (value & mask).bit_count()
    bitmap.set_range(lo, hi)
    assert as_int(bitmap) == value | mask
    bitmap.clear_range(lo, hi)
    assert as_int(bitmap) == value & ~mask


@given(maps())
def test_runs_are_the_maximal_ones_and_from_runs_gives_the_map_back(drawn: tuple[int, int]) -> None:
    pages, value = drawn
    starts, ends = of_int(value, pages).runs()
    bits = [0, *(value >> pfn & 1 for pfn in range(pages)), 0]
    assert starts.tolist() == [i for i in range(pages) if (bits[i], bits[i + 1]) == (0, 1)]
    assert ends.tolist() == [i for i in range(pages + 1) if (bits[i], bits[i + 1]) == (1, 0)]
    assert as_int(PageBitmap.from_runs(pages, starts, ends)) == value


@given(maps(), st.data())
def test_runs_that_touch_are_one_run(drawn: tuple[int, int], data: st.DataObject) -> None:
    pages, value = drawn
    starts, ends = of_int(value, pages).runs()
    cuts = data.draw(st.sets(st.integers(0, max(pages - 1, 0))))
    inside = [cut for cut in cuts if ((starts < cut) & (cut < ends)).any()]
    starts, ends = (np.sort(np.concatenate((edges, np.array(inside, np.int64)))) for edges in (starts, ends))
    assert as_int(PageBitmap.from_runs(pages, starts, ends)) == value


@pytest.mark.parametrize("dtype", ["<u8", ">u8", "<u2", ">u2", "u1"])
@given(data=st.data())
def test_set_bits_are_those_of_the_values_in_either_byte_order(dtype: str, data: st.DataObject) -> None:
    width = np.dtype(dtype).itemsize * 8
    values = data.draw(st.lists(st.just(0) | st.integers(0, (1 << width) - 1), max_size=40))
    whole = sum(value << i * width for i, value in enumerate(values))
    words = np.array(values, dtype)
    assert set_bits(words).tolist() == [i for i in range(len(values) * width) if whole >> i & 1]
    assert count_bits(words) == whole.bit_count()


@pytest.mark.parametrize("fill", [0.5, 0.01, 1.0])
def test_runs_cross_the_chunks_of_a_large_map(fill: float) -> None:
    pages = (3 * CHUNK_WORDS + 5) * 64 + 17
    rng = np.random.default_rng(1)
    bits = rng.random(pages) < fill
    for edge in (1, 2, 3):
        bits[edge * CHUNK_WORDS * 64 - 70 : edge * CHUNK_WORDS * 64 + 70] = edge != 2
    bitmap = PageBitmap.from_bytes(np.packbits(bits, bitorder="little").tobytes(), pages)
    edges = np.flatnonzero(np.diff(bits, prepend=False, append=False))
    starts, ends = bitmap.runs()
    assert np.array_equal(starts, edges[0::2])
    assert np.array_equal(ends, edges[1::2])
    assert PageBitmap.from_runs(pages, starts, ends) == bitmap
    assert bitmap.count() == bits.sum()


@given(maps(count=2))
def test_or_and_and_not_are_those_of_integers(drawn: tuple[int, int, int]) -> None:
    pages, a, b = drawn
    for expected, operate in (
        (a | b, PageBitmap.__ior__),
        (a & b, PageBitmap.__iand__),
        (a & ~b, PageBitmap.__isub__),
    ):
        left, right = of_int(a, pages), of_int(b, pages)
        assert operate(left, right) is left
        assert (as_int(left), as_int(right)) == (expected, b)
        assert (left == of_int(a, pages)) is (expected == a)


@given(maps())
def test_a_map_minus_itself_is_empty(drawn: tuple[int, int]) -> None:
    pages, value = drawn
    bitmap = of_int(value, pages)
    bitmap -= bitmap
    assert bitmap.count() == 0


@pytest.mark.parametrize(
    "copied", [PageBitmap.copy, copy.deepcopy, lambda bitmap: pickle.loads(pickle.dumps(bitmap))]
)
@given(drawn=maps())
def test_a_copy_is_equal_and_whole_in_memory_of_its_own(
    copied: Callable[[PageBitmap], PageBitmap], drawn: tuple[int, int]
) -> None:
    pages, value = drawn
    bitmap = of_int(value, pages)
    twin = copied(bitmap)
    assert twin == bitmap
    twin.set_range(0, pages)
    assert as_int(twin) == (1 << pages) - 1 == sum(1 << pfn for pfn in range(pages) if twin[pfn])
    assert as_int(bitmap) == value


@given(maps(), st.data())
def test_a_page_outside_is_refused_by_name_and_nothing_changes(
    drawn: tuple[int, int], data: st.DataObject
) -> None:
    pages, value = drawn
    bitmap = of_int(value, pages)
    outside = data.draw(st.one_of(st.integers(max_value=-1), st.integers(min_value=pages)))
    for act in (bitmap.set, bitmap.clear, bitmap.__getitem__):
        with pytest.raises(FreepagesError, match=rf"pfn {outside} is outside .*{pages}\)"):
            act(outside)
    lo, hi = data.draw(
        st.sampled_from(((0, pages + 1), (-1, pages), (pages + 1, pages + 1), (pages, pages - 1)))
    )
    for act_on_range in (bitmap.set_range, bitmap.clear_range, bitmap.range_count):
        with pytest.raises(FreepagesError, match=rf"\[{lo}, {hi}\)"):
            act_on_range(lo, hi)
    assert as_int(bitmap) == value


def test_bitmaps_of_different_sizes_do_not_combine() -> None:
    bitmap = PageBitmap(64)
    for operate in (PageBitmap.__ior__, PageBitmap.__iand__, PageBitmap.__isub__):
        with pytest.raises(FreepagesError, match="64 and of 65"):
            operate(bitmap, PageBitmap(65))
    assert bitmap != PageBitmap(65)
    assert bitmap != "a bitmap"


@given(st.integers(1, 400), st.data())
def test_bytes_with_a_page_past_the_end_are_refused(pages: int, data: st.DataObject) -> None:
    size = bitmap_bytes(pages)
    beyond = data.draw(st.integers(pages, size * 8))
    if beyond == size * 8:
        with pytest.raises(FreepagesError, match="not a bitmap of"):
            PageBitmap.from_bytes(bytes(size + 1), pages)
    else:
        with pytest.raises(FreepagesError, match=f"pfn {beyond} is set"):
            PageBitmap.from_bytes((1 << beyond).to_bytes(size, "little"), pages)


@pytest.mark.parametrize(
    ("starts", "ends", "fault"),
    [
        ([0, 5], [6, 9], "starts at 5 before one ends at 6"),
        ([8, 0], [9, 4], "starts at 0 before one ends at 9"),
        ([3], [3], r"\[3, 3\) is empty"),
        ([3], [2], r"\[3, 2\) is empty"),
        ([3], [101], r"\[3, 101\)"),
        ([-1], [4], r"\[-1, 4\)"),
    ],
)
def test_runs_that_are_none_are_refused(starts: list[int], ends: list[int], fault: str) -> None:
    with pytest.raises(FreepagesError, match=fault):
        PageBitmap.from_runs(100, starts, ends)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(FreepagesError, match="-1 pages"):
        PageBitmap(-1)


def test_repr_says_how_many_pages_are_set() -> None:
    assert repr(of_int(0b1011, 70)) == "<PageBitmap: 3 of 70 pages set>"


def test_a_map_that_says_where_its_bits_lie_is_as_one_that_does_not() -> None:
    pages = 5 * CHUNK_WORDS * 64
    some = PageBitmap.from_runs(
        pages, [CHUNK_WORDS * 64 + 70, 3 * CHUNK_WORDS * 64], [CHUNK_WORDS * 96, pages - 9]
    )
    told = some.copy()
    told.within = CHUNK_WORDS + 1, len(told.words)
    every = PageBitmap.from_runs(pages, [0], [pages])
    assert told.count() == some.count()
    assert every.copy() - told == every - some and PageBitmap(pages) | told == some
    assert told.copy().within is None
    for change in (lambda m: m.set(0), lambda m: m.set_range(3, 9), lambda m: m.__ior__(every)):
        told.within = CHUNK_WORDS + 1, len(told.words)
        change(told)
        assert told.within is None


@pytest.mark.parametrize("pages", [0, 1, 64, 100_000])
def test_a_sparse_map_is_a_map(pages: int) -> None:
    sparse, plain = PageBitmap.sparse(pages), PageBitmap(pages)
    assert sparse == plain and sparse.tobytes() == plain.tobytes() and not sparse
    for bitmap in (sparse, plain):
        bitmap.set_range(pages // 3, pages)
        bitmap.words[: pages // 64] |= np.uint64(1)
    assert sparse == plain and sparse.copy() == plain and list(sparse.runs()[0]) == list(plain.runs()[0])
    assert (PageBitmap(pages) | sparse) == plain and pickle.loads(pickle.dumps(sparse)) == plain
