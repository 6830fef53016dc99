"""A recorded history of Linux's allocator, replayed on the list zone and compared with it."""

from __future__ import annotations

from dataclasses import dataclass

from freepages.engine import Steps, straight
from freepages.pages.orders import Migratetype
from freepages.real.allocator_trace import AllocatorTrace, Operation, ZoneState
from freepages.zone.percpu import drain_pcp, free_pcp, pages_of, pcp_count, rmqueue_pcp
from freepages.zone.span import ZoneError
from freepages.zone.zone import Zone

CPU = "cpu 0"


@dataclass(frozen=True)
class FirstDifference:
    """Where model and kernel part: in which history, after how many of its operations, and how.

    Examples
    --------
    >>> print(FirstDifference("fallbacks", 12, "free gave pfn 3, not pfn 5"))
    fallbacks, operation 12: free gave pfn 3, not pfn 5
    """

    trace: str
    operation: int
    what: str

    def __str__(self) -> str:
        return f"{self.trace}, operation {self.operation}: {self.what}"


def zone_of(trace: AllocatorTrace) -> Zone:
    """The zone of a history before its first operation.

    Examples
    --------
    >>> from freepages.real.allocator_trace import read_traces
    >>> from freepages.real.data_path import data_path
    >>> zone_of(next(iter(read_traces(data_path("traces", "buddy-4.6.jsonl.gz")))))
    Zone('Normal', [0, 2944), 2944 of 2944 free)
    """
    start, end = trace.zone
    zone = Zone("Normal", start, end - start, pageblock_order=trace.pageblock_order)
    for low, high in trace.memory:
        zone.add_memory(low, high)
    return zone


def state_of(zone: Zone) -> ZoneState:
    """The zone's lists, as a history has them.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 16, pageblock_order=4)
    >>> zone.add_memory(0, 16)
    >>> state_of(zone).free_list
    {'4.1': (0,)}
    """
    free_list = {
        f"{area.order}.{blocks.migratetype}": tuple(blocks.from_head())
        for area in zone.free_area
        for blocks in area.free_list
        if blocks
    }
    per_cpu = {f"{pages.migratetype}": tuple(pages.from_head()) for pages in pages_of(zone, CPU) if pages}
    blocks = range(zone.start_pfn & -(1 << zone.pageblock_order), zone.end_pfn, 1 << zone.pageblock_order)
    types = tuple(zone.pageblock_migratetype(pfn) for pfn in blocks)
    return ZoneState(free_list=free_list, per_cpu=per_cpu, pageblocks=types, nr_free=zone.nr_free_pages)


def operation(zone: Zone, batch: int, op: Operation) -> Steps:
    """Do one operation; returns the pfn it gave, where it is an allocation. Process.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 16, pageblock_order=4)
    >>> zone.add_memory(0, 16)
    >>> straight(operation(zone, 0, Operation("alloc", 1, Migratetype.MOVABLE, None)))
    0
    """
    match op:
        case Operation("alloc", int(order), Migratetype() as migratetype):
            return (yield from zone.rmqueue(order, migratetype, CPU))
        case Operation("alloc_pcp", None, Migratetype() as migratetype):
            return (yield from rmqueue_pcp(zone, batch, migratetype, CPU))
        case Operation("free", int(order), None, int(pfn)):
            yield from zone.free(pfn, order, CPU)
        case Operation("free_pcp", None, None, int(pfn)):
            yield from free_pcp(zone, batch, pfn, CPU)
        case _:
            yield from drain_pcp(zone, pcp_count(zone, CPU), CPU)


def difference(trace: AllocatorTrace) -> FirstDifference | None:
    """The first operation or list in which the model differs from the kernel, or None.

    Examples
    --------
    >>> from freepages.real.allocator_trace import read_traces
    >>> from freepages.real.data_path import data_path
    >>> print(difference(next(iter(read_traces(data_path("traces", "buddy-4.6.jsonl.gz"))))))
    None
    """
    try:
        zone = zone_of(trace)
    except ZoneError as fault:
        return FirstDifference(trace.name, 0, str(fault))
    states = dict(trace.states)
    for done in range(len(trace.ops) + 1):
        if done:
            op = trace.ops[done - 1]
            try:
                pfn = straight(operation(zone, trace.batch, op))
            except ZoneError as fault:
                return FirstDifference(trace.name, done, f"{op.what}: {fault}")
            if op.what.startswith("alloc") and pfn != op.pfn:
                return FirstDifference(trace.name, done, f"{op.what} gave {_pfn(pfn)}, not {_pfn(op.pfn)}")
        if done in states and (found := state_of(zone).difference(states[done])):
            return FirstDifference(trace.name, done, found)
    return None


def _pfn(pfn: int | None) -> str:
    return "nothing" if pfn is None else f"pfn {pfn}"
