"""Whole migrations reckoned one page after the other, beside what the model plans in bulk.

The guest's pages are sent in order and once around, in sections of 50 ms, with a limit for windows of 100 ms.
The link drains what is in the socket's buffer. When what is left could be sent within the downtime, the log
is read. When it still could, the guest is stopped, and the log is read for the last time.
"""

import numpy as np
import pytest

from freepages.engine.costs import Costs
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate

SIZE, DOWNTIME = 256 << 20, 0.05
COSTS = Costs()
TICK, SECTION, WINDOW = 5e6, 50e6, 100e6


class Reckoned:
    """A migration by hand. ``used`` pages are normal ones, the others zeros; ``written`` ones are written one
    after the other, so many a second, when a tick of 5 ms ends."""

    def __init__(self, used, skip, bandwidth, link, written, rate):
        self.normal, self.link, self.written, self.rate = used, link, written, rate
        self.to_send = used.copy() if skip else np.ones(len(used), bool)
        self.now = len(used) * (COSTS.log_start + COSTS.sync)
        if skip:
            self.now += (~used).sum() * COSTS.walk_page + COSTS.wake + COSTS.answer
        self.at = self.bytes = self.pages = self.seen = 0
        self.rounds, self.drained, self.visits = 1, 0.0, True
        window, used_up, threshold, limit = self.now, 0, 0.0, bandwidth / 10
        while self.left() >= max(threshold, 1):
            while self.left() >= max(threshold, 1) or used_up >= limit:
                if used_up >= limit:
                    self.now = max(self.now, window + WINDOW)
                if self.now >= window + WINDOW:
                    threshold = used_up / (self.now - window) * 1e9 * DOWNTIME
                    window, used_up = self.now, 0
                else:
                    used_up += self.section(limit - used_up)
            if self.left() < threshold:
                self.read_log(self.now)
        stopped = self.now
        self.now += COSTS.stop
        self.read_log(stopped)
        for page in np.flatnonzero(self.to_send):
            self.send(page, 0)
        self.downtime = self.now - stopped

    def left(self):
        return self.to_send.sum() * 4096

    def read_log(self, until):
        due = int(until // TICK * TICK * 1e-9 * self.rate)
        self.to_send[self.written[np.arange(self.seen, due) % len(self.written)]] = True
        self.now += len(self.to_send) * COSTS.sync
        self.seen, self.rounds = due, self.rounds + 1

    def section(self, most):
        before, end, left = self.bytes, self.now + SECTION, self.to_send.sum()
        while left and self.bytes - before < most and self.now < end:
            visit = COSTS.visit * self.visits
            if self.to_send[self.at]:
                self.send(self.at, visit)
                left -= 1
            else:
                self.now += visit
            self.at += 1
            if self.at == len(self.to_send):
                self.at, self.visits = 0, False
        self.bytes += 8
        return self.bytes - before

    def send(self, page, visit):
        size, cpu = (4104, COSTS.normal_page) if self.normal[page] else (9, COSTS.zero_page)
        wire, room = size / self.link * 1e9, COSTS.socket_buffer / self.link * 1e9
        self.now = max(self.now + cpu + visit, self.drained + wire - room)
        self.drained = max(self.drained, self.now) + wire
        self.to_send[page] = False
        self.bytes, self.pages = self.bytes + size, self.pages + 1


CASES = {
    "all, the limit counts": ("everything", 0, 125e6, 1.25e9),
    "all, the link counts": ("everything", 0, 1.25e9, 100e6),
    "all, the thread counts": ("everything", 0, 10e9, 10e9),
    "free ones skipped": ("snapshot", 0, 1.25e9, 250e6),
    "written, the limit counts": ("everything", 20, 125e6, 1.25e9),
    "written, the link counts": ("everything", 50, 1.25e9, 125e6),
}
"""The proposal, MiB that are written a second, the limit and the link in bytes a second."""
WORKING_SET = 32 << 8
"""Pages that are written; where they lie makes no difference here."""


@pytest.mark.parametrize("case", CASES)
def test_it_takes_as_long_and_sends_as_much(case):
    name, rate, bandwidth, link = CASES[case]
    guest = Guest.made_up(SIZE, 0.5)
    used = np.ones(guest.ram.pages, bool)
    for start, end in zip(*guest.free.runs(), strict=True):
        used[start:end] = False
    written = np.flatnonzero(used)[:WORKING_SET]
    by_hand = Reckoned(used, name == "snapshot", bandwidth, link, written, rate * 256)
    workload, costs = f"dirty:{rate}MiB/s:32MiB" if rate else "still", Costs(link=link)
    done = migrate(guest, name, workload, bandwidth=bandwidth, downtime=DOWNTIME, costs=costs, keep=False)
    assert done.total == pytest.approx(by_hand.now, rel=0.002)
    word = 64 * 4104 / link * 1e9  # in bulk, what is sent ends with a whole word
    assert done.downtime == pytest.approx(by_hand.downtime, rel=0.01, abs=word)
    assert done.rounds == by_hand.rounds
    assert done.normal_pages + done.zero_pages == pytest.approx(by_hand.pages, rel=0.001)
    assert done.transferred_bytes == pytest.approx(by_hand.bytes, rel=0.001)
