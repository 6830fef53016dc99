"""Real guests before and after they dropped their caches (data/drop_caches), beside what was expected."""

from __future__ import annotations

from typing import NamedTuple

from freepages.engine.text_table import columns
from freepages.real.data_path import data_path
from freepages.real.meminfo import read_meminfo
from freepages.real.procfs import read_zoneinfo
from freepages.zone.drop_caches import pages_freed

RECORDED = ("read-3", "read-2", "noatime-3", "names-3", "busy-1", "busy-3", "synced-3")
"""The folders; the digit at the end is what was written to drop_caches."""
MIB = 256  # pages


class RecordedDrop(NamedTuple):
    """One drop, in pages.

    expected    of the page cache, by meminfo beforehand
    cache       of the page cache, that went
    slab        of reclaimable slab, that went, of slab_there
    more_free   by which MemFree grew, which counts what is on free lists
    waiting     by which the CPUs' own lists grew

    Examples
    --------
    >>> recorded_drop("read-3").waiting
    -181
    """

    name: str
    expected: int
    cache: int
    slab_there: int
    slab: int
    more_free: int
    waiting: int


def recorded_drop(name: str) -> RecordedDrop:
    """What a folder of data/drop_caches tells.

    Examples
    --------
    >>> drop = recorded_drop("read-3")
    >>> drop.expected, drop.cache
    (142356, 142661)
    """
    folders = [data_path("drop_caches", name, when) for when in ("before", "after")]
    old, new = (read_meminfo(folder / "meminfo") for folder in folders)
    waiting = [
        sum(cpu.count for zone in read_zoneinfo(folder / "zoneinfo") for cpu in zone.per_cpu)
        for folder in folders
    ]
    return RecordedDrop(
        name,
        pages_freed(old, int(name[-1])).cache,
        old.cached + old.buffers - new.cached - new.buffers,
        old.reclaimable,
        old.reclaimable - new.reclaimable,
        new.free - old.free,
        waiting[1] - waiting[0],
    )


def recorded_drops() -> str:
    """A table of all of them, in MiB.

    Examples
    --------
    >>> print(recorded_drops().splitlines()[2])
    read-3          556.1  557.3   59.7   16.6    574.7         -0.7
    """
    above = ["", "page cache", "", "slab", "", "more in", "more on"]
    below = ["MiB", "expected", "freed", "there", "freed", "MemFree", "CPUs' lists"]
    rows = [[f"{over}\n{name}" for over, name in zip(above, below, strict=True)]]
    for name, *pages in map(recorded_drop, RECORDED):
        rows.append([name, *(f"{round(some / MIB, 1) + 0.0:.1f}" for some in pages)])
    return "\n".join(columns(rows, range(1, 7)))
