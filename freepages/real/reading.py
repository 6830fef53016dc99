"""One reading of a machine's memory: its /proc files, laid side by side."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import NamedTuple, TypeVar

from freepages.engine.errors import FreepagesError
from freepages.engine.later import np
from freepages.pages.orders import MAX_ORDER, PAGE_SIZE
from freepages.pages.ranges import Pairs, Pfns, Ranges, arrays, intersect, join, merge, pages, without
from freepages.real import procfs
from freepages.real.block_placement import assumed_ram, blocks_of, synthesise
from freepages.real.kpageflags import marks_heads_only, page_size_by_thp, read_buddy_bits
from freepages.real.meminfo import read_total
from freepages.real.proc_text import EmptyFile
from freepages.real.procfs import Resource, ZoneInfo, ZoneKey, ZoneTypes, zone_label

T = TypeVar("T")
Counts = tuple[int, ...]  # free blocks by order

PAGE_SIZES = tuple(1 << shift for shift in range(12, 19))
"""Sizes of pages that Linux has been built with, in bytes: 4 KiB to 256 KiB."""


NEARLY = 0.2
"""How far, by its binary logarithm, a size may be from a page's to be taken for it."""


@dataclass(frozen=True, kw_only=True)
class SnapshotZone(ZoneInfo):
    """A populated zone with its free blocks by order, of as many orders as its kernel has.

    nr_free  buddyinfo's; derived from the free pages where there was no buddyinfo
    types    free blocks and pageblocks by migratetype, if pagetypeinfo was readable
    """

    nr_free: Counts
    types: ZoneTypes | None = None

    @property
    def free_pages(self) -> int:
        """Pages in the blocks of nr_free."""
        return sum(count << order for order, count in enumerate(self.nr_free))


class Reading(NamedTuple):
    """What the files of one machine say together; the fields are Snapshot's."""

    max_pfn: int
    exact: bool
    zones: tuple[SnapshotZone, ...]
    page_size: int
    starts: Pfns
    lengths: Pfns
    ram: Pairs
    about: dict[str, str]
    notes: tuple[str, ...]


