"""/proc/kpageflags: a 64-bit word of flags for every page frame (fs/proc/page.c), down to one bit a page.

KPF_BUDDY marks every page of a free block since Linux 4.6 (832fc1de01ae); before, the first page of a block
only, and with the block's order not told, such a file does not say which pages are free.
"""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

from freepages.engine.errors import FreepagesError
from freepages.engine.later import np
from freepages.pages.bitmap import PageBitmap
from freepages.real.files import open_file
from freepages.real.proc_text import EmptyFile

KPF_BUDDY, KPF_COMPOUND_TAIL, KPF_THP = 10, 16, 22
WORD = 8  # bytes; the kernel takes only reads that start and end at a word

CHUNK = 1 << 17  # pages a read: 1 MiB of flags, 16 KiB of bitmap
SECTION = 1 << 18  # the file goes on to the end of a memory section, at most 1 GiB (arm64 before Linux 5.12)


def read_buddy_bits(path: Path, max_pfn: int, byteorder: str = "little") -> PageBitmap:
    """The pages below max_pfn whose KPF_BUDDY is set; words are in the byte order of the machine read.

    Raises EmptyFile for a file with nothing in it; a FreepagesError names one that ends before max_pfn or
    within a word, or calls a page beyond it free.
    """
    with open_file(path) as file:
        if size := os.fstat(file.fileno()).st_size:  # a file of /proc itself says 0
            _check_length(path, size, max_pfn)
        end = (max_pfn + SECTION - 1) // SECTION * SECTION
        bits = np.zeros(end // 8, np.uint8)
        flags = np.empty((CHUNK, WORD), np.uint8)
        # Byte 1 of a little-endian word has the bits 8 to 15.
        column = flags[:, KPF_BUDDY // 8 if byteorder == "little" else WORD - 1 - KPF_BUDDY // 8]
        for at in range(0, end, CHUNK):
            got = _fill(file, flags.data.cast("B"))
            if not at and not got:
                raise EmptyFile(f"{path}: empty")
            free = column[: got // WORD] & (1 << KPF_BUDDY % 8)
            bits[at // 8 : at // 8 + (len(free) + 7) // 8] = np.packbits(free, bitorder="little")
            if got < flags.nbytes:
                _check_length(path, at * WORD + got, max_pfn)
                break
    beyond = np.flatnonzero(np.unpackbits(bits[max_pfn // 8 :], bitorder="little")[max_pfn % 8 :])
    if len(beyond):
        raise FreepagesError(f"{path}: pfn {max_pfn + beyond[0]} is free, zoneinfo's zones end at {max_pfn}")
    return PageBitmap.from_bytes(bits[: (max_pfn + 7) // 8].data, max_pfn)


def _check_length(path: Path, length: int, max_pfn: int) -> None:
    if length % WORD:
        raise FreepagesError(
            f"{path}: {length} bytes are not whole {WORD}-byte words; is the file cut short?"
        )
    if length // WORD < max_pfn:
        raise FreepagesError(
            f"{path}: ends at pfn {length // WORD}, zoneinfo's zones at {max_pfn}; is the file cut short?"
        )


def _fill(file: FileIO, buffer: memoryview) -> int:
    """Read until the buffer is full or the file ends; the bytes read."""
    got = 0
    while got < len(buffer) and (more := file.readinto(buffer[got:])):
        got += more
    return got


def page_size_by_thp(path: Path, byteorder: str = "little") -> int | None:
    """Bytes of a page by the largest transparent huge page; None where there is none, or of another size.

    It has as many pages as a page table of one page has entries of 8 bytes: 512 of 4 KiB, 2,048 of 16 KiB,
    8,192 of 64 KiB.
    """
    largest, words = 0, np.dtype("<u8" if byteorder == "little" else ">u8")
    with open_file(path) as file:
        flags = np.zeros(CHUNK, words)
        while got := _fill(file, flags.data.cast("B")) // WORD:
            thp = flags[:got] >> KPF_THP & 1 == 1
            heads = np.flatnonzero(thp & (flags[:got] >> KPF_COMPOUND_TAIL & 1 == 0))
            ends = np.append(np.flatnonzero(~thp), [*heads, got])
            ends.sort()
            sizes = ends[np.searchsorted(ends, heads, "right")] - heads
            largest = max(largest, int(sizes.max(initial=0)))
    return {512: 4 << 10, 2048: 16 << 10, 8192: 64 << 10}.get(largest)


def marks_heads_only(bitmap: PageBitmap, nr_free: list[tuple[int, ...]]) -> bool:
    """Whether the bits are the first pages of free blocks (before Linux 4.6) and not all their pages.

    Buddies of order 0 are never both free: they would be a block of order 1. So an even page and the next are
    both marked only if they are the pages of one larger block, as many times as buddyinfo has such pairs.
    """
    pairs = sum(sum(count << order >> 1 for order, count in enumerate(zone) if order) for zone in nr_free)
    marked = 0
    for at in range(0, len(bitmap.words), 1 << 14):
        words = bitmap.words[at : at + (1 << 14)]
        both = words & (words >> np.uint64(1)) & np.uint64(0x5555_5555_5555_5555)
        marked += int(np.bitwise_count(both).sum(dtype=np.int64))
    # A machine that is busy while its files are read is off by a few per cent; heads are off by all of it.
    return marked * 64 < pairs
