"""Readers for the /proc files that tell of zones and free pages, as Linux 2.6.14 to 6.18 print them.

buddyinfo and pagetypeinfo are printed by mm/vmstat.c (frag_show_print, pagetypeinfo_show), zoneinfo by
zoneinfo_show_print there, iomem by kernel/resource.c. A file that cannot be read is the OSError that the
operating system gives; one that is read but is not what it must be is a FreepagesError with file and line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import MAX_ORDER, PAGE_SHIFT, PAGE_SIZE
from freepages.pages.ranges import Pairs, merge
from freepages.real.proc_text import ProcLine, text_lines

ZoneKey = tuple[int, str]  # node and zone name: (0, "DMA32")

PFN_LIMIT = 1 << (52 - PAGE_SHIFT)  # neither x86-64 nor arm64 has more than 52 bits of physical address


@dataclass(frozen=True)
class FreeCounts:
    """Free blocks by order of one migratetype. The counts of the orders in `at_least` are lower bounds.

    pagetypeinfo stops counting a list at 100,000 blocks and prints ">100000", since Linux 5.4.
    """

    counts: tuple[int, ...]
    at_least: tuple[int, ...] = ()


@dataclass(frozen=True)
class ZoneTypes:
    """What pagetypeinfo says of one zone: free blocks and pageblocks of each migratetype, by name."""

    free: dict[str, FreeCounts] = field(default_factory=dict)
    pageblocks: dict[str, int] = field(default_factory=dict)

    def none_free(self) -> bool:
        return not any(any(some.counts) for some in self.free.values())


@dataclass(frozen=True)
class PerCpu:
    """One CPU's list of free pages in one zone: pages on it now, and its limits, in pages."""

    count: int
    high: int
    batch: int


PER_CPU = [some.name for some in fields(PerCpu)]


@dataclass(frozen=True, kw_only=True)
class ZoneInfo:
    """A populated zone as zoneinfo has it; all sizes in pages.

    managed     the same as present on kernels too old to have the line
    watermarks  min, low, high; None where a line is missing
    protection  lowmem_reserve against each zone of the node
    per_cpu     each CPU's list; its pages are not free for buddyinfo or kpageflags
    """

    node: int
    name: str
    start_pfn: int
    spanned: int
    present: int
    managed: int
    watermarks: tuple[int, int, int] | None = None
    protection: tuple[int, ...] = ()
    per_cpu: tuple[PerCpu, ...] = ()

    @property
    def key(self) -> ZoneKey:
        return self.node, self.name

    @property
    def end_pfn(self) -> int:
        return self.start_pfn + self.spanned

    @property
    def most_free(self) -> int:
        """How many pages can be free. Before Linux 3.8 (commit 9feedc9d831e) there is no line 'managed', and
        present leaves out the pages of struct page and others, which may be free all the same."""
        return self.spanned if self.managed == self.present else self.present

    def overlaps(self, other: ZoneInfo) -> bool:
        """Whether the spans have pfns in common, as those of interleaved nodes do, and Normal
        and Movable where memory was plugged in."""
        return self.start_pfn < other.end_pfn and other.start_pfn < self.end_pfn


class Resource(NamedTuple):
    """A line of iomem: physical bytes [start, end), its owner's name, its depth in the tree."""

    start: int
    end: int
    name: str
    depth: int


def zone_label(key: ZoneKey) -> str:
    return f"node {key[0]} zone {key[1]}"


_COUNT = r"\d{1,19}"
_BUDDY = re.compile(rf" *Node +(\d{{1,6}}), zone +(\w{{1,32}})((?: +{_COUNT})*) *", re.ASCII)
# The name of a migratetype that the kernel's table lacks is "<NULL>" or "(null)".
_TYPE = re.compile(
    rf" *Node +(\d{{1,6}}), zone +(\w{{1,32}}), type +(\S{{1,32}})((?: +>?{_COUNT})*) *", re.ASCII
)
MOST_ORDERS = 32


