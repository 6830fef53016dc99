"""Rows about the bitmap's memory and the queue's room for it: B5, B7, B8, B9, B13, B28's leak."""

from __future__ import annotations

from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.engine import Act, Process, Run, Scenario, Steps, straight
from freepages.pages.orders import PAGE_SHIFT, Migratetype
from freepages.pages.pc_memory import GIB
from freepages.pages.ranges import spans
from freepages.review.row import Row
from freepages.review.rows_interrupts import asked_twice
from freepages.review.symptoms import channel_dead, one_answer, times
from freepages.scenarios.balloon import Machine, machine, scenario
from freepages.zone.kmalloc import KFREE, KMALLOC
from freepages.zone.node import Node, pc_memory_map

TAKES_PAGE = Act("allocates a page of zone {1} and writes its own data into it", cost="none")

V2_REVIEW = "https://lore.kernel.org/r/20160729003622-mutt-send-email-mst@kernel.org"
V2 = "https://lore.kernel.org/r/1469582616-5729-1-git-send-email-liang.z.li@intel.com"
V3 = "https://lore.kernel.org/r/1477031080-12616-1-git-send-email-liang.z.li@intel.com"


def somebody(world: Machine) -> Steps:
    """Another part of the kernel takes a page and writes a text into it."""
    (zone,) = world.node.populated_zones()
    yield TAKES_PAGE, zone.lock, zone.name
    pfn = straight(zone.rmqueue(0, Migratetype.UNMOVABLE, "cpu 1", "s"))
    world.kernel.memory.write(pfn << PAGE_SHIFT, b"root:x:0:0:root:/root:/bin/sh\n" * 136)


def read_late(repaired: bool = False) -> Scenario:
    """A host that has given one migration up and begun another before it reads the answer to the first."""

    def host(device: FreePagesDevice) -> Steps:
        yield from device.start()
        yield from device.ask()
        answer = yield from device.take_reply()
        if any(chain.writable for chain in device.held["free_pages"]):
            yield from device.ask()
        yield from device.read_reply(answer)
        yield from device.finish_reply(answer)

    return scenario(
        "read_late",
        "the host asks again before it reads",
        lambda: machine(repaired=repaired),
        host,
        lambda world: [Process("w", "somebody in the guest", somebody(world))],
    )


def reserved_but(low: int, high: int, ram: int, *, every: int = 0) -> Node:
    """A PC of `ram` pages, all reserved at boot for huge pages but [low, high): small enough to step through.

    With `every`, only every second piece of that many pages of it is free.
    """
    pieces = [(at, at + every) for at in range(low + every, high, 2 * every)] if every else []
    return Node(pc_memory_map(ram), reserved=[(0, low), *pieces, (high, 1 << 40)])


def fragmented_guest() -> Node:
    """8 GiB of RAM, 9 GiB of addresses; of what is free, no more than 256 KiB lie together."""
    return reserved_but(4 * GIB, 4 * GIB + 8192, 8 * GIB, every=64)


def large_guest() -> Node:
    """128 GiB of RAM, 129 GiB of addresses; 32 MiB are free, and lie together."""
    return reserved_but(4 * GIB, 4 * GIB + 8192, 128 * GIB)


def fragmented(repaired: bool = False) -> Scenario:
    return scenario(
        "fragmented",
        "8 GiB, fragmented",
        lambda: machine(fragmented_guest(), repaired=repaired),
        one_answer,
        bounds="all but 32 MiB is reserved",
    )


def large(repaired: bool = False) -> Scenario:
    return scenario(
        "large",
        "129 GiB of addresses",
        lambda: machine(large_guest(), repaired=repaired),
        one_answer,
        bounds="all but 32 MiB is reserved",
    )


def two_entries(repaired: bool = False) -> Scenario:
    """A device whose queues have two entries each."""
    return scenario(
        "two_entries",
        "a queue of two entries",
        lambda: machine(repaired=repaired, num=2),
        lambda device: device.migrate(requests=2),
    )


def one_entry(repaired: bool = False) -> Scenario:
    """A device whose queues have one entry each: an answer has two buffers."""
    return scenario(
        "one_entry", "a queue of one entry", lambda: machine(repaired=repaired, num=1), one_answer
    )


def wrong_pages(run: Run) -> str | None:
    wrong = run.world.skipped() & run.world.never_free()
    if not wrong:
        return None
    return (
        f"pages {spans(wrong)} will not be sent, and were never free: the bitmap was freed, and somebody "
        "else's data read in its place"
    )


def allocates_again(run: Run) -> str | None:
    if not times(run, KFREE):
        return None
    sizes = [step.args[1] for step in run.steps if step.act is KMALLOC]
    if len(sizes) < 2 or sizes[0] != sizes[1]:
        return None
    return f"the second request frees the bitmap of {sizes[0]} bytes and allocates as many again"


