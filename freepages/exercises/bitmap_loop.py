"""Notebook 02: write the inner loop of the bitmap builder."""

from __future__ import annotations

import random
from collections.abc import Callable

from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.pages.bitmap import PageBitmap

CASES = 500


def _judge(mark: Callable[[bytearray, int, int, int], object]) -> str:
    chance = random.Random(2016)
    for case in range(CASES):
        pages = chance.randrange(1, 300)
        order = chance.randrange(5)
        pfn = chance.randrange(0, 320) >> order << order
        limit = chance.randrange(0, pages + 1)
        before = PageBitmap(pages)
        for page in range(pages):
            if chance.random() < 0.2:
                before.set(page)
        wanted = before.copy()
        low, high = min(pfn, limit), min(pfn + (1 << order), limit)
        wanted.set_range(low, high)
        given = bytearray(before.tobytes())
        mark(given, pfn, order, limit)
        if len(given) != len(wanted.tobytes()):
            raise Wrong(
                f"case {case}: the bitmap had {len(wanted.tobytes())} bytes and has {len(given)} now."
            )
        if bytes(given) != wanted.tobytes():
            at = next(i for i in range(len(given)) if given[i] != wanted.tobytes()[i])
            raise Wrong(
                f"mark(bitmap, pfn={pfn}, order={order}, limit={limit}): byte {at} is {given[at]:#04x}, "
                f"it should be {wanted.tobytes()[at]:#04x}."
            )
    return f"{CASES} blocks of every size, at and beyond the limit, give the library's bytes."


mark_block = Exercise(
    "Write mark(bitmap, pfn, order, limit): set the bit of every page of the block that is below limit. "
    "bitmap is a bytearray; page i is bit i % 8 of byte i // 8.",
    _judge,
    (
        "two questions: which pages (a range, cut off at limit)? And for each, which byte and which bit?",
        "for page in range(pfn, min(pfn + (1 << order), limit)): ...",
        "... bitmap[page // 8] |= 1 << (page % 8)",
    ),
    function,
)
