"""Rows about what is said on the queue, and on which queue: B6, B10, B11, B12."""

from __future__ import annotations

from freepages.balloon.driver_queues import ADDS_OUTBUF
from freepages.engine import Process, Run, Scenario
from freepages.engine.state import whole
from freepages.pages.ranges import spans
from freepages.review.row import Row
from freepages.review.symptoms import answered, one_answer, times
from freepages.scenarios.balloon import DrawnNode, Machine, harm, machine, picture, scenario
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.features import GET_FREE_PAGES, VERSION_1
from freepages.zone.drop_caches import DROP_PAGECACHE, DROPS_CACHE
from freepages.zone.kernel import Context
from freepages.zone.page_cache import PageCache

LOW_KERNEL = "k" * 40 + "········" + "aaaa····aaaaaaaa"
"""A kernel in the first 40 pages, as a 32-bit guest has it; 12 pages free behind."""

SPECIFICATION = "https://docs.oasis-open.org/virtio/virtio/v1.2/virtio-v1.2.html"


def no_statistics(repaired: bool = False, always_stats: bool = False) -> Scenario:
    """The driver's probe, with a device that has the free-pages queue but no statistics.

    `always_stats` is QEMU, which makes the statistics queue in any case.
    """

    def build() -> tuple[Machine, list[Process]]:
        sizes = {0: 8, 1: 8, 3: 8} | ({2: 8} if always_stats else {})
        offered = (GET_FREE_PAGES, VERSION_1)
        world = machine(repaired=repaired, offered=offered, sizes=sizes, probed=False)
        context = Context(world.kernel, "guest driver", function="virtballoon_probe")
        return world, [Process("g", "guest driver", context.survive(world.driver.probe(context)))]

    return Scenario("no_statistics", "a device without statistics", build, picture, property=harm, key=whole)


def guest_of_32_bits(repaired: bool = False) -> Scenario:
    """A 32-bit guest, and a host that takes eight bytes for the length, and then what there is."""
    return scenario(
        "guest_of_32_bits",
        "a 32-bit guest",
        lambda: machine(
            DrawnNode(zone_drawn(LOW_KERNEL)), repaired=repaired, bits=32, device={"trusting": not repaired}
        ),
        one_answer,
    )


def big_endian(repaired: bool = False, *, drop: bool = True) -> Scenario:
    """A big-endian guest on a device of virtio 1.0, asked to drop its cache."""

    def make() -> Machine:
        node = DrawnNode(zone_drawn("kkkkkkkk········aaaa····ccccccccaaaaaaaa········ssss····kkkkkkkk"))
        return machine(
            node,
            repaired=repaired,
            endian="big",
            cache=PageCache.of(node),
            device={"trusting": not repaired},
        )

    ctrl = DROP_PAGECACHE if drop else 0
    return scenario("big_endian", "a big-endian guest", make, lambda device: device.migrate(ctrl=ctrl))


def probe_failed(run: Run) -> str | None:
    return next((line for line in run.world.kernel.dmesg if "probe failed" in line), None)


def shifted(run: Run) -> str | None:
    wrong = run.world.skipped() & run.world.never_free()
    if not wrong:
        return None
    return (
        f"pages {spans(wrong)} will not be sent, and were never free: bit 32 of the bitmap was read as bit 0"
    )


def nothing_dropped(run: Run) -> str | None:
    world: Machine = run.world
    kept = world.kernel.cache.droppable() if world.kernel.cache else []
    if not times(run, ADDS_OUTBUF, "free_pages") or not kept:
        return None
    ctrl = next(step.args[1] for step in run.steps if step.act is DROPS_CACHE)
    return (
        f"asked with ctrl {DROP_PAGECACHE}, the driver calls drop_cache({ctrl}): {len(kept)} clean pages stay"
    )


def every_bit_in_its_place(run: Run) -> str | None:
    if not answered(run):
        return None
    world: Machine = run.world
    free = {
        page
        for zone in world.node.populated_zones()
        for pfn, order, _ in zone.free_blocks()
        for page in range(pfn, pfn + (1 << order))
    }
    if world.skipped() != free:
        return None
    return f"the host reads pages {spans(free)} from a big-endian guest, and these are free: set_bit_le()"


ROWS = (
    Row(
        "B6",
        "a queue is asked for that does not exist",
        "virtio_balloon.c: init_vqs",
        "bug",
        "With GET_FREE_PAGES the driver asks for four queues, even without STATS_VQ. Then there is no "
        "queue 2, and the probe fails. QEMU makes that queue in any case, so no test showed it.",
        "Tsirkin on v2: https://lore.kernel.org/r/20160729003622-mutt-send-email-mst@kernel.org. "
        "Linux numbers the queues that there are without gaps, against the specification; Tsirkin's series "
        "to change it, of July 2024, was not merged "
        "(https://lore.kernel.org/r/14b1a2a1acfcaf6d519db8c67f6f207d7cdd7c3b.1720173841.git.mst@redhat.com): "
        "so it was still in April 2025, "
        "https://lore.kernel.org/r/20250425161512.2188405-1-david@redhat.com",
        no_statistics,
        lambda: no_statistics(True),
        probe_failed,
        "g g g g",
        ("wanted_vqs",),
    ),
    Row(
        "B10",
        "the length is as wide as the guest's long",
        "virtio_balloon.c: struct virtio_balloon, free_pages_handle_rq",
        "conditional",
        "The length before the bitmap is an unsigned long in the guest's byte order. A host that takes "
        "eight bytes from a 32-bit guest shifts the bitmap by 32 pages, and skips pages that are needed.",
        f"v2 has le64 there: {SPECIFICATION}, balloon: every field is little endian",
        guest_of_32_bits,
        lambda: guest_of_32_bits(True),
        shifted,
        "h h h i i i i i i i i h h",
        ("build",),
    ),
    Row(
        "B11",
        "the control word is not converted",
        "virtio_balloon.c: update_free_pages_stats",
        "conditional",
        "The device writes ctrl as le64. A big-endian guest reads it as its own u64 and cuts it to an "
        "int, so what the host asked for is lost.",
        "A reading of the patch; sparse finds such mistakes where the field is declared __le64",
        big_endian,
        lambda: big_endian(True),
        nothing_dropped,
        "h h h i i i i i i",
        ("drop_ctrl",),
    ),
    Row(
        "B12",
        "the order of bits",
        "page_alloc.c: mark_free_pages_bitmap",
        "harmless",
        "set_bit_le() puts every bit where a little-endian host looks for it, on every architecture.",
        "Right in the patch, and worth keeping; B10 is about what stands before the bitmap",
        lambda: big_endian(drop=False),
        None,
        every_bit_in_its_place,
        "h h h i i i i i i i i h h",
    ),
)
