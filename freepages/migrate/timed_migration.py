"""The migration of one guest by one proposal, by the clock, and what it comes to."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from freepages.debate.assumptions import Assumptions
from freepages.debate.learner_errors import side
from freepages.debate.proposals import FREE_PAGE_HINT, Proposal, find_proposal
from freepages.engine import Process, Schedule
from freepages.engine.clock import Clock, Held
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import format_bandwidth, format_bytes
from freepages.host.precopy import SECTION_END, Precopy, Stage
from freepages.host.qemu import qemu as version
from freepages.migrate.guest import Guest
from freepages.migrate.memory_needed import content_fits
from freepages.migrate.timed_world import LiveWorld, vcpu
from freepages.migrate.workload import Workload
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SIZE
from freepages.pages.ranges import arrays, merge, pairs, without

CHUNK = 32 * 1024 * 8
"""Pages of a bitmap of 32 KiB, where a proposal reports chunk by chunk (v2 of July 2016)."""

OF_THE_DAY = {"free_page_hint": "4.0", "page_reporting": "4.2"}
"""The QEMU that proposals are migrated with: that of April 2016, or the first that had them."""

LARGE = (64 << 30) // PAGE_SIZE
"""Pages of a guest whose bitmaps are not left lying about: one takes 2 MiB, and a migration has ten."""

LONGEST = 7 * 86400.0
"""Seconds of the longest migration that is modelled; real ones are given up long before."""

VCPU_LETTERS = "abcdefijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Mismatch:
    """A page whose content was lost: the last report that took it out, applied in which step of the run."""

    pfn: int
    step: int | None


@dataclass(frozen=True)
class Migrated:
    """What a migration comes to. Times are in ns.

    rounds      how often the dirty log was read, as QEMU counts (dirty-sync-count): at first, at last, and
                in between
    skipped     pages that a report took out of what was to be sent
    never_sent  pages of ram_addr that the destination never got
    held        when the driver held the zone lock
    waits       when a vCPU waited for it, or for a free page, or stood still because the VM was paused
    mismatched  pages whose content was lost; None where content was not kept
    """

    total: int
    downtime: int
    setup: int
    rounds: int
    normal_pages: int
    zero_pages: int
    skipped_pages: int
    never_sent: PageBitmap
    transferred_bytes: int
    name_bytes: int
    section_end_bytes: int
    held: tuple[Held, ...]
    waits: tuple[Held, ...]
    stages: tuple[Stage, ...]
    mismatched: PageBitmap | None
    mismatches: tuple[Mismatch, ...]
    schedule: Schedule


@dataclass
class TimedMigration:
    """A migration that is ready to start: :func:`prepare` makes it."""

    clock: Clock
    pace: Precopy
    world: LiveWorld
    processes: list[Process]
    vcpus: int

    def run(self) -> Migrated:
        """Migrate. Raises FreepagesError when the downtime is not reached."""
        clock, pace, world = self.clock, self.pace, self.world
        clock.run(self.processes, "h")
        stopped = pace.stages[-1]
        return Migrated(
            total=stopped.end,
            downtime=stopped.end - pace.stopped_at,
            setup=pace.started,
            rounds=world.host.syncs,
            normal_pages=pace.sent.pages - pace.sent.zeros,
            zero_pages=pace.sent.zeros,
            skipped_pages=world.host.skipped,
            never_sent=world.host.never_sent,
            transferred_bytes=pace.bytes,
            name_bytes=pace.sent.names,
            section_end_bytes=pace.sections * SECTION_END,
            held=tuple(world.lock.spans()),
            waits=tuple(_with_pauses(clock.waits, world.pauses, self.vcpus)),
            stages=tuple(pace.stages),
            mismatched=world.mismatched,
            mismatches=tuple(_mismatches(world)),
            schedule=clock.schedule,
        )


def prepare(
    guest: Guest,
    position: Proposal | str = "everything",
    workload: str = "idle",
    *,
    bandwidth: float = 125e6,
    downtime: float = 0.3,
    seed: int = 0,
    init_on_alloc: bool = False,
    qemu: str | None = None,
    max_rounds: int = 100,
    auto_converge: bool = False,
    vcpus: int = 4,
    costs: Costs | None = None,
    keep: bool | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> TimedMigration:
    """A migration of the guest, which is used up by it.

    ``bandwidth`` is bytes a second, QEMU's max-bandwidth; ``downtime`` is seconds. ``vcpus`` share the
    workload's allocations. ``qemu`` is the version whose pre-copy it is; if not given, that of the proposal's
    day (:data:`OF_THE_DAY`). ``keep`` says whether content is compared; if not given, it is where it fits.
    ``watch`` is told now and then how many rounds there were and how many pages are left.

    Raises FreepagesError for what cannot be.
    """
    chosen, costs = find_proposal(position), costs or Costs()
    _check_pace(guest, min(bandwidth, costs.link), costs)
    clock = Clock(costs)
    pace = Precopy(
        clock,
        costs,
        bandwidth=bandwidth,
        downtime=downtime,
        qemu=version(qemu or of_the_day(chosen.name)),
        hints=chosen is FREE_PAGE_HINT,
        asks=chosen.asks,
        max_rounds=max_rounds,
        auto_converge=auto_converge,
        watch=watch,
    )
    world = LiveWorld(
        guest.ram,
        guest.free,
        guest.zero,
        Workload.parse(workload, seed),
        clock,
        pace.pace,
        assume=Assumptions(init_on_alloc=init_on_alloc),
        keep=content_fits(guest.ram.pages) if keep is None else keep,
        chunk=CHUNK,
        floors=guest.floors,
        upwards=guest.upwards,
        block=guest.block,
        waits=pace.qemu.whole_sections,
    )
    processes = []
    if chosen.guest is not None:
        rate = world.workload.allocations_per_second / vcpus
        for at, letter in enumerate(VCPU_LETTERS[:vcpus] if rate else ""):
            processes.append(Process(letter, f"vCPU {at}", partial(vcpu, world, rate, [seed, at])))
        processes.append(side("g", "guest", chosen.guest, world))
    processes.append(side("h", "host", chosen.host, world))
    return TimedMigration(clock, pace, world, processes, vcpus)


def _check_pace(guest: Guest, bytes_per_second: float, costs: Costs) -> None:
    """Refuse what would go on for days of the guest's time: the clock makes a step for every 50 ms of it."""
    zeros = guest.zero.count()
    used = guest.ram.pages - zeros
    size, at_most = format_bytes(used * PAGE_SIZE), f"at most {LONGEST / 86400:.0f} are modelled"
    if (takes := used * PAGE_SIZE / bytes_per_second if bytes_per_second > 0 else 0) > LONGEST:
        raise FreepagesError(
            f"bandwidth: at {format_bandwidth(bytes_per_second)} the {size} that are not zeros take "
            f"{takes / 86400:,.1f} days; {at_most}"
        )
    thread = {
        "zero_scan": zeros * costs.zero_page,
        "normal_page": used * costs.normal_page,
        "visit": guest.ram.pages * costs.visit,
    }
    name = max(thread, key=lambda one: thread[one])
    if thread[name] > LONGEST * 1e9:
        raise FreepagesError(
            f"cost {name}: with {getattr(costs, name):g} the sender takes {thread[name] / 86400e9:,.1f} days "
            f"for the guest's pages; {at_most}"
        )


