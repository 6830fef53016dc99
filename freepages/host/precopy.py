"""Pre-copy as QEMU of 2016 does it: when it sends, when it syncs, and when it dares to stop the guest.

Models migration_thread() of migration/migration.c and ram_save_iterate(), ram_save_pending() and
migration_bitmap_sync() of migration/ram.c (QEMU 2.5 to 2.8). It decides what hostside.freely leaves to a
schedule: sends go through the bitmap from where the last one ended, in sections of at most 50 ms; the
bandwidth is limited for windows of 100 ms, and measured over each; when what is left could be sent within the
downtime, the log is read, and if it still could, the guest is stopped. Its last pages are sent without the
limit.

Sends are planned in bulk: one act sends all there is until something happens that may change what is to be
sent. A page counts as zero as it was found at the last sync.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from freepages.clock import Clock
from freepages.costs import Costs
from freepages.engine import Act, Steps, Until
from freepages.errors import FreepagesError
from freepages.host.bulkmigration import Sent
from freepages.pages import PAGE_SIZE
from freepages.quantity import format_bandwidth, format_bytes, format_seconds

HEADER = 8
"""Bytes before every page: the page's offset in its RAM block, and flags."""
NORMAL_BYTES, ZERO_BYTES = HEADER + PAGE_SIZE, HEADER + 1
SECTION_END = 8

WINDOW = 100_000_000
"""BUFFER_DELAY, in ns: the bandwidth is limited and measured over so long."""
SECTION = 50_000_000
"""MAX_WAIT, in ns: an iteration ends after so long."""
SECOND = 1_000_000_000

THROTTLE_FIRST, THROTTLE_MORE, THROTTLE_MOST = 0.2, 0.1, 0.99

LOOKS = Act("looks what there is to do")
WAKES = Act("wakes: there is an answer", cost="wake")
WAITS = Act("sees the guest's answer")
SYNCS = Act("reads the dirty log", cost="sync", amount=1)
SENDS = Act("sends {0} pages", cost="elapsed", amount=1)
STOPS = Act("stops the guest and syncs", cost="stop")
SENDS_REST = Act("sends the last {0} pages", cost="elapsed", amount=1)

ASK, SYNC = "ask", "sync"


class Stage(NamedTuple):
    """A stretch of the migration: what was done from ``start`` to ``end`` (ns), and what was left after."""

    what: str
    start: int
    end: int
    pages: int
    bytes: int
    left: int


