"""A zone to step through: a workload that allocates and frees, on one CPU or on two."""

from __future__ import annotations

import re
from itertools import groupby

from freepages.engine.errors import FreepagesError
from freepages.engine.run import Act, Choose, Process, Run, Scenario, Steps, straight, stuck
from freepages.engine.state import Known
from freepages.pages.orders import ORDERS, Migratetype
from freepages.scenarios.panels import free_lists, locks, memory, touched
from freepages.view.frame import Frame
from freepages.zone.free_area import FreeList, aligned_blocks
from freepages.zone.percpu import PCPTYPES
from freepages.zone.span import ZoneError
from freepages.zone.zone import Zone

CHOOSES = Act("chooses what to do next", cost="none")
BUG = Act("stumbles over its own bug: {0}", cost="none")

ALLOCATES = {"a": Migratetype.MOVABLE, "u": Migratetype.UNMOVABLE, "r": Migratetype.RECLAIMABLE}
KINDS = {"a": "a", "u": "k", "r": "s"}
"""The choice letters of an allocation: its migratetype, and what such pages typically are."""

FRAGMENTED = "kkkkkkkk····aa··c·cc····aaaaaaaa·a·a··ss················k·······"


def zone_drawn(letters: str, name: str = "Normal", start_pfn: int = 0, pageblock_order: int = 4) -> Zone:
    """A zone from a drawing, one letter a page.

    '·' or '.' is free, '/' a hole, 'p' a page on cpu 0's own list, and any other letter a page in use of that
    kind; equal neighbours are one allocation, in blocks as large as alignment lets them be.
    """
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


def workload(zone: Zone, cpu: str, largest: int, kinds: str = "aur") -> Steps:
    """Allocate and free what the schedule says, for ever: ``3a`` is order 3, ``16f`` the block at pfn 16."""
    menu = Choose(lambda: possible(zone, largest, kinds), lambda choice: refusal(zone, choice))
    while True:
        choice = yield CHOOSES, menu
        try:
            yield from operation(zone, choice, cpu)
        except ZoneError as error:  # the other CPU chose the same block, and had the lock first
            yield BUG, error


def possible(zone: Zone, largest: int, kinds: str) -> dict[str, str]:
    """What a workload may choose now, each with what it means: orders up to ``largest``, of these kinds."""
    found = {
        f"{order}{letter}": f"asks for order {order}, {ALLOCATES[letter].name.lower()}"
        for letter in kinds
        for order in ORDERS[: largest + 1]
    }
    for pfn, (order, kind) in sorted(zone.used.items()):
        found[f"{pfn}f"] = f"is to free block {pfn} of order {order} ({kind})"
    return found


def refusal(zone: Zone, choice: str) -> str:
    """Why a block cannot be freed, or nothing where that is not the reason."""
    pfn, letter = int(choice[:-1]), choice[-1]
    if letter != "f":
        return ""
    try:
        zone.check_used(pfn, zone.used.get(pfn, (0, ""))[0])
    except ZoneError as error:
        return f"cannot: {error}"
    return ""


def operation(zone: Zone, choice: str, cpu: str = "cpu 0") -> Steps:
    """What a workload's choice stands for: ``3a``, ``3u``, ``3r`` allocate order 3, ``16f`` frees block
    16."""
    number, letter = int(choice[:-1]), choice[-1]
    if letter == "f":
        order, _ = zone.used.get(number, (0, ""))
        yield from zone.free(number, order, cpu)
    else:
        yield from zone.rmqueue(number, ALLOCATES[letter], cpu, KINDS[letter])


def operate(zone: Zone, operations: str) -> None:
    """Do a list of operations, ``"0a 0a 1f"``, one after the other without stopping at their steps.

    Raises FreepagesError at the first that cannot be read or done; those before it are done.
    """
    for choice in operations.split():
        if not re.fullmatch(f"[0-9]+[{''.join(ALLOCATES)}f]", choice):
            raise FreepagesError(f"operation {choice!r} is not an order and a, u or r, or a pfn and f")
        straight(operation(zone, choice))


def buddy_zone(
    letters: str = "·" * 64,
    *,
    cpus: int = 1,
    story: str = "",
    pageblock_order: int = 4,
    largest: int | None = None,
    kinds: str = "aur",
) -> Scenario:
    """One zone as drawn, and a workload on each of ``cpus`` CPUs (letters c, d, ...).

    A workload asks for orders up to ``largest`` (all, if not given) of the migratetypes ``kinds``.
    """
    most = max(0, len(letters).bit_length() - 1) if largest is None else largest

    def build() -> tuple[Zone, list[Process]]:
        zone = zone_drawn(letters, pageblock_order=pageblock_order)
        names = [f"cpu {n}" for n in range(cpus)]
        return zone, [
            Process(letter, name, workload(zone, name, most, kinds))
            for letter, name in zip("cdefgh", names, strict=False)
        ]

    def picture(run: Run) -> Frame:
        zone = run.world
        listed = sum(count << order for order, count in enumerate(zone.nr_free()))
        return Frame(
            f"zone {zone.name}: {listed} of {zone.managed} pages on its free lists",
            (memory(zone, touched(run)), free_lists(zone), locks(run, zone.lock)),
        )

    return Scenario(
        "buddy_zone",
        f"a zone of {len(letters)} pages",
        build,
        picture,
        story,
        f"{len(letters)} pages; {cpus} CPU{'s' * (cpus > 1)}, orders up to {most}",
        property=lambda run: stuck(run) or unsound(run.world),
        key=lambda run: Known(run.world, run.world.state()),
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
