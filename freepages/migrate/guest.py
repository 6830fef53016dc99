"""The guest that is migrated: its RAM, the pages that are free, and those that hold zeros.

A guest is read from a snapshot or made up. What a snapshot does not tell is assumed:

- its RAM is what iomem has, or what its zones have present, with all holes below 128 MiB: what firmware keeps
  for itself is RAM too. If a machine is named, RAM lies as it does there, up to the end of the last zone.
- the pages that are free were never used and hold zeros, as in a guest that has just booted; the others hold
  something else.

Pages here are QEMU's, of 4 KiB; a guest whose own are larger has several for each of them.

A guest that is made up has its memory in use in blocks of 4 MiB, spread at random by the seed, and half of
that is clean page cache. What is beyond 8 GiB repeats the pattern: guests of all sizes have one shape.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from freepages.engine.errors import FreepagesError
from freepages.host.ram import GuestRam, RamBlock
from freepages.migrate import hint_floors
from freepages.migrate.hint_blocks import BLOCK
from freepages.migrate.hint_floors import Floor
from freepages.migrate.memory_needed import check_memory
from freepages.migrate.workload.working_set import WorkingSet
from freepages.pages.bitmap import PageBitmap, bitmap_bytes
from freepages.pages.orders import PAGE_SHIFT, PAGE_SIZE
from freepages.pages.pc_memory import FOUR_GIB, MIB, below_4g
from freepages.pages.ranges import Pairs, arrays, intersect, merge, pages, pairs, without
from freepages.real import Snapshot
from freepages.real.block_placement import assumed_ram
from freepages.real.files import open_file
from freepages.real.meminfo import Meminfo
from freepages.real.procfs import kernel_version
from freepages.zone.drop_caches import Freed, pages_freed

CACHE_SHARE = 0.5
"""Of the memory in use of a guest that is made up, the part that is clean page cache. A choice."""
PATTERN = (8 << 30) // (BLOCK << PAGE_SHIFT)
"""Blocks of a guest that is made up after which their pattern begins anew."""
AT_THE_TAIL = (5, 10)
"""The Linux that first put the pages of the boot at the tails of their lists."""
HOLE = (128 << 20) >> PAGE_SHIFT
"""Pages of the smallest hole between two pieces of RAM: a memory section of x86-64 and of arm64."""
SMALLEST_BLOCK = 64
"""Pages of the smallest block that is hinted at here: a word of the bitmap."""


@dataclass
class Guest:
    """A guest before its migration; ``free`` and ``zero`` are over its pfns and are changed by a migration.

    meminfo  what it tells of its page cache, where that is known
    dropped  what dropping the caches has freed
    floors   what stays free of each zone when blocks are hinted at
    upwards  whether the lowest free blocks are hinted at first, as in a kernel since Linux 5.10
    block    pages of the blocks that are hinted at, the largest that the guest's zones have
    assumed  sentences on what was not known of the guest, and taken for what
    exact    whether each free page is known (kpageflags), and not placed or made up
    """

    ram: GuestRam
    free: PageBitmap
    zero: PageBitmap
    meminfo: Meminfo | None = None
    dropped: Freed | None = None
    floors: tuple[Floor, ...] = ()
    upwards: bool = False
    block: int = BLOCK
    assumed: tuple[str, ...] = ()
    exact: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot, machine: str | None = None, meminfo: Meminfo | None = None) -> Guest:
        """The guest of a snapshot. Raises FreepagesError where it has free pages and the machine no RAM."""
        scale = snapshot.page_size >> PAGE_SHIFT
        starts, ends = (edges * scale for edges in snapshot.free_runs)
        ram = _ram_of(snapshot, machine, scale)
        check_memory(ram.max_pfn)
        lost = pages((starts, ends)) - pages(intersect((starts, ends), ram.pfns()))
        if lost:
            raise FreepagesError(
                f"{lost} free pages of the snapshot lie where a {machine} of "
                f"{ram.pages >> (20 - PAGE_SHIFT)} MiB has no RAM (--machine)"
            )
        free = PageBitmap.from_runs(ram.max_pfn, starts, ends)
        kernel = kernel_version(snapshot.about.get("kernel"))
        upwards = kernel is not None and kernel >= AT_THE_TAIL
        floors = hint_floors.told(snapshot, scale, ram.max_pfn) or hint_floors.default(
            ram, kernel or hint_floors.FIRST
        )
        assumed = _assumed(snapshot, meminfo, machine)
        orders = max(len(zone.nr_free) for zone in snapshot.zones)
        block = max(scale << orders - 1, SMALLEST_BLOCK)
        return cls(ram, free, free.copy(), meminfo, None, floors, upwards, block, assumed, snapshot.exact)

    @classmethod
    def made_up(cls, ram_bytes: int, free_share: float, machine: str | None = None, seed: int = 0) -> Guest:
        """A guest of so much RAM, a multiple of 4 MiB, of which a share is free.

        Raises FreepagesError for a size or a share that cannot be.
        """
        if not isinstance(ram_bytes, int | np.integer):
            raise FreepagesError(f"a guest of {ram_bytes!r}: its size is a number of bytes, such as 8 << 30")
        if not 0 <= free_share <= 1:
            raise FreepagesError(f"free_share={free_share!r} is not from 0 to 1")
        if ram_bytes % (BLOCK << PAGE_SHIFT) or not 0 < ram_bytes >> PAGE_SHIFT <= 1 << 33:
            raise FreepagesError(f"a guest of {ram_bytes} bytes: it has a multiple of 4 MiB, up to 32 TiB")
        check_memory(ram_bytes >> PAGE_SHIFT)
        ram = GuestRam.pc(ram_bytes, machine or "i440fx")
        blocks = ram.pages // BLOCK
        order = np.random.default_rng(seed).permutation(min(blocks, PATTERN))
        in_use = np.ones(len(order), bool)
        in_use[order[: round(free_share * len(order))]] = False
        in_use = np.resize(in_use, blocks)
        by_ram = PageBitmap(ram.pages)
        by_ram.bytes.reshape(blocks, BLOCK // 8)[~in_use] = 0xFF
        free = ram.to_pfns(by_ram)
        used = ram.pages - free.count()
        meminfo = Meminfo(total=ram.pages, free=ram.pages - used, cached=int(used * CACHE_SHARE))
        return cls(ram, free, free.copy(), meminfo, floors=hint_floors.default(ram))

    def copy(self) -> Guest:
        """The same guest, to be migrated once more."""
        return replace(self, free=self.free.copy(), zero=self.zero.copy())

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
        lengths = {
            count: ((count + 7) // 8, bitmap_bytes(count)) for count in (self.ram.pages, self.ram.max_pfn)
        }
        most = max(map(max, lengths.values()))
        try:
            with open_file(path) as file:  # which may be a guest's whole memory, given by mistake
                size, data = os.fstat(file.fileno()).st_size, file.read(most)
        except OSError as error:
            raise FreepagesError(f"{path}: {error.strerror}") from None
        for count, possible in lengths.items():
            if size == len(data) in possible:
                try:
                    zero = PageBitmap.from_bytes(data, count)
                except FreepagesError as error:
                    raise FreepagesError(f"{path}: {error}") from None
                by_ram = zero if count == self.ram.pages else self.ram.to_ram_addr(zero)
                self.zero = self.ram.to_pfns(by_ram)
                return
        wanted = " or ".join(f"{possible[0]} ({count} pages)" for count, possible in lengths.items())
        longer = "longer than" if size > most else "not"
        more = "; freepages zeros makes such a bitmap of a memory file" if size > most else ""
        raise FreepagesError(f"{path}: {size} bytes are {longer} what the guest's RAM wants: {wanted}{more}")

    def _used(self) -> PageBitmap:
        used = PageBitmap(self.free.pages)
        for start, end in zip(*self.ram.pfns(), strict=True):
            used.set_range(int(start), int(end))
        used -= self.free
        return used


def _assumed(snapshot: Snapshot, meminfo: Meminfo | None, machine: str | None) -> tuple[str, ...]:
    """What a snapshot leaves open that a migration depends on, and what it is taken for."""
    told = [*snapshot.notes]
    present = sum(zone.present for zone in snapshot.zones)
    if (missing := present - sum(zone.managed for zone in snapshot.zones)) > present // 10:
        told.append(f"in use: {missing:,} pages that the kernel has not given to its allocator, or not yet")
    if not snapshot.ram and machine is None:
        told.append("RAM lies where the zones have pages: there is no iomem (--machine)")
    if snapshot.page_size != PAGE_SIZE:
        told.append(f"the host's pages are of 4 KiB, the guest's of {snapshot.page_size >> 10} KiB")
    if not snapshot.exact:
        told.append("only how many blocks are free is known, they are placed: there is no kpageflags")
    told += hint_floors.assumed(snapshot)
    if meminfo and meminfo.absent:
        told.append(f"taken for 0: {', '.join(meminfo.absent)}, which meminfo does not have")
    return tuple(told)


def _ram_of(snapshot: Snapshot, machine: str | None, scale: int) -> GuestRam:
    end = -(-snapshot.max_pfn * scale // MIB) * MIB
    if machine is not None:
        low = below_4g(FOUR_GIB + end, machine)
        pieces: Pairs = ((0, end),) if end <= FOUR_GIB else ((0, low), (FOUR_GIB, end))
    else:
        pieces = _pieces(snapshot, scale, end)
    idstr = "mach-virt.ram" if pieces[0][0] else "pc.ram"
    return GuestRam([RamBlock(idstr, 0, pages(arrays(pieces)), pieces)])


def _pieces(snapshot: Snapshot, scale: int, end: int) -> Pairs:
    """Whole MiB of the RAM that is known, in pieces between which there are holes."""
    known = merge(
        snapshot.ram
        or (
            piece
            for zone in snapshot.zones
            for piece in assumed_ram(zone.start_pfn, zone.spanned, zone.present)
        )
    )
    more = pairs(without(snapshot.free_runs, arrays(known)))  # where the zones have their holes elsewhere
    pieces: list[tuple[int, int]] = []
    for start, stop in merge((*known, *more)):
        first, last = start * scale // MIB * MIB, min(-(-stop * scale // MIB) * MIB, end)
        before = pieces[-1][1] if pieces else 0
        if first >= end:
            break
        if first - before >= HOLE:
            pieces.append((first, last))
        else:
            pieces[-1:] = [(pieces[-1][0] if pieces else 0, last)]
    return tuple(pieces)
