"""Ways to tell the host which pages: PFN arrays, bitmaps, ranges, scatterlists, and what each costs.

    PfnArray   4 bytes a page, 256 pages a message: the balloon as it is
    Bitmap     a bit a page, a message for each stretch of memory: Tsirkin's wish in this thread, with the
               header of v2, July 2016 (struct balloon_bmap_hdr)
    PfnRanges  8 bytes for each run of neighbouring pages, 16 from 4096 pages on: v6, December 2016
    Scatter    no message: each run is a buffer of the request, 16 bytes of an indirect table, as in v13,
               August 2017, and in page reporting today

Every encoding has two forms of one algorithm, which property tests hold equal: `messages` gives the bytes,
and `count` says how many there would be, from the runs alone, for any size. `decode` is the device's side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from struct import Struct, iter_unpack, pack
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.engine.later import NDArray, np
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SHIFT
from freepages.pages.ranges import Ranges, intersect, join, pages
from freepages.virtqueue.guest_memory import Endian
from freepages.virtqueue.ring_layout import NEXT, WRITE

Spans = list[tuple[int, int]]
"""Pages as a device reads them: [start, end), in the order in which they came."""


class EncodingError(FreepagesError):
    """A message that is not what the encoding makes."""


class Count(NamedTuple):
    """What it costs to tell: the driver notifies, an exit, and waits to be interrupted, once a message."""

    messages: int
    bytes: int

    @property
    def exits(self) -> int:
        return self.messages

    @property
    def interrupts(self) -> int:
        return self.messages


class Encoding:
    """`name`; `batch`, how many pages the driver collects before it tells."""

    name: str
    batch: int

    @property
    def most_bytes(self) -> int:
        """Bytes of the longest message."""
        raise NotImplementedError

    def messages(self, runs: Ranges, endian: Endian = "little") -> Iterator[bytes]:
        raise NotImplementedError

    def count(self, runs: Ranges) -> Count:
        raise NotImplementedError

    def decode(self, message: bytes, endian: Endian = "little") -> Spans:
        """The pages that a message names. Raises EncodingError, naming what is wrong with it."""
        raise NotImplementedError


@dataclass(frozen=True)
class PfnArray(Encoding):
    """__virtio32 pfns[256]: the only one that is in a legacy guest's own byte order."""

    name: str = "PFN array"
    batch: int = 256

    @property
    def most_bytes(self) -> int:
        return 4 * self.batch

    def messages(self, runs: Ranges, endian: Endian = "little") -> Iterator[bytes]:
        pfns = (pfn for start, end in zip(*runs, strict=True) for pfn in range(int(start), int(end)))
        while part := list(islice(pfns, self.batch)):
            yield pack(f"{_order(endian)}{len(part)}I", *part)

    def count(self, runs: Ranges) -> Count:
        count = pages(runs)
        return Count(-(-count // self.batch), 4 * count)

    def decode(self, message: bytes, endian: Endian = "little") -> Spans:
        if len(message) % 4:
            raise EncodingError(f"a PFN array of {len(message)} bytes: a PFN has 4")
        return [(pfn, pfn + 1) for (pfn,) in iter_unpack(f"{_order(endian)}I", message)]


@dataclass(frozen=True)
class Bitmap(Encoding):
    """A bit a page. One message for each `chunk` pages of memory that have any, cut to whole words."""

    name: str = "bitmap"
    batch: int = 1 << 18
    chunk: int = 1 << 18
    """Pages that one bitmap covers at most: 32 KiB of it for 1 GiB, as in v2."""

    HEADER = Struct("<HHHHQQQ")  # cmd, page_shift, flag, reserved, req_id, start_pfn, bmap_len

    @property
    def most_bytes(self) -> int:
        return self.HEADER.size + self.chunk // 8

    def messages(self, runs: Ranges, endian: Endian = "little") -> Iterator[bytes]:
        starts, ends = self._cut(runs)
        for same in _groups(starts // self.chunk):
            low, high = self._words(starts[same], ends[same])
            bitmap = PageBitmap.from_runs(high - low, starts[same] - low, ends[same] - low).tobytes()
            yield self.HEADER.pack(0, PAGE_SHIFT, 0, 0, 0, low, len(bitmap)) + bitmap

    def count(self, runs: Ranges) -> Count:
        starts, ends = self._cut(runs)
        chunks = starts // self.chunk
        first = np.flatnonzero(np.diff(chunks, prepend=-1))
        last = np.flatnonzero(np.diff(chunks, append=-1)) if len(chunks) else first
        words = (ends[last] + 63) // 64 - starts[first] // 64
        return Count(len(first), len(first) * self.HEADER.size + 8 * int(words.sum()))

    def decode(self, message: bytes, endian: Endian = "little") -> Spans:
        if len(message) < self.HEADER.size:
            raise EncodingError(
                f"a bitmap message of {len(message)} bytes: its header alone has {self.HEADER.size}"
            )
        _, shift, _, _, _, low, length = self.HEADER.unpack_from(message)
        bitmap = message[self.HEADER.size :]
        if shift != PAGE_SHIFT or length != len(bitmap) or length % 8:
            raise EncodingError(f"a bitmap of {length} bytes, page shift {shift}: {len(bitmap)} bytes follow")
        starts, ends = PageBitmap.from_bytes(bitmap, 8 * length).runs()
        return [(low + start, low + end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def _cut(self, runs: Ranges) -> Ranges:
        """The runs cut in two wherever one chunk ends and the next begins."""
        top = int(runs[1][-1]) if len(runs[1]) else 0
        edges = np.arange(0, top, self.chunk)
        return intersect(runs, (edges, edges + self.chunk))

    def _words(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[int, int]:
        return int(starts[0]) // 64 * 64, -(-int(ends[-1]) // 64) * 64


@dataclass(frozen=True)
class PfnRanges(Encoding):
    """{pfn 52 bits, pages 12 bits}; where 12 bits are too few they are 0, and the next le64 is the number."""

    name: str = "ranges"
    batch: int = 1 << 18
    words: int = 1 << 12
    """How many le64 a message has at most: 32 KiB of them."""

    HEADER = Struct("<BBHI")  # cmd, flag, id, data_len

    @property
    def most_bytes(self) -> int:
        return self.HEADER.size + 8 * self.words

    def messages(self, runs: Ranges, endian: Endian = "little") -> Iterator[bytes]:
        words: list[int] = []
        for start, end in zip(runs[0].tolist(), runs[1].tolist(), strict=True):
            if len(words) + 2 > self.words:
                yield self._message(words)
                words = []
            pages = end - start
            words += [start << 12 | pages] if pages < 1 << 12 else [start << 12, pages]
        if words:
            yield self._message(words)

    def _message(self, words: Sequence[int]) -> bytes:
        return self.HEADER.pack(0, 0, 0, 8 * len(words)) + pack(f"<{len(words)}Q", *words)

    def count(self, runs: Ranges) -> Count:
        words = np.where(runs[1] - runs[0] < 1 << 12, 1, 2)
        before = np.cumsum(words) - words
        total, messages, at = int(words.sum()), 0, 0
        while at < len(before):
            messages += 1
            # The first run that no longer fits, whether it takes one word or two.
            at = int(np.searchsorted(before, before[at] + self.words - 2, side="right"))
        return Count(messages, messages * self.HEADER.size + 8 * total)

    def decode(self, message: bytes, endian: Endian = "little") -> Spans:
        size = self.HEADER.size
        data = message[size:]
        length = self.HEADER.unpack_from(message)[3] if len(message) >= size else -1
        if length != len(data) or length % 8:
            raise EncodingError(f"ranges of {length} bytes: {len(data)} follow the header, and a range has 8")
        words = [word for (word,) in iter_unpack("<Q", data)]
        spans: Spans = []
        while words:
            word = words.pop(0)
            start, pages = word >> 12, word & 0xFFF
            if not pages:
                if not words:
                    raise EncodingError(f"the range from pfn {start} on has no length")
                pages = words.pop(0)
            spans.append((start, start + pages))
        return spans


@dataclass(frozen=True)
class Scatter(Encoding):
    """A writable buffer a run; a message is the indirect table of a request."""

    name: str = "scatterlist"
    batch: int = 1 << 18
    buffers: int = 128
    """How many buffers a request has at most: the entries of the queue."""

    DESC = Struct("<QIHH")
    LONGEST = (1 << 20) - 1
    """Pages of a buffer: its length is an le32 of bytes."""

    @property
    def most_bytes(self) -> int:
        return self.DESC.size * self.buffers

    def messages(self, runs: Ranges, endian: Endian = "little") -> Iterator[bytes]:
        pieces = (
            (at, min(end - at, self.LONGEST))
            for start, end in zip(runs[0].tolist(), runs[1].tolist(), strict=True)
            for at in range(start, end, self.LONGEST)
        )
        while part := list(islice(pieces, self.buffers)):
            last = len(part) - 1
            yield b"".join(
                self.DESC.pack(
                    start << PAGE_SHIFT,
                    pages << PAGE_SHIFT,
                    WRITE | (NEXT if at < last else 0),
                    at + 1 if at < last else 0,
                )
                for at, (start, pages) in enumerate(part)
            )

    def count(self, runs: Ranges) -> Count:
        buffers = int((-((runs[0] - runs[1]) // self.LONGEST)).sum())
        return Count(-(-buffers // self.buffers), self.DESC.size * buffers)

    def decode(self, message: bytes, endian: Endian = "little") -> Spans:
        if len(message) % self.DESC.size:
            raise EncodingError(f"a table of {len(message)} bytes: a descriptor has {self.DESC.size}")
        spans: Spans = []
        for addr, size, _, _ in self.DESC.iter_unpack(message):
            if (addr | size) & ((1 << PAGE_SHIFT) - 1):
                raise EncodingError(f"{size} bytes at {addr:#x} are no whole pages")
            spans.append((addr >> PAGE_SHIFT, (addr + size) >> PAGE_SHIFT))
        return spans


ENCODINGS: tuple[Encoding, ...] = (PfnArray(), Bitmap(), PfnRanges(), Scatter())


def runs_of(pfns: Sequence[int]) -> Ranges:
    """Any pages as runs; none may be given twice."""
    pages = np.asarray(pfns, np.int64)
    return join(pages, pages + 1)


def spread(pages: int, run: int, gap: int | None = None) -> Ranges:
    """`pages` pages in runs of `run`, `gap` pages between two of them (by default as many)."""
    starts = np.arange(-(-pages // run), dtype=np.int64) * (run + (run if gap is None else gap))
    ends = starts + run
    if len(ends) and pages % run:
        ends[-1] = starts[-1] + pages % run
    return starts, ends


def _order(endian: Endian) -> str:
    return "<" if endian == "little" else ">"


def _groups(keys: NDArray[np.int64]) -> Iterator[slice]:
    """A slice for every stretch of equal keys."""
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    return (slice(low, high) for low, high in zip(edges, edges[1:], strict=False) if low < high)
