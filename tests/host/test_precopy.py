"""The host's pace: what it measures, and when it slows the guest down."""

from types import SimpleNamespace
from typing import Any

from freepages.engine.costs import Costs
from freepages.host.bulk_migration import Sent
from freepages.host.precopy import Precopy
from freepages.host.qemu import qemu
from freepages.pages.orders import PAGE_SIZE


def throttled(share: float, syncs: int, version: str = "2.5") -> list[float]:
    """How much the guest is slowed down after each of so many syncs, two seconds and 1,000 pages apart; it
    dirties this share of what is sent."""
    clock: Any = SimpleNamespace(now=0)
    host = SimpleNamespace(syncs=0, dirtied=0, remaining=1)
    precopy = Precopy(clock, Costs(), bandwidth=1e9, downtime=0.3, auto_converge=True, qemu=qemu(version))
    found = []
    for _ in range(syncs):
        host.syncs += 1
        precopy._note_sync(SimpleNamespace(host=host))
        found.append(precopy.throttle)
        clock.now += 2_000_000_000
        before = precopy.bytes
        precopy.sent += Sent(pages=1000, zeros=0, names=0)
        host.dirtied += round(share * (precopy.bytes - before) / PAGE_SIZE)
    return found


def test_a_guest_that_dirties_more_than_half_of_what_is_sent_is_slowed_down_step_by_step() -> None:
    steps = throttled(0.6, 60)
    assert steps[:2] == [0.0, 0.0]  # the first busy period is let pass
    distinct = sorted(set(steps))
    assert steps == sorted(steps) and [round(step, 2) for step in distinct] == [
        0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99
    ]  # fmt: skip
    assert set(throttled(0.4, 20)) == {0.0}


def test_until_4_0_the_third_busy_period_slows_it_down_and_since_4_2_the_second() -> None:
    """Until 4.0 a period counts only where the rate of the one before is known. A sync ends a period and
    begins another."""
    old = [0, 0, 0, 0, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4]
    new = [0, 0, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6]
    for versions, wanted in ((("2.5", "2.8", "4.0"), old), (("4.2", "6.1", "10"), new)):
        for version in versions:
            assert [round(step, 2) for step in throttled(0.6, 11, version)] == wanted


def test_the_bandwidth_is_measured_over_as_long_as_its_window_was() -> None:
    """A window of 100 ms ends with a section, so it may last longer. 13 MB in 130 ms are 100 MB a second."""
    clock: Any = SimpleNamespace(now=130_000_000)
    precopy = Precopy(clock, Costs(), bandwidth=1e9, downtime=0.3)
    precopy._window_start, precopy._window_bytes = 0, 13e6
    empty: Any = SimpleNamespace(first=lambda: None, left=lambda at: 0.0, size=0, pages=0.0)
    precopy._run(empty, now=clock.now, pages=0, horizon=1e18)
    assert round(precopy._threshold / precopy.downtime) == 100_000_000