def read_machine(folder: Path, byteorder: str = "little", page_size: int | None = None) -> Reading:
    """Read the /proc files in a folder: zoneinfo, buddyinfo or kpageflags or both, and what else is there.

    ``page_size`` (bytes) is found from meminfo, iomem or kpageflags, if not given. A file that is missing, or
    may not be read, where it is needed is the OSError; one that is not what it must be, or does not fit to
    the others, a FreepagesError. A file that is not needed may be empty: the notes say so.
    """
    zones = procfs.read_zoneinfo(folder / "zoneinfo")
    notes: list[str] = []
    types = _if_there(procfs.read_pagetypeinfo, folder / "pagetypeinfo", notes)
    resources = _if_there(procfs.read_iomem, folder / "iomem", notes) or []
    kernel = _if_there(procfs.read_version, folder / "version", notes)
    total = _if_there(read_total, folder / "meminfo", notes)
    # buddyinfo and kpageflags ought to be of one moment: nothing is read between them.
    counts = _if_there(procfs.read_buddyinfo, folder / "buddyinfo", notes)
    max_pfn = max(zone.end_pfn for zone in zones)
    bits, doubt = None, ""
    try:
        bits = read_buddy_bits(folder / "kpageflags", max_pfn, byteorder)
    except FileNotFoundError:
        doubt = "there is no kpageflags"
    except PermissionError:
        doubt = "kpageflags is for root only (sudo makes it exact)"
    except EmptyFile:
        doubt = "kpageflags is empty (only root can copy it)"
    if page_size is None:
        page_size = page_size_told(total, resources, zones)
    if page_size is None and bits is not None:
        page_size = page_size_by_thp(folder / "kpageflags", byteorder)
    if page_size is None:
        page_size = PAGE_SIZE
        notes.append("pages are taken for 4 KiB: meminfo, iomem and kpageflags do not tell (--page-size)")
    ram = procfs.ram_ranges(resources, page_size)
    _check_ram(folder / "iomem", ram, zones)
    if counts is not None:
        nr_free = _by_zone(folder / "buddyinfo", counts, zones, lambda some: not any(some))
        _check_free(folder / "buddyinfo", nr_free, zones)
        if bits is not None and marks_heads_only(bits, nr_free):
            bits, doubt = None, "kpageflags marks no page, or only the first of a block (before Linux 4.6)"
    elif bits is None or _before(kernel, (4, 6)):
        raise FreepagesError(
            f"{folder}: without buddyinfo, kpageflags must mark all free pages (Linux 4.6 and later)"
            + "".join(f"; {note}" for note in notes if "buddyinfo" in note)
        )
    else:
        orders = _orders(types)
        if orders is None:
            orders = MAX_ORDER
            notes.append(f"blocks are taken to be of {orders} orders: buddyinfo and pagetypeinfo would tell")
        nr_free = [_counted(bits.runs(), zone, zones, orders) for zone in zones]

    starts, ends = (
        bits.runs()
        if bits is not None
        else _placed(folder / "buddyinfo", zones, nr_free, ram, procfs.used_ranges(resources, page_size))
    )
    by_type: list[ZoneTypes | None] = [None] * len(zones)
    if types is not None:
        by_type = [*_by_zone(folder / "pagetypeinfo", types, zones, ZoneTypes.none_free)]
    rows = zip(zones, nr_free, by_type, strict=True)
    return Reading(
        max_pfn,
        bits is not None,
        tuple(SnapshotZone(**vars(zone), nr_free=blocks, types=some) for zone, blocks, some in rows),
        page_size,
        starts,
        ends - starts,
        ram,
        {"kernel": kernel} if kernel else {},
        (*([f"the free blocks' places are synthesised: {doubt}"] if doubt else []), *notes),
    )


def page_size_told(total: int | None, resources: list[Resource], zones: list[ZoneInfo]) -> int | None:
    """Bytes of a page by what the files say of the same memory in bytes and in pages; None where none does.

    meminfo's MemTotal is what the zones manage, and iomem's last System RAM ends where the last zone does. On
    old kernels, and where RAM was hidden, given away or not managed yet, that is so only nearly. The file
    that fits better is believed.
    """
    ram = procfs.ram_bytes(resources)
    told = [(total, sum(zone.managed for zone in zones))] if total else []
    told += [(ram[-1][1], max(zone.end_pfn for zone in zones))] if ram else []
    fits = ((abs(log2(have / count / size)), size) for have, count in told if count for size in PAGE_SIZES)
    off, size = min(fits, default=(NEARLY, 0))
    return size if off < NEARLY else None


def _orders(types: dict[ZoneKey, ZoneTypes] | None) -> int | None:
    """How many orders pagetypeinfo says there are. The free pages do not tell: blocks of the largest order
    adjoin, and so do blocks of a smaller one."""
    listed = (len(free.counts) for some in (types or {}).values() for free in some.free.values())
    return next(listed, None)


def _if_there(reader: Callable[[Path], T], path: Path, notes: list[str]) -> T | None:
    try:
        return reader(path)
    except (FileNotFoundError, PermissionError):
        return None
    except EmptyFile as error:
        notes.append(f"taken for one that is not there: {path.name}{str(error).removeprefix(str(path))}")
        return None


def _before(kernel: str | None, version: tuple[int, int]) -> bool:
    known = procfs.kernel_version(kernel)
    return known is not None and known < version


def _by_zone(
    path: Path, table: dict[ZoneKey, T], zones: list[ZoneInfo], nothing: Callable[[T], bool]
) -> list[T]:
    """The table's values in the order of the zones; its other keys are zones without pages: ``nothing``."""
    keys = {zone.key for zone in zones}
    for key in sorted(table.keys() ^ keys):
        if key in keys:
            raise FreepagesError(f"{path}: has not {zone_label(key)}, which zoneinfo has")
        if not nothing(table[key]):
            raise FreepagesError(
                f"{path}: free blocks in {zone_label(key)}, which zoneinfo has not, or without pages"
            )
    return [table[zone.key] for zone in zones]


