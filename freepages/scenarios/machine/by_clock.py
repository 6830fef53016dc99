"""One request of the machine by the clock, and the same request of the bulk migration beside it.

Both walk the same pages at the same cost, so a zone's lock is held equally long, up to the rounding of an
act to a nanosecond. The bulk migration takes one lock for all zones, and the machine one for each. The
machine also counts what the bulk migration leaves out: the device's thread that wakes, the interrupt that
gives the answer's buffer back, and the kick that offers the room for the next request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from freepages.balloon.device import INTERRUPTS
from freepages.balloon.driver_queues import RINGS
from freepages.debate.host_verbs import ASK, ASKS
from freepages.debate.proposals import find_proposal
from freepages.engine import Act, Process, Run, Scenario, Steps, Until
from freepages.engine.clock import Clock, Held
from freepages.engine.costs import Costs
from freepages.engine.step_size import fine
from freepages.engine.text_table import columns
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate
from freepages.pages.bitmap import PageBitmap
from freepages.scenarios.machine.mistakes import NO_MISTAKE
from freepages.scenarios.machine.scenario import built
from freepages.scenarios.machine.world import DRIVER, WatchedProcess, WholeMachine, processes

TAKES_ANSWER = Act("takes the guest's answer", cost="none")
STOPS = Act("stops the guest, syncs, sends the rest", cost="none")
WANTS = Act("wants a page, just when the driver walks a zone", cost="none")

ZONES = ("kkkk" + "·" * 40 + "aaaa····aaaaaaaa····", "····aaaa" * 8)
"""Two zones of 64 pages: the bulk migration needs RAM in pieces of whole words."""


@dataclass(frozen=True)
class TimedRequest:
    """What one request comes to, on the machine and in the bulk migration of the same guest. Times are in ns.

    held, bulk_held  when the driver held a zone's lock
    waits            when a vCPU waited for one
    exits, interrupts  of the guest, until the host may ask again
    answered         from the request to the answer in the host's hands
    reported, bulk_reported  pages that the answer lists
    """

    held: tuple[Held, ...]
    bulk_held: tuple[Held, ...]
    waits: tuple[Held, ...]
    exits: int
    interrupts: int
    answered: int
    reported: int
    bulk_reported: int

    def __repr__(self) -> str:
        def ns(spans: Sequence[Held]) -> str:
            return " + ".join(f"{held.ns:,}" for held in spans) + " ns"

        rows = [
            ("", "the machine", "in bulk"),
            ("pages reported", f"{self.reported}", f"{self.bulk_reported}"),
            ("zone lock held", ns(self.held), ns(self.bulk_held)),
            ("a vCPU waits for it", ns(self.waits), "nobody wants a page"),
            ("exits", f"{self.exits}", "not counted"),
            ("interrupts", f"{self.interrupts}", "not counted"),
            ("request to answer", f"{self.answered:,} ns", "not counted"),
        ]
        return "\n".join(columns(rows, right=(1, 2)))


def one_request(w: Any, sync: bool, stop: bool, asks: bool, tells_sync: bool) -> Steps:
    """A host that asks once, waits for the answer, and stops when it might ask again: a pace."""
    if asks and not w.mail.asked:
        yield (ASKS,)
        return ASK
    if not stop:
        yield TAKES_ANSWER, Until(lambda: bool(w.mail.answers), "waits for the guest's answer")
        return w.mail.answers.pop(0)
    yield STOPS, Until(lambda: bool(w.parts.device.rooms()), "waits until it might ask again")
    w.stop()
    return None


def vcpu(w: WholeMachine) -> Steps:
    """A program on another CPU that wants a page just when a zone's lock is held."""
    for zone in w.zones:
        walked = Until(lambda zone=zone: zone.lock.holder == DRIVER, "works")  # type: ignore[misc]
        yield WANTS, walked
        yield from w.parts.node.alloc_pages(0, highest=zone.name, cpu="cpu 2")


def timed_request(zones: Sequence[str] = ZONES, hole: int = 64, costs: Costs | None = None) -> TimedRequest:
    """One request of `snapshot`, by the clock. The zones are drawings, the hole is in pfns; both in multiples
    of 64."""
    costs = costs or Costs()
    clock, chosen = Clock(costs), find_proposal("snapshot")
    asked: list[int] = []
    reported: list[int] = []
    locked: dict[str, int] = {}
    held: list[Held] = []

    def build() -> tuple[WholeMachine, list[Process]]:
        w = built(zones, hole, 4, 0, 1, fine, NO_MISTAKE)
        w.pace = one_request

        def after(letter: str, choice: str) -> None:
            if w.mail.asked and not asked:
                asked.append(clock.now)
            if w.mail.answers and not reported:
                reported.append(w.mail.answers[0].pages.count())
            if reported and not w.mail.answers and len(asked) == 1:
                asked.append(clock.now)
            for zone in w.zones:
                if zone.lock.holder == DRIVER:
                    locked.setdefault(zone.name, clock.now)
                elif zone.name in locked:
                    held.append(Held(DRIVER, zone.lock.name, locked.pop(zone.name), clock.now))
            w.happened.clear()

        made = [one for one in processes(w, chosen, after) if one.letter != "w"]
        return w, [*made, WatchedProcess("v", "vCPU", partial(vcpu, w), after)]

    world, made = build()
    free = PageBitmap(world.ram.max_pfn)
    for page in world.guest.free:
        free.set_range(world.ram.pfn(page), world.ram.pfn(page) + 1)
    bulk = migrate(Guest(world.ram, free.copy(), free), "snapshot", "still", costs=costs)
    clock.run(made, "h")
    spans, answered, listed = tuple(held), asked[1] - asked[0], reported[0]  # a replay adds to them
    again = Run(Scenario("one_request", "one request by the clock", build, lambda run: run), clock.schedule)
    return TimedRequest(
        held=spans,
        bulk_held=bulk.held,
        waits=tuple(clock.waits),
        exits=sum(step.act is RINGS for step in again.steps),
        interrupts=sum(step.act is INTERRUPTS for step in again.steps),
        answered=answered,
        reported=listed,
        bulk_reported=bulk.skipped_pages,
    )
