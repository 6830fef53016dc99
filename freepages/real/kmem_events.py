"""What a running kernel's allocator did, event by event: the text of ftrace's kmem events.

Reads a copy of /sys/kernel/tracing/trace, or what `trace-cmd report` or `perf script` prints. The events and
their fields are those of include/trace/events/kmem.h, from Linux 2.6.31 on; pfns are decimal up to 5.17 and
hexadecimal since. Lines of other events are passed over and counted. Migratetypes are the kernel's numbers.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.real.text_lines import Watch, text_lines, unwatched

ALLOC, FREE, FREE_BATCHED = "mm_page_alloc", "mm_page_free", "mm_page_free_batched"
ZONE_LOCKED, DRAIN, EXTFRAG = "mm_page_alloc_zone_locked", "mm_page_pcpu_drain", "mm_page_alloc_extfrag"

EVENTS: dict[str, str] = {
    ALLOC: "page pfn order migratetype gfp_flags",
    FREE: "page pfn order",
    FREE_BATCHED: "page pfn order",
    ZONE_LOCKED: "page pfn order migratetype percpu_refill",
    DRAIN: "page pfn order migratetype",
    EXTFRAG: "page pfn alloc_order fallback_order pageblock_order alloc_migratetype fallback_migratetype"
    " fragmenting change_ownership",
}
"""The events that are read, each with its fields. Linux 4.6 ends mm_page_free_batched's with cold."""

KINDS = tuple(EVENTS)
HIGHEST_ORDER = 20  # no configuration of Linux has blocks so large
NO_PFN = -1

# TASK-PID (TGID) [CPU] FLAGS TIME: EVENT: FIELDS, from the CPU on. perf has a blank for the -, and no flags.
_EVENT = re.compile(r" \[\d+\] +(?:\S+ +)?(\d+\.\d+): +(?:\w+:)?(\w+): *")
_TASK = re.compile(r"\s*(\S.*?)[- ] *(\d+)(?: +\([ \d-]+\))? *$")
EXPECTED = "'TASK-PID [CPU] TIME: mm_page_alloc: page=... pfn=... order=...'"
_LOST = re.compile(r"CPU:? ?\d+:? \[?(?:LOST )?(\d+) (?:EVENTS|events)")
_WRITTEN = re.compile(r"# entries-in-buffer/entries-written: (\d+)/(\d+)")
_PREAMBLE = re.compile(r"#|cpus=|version = |CPU \d+ is empty|trace-cmd|\s*$")
_FIELDS = {
    name: re.compile(
        r"page= *(\S+) +pfn=(0x[0-9a-f]+|\d+) "
        + {
            ALLOC: r"order=(\d+) migratetype=(-?\d+) gfp_flags=(?=\S)",
            FREE: r"order=(\d+)\s*$",
            FREE_BATCHED: r"order=(\d+)(?: cold=\d)?\s*$",
            ZONE_LOCKED: r"order=(\d+) migratetype=(-?\d+) (?:cpu=\d+ )?percpu_refill=(\d)",
            DRAIN: r"order=(\d+) (?:cpu=\d+ )?migratetype=(-?\d+)",
            EXTFRAG: r"alloc_order=(\d+) fallback_order=(\d+) .*change_ownership=(\d)",
        }[name]
    )
    for name in KINDS
}


class KmemEvent(NamedTuple):
    """One event. ``pfn`` is NO_PFN where an allocation failed.

    ``detail`` is the migratetype of an allocation or a drain, percpu_refill of mm_page_alloc_zone_locked,
    change_ownership of mm_page_alloc_extfrag, and 0 elsewhere. The order of mm_page_alloc_extfrag is that of
    the block that was taken apart (fallback_order).
    """

    kind: str
    pfn: int
    order: int
    detail: int
    task: str
    seconds: float


