"""Rows about what an answer means, and to whom: B23, B25, B26, B27; and the host's part: B18, B28, B29."""

from __future__ import annotations

from freepages.engine import Act, Process, Run, Scenario, Steps, straight
from freepages.host.getfreepages import FreePagesDevice
from freepages.pages import PAGE_SHIFT, Migratetype
from freepages.scenarios.balloon import DrawnNode, Machine, machine, scenario
from freepages.scenarios.review.row import Row
from freepages.scenarios.review.state import one_answer, spans
from freepages.scenarios.zones import zone_drawn

POISON = 0xAA  # PAGE_POISON of include/linux/poison.h

TAKES_PAGE = Act("allocates a page of zone {1} and writes into it")

WITH_A_HOLE = "kkkkkkkk········aaaa····" + "/" * 32 + "aaaaaaaa········ssss····kkkk····kkkkkkkk"
"""64 pages of RAM, with a hole of 32 among them, as the PCI hole is: 96 pfns."""

HOST_2016 = "https://lore.kernel.org/r/1457001868-15949-{}-git-send-email-liang.z.li@intel.com"
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


def bitmap_of_addresses(trusting: bool) -> Scenario:
    """The patch's driver in a guest with a hole, and a host whose bitmap has a bit for each page of RAM."""
    node = lambda: DrawnNode(zone_drawn(WITH_A_HOLE))  # noqa: E731
    return scenario(
        "bitmap_of_addresses",
        "a bitmap longer than RAM",
        lambda: machine(node(), ram_pages=64, device={"trusting": trusting}),
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
        f"page {spans(wrong)}, written before migration {world.device.current} began, will not be sent: "
        "the answer "
        "was to the request of the one before"
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
        "for "
        f"{world.kernel.poison:#x}"
    )


def overflows(run: Run) -> str | None:
    device = run.world.device
    if not device.overflow:
        return None
    return f"the host writes {device.overflow} bytes behind its bitmap of {len(device.skips.bytes)}"


ROWS = (
    Row(
        "B18",
        "a PFN is not an address of the host's RAM",
        "virtio_balloon.c: get_free_pages, and the host",
        "conditional",
        "April's bitmap is of the guest's own PFNs. A host that takes them for offsets into RAM is wrong "
        "by the "
        "size of the PCI hole for every page above it.",
        "Huck, on leaking what only a PC has: https://lore.kernel.org/r/20160303132334.5e4565df."
        "cornelia.huck@de.ibm.com",
        needs="the host, with its RAM blocks",
    ),
    Row(
        "B23",
        "an answer does not say to what",
        "virtio_balloon.c: free_pages_handle_rq",
        "conditional",
        "Nothing tells the answer to an old request from that to a new one: a migration that is given up and "
        "begun again may skip a page that was written in between.",
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
        "With page poisoning the kernel relies on what is in a free page; the driver negotiates the queue "
        "all "
        "the same.",
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
        "A page that stays on the free list and is not sent reads zero on the destination, and page "
        "poisoning "
        "or init_on_free finds that it is not what was written. B25 shows which pages.",
        f"F_PAGE_POISON: {POISON_BIT}; pages that are allocated while reported are filled when freed",
        needs="the host, to finish the migration and let the destination allocate",
    ),
    Row(
        "B27",
        "postcopy waits for a page that never comes",
        "the host",
        "conditional",
        "A page that was skipped is never sent; after postcopy a fault on it would wait for ever.",
        "Gilbert, March 2016: https://lore.kernel.org/r/20160303174615.GF2115@work-vm; QEMU refuses the "
        "two together",
        needs="the host, with postcopy",
    ),
)

HOST_ROWS = (
    Row(
        "B28",
        "the host believes the length",
        "QEMU 2/4 of March 2016",
        "bug",
        "The bitmap is copied into the host's as long as the guest says; April's honest bitmap of all "
        "addresses "
        "is longer than one of all RAM by the hole.",
        "A reading of " + HOST_2016.format(3) + ", confirmed nowhere else",
        lambda: bitmap_of_addresses(trusting=True),
        lambda: bitmap_of_addresses(trusting=False),
        overflows,
        "h h h i i i i i i i i h h",
    ),
    Row(
        "B29",
        "only the first RAM block is filtered",
        "QEMU 4/4 of March 2016",
        "harmless",
        "Memory that was plugged in is another block, and is sent in full: less is saved, nothing is lost.",
        HOST_2016.format(5),
        needs="the host, with its RAM blocks",
    ),
)
