"""What it means to own a page: how long the driver has it, how long the host, and who else can get it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from freepages.engine import Run, straight, to_the_end
from freepages.pages.orders import PAGE_SHIFT
from freepages.scenarios.balloon import Machine, inflate, machine, scenario

MINE = b"mine"


class Stay(NamedTuple):
    """A page in the balloon: the steps after which the driver owned it, and the host had discarded it."""

    owned: list[int]
    discarded: list[int]

    def __repr__(self) -> str:
        return f"owned {_span(self.owned)}, discarded {_span(self.discarded)}"


def _span(steps: list[int]) -> str:
    return f"from step {steps[0]} to {steps[-1]}" if steps else "never"


def stays(run: Run) -> dict[int, Stay]:
    """Every page that was in the balloon during a run of the balloon, in ascending order."""
    again, found = Run(run.scenario), dict[int, Stay]()
    for move in run.schedule:
        number = again.move(move).number
        for pages, at in ((again.world.owned(), 0), (again.world.device.ballooned, 1)):
            for pfn in pages:
                found.setdefault(pfn, Stay([], []))[at].append(number)
    return dict(sorted(found.items()))


def take_all(world: Machine, cpu: str = "cpu 1") -> set[int]:
    """Somebody in the guest allocates page after page until there is none, and writes each; those pages."""
    taken = set[int]()
    while (pfn := straight(world.node.alloc_pages(0, cpu=cpu))) is not None:
        world.kernel.memory.write(pfn << PAGE_SHIFT, MINE)
        taken.add(pfn)
    return taken


def lost(world: Machine, told: Iterable[int], taken: Iterable[int]) -> set[int]:
    """The host discards the pages it was told of; which of those that somebody took lose their content."""
    for pfn in told:
        world.device.discard(pfn, pfn + 1)
    return {pfn for pfn in taken if world.kernel.memory.read(pfn << PAGE_SHIFT, len(MINE)) != MINE}


def gives(**driver: Any) -> dict[str, int]:
    """What a host gets from a driver with these settings: pages when it asks for four, statistics when it
    asks for those, pages to skip when it migrates the guest.
    """
    stats, migration = (
        to_the_end(Run(scenario("one", "", lambda: machine(driver=driver), host))).world
        for host in (lambda device: device.poll_stats(), lambda device: device.migrate(1, 0))
    )
    return {
        "pages in the balloon": len(to_the_end(Run(inflate(4, then=4, **driver))).world.owned()),
        "statistics": len(stats.device.stats),
        "pages to skip": len(migration.skipped()),
    }
