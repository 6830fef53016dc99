"""Snapshot: the zones of one machine and its runs of free pages, at one moment."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from freepages.engine import memory
from freepages.engine.errors import FreepagesError
from freepages.engine.later import np
from freepages.pages.bitmap import PageBitmap, bitmap_bytes
from freepages.pages.orders import PAGE_SIZE
from freepages.pages.ranges import Pairs, Pfns, Ranges, arrays, intersect, merge, pages, without
from freepages.real import snapshot_file as file
from freepages.real.files import write_file
from freepages.real.procfs import MOST_ORDERS, PFN_LIMIT, zone_label
from freepages.real.reading import PAGE_SIZES, SnapshotZone, read_machine
from freepages.real.typed_json import typed

PROC = Path("/proc")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A machine's zones and its free pages.

    max_pfn   one more than the last page of any zone: the kernel's max_pfn
    exact     True: the free runs are kpageflags'. False: buddyinfo's blocks, placed by block_placement
    zones     the populated ones, by node and address
    starts    first pfn of each maximal run of free pages, ascending (int64)
    lengths   pages of each run
    ram       pfn ranges [start, end) of iomem's System RAM; empty if it was not readable
    about     what is known of the machine and the moment: "kernel", "taken", "note"
    page_size bytes of a page: pfns count pages of this size
    notes     sentences on how the snapshot was read that its reader should know

    Whoever makes one that contradicts itself gets a FreepagesError.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> snapshot = Snapshot.load(data_path("snapshots", "pc-4g-idle.snapshot"))
    >>> snapshot.exact, [zone.name for zone in snapshot.zones]
    (True, ['DMA', 'DMA32', 'Normal'])
    """

    max_pfn: int
    exact: bool
    zones: tuple[SnapshotZone, ...]
    starts: Pfns
    lengths: Pfns
    ram: Pairs = ()
    about: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    page_size: int = PAGE_SIZE

    def __post_init__(self) -> None:
        for name in ("starts", "lengths"):
            array = np.array(getattr(self, name), np.int64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        self._check_zones()
        self._check_runs()
        if self.ram != merge(self.ram):
            raise FreepagesError("the ranges of RAM do not ascend, each apart from the one before")
        for text in (*self.about, *self.about.values(), *self.notes):
            if not text.isprintable():
                raise FreepagesError(f"{text!r:.60} is not one line of text")

    def _check_zones(self) -> None:
        if self.page_size not in PAGE_SIZES:
            raise FreepagesError(
                f"page_size {self.page_size} is not one of {', '.join(map(str, PAGE_SIZES))}"
            )
        for zone in self.zones:
            if not zone.name.isidentifier():
                raise FreepagesError(f"{zone.name!r:.40} is not a zone's name")
            label = zone_label(zone.key)
            if not len(zone.nr_free) == len(self.zones[0].nr_free) <= MOST_ORDERS:
                raise FreepagesError(
                    f"{label} has {len(zone.nr_free)} orders; all zones have as many, up to {MOST_ORDERS}"
                )
            if not zone.managed <= zone.present <= zone.spanned or zone.free_pages > zone.most_free:
                raise FreepagesError(
                    f"{label}: {zone.free_pages} pages free, {zone.managed} managed, {zone.present} present, "
                    f"{zone.spanned} spanned; each must be within the next"
                )
        end = max((zone.end_pfn for zone in self.zones), default=0)
        if not 0 < self.max_pfn <= PFN_LIMIT or self.max_pfn != end:
            raise FreepagesError(f"max_pfn {self.max_pfn} is not the end of the last zone")

    def _check_runs(self) -> None:
        if len(self.starts) != len(self.lengths):
            raise FreepagesError(f"{len(self.starts)} starts of free runs, {len(self.lengths)} lengths")
        starts, ends = self.free_runs
        for what, bad in (
            ("is empty", self.lengths < 1),
            ("overlaps or touches the one before", starts[1:] <= ends[:-1]),
            (f"ends beyond max_pfn {self.max_pfn}", (starts < 0) | (ends > self.max_pfn)),
        ):
            if bad.any():
                at = int(np.argmax(bad)) + len(starts) - len(bad)
                raise FreepagesError(f"free run {at}, [{starts[at]}, {ends[at]}), {what}")
        spans = merge((zone.start_pfn, zone.end_pfn) for zone in self.zones)
        outside = without(self.free_runs, arrays(spans))
        if len(outside[0]):
            raise FreepagesError(f"pfn {outside[0][0]} is free and lies in no zone")
        listed = sum(zone.free_pages for zone in self.zones)
        if not self.exact and listed != self.free_pages:
            raise FreepagesError(f"{self.free_pages} pages in free runs made from blocks of {listed}")

    @property
    def free_runs(self) -> Ranges:
        """Starts and ends of the maximal runs of free pages."""
        return self.starts, self.starts + self.lengths

    @property
    def free_pages(self) -> int:
        """Pages in the free runs: the bits of the bitmap."""
        return int(self.lengths.sum())

    @property
    def bitmap_bytes(self) -> int:
        """Size of the bitmap as the patch of 2016 computes it."""
        return bitmap_bytes(self.max_pfn)

    def bitmap(self) -> PageBitmap:
        """One bit for each pfn below max_pfn, set where the page is free."""
        memory.need(self.bitmap_bytes, f"the bitmap of {self.max_pfn:,} pages")
        return PageBitmap.from_runs(self.max_pfn, *self.free_runs)

    def runs_within(self, lo: int, hi: int) -> Ranges:
        """Starts and ends of the free runs in [lo, hi), cut at its ends."""
        return intersect(self.free_runs, arrays([(lo, hi)]))

    def churn(self) -> tuple[int | None, ...]:
        """For each zone, the free pages in its span less those that buddyinfo counted.

        Not 0 where pages were allocated or freed between the reading of the two files. None for a zone whose
        span overlaps another's: whose pages the bits there are is not in these files.
        """
        return tuple(
            None
            if any(zone.overlaps(other) for other in self.zones if other is not zone)
            else pages(self.runs_within(zone.start_pfn, zone.end_pfn)) - zone.free_pages
            for zone in self.zones
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Snapshot):
            return NotImplemented
        return (
            self._header() == other._header()
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.lengths, other.lengths)
        )

    __hash__ = None  # type: ignore[assignment]

    def _header(self) -> dict[str, Any]:
        known = {some.name: getattr(self, some.name) for some in fields(self)}
        del known["starts"], known["lengths"]
        if self.page_size == PAGE_SIZE:
            del known["page_size"]
        return known | {"zones": [asdict(zone) for zone in self.zones]}

    def save(self, path: str | Path) -> None:
        """Write a snapshot file (see freepages.real.snapshot_file); what was there stays if that fails."""
        write_file(Path(path), file.encode(self._header(), self.starts, self.lengths))

    @classmethod
    def load(cls, path: str | Path) -> Snapshot:
        """Read a snapshot file; a FreepagesError names the file and what is wrong in it."""
        header, starts, lengths = file.decode(Path(path))
        try:
            return typed(header, cls, "line 1", starts=starts, lengths=lengths)
        except FreepagesError as error:
            raise FreepagesError(f"{path}: {error}") from None

    @classmethod
    def from_proc(
        cls,
        folder: str | Path,
        note: str = "",
        byteorder: str = "little",
        page_size: int | None = None,
    ) -> Snapshot:
        """The machine whose /proc files were copied into a folder.

        zoneinfo must be there, and buddyinfo or kpageflags or both; pagetypeinfo, iomem, meminfo and version
        add to what is known. ``page_size`` (bytes) is what meminfo, iomem or kpageflags say, if not given,
        and 4 KiB where they do not. A FreepagesError names the file and line that is missing or not what it
        must be.
        """
        folder = Path(folder)
        try:
            reading = read_machine(folder, byteorder, page_size)
        except OSError as error:
            raise FreepagesError(f"{error.filename or folder}: {error.strerror}") from None
        if note:
            reading.about["note"] = note
        try:
            return cls(**reading._asdict())
        except FreepagesError as error:
            raise FreepagesError(f"{folder}: {error}") from None

    @classmethod
    def capture(cls, proc: str | Path = PROC, note: str = "") -> Snapshot:
        """This machine, now. kpageflags takes root; without it the snapshot's free runs are not exact."""
        if Path(proc) == PROC and sys.platform != "linux":
            raise FreepagesError(f"{PROC}: this is {sys.platform}, free pages are read from a running Linux")
        size = os.sysconf("SC_PAGE_SIZE") if Path(proc) == PROC else None
        snapshot = cls.from_proc(proc, note, sys.byteorder, size)
        snapshot.about["taken"] = datetime.now(UTC).isoformat(timespec="seconds")
        return snapshot
