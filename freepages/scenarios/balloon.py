"""A guest with a balloon driver, and the device: the machine that the scenarios of the balloon begin with.

The processes: ``g`` the guest driver's work items, ``i`` its interrupt handlers, ``h`` the host's device, and
where there is one ``w``, somebody else in the guest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from freepages.balloon import device as balloon_device
from freepages.balloon import driver as balloon
from freepages.balloon import driver_queues as virtqueue
from freepages.balloon import free_pages_device as getfreepages
from freepages.balloon.april2016 import AprilPatch
from freepages.balloon.driver import VirtioBalloon
from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.balloon.free_pages_messages import AS_PATCHED, REPAIRED
from freepages.balloon.guest_bitmap import GuestBitmap
from freepages.balloon.repaired import Repaired
from freepages.engine import Act, Process, Run, Scenario, Steps, straight
from freepages.engine.errors import FreepagesError
from freepages.engine.state import whole
from freepages.engine.step_size import Grain, coarse, fine
from freepages.pages.orders import PAGE_SHIFT, PAGE_SIZE
from freepages.pages.ranges import spans
from freepages.scenarios.exchange_picture import (
    RING_WAYS,
    RingPlace,
    Way,
    ring_now,
    ring_panel,
    sequence_panel,
)
from freepages.scenarios.panels import locks, memory, touched
from freepages.scenarios.zones import unsound, zone_drawn, zone_of
from freepages.view.frame import Bits, Facts, Frame, Panel
from freepages.virtqueue.features import APRIL_2016, DEFLATE_ON_OOM, GET_FREE_PAGES, STATS_VQ, names, queues
from freepages.virtqueue.guest_memory import Endian, GuestMemory
from freepages.virtqueue.ring_layout import VERSION_1
from freepages.virtqueue.ring_state import RingState, describe
from freepages.virtqueue.transport import Transport
from freepages.zone.kernel import WORKS, Context, Kernel
from freepages.zone.node import Node
from freepages.zone.page_cache import PageCache
from freepages.zone.zone import Zone

LETTERS = "kkkkkkkk········aaaa····cc··aa··aaaaaaaa········ssss····kkkkkkkk"
"""64 pages; the rings and the driver's own page are allocated from the free ones."""

OFFERED = frozenset((STATS_VQ, DEFLATE_ON_OOM, GET_FREE_PAGES, VERSION_1))


@dataclass
class Machine:
    """The world: a guest's kernel with its driver, the device, and the registers between them."""

    kernel: Kernel
    transport: Transport
    driver: VirtioBalloon
    device: FreePagesDevice
    in_use: frozenset[int] = frozenset()
    """Pages that were in use when the run began."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What a scenario's own processes wrote down."""

    @property
    def node(self) -> Node:
        return self.kernel.node

    def ring(self, name: str) -> RingState:
        """What is in the memory of a queue that was set up."""
        layout = self.driver.vqs[name].ring.layout
        return describe(self.kernel.memory, layout, self.transport.accepted)

    def place(self, name: str) -> RingPlace:
        """Where a queue that was set up lies, and its two sides."""
        ring = self.driver.vqs[name].ring
        accepted = self.transport.accepted
        return RingPlace(self.kernel.memory, ring.layout, accepted, ring, self.device.queue(name), name)

    def used_now(self) -> set[int]:
        return {
            page
            for zone in self.node.populated_zones()
            for pfn, (order, _) in zone.used.items()
            for page in range(pfn, pfn + (1 << order))
        }

    def owned(self) -> set[int]:
        """Pages that the driver has allocated for the balloon."""
        zones = self.node.populated_zones()
        return {pfn for zone in zones for pfn, (_, kind) in zone.used.items() if kind == "b"}

    def never_free(self) -> set[int]:
        """Pages that have been in use since the run began."""
        return self.used_now() & self.in_use

    def skipped(self) -> set[int]:
        starts, ends = self.device.skips.runs()
        return {pfn for start, end in zip(starts, ends, strict=True) for pfn in range(start, end)}


class DrawnNode(Node):
    """A node of zones that were drawn: no watermarks, per-CPU lists only where `batch` is given."""

    def __init__(self, *zones: Zone, batch: int = 0):
        self.arch = "x86_64"
        self.ram = [stretch for zone in zones for stretch in zone.memory]
        self.max_pfn = self.ram[-1][1]
        self.zones = {zone.name: zone for zone in zones}
        self.present = {zone.name: zone.managed for zone in zones}
        self.set_up(min_free_kbytes=0)
        self.batch = dict.fromkeys(self.zones, batch)

    def share(self, name: str) -> int:
        return self.present[name]


