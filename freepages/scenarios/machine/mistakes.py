"""Mistakes to plant in the machine, each with the end that it must come to.

None is a mistake of the patch's, which :mod:`freepages.review` has, nor of a proposal's: they are what the
builder of such a machine gets wrong. The projection, the verdict or the deadlock must show every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from freepages.balloon.guest_bitmap import GuestBitmap
from freepages.balloon.repaired import Repaired
from freepages.debate.host_verbs import freely
from freepages.engine import Process, Steps
from freepages.host.dirty_log import DirtyLog
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet
from freepages.scenarios.balloon import Parts
from freepages.scenarios.machine.ram_content import LoggedMemory
from freepages.scenarios.machine.world import After, MigrationDevice, WatchedProcess, WholeMachine, as_set
from freepages.virtqueue.guest_memory import StoreBuffer
from freepages.zone.free_page_bitmap import MARKS
from freepages.zone.kernel import Context
from freepages.zone.zone import Zone

REFUSED, LOST, STUCK = "refused", "lost", "stuck"


def nothing(world: WholeMachine) -> None:
    """Nothing is changed in the world."""


@dataclass(frozen=True)
class Mistake:
    """A mistake: its name, what is wrong, and how it ends.

    proposal  one on which it shows
    end       REFUSED by the small world, a page LOST, or STUCK for ever
    parts     classes that stand in for the machine's own, plant what else is changed
    """

    name: str
    says: str
    proposal: str
    end: str
    parts: Parts = Parts(LoggedMemory, Repaired, MigrationDevice)
    plant: Callable[[WholeMachine], None] = nothing

    def others(self, world: WholeMachine, after: After) -> Iterator[Process]:
        """The processes that it adds."""
        memory = world.parts.device.memory
        if isinstance(memory, StoreBuffer):
            yield WatchedProcess("s", "store buffer", memory.visibility, after)


NO_MISTAKE = Mistake("", "nothing is wrong", "snapshot", "")


class WalksUnlocked(Repaired):
    """It reads the lists once, and then marks block by block, without the zone's lock."""

    def walk(self, ctx: Context, zone: Zone, bitmap: GuestBitmap, start: int) -> Steps:
        for pfn, order, _ in list(zone.free_blocks()):
            yield MARKS, pfn, pfn + (1 << order), order, 1 << order
            bitmap.set_range(pfn - start, pfn + (1 << order) - start)


class KeepsABit(Repaired):
    """It does not clear the bitmap before it builds the next one."""

    def clear(self, address: int, size: int) -> Steps:
        yield from ()


class TakesPfns(MigrationDevice):
    """It takes a pfn for a page of ram_addr."""

    def translated(self, by_pfn: PageBitmap) -> PageSet:
        return as_set(self.ram.untranslated(by_pfn))


class StampsAnswers(MigrationDevice):
    """It takes whatever answer comes for the answer to the newest request."""

    def check(self, reply: Any) -> None:
        self.answered_as = self.mail.asked - 1

    def apply(self, reply: Any) -> None:
        super().apply(reply._replace(id=self.answered_as))


class Hasty(MigrationDevice):
    """Its CPU keeps no barrier: the interrupt is there before what it wrote, and that comes in any order."""

    barriers = False

    def __init__(self, transport: Any, memory: LoggedMemory, *args: Any, **kwargs: Any):
        super().__init__(transport, StoreBuffer(memory), *args, **kwargs)


class LateLog(DirtyLog):
    """It is on only from the first sync on."""

    def start(self) -> None:
        self.on = False

    def read(self) -> Any:
        self.on = True
        return super().read()


def log_late(world: WholeMachine) -> None:
    world.log = world.memory.log = world.host.log = LateLog(world.pages, kind=PageSet)


def sync_any_time(world: WholeMachine) -> None:
    world.pace = lambda w, sync, stop, asks, tells_sync: freely(w, True, stop, asks, tells_sync)


def marks_stay(world: WholeMachine) -> None:
    world.forget = lambda freed: None  # type: ignore[method-assign]


def _parts(driver: type[Repaired] = Repaired, device: type[MigrationDevice] = MigrationDevice) -> Parts:
    return Parts(LoggedMemory, driver, device)


MISTAKES: dict[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake(
            "no-lock",
            "the driver walks the free lists without the zone's lock",
            "snapshot",
            REFUSED,
            _parts(driver=WalksUnlocked),
        ),
        Mistake(
            "raw-pfns",
            "the device takes the guest's pfns for the host's numbers, which differ above the hole",
            "snapshot",
            REFUSED,
            _parts(device=TakesPfns),
        ),
        Mistake(
            "sync-before-answer",
            "the host syncs between its request and the answer, and uses the answer afterwards",
            "snapshot",
            REFUSED,
            plant=sync_any_time,
        ),
        Mistake(
            "log-late", "the dirty log is on only from the first sync on", "snapshot", REFUSED, plant=log_late
        ),
        Mistake(
            "used-index-early",
            "the device does not keep its writes in order: the driver reads the used index too early",
            "snapshot",
            STUCK,
            _parts(device=Hasty),
        ),
        Mistake(
            "older-answer",
            "the device takes an answer to an older request for one to the newest",
            "request_id",
            REFUSED,
            _parts(device=StampsAnswers),
        ),
        Mistake(
            "older-bit",
            "the driver does not clear its bitmap before it builds the next one",
            "snapshot",
            REFUSED,
            _parts(driver=KeepsABit),
        ),
        Mistake(
            "mark-stays",
            "a page that is freed keeps the mark that its content matters",
            "snapshot",
            REFUSED,
            plant=marks_stay,
        ),
    )
}
