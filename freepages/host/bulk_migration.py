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
from freepages.host.sender import Ahead
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, clear_bits, count_bits

GRANULE = 4
"""Words of the bitmap that are counted together, 1 MiB of RAM, whatever the guest's size; one word where the
socket's buffer is small, and less than all where a piece of RAM begins within."""
SMALL_BUFFER = 2 << 20

Words = NDArray[np.uint64]
Counts = NDArray[np.uint16]


class Sent(NamedTuple):
    """What was sent: pages, those of them that were zeros, and the bytes of RAM blocks' names.

    Examples
    --------
    >>> Sent(3, 1, 7) + Sent(2)
    Sent(pages=5, zeros=1, names=7)
    """

    pages: int = 0
    zeros: int = 0
    names: int = 0

    def __add__(self, other: Sent) -> Sent:  # type: ignore[override]
        return Sent(*(a + b for a, b in zip(self, other, strict=True)))


class BulkMigration(Migration):
    """The host's side of a migration of all of ``ram``.

    remaining pages that are to be sent
    position  the word of the bitmap from which the search for the next page goes on
    syncs     how often the log was read, and ``dirtied`` how many pages that added
    skipped   pages that were to be sent and were taken out by a report
    reports   with content: every report that was applied, as (``when()``, its pages)
    never_sent  pages of ram_addr that were not sent yet
    last      what was sent after the stop, and ``last_ahead`` the granules in which it was
    visits    whether the search looks at every page until it has come to the end of RAM once (the bulk stage)

    Examples
    --------
    >>> from freepages.migrate.timed_world import TimedMemory
    >>> ram = GuestRam.pc(64 << 20)
    >>> log = DirtyLog(ram.max_pfn); log.start()
    >>> zeros = PageBitmap.from_runs(ram.max_pfn, [0], [64])
    >>> host = BulkMigration(TimedMemory(log, zeros, False), log, ram, when=lambda: 0)
    >>> host.skip(PageBitmap.from_runs(ram.max_pfn, [1024], [2048]))
    >>> host.remaining, host.send_all()
    (15360, Sent(pages=15360, zeros=64, names=7))
    """

    def __init__(
        self,
        content: Any,
        log: DirtyLog,
        ram: GuestRam,
        when: Callable[[], int],
        granule: int = GRANULE,
        **flags: bool,
    ):
        super().__init__(content, log, ram.pages, **flags)
        self.ram, self._when = ram, when
        self.reports: list[tuple[int, PageBitmap]] = []
        self.chunk = granule
        while any(at % self.chunk for at in ram.word_borders()):
            self.chunk //= 2
        self.spans = tuple(ram.spans(CHUNK_WORDS))
        chunks = -(-len(self.to_send.words) // self.chunk)
        self.pages_in, self.zeros_in = np.zeros(chunks, np.uint16), np.zeros(chunks, np.uint16)
        self.remaining = 0
        self._recount()
        self.position = self.syncs = self.dirtied = self.skipped = 0
        self.visits = True
        self.never_sent = self.to_send.copy()
        self.last, self.last_ahead = Sent(), Ahead(np.empty(0), np.empty(0))
        self._block_sent = ""

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
            step = self._when()
            if self.reports and self.reports[-1][0] == step:  # a loop over single pages has one for each
                pages = self.reports.pop()[1] | pages
            self.reports.append((step, pages))

    def _beside(self, by_pfn: PageBitmap) -> Iterator[tuple[RamSpan, Words, Words]]:
        """The words of the bitmap and those of one over pfns, span by span, where the latter has a bit."""
        low, high = by_pfn.extent
        for span in self.spans:
            there = by_pfn.words[span.first : span.last]
            if span.first >= high or span.last <= low:
                continue
            if there[::1024].any() or there.max():  # a sample tells it in most cases
                yield span, self.to_send.words[span.low : span.high], there

    def _recount(self, *spans: RamSpan, more_zeros: bool = True) -> None:
        """Count anew what is in these spans, or in all; ``more_zeros`` unless there are no more zeros than
        before."""
        for span in spans or self.spans:
            words = self.to_send.words[span.low : span.high]
            zeros = self.content.zero.words[span.first : span.last]
            chunks = slice(span.low // self.chunk, -(-span.high // self.chunk))
            before = _total(self.pages_in[chunks])
            self.pages_in[chunks] = self._each(words)
            self.remaining += _total(self.pages_in[chunks]) - before
            if more_zeros or self.zeros_in[chunks].any():
                self.zeros_in[chunks] = self._each(words & zeros)

    def _each(self, words: Words) -> Counts:
        """The bits that are set in each granule of these words."""
        bits = np.bitwise_count(words)
        if len(bits) % self.chunk:
            bits = np.append(bits, np.zeros(-len(bits) % self.chunk, bits.dtype))
        counts = np.zeros(len(bits) // self.chunk, np.uint16)
        for at in range(self.chunk):
            counts += bits[at :: self.chunk]
        return counts

    # -- sending

    def ahead(self, low: int, high: int) -> Ahead:
        """The granules [low, high) from the position on, once around: fewer, where there are no more."""
        first, inside = divmod(self.position, self.chunk)
        many = len(self.pages_in)
        high = min(high, many + (inside > 0))
        at = (np.arange(low, max(low, high)) + first) % many
        pages, zeros = (some[at].astype(np.int64) for some in (self.pages_in, self.zeros_in))
        if inside and len(at):  # the granule of the position comes at both ends, in part
            behind = self._count(first * self.chunk, self.position)
            for some, less in zip((pages, zeros), behind, strict=True):
                if low == 0:
                    some[0] -= less
                if high == many + 1:
                    some[-1] = less
        visited = np.zeros(len(at))
        if self.visits:
            visited[: max(0, many - first - low)] = self.chunk * 64
        return Ahead(pages, np.clip(zeros, 0, pages), visited)

    def _count(self, low: int, high: int) -> tuple[int, int]:
        if low >= high:
            return 0, 0
        words = self.to_send.words[low:high]
        zeros = self.ram.words_at(self.content.zero, low, high)
        return count_bits(words), count_bits(words & zeros)

    def send_ahead(self, chunks: float) -> Sent:
        """Send so many of the granules ahead; the last in part, to a whole word and at least one."""
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
            self.visits = False
        self.position = high % words
        return sent

    def send_all(self) -> Sent:
        """Send everything that is left."""
        return self._send(0, len(self.to_send.words))

    def stop(self) -> None:
        """The guest stands still: the last sync, and the last pages."""
        self.sync()
        some = np.flatnonzero(self.pages_in)
        self.last_ahead = Ahead(self.pages_in[some].astype(np.int64), self.zeros_in[some].astype(np.int64))
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
        names = self._names(low, high)
        first, last = low // self.chunk, -(-high // self.chunk)
        end = min(last * self.chunk, len(self.to_send.words))
        before = _total(self.pages_in[first:last]), _total(self.zeros_in[first:last])
        stays = self._count(first * self.chunk, low), self._count(high, end)
        for span in self.spans:
            if span.low < high and low < span.high:
                here = slice(max(low, span.low), min(high, span.high))
                if self.pages_in[here.start // self.chunk : -(-here.stop // self.chunk)].any():
                    clear_bits(self.never_sent.words[here], self.to_send.words[here])
                    self.to_send.words[here] = 0
        for counts, below, above in zip((self.pages_in, self.zeros_in), *stays, strict=True):
            counts[first:last] = 0
            counts[first] += below
            counts[last - 1] += above
        pages, zeros = (was - sum(still) for was, *still in zip(before, *stays, strict=True))
        self.remaining -= pages
        return Sent(pages, zeros, names)

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


def _total(counts: Counts) -> int:
    return int(counts.sum(dtype=np.int64))
