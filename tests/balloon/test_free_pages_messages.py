"""The messages of the free-pages queue, and answers that cannot be right."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.free_pages_messages import AS_PATCHED, REPAIRED, Protocol, ReplyError
from freepages.virtqueue.features import VERSION_1
from freepages.virtqueue.guest_memory import Endian

MODERN = frozenset((VERSION_1,))
PAGES = 64


def read(protocol: Protocol, data: bytes, pages: int = PAGES, **options: bool):
    return protocol.reply(data, pages, MODERN, "little", **options)


@pytest.mark.parametrize(
    ("features", "endian", "order"), [(MODERN, "big", "little"), ((), "big", "big"), ((), "little", "little")]
)
def test_a_request_is_in_the_byte_order_of_the_device(
    features: frozenset, endian: Endian, order: Endian
) -> None:
    assert AS_PATCHED.request(3, 9, features, endian) == (3).to_bytes(8, order)
    assert REPAIRED.request(3, 9, features, endian) == pack("<QQ", 3, 9)


@given(st.binary(max_size=8))
def test_an_answer_is_read_as_it_was_written(bitmap: bytes) -> None:
    assert read(AS_PATCHED, pack("<Q", len(bitmap)) + bitmap) == (None, 0, bitmap)
    reply = read(REPAIRED, pack("<QQQ", 5, 64, len(bitmap)) + bitmap, pages=128)
    assert reply == (5, 64, bitmap)
    assert reply.end == 64 + 8 * len(bitmap)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an answer of 0 bytes"),
        (pack("<I", 8), "an answer of 4 bytes"),
        (pack("<Q", 8) + bytes(7), "says 8 bytes of bitmap, it has 7"),
        (pack("<Q", 1 << 63), "a bitmap of 9223372036854775808 bytes"),
        (pack("<Q", 16) + bytes(16), "a bitmap of 16 bytes from pfn 0 on, the guest has 64"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ReplyError, match=reason):
        read(AS_PATCHED, data)


@pytest.mark.parametrize(
    ("start", "bitmap", "reason"),
    [
        (60, bytes(8), "a multiple of 64"),
        (128, b"", "from pfn 128 on"),
        (64, b"\0\0\0\0\x10", "pfn 100 is free, the guest has 100"),
        (1 << 63, b"", "from pfn 9223372036854775808 on"),
    ],
)
def test_a_stretch_outside_memory_is_refused(start: int, bitmap: bytes, reason: str) -> None:
    with pytest.raises(ReplyError, match=reason):
        read(REPAIRED, pack("<QQQ", 1, start, len(bitmap)) + bitmap, pages=100)


def test_a_trusting_host_takes_what_there_is() -> None:
    assert read(AS_PATCHED, pack("<Q", 1 << 60) + b"\xff" * 12, trusting=True).bitmap == b"\xff" * 12


@given(st.binary(max_size=64), st.integers(0, 200), st.booleans(), st.sampled_from(("little", "big")))
def test_no_bytes_at_all_make_it_fail_in_another_way(
    data: bytes, pages: int, legacy: bool, endian: Endian
) -> None:
    for protocol in (AS_PATCHED, REPAIRED):
        try:
            reply = protocol.reply(data, pages, () if legacy else MODERN, endian)
        except ReplyError:
            continue
        listed = int.from_bytes(reply.bitmap, "little")
        assert reply.start + listed.bit_length() <= max(pages, reply.start)


def test_as_patched_one_answer_is_all_and_repaired_the_last_reaches_the_end() -> None:
    assert AS_PATCHED.complete(read(AS_PATCHED, pack("<Q", 0)), PAGES)
    first = read(REPAIRED, pack("<QQQ", 1, 0, 8) + bytes(8), pages=100)
    last = read(REPAIRED, pack("<QQQ", 1, 64, 8) + bytes(8), pages=100)
    assert [REPAIRED.complete(reply, 100) for reply in (first, last)] == [False, True]
