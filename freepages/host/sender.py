"""The thread that sends, the socket's buffer, and the link that drains it.

QEMU has one thread that looks for dirty pages, finds out which of them hold zeros, and copies the others into
the socket (ram_save_iterate() of migration/ram.c). The socket's buffer is all that overlaps with it: while
the link drains the buffer the thread goes on searching, and where the buffer is full the thread waits. For
each page, with T the thread's time, D the time at which the link has drained everything, and B / L the
buffer's size over the link's rate:

    T = max(T + cpu, D + wire - B / L)
    D = max(D, T) + wire

Here it is done for a granule of pages at a time, as a fluid: the buffer holds ``waiting`` ns of the link's
work, a granule adds ``wire`` ns to it and takes its ``cpu`` ns away, and what would go beyond the buffer is
time that the thread waits. A granule has a fixed size, so the guest's size does not matter.

What a block of granules does depends only on what waits before it: the thread waits ``max(least, before +
more)``, and ``min(max(before + drift, lowest), highest)`` waits after it. These are found for many blocks at
once, and so a terabyte takes parts of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.later import np
from freepages.pages.orders import PAGE_SIZE

HEADER = 8
"""Bytes before every page: the page's offset in its RAM block, and flags."""
NORMAL_BYTES, ZERO_BYTES = HEADER + PAGE_SIZE, HEADER + 1

BLOCK = 16
"""Granules of a block."""
FIRST_STRETCH, LONGEST_STRETCH = 1 << 8, 1 << 16
"""Granules that are looked at together: few at first, for a send is often a short one."""


class Ahead(NamedTuple):
    """Granules that come next: pages to be sent in each, those of them that are zeros, and pages that are
    looked at whether they are sent or not. Each is an array, or one number for all.

    Examples
    --------
    >>> Ahead(pages=3, zeros=1).bytes()
    8217
    """

    pages: Any
    zeros: Any
    visited: Any = 0

    def bytes(self) -> Any:
        """What they are on the wire."""
        return (self.pages - self.zeros) * NORMAL_BYTES + self.zeros * ZERO_BYTES


class Sender:
    """One thread and its socket: ``drained`` is when the link will have sent all that was handed over, in
    ns.

    Examples
    --------
    >>> sender = Sender(Costs(link=1e9))
    >>> ns = sender.hand_over(0.0, cpu=1_000.0, wire=4_000.0); ns, sender.drained
    (1000.0, 4000.0)
    """

    def __init__(self, costs: Costs):
        self._costs = costs
        self.ns_per_byte = 1e9 / costs.link
        self.room = max(costs.socket_buffer, NORMAL_BYTES) * self.ns_per_byte
        self.drained = 0.0

    def work(self, ahead: Ahead) -> tuple[Any, Any]:
        """ns of the thread, and ns of the link, that each granule takes."""
        costs = self._costs
        normal = ahead.pages - ahead.zeros
        cpu = normal * costs.normal_page + ahead.zeros * costs.zero_page + ahead.visited * costs.visit
        return cpu, ahead.bytes() * self.ns_per_byte

    def hand_over(self, now: float, cpu: float, wire: float) -> float:
        """Hand over a granule from now on; when the thread is done with it."""
        waiting = max(0.0, self.drained - now) + wire - cpu
        done = now + cpu + max(0.0, waiting - self.room)
        self.drained = done + min(max(0.0, waiting), self.room)
        return done

    def hand_over_all(self, now: float, ahead: Ahead) -> float:
        """Hand over these granules, one after the other; when the thread is done with the last."""
        for cpu, wire in zip(*(some.tolist() for some in self.work(ahead)), strict=True):
            now = self.hand_over(now, cpu, wire)
        return now