def read_buddyinfo(path: Path) -> dict[ZoneKey, tuple[int, ...]]:
    """Free blocks by order of every populated zone; as many orders as the kernel has, the same for all."""
    found: dict[ZoneKey, tuple[int, ...]] = {}
    orders = 0
    lines = text_lines(path)
    for line in lines:
        match = _BUDDY.fullmatch(line.text)
        if not match:
            raise line.unlike("a line of buddyinfo ('Node N, zone NAME' and a count for every order)")
        key, counts = (int(match[1]), match[2]), tuple(map(int, match[3].split()))
        orders = orders or len(counts)
        if not 0 < len(counts) <= MOST_ORDERS:
            raise line.fault(f"{len(counts)} orders, a kernel has 1 to {MOST_ORDERS}")
        if len(counts) != orders:
            raise line.fault(
                f"{len(counts)} orders, line {lines[0].number} has {orders}; is the file cut short?"
            )
        if key in found:
            raise line.fault(f"{zone_label(key)} for the second time")
        found[key] = counts
    lines[-1].check_last_column(6)
    if len(lines) == 1 and not lines[0].ended and orders != MAX_ORDER:
        raise lines[0].fault(f"{orders} orders without the end of the line; is the file cut short?")
    return found


def read_pagetypeinfo(path: Path) -> dict[ZoneKey, ZoneTypes]:
    """Free blocks by order, and pageblocks, of each migratetype of every populated zone.

    The kernel prints all tables of a node, then those of the next one.
    """
    found: dict[ZoneKey, ZoneTypes] = {}
    names: list[str] | None = None  # of the columns of the table of pageblocks, below its heading
    mixed = False  # in the table that CONFIG_PAGE_OWNER adds, which we do not need
    orders = 0
    for line in text_lines(path):
        text = line.text.strip()
        if text.startswith("Number of blocks type"):
            names, mixed = text.split()[4:], False
        elif text.startswith("Number of mixed blocks"):
            mixed = True
        elif text.startswith(("Page block order", "Pages per block", "Free pages count per migrate")):
            names, mixed = None, False
        elif mixed and _BUDDY.fullmatch(line.text):
            continue
        elif names is not None and (match := _BUDDY.fullmatch(line.text)):
            key, blocks = (int(match[1]), match[2]), list(map(int, match[3].split()))
            if len(blocks) != len(names) or key not in found:
                raise line.fault(
                    f"{len(blocks)} numbers under {len(names)} migratetypes of {zone_label(key)}"
                )
            line.check_last_column(12)
            found[key].pageblocks.update(zip(names, blocks, strict=True))
        elif match := _TYPE.fullmatch(line.text):
            key, cells = (int(match[1]), match[2]), match[4].split()
            orders = orders or len(cells)
            if len(cells) != orders:
                raise line.fault(f"{len(cells)} orders where a line before has {orders}")
            at_least = tuple(order for order, cell in enumerate(cells) if cell.startswith(">"))
            counts = tuple(int(cell.lstrip(">")) for cell in cells)
            found.setdefault(key, ZoneTypes()).free[match[3]] = FreeCounts(counts, at_least)
        else:
            raise line.unlike("a line of pagetypeinfo")
    if not found or not all(types.pageblocks for types in found.values()):
        raise FreepagesError(f"{path}: a zone has no 'Number of blocks type'; is the file cut short?")
    return found


_ZONE = re.compile(r" *Node +(\d{1,6}), zone +(\w{1,32}) *", re.ASCII)
_FIELD = re.compile(rf" *(?:pages )?([a-z_]+):? +({_COUNT}) *", re.ASCII)
_PROTECTION = re.compile(rf" *protection: \(({_COUNT}(?:, {_COUNT})*)\) *", re.ASCII)


@dataclass
class _Section:
    """The lines of zoneinfo under one zone's heading."""

    heading: ProcLine
    key: ZoneKey
    fields: dict[str, int] = field(default_factory=dict)
    protection: tuple[int, ...] = ()
    cpus: list[dict[str, int]] = field(default_factory=list)

    def add(self, line: ProcLine) -> None:
        if match := _FIELD.fullmatch(line.text):
            name, value = match[1], int(match[2])
            if name == "start_pfn" and not line.ended:
                raise line.fault("cut short within its last number")
            if name == "cpu":
                self.cpus.append({})
            elif self.cpus and name in PER_CPU:
                self.cpus[-1].setdefault(name, value)
            else:
                self.fields.setdefault(name, value)
        elif match := _PROTECTION.fullmatch(line.text):
            self.protection = tuple(map(int, match[1].split(", ")))

    def need(self, name: str) -> int:
        if name not in self.fields:
            raise self.heading.fault(f"{zone_label(self.key)} has no '{name}'; is the file cut short?")
        return self.fields[name]

    def zone(self) -> ZoneInfo | None:
        """The zone, or None if it is not populated (kernels before 4.12 leave such zones out)."""
        spanned, present = self.need("spanned"), self.need("present")
        if not present:
            return None
        start = self.need("start_pfn")
        if present > spanned or start + spanned > PFN_LIMIT:
            raise self.heading.fault(
                f"{zone_label(self.key)}: {present} pages present in [{start}, {start + spanned})"
            )
        marks = tuple(self.fields.get(name, -1) for name in ("min", "low", "high"))
        return ZoneInfo(
            node=self.key[0],
            name=self.key[1],
            start_pfn=start,
            spanned=spanned,
            present=present,
            managed=self.fields.get("managed", present),
            watermarks=None if -1 in marks else (marks[0], marks[1], marks[2]),
            protection=self.protection,
            per_cpu=tuple(PerCpu(*(cpu.get(name, 0) for name in PER_CPU)) for cpu in self.cpus),
        )


