import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.real import kpageflags
from freepages.real.kpageflags import (
    KPF_COMPOUND_TAIL,
    KPF_THP,
    marks_heads_only,
    page_size_by_thp,
    read_buddy_bits,
)
from freepages.real.procfs import read_buddyinfo
from tests.real.machines import keep_heads_only

BUDDY = np.uint64(1 << 10)


def write(path, free, others=0):
    """kpageflags with the given pages free and `others` in every word."""
    (np.asarray(free, np.uint64) * BUDDY | np.uint64(others & ~int(BUDDY))).astype("<u8").tofile(path)
    return path


@given(
    free=st.lists(st.booleans(), min_size=1, max_size=300),
    extra=st.integers(0, 70),
    others=st.integers(0, 2**64 - 1),
    chunk=st.sampled_from([8, 64, 1 << 17]),
)
def test_a_page_is_free_if_its_word_has_bit_10(tmp_path_factory, free, extra, others, chunk):
    path = write(tmp_path_factory.mktemp("proc") / "kpageflags", free + [False] * extra, others)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kpageflags, "CHUNK", chunk)
        bitmap = read_buddy_bits(path, len(free))
    assert [bool(bitmap[pfn]) for pfn in range(len(free))] == free
    assert bitmap.pages == len(free) and bitmap.count() == sum(free)


def test_words_of_a_big_endian_machine(tmp_path):
    free = [True, False, True, True, False]
    path = tmp_path / "kpageflags"
    (np.array(free, np.uint64) * BUDDY | np.uint64(1 << 50)).astype(">u8").tofile(path)
    bitmap = read_buddy_bits(path, 5, "big")
    assert [bool(bitmap[pfn]) for pfn in range(5)] == free


@pytest.mark.parametrize(
    "size, max_pfn, fault",
    [
        (8 * 99, 100, "ends at pfn 99, zoneinfo's zones at 100"),
        (8 * 100 - 1, 100, "799 bytes are not whole 8-byte words"),
        (8 * 200 + 4, 100, "1604 bytes are not whole 8-byte words"),
        (0, 100, "empty"),
    ],
)
def test_a_file_cut_short_is_named(tmp_path, size, max_pfn, fault):
    path = tmp_path / "kpageflags"
    path.write_bytes(b"\0" * size)
    with pytest.raises(FreepagesError, match=fault) as error:
        read_buddy_bits(path, max_pfn)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("beyond", [100, 101, 127, 199])
def test_a_free_page_beyond_the_last_zone_is_named(tmp_path, beyond):
    free = np.zeros(200)
    free[[3, beyond]] = 1
    with pytest.raises(FreepagesError, match=f"pfn {beyond} is free, zoneinfo's zones end at 100"):
        read_buddy_bits(write(tmp_path / "kpageflags", free), 100)


def test_a_folder_is_no_kpageflags(tmp_path):
    with pytest.raises((FreepagesError, IsADirectoryError)):
        read_buddy_bits(tmp_path, 1)


def test_heads_are_told_from_pages(machine):
    counts = list(read_buddyinfo(machine / "buddyinfo").values())
    path = machine / "kpageflags"
    pages = path.stat().st_size // 8
    assert not marks_heads_only(read_buddy_bits(path, pages), counts)
    keep_heads_only(machine)
    heads = read_buddy_bits(path, pages)
    assert marks_heads_only(heads, counts)
    assert marks_heads_only(PageBitmap(pages), counts)


def test_single_pages_are_their_own_heads():
    bitmap = PageBitmap(64)
    bitmap.set(3)
    assert not marks_heads_only(bitmap, [(1, *[0] * 10)])


@pytest.mark.parametrize(
    "order, size", [(9, 4 << 10), (11, 16 << 10), (13, 64 << 10), (5, None), (None, None)]
)
@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_a_transparent_huge_page_tells_the_size_of_pages(tmp_path, order, size, byteorder):
    flags = np.zeros(3 << 14, np.uint64)
    if order is not None:
        for head in (1 << 14, (1 << 14) + (1 << order)):  # one right behind the other
            flags[head : head + (1 << order)] = 1 << KPF_THP | 1 << KPF_COMPOUND_TAIL
            flags[head] = 1 << KPF_THP
    flags[5:9] = 1 << KPF_COMPOUND_TAIL  # a slab's
    path = tmp_path / "kpageflags"
    flags.astype("<u8" if byteorder == "little" else ">u8").tofile(path)
    assert page_size_by_thp(path, byteorder) == size