class Parts(NamedTuple):
    """What a machine is made of, where another class stands in for one of these."""

    memory: type[GuestMemory] = GuestMemory
    driver: type[Repaired] = Repaired
    device: type[FreePagesDevice] = FreePagesDevice


PARTS = Parts()


def machine(
    node: Node | None = None,
    *,
    repaired: bool = False,
    offered: Iterable[int] = OFFERED,
    num: int = 8,
    sizes: Mapping[int, int] | None = None,
    bits: int = 64,
    endian: Endian = "little",
    grain: Grain = coarse,
    cache: PageCache | None = None,
    debug_sg: bool = False,
    poison: int | None = None,
    ram_pages: int | None = None,
    driver: Mapping[str, Any] | None = None,
    device: Mapping[str, Any] | None = None,
    probed: bool = True,
    made_of: Parts = PARTS,
) -> Machine:
    """A machine with its driver probed, before anything is asked of it.

    `offered` are the device's features, `num` the entries of each of its queues (or `sizes`, by number, and
    then only those exist); `ram_pages` is how many pages the host thinks the guest has, all its pfns if not
    given; `driver` and `device` are keyword arguments of theirs, `made_of` the classes of the parts.
    """
    node = node or DrawnNode(zone_drawn(LETTERS))
    # Only what the allocator has is backed by bytes: a large guest may be mostly reserved.
    ram = {
        start << PAGE_SHIFT: memoryview(bytearray((end - start) << PAGE_SHIFT))
        for zone in node.populated_zones()
        for start, end in zone.memory
    }
    kernel = Kernel(node, made_of.memory(ram, endian), bits, debug_sg, poison, cache)
    if poison is not None:
        for zone in node.populated_zones():
            for pfn, order, _ in zone.free_blocks():
                kernel.memory.write(pfn << PAGE_SHIFT, bytes([poison]) * (PAGE_SIZE << order))
    offered = frozenset(offered)
    transport = Transport(offered, sizes or dict.fromkeys(queues(offered).values(), num))
    made = (made_of.driver if repaired else AprilPatch)(kernel, transport, **(driver or {}))
    protocol = REPAIRED if repaired else AS_PATCHED
    pages = node.max_pfn if ram_pages is None else ram_pages
    host = made_of.device(transport, kernel.memory, pages, protocol=protocol, grain=grain, **(device or {}))
    world = Machine(kernel, transport, made, host)
    if probed:
        context = Context(kernel, "guest driver", function="virtballoon_probe")
        straight(context.survive(made.probe(context)))
    kernel.grain = grain
    world.in_use = frozenset(world.used_now())
    return world


def processes(world: Machine, host: Steps, *others: Process) -> list[Process]:
    """The driver's two processes, the host's, and others."""
    kernel, driver = world.kernel, world.driver
    return [
        Process("h", "host device", host),
        Process("i", "interrupt handler", driver.interrupts(Context(kernel, "interrupt handler", True))),
        Process("g", "guest driver", driver.work(Context(kernel, "guest driver"))),
        *others,
    ]


# -- what is to be seen


def picture(run: Run) -> Frame:
    """Memory, the bitmap in it and what the host has of it, the exchange, the queue, both sides' notes."""
    world: Machine = run.world
    zones = list(world.node.populated_zones())
    panels: list[Panel] = []
    if world.node.max_pfn <= 4096:
        panels += [*(memory(zone, touched(run)) for zone in zones), *bitmaps(world)]
    panels.append(talk(run))
    if "free_pages" in world.driver.vqs:
        panels.append(ring_now(world.place("free_pages")))
    panels += [driver_facts(world), device_facts(world), locks(run, *(zone.lock for zone in zones))]
    title = f"request {world.device.current}" if world.device.current else "before any request"
    return Frame(title, tuple(panels), note="; ".join(world.kernel.dmesg[-3:]))


def bitmaps(world: Machine) -> Iterable[Panel]:
    """The bitmap in the guest's memory, and what the host will skip."""
    driver, pages = world.driver, world.node.max_pfn
    if isinstance(driver, AprilPatch) and driver.free_pages is not None:
        # The repaired driver's may be of a stretch of the pages only, and would not lie under them.
        if not isinstance(driver, Repaired) or driver.chunk == pages:
            yield Bits("bitmap", 0, GuestBitmap(world.kernel.memory, driver.free_pages, pages).seen())
    yield Bits("host skips", 0, world.device.skips)