def no_bitmap(run: Run) -> str | None:
    failure = next((line for line in run.world.kernel.dmesg if "allocation failure" in line), None)
    if failure is None:
        return None
    free = sum(zone.nr_free_pages for zone in run.world.node.populated_zones())
    return f"{failure}, with {free >> (20 - PAGE_SHIFT)} MiB free"


def empty_buffer(run: Run) -> str | None:
    fault = run.world.device.broken("free_pages")
    return f"the device gives the queue up: {fault}" if fault and "zero-length" in fault else None


def no_more_requests(run: Run) -> str | None:
    if not channel_dead(run):
        return None
    return (
        "the device has no buffer for a request and will never get one: the driver found no room and went on"
    )


def crashed(run: Run) -> str | None:
    crash = run.world.kernel.crashed
    return f"kernel BUG in {crash}: the guest is dead" if crash else None


ROWS = (
    Row(
        "B5",
        "the bitmap is freed while the device may read it",
        "virtio_balloon.c: update_free_pages_stats, free_pages_handle_rq",
        "conditional",
        "The driver offers the answer and the next request's buffer together, and never waits until the "
        "answer has been read. A device that asks first and reads then gets a bitmap that was freed, or "
        "is half built.",
        f"Tsirkin on v2, the same class: {V2_REVIEW}; fixed in v3: {V3}",
        read_late,
        lambda: read_late(True),
        wrong_pages,
        "h h h i i i i i i i i h h i i i w h",
        ("free_pages_handle_rq",),
    ),
    Row(
        "B7",
        "every request allocates anew",
        "virtio_balloon.c: update_free_pages_stats",
        "harmless",
        "The bitmap is cleared only where it has become smaller. It never does, because max_pfn stays the "
        "same, so every request frees and allocates. The answer is right, but B5 and B8 get more "
        "occasions.",
        f"v2 keeps one bitmap: {V2}",
        asked_twice,
        None,
        allocates_again,
        "h h h i i i i i i i i h h h h i h i i i i i",
        ("init_vqs", "build"),
    ),
    Row(
        "B8",
        "no bitmap above 128 GiB",
        "virtio_balloon.c: update_free_pages_stats",
        "bug",
        "The bitmap is one block of memory, and no block is larger than 4 MiB. That is a bit for each "
        "page of 128 GiB of addresses, the PCI hole included.",
        "Hocko, the largest kmalloc, December 2016: "
        f"https://lore.kernel.org/r/20161220130659.16461-2-mhocko@kernel.org; chunks in v2: {V2}",
        large,
        lambda: large(True),
        no_bitmap,
        "h h h i i i",
        ("init_vqs", "free_pages_handle_rq", "build"),
    ),
    Row(
        "B8 fragmented",
        "no bitmap in a fragmented guest",
        "virtio_balloon.c: update_free_pages_stats",
        "conditional",
        "Free memory need not lie together. The bitmap of an 8 GiB guest has 288 KiB, which takes a block "
        "of order 7.",
        f"chunks in v2: {V2}",
        fragmented,
        lambda: fragmented(True),
        no_bitmap,
        "h h h i i i",
        ("init_vqs", "free_pages_handle_rq", "build"),
    ),
    Row(
        "B9",
        "a buffer of no bytes",
        "virtio_balloon.c: free_pages_handle_rq",
        "bug",
        "Without a bitmap the answer still has a second buffer, NULL of no bytes. Devices refuse it, and "
        "with CONFIG_DEBUG_SG it is a BUG().",
        "QEMU breaks the device over it since 2016: https://gitlab.com/qemu-project/qemu, "
        "hw/virtio/virtio.c, zero sized buffers are not allowed",
        fragmented,
        lambda: fragmented(True),
        empty_buffer,
        "h h h i i i i i i h",
        ("init_vqs", "build"),
    ),
    Row(
        "B13",
        "a full queue is not noticed",
        "virtio_balloon.c: free_pages_handle_rq",
        "conditional",
        "The driver does not look at what virtqueue_add_*() returns. Where there is no room for the "
        "request's buffer, the device can never ask again.",
        f"Tsirkin on v2: {V2_REVIEW}",
        two_entries,
        lambda: two_entries(True),
        no_more_requests,
        "h h h i i i i i i i i",
        ("free_pages_handle_rq", "add_request_buffer"),
    ),
    Row(
        "B13 one entry",
        "a queue of one entry kills the guest",
        "virtio_balloon.c: free_pages_handle_rq",
        "conditional",
        "virtqueue_add() stops the kernel with BUG() if it gets more buffers than the queue has entries. "
        "The device says how many it has, and the patch does not look before it offers two.",
        "A reading of the patch beside BUG_ON(total_sg > num) in drivers/virtio/virtio_ring.c of 4.6",
        one_entry,
        lambda: one_entry(True),
        crashed,
        "h h h i i i i i i",
        ("init_vqs",),
    ),
)
