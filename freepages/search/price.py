"""What a proposal costs: one migration of a guest by the clock, and what is seen in a small one.

The guest of the clock compiles a kernel, and no page of it is known to hold zeros; so what is skipped is what
would have been sent. What the guest gives up, and what the host keeps, is watched step by step: seeded random
schedules of a few pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from textwrap import fill

from freepages.debate.guest_verbs import DRIVER
from freepages.debate.proposals import Proposal, find_proposal
from freepages.debate.world import World
from freepages.engine import Move, Run
from freepages.engine.quantity import format_bytes, format_seconds
from freepages.engine.text_table import columns
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate
from freepages.pages.bitmap import bitmap_bytes
from freepages.pages.orders import PAGE_SHIFT
from freepages.scenarios.debate import debate

RAM, FREE, WORKLOAD, SEED = 8 << 30, 0.6, "build", 1
BANDWIDTH = 1.25e9  # bytes a second, 10 Gbit/s
VCPUS = 4
WIDTH = 100  # characters of a line of the text
SCHEDULES, STEPS, PAGES = 10, 200, 3
NOTHING = "nothing"
STOP = "0x"  # the one choice that ends a migration, and all that there is to see

TERMS = (
    f"one guest of {format_bytes(RAM)} that compiles a kernel; {FREE:.0%} of it is free, and no page is "
    f"known to hold zeros; {BANDWIDTH * 8 / 1e9:g} Gbit/s. "
    f"The times for which its {VCPUS} vCPUs stall are added up"
)
"""What the prices are of, in words."""

PRICES = ("zone lock held", "vCPUs stalled", "sent", "total time", "host's bitmaps", "the guest gives up")


@dataclass(frozen=True, repr=False)
class Price:
    """What one migration costs.

    lock_held  seconds that the driver held the zone lock, in all
    stalled    seconds that the vCPUs waited, in all: for the lock, for a free page, for a paused VM to go on
    sent                bytes
    total               seconds
    host_bytes          of bitmaps over all pages that the host keeps, beside KVM's log
    gives_up            what the guest does without meanwhile, in words
    """

    lock_held: float
    stalled: float
    sent: int
    total: float
    host_bytes: int
    gives_up: str

    def __repr__(self) -> str:
        rows = [[name, cell] for name, cell in zip(PRICES, self.cells, strict=True)]
        return "\n".join([*columns(rows), fill(f"By the clock: {TERMS}.", WIDTH)])

    @property
    def _without_lock(self) -> str:
        """What is said where the driver never holds the lock beyond an allocation, which is not counted."""
        return "not at all" if self.gives_up == NOTHING else "as an allocation does"

    @property
    def cells(self) -> tuple[str, ...]:
        """The figures in words, in the order of PRICES, with no more digits than the costs deserve."""
        return (
            _about(format_seconds(self.lock_held)) if self.lock_held else self._without_lock,
            _about(format_seconds(self.stalled)) if self.stalled else "not at all",
            _about(format_bytes(self.sent)),
            _about(format_seconds(self.total)),
            format_bytes(self.host_bytes),
            self.gives_up,
        )


def _about(quantity: str) -> str:
    """A quantity such as "11.96 ms" with two digits."""
    number, unit = quantity.split()
    return f"{float(f'{float(number):.2g}'):g} {unit}"


def price(position: Proposal | str) -> Price:
    """The price of a proposal, or of that with this name.

    Returns
    -------
    Price
        Times in seconds, sizes in bytes.

    Examples
    --------
    >>> price("snapshot").sent < price("everything").sent
    True
    """
    return _price(find_proposal(position))


@cache
def _price(chosen: Proposal) -> Price:
    guest = Guest.made_up(RAM, FREE, None, SEED)
    guest.set_zero_share(0)
    done = migrate(guest, chosen, WORKLOAD, bandwidth=BANDWIDTH, vcpus=VCPUS, seed=SEED)
    seen = Seen.of(chosen)
    return Price(
        lock_held=sum(span.ns for span in done.held) / 1e9,
        stalled=sum(span.ns for span in done.waits) / 1e9,
        sent=done.transferred_bytes,
        total=done.total / 1e9,
        host_bytes=seen.bitmaps * bitmap_bytes(RAM >> PAGE_SHIFT),
        gives_up=seen.gives_up,
    )


@dataclass
class Seen:
    """What random schedules of a small guest have shown of a proposal.

    bitmaps     the most that the host kept at a time
    pauses      it had the whole VM stand still
    locks       the driver held the zone lock at all
    lock_waits  and had to wait for the host meanwhile
    holds       it held pages
    gives_back  and gave some back before the migration had ended
    """

    bitmaps: int = 0
    pauses: bool = False
    locks: bool = False
    lock_waits: bool = False
    holds: bool = False
    gives_back: bool = False

    @classmethod
    def of(cls, chosen: Proposal) -> Seen:
        seen = cls()
        for seed in range(SCHEDULES):
            chance, run = Random(seed), Run(debate(chosen, pages=PAGES))
            for _ in range(STEPS):
                able = [process for process in run.processes.values() if set(process.options()) - {STOP}]
                if not able:
                    break
                process = chance.choice(able)
                held = run.world.guest.held.count()
                options = [choice for choice in process.options() if choice != STOP]
                run.move(Move(process.letter, chance.choice(options)))
                seen._look(run, held)
        return seen

    def _look(self, run: Run, held_before: int) -> None:
        w: World = run.world
        self.bitmaps = max(
            self.bitmaps, sum(s is not None for s in (w.host.to_send, w.host.copy, w.host.brought))
        )
        self.pauses |= w.guest.paused
        if w.lock.holder == DRIVER:
            self.locks = True
            self.lock_waits |= not run.processes["g"].options()
        held = w.guest.held.count()
        self.holds |= held > 0
        self.gives_back |= held < held_before

    @property
    def gives_up(self) -> str:
        if self.lock_waits:
            and_all = " and every vCPU" if self.pauses else ""
            return f"the zone lock{and_all}, until the host is done with each answer"
        if self.holds and self.gives_back:
            return "the pages it tells of, until the host is done with each answer"
        if self.holds:
            return "the pages it tells of, until the migration has ended"
        return "the zone lock, while it looks" if self.locks else NOTHING