def _with_pauses(waits: list[Held], pauses: list[tuple[int, int]], vcpus: int) -> Iterator[Held]:
    """The waits, and of each pause of the VM what of it a vCPU did not wait for something else anyhow."""
    yield from waits
    for at in range(vcpus if pauses else 0):
        who = f"vCPU {at}"
        own = arrays(merge((wait.start, wait.end) for wait in waits if wait.who == who))
        for start, end in pairs(without(arrays(pauses), own)):
            yield Held(who, "the paused VM", start, end)


def of_the_day(name: str) -> str:
    """The version of QEMU that a proposal is migrated with if none is named."""
    return OF_THE_DAY.get(name, "2.5")


def migrate(
    guest: Guest, position: Proposal | str = "everything", workload: str = "idle", **how: Any
) -> Migrated:
    """Migrate the guest; the arguments are those of :func:`prepare`."""
    if guest.ram.pages >= LARGE:
        gc.collect()  # the world of the migration before refers to itself, and its bitmaps are large
    return prepare(guest, position, workload, **how).run()


def _mismatches(world: LiveWorld, most: int = 10) -> list[Mismatch]:
    """The first pages that were lost, each with the step that took it out for the last time."""
    if world.mismatched is None or not world.mismatched.count():
        return []
    found = []
    for start, end in zip(*world.mismatched.runs(), strict=True):
        for pfn in range(start, min(end, start + most)):
            steps = [step for step, pages in world.host.reports if pages[pfn]]
            found.append(Mismatch(pfn, steps[-1] if steps else None))
        if len(found) >= most:
            break
    return found[:most]
