"""A reader for /proc/meminfo, as Linux 2.6.14 to 6.18 print it (fs/proc/meminfo.c, meminfo_proc_show).

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
from freepages.real.proc_text import ProcLine, text_lines

KIB_PER_PAGE = PAGE_SIZE >> 10


@dataclass(frozen=True, kw_only=True)
class Meminfo:
    """What meminfo says, in units of 4 KiB, whatever the machine's pages are.

    total, free         MemTotal and MemFree; free pages on per-CPU lists are not in MemFree
    buffers             the page cache of block devices themselves
    cached              the page cache of files, those of tmpfs among them
    shmem               the pages of tmpfs and of shared memory
    mapped              pages of files, and of tmpfs, that are in some process's page tables
    dirty, writeback    pages yet to be written, and being written; none of tmpfs
    unevictable         pages that are not reclaimed: mlocked ones, those of ramfs, locked shared memory
    mlocked             of these, those that a process locked
    reclaimable         slab that shrinkers can work on (SReclaimable); not all of it will go
    absent              names of lines that the kernel is too old to have; their fields are 0
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
    absent: tuple[str, ...] = ()


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

ADDED = ("Shmem", "Unevictable", "Mlocked", "SReclaimable")
"""Lines that Linux has had since 2.6.19 to 2.6.32 only."""

_AMOUNT = re.compile(r" *(\d{1,15})( kB)? *", re.ASCII)


def read_meminfo(path: Path) -> Meminfo:
    """Read a copy of /proc/meminfo; what is said in lines that are not needed does not matter.

    Raises the OSError for a file that cannot be read, and a FreepagesError with file and line for one that is
    not what it must be.
    """
    found: dict[str, int] = {}
    where: dict[str, ProcLine] = {}
    lines = text_lines(path)
    for line in lines:
        name, colon, amount = line.text.strip().partition(":")
        if not colon:
            raise line.unlike("a line of meminfo ('NAME: NUMBER kB')")
        if name not in NAMES:
            continue
        match = _AMOUNT.fullmatch(amount)
        if not line.ended:
            raise line.fault(f"{name} without the end of its line; is the file cut short?")
        if not match:
            raise line.unlike("a line of meminfo ('NAME: NUMBER kB')")
        if name in found:
            raise line.fault(f"{name} for the second time")
        if not match[2]:
            raise line.fault(f"{name} is not in kB")
        found[name], where[name] = int(match[1]), line
    whole = any(line.text.lstrip().startswith(("Committed_AS:", "HugePages_Total:")) for line in lines)
    absent = tuple(name for name in ADDED if whole and name not in found)
    for name in NAMES:
        if name in absent:
            continue
        if name not in found:
            raise FreepagesError(f"{path}: no line '{name}'; is the file cut short?")
        if found[name] > found["MemTotal"]:
            raise where[name].fault(f"{name} is {found[name]} kB, and MemTotal {found['MemTotal']} kB")
    told = {NAMES[name]: count // KIB_PER_PAGE for name, count in found.items()}
    return Meminfo(**told, absent=absent)


def read_total(path: Path) -> int | None:
    """MemTotal in bytes; None where a file has no such line."""
    for line in text_lines(path):
        if match := re.match(r" *MemTotal: *(\d{1,15}) kB", line.text, re.ASCII):
            return int(match[1]) << 10
    return None
