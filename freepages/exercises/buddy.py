"""Notebook 01: fragment a zone on purpose."""

from __future__ import annotations

from freepages.exercises.exercise import Exercise, Wrong, written
from freepages.scenarios.zones import operate, zone_drawn

PAGES = 16


def _judge(operations: str) -> str:
    zone = zone_drawn("·" * PAGES)
    operate(zone, operations)
    zone.validate()
    free = zone.nr_free_pages
    if free != PAGES // 2:
        raise Wrong(f"{free} pages are free, not {PAGES // 2}.")
    pfn, order, _ = max(zone.free_blocks(), key=lambda block: block[1])
    if order:
        pages = f"{free} pages are free, but pages {pfn} to {pfn + (1 << order) - 1}"
        if "f" not in operations:
            raise Wrong(f"{pages} lie in one block that was never split: take all {PAGES} pages first.")
        raise Wrong(f"{pages} are buddies, so the allocator merged them into one block of order {order}.")
    return f"{free} of {PAGES} pages are free, in {zone.nr_free()[0]} blocks, and no two of them are buddies."


scattered = Exercise(
    f"A fresh zone has {PAGES} pages. Write operations as one text, such as '0a 0a 1f': '0a' allocates a "
    "block of order 0, and '1f' frees the block that begins at pfn 1. At the end half of the pages are free, "
    "and still nobody can get a block of order 1.",
    _judge,
    (
        "a free block of order 1 is two free buddies. What must every pair of buddies look like?",
        "first allocate all pages one by one, so that every pair of buddies is in use. Then free some.",
        'free one page of each pair (0, 1), (2, 3), ...: " ".join(["0a"] * 16 + ["0f", "2f", "4f", ...])',
    ),
    written("a text such as '0a 0a 1f'"),
)
