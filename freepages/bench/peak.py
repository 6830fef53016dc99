"""The most memory that this process has had in use."""

from __future__ import annotations

import resource
import sys


def peak_mib() -> float:
    """MiB resident at the most, since this program began.

    Linux tells it as VmHWM (proc(5), status). What getrusage() tells there begins with the peak of whoever
    started the process, so a small one that a large one has started looks large.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    except (OSError, StopIteration):
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
