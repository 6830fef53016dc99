"""One reading of a machine's memory: its /proc files, laid side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import MAX_ORDER
from freepages.pages.ranges import Pairs, Pfns, Ranges, arrays, intersect, join, merge, pages
from freepages.real import procfs
from freepages.real.block_placement import assumed_ram, blocks_of, synthesise
from freepages.real.kpageflags import marks_heads_only, read_buddy_bits
from freepages.real.procfs import ZoneInfo, ZoneKey, ZoneTypes, zone_label

T = TypeVar("T")
Counts = tuple[int, ...]  # free blocks by order


@dataclass(frozen=True, kw_only=True)
class SnapshotZone(ZoneInfo):
    """A populated zone with its free blocks by order 0..10.

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
    starts: Pfns
    lengths: Pfns
    ram: Pairs
    about: dict[str, str]
    notes: tuple[str, ...]


def read_machine(folder: Path, byteorder: str = "little") -> Reading:
    """Read the /proc files in a folder: zoneinfo, buddyinfo or kpageflags or both, and what else is there.

    A file that is missing, or may not be read, where it is needed is the OSError; one that is not what it
    must be, or does not fit to the others, a FreepagesError.
    """
    zones = procfs.read_zoneinfo(folder / "zoneinfo")
    types = _if_there(procfs.read_pagetypeinfo, folder / "pagetypeinfo")
    ram = procfs.ram_ranges(_if_there(procfs.read_iomem, folder / "iomem") or [])
    kernel = _if_there(procfs.read_version, folder / "version")
    # buddyinfo and kpageflags ought to be of one moment: nothing is read between them.
    counts = _if_there(procfs.read_buddyinfo, folder / "buddyinfo")
    max_pfn = max(zone.end_pfn for zone in zones)
    bits, doubt = None, ""
    try:
        bits = read_buddy_bits(folder / "kpageflags", max_pfn, byteorder)
    except FileNotFoundError:
        doubt = "there is no kpageflags"
    except PermissionError:
        doubt = "kpageflags is for root only (sudo makes it exact)"
    _check_ram(folder / "iomem", ram, zones)
    if counts is not None:
        nr_free = _by_zone(folder / "buddyinfo", counts, zones)
        _check_free(folder / "buddyinfo", nr_free, zones)
        if bits is not None and marks_heads_only(bits, nr_free):
            bits, doubt = None, "kpageflags marks no page, or only the first of a block (before Linux 4.6)"
    elif bits is None or _before(kernel, (4, 6)):
        raise FreepagesError(
            f"{folder}: without buddyinfo, kpageflags must mark all free pages (Linux 4.6 and later)"
        )
    else:
        nr_free = [_counted(bits.runs(), zone, zones) for zone in zones]

    starts, ends = bits.runs() if bits is not None else _placed(folder / "buddyinfo", zones, nr_free, ram)
    by_type = [None] * len(zones) if types is None else _by_zone(folder / "pagetypeinfo", types, zones)
    rows = zip(zones, nr_free, by_type, strict=True)
    return Reading(
        max_pfn,
        bits is not None,
        tuple(SnapshotZone(**vars(zone), nr_free=blocks, types=some) for zone, blocks, some in rows),
        starts,
        ends - starts,
        ram,
        {"kernel": kernel} if kernel else {},
        (f"the free blocks' places are synthesised: {doubt}",) if doubt else (),
    )


def _if_there(reader: Callable[[Path], T], path: Path) -> T | None:
    try:
        return reader(path)
    except (FileNotFoundError, PermissionError):
        return None


def _before(kernel: str | None, version: tuple[int, int]) -> bool:
    known = procfs.kernel_version(kernel)
    return known is not None and known < version


def _by_zone(path: Path, table: dict[ZoneKey, T], zones: list[ZoneInfo]) -> list[T]:
    """The table's values in the order of the zones, which must be its keys."""
    keys = {zone.key for zone in zones}
    for key in sorted(table.keys() ^ keys):
        has = "has not" if key in keys else "has"
        raise FreepagesError(
            f"{path}: {has} {zone_label(key)}, which zoneinfo {'has' if key in keys else 'has not'}"
        )
    return [table[zone.key] for zone in zones]


def _check_free(path: Path, nr_free: list[Counts], zones: list[ZoneInfo]) -> None:
    for zone, counts in zip(zones, nr_free, strict=True):
        if len(counts) != MAX_ORDER:
            raise FreepagesError(
                f"{path}: {len(counts)} orders; freepages models kernels with {MAX_ORDER} (pages of 4 KiB)"
            )
        free = sum(count << order for order, count in enumerate(counts))
        if free > zone.present:
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


def _counted(runs: Ranges, zone: ZoneInfo, zones: list[ZoneInfo]) -> Counts:
    """The free blocks by order that a zone's part of the free runs consists of."""
    if any(zone.overlaps(other) for other in zones if other is not zone):
        raise FreepagesError(
            f"{zone_label(zone.key)} overlaps another node's: only buddyinfo can tell its free pages"
        )
    cut = intersect(runs, arrays([(zone.start_pfn, zone.end_pfn)]))
    return tuple(len(heads) for heads in blocks_of(cut))


def _placed(path: Path, zones: list[ZoneInfo], nr_free: list[Counts], ram: Pairs) -> Ranges:
    """Free runs of synthesised layouts of all zones."""
    starts, ends = [], []
    for group in _interleaved(list(zip(zones, nr_free, strict=True))):
        (first, _), *others = group
        room = arrays(merge((zone.start_pfn, zone.end_pfn) for zone, _ in group))
        if ram:
            room = intersect(arrays(ram), room)
        elif not others:
            room = arrays(assumed_ram(first.start_pfn, first.spanned, first.present))
        try:
            blocks = synthesise(
                room, [sum(counts) for counts in zip(*(counts for _, counts in group), strict=True)]
            )
        except FreepagesError as error:
            raise FreepagesError(f"{path}: {zone_label(first.key)}: {error}") from None
        starts += blocks
        ends += [heads + (1 << order) for order, heads in enumerate(blocks)]
    return join(np.concatenate(starts), np.concatenate(ends))


def _interleaved(zones: list[tuple[ZoneInfo, Counts]]) -> list[list[tuple[ZoneInfo, Counts]]]:
    """The zones in groups: alone, or with those of other nodes whose spans they share.

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
