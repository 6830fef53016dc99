"""What an allocator of Linux did: recorded histories of one zone, to be replayed on the model.

A file has one JSON object a line, gzipped or not; data/traces/README.md says what its fields mean. It holds
what was asked of the kernel's functions, what they gave, and the lists they left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import MAX_ORDER, PCPTYPES, Migratetype
from freepages.real.text_lines import Watch, text_lines, unwatched
from freepages.real.typed_json import typed


class Operation(NamedTuple):
    """One operation: ``what`` it is, and of its order, migratetype and pfn those that it has (else None).

    An allocation's ``pfn`` is the kernel's answer, None where it had no block.
    """

    what: str
    order: int | None = None
    migratetype: Migratetype | None = None
    pfn: int | None = None


SHAPES: dict[str, tuple[str, ...]] = {
    "alloc": ("order", "migratetype", "pfn?"),
    "free": ("pfn", "order"),
    "alloc_pcp": ("migratetype", "pfn?"),
    "free_pcp": ("pfn",),
    "drain_pcp": (),
}
"""The arguments of each operation; with ? it may be null."""


@dataclass(frozen=True, kw_only=True)
class ZoneState:
    """The zone's lists at one moment, first pfns from the head.

    free_list   "order.migratetype" -> blocks, of the lists that are not empty
    per_cpu     migratetype -> pages, of the lists that are not empty
    pageblocks  the migratetype of each
    nr_free     NR_FREE_PAGES
    """

    free_list: dict[str, tuple[int, ...]]
    per_cpu: dict[str, tuple[int, ...]]
    pageblocks: tuple[int, ...]
    nr_free: int

    def difference(self, other: ZoneState) -> str:
        """What the first list that is not the same holds here and in the other, or nothing."""
        for name in ("free_list", "per_cpu"):
            ours, theirs = getattr(self, name), getattr(other, name)
            for key in sorted(ours.keys() | theirs.keys(), key=lambda key: [int(n) for n in key.split(".")]):
                if ours.get(key, ()) != theirs.get(key, ()):
                    return f"{name} {key}: {_listed(ours.get(key, ()))}, not {_listed(theirs.get(key, ()))}"
        for at, (mine, its) in enumerate(zip(self.pageblocks, other.pageblocks, strict=True)):
            if mine != its:
                return f"pageblock {at} is {Migratetype(mine).name}, not {Migratetype(its).name}"
        return "" if self.nr_free == other.nr_free else f"nr_free is {self.nr_free}, not {other.nr_free}"


def _listed(pfns: tuple[int, ...], most: int = 8) -> str:
    return f"[{', '.join(map(str, pfns[:most]))}{', ...' if len(pfns) > most else ''}]"


@dataclass(frozen=True, kw_only=True)
class AllocatorTrace:
    """One history: the zone [start, end), its memory in the order in which it was given, and what happened.

    ``states`` are (after so many operations, the lists then), ascending.
    """

    name: str
    zone: tuple[int, int]
    memory: tuple[tuple[int, int], ...]
    pageblock_order: int
    batch: int
    ops: tuple[Operation, ...]
    states: tuple[tuple[int, ZoneState], ...]


def read_traces(path: Path, watch: Watch = unwatched) -> Iterator[AllocatorTrace]:
    """The histories in a file. Raises FreepagesError, naming the line and what was expected there."""
    for number, line in text_lines(path, watch):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            told = json.loads(line)
        except ValueError as fault:
            raise FreepagesError(f"{where}: expected a whole JSON object ({fault})") from None
        except RecursionError:
            raise FreepagesError(f"{where}: expected a JSON object, not one nested so deep") from None
        yield _trace(told, where)


def _trace(told: Any, where: str) -> AllocatorTrace:
    if not isinstance(told, dict) or "ops" not in told or not isinstance(told["ops"], list):
        raise FreepagesError(f"{where}: expected a history: an object with name, zone, memory, ops, states")
    ops = tuple(_operation(op, f"{where}, operation {at}") for at, op in enumerate(told.pop("ops"), 1))
    trace: AllocatorTrace = typed(told, AllocatorTrace, where, ops=ops)
    (start, end), blocks = trace.zone, 1 << min(trace.pageblock_order, MAX_ORDER)
    if not 0 <= start < end or trace.pageblock_order >= MAX_ORDER or not trace.batch:
        raise FreepagesError(
            f"{where}: zone {list(trace.zone)}, pageblock_order {trace.pageblock_order}, batch {trace.batch}:"
            f" expected pages [start, end), an order below {MAX_ORDER} and a batch from 1 on"
        )
    count = -(-end // blocks) - start // blocks
    done = -1
    for after, state in trace.states:
        wrong = [t for t in state.pageblocks if t not in PCPTYPES]
        if wrong or len(state.pageblocks) != count or not done < after <= len(ops):
            raise FreepagesError(
                f"{where}, state after {after} operations: expected at most {len(ops)}, ascending,"
                f" and the migratetypes 0 to 2 of {count} pageblocks"
            )
        done = after
        for key in [*state.free_list, *state.per_cpu]:
            if (
                not key.replace(".", "", 1).isdecimal()
                or not key.isascii()
                or key[0] == "."
                or key[-1] == "."
            ):
                raise FreepagesError(f"{where}, state after {after} operations: {key!r:.40} names no list")
    return trace


def _operation(told: Any, where: str) -> Operation:
    if not isinstance(told, list) or not told or told[0] not in SHAPES:
        shown = told[0] if isinstance(told, list) and told else told
        raise FreepagesError(f"{where}: {shown!r:.60} is not one of {', '.join(SHAPES)}")
    what, *values = told
    shape = SHAPES[what]
    if len(values) != len(shape):
        raise FreepagesError(f"{where}: expected [{', '.join((what, *shape))}], it has {len(values)} values")
    found: dict[str, Any] = {}
    for name, value in zip(shape, values, strict=True):
        field = name.rstrip("?")
        limit = {"order": MAX_ORDER, "migratetype": len(PCPTYPES), "pfn": 1 << 52}[field]
        if value is None and name != field:
            continue
        if type(value) is not int or not 0 <= value < limit:
            raise FreepagesError(f"{where}: {field} {value!r:.40} is not 0 to {limit - 1}")
        found[field] = Migratetype(value) if field == "migratetype" else value
    return Operation(what, **found)