def driver_facts(world: Machine) -> Facts:
    driver, features = world.driver, world.transport.features
    rows: dict[str, Any] = {
        "features": "not negotiated" if features is None else names(features, APRIL_2016),
        "pages in the balloon": len(driver.pages),
    }
    if vq := driver.vqs.get("free_pages"):
        rows["with the device"] = ", ".join(map(str, vq.offered)) or "nothing"
    if isinstance(driver, AprilPatch):
        rows["bitmap at"] = "nowhere" if driver.free_pages is None else f"{driver.free_pages:#x}"
    rows["kernel"] = world.kernel.crashed or "alive"
    return Facts("driver", rows)


def device_facts(world: Machine) -> Facts:
    device = world.device
    rows: dict[str, Any] = {
        "interrupts pending": len(world.transport.pending),
        "notifications pending": len(world.transport.rung),
        "requests made": device.asked,
        "answers believed": len(device.applied),
        "pages in the balloon": len(device.ballooned),
        "pages skipped": device.skips.count(),
        "refused": device.refused[-1] if device.refused else "nothing",
    }
    for name in queues(world.transport.features or ()):
        if fault := device.broken(name):
            rows[f"{name} is broken"] = fault
    rows.update(device.stats)
    return Facts("device", rows)


# Chosen for the width of a column; the log has the whole sentences.
WAYS: dict[Act, Way] = {
    **{act: Way("alone", way.label) for act, way in RING_WAYS.items() if way.kind == "write"},
    balloon_device.SETS_TARGET: Way("signal", "num_pages = {0}", to="i"),
    balloon_device.TAKES: Way("alone", "takes the buffer"),
    balloon_device.POPS: Way("alone", "takes the notification"),
    balloon_device.READS_PAGES: Way("alone", "reads {0:byte}"),
    balloon_device.DISCARDS: Way("alone", "discards {0}"),
    balloon_device.WANTS_BACK: Way("alone", "gives {0} back"),
    balloon_device.USES: Way("signal", "{0} buffer used", to="i"),
    balloon_device.INTERRUPTS: Way("signal", "{0} buffer used", to="i"),
    balloon_device.READS_STATS: Way("alone", "reads the statistics"),
    getfreepages.STARTS: Way("alone", "begins migration {0}"),
    getfreepages.STARTS_AGAIN: Way("alone", "begins migration {0}"),
    getfreepages.CANCELS: Way("alone", "gives the migration up"),
    getfreepages.WRITES_REQUEST: Way("signal", "asks: ctrl {0}, id {1}", to="i"),
    getfreepages.READS_REPLY: Way("alone", "reads the answer"),
    virtqueue.INTERRUPTED: Way("alone", "takes the interrupt"),
    virtqueue.ADDS_OUTBUF: Way("alone", "adds a buffer: {0}"),
    virtqueue.KICKS: Way("signal", "kick: {0}", to="h"),
    virtqueue.RINGS: Way("signal", "kick: {0}", to="h"),
    virtqueue.GETS_BUF: Way("alone", "get_buf: {0}"),
    balloon.FILLS: Way("alone", "alloc_page()"),
    balloon.LEAKS: Way("alone", "takes page {0} out"),
    balloon.FREES_PAGE: Way("alone", "__free_page({1})"),
    balloon.WRITES_MESSAGE: Way("alone", "names {0:page}: {1} B"),
    balloon.SLEEPS: Way("alone", "wakes up"),
    balloon.WRITES_ACTUAL: Way("alone", "actual = {0}"),
    WORKS: Way("alone", "starts its work"),
}


COLUMNS = {"g": "guest driver", "i": "interrupt handler", "h": "host device", "o": "operator"}


def talk(run: Run) -> Panel:
    """Who told whom what."""
    columns = {letter: name for letter, name in COLUMNS.items() if letter in run.processes}
    return sequence_panel(run, columns, WAYS)


def balloon_picture(run: Run) -> Frame:
    """Who has which page, which are discarded, and who told whom what."""
    world: Machine = run.world
    device, config = world.device, world.transport.config
    zones = world.node.populated_zones()
    maps = [replace(memory(zone, touched(run)), marks=marks(zone, device)) for zone in zones]
    sizes = {
        "num_pages": config["num_pages"],
        "the driver owns": len(world.owned()),
        "the host has discarded": len(device.ballooned),
        "actual": config["actual"],
    }
    title = " · ".join(f"{name} {value}" for name, value in sizes.items())
    return Frame(title, (*maps, talk(run)), note="; ".join(world.kernel.dmesg[-3:]))


