"""How much memory there is, and how much of it this process has in use: now, and at the most."""

from __future__ import annotations

import os
import sys
from mmap import PAGESIZE

from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import format_bytes

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

CGROUP = "/sys/fs/cgroup/memory.max"


def in_use() -> int:
    """Bytes resident now (proc(5), statm); 0 where the system does not say."""
    return _statm(1)


def peak() -> int:
    """Bytes resident at the most, since this program began; 0 where the system does not say.

    Linux tells it as VmHWM (proc(5), status). What getrusage() tells there begins with the peak of whoever
    started the process, so a small one that a large one has started looks large.
    """
    told = _line("/proc/self/status", "VmHWM:")
    if told is None and resource is None:
        return 0
    unit = 1 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit if told is None else told


def available() -> int:
    """Bytes that this process can still get: what the machine has, and what limits on the process leave.

    Where the system does not say, none is too much.
    """
    there = _line("/proc/meminfo", "MemAvailable:")
    if there is None:
        if not hasattr(os, "sysconf"):
            return sys.maxsize
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if resource is not None:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            there = min(there, limit - _statm(0))
    try:
        with open(CGROUP, encoding="ascii") as told:
            there = min(there, int(told.read()) - in_use())
    except (OSError, ValueError):  # no cgroup of version 2, or no limit: "max"
        pass
    return max(there, 0)


def need(size: int, what: str) -> None:
    """Raise a FreepagesError if so many bytes, for ``what``, are more than are available."""
    if size > (there := available()):
        raise FreepagesError(
            f"{what} takes {format_bytes(size)} of memory here, and {format_bytes(there)} are available"
        )


def _statm(column: int) -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            return int(told.read().split()[column]) * PAGESIZE
    except OSError:
        return 0


def _line(path: str, name: str) -> int | None:
    """Bytes of the line of that name, which tells kB; None where there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as lines:
            return next((int(line.split()[1]) << 10 for line in lines if line.startswith(name)), None)
    except OSError:
        return None
