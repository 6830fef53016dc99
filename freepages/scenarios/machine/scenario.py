"""The machine as a scenario: the whole way of one page, and the small world's story of it beside."""

from __future__ import annotations

from collections.abc import Sequence

from freepages.debate.proposals import PROPOSALS, Proposal, find_proposal, snapshot_guest
from freepages.engine import Process, Run, Scenario
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.state import past
from freepages.engine.step_size import Grain, coarse
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.orders import PAGE_SHIFT, PAGE_SIZE
from freepages.pages.ranges import merge
from freepages.scenarios.balloon import DrawnNode, machine
from freepages.scenarios.debate import lost_page
from freepages.scenarios.debate_picture import SIGNS
from freepages.scenarios.machine.mistakes import MISTAKES, NO_MISTAKE, Mistake
from freepages.scenarios.machine.picture import picture
from freepages.scenarios.machine.projection import Projection
from freepages.scenarios.machine.world import WholeMachine, processes
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.features import GET_FREE_PAGES
from freepages.virtqueue.ring_layout import VERSION_1

ZONE_NAMES = ("DMA32", "Normal")

STORY = "w16w h h0r d d d i g g g g g g g d d d d h0t w0a w58w h0y h42s w58w h0x"
"""One page's way: page 58 is free, reported and taken out; used again, logged, synced and sent; written once
more, and sent with the rest."""

LOW = "kkkk············aaaa··aa········"
HIGH = "aa····aaaa··········aaaaaaaa····"
"""Two zones of 32 pages, as they are drawn (:func:`freepages.scenarios.zones.zone_drawn`)."""


def runnable() -> list[str]:
    """The proposals whose guest is the machine's driver."""
    return [name for name, one in PROPOSALS.items() if one.guest is snapshot_guest]


def one_machine(
    position: Proposal | str = "snapshot",
    *,
    zones: Sequence[str] = (LOW, HIGH),
    hole: int = 16,
    requests: int = 2,
    num: int = 4,
    batch: int = 0,
    mistake: str = "",
    grain: Grain = coarse,
    story: str = STORY,
) -> Scenario:
    """A machine that migrates as a proposal has it, and its projection on that proposal's small world.

    ``zones`` is one drawing a zone, one or two, ``hole`` how many pfns without RAM lie between them; ``num``
    the entries of each queue; ``batch`` how many pages a CPU's own list takes at a time, 0 for no such lists;
    ``mistake`` one of MISTAKES.

    Raises
    ------
    FreepagesError
        For a machine that is too small for its rings, for a proposal whose guest is not the
        driver's, and for a mistake that there is not.

    Examples
    --------
    >>> from freepages.engine import Run
    >>> one_machine("no_wait").title
    'one machine of 64 pages: the answer applied whenever it comes'
    >>> one_machine("locked")
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: proposal locked: its guest is not the driver of the fr...
    """
    chosen = find_proposal(position)
    if chosen.guest is not snapshot_guest:
        raise FreepagesError(
            f"proposal {chosen.name}: its guest is not the driver of the free-page bitmap, which the machine "
            f"has; there are {', '.join(runnable())}"
        )
    planted = find_mistake(mistake)
    if not 1 <= len(zones) <= len(ZONE_NAMES) or min(hole, batch, requests - 1) < 0:
        raise FreepagesError(
            "a machine has one or two zones; hole and batch are 0 or more, requests 1 or more"
        )

    def build() -> tuple[WholeMachine, list[Process]]:
        world = built(zones, hole, num, batch, requests, grain, planted)
        projection = world.projection = Projection(world, chosen)
        return world, [
            *processes(world, chosen, projection.follow),
            *planted.others(world, projection.follow),
        ]

    build()
    pages = sum(map(len, zones))
    title = f"one machine of {pages} pages: {chosen.title}" + ", and a mistake" * bool(mistake)
    return Scenario(
        "one_machine", title, build, picture, story, read="gh", property=refuted, key=past, signs=SIGNS[:3]
    )


def refuted(run: Run) -> str | None:
    """Which step the small world does not allow, or which page is lost."""
    return run.world.projection.refused or lost_page(run)


def find_mistake(name: str) -> Mistake:
    """The mistake of that name, or none. Raises FreepagesError for a name that is none, with the nearest."""
    if not name:
        return NO_MISTAKE
    if name not in MISTAKES:
        raise unknown("mistake", name, MISTAKES)
    return MISTAKES[name]


def built(
    drawings: Sequence[str], hole: int, num: int, batch: int, requests: int, grain: Grain, planted: Mistake
) -> WholeMachine:
    """The machine before its first step: the driver is probed, and every page holds an A."""
    zones, start = [], 0
    for name, drawing in zip(ZONE_NAMES[-len(drawings) :], drawings, strict=True):
        zones.append(zone_drawn(drawing, name, start))
        start += len(drawing) + hole
    node = DrawnNode(*zones, batch=batch)
    pages = sum(zone.managed for zone in zones)
    offered = (GET_FREE_PAGES, VERSION_1)
    parts = machine(node, repaired=True, offered=offered, num=num, grain=grain, made_of=planted.parts)
    if "free_pages" not in parts.driver.vqs or not parts.driver.vqs["free_pages"].offered:
        why = parts.kernel.dmesg[-1] if parts.kernel.dmesg else "no room for a request"
        raise FreepagesError(f"a machine of {pages} pages, queues of {num}: too small for its rings: {why}")
    for zone in zones:
        for low, high in zone.memory:
            for pfn in range(low, high):
                if zone.used.get(pfn, (0, ""))[1] != "k":
                    parts.kernel.memory.write(pfn << PAGE_SHIFT, b"A" * PAGE_SIZE)
    pieces = tuple(merge(stretch for zone in zones for stretch in zone.memory))
    ram = GuestRam([RamBlock("pc.ram", 0, pages, pieces)])
    world = WholeMachine(parts, ram, requests)
    planted.plant(world)
    return world
