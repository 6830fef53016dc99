"""The bitmap that has one bit a page.

Models the bitmap that the patch of April 2016 fills with set_bit_le(): bit i of the map is bit i % 8 of byte
i // 8 on every architecture, and its length is a whole number of 64-bit words.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

from bitarray import bitarray

from freepages.engine.errors import FreepagesError
from freepages.engine.later import ArrayLike, NDArray, np
from freepages.pages.operators import PageOperators

CHUNK_WORDS = 1 << 14  # 128 KiB of bitmap at a time: the temporaries of a pass stay in the cache


def bitmap_bytes(pages: int) -> int:
    """Bytes of a bitmap for ``pages`` pages: ALIGN(pages, 64) / 8, as the patch allocates it."""
    return (pages + 63) // 64 * 8


class PageBitmap(PageOperators):
    """One bit for each of ``pages`` pages; one memory with three faces.

    bytes  numpy uint8, bitmap_bytes(pages) long; it owns the memory
    words  the same as little-endian 64-bit words, for passes over the whole map
    bits   the same as a bitarray, for single pages and slices; a bitarray ends where the memory that it
           borrows does, so it is up to 7 bits longer where ``pages`` is no multiple of 8

    within, if given, is a range of words that has all bits that are set: the bitmap of a few blocks of a
    large guest is then read no further. A method that sets bits forgets it.

    The bits from ``pages`` on are 0, and stay so under every method; who writes to a face keeps it so.
    A pfn or a range outside the map is a FreepagesError, and the map is as before.
    """

    __slots__ = ("bits", "bytes", "pages", "within", "words")
    __hash__ = None  # type: ignore[assignment]

    pages: int
    bytes: NDArray[np.uint8]
    words: NDArray[np.uint64]
    bits: bitarray
    within: tuple[int, int] | None

    def __init__(self, pages: int) -> None:
        if pages < 0:
            raise FreepagesError(f"a bitmap of {pages} pages")
        self._lie_in(np.zeros(bitmap_bytes(pages), np.uint8), pages)

    def _lie_in(self, memory: NDArray[np.uint8], pages: int) -> None:
        self.pages, self.within, self.bytes = pages, None, memory
        self.words = self.bytes.view("<u8")
        self.bits = bitarray(buffer=self.bytes.data[: (pages + 7) // 8], endian="little")

    @classmethod
    def sparse(cls, pages: int) -> PageBitmap:
        """An empty bitmap of which little will be written: the rest takes no memory.

        What numpy asks for comes in huge pages, where there are any.
        """
        try:
            import mmap
        except ImportError:  # in a browser
            return cls(pages)
        bitmap, size = cls.__new__(cls), bitmap_bytes(pages)
        area = mmap.mmap(-1, max(size, 1))
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            with suppress(OSError):  # a kernel without huge pages
                area.madvise(mmap.MADV_NOHUGEPAGE)
        bitmap._lie_in(np.frombuffer(area, np.uint8, size), pages)
        return bitmap

    @classmethod
    def from_bytes(cls, data: builtins.bytes | bytearray | memoryview, pages: int) -> PageBitmap:
        """The bitmap of these bytes: the whole words, or no more bytes than ``pages`` need."""
        bitmap = cls(pages)
        given = np.frombuffer(data, np.uint8)
        if len(given) not in (len(bitmap.bytes), (pages + 7) // 8):
            raise FreepagesError(
                f"{len(given)} bytes are not a bitmap of {pages} pages: {len(bitmap.bytes)} are"
            )
        bitmap.bytes[: len(given)] = given
        beyond = int.from_bytes(given[pages // 8 :].tobytes(), "little") >> pages % 8
        if beyond:
            raise FreepagesError(f"pfn {pages + beyond.bit_length() - 1} is set in a bitmap of {pages} pages")
        return bitmap

    @classmethod
    def from_runs(cls, pages: int, starts: ArrayLike, ends: ArrayLike) -> PageBitmap:
        """The bitmap whose set pages are [starts[i], ends[i]): not empty, ascending, not overlapping."""
        bitmap = cls(pages)
        edges = np.stack((np.asarray(starts, np.int64), np.asarray(ends, np.int64)), axis=1).ravel()
        if not len(edges):
            return bitmap
        rising = np.diff(edges) >= np.resize(np.array([1, 0]), len(edges) - 1)
        if not rising.all():
            at = int(np.flatnonzero(~rising)[0])
            lo, hi = edges[at], edges[at + 1]
            fault = (
                f"run [{lo}, {hi}) is empty"
                if at % 2 == 0
                else f"a run starts at {hi} before one ends at {lo}"
            )
            raise FreepagesError(f"{fault}: runs are not empty, ascend and do not overlap")
        bitmap._check_range(int(edges[0]), int(edges[-1]))
        # The inverse of runs(): one toggle at every edge (none where two runs touch), then the parity of all
        # toggles up to each bit.
        touching = np.flatnonzero(edges[1:-1:2] == edges[2::2]) * 2 + 1
        edges = np.delete(edges, np.concatenate((touching, touching + 1)))
        edges = edges[: len(edges) - int(edges[-1] == len(bitmap.bytes) * 8)]
        np.add.at(bitmap.bytes, edges >> 3, np.left_shift(1, edges & 7).astype(np.uint8))
        inside = np.uint64(0)
        for words in bitmap._chunks():
            for shift in (1, 2, 4, 8, 16, 32):
                words ^= words << np.uint64(shift)
            parity = np.bitwise_xor.accumulate(words >> np.uint64(63))
            words[1:] ^= -parity[:-1]
            if inside:
                np.invert(words, out=words)
            inside ^= parity[-1]
        return bitmap

    @property
    def extent(self) -> tuple[int, int]:
        """A range of words that has all bits that are set: `within`, or all."""
        return self.within or (0, len(self.words))

    def _chunks(self) -> Iterator[NDArray[np.uint64]]:
        for at in range(0, len(self.words), CHUNK_WORDS):
            yield self.words[at : at + CHUNK_WORDS]

    def _check_range(self, lo: int, hi: int) -> None:
        if not 0 <= lo <= hi <= self.pages:
            raise FreepagesError(f"pfns [{lo}, {hi}) are not a range of the bitmap's [0, {self.pages})")

    def _check_pfn(self, pfn: int) -> None:
        if not 0 <= pfn < self.pages:
            raise FreepagesError(f"pfn {pfn} is outside the bitmap's [0, {self.pages})")

    def set(self, pfn: int) -> None:
        """Set the bit of one page."""
        self._check_pfn(pfn)
        self.within = None
        self.bits[pfn] = 1

    def clear(self, pfn: int) -> None:
        """Clear the bit of one page."""
        self._check_pfn(pfn)
        self.bits[pfn] = 0

    def __getitem__(self, pfn: int) -> int:
        self._check_pfn(pfn)
        return self.bits[pfn]

    def __iter__(self) -> Iterator[int]:
        """The pages that are set, ascending."""
        for at, words in enumerate(self._chunks()):
            yield from (set_bits(words) + at * CHUNK_WORDS * 64).tolist()

    def __bool__(self) -> bool:
        return any(words.any() for words in self._chunks())

    def set_range(self, lo: int, hi: int) -> None:
        """Set the bits of [lo, hi)."""
        self._check_range(lo, hi)
        self.within = None
        self.bits[lo:hi] = 1

    def clear_range(self, lo: int, hi: int) -> None:
        """Clear the bits of [lo, hi)."""
        self._check_range(lo, hi)
        self.bits[lo:hi] = 0

    def unpacked(self) -> builtins.bytes:
        return self.bits.unpack()[: self.pages]

    def count(self) -> int:
        """How many pages are set."""
        low, high = self.extent
        return sum(
            count_bits(self.words[at : min(at + CHUNK_WORDS, high)]) for at in range(low, high, CHUNK_WORDS)
        )

    def range_count(self, lo: int, hi: int) -> int:
        """How many pages of [lo, hi) are set."""
        self._check_range(lo, hi)
        return self.bits.count(1, lo, hi)

    def runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The maximal runs of set pages, ascending: run i is [starts[i], ends[i])."""
        edges: list[NDArray[np.int64]] = []
        before = np.uint64(0)
        for at, words in enumerate(self._chunks()):
            # A bit of ``toggles`` is 1 where the page differs from the one before it.
            toggles = words << np.uint64(1)
            toggles[1:] |= words[:-1] >> np.uint64(63)
            toggles[0] |= before
            toggles ^= words
            before = words[-1] >> np.uint64(63)
            edges.append(set_bits(toggles) + at * CHUNK_WORDS * 64)
        if before:
            edges.append(np.array([len(self.words) * 64], np.int64))
        both = np.concatenate(edges) if edges else np.empty(0, np.int64)
        return both[0::2], both[1::2]

    def tobytes(self) -> builtins.bytes:
        """The whole words, ALIGN(pages, 64) / 8 bytes."""
        return self.bytes.tobytes()

    def copy(self) -> PageBitmap:
        """A bitmap of the same pages in memory of its own."""
        twin = PageBitmap(self.pages)
        twin.bytes[:] = self.bytes
        return twin

    def __reduce__(self) -> tuple[object, ...]:
        # Copied or pickled face by face, the three would no longer share one memory.
        return PageBitmap.from_bytes, (self.tobytes(), self.pages)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PageBitmap):
            return self.pages == other.pages and np.array_equal(self.words, other.words)
        return super().__eq__(other)

    def _beside(self, other: Any) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
        """The words of both, chunk by chunk, where the other has a bit set; memory never touched stays so."""
        those = self.like(other)
        low, high = those.extent
        size = 2 * CHUNK_WORDS  # fewer chunks, and both of a pair are still in the cache for a second pass
        for at in range(low, high, size):
            end = min(at + size, high)
            there = those.words[at:end]
            if there[0] or there[-1] or there.max():  # the first two tell it in most cases
                yield self.words[at:end], there

    def __ior__(self, other: Any) -> Self:
        self.within = None
        for here, there in self._beside(other):
            np.bitwise_or(here, there, out=here)
        return self

    def __iand__(self, other: Any) -> Self:
        np.bitwise_and(self.words, self.like(other).words, out=self.words)
        return self

    def __isub__(self, other: Any) -> Self:
        for here, there in self._beside(other):
            clear_bits(here, there)
        return self

    def __repr__(self) -> str:
        return f"<PageBitmap: {self.count()} of {self.pages} pages set>"


def clear_bits(words: NDArray[np.uint64], those: NDArray[np.uint64]) -> None:
    """Clear the bits of ``words`` that are set in ``those``: a & ~b in place, without a temporary."""
    np.bitwise_or(words, those, out=words)  # the second pass of a chunk finds it in the cache
    np.bitwise_xor(words, those, out=words)


def count_bits(words: NDArray[np.unsignedinteger[Any]]) -> int:
    """How many bits of unsigned words are 1, for up to 2**26 words."""
    return int(np.bitwise_count(words).sum(dtype=np.uint32))  # a wider sum converts every byte twice over


def set_bits(words: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.int64]:
    """Positions of the 1 bits of words, ascending: bit 0 of word 0 is 0, whatever the words' byte order."""
    shift = (words.itemsize * 8).bit_length() - 1
    some = np.flatnonzero(words)
    data = words[some].astype(words.dtype.newbyteorder("<"), copy=False).view(np.uint8)
    at = np.flatnonzero(np.unpackbits(data, bitorder="little").view(bool))
    return (some[at >> shift] << shift) + (at & ((1 << shift) - 1))
