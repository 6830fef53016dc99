"""The programs that run in the machine: they allocate, write and free, and get what the allocator gives.

The small world's workload takes any free page; this one asks for a block, as programs do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from freepages.engine import Act, Choose, Steps, straight
from freepages.engine.step_size import coarse
from freepages.pages.orders import Migratetype

CHOOSES = Act("do what they like", cost="none")

KERNEL = "k"
"""The kind of block that belongs to the kernel and its drivers: no program's to write or to free."""


def workload(w: Any, largest: int = 2) -> Steps:
    """``1a`` allocates a block of order 1, ``16f`` frees the block at pfn 16, ``17w`` writes page 17.
    Process."""
    node, kernel = w.parts.node, w.parts.kernel

    def options() -> dict[str, str]:
        if w.host.stopped:
            return {}
        can: dict[str, str] = {}
        if kernel.grain is not coarse or kernel.zone_locks.ready():
            can |= {f"{order}a": f"allocate a block of order {order}" for order in range(largest + 1)}
            can |= {f"{pfn}f": f"free block {pfn} of order {order}" for pfn, order in blocks(w)}
        for pfn, order in blocks(w):
            can |= {f"{page}w": f"write page {page}" for page in range(pfn, pfn + (1 << order))}
        return can

    def refuse(choice: str) -> str:
        if choice[-1] not in "fw":
            return ""
        what = "no block of theirs begins there" if choice[-1] == "f" else "it is not theirs"
        return f"cannot {'free' if choice[-1] == 'f' else 'write'} page {choice[:-1]}: {what}"

    menu = Choose(options, refuse, lambda: "stand still" if w.host.stopped else "have no page")
    while True:
        choice = yield CHOOSES, menu
        number, what = int(choice[:-1]), choice[-1]
        if what == "w":
            w.memory.write_letter(w.page_of[number])
            continue
        if what == "a":
            steps = node.alloc_pages(number, Migratetype.MOVABLE, cpu="cpu 1")
        else:
            steps = node.free_pages(number, dict(blocks(w))[number], cpu="cpu 1")
        if kernel.grain is coarse:
            straight(steps)
        else:
            yield from steps


def blocks(w: Any) -> Iterator[tuple[int, int]]:
    """(pfn, order) of every block that programs have."""
    for zone in w.zones:
        for pfn, (order, kind) in zone.used.items():
            if kind != KERNEL:
                yield pfn, order
