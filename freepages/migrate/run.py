"""The migration of one guest by one proposal, by the clock, and what it comes to."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from freepages.assumptions import Assumptions
from freepages.clock import Clock, Span
from freepages.costs import Costs
from freepages.engine import Process, Schedule
from freepages.errors import FreepagesError
from freepages.guest.workloads import Workload
from freepages.host.precopy import SECTION_END, Precopy, Stage
from freepages.live import LiveWorld, vcpu
from freepages.migrate.guest import Guest
from freepages.pages import PAGE_SHIFT, PageBitmap, bitmap_bytes
from freepages.proposals import proposal
from freepages.quantity import format_bytes

KEEP_UP_TO = (64 << 30) >> PAGE_SHIFT
"""Pages of the largest guest whose content is kept and compared."""
BITMAPS = 12
"""Bitmaps of all pages that a migration has at most, with those that are made in passing."""
TOKENS = 12
"""Bytes a page that content takes: two tokens, and masks of a byte in passing."""

CHUNK = 32 * 1024 * 8
"""Pages of a bitmap of 32 KiB, where a proposal reports chunk by chunk (v2 of July 2016)."""

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
    held        when the driver held the zone lock
    waits       when a vCPU waited for it
    mismatched  pages whose content was lost; None where content was not kept
    """

    total: int
    downtime: int
    setup: int
    rounds: int
    normal_pages: int
    zero_pages: int
    skipped_pages: int
    transferred_bytes: int
    name_bytes: int
    section_end_bytes: int
    held: tuple[Span, ...]
    waits: tuple[Span, ...]
    stages: tuple[Stage, ...]
    mismatched: PageBitmap | None
    mismatches: tuple[Mismatch, ...]
    schedule: Schedule


def migrate(
    guest: Guest,
    name: str = "everything",
    workload: str = "idle",
    *,
    bandwidth: float = 125e6,
    downtime: float = 0.3,
    seed: int = 0,
    init_on_alloc: bool = False,
    max_rounds: int = 100,
    auto_converge: bool = False,
    vcpus: int = 4,
    costs: Costs | None = None,
    keep: bool | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Migrated:
    """Migrate the guest, which is used up by it.

    ``bandwidth`` is bytes a second, QEMU's max-bandwidth; ``downtime`` is seconds. ``vcpus`` share the
    workload's allocations. ``keep`` says whether content is compared; if not given, it is where it fits.

    Raises FreepagesError for what cannot be, for a guest that takes more memory than this machine has, and
    when the downtime is not reached in ``max_rounds``.
    """
    position, costs = proposal(name), costs or Costs()
    kept = _fits(guest.ram.pages) if keep is None else keep
    clock = Clock(costs)
    pace = Precopy(
        clock,
        costs,
        bandwidth=bandwidth,
        downtime=downtime,
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
        keep=kept,
        chunk=CHUNK,
    )
    processes = []
    if position.guest is not None:
        rate = world.workload.allocations_per_second / vcpus
        letters = VCPU_LETTERS[:vcpus] if rate else ""
        for at, letter in enumerate(letters):
            processes.append(Process(letter, f"vCPU {at}", partial(vcpu, world, rate, [seed, at])))
        processes.append(Process("g", "guest", partial(position.guest, world)))
    processes.append(Process("h", "host", partial(position.host, world)))
    clock.run(processes, "h")
    normal = pace.sent.pages - pace.sent.zeros
    stopped = next(stage for stage in pace.stages if stage.what == "stop")
    return Migrated(
        total=stopped.end,
        downtime=stopped.end - pace.stopped_at,
        setup=pace.started,
        rounds=world.host.syncs,
        normal_pages=normal,
        zero_pages=pace.sent.zeros,
        skipped_pages=world.host.skipped,
        transferred_bytes=pace.bytes,
        name_bytes=pace.sent.names,
        section_end_bytes=pace.sections * SECTION_END,
        held=tuple(world.lock.held),
        waits=tuple(clock.waits),
        stages=tuple(pace.stages),
        mismatched=world.mismatched,
        mismatches=tuple(_mismatches(world)),
        schedule=clock.schedule,
    )


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


def _fits(pages: int) -> bool:
    """Whether content fits as well; FreepagesError where not even the bitmaps do."""
    there, bitmaps = _available(), BITMAPS * bitmap_bytes(pages)
    if bitmaps > there:
        raise FreepagesError(
            f"a guest of {format_bytes(pages << PAGE_SHIFT)} takes {format_bytes(bitmaps)} of memory here, "
            f"and {format_bytes(there)} are available"
        )
    return pages <= KEEP_UP_TO and bitmaps + TOKENS * pages <= there


def _available() -> int:
    """Bytes of memory that this machine can give, as far as it tells."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