def _check_free(path: Path, nr_free: list[Counts], zones: list[ZoneInfo]) -> None:
    for zone, counts in zip(zones, nr_free, strict=True):
        free = sum(count << order for order, count in enumerate(counts))
        if free > zone.most_free:
            raise FreepagesError(
                f"{path}: {free} free pages in {zone_label(zone.key)}, zoneinfo has {zone.present} present"
            )


def _check_ram(path: Path, ram: Pairs, zones: list[ZoneInfo]) -> None:
    for zone in zones:
        found = pages(intersect(arrays(ram), arrays([(zone.start_pfn, zone.end_pfn)])))
        if ram and found < zone.managed:
            raise FreepagesError(
                f"{path}: {found} pages of System RAM in {zone_label(zone.key)}, where zoneinfo manages "
                f"{zone.managed}; is the file cut short?"
            )


def _counted(runs: Ranges, zone: ZoneInfo, zones: list[ZoneInfo], orders: int) -> Counts:
    """The free blocks by order that a zone's part of the free runs consists of."""
    if any(zone.overlaps(other) for other in zones if other is not zone):
        raise FreepagesError(
            f"{zone_label(zone.key)} overlaps another: only buddyinfo can tell its free pages"
        )
    cut = intersect(runs, arrays([(zone.start_pfn, zone.end_pfn)]))
    return tuple(len(heads) for heads in blocks_of(cut, orders))


def _placed(path: Path, zones: list[ZoneInfo], nr_free: list[Counts], ram: Pairs, used: Pairs) -> Ranges:
    """Free runs of synthesised layouts of all zones; none lies in what is known to be ``used``, if that
    leaves room enough."""
    starts, ends = [], []
    for group in _interleaved(list(zip(zones, nr_free, strict=True))):
        (first, _), *others = group
        total = [sum(counts) for counts in zip(*(counts for _, counts in group), strict=True)]
        spans = arrays(merge((zone.start_pfn, zone.end_pfn) for zone, _ in group))
        rooms = [intersect(arrays(ram), spans)] if ram else [spans]
        if not ram and not others:  # what it has present may lie elsewhere, or leave out what was free
            rooms.insert(0, arrays(assumed_ram(first.start_pfn, first.spanned, first.present)))
        elif used:
            rooms.insert(0, without(rooms[0], arrays(used)))
        try:
            blocks = _first_that_holds(rooms, total)
        except FreepagesError as error:
            raise FreepagesError(f"{path}: {zone_label(first.key)}: {error}") from None
        starts += blocks
        ends += [heads + (1 << order) for order, heads in enumerate(blocks)]
    return join(np.concatenate(starts), np.concatenate(ends))


def _first_that_holds(rooms: list[Ranges], nr_free: list[int]) -> list[Pfns]:
    """The blocks placed in the first of the rooms that is large enough for them."""
    *others, last = rooms
    for room in others:
        with suppress(FreepagesError):
            return synthesise(room, nr_free)
    return synthesise(last, nr_free)


def _interleaved(zones: list[tuple[ZoneInfo, Counts]]) -> list[list[tuple[ZoneInfo, Counts]]]:
    """The zones in groups: alone, or with those whose spans they share: other nodes', or Movable's own.

    What of a shared span is whose no file tells, so the blocks of such zones are placed together.
    """
    groups: list[list[tuple[ZoneInfo, Counts]]] = []
    end = 0
    for zone, counts in sorted(zones, key=lambda entry: entry[0].start_pfn):
        if zone.start_pfn >= end:
            groups.append([])
        groups[-1].append((zone, counts))
        end = max(end, zone.end_pfn)
    return groups