def read_zoneinfo(path: Path) -> list[ZoneInfo]:
    """The populated zones, in the file's order: nodes ascending, and each node's zones by address."""
    sections: dict[ZoneKey, _Section] = {}
    section: _Section | None = None
    for line in text_lines(path):
        if match := _ZONE.fullmatch(line.text):
            section = _Section(line, (int(match[1]), match[2]))
            if section.key in sections:
                raise line.fault(f"{zone_label(section.key)} for the second time")
            sections[section.key] = section
        elif section is None:
            raise line.unlike("the 'Node N, zone NAME' that zoneinfo begins with")
        else:
            section.add(line)
    zones = [zone for section in sections.values() if (zone := section.zone())]
    if not zones:
        raise FreepagesError(f"{path}: no zone has pages")
    return zones


_RESOURCE = re.compile(r"( *)([0-9a-f]{1,16})-([0-9a-f]{1,16}) : *(.*)", re.ASCII)


def read_iomem(path: Path) -> list[Resource]:
    """The tree of physical addresses, line by line. Every address is 0 for a reader without CAP_SYS_ADMIN."""
    found = []
    for line in text_lines(path):
        match = _RESOURCE.fullmatch(line.text)
        if not match:
            raise line.unlike("a line of iomem ('START-END : NAME')")
        resource = Resource(int(match[2], 16), int(match[3], 16) + 1, match[4], len(match[1]) // 2)
        if resource.start >= resource.end:
            raise line.fault(f"{resource.name} ends at {match[3]}, before its start")
        found.append(resource)
    return found


def ram_bytes(resources: list[Resource]) -> Pairs:
    """The byte ranges [start, end) of iomem's "System RAM", ascending, touching ones joined.

    Empty where the kernel hid the addresses.
    """
    # Hotplugged memory is "System RAM (kmem)" or "System RAM (virtio_mem)", below its device.
    ram = (some for some in resources if some.name.startswith("System RAM") and some.end > 1)
    return merge((some.start, some.end) for some in ram)


def ram_ranges(resources: list[Resource], page_size: int = PAGE_SIZE) -> Pairs:
    """The pfn ranges [start, end) of iomem's "System RAM": whole pages, ascending, touching ones joined."""
    return merge((-(-start // page_size), end // page_size) for start, end in ram_bytes(resources))


def used_ranges(resources: list[Resource], page_size: int = PAGE_SIZE) -> Pairs:
    """The pfn ranges of what lies within "System RAM" and has a name of its own, as the kernel's code and
    data: no page of it is free."""
    used, ram = [], None
    for some in resources:
        if some.name.startswith("System RAM"):
            ram = some
        elif ram is not None and some.depth > ram.depth and some.end <= ram.end:
            used.append((some.start // page_size, -(-some.end // page_size)))
    return merge(used)


def read_version(path: Path) -> str:
    """The kernel's release: "6.1.0-56-amd64"."""
    line = text_lines(path)[0]
    match = re.match(r" *Linux version ([!-~]{1,100})( |$)", line.text)
    if not match:
        raise line.unlike("'Linux version RELEASE'")
    return match[1]


def kernel_version(release: str | None) -> tuple[int, int] | None:
    """The first two numbers of a kernel's release; None where it has none, or is not known."""
    match = re.match(r"(\d{1,3})\.(\d{1,3})", release or "")
    return (int(match[1]), int(match[2])) if match else None
