"""A reader for /proc/meminfo, as Linux 2.6.32 to 6.18 print it (fs/proc/meminfo.c, meminfo_proc_show).

What numbers can tell about the page cache: how much of it there is and in which states, not which pages. Two
things are easily missed. Cached has the pages of tmpfs in it, which Shmem counts; and a page can be in
several states at once, so that their counts need not be of different pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import PAGE_SIZE
from freepages.real.procfs import ProcLine, text_lines

KIB_PER_PAGE = PAGE_SIZE >> 10


@dataclass(frozen=True, kw_only=True)
class Meminfo:
    """What meminfo says, in pages of 4 KiB.

    total, free         MemTotal and MemFree; free pages on per-CPU lists are not in MemFree
    buffers             the page cache of block devices themselves
    cached              the page cache of files, those of tmpfs among them
    shmem               the pages of tmpfs and of shared memory
    mapped              pages of files, and of tmpfs, that are in some process's page tables
    dirty, writeback    pages yet to be written, and being written; none of tmpfs
    unevictable         pages that are not reclaimed: mlocked ones, those of ramfs, locked shared memory
    mlocked             of these, those that a process locked
    reclaimable         slab that shrinkers can work on (SReclaimable); not all of it will go
    """

    total: int
    free: int
    buffers: int = 0
    cached: int = 0
    dirty: int = 0
    writeback: int = 0
    mapped: int = 0
    shmem: int = 0
    unevictable: int = 0
    mlocked: int = 0
    reclaimable: int = 0


NAMES = {
    "MemTotal": "total",
    "MemFree": "free",
    "Buffers": "buffers",
    "Cached": "cached",
    "Dirty": "dirty",
    "Writeback": "writeback",
    "Mapped": "mapped",
    "Shmem": "shmem",
    "Unevictable": "unevictable",
    "Mlocked": "mlocked",
    "SReclaimable": "reclaimable",
}
"""The lines that are read, which every kernel has; what else there is depends on the kernel."""

_LINE = re.compile(r"([A-Z]\w{1,31}(?:\(\w{1,16}\))?): +(\d{1,15})( kB)?")


def read_meminfo(path: Path) -> Meminfo:
    """Read a copy of /proc/meminfo.

    Raises the OSError for a file that cannot be read, and a FreepagesError with file and line for one that is
    not what it must be.
    """
    found: dict[str, int] = {}
    where: dict[str, ProcLine] = {}
    for line in text_lines(path):
        match = _LINE.fullmatch(line.text)
        if not match:
            raise line.fault("not a line of meminfo ('NAME: NUMBER kB')")
        name, unit = match[1], match[3]
        if not line.ended:
            raise line.fault(f"{name} without the end of its line; is the file cut short?")
        if name in found:
            raise line.fault(f"{name} for the second time")
        if name in NAMES and not unit:
            raise line.fault(f"{name} is not in kB")
        found[name], where[name] = int(match[2]), line
    for name in NAMES:
        if name not in found:
            raise FreepagesError(f"{path}: no line '{name}'; is the file cut short?")
        if found[name] > found["MemTotal"]:
            raise where[name].fault(f"{name} is {found[name]} kB, and MemTotal {found['MemTotal']} kB")
    return Meminfo(**{field: found[name] // KIB_PER_PAGE for name, field in NAMES.items()})
