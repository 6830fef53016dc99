"""Guest RAM as the host keeps it: RAM blocks, in which a page's offset is not its guest page frame number.

Models exec.c and migration/ram.c of QEMU 2.6. The migration bitmap has one bit for each page of ``ram_addr``,
the space in which all RAM blocks lie one after the other, without holes. The block "pc.ram" is mapped into
the guest in two pieces, around the PCI hole. So a pfn from 4 GiB on is not a ram_addr, and whoever takes it
for one misses every such page by the size of the hole (the review's row B18).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.engine.later import NDArray, np
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SHIFT
from freepages.pages.pc_memory import ram_ranges
from freepages.pages.ranges import Ranges, arrays, intersect


@dataclass(frozen=True)
class RamBlock:
    """A RAM block: its name in the stream, its first page in ram_addr, its length, and where the guest sees
    it.

    ``mapped`` lists the guest's pfn ranges that show the block's pages, in the order of their offsets.

    Examples
    --------
    >>> RamBlock("pc.ram", 0, 8, ((0, 4), (16, 20))).pages
    8
    """

    idstr: str
    offset: int
    pages: int
    mapped: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        shown = sum(end - start for start, end in self.mapped)
        if shown != self.pages:
            raise FreepagesError(
                f"RAM block {self.idstr}: {self.pages} pages, of which the guest sees {shown}"
            )


class RamSpan(NamedTuple):
    """The words [low, high) of a bitmap over ram_addr, and [first, last) of one over pfns: the same pages.

    Examples
    --------
    >>> RamSpan(low=0, high=2, first=4, last=6).last
    6
    """

    low: int
    high: int
    first: int
    last: int


class GuestRam:
    """All RAM blocks of a guest, and the way between the guest's pfns and ram_addr (both in pages).

    Examples
    --------
    >>> ram = GuestRam.pc(4 << 30)
    >>> [block.mapped for block in ram.blocks]
    [((0, 786432), (1048576, 1310720))]
    >>> hex(ram.ram_addr(0x100000)), hex(ram.pfn(0xC0000))
    ('0xc0000', '0x100000')
    >>> ram.ram_addr(0xD0000)
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: pfn 851968 has no RAM: it lies at [0, 786432), [104857...
    """

    def __init__(self, blocks: Sequence[RamBlock]):
        self.blocks = tuple(blocks)
        self.pages = sum(block.pages for block in self.blocks)
        pieces, at = [], 0
        for block in self.blocks:
            if block.offset != at:
                raise FreepagesError(
                    f"RAM block {block.idstr} begins at {block.offset}, the one before ends at {at}"
                )
            for start, end in block.mapped:
                pieces.append((start, end, at))
                at += end - start
        pieces.sort()
        for (_, end, _), (start, _, _) in zip(pieces, pieces[1:], strict=False):
            if start < end:
                raise FreepagesError(f"two RAM blocks are mapped at pfn {start}")
        self._pieces = pieces
        self.max_pfn = pieces[-1][1] if pieces else 0

    @classmethod
    def pc(cls, ram_bytes: int, machine: str = "i440fx", *, hotplugged: Sequence[int] = ()) -> GuestRam:
        """A PC's "pc.ram", and a block "dimmN" for each hotplugged module (bytes), mapped above it."""
        pages = ram_bytes >> PAGE_SHIFT
        ranges = ram_ranges(pages, machine)
        blocks = [RamBlock("pc.ram", 0, pages, tuple(ranges))]
        pfn = max(ranges[-1][1], 1 << (32 - PAGE_SHIFT))
        for number, size in enumerate(hotplugged):
            more = size >> PAGE_SHIFT
            blocks.append(RamBlock(f"dimm{number}", pages, more, ((pfn, pfn + more),)))
            pages, pfn = pages + more, pfn + more
        return cls(blocks)

    def ram_addr(self, pfn: int) -> int:
        """The page of ram_addr at a guest's pfn. Raises FreepagesError for a pfn without RAM."""
        for start, end, at in self._pieces:
            if start <= pfn < end:
                return at + pfn - start
        raise FreepagesError(f"pfn {pfn} has no RAM: it lies at {self._where()}")

    def pfn(self, ram_addr: int) -> int:
        """The guest's pfn of a page of ram_addr. Raises FreepagesError beyond the RAM."""
        for start, end, at in self._pieces:
            if at <= ram_addr < at + end - start:
                return start + ram_addr - at
        raise FreepagesError(f"page {ram_addr} is beyond the RAM of {self.pages} pages")

    def to_ram_addr(self, by_pfn: PageBitmap) -> PageBitmap:
        """A bitmap over the guest's pfns as one over ram_addr; bits where there is no RAM are dropped.

        Raises FreepagesError for a bitmap that goes on beyond the guest's last page: it is another guest's.
        """
        if by_pfn.pages > self.max_pfn + 63 & -64:
            raise FreepagesError(
                f"a bitmap of {by_pfn.pages} pages for a guest whose pfns end at {self.max_pfn}"
            )
        out = PageBitmap(self.pages)
        if self.aligned:
            for start, end, at in self._pieces:
                there = by_pfn.words[start >> 6 : end >> 6]
                out.words[at >> 6 : (at >> 6) + len(there)] = there
            return out
        starts, ends = by_pfn.runs()
        for start, end, at in self._pieces:
            low, high = intersect((starts, ends), arrays([(start, end)]))
            out |= PageBitmap.from_runs(self.pages, low - start + at, high - start + at)
        return out

    def to_pfns(self, by_ram_addr: PageBitmap) -> PageBitmap:
        """The other way: a bitmap over ram_addr as one over the guest's pfns."""
        if by_ram_addr.pages != self.pages:
            raise FreepagesError(f"a bitmap of {by_ram_addr.pages} pages for RAM of {self.pages}")
        out = PageBitmap(self.max_pfn)
        if self.aligned:
            for start, end, at in self._pieces:
                there = by_ram_addr.words[at >> 6 : (at + end - start) >> 6]
                out.words[start >> 6 : (start >> 6) + len(there)] = there
            return out
        starts, ends = by_ram_addr.runs()
        for start, end, at in self._pieces:
            low, high = intersect((starts, ends), arrays([(at, at + end - start)]))
            out |= PageBitmap.from_runs(self.max_pfn, low - at + start, high - at + start)
        return out

    @property
    def aligned(self) -> bool:
        """Whether each piece begins and ends at a multiple of 64 pages: then bitmaps move by whole words."""
        return not any((start | end | at) & 63 for start, end, at in self._pieces)

    def words_at(self, by_pfn: PageBitmap, low: int, high: int) -> NDArray[np.uint64]:
        """The words of a bitmap over pfns that stand for the words [low, high) of one over ram_addr, a
        copy."""
        parts = [by_pfn.words[span.first : span.last] for span in self.spans(high - low, low, high)]
        return np.concatenate(parts)

    def spans(self, most: int, low: int = 0, high: int | None = None) -> Iterator[RamSpan]:
        """The words [low, high) of a bitmap over ram_addr in stretches of at most so many words, each of
        which lies beside one stretch of a bitmap over pfns.

        Raises FreepagesError for RAM that is not aligned.
        """
        if not self.aligned:
            raise FreepagesError("RAM whose pieces are no multiples of 64 pages has no words in common")
        for start, end, at in sorted(self._pieces, key=lambda piece: piece[2]):
            shift = (start - at) >> 6
            stop = (at + end - start) >> 6
            stop = stop if high is None else min(stop, high)
            for first in range(max(at >> 6, low), stop, most):
                last = min(first + most, stop)
                yield RamSpan(first, last, first + shift, last + shift)

    def word_borders(self) -> list[int]:
        """The words of a bitmap over ram_addr at which a piece begins."""
        return [at >> 6 for _, _, at in self._pieces]

    def untranslated(self, by_pfn: PageBitmap) -> PageBitmap:
        """The same bitmap taken for one over ram_addr as it is: what a host does that does not translate."""
        starts, ends = by_pfn.runs()
        kept = starts < self.pages
        return PageBitmap.from_runs(self.pages, starts[kept], np.minimum(ends[kept], self.pages))

    def pfns(self) -> Ranges:
        """The guest's pfns that have RAM."""
        return arrays([(start, end) for start, end, _ in self._pieces])

    def _where(self) -> str:
        return ", ".join(f"[{start}, {end})" for start, end, _ in self._pieces)
