"""Notebook 02: which pages a free-page bitmap marks; and the inner loop of its builder, to be written."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from freepages.engine import Run
from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.exercises.prediction import Forecast
from freepages.pages.bitmap import PageBitmap

CASES = 500
FIRST = [(16, 10, 1, 16, (3, 15)), (16, 8, 2, 10, ())]
"""Small cases, in which what is wrong is easily seen: pages, pfn, order, limit, bits set before."""


def _marked(run: Run) -> dict[str, int | str]:
    """Which page a finished walk marked first, and whether it marked three others."""
    first = run.steps[1].args[0]  # the step after taking the lock
    return {"first page": first} | {
        f"page {page}": "yes" if run.world.bitmap[page] else "no" for page in (20, 40, 58)
    }


prediction = Forecast(
    _marked,
    why={
        "first page": "The list of order 0 comes first, and this page is at its head: it was freed last.",
        "page 20": "Its CPU can use it, but it is on no list of free_area.",
        "page 40": "No page of a hole was ever freed, so none is on a list.",
        "page 58": "It is in the block of order 3 that begins at 56, and the walk marks the whole block.",
    },
    wrong={
        "first page": {
            10: "It is the free page with the lowest number. But the lists are not sorted by address.",
            17: "It is on the right list, but at its tail.",
            20: "It is on its CPU's own list. The walk goes through free_area only.",
            22: "It is at the head of a list, but that of order 1. The walk begins with order 0.",
            32: "It is on the right list, but not at its head.",
            48: "It is at the head of a list, but that of order 2. The walk begins with order 0.",
            56: "It begins the largest block. The walk begins with order 0.",
        },
        "page 20": {"yes": "It is free, but where would the walk meet it? It goes through free_area only."},
        "page 40": {"yes": "Nobody uses it, but that is not what the walk looks for."},
        "page 58": {"no": "Only the first page of a block is on the list, but it stands for all of them."},
    },
)
"""Which page the walk marks first, and whether three pages are marked."""


def _judge(mark: Callable[[bytearray, int, int, int], object]) -> str:
    chance = random.Random(2016)
    for case in FIRST:
        _judge_one(mark, *case)
    for _ in range(CASES):
        pages, order = chance.randrange(1, 300), chance.randrange(5)
        pfn = chance.randrange(0, 320) >> order << order
        before = [page for page in range(pages) if chance.random() < 0.2]
        _judge_one(mark, pages, pfn, order, chance.randrange(0, pages + 1), before)
    return f"{CASES} more blocks of every size, at and beyond the limit, give the library's bytes."


def _judge_one(
    mark: Callable[..., object], pages: int, pfn: int, order: int, limit: int, before: Sequence[int]
) -> None:
    bitmap = PageBitmap(pages)
    for page in before:
        bitmap.set(page)
    size = len(given := bytearray(bitmap.tobytes()))
    call = f"mark(bitmap, pfn={pfn}, order={order}, limit={limit})"
    try:
        mark(given, pfn, order, limit)
    except IndexError as error:
        raise Wrong(f"{call} wrote past the end of the bitmap: only pages below limit have a bit.") from error
    except ValueError as error:
        raise Wrong(f"{call}: {error}. += adds a bit that is set once more, |= does not.") from error
    except TypeError as error:
        if "float" in str(error):
            raise Wrong(
                f"{call}: a byte has a whole number. page / 8 is a fraction, page // 8 is not."
            ) from error
        raise
    if len(given) != size:
        raise Wrong(f"{call}: the bitmap had {size} bytes and has {len(given)} now.")
    block = set(range(pfn, pfn + (1 << order)))
    wanted = block & set(range(limit))
    now = {8 * at + bit for at, byte in enumerate(given) for bit in range(8) if byte >> bit & 1}
    new = now - set(before)
    if new != wanted - set(before) == {page ^ 7 for page in new}:
        raise Wrong(
            f"{call} turned the bits of each byte round: bit 0 is the lowest, so page 0 is 1, not 0x80."
        )
    if past := sorted((now - set(before)) & (block - wanted)):
        raise Wrong(f"{call} wrote past the limit: it set the bit of page {past[0]}.")
    if lost := sorted(set(before) - now):
        raise Wrong(
            f"{call} cleared the bit of page {lost[0]}, which was set before: |= keeps it, = does not."
        )
    if stray := sorted(now - set(before) - wanted):
        raise Wrong(
            f"{call} set the bit of page {stray[0]}, which is not in the block [{pfn}, {max(block) + 1})."
        )
    if missing := sorted(wanted - now):
        block_is = f"a block of order {order} has {1 << order} pages, from pfn on"
        raise Wrong(f"{call} did not set the bit of page {missing[0]}: {block_is}.")


mark_block = Exercise(
    "Write mark(bitmap, pfn, order, limit). It sets the bit of every page of the block that is below limit. "
    "All other bits stay as they are; some may be set already. bitmap is a bytearray; page i is bit i % 8 "
    "of byte i // 8, and bit 0 is the lowest.",
    _judge,
    (
        "two questions: which pages (a range, cut off at limit)? And for each, which byte and which bit?",
        "the block is [pfn, pfn + (1 << order)), cut off at limit. To set a bit and keep the others: |=",
        "for page in range(pfn, min(pfn + (1 << order), limit)): bitmap[page // 8] |= 1 << (page % 8)",
    ),
    function,
)
