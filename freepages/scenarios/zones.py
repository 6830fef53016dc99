"""A zone to step through: a workload that allocates and frees, on one CPU or on two."""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import groupby

from freepages.engine import Act, Choose, Process, Run, Scenario, Steps, straight, stuck
from freepages.engine.errors import FreepagesError
from freepages.engine.state import Known
from freepages.engine.state import whole as whole_state
from freepages.pages.orders import ORDERS, PAGEBLOCK_ORDER, Migratetype
from freepages.pages.ranges import arrays, intersect, pairs, without
from freepages.real import Snapshot
from freepages.scenarios.panels import free_lists, locks, memory, touched
from freepages.view.frame import Frame, Panel
from freepages.zone.free_area import FreeList, aligned_blocks
from freepages.zone.node import Node
from freepages.zone.percpu import PCPTYPES
from freepages.zone.span import ZoneError
from freepages.zone.zone import Zone

CHOOSES = Act("chooses what to do next", cost="none")
BUG = Act("stumbles over its own bug: {0}", cost="none")

ALLOCATES = {"a": Migratetype.MOVABLE, "u": Migratetype.UNMOVABLE, "r": Migratetype.RECLAIMABLE}
KINDS = {"a": "a", "u": "k", "r": "s"}
"""The choice letters of an allocation: its migratetype, and what such pages typically are."""

USED = {
    "a": "anonymous",
    "c": "page cache",
    "s": "slab",
    "k": "kernel",
    "b": "balloon",
    "u": "by whom is not known",
}
"""The letters of pages in use."""

FRAGMENTED = "kkkkkkkk····aa··c·cc····aaaaaaaa·a·a··ss················k·······"


def zone_drawn(letters: str, name: str = "Normal", start_pfn: int = 0, pageblock_order: int = 4) -> Zone:
    """A zone from a drawing, one letter a page.

    '·' or '.' is free, '/' a hole, 'p' a page on cpu 0's own list, and the letters of USED are pages in use
    of that kind; equal neighbours are one allocation, in blocks as large as alignment lets them be. A capital
    is a page of a file, one letter a file, for a page cache that is laid over the zone.

    Raises
    ------
    FreepagesError
        Which names the letter, for a drawing that has another.

    Examples
    --------
    >>> zone = zone_drawn("··aa/kp·")
    >>> zone.nr_free()[:2], zone.managed
    ([1, 1], 7)
    >>> zone_drawn("··x")
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: a zone's drawing: 'x' at letter 3 is none; there are ·...
    """
    if not letters:
        raise FreepagesError("a zone's drawing has one letter a page, and at least one")
    for at, letter in enumerate(letters):
        if letter not in "·./p" and letter not in USED and not ("A" <= letter <= "Z"):
            raise FreepagesError(
                f"a zone's drawing: {letter!r} at letter {at + 1} is none; there are · or . free, / a hole, "
                f"p on cpu 0's own list, {', '.join(f'{key} {what}' for key, what in USED.items())}"
            )
    zone = Zone(name, start_pfn, len(letters), pageblock_order=pageblock_order)
    pfn = start_pfn
    for letter, same in groupby(letters.replace(".", "·")):
        end = pfn + len(list(same))
        if letter == "·":
            zone.add_memory(pfn, end)
        elif letter != "/":
            zone.reserve(pfn, end)
            if letter == "p":
                lists = zone.pageset.setdefault("cpu 0", [FreeList(0, t) for t in PCPTYPES])
                for page in range(pfn, end):
                    lists[Migratetype.MOVABLE].add_tail(page)
            else:
                zone.used.update({block: (order, letter) for block, order in aligned_blocks(pfn, end)})
        pfn = end
    return zone


