"""Rows about the host's part, on which the patch is silent: B18, B27, B28, B29.

The hosts are those of Li's QEMU patches of March 2016, as read, and one that does it right; the driver is the
patch's.
"""

from __future__ import annotations

from freepages.engine import Act, Process, Run, Scenario, Steps
from freepages.engine.state import whole
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.ranges import spans
from freepages.review.row import Row
from freepages.review.rows_buffers import no_more_requests
from freepages.review.symptoms import one_answer
from freepages.scenarios.balloon import (
    LETTERS,
    DrawnNode,
    Machine,
    harm,
    machine,
    picture,
    processes,
    scenario,
)
from freepages.scenarios.zones import zone_drawn

FILTERS = Act("leaves out of the migration what the answer lists: {0}", cost="none")

WITH_A_HOLE = "kkkkkkkk········aaaa····" + "/" * 32 + "········aaaaaaaa····ssss····kkkk····kkkk"
"""64 pages of RAM, with a hole of 32 among them, as the PCI hole is: 96 pfns."""

HOST_2016 = "https://lore.kernel.org/r/1457001868-15949-{}-git-send-email-liang.z.li@intel.com"


def around_the_hole() -> GuestRam:
    """One RAM block, in two pieces for the guest: what lies behind the hole is nearer in the host."""
    return GuestRam((RamBlock("pc.ram", 0, 64, ((0, 24), (56, 96))),))


def with_a_dimm() -> GuestRam:
    """The block that the guest began with, and one that was plugged in."""
    return GuestRam((RamBlock("pc.ram", 0, 64, ((0, 64),)), RamBlock("dimm0", 64, 32, ((64, 96),))))


def not_sent(world: Machine) -> set[int]:
    """The pfns of the pages that a host of these rows has left out."""
    ram: GuestRam = world.notes["ram"]
    starts, ends = world.notes["left out"].runs()
    return {ram.pfn(page) for start, end in zip(starts, ends, strict=True) for page in range(start, end)}


def filtered(ram: GuestRam, drawn: str, how: str) -> Scenario:
    """A host that asks, and then leaves pages out of its own bitmap, which is one of RAM blocks.

    `how` is "each pfn's place in RAM"; or what goes wrong: "bit n as page n of RAM", "the first block only".
    """

    def host(world: Machine) -> Steps:
        yield from world.device.migrate()
        yield FILTERS, how
        listed = ram.to_ram_addr(world.device.skips)
        if how == "bit n as page n of RAM":
            listed = ram.untranslated(world.device.skips)
        elif how == "the first block only":
            listed.clear_range(ram.blocks[0].pages, ram.pages)
        world.notes["left out"] = listed

    def build() -> tuple[Machine, list[Process]]:
        world = machine(DrawnNode(zone_drawn(drawn)))
        world.notes["ram"] = ram
        return world, processes(world, host(world))

    return Scenario("filtered", f"the host filters: {how}", build, picture, property=harm, key=whole)


def offsets(translated: bool) -> Scenario:
    how = "each pfn's place in RAM" if translated else "bit n as page n of RAM"
    return filtered(around_the_hole(), WITH_A_HOLE, how)


def one_block() -> Scenario:
    return filtered(with_a_dimm(), LETTERS + "····aaaa" * 4, "the first block only")


def bitmap_of_addresses(trusting: bool) -> Scenario:
    """The patch's driver in a guest with a hole, and a host whose bitmap has a bit for each page of RAM."""
    node = lambda: DrawnNode(zone_drawn(WITH_A_HOLE))  # noqa: E731
    return scenario(
        "bitmap_of_addresses",
        "a bitmap longer than RAM",
        lambda: machine(node(), ram_pages=64, device={"trusting": trusting}),
        one_answer,
    )


def kept(returns: bool) -> Scenario:
    """The patch's driver, and a host that reads answers but does, or does not, return them."""
    return scenario(
        "kept",
        "answers returned" if returns else "answers never returned",
        lambda: machine(num=4, device={"returns": returns}),
        lambda device: device.migrate(requests=3),
    )


def other_pages(run: Run) -> str | None:
    world: Machine = run.world
    if "left out" not in world.notes:
        return None
    wrong = not_sent(world) & world.never_free()
    if not wrong:
        return None
    return f"pages {spans(wrong)} will not be sent, and were never free: a page's place in RAM is not its pfn"


def more_is_sent(run: Run) -> str | None:
    world: Machine = run.world
    if "left out" not in world.notes:
        return None
    for_nothing = world.skipped() - not_sent(world)
    if not for_nothing:
        return None
    return f"pages {spans(for_nothing)} are free, in a block that is not filtered, and will be sent"


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
        "April's bitmap counts the guest's own PFNs. A host that takes them for offsets into RAM is wrong "
        "by the size of the PCI hole for every page above it.",
        "Huck, on leaking what only a PC has: "
        "https://lore.kernel.org/r/20160303132334.5e4565df.cornelia.huck@de.ibm.com",
        lambda: offsets(translated=False),
        lambda: offsets(translated=True),
        other_pages,
        "h h h i i i i i i i i h h h h",
    ),
    Row(
        "B27",
        "postcopy waits for a page that never comes",
        "the host",
        "conditional",
        "A skipped page is never sent. After postcopy a fault on it would wait for ever.",
        "Gilbert, March 2016: https://lore.kernel.org/r/20160303174615.GF2115@work-vm; QEMU refuses the "
        "two together",
        needs="the host, with postcopy",
    ),
    Row(
        "B28",
        "the host believes the length",
        "QEMU 2/4 of March 2016",
        "bug",
        "The host copies as much into its bitmap as the guest says. April's honest bitmap of all "
        "addresses is longer than one of all RAM by the hole.",
        "A reading of " + HOST_2016.format(3) + ", confirmed nowhere else",
        lambda: bitmap_of_addresses(trusting=True),
        lambda: bitmap_of_addresses(trusting=False),
        overflows,
        "h h h i i i i i i i i h h",
    ),
    Row(
        "B28 leak",
        "the host keeps the answers",
        "QEMU 2/4 of March 2016",
        "bug",
        "The host takes answers and never returns them. Each keeps two descriptors, until there is no room.",
        "https://lore.kernel.org/r/1457001868-15949-3-git-send-email-liang.z.li@intel.com",
        lambda: kept(returns=False),
        lambda: kept(returns=True),
        no_more_requests,
        "h h h i i i i i i i i h h h h i i i i i i i i i",
    ),
    Row(
        "B29",
        "only the first RAM block is filtered",
        "QEMU 4/4 of March 2016",
        "harmless",
        "Memory that was plugged in is another block and is sent in full. Less is saved, and nothing is "
        "lost.",
        HOST_2016.format(5),
        one_block,
        None,
        more_is_sent,
        "h h h i i i i i i i i h h h h",
    ),
)