@dataclass
class KmemEvents:
    """The kmem events of a trace, in its order, as columns.

    ``kinds`` are indices into KINDS, ``tasks`` indices into ``names`` ("sh-19638"), ``times`` seconds of the
    trace's clock. ``others`` counts lines of other events, ``lost`` those that the kernel says it dropped.
    """

    kinds: bytearray = field(default_factory=bytearray)
    pfns: array[int] = field(default_factory=lambda: array("q"))
    orders: bytearray = field(default_factory=bytearray)
    details: bytearray = field(default_factory=bytearray)
    tasks: array[int] = field(default_factory=lambda: array("L"))
    times: array[float] = field(default_factory=lambda: array("d"))
    names: list[str] = field(default_factory=list)
    others: int = 0
    lost: int = 0

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, at: int) -> KmemEvent:
        return KmemEvent(
            KINDS[self.kinds[at]],
            self.pfns[at],
            self.orders[at],
            self.details[at],
            self.names[self.tasks[at]],
            self.times[at],
        )

    def __iter__(self) -> Iterator[KmemEvent]:
        return map(self.__getitem__, range(len(self)))

    def counts(self) -> dict[str, int]:
        """How many events there are of each kind."""
        found = Counter(self.kinds)
        return {name: found[at] for at, name in enumerate(KINDS)}


def read_kmem_events(path: Path, watch: Watch = unwatched) -> KmemEvents:
    """The kmem events in a text file, gzipped or not.

    Raises FreepagesError, naming the line and what was expected there, for a line that is no event, for a
    kmem event whose fields are not those in EVENTS, for numbers that no kernel has, and for a file without
    any kmem event.
    """
    events = KmemEvents()
    index = {name: at for at, name in enumerate(KINDS)}
    tasks: dict[str, int] = {}
    number = 0
    for number, line in text_lines(path, watch):
        found = _EVENT.search(line)
        if not found:
            _other_line(events, line, path, number)
            continue
        who = line[: found.start()]
        task = tasks.get(who)
        if task is None:
            if not (named := _TASK.match(who)):
                raise _unlike(EXPECTED, path, number, line)
            task = tasks[who] = len(events.names)
            events.names.append(f"{named[1]}-{named[2]}")
        time, name = found.groups()
        kind = index.get(name)
        if kind is None:
            events.others += 1
            continue
        values = _FIELDS[name].match(line, found.end())
        if not values:
            raise _unlike(f"{name} with {', '.join(EVENTS[name].split())}", path, number, line[found.end() :])
        page, pfn, order, *rest = values.groups()
        high = int(order if name != EXTFRAG else rest[0])
        detail = int(rest[-1]) if rest else 0
        at = int(pfn, 0) if pfn[:2] == "0x" else int(pfn)
        if high > HIGHEST_ORDER or detail > 9 or at >= 1 << 52 or at & ((1 << high) - 1):
            what = f"an order of 0 to {HIGHEST_ORDER}, a migratetype below 10 and a pfn aligned to its block"
            raise _unlike(what, path, number, line[found.end() :])
        events.kinds.append(kind)
        events.pfns.append(NO_PFN if at == 0 and page.strip("(0xnil)u") == "" else at)
        events.orders.append(high)
        events.details.append(max(0, detail))
        events.tasks.append(task)
        events.times.append(float(time))
    if not len(events):
        raise FreepagesError(
            f"{path}: expected events of kmem ({', '.join(KINDS)}): {number} lines have none of them"
        )
    return events


def _unlike(expected: str, path: Path, number: int, found: str) -> FreepagesError:
    return FreepagesError(f"{path}, line {number}: expected {expected}, it has {found.strip()!r:.70}")


def _other_line(events: KmemEvents, line: str, path: Path, number: int) -> None:
    """A line that is no event: a heading, or what the kernel says of events that it dropped."""
    if written := _WRITTEN.match(line):
        events.lost += int(written[2]) - int(written[1])
    elif lost := _LOST.match(line):
        events.lost += int(lost[1])
    elif "\0" in line or "\ufffd" in line:
        raise _unlike("text (`trace-cmd report` or `perf script` prints a binary trace)", path, number, line)
    elif not _PREAMBLE.match(line):
        raise _unlike(EXPECTED, path, number, line)