class Precopy:
    """The host's pace in one migration: give :meth:`pace` to its world.

    bandwidth  the limit, in bytes a second; the link's own is in ``costs``
    downtime   how long the guest may stand still, in seconds
    max_rounds syncs after which it is given up
    watch      called now and then with how many syncs there were, and the pages left

    sent       pages sent so far;  ``sections`` how many sections ended
    stages     what was done when
    """

    def __init__(
        self,
        clock: Clock,
        costs: Costs,
        *,
        bandwidth: float,
        downtime: float,
        max_rounds: int = 100,
        auto_converge: bool = False,
        watch: Callable[[int, int], None] | None = None,
    ):
        for name, value in (("bandwidth", bandwidth), ("max rounds", max_rounds)):
            if not value > 0:
                raise FreepagesError(f"{name}: {value} is not more than 0")
        if downtime < 0:
            raise FreepagesError(f"downtime: {downtime} s is negative")
        self.clock, self.costs = clock, costs
        self.bandwidth, self.downtime = bandwidth, downtime
        self.max_rounds, self.auto_converge, self.watch = max_rounds, auto_converge, watch
        self.sent, self.sections = Sent(), 0
        self.stages: list[Stage] = []
        self.started = self.stopped_at = -1
        self.throttle = 0.0
        self._syncs_seen = self._syncs_at_ask = 0
        self._asked = self._sync_due = self._fresh = False
        self._window_start = self._window_bytes = 0.0
        self._threshold = 0.0  # max_size: bytes that are sent within the downtime
        self._period_start = self._period_dirtied = self._period_bytes = 0
        self._busy = 0
        self.dirty_rate = 0.0

    @property
    def bytes(self) -> int:
        """ram.transferred: pages with their headers, names of RAM blocks, ends of sections."""
        normal = self.sent.pages - self.sent.zeros
        pages = normal * NORMAL_BYTES + self.sent.zeros * ZERO_BYTES
        return pages + self.sent.names + self.sections * SECTION_END

    # -- what hostside.precopy() asks for

    def pace(self, w: Any, sync: bool, stop: bool, asks: bool, tells_sync: bool) -> Steps:
        """Go on with the migration, as :func:`freepages.proposals.hostside.precopy` wants it."""
        answers = Until(lambda: bool(w.mail.answers), "waits for the guest's answer")
        while True:
            yield (LOOKS,)
            self._note_sync(w)
            if w.mail.answers:
                yield (WAKES,)
                return w.mail.answers.pop(0)
            if asks and self._may_ask(w, tells_sync):
                self._asked, self._syncs_at_ask = True, w.host.syncs
                return ASK
            if not sync:
                yield WAITS, answers
                continue
            left = w.host.remaining
            if self.started < 0 or (left * PAGE_SIZE < self._threshold and not self._fresh):
                yield SYNCS, None, w.ram.pages
                if tells_sync:
                    return SYNC
                w.sync()
            elif left * PAGE_SIZE >= max(self._threshold, 1):
                self._check_rounds(w)
                yield from self._send(w)
            elif stop:
                yield from self._finish(w)
                return None
            else:
                yield WAITS, answers

    def _may_ask(self, w: Any, tells_sync: bool) -> bool:
        if tells_sync:  # after every sync
            return w.host.syncs > self._syncs_at_ask
        return not self._asked and w.mail.asked < w.requests

    # -- sync

    def _note_sync(self, w: Any) -> None:
        """What follows from a sync that was made since: rates, and whether to slow the guest down."""
        if w.host.syncs == self._syncs_seen:
            return
        now = self.clock.now
        self._syncs_seen, self._fresh = w.host.syncs, True
        self.stages.append(Stage("sync", now, now, 0, 0, w.host.remaining))
        if self.started < 0:
            self.started = now
            self._window_start = now
            self._period_start, self._period_dirtied = now, w.host.dirtied
        elif now > self._period_start + SECOND:
            dirtied = (w.host.dirtied - self._period_dirtied) * PAGE_SIZE
            self.dirty_rate = dirtied / (now - self._period_start) * SECOND
            if self.auto_converge and dirtied > (self.bytes - self._period_bytes) / 2:
                self._busy += 1
                if self._busy > 1:
                    self._busy = 0
                    more = self.throttle + THROTTLE_MORE if self.throttle else THROTTLE_FIRST
                    self.throttle = min(more, THROTTLE_MOST)
                    w.speed = 1 - self.throttle
            self._period_start, self._period_dirtied = now, w.host.dirtied
            self._period_bytes = self.bytes
        if self.watch:
            self.watch(w.host.syncs, w.host.remaining)

    def _check_rounds(self, w: Any) -> None:
        if w.host.syncs < self.max_rounds:
            return
        raise FreepagesError(
            f"the downtime of {format_seconds(self.downtime)} is not reached in {w.host.syncs} rounds: "
            f"{format_bytes(w.host.remaining * PAGE_SIZE)} are left, the guest dirties "
            f"{format_bandwidth(self.dirty_rate)} and {format_bandwidth(self.bandwidth)} are sent at most"
        )

    # -- sending

    def _send(self, w: Any) -> Steps:
        """Send until somebody else moves or it is time for a sync."""
        now = self.clock.now
        plan = _Plan(w.host, self.costs)
        end, ahead = self._run(plan, now, self.clock.others("h"))
        before = self.bytes
        sent = w.host.send_ahead(ahead)
        self.sent += sent
        self._fresh = False
        # What is sent ends with a whole word, which may be a little later than planned.
        over = plan.ns_of(sent) - plan.at(plan.times, ahead) if sent.pages else 0
        end = max(end, end + round(over)) if ahead < plan.size else end
        self.stages.append(Stage("send", now, end, sent.pages, self.bytes - before, w.host.remaining))
        yield SENDS, sent.pages, end - now

    def _run(self, plan: _Plan, now: int, horizon: float) -> tuple[int, float]:
        """Follow the main loop from now on: when it ends, and how many chunks are sent by then."""
        limit = self.bandwidth * WINDOW / SECOND
        t, x, left = float(now), 0.0, float(plan.pages[-1])
        while True:
            if t >= self._window_start + WINDOW:
                rate = self._window_bytes / (t - self._window_start) * SECOND
                self._threshold = rate * self.downtime
                self._window_start, self._window_bytes = t, 0.0
            if self._window_bytes >= limit:
                t = min(self._window_start + WINDOW, horizon)
            else:
                left = plan.pages[-1] - plan.at(plan.pages, x)
                if left < 0.5 or left * PAGE_SIZE < self._threshold:
                    break
                work = plan.at(plan.times, x)
                done = plan.at(plan.bytes, x)
                until = min(SECTION, horizon - t)
                x = min(
                    plan.find(plan.bytes, done + limit - self._window_bytes),
                    plan.find(plan.times, work + until),
                )
                t += plan.at(plan.times, x) - work
                self._window_bytes += plan.at(plan.bytes, x) - done + SECTION_END
                self.sections += 1
            if t >= horizon:
                break
        return round(t), plan.size if left < 0.5 else x

    def _finish(self, w: Any) -> Steps:
        """Stop the guest, and send what is left."""
        self.stopped_at = self.clock.now
        yield (STOPS,)
        w.stop()
        sent = w.host.last
        before = self.bytes
        self.sent += sent
        self.sections += 1
        ns = round(_work(self.costs, sent.pages, sent.zeros, 0))
        now = self.clock.now
        self.stages.append(Stage("stop", now, now + ns, sent.pages, self.bytes - before, 0))
        yield SENDS_REST, sent.pages, ns
        if self.watch:
            self.watch(w.host.syncs, 0)


