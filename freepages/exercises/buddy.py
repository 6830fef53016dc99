"""Notebook 01: how many free blocks are left when one page is taken; and fragment a zone on purpose."""

from __future__ import annotations

from freepages.exercises.exercise import Exercise, Wrong, written
from freepages.exercises.prediction import Forecast
from freepages.scenarios.zones import operate, zone_drawn

PAGES = 16


prediction = Forecast(
    lambda run: sum(run.world.nr_free()),
    why="There were six splits, and each left one free half: one block of each order from 0 to 5.",
    wrong={
        0: "Only one page of the block is taken. The kernel keeps the others, as smaller free blocks.",
        1: "63 free pages do not make one block: a block has 2ᵏ pages.",
        2: "One half is free after the first split, but the other still has 32 pages. It is halved again.",
        5: "The last split makes two blocks of one page. One is taken; what of the other?",
        7: "You counted the page that was taken.",
        63: "63 pages are free, but free pages are kept in blocks as large as possible.",
    },
)
"""How many free blocks a zone has after a run."""


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
