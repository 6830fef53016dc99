"""A node: its zones cut from the memory map, and the allocation that goes down the zonelist.

Models mm/page_alloc.c and arch/x86/mm/init.c of Linux 4.6: where the zones of x86-64 and i386 end, which
pages exist and which are managed, get_page_from_freelist with its watermarks and the zonelist's fallback, and
the per-CPU lists that single pages pass through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from freepages.engine import Act, Steps
from freepages.engine.errors import unknown
from freepages.pages.orders import PAGE_SHIFT, PAGEBLOCK_ORDER, Migratetype, check_order
from freepages.pages.pc_memory import FOUR_GIB, ram_ranges
from freepages.pages.ranges import arrays, intersect, merge, pages, pairs, without
from freepages.zone.percpu import free_pcp, rmqueue_pcp, zone_batchsize
from freepages.zone.span import ZoneError
from freepages.zone.watermark import Watermarks, lowmem_reserve, watermarks, zone_watermark_ok
from freepages.zone.zone import Zone

Arch = Literal["x86_64", "i386"]
Pairs = Sequence[tuple[int, int]]

# Where each zone ends, by its first pfn that it does not have: 16 MiB for 24-bit DMA, 4 GiB for 32-bit DMA.
# On i386 lowmem ends where the kernel's gigabyte of addresses has other uses: 128 MiB are for vmalloc
# (__VMALLOC_RESERVE), 8 MiB and 2 pages for fixed and temporary mappings above it. So the "896 MiB" are less:
# dmesg of such a kernel says "887MB LOWMEM available". Newer kernels map more: the i386 snapshot in
# data/snapshots, of Linux 6.1, has 0x36FFE.
ZONE_ENDS: dict[Arch, dict[str, int]] = {
    "x86_64": {"DMA": 0x1000, "DMA32": FOUR_GIB, "Normal": 1 << 40},
    "i386": {"DMA": 0x1000, "Normal": 0x377FE, "HighMem": 1 << 40},
}

SHARES = Act("gives every zone up to {0} a new share", cost="watermark")
CHECKS = Act("checks zone {0}: {1:page} free, its {2} watermark is {3}{4}", cost="watermark")
GIVES_UP = Act("finds no zone with a block of order {0}", cost="watermark")


def pc_memory_map(ram_pages: int, machine: str = "i440fx") -> list[tuple[int, int]]:
    """The usable pages of a PC with that much RAM, as its firmware reports them (e820).

    Its RAM without page 0 and the BIOS area below 1 MiB.

    Parameters
    ----------
    ram_pages : int
    machine : str
        "i440fx" or "q35", which decides where the PCI hole begins.

    Returns
    -------
    list of (int, int)
        pfn ranges [start, end), ascending.

    Examples
    --------
    >>> pc_memory_map(4 << 18)
    [(1, 159), (256, 786432), (1048576, 1310720)]
    """
    if ram_pages < 0x1000:
        raise ZoneError(f"memory of {ram_pages} pages is less than zone DMA's 16 MiB")
    return pairs(without(arrays(ram_ranges(ram_pages, machine)), arrays([(0, 1), (0x9F, 0x100)])))


class Node:
    """The zones of one node, from the lowest to the highest, over the usable ranges of pfns ``ram``.

    ``reserved`` ranges exist but are not given to the allocator (the kernel's own image, the early page
    tables). A zone spans from its first to its last page that exists: where the memory map has none in
    between, there is a hole.

    Parameters
    ----------
    ram, reserved : sequence of (int, int)
        pfn ranges [start, end).
    arch : str
        "x86_64" or "i386".
    node : int
        Its number.
    min_free_kbytes : int, optional
        KiB, as in /proc/sys/vm; computed as Linux does, if not given.
    pageblock_order : int
        A pageblock has ``2**pageblock_order`` pages.

    Raises
    ------
    ZoneError
        For ranges that overlap or are empty.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> node = Node.pc(1 << 30)
    >>> [zone.name for zone in node.populated_zones()]
    ['DMA', 'DMA32']
    >>> node.watermarks["DMA32"]
    Watermarks(min=1007, low=1265, high=1523)
    >>> straight(node.alloc_pages(3))
    261120
    """

    def __init__(
        self,
        ram: Pairs,
        *,
        reserved: Pairs = (),
        arch: Arch = "x86_64",
        node: int = 0,
        min_free_kbytes: int | None = None,
        pageblock_order: int = PAGEBLOCK_ORDER,
    ):
        if arch not in ZONE_ENDS:
            raise unknown("arch", arch, ZONE_ENDS, ZoneError)
        self.arch: Arch = arch
        self.ram = _checked(ram)
        self.max_pfn = self.ram[-1][1]
        self.zones: dict[str, Zone] = {}
        self.present: dict[str, int] = {}
        start = 0
        for name, end in ZONE_ENDS[arch].items():
            here = intersect(arrays(self.ram), arrays([(start, end)]))
            start = end
            if not pages(here):
                continue
            (first, *_), (*_, top) = (edges.tolist() for edges in here)
            # The zone goes on to its limit where memory above follows a hole: so DMA32 spans the PCI hole.
            last = end if self.max_pfn > end else top
            zone = Zone(name, first, last - first, node=node, pageblock_order=pageblock_order)
            if first % (1 << pageblock_order):
                # memmap_init_zone makes a pageblock movable at its first page. Zone DMA begins at pfn 1.
                zone.set_pageblock_migratetype(first, first + 1, Migratetype.UNMOVABLE)
            for low, high in pairs(without(here, arrays(merge(reserved)))):
                zone.add_memory(low, high)
            self.zones[name] = zone
            self.present[name] = pages(here)
        self.set_up(min_free_kbytes)

    def set_up(self, min_free_kbytes: int | None = None) -> None:
        """Set the watermarks, reserves, shares and batches from the memory that the zones manage."""
        managed = {name: zone.managed for name, zone in self.zones.items()}
        self.watermarks: dict[str, Watermarks] = watermarks(managed, min_free_kbytes)
        self.lowmem_reserve = lowmem_reserve(managed)
        self.batch = {name: zone_batchsize(count) for name, count in managed.items()}
        self.alloc_batch = {name: self.share(name) for name in self.zones}

    def share(self, name: str) -> int:
        """How many pages the zone gives before the fair policy passes it over (NR_ALLOC_BATCH at first)."""
        return self.watermarks[name].high - self.watermarks[name].low

    @classmethod
    def pc(cls, ram_bytes: int, *, arch: Arch = "x86_64", machine: str = "i440fx") -> Node:
        """A PC with that much RAM (bytes); the machine decides where its PCI hole begins."""
        return cls(pc_memory_map(ram_bytes >> PAGE_SHIFT, machine), arch=arch)

    def populated_zones(self) -> Iterator[Zone]:
        """for_each_populated_zone: the zones that have memory, from the lowest."""
        return iter(self.zones.values())

    def zone_of(self, pfn: int) -> Zone:
        """The zone that spans the pfn; ZoneError names one that none spans."""
        for zone in self.zones.values():
            if zone.start_pfn <= pfn < zone.end_pfn:
                return zone
        raise ZoneError(f"pfn {pfn} is in no zone: they are {', '.join(map(repr, self.zones.values()))}")

    def zonelist(self, highest: str) -> list[Zone]:
        """The zones an allocation may come from: ``highest`` first, then those below it."""
        if highest not in self.zones:
            raise unknown("zone", highest, self.zones, ZoneError)
        names = list(self.zones)
        return [self.zones[name] for name in reversed(names[: names.index(highest) + 1])]

    def alloc_pages(
        self,
        order: int,
        migratetype: Migratetype = Migratetype.MOVABLE,
        *,
        highest: str | None = None,
        cpu: str = "cpu 0",
        kind: str = "a",
        atomic: bool = False,
    ) -> Steps:
        """Allocate a block from the zonelist of ``highest`` (the highest zone, if not given); its pfn or
        None. Process.

        First every zone is asked to stay above its low watermark, and those that have given their share are
        passed over (ALLOC_FAIR, up to Linux 4.7: commit e6cbd7f2efb4 took it out); where only such are left,
        all get a new share. Then, where the kernel would have woken kswapd, above min; ``atomic`` may go
        below that, use the reserve for atomic allocations, and enlarge it. Reclaim is left out.
        """
        check_order(order)
        zones = self.zonelist(highest or next(reversed(self.zones)))
        top, skipped = zones[0].name, False
        for mark, fair, urgent in (("low", True, False), ("low", False, False), ("min", False, atomic)):
            if mark == "low" and not fair:
                if not skipped:
                    continue
                yield SHARES, top
                self.alloc_batch.update({zone.name: self.share(zone.name) for zone in zones})
            for zone in zones:
                name = zone.name
                level = getattr(self.watermarks[name], mark)
                left = f", {max(0, self.alloc_batch[name])} pages of its share are left"
                yield CHECKS, name, zone.nr_free_pages, mark, level, left if fair and len(zones) > 1 else ""
                if fair and self.alloc_batch[name] <= 0:
                    skipped = len(zones) > 1
                    if skipped:
                        continue
                    self.alloc_batch[name] = self.share(name)  # a new share, and the same zone again
                reserve, cma = self.lowmem_reserve[name].get(top, 0), migratetype == Migratetype.MOVABLE
                if not zone_watermark_ok(
                    zone, order, level, reserve, harder=urgent, high=urgent, cma=cma
                ):  # fmt: skip
                    continue
                if order == 0 and self.batch[name]:
                    pfn = yield from rmqueue_pcp(zone, self.batch[name], migratetype, cpu, kind)
                else:
                    pfn = yield from zone.rmqueue(order, migratetype, cpu, kind, harder=urgent)
                if pfn is not None:
                    self.alloc_batch[name] -= 1 << order
                    if urgent and order:
                        yield from zone.reserve_highatomic_pageblock(pfn, cpu)
                    return pfn
        yield GIVES_UP, order
        return None

    def free_pages(self, pfn: int, order: int, cpu: str = "cpu 0") -> Steps:
        """Free a block that alloc_pages gave. Process. Raises ZoneError as Zone.free does."""
        check_order(order)
        zone = self.zone_of(pfn)
        if order == 0 and self.batch[zone.name]:
            yield from free_pcp(zone, self.batch[zone.name], pfn, cpu)
        else:
            yield from zone.free(pfn, order, cpu)

    def validate(self) -> None:
        """Raise ZoneError unless every zone's invariants hold."""
        for zone in self.zones.values():
            zone.validate()


def _checked(ram: Pairs) -> list[tuple[int, int]]:
    ranges = sorted(ram)
    if not ranges:
        raise ZoneError("a node needs at least one range of RAM")
    for (low, high), (following, _) in zip(ranges, [*ranges[1:], (1 << 52, 0)], strict=True):
        if not 0 <= low < high <= following:
            raise ZoneError(f"RAM [{low}, {high}) is empty, negative, or overlaps the range at {following}")
    return ranges
