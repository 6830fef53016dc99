"""One machine: zones, the driver that walks them, the ring in guest memory, the device, and the host.

Everything is what the other rooms step: the allocator of :mod:`freepages.zone`, the repaired driver and the
device of :mod:`freepages.balloon` over the ring of :mod:`freepages.virtqueue`, the log and the migration of
:mod:`freepages.host`. The host is a proposal's own ``host()``, and this is the world that it moves in: pages
are those of ram_addr, so what the guest says in pfns is translated on the way.

The processes: ``h`` the thread that migrates, ``d`` the device's thread, ``i`` the guest's interrupt handler,
``g`` its driver, ``w`` the programs that run in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.balloon.free_pages_messages import Reply
from freepages.debate.host_verbs import freely
from freepages.debate.mailbox import Answer, Mailbox
from freepages.debate.proposals import Proposal
from freepages.debate.world import World
from freepages.engine import Act, Lock, Process, Steps, Until
from freepages.host.migration import Migration
from freepages.host.ram import GuestRam
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet
from freepages.scenarios.balloon import Machine
from freepages.scenarios.machine.ram_content import LoggedMemory, RamContent
from freepages.scenarios.machine.workload import workload
from freepages.virtqueue.chain import Chain
from freepages.zone.kernel import Context
from freepages.zone.zone import Zone

WAKES = Act("wakes: {1}", cost="none")  # the device's own step, taking the notification, has the cost

DRIVER = "guest driver"
"""Under that name the driver takes a zone's lock to walk its lists; the allocator takes it by its CPU's."""


class Event(NamedTuple):
    """What one step did to the pages (of ram_addr), in the order in which it did it.

    what  took, freed: off and on free_area, known when the zone's lock is dropped; walked: the driver has
          walked a zone; wrote: their bytes; answered: the device has read an answer
    """

    what: str
    pages: PageSet


class WatchedLock(Lock):
    """A zone's lock that says when it is dropped: then all that was done under it is done at once."""

    def __init__(self, name: str, dropped: Callable[[str], None]):
        super().__init__(name)
        self._dropped = dropped

    def drop(self, cpu: str) -> None:
        super().drop(cpu)
        self._dropped(cpu)


class GuestPages:
    """Whose the pages are, as far as a host's proposal asks.

    free     on free_area; a page on a CPU's own list, of the driver or of a ring is in use
    written  in use, and written since they were last on free_area; at the start all in use
    """

    def __init__(self, free: PageSet, written: PageSet, lock: Any):
        self.free, self.written, self.lock = free, written, lock

    def matters(self) -> PageSet:
        """The pages whose content the guest needs."""
        return self.written.copy()


class MigrationDevice(FreePagesDevice):
    """The device's thread: it takes requests from the thread that migrates, and hands the answers over.

    Whether an answer is believed is the proposal's matter.
    """

    mail: Mailbox
    ram: GuestRam
    answered: Callable[[Answer], None]

    def run_queue(self) -> Steps:
        """Serve the free-pages queue, for ever. Process."""
        while True:
            yield WAKES, Until(lambda: bool(self._why()), self._why_not), self
            if self.rung("free_pages").ready():
                yield from self.take("free_pages")
            held = self.held["free_pages"]
            while answers := [chain for chain in held if chain.readable]:
                held.remove(answers[0])
                yield from self.read_reply(answers[0])
                yield from self.finish_reply(answers[0])
            if self.mail.requests and (rooms := self.rooms()):
                self.current = self.mail.requests[0]
                held.remove(rooms[0])
                yield from self.ask_in(rooms[0])
                self.mail.requests.pop(0)

    def rooms(self) -> list[Chain]:
        """Buffers that it has for requests."""
        return [chain for chain in self.held["free_pages"] if chain.writable]

    def _why(self) -> str:
        if self.rung("free_pages").ready():
            return "it was notified"
        return "there is a request to make" if self.mail.requests and self.rooms() else ""

    def _why_not(self) -> str:
        waits = "waits for room for its request" if self.mail.requests else "waits for a request"
        return self.rung("free_pages").reason() if self.broken("free_pages") else waits

    def __str__(self) -> str:
        return self._why()

    def check(self, reply: Reply) -> None:
        """Take any answer: the proposal looks at its id."""

    def apply(self, reply: Reply) -> None:
        """Hand the answer over, in pages of ram_addr."""
        size = 8 * len(reply.bitmap)
        pages = self.translated(PageBitmap.from_bytes(reply.bitmap, size))
        self.answered(Answer(reply.id, pages))

    def translated(self, by_pfn: PageBitmap) -> PageSet:
        return as_set(self.ram.to_ram_addr(by_pfn))


def as_set(bitmap: PageBitmap) -> PageSet:
    return PageSet(bitmap.pages, int.from_bytes(bitmap.tobytes(), "little"))


