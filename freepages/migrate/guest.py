"""The guest that is migrated: its RAM, the pages that are free, and those that hold zeros.

A guest is read from a snapshot or made up. What a snapshot does not tell is assumed:

- its RAM ends where its last zone does, rounded up to a MiB below 4 GiB; above it what lies beyond the PCI
  hole. The hole begins where the machine puts it, or, if none is named, where the snapshot's memory ends.
- the pages that are free were never used and hold zeros, as in a guest that has just booted; the others hold
  something else.

A guest that is made up has its memory in use in blocks of 4 MiB, spread at random by the seed, and half of
that is clean page cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freepages.engine.errors import FreepagesError
from freepages.host.ram import GuestRam, RamBlock
from freepages.migrate.hint_blocks import BLOCK, Floor
from freepages.migrate.memory_needed import check_memory
from freepages.migrate.workload.working_set import WorkingSet
from freepages.pages.bitmap import PageBitmap, bitmap_bytes
from freepages.pages.orders import PAGE_SHIFT
from freepages.pages.pc_memory import FOUR_GIB, MIB, below_4g
from freepages.real import Snapshot
from freepages.real.meminfo import Meminfo
from freepages.real.procfs import kernel_version
from freepages.zone.drop_caches import Freed, pages_freed

CACHE_SHARE = 0.5
"""Of the memory in use of a guest that is made up, the part that is clean page cache. A choice."""
AT_THE_TAIL = (5, 10)
"""The Linux that first put the pages of the boot at the tails of their lists."""
NORMAL = 2
"""The place of zone Normal among a PC's zones (DMA, DMA32, Normal), by which protection is told."""


