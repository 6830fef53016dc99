"""One request by the clock: what machine and bulk migration both count is equal."""

from freepages.engine.costs import Costs
from freepages.scenarios.machine.by_clock import timed_request

ONE_ZONE = ("kkkk" + "·" * 40 + "aaaa····aaaaaaaa····",)
BLOCKS = 20
"""More free blocks than any of these zones has: an act each, and each is rounded to a nanosecond."""


def test_the_lock_of_one_zone_is_held_as_long_as_in_bulk() -> None:
    timed = timed_request(ONE_ZONE, hole=0)
    (machine,), (bulk,) = timed.held, timed.bulk_held
    assert timed.reported == timed.bulk_reported > 0
    assert abs(machine.ns - bulk.ns) <= BLOCKS
    assert abs(machine.ns - (Costs().lock + Costs().walk_page * timed.reported)) <= BLOCKS


def test_with_two_zones_there_is_one_lock_more_to_take() -> None:
    timed = timed_request()
    assert len(timed.held) == 2 and len(timed.bulk_held) == 1
    both = sum(held.ns for held in timed.held)
    assert abs(both - timed.bulk_held[0].ns - Costs().lock) <= BLOCKS


def test_who_wants_a_page_when_a_zone_is_walked_waits_until_it_is_done() -> None:
    timed = timed_request()
    assert len(timed.waits) == len(timed.held) == 2
    costs = Costs()
    before = costs.unlock + 8 * costs.watermark  # the vCPU looks at the watermarks before it wants the lock
    for wait, held in zip(timed.waits, timed.held, strict=True):
        assert wait.end == held.end and held.ns - before <= wait.ns <= held.ns


def test_a_request_is_two_exits_and_two_interrupts() -> None:
    timed = timed_request()
    assert (timed.exits, timed.interrupts) == (2, 2)


def test_the_answer_takes_two_wakes_of_the_device_and_the_walk() -> None:
    """An act's effect is at its beginning: of a kick or an interrupt nobody else waits for the end."""
    costs = Costs(walk_page=1000.0)
    timed = timed_request(ONE_ZONE, hole=0, costs=costs)
    rest = timed.answered - timed.held[0].ns
    assert (
        2 * costs.wake - 1000 <= rest <= 2 * costs.wake + costs.interrupt_guest + costs.interrupt + costs.kick
    )
