"""Every encoding: what is told is what is read, and counting is the same as encoding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.encoding_costs import RUNS, by_run
from freepages.balloon.encodings import (
    ENCODINGS,
    Bitmap,
    Count,
    Encoding,
    EncodingError,
    PfnArray,
    PfnRanges,
    Scatter,
    runs_of,
    spread,
)
from freepages.pages.bitmap import PageBitmap
from freepages.pages.ranges import Ranges

SMALL: tuple[Encoding, ...] = (
    PfnArray(),
    PfnArray(batch=3),
    Bitmap(chunk=64),
    Bitmap(chunk=1024),
    PfnRanges(words=2),
    PfnRanges(words=5),
    PfnRanges(),
    Scatter(buffers=2),
    Scatter(),
)


@st.composite
def runs(draw: st.DrawFn) -> Ranges:
    """Runs of pages, some long enough for the ranges' second word, none touching the next."""
    at, starts, ends = 0, [], []
    for _ in range(draw(st.integers(0, 12))):
        at += draw(st.integers(1, 300))
        starts.append(at)
        at += draw(st.one_of(st.integers(1, 40), st.integers(4090, 4100)))
        ends.append(at)
    return np.array(starts, np.int64), np.array(ends, np.int64)


def pages(spans: list[tuple[int, int]]) -> list[int]:
    return [pfn for start, end in spans for pfn in range(start, end)]


def spans_of(given: Ranges) -> list[tuple[int, int]]:
    return list(zip(given[0].tolist(), given[1].tolist(), strict=True))


@given(runs(), st.sampled_from(SMALL), st.sampled_from(("little", "big")))
def test_the_device_reads_the_pages_that_the_driver_means(given: Ranges, encoding: Encoding, endian) -> None:
    read = [span for message in encoding.messages(given, endian) for span in encoding.decode(message, endian)]
    assert pages(read) == pages(spans_of(given))


@given(runs(), st.sampled_from(SMALL))
def test_counting_is_encoding_without_the_bytes(given: Ranges, encoding: Encoding) -> None:
    messages = list(encoding.messages(given))
    assert encoding.count(given) == Count(len(messages), sum(map(len, messages)))
    assert max(map(len, messages), default=0) <= encoding.most_bytes


@given(st.binary(max_size=200), st.sampled_from(SMALL))
def test_a_message_of_any_bytes_is_read_or_refused(message: bytes, encoding: Encoding) -> None:
    try:
        spans = encoding.decode(message)
    except EncodingError:
        return
    assert all(0 <= start <= end for start, end in spans)


@pytest.mark.parametrize(
    ("encoding", "message", "reason"),
    [
        (PfnArray(), bytes(6), "PFN array of 6 bytes"),
        (Bitmap(), bytes(31), "its header alone has 32"),
        (Bitmap(), Bitmap.HEADER.pack(0, 12, 0, 0, 0, 0, 16) + bytes(8), "8 bytes follow"),
        (Bitmap(), Bitmap.HEADER.pack(0, 21, 0, 0, 0, 0, 8) + bytes(8), "page shift 21"),
        (PfnRanges(), bytes(7), "ranges of -1 bytes"),
        (PfnRanges(), PfnRanges.HEADER.pack(0, 0, 0, 12) + bytes(12), "a range has 8"),
        (PfnRanges(), PfnRanges.HEADER.pack(0, 0, 0, 8) + bytes(8), "from pfn 0 on has no length"),
        (Scatter(), bytes(17), "a descriptor has 16"),
        (Scatter(), Scatter.DESC.pack(4096, 100, 2, 0), "no whole pages"),
    ],
)
def test_what_is_wrong_with_a_message_is_named(encoding: Encoding, message: bytes, reason: str) -> None:
    with pytest.raises(EncodingError, match=reason):
        encoding.decode(message)


@given(st.sets(st.integers(0, 500), max_size=60))
def test_any_pages_are_the_runs_that_a_bitmap_has(pfns: set[int]) -> None:
    bitmap = PageBitmap(512)
    for pfn in pfns:
        bitmap.set(pfn)
    assert spans_of(runs_of(list(pfns))) == spans_of(bitmap.runs())


@given(st.integers(0, 500), st.integers(1, 40), st.integers(1, 9))
def test_spread_pages_are_as_many_as_asked_for(count: int, run: int, gap: int) -> None:
    starts, ends = spread(count, run, gap)
    assert int((ends - starts).sum()) == count
    assert ((ends - starts)[:-1] == run).all() and (starts[1:] - ends[:-1] == gap).all()


def test_256_pfns_are_a_message_of_a_kibibyte() -> None:
    gib = spread((1 << 30) // 4096, 512)
    assert PfnArray().count(gib) == (1024, 1 << 20)
    assert (PfnArray().count(gib).exits, PfnArray().count(gib).interrupts) == (1024, 1024)


def test_one_bitmap_covers_a_gibibyte_of_memory_with_32_kibibytes() -> None:
    assert Bitmap().count(spread(1 << 18, 1 << 18)) == (1, 32 + (32 << 10))


def test_counting_is_encoding_at_every_size_that_is_quickly_encoded() -> None:
    for encoding in ENCODINGS:
        for size in (1 << shift for shift in range(20, 27, 2)):
            for run in (1, 512):
                given = spread(size >> 12, run)
                messages = list(encoding.messages(given))
                assert encoding.count(given) == (len(messages), sum(map(len, messages)))


def test_the_table_has_a_row_for_every_run_and_fits_the_pane() -> None:
    table = by_run()
    lines = repr(table).splitlines()
    assert len(lines) == len(RUNS) + 2 and max(map(len, lines)) <= 100
    assert lines[2].startswith("       1 |    1,024  1,048,576 |")
    assert table.counts["512", "ranges"] == (1, 4104)
    assert by_run(size=1 << 34).counts["512", "PFN array"] == (16_384, 1 << 24)


def test_no_pages_cost_nothing() -> None:
    nothing = spread(0, 8)
    for encoding in ENCODINGS:
        assert encoding.count(nothing) == (0, 0) and not list(encoding.messages(nothing))


def test_a_buffer_longer_than_32_bits_of_bytes_is_several() -> None:
    given = np.array([8], np.int64), np.array([8 + Scatter.LONGEST + 5], np.int64)
    (message,) = Scatter().messages(given)
    assert Scatter().count(given) == (1, 32)
    assert Scatter().decode(message) == [
        (8, 8 + Scatter.LONGEST),
        (8 + Scatter.LONGEST, 13 + Scatter.LONGEST),
    ]
