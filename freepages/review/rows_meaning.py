"""Rows about what an answer means, and to whom: B23, B25, B26."""

from __future__ import annotations

from dataclasses import replace

from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.debate.world import World
from freepages.engine import Act, Process, Run, Scenario, Steps, straight
from freepages.pages.orders import PAGE_SHIFT, Migratetype
from freepages.pages.pageset import PageSet
from freepages.pages.ranges import spans
from freepages.review.row import Row
from freepages.review.symptoms import one_answer
from freepages.scenarios.balloon import Machine, machine, scenario
from freepages.scenarios.debate import debate

POISON = 0xAA  # PAGE_POISON of include/linux/poison.h

TAKES_PAGE = Act("allocates a page of zone {1} and writes into it", cost="none")

V2 = "https://lore.kernel.org/r/1469582616-5729-1-git-send-email-liang.z.li@intel.com"
POISON_BIT = "https://git.kernel.org/torvalds/c/2e991629bcf5"


def begun_again(repaired: bool = False) -> Scenario:
    """A migration is given up while it is asked for, and another begun; meanwhile a page is written."""

    def host(device: FreePagesDevice) -> Steps:
        yield from device.start()
        yield from device.ask()
        yield from device.start_again()
        while not device.applied:
            answer = yield from device.take_reply()
            believed = yield from device.read_reply(answer)
            yield from device.finish_reply(answer)
            if not believed:
                yield from device.ask()

    def somebody(world: Machine) -> Steps:
        (zone,) = world.node.populated_zones()
        yield TAKES_PAGE, zone.lock, zone.name
        pfn = straight(zone.rmqueue(0, Migratetype.MOVABLE, "cpu 1"))
        world.kernel.memory.write(pfn << PAGE_SHIFT, b"A")
        world.notes["written"] = {pfn: world.device.current}

    return scenario(
        "begun_again",
        "a second migration, the first one's answer",
        lambda: machine(repaired=repaired),
        host,
        lambda world: [Process("w", "somebody in the guest", somebody(world))],
    )


def poisoned(repaired: bool = False) -> Scenario:
    """A guest with CONFIG_PAGE_POISONING, which looks at a free page's content when it allocates it."""
    return scenario(
        "poisoned",
        "free pages are poisoned",
        lambda: machine(repaired=repaired, poison=POISON),
        one_answer,
    )


def stale(run: Run) -> str | None:
    world: Machine = run.world
    written: dict[int, int] = world.notes.get("written", {})
    needed = {pfn for pfn, migration in written.items() if migration < world.device.current}
    wrong = needed & world.skipped()
    if not wrong:
        return None
    return (
        f"page {spans(wrong)}, written before migration {world.device.current} began, will not be sent: the "
        "answer was to the request of the one before"
    )


def poison_skipped(run: Run) -> str | None:
    world: Machine = run.world
    poisoned = [
        pfn
        for pfn in sorted(world.skipped())
        if any(world.kernel.memory.read(pfn << PAGE_SHIFT, 1)) and pfn not in world.used_now()
    ]
    if world.kernel.poison is None or not poisoned:
        return None
    return (
        f"pages {spans(poisoned)} will not be sent: on the destination they hold 0, where the kernel looks "
        f"for {world.kernel.poison:#x}"
    )


def poison_migrated(position: str) -> Scenario:
    """One free page that holds poison, migrated to the end; the repair allocates what it reports, and so
    fills it again when it is freed."""
    whole = debate(position, assume=("init-on-free=poison", "rely-on-free-content"), pages=1, requests=1)

    def build() -> tuple[World, list[Process]]:
        world, processes = whole.build()
        return world, [process for process in processes if process.name != "workload"]

    return replace(whole, build=build)


def poison_lost(run: Run) -> str | None:
    world: World = run.world
    if not world.lost:
        return None
    return f"{PageSet.of(world.pages, world.lost)} should hold poison, and the destination has zeros there"


ROWS = (
    Row(
        "B23",
        "an answer does not say to what",
        "virtio_balloon.c: free_pages_handle_rq",
        "conditional",
        "Nothing tells the answer to an old request from the answer to a new one. A migration that is "
        "given up and begun again may skip a page that was written in between.",
        f"Tsirkin, 25 April 2016, in this thread; a request id in v2: {V2}",
        begun_again,
        lambda: begun_again(True),
        stale,
        "h h h i i i i i i i i w h h h",
        ("add_request_buffer", "request_id", "build"),
    ),
    Row(
        "B25",
        "poisoned pages are offered",
        "virtio_balloon.c: features",
        "conditional",
        "With page poisoning the kernel relies on what is in a free page. The driver negotiates the queue "
        "all the same.",
        f"F_PAGE_POISON tells the host: {POISON_BIT}",
        poisoned,
        lambda: poisoned(True),
        poison_skipped,
        "h h h i i i i i i i i h h",
        ("features",),
    ),
    Row(
        "B26",
        "the content of free pages is relied on",
        "the interface",
        "conditional",
        "A free page that is not sent reads zero on the destination. Page poisoning or init_on_free then "
        "finds something other than what it wrote. B25 shows which pages.",
        f"F_PAGE_POISON: {POISON_BIT}; pages that are allocated while reported are filled when freed",
        lambda: poison_migrated("snapshot"),
        lambda: poison_migrated("inflate_deflate"),
        poison_lost,
        "h h0r g g g g g h0t h0x",
    ),
)