@dataclass
class Guest:
    """A guest before its migration; ``free`` and ``zero`` are over its pfns and are changed by a migration.

    meminfo  what it tells of its page cache, where that is known
    dropped  what dropping the caches has freed
    floors   what stays free of each zone when blocks are hinted at, where that is known
    upwards  whether the lowest free blocks are hinted at first, as in a kernel since Linux 5.10
    """

    ram: GuestRam
    free: PageBitmap
    zero: PageBitmap
    meminfo: Meminfo | None = None
    dropped: Freed | None = None
    floors: tuple[Floor, ...] = ()
    upwards: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot, machine: str | None = None, meminfo: Meminfo | None = None) -> Guest:
        """The guest of a snapshot. Raises FreepagesError where it has free pages and the machine no RAM."""
        ram = _ram_of(snapshot, machine)
        check_memory(ram.max_pfn)
        free = PageBitmap.from_runs(ram.max_pfn, *snapshot.free_runs)
        outside = free.count() - ram.to_ram_addr(free).count()
        if outside:
            raise FreepagesError(
                f"{outside} free pages of the snapshot lie where a {machine or 'PC'} of "
                f"{ram.pages >> (20 - PAGE_SHIFT)} MiB has no RAM (--machine)"
            )
        kernel = kernel_version(snapshot.about.get("kernel"))
        upwards = kernel is not None and kernel >= AT_THE_TAIL
        return cls(ram, free, free.copy(), meminfo, None, _floors(snapshot), upwards)

    @classmethod
    def made_up(cls, ram_bytes: int, free_share: float, machine: str | None = None, seed: int = 0) -> Guest:
        """A guest of so much RAM, a multiple of 4 MiB, of which a share is free."""
        if ram_bytes % (BLOCK << PAGE_SHIFT) or not 0 < ram_bytes >> PAGE_SHIFT <= 1 << 33:
            raise FreepagesError(f"a guest of {ram_bytes} bytes: it has a multiple of 4 MiB, up to 32 TiB")
        check_memory(ram_bytes >> PAGE_SHIFT)
        ram = GuestRam.pc(ram_bytes, machine or "i440fx")
        blocks = ram.pages // BLOCK
        in_use = np.ones(blocks, bool)
        in_use[np.random.default_rng(seed).permutation(blocks)[: round(free_share * blocks)]] = False
        by_ram = PageBitmap(ram.pages)
        by_ram.bytes.reshape(blocks, BLOCK // 8)[~in_use] = 0xFF
        free = ram.to_pfns(by_ram)
        used = ram.pages - free.count()
        meminfo = Meminfo(total=ram.pages, free=ram.pages - used, cached=int(used * CACHE_SHARE))
        return cls(ram, free, free.copy(), meminfo)

    def drop_caches(self, ctrl: int, seed: int = 0) -> None:
        """Free what /proc/sys/vm/drop_caches frees by the guest's meminfo: pages that do not hold zeros.

        Which of the pages in use these are meminfo does not tell: they are a run of them, by the seed.
        """
        if self.meminfo is None:
            raise FreepagesError("drop-caches: only a folder with meminfo tells of a page cache (--proc DIR)")
        self.dropped = pages_freed(self.meminfo, ctrl)
        used = self._used()
        count = min(self.dropped.pages, used.count())
        if count:
            WorkingSet.among(used, count, np.random.default_rng(seed)).set_in(self.free)

    def set_zero_share(self, share: float, seed: int = 0) -> None:
        """So much of all RAM holds zeros: free pages first, then pages in use; a run of either."""
        chance = np.random.default_rng(seed)
        self.zero = PageBitmap(self.free.pages)
        count = round(share * self.ram.pages)
        for some in (self.free, self._used()):
            part = min(count, some.count())
            if part:
                WorkingSet.among(some, part, chance).set_in(self.zero)
            count -= part

    def set_zero_file(self, path: Path) -> None:
        """The pages that hold zeros, from a file with a bit for each page of ram_addr, or for each pfn.

        Bit i is bit i % 8 of byte i // 8; the file's length tells which of the two it is.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise FreepagesError(f"{path}: {error.strerror}") from None
        lengths = {
            pages: ((pages + 7) // 8, bitmap_bytes(pages)) for pages in (self.ram.pages, self.ram.max_pfn)
        }
        for pages, possible in lengths.items():
            if len(data) in possible:
                try:
                    zero = PageBitmap.from_bytes(data, pages)
                except FreepagesError as error:
                    raise FreepagesError(f"{path}: {error}") from None
                by_ram = zero if pages == self.ram.pages else self.ram.to_ram_addr(zero)
                self.zero = self.ram.to_pfns(by_ram)
                return
        wanted = " or ".join(f"{possible[0]} ({pages} pages)" for pages, possible in lengths.items())
        longer = "longer than" if len(data) > max(map(max, lengths.values())) else "not"
        raise FreepagesError(f"{path}: {len(data)} bytes are {longer} what the guest's RAM wants: {wanted}")

    def _used(self) -> PageBitmap:
        used = PageBitmap(self.free.pages)
        for start, end in zip(*self.ram.pfns(), strict=True):
            used.set_range(int(start), int(end))
        used -= self.free
        return used


def _floors(snapshot: Snapshot) -> tuple[Floor, ...]:
    """Of each zone its min watermark stays free, and what it keeps from allocations that a Normal zone could
    have served (lowmem_reserve); the highest zone is asked first. None, where a zone does not tell."""
    marks = [zone.watermarks for zone in snapshot.zones]
    floors = [
        Floor(zone.start_pfn, zone.end_pfn, mark[0] + sum(zone.protection[NORMAL : NORMAL + 1]))
        for zone, mark in zip(snapshot.zones, marks, strict=True)
        if mark is not None
    ]
    return tuple(sorted(floors, reverse=True)) if len(floors) == len(marks) else ()


def _ram_of(snapshot: Snapshot, machine: str | None) -> GuestRam:
    end = -(-snapshot.max_pfn // MIB) * MIB
    if snapshot.max_pfn <= FOUR_GIB:
        return GuestRam([RamBlock("pc.ram", 0, end, ((0, end),))])
    if machine is None:
        ends = [end for _, end in snapshot.ram] or [zone.start_pfn + zone.present for zone in snapshot.zones]
        low = max(-(-some // MIB) * MIB for some in ends if some <= FOUR_GIB)
    else:
        low = below_4g(FOUR_GIB + end, machine)
    pieces = ((0, low), (FOUR_GIB, end))
    return GuestRam([RamBlock("pc.ram", 0, low + end - FOUR_GIB, pieces)])
