"""The migration bitmap of a large guest, over ram_addr, with counts that a send of thousands of pages can be
planned from: the vectorised twin of :class:`freepages.host.migration.Migration`.

The guest counts in pfns and so does KVM's log; RAM blocks, the bitmap and the order in which pages are sent
count in ram_addr. What comes from the guest is translated here, word by word, as it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from freepages.host.dirty_log import DirtyLog
from freepages.host.migration import Migration
from freepages.host.ram import GuestRam, RamSpan
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, clear_bits, count_bits

CHUNKS = 4096
"""A plan has about so many chunks, whatever the guest's size."""

Words = NDArray[np.uint64]
Counts = NDArray[np.int64]


class Sent(NamedTuple):
    """What was sent: pages, those of them that were zeros, and the bytes of RAM blocks' names."""

    pages: int = 0
    zeros: int = 0
    names: int = 0

    def __add__(self, other: Sent) -> Sent:  # type: ignore[override]
        return Sent(*(a + b for a, b in zip(self, other, strict=True)))


class BulkMigration(Migration):
    """The host's side of a migration of all of ``ram``.

    position  the word of the bitmap from which the search for the next page goes on
    syncs     how often the log was read, and ``dirtied`` how many pages that added
    skipped   pages that were to be sent and were taken out by a report
    reports   with content: every report that was applied, as (``when()``, its pages)
    last      what was sent after the stop
    """

    def __init__(self, content: Any, log: DirtyLog, ram: GuestRam, when: Callable[[], int], **flags: bool):
        super().__init__(content, log, ram.pages, **flags)
        self.ram, self._when = ram, when
        self.reports: list[tuple[int, PageBitmap]] = []
        words = len(self.to_send.words)
        self.chunk = min(1 << max(0, (words // CHUNKS).bit_length() - 1), CHUNK_WORDS)
        while any(at % self.chunk for at in ram.word_borders()):
            self.chunk //= 2
        self.spans = tuple(ram.spans(CHUNK_WORDS // self.chunk * self.chunk))
        chunks = -(-words // self.chunk)
        self.pages_in, self.zeros_in = np.zeros(chunks, np.int64), np.zeros(chunks, np.int64)
        self._recount()
        self.position = self.syncs = self.dirtied = self.skipped = 0
        self.bulk_stage = True
        self.last = Sent()
        self._block_sent = ""

    @property
    def remaining(self) -> int:
        """Pages that are to be sent."""
        return int(self.pages_in.sum())

    # -- what the log and the guest's reports change

    def sync(self) -> PageBitmap:
        """Read the log, over pfns; what it has is to be sent, and holds zeros no more. Returns an empty
        map, the log's to use again."""
        if self.settles:
            self.log.settle()
        dirty: PageBitmap = self.log.read()
        before = self.remaining
        for span, here, there in self._beside(dirty):
            np.bitwise_or(here, there, out=here)
            if self.brought is not None:
                self.brought.words[span.low : span.high] |= there
            if not self.content.exact:
                clear_bits(self.content.zero.words[span.first : span.last], there)
            there.fill(0)
            self._recount(span, more_zeros=self.content.exact)
        self.syncs, self.dirtied = self.syncs + 1, self.dirtied + self.remaining - before
        return dirty

    def skip(self, pages: PageBitmap) -> None:
        """Do not send these pages (pfns), unless the log brings them later."""
        before = self.remaining
        for span, here, there in self._beside(pages):
            clear_bits(here, there)
            self._recount(span, more_zeros=False)
        self.skipped += before - self.remaining
        self._applied(pages)

    def skip_in_copy(self, pages: PageBitmap) -> None:
        """To send is the copy without these pages (pfns), and what the log has brought since it was taken."""
        before = self.remaining
        super().skip_in_copy(self.ram.to_ram_addr(pages))
        self._recount()
        self.skipped += max(0, before - self.remaining)

    def _applied(self, pages: PageBitmap) -> None:
        super()._applied(pages)
        if self.content.tokens is not None:
            self.reports.append((self._when(), pages))

    def _beside(self, by_pfn: PageBitmap) -> Iterator[tuple[RamSpan, Words, Words]]:
        """The words of the bitmap and those of one over pfns, span by span, where the latter has a bit."""
        for span in self.spans:
            there = by_pfn.words[span.first : span.last]
            if there[::1024].any() or there.max():  # a sample tells it in most cases
                yield span, self.to_send.words[span.low : span.high], there

    def _recount(self, *spans: RamSpan, more_zeros: bool = True) -> None:
        """Count anew what is in these spans, or in all; ``more_zeros`` unless there are no more zeros than
        before."""
        for span in spans or self.spans:
            words = self.to_send.words[span.low : span.high]
            zeros = self.content.zero.words[span.first : span.last]
            edges = np.arange(0, len(words), self.chunk)
            chunks = slice(span.low // self.chunk, span.low // self.chunk + len(edges))
            np.add.reduceat(np.bitwise_count(words), edges, dtype=np.int64, out=self.pages_in[chunks])
            if more_zeros or self.zeros_in[chunks].any():
                some = np.bitwise_count(words & zeros)
                np.add.reduceat(some, edges, dtype=np.int64, out=self.zeros_in[chunks])

    # -- sending

    def ahead(self) -> tuple[Counts, Counts]:
        """Pages and zero pages to be sent, chunk after chunk from the position on, once around."""
        first, inside = divmod(self.position, self.chunk)
        counts = [np.roll(some, -first) for some in (self.pages_in, self.zeros_in)]
        if inside:
            behind = self._count(first * self.chunk, self.position)
            for some, less in zip(counts, behind, strict=True):
                some[0] -= less
            counts = [np.append(some, less) for some, less in zip(counts, behind, strict=True)]
        return counts[0], counts[1]

    def _count(self, low: int, high: int) -> tuple[int, int]:
        words = self.to_send.words[low:high]
        zeros = self.ram.words_at(self.content.zero, low, high)
        return count_bits(words), count_bits(words & zeros)

    def in_bulk_stage(self, chunks: int) -> int:
        """How many of the chunks ahead lie before the end of RAM, while it was not reached once."""
        return min(len(self.pages_in) - self.position // self.chunk, chunks) if self.bulk_stage else 0

    def send_ahead(self, chunks: float) -> Sent:
        """Send so many of the chunks ahead; the last in part, to a whole word and at least one."""
        last = int(np.ceil(chunks)) - 1
        if last < 0:
            return Sent()
        start, words = self.position, len(self.to_send.words)
        around = start // self.chunk + last >= len(self.pages_in)
        low, high = self._range(last)
        if chunks <= last + 0.999999:
            upto = np.cumsum(np.bitwise_count(self.to_send.words[low:high]), dtype=np.int64)
            high = low + 1 + int(np.searchsorted(upto, (chunks - last) * upto[-1])) if upto[-1] else high
        sent = self._send(start, words) + self._send(0, high) if around else self._send(start, high)
        if around or high == words:
            self.bulk_stage = False
        self.position = high % words
        return sent

    def send_all(self) -> Sent:
        """Send everything that is left."""
        return self._send(0, len(self.to_send.words))

    def stop(self) -> None:
        """The guest stands still: the last sync, and the last pages."""
        self.sync()
        self.last = self.send_all()
        self.stopped = True

    def _range(self, ahead: int) -> tuple[int, int]:
        """The words of a chunk that is so many ahead."""
        first, chunks = self.position // self.chunk, len(self.pages_in)
        if ahead == chunks:
            return first * self.chunk, self.position
        low = (first + ahead) % chunks * self.chunk
        high = min(low + self.chunk, len(self.to_send.words))
        return (low if ahead else self.position), high

    def _send(self, low: int, high: int) -> Sent:
        """Send what is to be sent of the words [low, high)."""
        if low >= high:
            return Sent()
        if self.content.tokens is not None:
            these = PageBitmap(self.to_send.pages)
            these.words[low:high] = self.to_send.words[low:high]
            self.content.send(self.ram.to_pfns(these))
        names, before = self._names(low, high), (self.pages_in.sum(), self.zeros_in.sum())
        first, last = -(-low // self.chunk), -(-high // self.chunk)
        if first * self.chunk > low:  # the chunks at both ends may stay in part
            first -= 1
            self._take(first, low, min(high, (first + 1) * self.chunk))
            first += 1
        if first < last and high < min(last * self.chunk, len(self.to_send.words)):
            last -= 1
            self._take(last, last * self.chunk, high)
        for span in self.spans:
            if (
                span.low < high
                and low < span.high
                and self.pages_in[span.low // self.chunk : -(-span.high // self.chunk)].any()
            ):
                self.to_send.words[max(low, span.low) : min(high, span.high)] = 0
        self.pages_in[first:last] = self.zeros_in[first:last] = 0
        return Sent(int(before[0] - self.pages_in.sum()), int(before[1] - self.zeros_in.sum()), names)

    def _take(self, chunk: int, low: int, high: int) -> None:
        """Take the words [low, high) out of what is counted in the chunk."""
        pages, zeros = self._count(low, high)
        self.pages_in[chunk] -= pages
        self.zeros_in[chunk] -= zeros

    def _names(self, low: int, high: int) -> int:
        """Bytes of names: a page that begins another block than the page before carries that one's."""
        names = 0
        for block in self.ram.blocks:
            start, end = block.offset >> 6, block.offset + block.pages >> 6
            some = self.to_send.words[max(start, low) : min(end, high)]
            if self._block_sent != block.idstr and some.any():
                self._block_sent = block.idstr
                names += 1 + len(block.idstr)
        return names