def zone_of(what: int | str | Snapshot | Zone, name: str = "", pageblock_order: int = 4) -> Zone:
    """A zone of so many free pages, from a drawing (:func:`zone_drawn`), or as a snapshot has it.

    ``name`` is the zone's name; of a snapshot with several zones it says which. What of a snapshot is not
    free is in use, by whom is not known. A zone gives a copy of itself.

    Raises
    ------
    FreepagesError
        For what no zone can be made of.

    Examples
    --------
    >>> zone_of(16), zone_of("··aa")
    (Zone('Normal', [0, 16), 16 of 16 free), Zone('Normal', [0, 4), 2 of 4 free))
    >>> zone_of(0)
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: a zone is made of a number of pages, a drawing such as...
    """
    if isinstance(what, Zone):
        return deepcopy(what)
    if isinstance(what, Snapshot):
        return _of_snapshot(what, name)
    if isinstance(what, str):
        return zone_drawn(what, name or "Normal", pageblock_order=pageblock_order)
    if not isinstance(what, int) or isinstance(what, bool) or what < 1:
        raise FreepagesError(
            f"a zone is made of a number of pages, a drawing such as '··aa', a snapshot or a zone; not of "
            f"{what!r:.40}"
        )
    zone = Zone(name or "Normal", 0, what, pageblock_order=pageblock_order)
    zone.add_memory(0, what)
    return zone


def _of_snapshot(snapshot: Snapshot, name: str) -> Zone:
    """The zone of that name, or the only one."""
    fitting = [zone for zone in snapshot.zones if name in ("", zone.name)]
    if len(fitting) != 1:
        names = ", ".join(f"{zone.name} ({zone.managed:,} pages)" for zone in snapshot.zones)
        raise FreepagesError(f"which zone? zone_of(snapshot, name), with one of {names}; not {name!r:.40}")
    (one,) = fitting
    zone = Zone(one.name, one.start_pfn, one.spanned, pageblock_order=PAGEBLOCK_ORDER)
    here = arrays([(one.start_pfn, one.end_pfn)])
    ram = intersect(here, arrays(snapshot.ram)) if snapshot.ram else here
    for low, high in pairs(intersect(ram, snapshot.free_runs)):
        zone.add_memory(low, high)
    for low, high in pairs(without(ram, snapshot.free_runs)):
        zone.reserve(low, high)
        zone.used.update({block: (order, "u") for block, order in aligned_blocks(low, high)})
    return zone


def zones_of(memory: Zone | Node) -> list[Zone]:
    """The zones of a node; a zone is its own."""
    return [memory] if isinstance(memory, Zone) else list(memory.populated_zones())


def workload(zone: Zone | Node, cpu: str, largest: int, kinds: str = "aur") -> Steps:
    """Allocate and free what the schedule says, for ever: ``3a`` is order 3, ``16f`` the block at pfn 16."""
    menu = Choose(lambda: possible(zone, largest, kinds), lambda choice: refusal(zone, choice))
    while True:
        choice = yield CHOOSES, menu
        try:
            yield from operation(zone, choice, cpu)
        except ZoneError as error:  # the other CPU chose the same block, and had the lock first
            yield BUG, error


def possible(memory: Zone | Node, largest: int, kinds: str) -> dict[str, str]:
    """What a workload may choose now, each with what it means: orders up to ``largest``, of these kinds."""
    found = {
        f"{order}{letter}": f"asks for order {order}, {ALLOCATES[letter].name.lower()}"
        for letter in kinds
        for order in ORDERS[: largest + 1]
    }
    used = {pfn: block for zone in zones_of(memory) for pfn, block in zone.used.items()}
    for pfn, (order, _) in sorted(used.items()):
        found[f"{pfn}f"] = f"is to free block {pfn} of order {order}"
    return found


def refusal(memory: Zone | Node, choice: str) -> str:
    """Why a block cannot be freed, or nothing where that is not the reason."""
    pfn, letter = int(choice[:-1]), choice[-1]
    if letter != "f":
        return ""
    try:
        zone = memory if isinstance(memory, Zone) else memory.zone_of(pfn)
        zone.check_used(pfn, zone.used.get(pfn, (0, ""))[0])
    except ZoneError as error:
        return f"cannot: {error}"
    return ""


def operation(memory: Zone | Node, choice: str, cpu: str = "cpu 0") -> Steps:
    """What a workload's choice stands for: ``3a``, ``3u``, ``3r`` allocate order 3, ``16f`` frees block
    16."""
    number, letter = int(choice[:-1]), choice[-1]
    if letter == "f":
        zone = memory if isinstance(memory, Zone) else memory.zone_of(number)
        order, _ = zone.used.get(number, (0, ""))
        yield from (memory.free if isinstance(memory, Zone) else memory.free_pages)(number, order, cpu)
    elif isinstance(memory, Zone):
        yield from memory.rmqueue(number, ALLOCATES[letter], cpu, KINDS[letter])
    else:
        yield from memory.alloc_pages(number, ALLOCATES[letter], cpu=cpu, kind=KINDS[letter])


