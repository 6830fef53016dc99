"""How the model's things are shown: a zone or a lock of a run, as panels of a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from freepages.engine import Act, Lock, Run
from freepages.pages.orders import ORDERS, Migratetype
from freepages.pages.ranges import pairs
from freepages.real import Snapshot
from freepages.view.frame import Frame, FreeLists, LockRow, Locks, PageMap, State
from freepages.zone import free_page_bitmap as freemap
from freepages.zone import percpu, zone
from freepages.zone.zone import Zone

Range = tuple[int, int]

LISTED = 16  # blocks of a list that are shown; its count is always whole


def _block(pfn: int, order: int, *_: object) -> list[Range]:
    return [(pfn, pfn + (1 << order))]


def _range(start: int, end: int, *_: object) -> list[Range]:
    return [(start, end)]


TOUCHES: dict[Act, Callable[..., list[Range]]] = {
    zone.TAKES_BLOCK: _block,
    zone.SPLITS: _block,
    zone.PUTS_FIRST: _block,
    zone.PUTS_LAST: _block,
    zone.STEALS: _block,
    zone.MERGES: lambda pfn, buddy, order: _block(pfn, order) + _block(buddy, order),
    zone.CLAIMS: _range,
    freemap.MARKS: _range,
    freemap.PASSES: _range,
    percpu.TAKES_PAGE: lambda pfn: [(pfn, pfn + 1)],
    percpu.PUTS_PAGE: lambda pfn: [(pfn, pfn + 1)],
}
"""The pages that a step of each kind is about."""


def touched(run: Run) -> list[Range]:
    """The ranges of pages that the last step was about."""
    if not run.steps:
        return []
    step = run.steps[-1]
    return TOUCHES[step.act](*step.args) if step.act in TOUCHES else []


def memory(zone: Zone, highlight: Iterable[Range] = ()) -> PageMap:
    """Every page of the zone with its state, and the free blocks as outlines."""
    states = bytearray([State.HOLE]) * zone.spanned

    def paint(pfn: int, end: int, state: int) -> None:
        states[pfn - zone.start_pfn : end - zone.start_pfn] = bytes([state]) * (end - pfn)

    for low, high in zone.memory:
        paint(low, high, State.IN_USE)
    for pfn, (order, kind) in zone.used.items():
        paint(pfn, pfn + (1 << order), State.PAGE_CACHE if kind.isupper() else ord(kind))
    for lists in zone.pageset.values():
        for pfn in (pfn for pages in lists for pfn in pages):
            paint(pfn, pfn + 1, State.PER_CPU)
    blocks = sorted((pfn, order) for pfn, order, _ in zone.free_blocks())
    for pfn, order in blocks:
        paint(pfn, pfn + (1 << order), State.FREE)
    size = 1 << zone.pageblock_order
    aligned = zone.start_pfn % size == 0
    return PageMap(
        f"zone {zone.name}",
        zone.start_pfn,
        states,
        blocks=blocks,
        highlight=highlight,
        migratetypes=[
            zone.pageblock_migratetype(pfn) for pfn in range(zone.start_pfn, zone.end_pfn, size) if aligned
        ],
        pageblock=size,
    )


def snapshot_frame(snapshot: Snapshot) -> Frame:
    """A machine's memory from pfn 0 to max_pfn: free, in use, or no memory at all.

    In use is also what the kernel took before its allocator existed, and what that does not manage.
    """
    ram = snapshot.ram or [(z.start_pfn, z.end_pfn) for z in snapshot.zones]
    states = bytearray([State.HOLE]) * snapshot.max_pfn
    for state, ranges in ((State.IN_USE, ram), (State.FREE, pairs(snapshot.free_runs))):
        letter = bytes([state])
        for low, high in ranges:
            states[low:high] = letter * (min(high, snapshot.max_pfn) - low)
    there = snapshot.max_pfn - states.count(State.HOLE)
    title = f"{snapshot.free_pages:,} of {there:,} pages of memory are free"
    return Frame(title, (PageMap("memory", 0, states),), snapshot.about.get("note", ""))


def free_lists(zone: Zone) -> FreeLists:
    """free_area: the blocks of every list that is not empty, from its head."""
    return FreeLists(
        f"zone {zone.name}: free_area",
        zone.nr_free(),
        {
            (order, migratetype): list(islice(blocks.from_head(), LISTED))
            for order in ORDERS
            for migratetype in Migratetype
            if (blocks := zone.free_area[order].free_list[migratetype])
        },
    )


def locks(run: Run, *shown: Lock) -> Locks:
    return Locks(
        tuple(
            LockRow(lock.name, lock.holder, run.held_since(lock), tuple(run.waiters(lock))) for lock in shown
        )
    )
