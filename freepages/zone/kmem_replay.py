"""A running kernel's events, replayed page by page: who has each page, as far as they tell.

A trace begins in the middle: of a page that no event has named yet nothing is known. An event can also
contradict an earlier one, because the kernel dropped some between, or has a path without one: what compaction
takes off the lists has no mm_page_alloc. Such contradictions are counted, and the later event is believed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from freepages.engine import Act, Steps
from freepages.real.kmem_events import (
    ALLOC,
    DRAIN,
    EXTFRAG,
    FREE,
    FREE_BATCHED,
    KINDS,
    NO_PFN,
    ZONE_LOCKED,
    KmemEvents,
)  # fmt: skip
from freepages.real.text_lines import EVERY, Watch, unwatched

UNSEEN, IN_USE, PER_CPU, FREE_PAGE = range(4)

ALLOCATES = Act("{0} allocates {1}", cost="none")
FREES = Act("{0} frees {1}", cost="none")
TO_THE_CPU = Act("{0}'s CPU takes {1} off the zone's lists onto its own", cost="none")
TO_THE_ZONE = Act("{0}'s CPU gives {1} back to the zone's lists", cost="none")
TAKES_APART = Act("{0} finds no block of its migratetype, and takes {1} apart", cost="none")
NOTES = Act("{0}: {1} {2}", cost="none")

TWICE, FREED_TWICE, LISTED_IN_USE = "allocated_twice", "freed_twice", "listed_while_in_use"
IMPOSSIBLE: dict[str, str] = {
    TWICE: "allocated while in use: its free was never seen",
    FREED_TWICE: "freed while free: its allocation was never seen",
    LISTED_IN_USE: "put on a list while in use: its free was never seen",
}
"""What contradicts an earlier event, each with what it means."""

CHUNK = 10  # pages are kept 2**CHUNK at a time: pfns may lie anywhere


@dataclass
class SeenPages:
    """What is known of every page, and what was counted on the way.

    ``unseen_frees`` are frees of blocks that no event had named before: they were allocated before the trace
    began. ``failed`` counts allocations that got nothing.

    Examples
    --------
    >>> seen = SeenPages()
    >>> seen.put(5, order=0, state=IN_USE) == {UNSEEN}
    True
    >>> seen.pages(IN_USE), seen.range()
    (1, (0, 1024))
    """

    chunks: dict[int, bytearray] = field(default_factory=dict)
    impossible: Counter[str] = field(default_factory=Counter)
    unseen_frees: int = 0
    failed: int = 0

    def pages(self, state: int) -> int:
        """How many pages are in a state."""
        return sum(chunk.count(state) for chunk in self.chunks.values())

    def range(self) -> tuple[int, int]:
        """The pfns [lo, hi) of the chunks that an event has named a page of."""
        return min(self.chunks, default=0) << CHUNK, (max(self.chunks, default=-1) + 1) << CHUNK

    def put(self, pfn: int, order: int, state: int) -> set[int]:
        """Put the block's pages in a state; the states they were in."""
        size = 1 << CHUNK
        if order == 0:
            chunk = self.chunks.get(pfn >> CHUNK)
            if chunk is None:
                chunk = self.chunks[pfn >> CHUNK] = bytearray(size)
            before = {chunk[pfn & (size - 1)]}
            chunk[pfn & (size - 1)] = state
            return before
        before, pages = set(), min(1 << order, size)
        for first in range(pfn, pfn + (1 << order), pages):
            chunk = self.chunks.setdefault(first >> CHUNK, bytearray(size))
            at = first & (size - 1)
            before |= set(chunk[at : at + pages])
            chunk[at : at + pages] = bytes([state]) * pages
        return before


class KmemReplay:
    """The events of a trace, to be replayed on ``seen`` one after the other. ``done`` is how many were.

    Where every page that is freed in a batch has an mm_page_free of its own, mm_page_free_batched is a note
    on it; in a trace without mm_page_free it is the free. A page freed alone lies on a CPU's own list until
    it is drained, where the trace has the events that tell of these lists.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> from freepages.real.kmem_events import read_kmem_events
    >>> replay = KmemReplay(read_kmem_events(data_path("traces", "guest-6.1.trace.gz")))
    >>> act, *words = replay.announcement(); act.say(tuple(words))
    'init-1 allocates block 10700 of order 1'
    >>> replay.apply(); replay.done
    1
    """

    def __init__(self, events: KmemEvents):
        self.events, self.seen, self.done = events, SeenPages(), 0
        counts = events.counts()
        self._batched_is_free = not counts[FREE]
        self._alone = PER_CPU if counts[DRAIN] or counts[ZONE_LOCKED] else FREE_PAGE

    def replay(self, watch: Watch = unwatched) -> None:
        """Replay what is left, until ``watch``, called with how many events are done, is true."""
        while self.done < len(self.events) and not (self.done % EVERY == 0 and watch(self.done)):
            self.apply()

    def apply(self) -> None:
        """Replay the next event."""
        events, seen, at = self.events, self.seen, self.done
        kind, pfn, order = KINDS[events.kinds[at]], events.pfns[at], events.orders[at]
        self.done += 1
        if kind == ALLOC:
            if pfn == NO_PFN:
                seen.failed += 1
            elif IN_USE in seen.put(pfn, order, IN_USE):
                seen.impossible[TWICE] += 1
        elif kind == FREE or kind == FREE_BATCHED and self._batched_is_free:
            before = seen.put(pfn, order, FREE_PAGE if order else self._alone)
            if PER_CPU in before or FREE_PAGE in before:
                seen.impossible[FREED_TWICE] += 1
            elif IN_USE not in before:
                seen.unseen_frees += 1
        elif kind == DRAIN or kind == ZONE_LOCKED and events.details[at] and pfn != NO_PFN:
            if IN_USE in seen.put(pfn, order, FREE_PAGE if kind == DRAIN else PER_CPU):
                seen.impossible[LISTED_IN_USE] += 1

    def announcement(self) -> tuple[object, ...]:
        """What the next event says, as a step announces it."""
        event = self.events[self.done]
        if event.pfn == NO_PFN:
            return NOTES, event.task, "gets no block of order", event.order
        block = f"page {event.pfn}" if event.order == 0 else f"block {event.pfn} of order {event.order}"
        if event.kind == ALLOC:
            return ALLOCATES, event.task, block
        if event.kind == FREE or event.kind == FREE_BATCHED and self._batched_is_free:
            return FREES, event.task, block
        if event.kind == DRAIN:
            return TO_THE_ZONE, event.task, block
        if event.kind == EXTFRAG:
            return TAKES_APART, event.task, block
        if event.kind == ZONE_LOCKED and event.detail:
            return TO_THE_CPU, event.task, block
        return NOTES, event.task, event.kind, block

    def steps(self) -> Steps:
        """The events one by one. Process."""
        while self.done < len(self.events):
            yield self.announcement()
            self.apply()