def operate(zone: Zone | Node | Run, operations: str) -> None:
    """Do a list of operations, ``"0a 0a 1f"``, one after the other without stopping at their steps, on a zone
    or node, or on the one that is a run's world or in it.

    Raises
    ------
    FreepagesError
        For what has no zone, and at the first operation that cannot be read or done; those
        before it are done.

    Examples
    --------
    >>> zone = zone_of(8)
    >>> operate(zone, "1a 0a 0f"); zone.nr_free()[:4]
    [1, 1, 1, 0]
    """
    world = zone.world if isinstance(zone, Run) else zone
    there = world if isinstance(world, Zone | Node) else getattr(world, "zone", getattr(world, "node", None))
    if not isinstance(there, Zone | Node):
        raise FreepagesError(f"operate() takes a zone, a node or a run with one, not {world!r:.40}")
    for choice in operations.split():
        if not re.fullmatch(f"[0-9]+[{''.join(ALLOCATES)}f]", choice):
            raise FreepagesError(
                f"there is no operation {choice!r}: '0a' allocates order 0, and '1f' frees the block at pfn 1"
            )
        straight(operation(there, choice))


def buddy_zone(
    zone: int | str | Snapshot | Zone | Node = 64,
    *,
    cpus: int = 1,
    story: str = "",
    pageblock_order: int = 4,
    largest: int | None = None,
    kinds: str = "aur",
) -> Scenario:
    """A zone (:func:`zone_of` what is given) or a whole node, and a workload on each of ``cpus`` CPUs
    (letters c, d, ...).

    A workload asks for orders up to ``largest`` (all, if not given) of the migratetypes ``kinds``.

    Examples
    --------
    >>> from freepages.engine import Run
    >>> run = Run(buddy_zone("··aa"))
    >>> run.move("c2f").text, run.move("c").text
    ('is to free block 2 of order 1', "takes zone Normal's lock")
    """
    whole = deepcopy(zone) if isinstance(zone, Node) else zone_of(zone, pageblock_order=pageblock_order)
    pages = sum(one.spanned for one in zones_of(whole))
    most = min(max(0, pages.bit_length() - 1), len(ORDERS) - 1) if largest is None else largest

    def build() -> tuple[Zone | Node, list[Process]]:
        if isinstance(zone, int | str):  # it is made sooner than copied
            world: Zone | Node = zone_of(zone, pageblock_order=pageblock_order)
        else:
            world = deepcopy(whole)
        names = [f"cpu {n}" for n in range(cpus)]
        return world, [
            Process(letter, name, workload(world, name, most, kinds))
            for letter, name in zip("cdefgh", names, strict=False)
        ]

    def picture(run: Run) -> Frame:
        zones = zones_of(run.world)
        listed = sum(zone.listed_pages() for zone in zones)
        managed = sum(zone.managed for zone in zones)
        what = f"zone {zones[0].name}" if len(zones) == 1 else f"{len(zones)} zones"
        panels: list[Panel] = []
        for one in zones:
            here = [some for some in touched(run) if one.start_pfn <= some[0] < one.end_pfn]
            panels += [memory(one, here), free_lists(one)]
        return Frame(
            f"{what}: {listed} of {managed} pages on {'its' if len(zones) == 1 else 'their'} free lists",
            (*panels, locks(run, *(zone.lock for zone in zones))),
        )

    return Scenario(
        "buddy_zone",
        f"a zone of {pages} pages" if isinstance(whole, Zone) else f"a node of {pages} pages",
        build,
        picture,
        story,
        f"{pages} pages; {cpus} CPU{'s' * (cpus > 1)}, orders up to {most}",
        property=lambda run: stuck(run) or unsound(*zones_of(run.world)),
        key=whole_state if isinstance(whole, Node) else lambda run: Known(run.world, run.world.state()),
    )


def unsound(*zones: Zone) -> str | None:
    """What is wrong with the first zone of which something is, its lock being free; or None."""
    for zone in zones:
        try:
            if zone.lock.holder is None:
                zone.validate()
        except ZoneError as error:
            return str(error)
    return None