class Plan:
    """What is ahead of a sender, looked at stretch by stretch as it gets there.

    look     tells of the granules [low, high) from the position on, once around; fewer where there are none
    pages, bytes  what was sent of them

    Examples
    --------
    >>> ten = Ahead(np.full(10, 256), np.zeros(10))
    >>> plan = Plan(Sender(Costs()), lambda low, high: Ahead(ten.pages[low:high], ten.zeros[low:high]))
    >>> end = plan.send(0.0, until=1e9, most=1e9)
    >>> plan.pages, plan.reached
    (2560.0, 10.0)
    """

    def __init__(self, sender: Sender, look: Callable[[int, int], Ahead]):
        self._sender, self._look = sender, look
        self._looked, self._many, self._ended = 0, FIRST_STRETCH, False
        self.pages = self._wire = 0.0
        self._next_stretch()

    def _next_stretch(self) -> None:
        """Go on to the next stretch in which there is something to do; granules without are left out."""
        self._at, self._part, self._index = 0, 0.0, np.empty(0, np.int64)
        while not len(self._index) and not self._ended:
            ahead = self._look(self._looked, self._looked + self._many)
            cpu, wire = self._sender.work(ahead)
            some = np.flatnonzero(cpu + wire)
            self._index = some + self._looked
            self._granules = ahead.pages[some], cpu[some], wire[some]
            self._ended = len(cpu) < self._many
            self._looked += len(cpu)
            self._many = min(2 * self._many, LONGEST_STRETCH)
        long = len(self._index) > FIRST_STRETCH
        self._blocks = _blocks(*self._granules, self._sender.room) if long else []

    @property
    def bytes(self) -> float:
        """Bytes that were sent of them."""
        return self._wire / self._sender.ns_per_byte

    @property
    def zeros(self) -> float:
        """Zero pages that were sent."""
        return (self.pages * NORMAL_BYTES - self.bytes) / (NORMAL_BYTES - ZERO_BYTES)

    @property
    def reached(self) -> float:
        """How many of the granules ahead are sent."""
        inside = self._at < len(self._index)
        return int(self._index[self._at]) + self._part if inside else float(self._looked)

    def send(self, now: float, until: float, most: float) -> float:
        """Send from now until then, or until so many bytes are sent, or all is; when that is."""
        end = self._wire + most * self._sender.ns_per_byte
        while len(self._index):
            if not self._part and not self._at % BLOCK and self._at < len(self._blocks) * BLOCK:
                now = self._send_blocks(now, until, end)
            low, high = self._at, min((self._at // BLOCK + 1) * BLOCK, len(self._index))
            for pages, cpu, wire in zip(*(some[low:high].tolist() for some in self._granules), strict=True):
                part = rest = 1.0 - self._part
                if self._wire + wire * part > end:
                    part = max(0.0, end - self._wire) / wire
                before = self._sender.drained
                done = self._sender.hand_over(now, cpu * part, wire * part)
                if done > until:
                    part *= (until - now) / (done - now)
                    self._sender.drained = before
                    self._sender.hand_over(now, cpu * part, wire * part)
                    done = until
                now = done
                self.pages += pages * part
                self._wire += wire * part
                if part < rest:
                    self._part += part
                    return now
                self._at, self._part = self._at + 1, 0.0
            if self._at == len(self._index):
                self._next_stretch()
        return now

    def _send_blocks(self, now: float, until: float, end: float) -> float:
        """Send whole blocks, as long as they end before ``until`` and what is sent is at most ``end``."""
        first, waiting = self._at // BLOCK, max(0.0, self._sender.drained - now)
        for at in range(first, len(self._blocks)):
            pages, cpu, wire, least, more, lowest, highest = self._blocks[at]
            done = now + cpu + max(least, waiting + more)
            if done > until or self._wire + wire > end:
                break
            now, waiting = done, min(max(waiting + wire - cpu, lowest), highest)
            self.pages += pages
            self._wire += wire
        else:
            at = len(self._blocks)
        self._at = at * BLOCK
        self._sender.drained = now + waiting
        return now


def _blocks(pages: Any, cpu: Any, wire: Any, room: float) -> list[tuple[float, ...]]:
    """The whole blocks of these granules."""
    many = len(cpu) // BLOCK * BLOCK
    steps = np.ascontiguousarray((wire - cpu)[:many].reshape(-1, BLOCK).T)
    ends, waited = [], []
    for before in (0.0, room):  # whatever waits before is between these two
        waiting, thread = np.full(steps.shape[1], before), np.zeros(steps.shape[1])
        for step in steps:
            waiting += step
            beyond = np.maximum(waiting - room, 0.0)
            thread += beyond
            waiting -= beyond
            np.maximum(waiting, 0.0, out=waiting)
        ends.append(waiting)
        waited.append(thread)
    sums = [some[:many].reshape(-1, BLOCK).sum(axis=1) for some in (pages, cpu, wire)]
    columns = [*sums, waited[0], waited[1] - room, *ends]
    return list(zip(*(column.tolist() for column in columns), strict=True))