def statistics_picture(run: Run) -> Frame:
    """Who told whom what, what the host knows, and the ring that the buffer goes round in."""
    known = Facts("statistics", run.world.device.stats or {"of the guest": "none yet"})
    return Frame("", (talk(run), known, ring_panel(run, lambda world: world.place("stats"))))


def queue_picture(run: Run) -> Frame:
    """Who told whom what, the ring of the free pages, and what each side knows; without the pages."""
    world: Machine = run.world
    ring = ring_panel(run, lambda world: world.place("free_pages"))
    return Frame("", (talk(run), ring, driver_facts(world), device_facts(world)))


def marks(zone: Zone, device: FreePagesDevice) -> dict[str, bytes]:
    """Which pages the device has discarded and not given back."""
    return {"discarded": bytes(pfn in device.ballooned for pfn in range(zone.start_pfn, zone.end_pfn))}


# -- scenarios


def scenario(
    name: str,
    title: str,
    make: Callable[[], Machine],
    host: Callable[[FreePagesDevice], Steps],
    others: Callable[[Machine], list[Process]] = lambda world: [],
    *,
    story: str = "",
    bounds: str = "",
    shown: Callable[[Run], Frame] = picture,
) -> Scenario:
    """A machine, what its host does, and who else is in the guest."""

    def build() -> tuple[Machine, list[Process]]:
        world = make()
        return world, processes(world, host(world.device), *others(world))

    return Scenario(name, title, build, shown, story, bounds, property=harm, key=whole)


def harm(run: Run) -> str | None:
    """What must never be, whoever is slow: a crash, a zone that is unsound, a page in use that is skipped, or
    one that is discarded and not the driver's.
    """
    world: Machine = run.world
    if world.kernel.crashed:
        return f"the guest has crashed: BUG in {world.kernel.crashed}"
    if wrong := world.never_free() & world.skipped():
        return f"pages {spans(wrong)} have been in use since the run began, and the host will not send them"
    if wrong := world.device.ballooned - world.owned():
        return f"pages {spans(wrong)} are discarded, and the driver does not own them"
    return unsound(*world.node.populated_zones())


def exchange(*, repaired: bool = False, grain: Grain = fine, requests: int = 1, ctrl: int = 0) -> Scenario:
    """The host asks for the free pages, the driver answers; by every write to the ring, or by operation."""
    return scenario(
        "exchange",
        "the host asks, the driver answers" + (", repaired" if repaired else ", as patched"),
        lambda: machine(repaired=repaired, grain=grain),
        lambda device: device.migrate(requests, ctrl),
    )


def inflate(
    pages: int = 4, then: int = 0, *, zone: int | str | Zone = LETTERS, grain: Grain = coarse, **driver: Any
) -> Scenario:
    """The host wants `pages` pages in the balloon, and at some time `then`.

    `zone` is the guest's memory, of whatever zone_of() takes; the driver's queues take some free pages of
    it. Raises FreepagesError where there are too few, and for a number of pages that is none. `driver` are
    keyword arguments of the driver's.
    """
    for name, wanted in (("pages", pages), ("then", then)):
        if not isinstance(wanted, int) or wanted < 0:
            raise FreepagesError(f"inflate: {name}={wanted!r} is not a number of pages from 0 on")

    def make() -> Machine:
        node = DrawnNode(zone_of(zone))
        world = machine(node, num=4, grain=grain, driver=driver, device={"encoding": driver.get("encoding")})
        if not world.driver.vqs:
            raise FreepagesError("zone: the driver and its queues need some free pages, and find too few")
        return world

    def host(device: FreePagesDevice) -> Steps:
        yield from device.set_target(pages)
        yield from device.serve()

    def operator(world: Machine) -> list[Process]:
        return [Process("o", "operator", world.device.set_target(then))]

    return scenario(
        "inflate",
        f"{pages} pages into the balloon, then {then}",
        make,
        host,
        operator,
        shown=balloon_picture,
    )


def statistics(*, grain: Grain = coarse) -> Scenario:
    """The host asks for statistics by giving the driver its buffer back."""
    return scenario(
        "statistics",
        "the statistics queue runs in reverse",
        lambda: machine(num=4, grain=grain),
        lambda device: device.poll_stats(),
        shown=statistics_picture,
    )