class WholeMachine(World):
    """The world of one machine, for a proposal's host.

    parts       kernel, driver and device
    ram         the RAM blocks, and the way from pfns to ram_addr
    happened    the events of the last step
    projection  who follows its steps on the small world
    """

    projection: Any

    def __init__(self, parts: Machine, ram: GuestRam, requests: int):
        self.parts, self.ram = parts, ram
        self.zones = list(parts.node.populated_zones())
        self.page_of = {ram.pfn(page): page for page in range(ram.pages)}
        self.happened: list[Event] = []
        super().__init__(ram.pages, pace=freely, requests=requests, content=self._content)
        device, memory = parts.device, parts.kernel.memory
        assert isinstance(device, MigrationDevice) and isinstance(memory, LoggedMemory)
        device.mail, device.ram, device.answered = self.mail, ram, self.answered
        memory.hears = self.wrote
        for zone in self.zones:
            zone.lock = WatchedLock(zone.lock.name, partial(self.dropped, zone))

    def _content(self, pages: int, log: Any) -> RamContent:
        memory = self.parts.kernel.memory
        assert isinstance(memory, LoggedMemory)
        return RamContent(memory, self.ram, log)

    def sides(self, free: Any) -> tuple[GuestPages, Migration]:
        free = PageSet(self.pages)
        for zone in self.zones:
            free |= self.listed(zone)
        written = self.every
        written -= free
        return GuestPages(free, written, self.parts.kernel.zone_locks), Migration(self.memory, self.log)

    def listed(self, zone: Zone) -> PageSet:
        """The zone's pages on free_area."""
        value = 0
        for order, area in enumerate(zone.free_area):
            if area.nr_free:
                block = (1 << (1 << order)) - 1
                for pfn in chain(*area.free_list):
                    value |= block << self.page_of[pfn]
        return PageSet(self.pages, value)

    def of_zone(self, zone: Zone) -> PageSet:
        """All pages of a zone."""
        pages = PageSet(self.pages)
        for start, end in zone.memory:
            pages.set_range(self.page_of[start], self.page_of[end - 1] + 1)
        return pages

    # -- what a step does to the pages

    def wrote(self, first: int, last: int) -> None:
        """Somebody has written to the pages from one pfn to another: vCPU or device, both are logged."""
        pages = PageSet.of(self.pages, (self.page_of[pfn] for pfn in range(first, last + 1)))
        self.guest.written |= pages
        self.log.write(pages)
        self._happens("wrote", pages)

    def dropped(self, zone: Zone, cpu: str) -> None:
        """A zone's lock was dropped."""
        now, before = self.listed(zone), self.guest.free.copy()
        before &= self.of_zone(zone)
        taken, freed = before.copy(), now.copy()
        taken -= now
        freed -= before
        self.guest.free -= taken
        self.guest.free |= freed
        self.forget(freed)
        if cpu == DRIVER:
            self._happens("walked", self.of_zone(zone))
        self._happens("took", taken)
        self._happens("freed", freed)

    def forget(self, freed: PageSet) -> None:
        """What pages held that were freed does not matter any more."""
        self.guest.written -= freed

    def answered(self, answer: Answer) -> None:
        """The device has an answer for the host."""
        self.mail.answers.append(answer)
        self._happens("answered", answer.pages)

    def _happens(self, what: str, pages: PageSet) -> None:
        if self.happened and what == self.happened[-1].what == "wrote":
            self.happened[-1].pages.__ior__(pages)
        elif pages or what == "answered":
            self.happened.append(Event(what, pages.copy()))


After = Callable[[str, str], None]
"""Called after each step, with the letter of who moved and the choice."""


class WatchedProcess(Process):
    """A process of the machine: after each of its steps somebody looks at what happened."""

    def __init__(self, letter: str, name: str, steps: Callable[[], Steps], after: After):
        self.after = after
        super().__init__(letter, name, steps)

    def go(self, choice: str = "") -> None:
        super().go(choice)
        self.after(self.letter, choice)


def processes(w: WholeMachine, proposal: Proposal, after: After) -> Iterator[Process]:
    """The processes of a machine whose host is that proposal's."""
    kernel, driver, device = w.parts.kernel, w.parts.driver, w.parts.device
    assert isinstance(device, MigrationDevice)
    interrupt, work = Context(kernel, "interrupt handler", True), Context(kernel, DRIVER)
    yield WatchedProcess("h", "host", partial(proposal.host, w), after)
    yield WatchedProcess("d", "device", device.run_queue, after)
    yield WatchedProcess("i", "interrupt handler", partial(driver.interrupts, interrupt), after)
    yield WatchedProcess("g", DRIVER, partial(driver.work, work), after)
    yield WatchedProcess("w", "programs", partial(workload, w), after)
