"""Pre-copy as QEMU does it: when it sends, when it syncs, and when it dares to stop the guest.

Models migration_thread() of migration/migration.c and ram_save_iterate(), ram_save_pending() and
migration_bitmap_sync() of migration/ram.c, and what changed of it from QEMU 2.5 to 10
(:mod:`freepages.host.qemu`). It decides what hostside.freely leaves to a
schedule: sends go through the bitmap from where the last one ended, in sections of at most 50 ms; the
bandwidth is limited for windows of 100 ms, and measured over each; when what is left could be sent within the
downtime, the log is read, and if it still could, the guest is stopped. Its last pages are sent without the
limit. How long all that takes is the sender's matter (:mod:`freepages.host.sender`).

Sends are planned in bulk: one act sends all there is until something happens that may change what is to be
sent. A page counts as zero as it was found at the last sync. The times are those of the thread, as QEMU
counts them; what is then still in the socket's buffer reaches the destination a little later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from freepages.engine import Act, Steps, Until
from freepages.engine.clock import NEVER, Clock
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import format_bandwidth, format_bytes, format_seconds
from freepages.host.bulk_migration import Sent
from freepages.host.migration import ASK, SYNC, AsksWhen
from freepages.host.qemu import VERSIONS, Qemu
from freepages.host.sender import NORMAL_BYTES, ZERO_BYTES, Ahead, Plan, Sender
from freepages.pages.orders import PAGE_SIZE

SECTION_END = 8

WINDOW = 100_000_000
"""BUFFER_DELAY, in ns: the bandwidth is limited and measured over so long."""
SECTION = 50_000_000
"""MAX_WAIT, in ns: an iteration ends after so long."""
SECOND = 1_000_000_000

THROTTLE_FIRST, THROTTLE_MORE, THROTTLE_MOST = 0.2, 0.1, 0.99

UNHEEDED = 1_000
"""How often in a row a host may be told SYNC without syncing."""

LOOKS = Act("looks what there is to do", cost="none")
WAITS = Act("waits for the guest's answer", cost="none")
WAKES = Act("waits for its thread that looks into the queue", cost="elapsed", amount=0)
SYNCS = Act("reads the dirty log", cost="sync", amount=1)
SENDS = Act("sends {0:page}", cost="elapsed", amount=1)
STOPS = Act("stops the guest and syncs", cost="stop")
SENDS_REST = Act("sends the last {0:page}", cost="elapsed", amount=1)


class Stage(NamedTuple):
    """A stretch of the migration: what was done from ``start`` to ``end`` (ns), and what was left after.

    ``throttle`` is the share of their time that auto-converge took from the vCPUs meanwhile.

    Examples
    --------
    >>> Stage("sync", 0, 2_000, pages=0, bytes=0, left=12).left
    12
    """

    what: str
    start: int
    end: int
    pages: int
    bytes: int
    left: int
    throttle: float = 0.0


class Precopy:
    """The host's pace in one migration: give :meth:`pace` to its world.

    bandwidth  the limit, in bytes a second; the link's own is in ``costs``
    downtime   how long the guest may stand still, in seconds
    qemu       the version
    asks       when it asks for free pages
    hints      whether the guest hints at free pages, as it was merged
    max_rounds syncs after which it is given up
    watch      called now and then with how many syncs there were, and the pages left

    sent       pages sent so far;  ``sections`` how many sections ended
    stages     what was done when

    Examples
    --------
    >>> from freepages.engine.clock import Clock
    >>> pace = Precopy(Clock(Costs()), Costs(), bandwidth=1.25e8, downtime=0.3)
    >>> pace.sent.pages, pace.qemu.version
    (0, '2.5')
    >>> Precopy(Clock(Costs()), Costs(), bandwidth=0, downtime=0.3)
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: bandwidth: 0 is not more than 0
    """

    def __init__(
        self,
        clock: Clock,
        costs: Costs,
        *,
        bandwidth: float,
        downtime: float,
        qemu: Qemu = VERSIONS["2.5"],
        hints: bool = False,
        asks: AsksWhen = "once",
        max_rounds: int = 100,
        auto_converge: bool = False,
        watch: Callable[[int, int], None] | None = None,
    ):
        for name, value in (("bandwidth", bandwidth), ("max rounds", max_rounds)):
            if not value > 0:
                raise FreepagesError(f"{name}: {value} is not more than 0")
        if downtime < 0:
            raise FreepagesError(f"downtime: {downtime} s is negative")
        self.asks = asks
        self.clock, self.costs, self._sender = clock, costs, Sender(costs)
        self.bandwidth, self.downtime, self.qemu = bandwidth, downtime, qemu
        self._visits = qemu.bulk_stage and not (hints and qemu.searches_hinted)
        self.max_rounds, self.auto_converge, self.watch = max_rounds, auto_converge, watch
        self.sent, self.sections = Sent(), 0
        self.stages: list[Stage] = []
        self.started = self.stopped_at = -1
        self.throttle = 0.0
        self._syncs_seen = self._syncs_at_ask = self._syncs_told = self._unheeded = 0
        self._asked = self._sync_due = self._fresh = False
        self._window_start = self._window_bytes = 0.0
        self._threshold = 0.0  # max_size: bytes that are sent within the downtime
        self._period_start = self._period_dirtied = self._period_bytes = 0
        self._busy = self._read_at = 0
        self._woken: float = NEVER
        self.dirty_rate = 0.0

    @property
    def bytes(self) -> int:
        """ram.transferred: pages with their headers, names of RAM blocks, ends of sections."""
        normal = self.sent.pages - self.sent.zeros
        pages = normal * NORMAL_BYTES + self.sent.zeros * ZERO_BYTES
        return pages + self.sent.names + self.sections * SECTION_END

    # -- what hostside.precopy() asks for

    def pace(self, w: Any, sync: bool, stop: bool, asks: bool, tells_sync: bool) -> Steps:
        """Go on with the migration, as :func:`freepages.debate.host_verbs.precopy` wants it."""
        answers = Until(lambda: bool(w.mail.answers), "waits for the guest's answer")
        while True:
            yield (LOOKS,)
            self._note_sync(w)
            if self._wakes_at(w) <= self.clock.now:
                self._woken = NEVER
                return w.mail.answers.pop(0)
            if asks and self._may_ask(w):
                self._asked, self._syncs_at_ask = True, w.host.syncs
                return ASK
            if not sync:
                yield from self._wait(w, answers)
                continue
            left = w.host.remaining
            due = self.started < 0 or self._sync_at(w) <= self.clock.now
            if not due and self._used_up():  # it sleeps until the window ends before it decides anything
                yield from self._send(w)
            elif due or (left * PAGE_SIZE < self._threshold and not self._fresh):
                yield SYNCS, None, w.ram.pages
                if tells_sync:
                    self._tell_sync(w)
                    return SYNC
                w.sync()
            elif left * PAGE_SIZE >= max(self._threshold, 1):
                self._check_rounds(w)
                yield from self._send(w)
            elif stop:
                yield from self._finish(w)
                return None
            else:
                yield from self._wait(w, answers)

    def _tell_sync(self, w: Any) -> None:
        """Raises FreepagesError for a host that never heeds it: its migration would have no end."""
        self._unheeded = self._unheeded + 1 if w.host.syncs == self._syncs_told else 1
        self._syncs_told = w.host.syncs
        if self._unheeded > UNHEEDED:
            raise FreepagesError(
                f"host: precopy has said SYNC {UNHEEDED:,} times, and nobody has called w.sync() since: call "
                "it at each SYNC"
            )

    def _wakes_at(self, w: Any) -> float:
        """When the thread that looks into the queue has seen the answer there, and the others go on till
        then."""
        if w.mail.answers and self._woken == NEVER:
            self._woken = self.clock.now + round(self.costs.wake)
        return self._woken

    def _wait(self, w: Any, answers: Until) -> Steps:
        if w.mail.answers:
            yield WAKES, self._woken - self.clock.now
        else:
            yield WAITS, answers

    def _may_ask(self, w: Any) -> bool:
        if self.asks == "after every sync":
            return w.host.syncs > self._syncs_at_ask
        return self.asks == "once" and not self._asked and w.mail.asked < w.requests

    # -- sync

    def _sync_at(self, w: Any) -> float:
        """When the log is read though there is more to send: QEMU 9.2 and later, with auto-converge, after
        the first round."""
        often = self.qemu.synced_every
        return self._read_at + often * SECOND if often and self.auto_converge and w.host.syncs > 1 else NEVER

    def _note_sync(self, w: Any) -> None:
        """What follows from a sync that was made since: rates, and whether to slow the guest down."""
        if w.host.syncs == self._syncs_seen:
            return
        now = self.clock.now
        self._syncs_seen, self._fresh, self._read_at = w.host.syncs, True, now
        self.stages.append(Stage("sync", now, now, 0, 0, w.host.remaining))
        if self.started < 0:
            self.started = now
            self._window_start = now
            self._period_start, self._period_dirtied = now, w.host.dirtied
        elif now > self._period_start + SECOND:
            dirtied = (w.host.dirtied - self._period_dirtied) * PAGE_SIZE
            known = self.dirty_rate > 0
            self.dirty_rate = dirtied / (now - self._period_start) * SECOND
            if self.auto_converge and dirtied > (self.bytes - self._period_bytes) / 2:
                counts = known or self.qemu.busy_periods == 2
                self._busy += counts
                if self._busy >= self.qemu.busy_periods:
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
        rate, syncs = min(self.bandwidth, self.costs.link), w.host.syncs
        rounds = f"{syncs} round{'s' * (syncs != 1)}"
        raise FreepagesError(
            f"the downtime of {format_seconds(self.downtime)} is not reached in {rounds}: "
            f"{format_bytes(w.host.remaining * PAGE_SIZE)} are left, the guest dirties "
            f"{format_bandwidth(self.dirty_rate)} and {format_bandwidth(rate)} are sent at most"
        )

    # -- sending

    def _used_up(self) -> bool:
        """Whether the limit of this window is sent already: the thread sleeps until it ends."""
        used_up = self._window_bytes >= self.bandwidth * WINDOW / SECOND
        return used_up and self.clock.now < self._window_start + WINDOW

    def _send(self, w: Any) -> Steps:
        """Send until somebody else moves or it is time for a sync."""
        now = self.clock.now
        w.host.visits &= self._visits
        plan = Plan(self._sender, w.host.ahead)
        others = min(self.clock.others("h"), self._woken)
        end = self._run(plan, now, w.host.remaining, min(others, self._sync_at(w)))
        before = self.bytes
        sent = w.host.send_ahead(plan.reached)
        self.sent += sent
        self._fresh = False
        # What is sent ends with a whole word, which may be a little more than planned.
        more = max(0.0, sent.pages - plan.pages)
        thread, link = self._sender.work(Ahead(more, min(more, max(0.0, sent.zeros - plan.zeros))))
        end = round(self._sender.hand_over(end, thread, link))
        left, slowed = w.host.remaining, self.throttle
        self.stages.append(Stage("send", now, end, sent.pages, self.bytes - before, left, slowed))
        yield SENDS, sent.pages, end - now

    def _run(self, plan: Plan, now: int, pages: int, horizon: float) -> float:
        """Follow the main loop through the plan, with so many pages to send from now on; when it ends."""
        limit = self.bandwidth * WINDOW / SECOND
        start, used, threshold = self._window_start, self._window_bytes, self._threshold / PAGE_SIZE
        t, sections = float(now), 0
        while True:
            if t >= start + WINDOW:
                threshold = used / (t - start) * SECOND * self.downtime / PAGE_SIZE
                start, used = t, 0.0
            if used >= limit:
                t = min(start + WINDOW, horizon)
            else:
                left = pages - plan.pages
                if left < 0.5 or left < threshold:
                    break
                before = plan.bytes
                whole = t + SECTION if self.qemu.whole_sections else horizon
                t = plan.send(t, min(t + SECTION, whole), limit - used)
                used += plan.bytes - before + SECTION_END
                sections += 1
            if t > horizon - 1:  # less than a ns is left
                break
        self._window_start, self._window_bytes, self._threshold = start, used, threshold * PAGE_SIZE
        self.sections += sections
        return t

    def _finish(self, w: Any) -> Steps:
        """Stop the guest, and send what is left."""
        self.stopped_at = self.clock.now
        yield (STOPS,)
        w.stop()
        sent = w.host.last
        before = self.bytes
        self.sent += sent  # and QEMU does not count the end of this section
        begin = self.stopped_at + round(self.costs.stop) + round(self.costs.sync * w.ram.pages)
        end = round(self._sender.hand_over_all(begin, w.host.last_ahead))
        self.stages.append(Stage("stop", self.stopped_at, end, sent.pages, self.bytes - before, 0))
        yield SENDS_REST, sent.pages, end - self.stopped_at - round(self.costs.stop)
        if self.watch:
            self.watch(w.host.syncs, 0)