def _work(costs: Costs, pages: Any, zeros: Any, visited: Any) -> Any:
    """ns to send so many pages: what the CPU needs, or the link if it needs longer."""
    normal = pages - zeros
    cpu = normal * costs.normal_page + zeros * costs.zero_page + visited * costs.visit
    wire = (normal * NORMAL_BYTES + zeros * ZERO_BYTES) / costs.link * 1e9
    return np.maximum(cpu, wire)


class _Plan:
    """All that is to be sent, chunk after chunk: pages, bytes and ns up to the end of each."""

    def __init__(self, host: Any, costs: Costs):
        self.costs = costs
        pages, zeros = host.ahead()
        visited = np.zeros(len(pages))
        visited[: host.in_bulk_stage(len(pages))] = host.chunk * 64
        self.size = len(pages)
        self.pages = _sums(pages)
        self.bytes = _sums((pages - zeros) * NORMAL_BYTES + zeros * ZERO_BYTES)
        self.times = _sums(_work(costs, pages, zeros, visited))

    def at(self, sums: list[float], chunks: float) -> float:
        """The sum after so many chunks."""
        whole = int(chunks)
        if whole >= self.size:
            return sums[-1]
        return sums[whole] + (chunks - whole) * (sums[whole + 1] - sums[whole])

    def find(self, sums: list[float], value: float) -> float:
        """How many chunks it takes until the sum is so much."""
        if value >= sums[-1]:
            return self.size
        whole = bisect_right(sums, value) - 1
        return whole + (value - sums[whole]) / (sums[whole + 1] - sums[whole])

    def ns_of(self, sent: Sent) -> float:
        return float(_work(self.costs, sent.pages, sent.zeros, 0))


def _sums(values: Any) -> list[float]:
    summed: list[float] = [0.0, *np.cumsum(values).tolist()]
    return summed
