"""Notebook 01: fragment a zone on purpose."""

from __future__ import annotations

from freepages.exercises.exercise import Exercise, Wrong, written
from freepages.scenarios.zones import operate, zone_drawn

PAGES = 16


def _judge(operations: str) -> str:
    zone = zone_drawn("·" * PAGES)
    operate(zone, operations)
    zone.validate()
    free, pairs = zone.nr_free_pages, sum(zone.nr_free()[1:])
    if free != PAGES // 2:
        raise Wrong(f"{free} pages are free, not {PAGES // 2}.")
    if pairs:
        raise Wrong(f"{free} pages are free, but {pairs} free block(s) have an order above 0.")
    return f"{free} of {PAGES} pages are free, in {zone.nr_free()[0]} blocks, and no two of them are buddies."


scattered = Exercise(
    f"A fresh zone has {PAGES} pages. Write operations ('0a' allocates order 0, '4f' frees the block at pfn "
    "4) after which half of its pages are free, and still nobody can get a block of order 1.",
    _judge,
    (
        "a free block of order 1 is two free buddies. What must every pair of buddies look like?",
        "allocate all pages one by one; then free one of each pair (0, 1), (2, 3), ...",
        'in Python: " ".join(["0a"] * 16 + [f"{pfn}f" for pfn in range(0, 16, 2)])',
    ),
    written("a text such as '0a 0a 1f'"),
)
