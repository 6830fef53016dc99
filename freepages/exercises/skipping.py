"""Notebook 07: how many pages are sent; and from a guest's page frame number to the host's place in RAM."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress

from freepages.engine.errors import FreepagesError
from freepages.exercises.exercise import Exercise, function, same_everywhere
from freepages.exercises.prediction import Forecast
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.pc_memory import FOUR_GIB, below_4g
from freepages.scenarios.precopy import sent_pages

prediction = Forecast(
    sent_pages,
    why="The pages that were in use, and page 20: the log brought it back.",
    wrong={
        24: "Then the destination would not have what was written to page 20.",
        26: "Page 20 was not sent before the sync. How often is it sent then?",
        1: "The other pages in use are at the source only, so they must be sent too.",
        23: "Page 20 was free when the guest looked. It comes on top of the pages in use.",
        39: "These are free. They are the ones that are skipped.",
        40: "These are the free pages. They are the ones that are skipped.",
        41: "These are the free pages and page 20. The free ones are skipped.",
        63: "Only page 20 would be skipped. The bitmap lists all pages that are free.",
        64: "Then nothing would be skipped.",
        65: "Then nothing would be skipped.",
    },
)
"""How many pages the host has sent in a run."""


MACHINES = 400

Translation = Callable[[int, int, int], int | None]
"""ram_addr(pfn, low, high)"""

LIKELY: Mapping[str, Translation] = {
    "Above the hole the host's number is smaller than the pfn: the host has no hole.": (
        lambda pfn, low, high: pfn if pfn < low or pfn >= high else None
    ),
    "The two numbers are the same below the hole only. And in the hole there is no page.": (
        lambda pfn, low, high: pfn
    ),
    "A pfn in the hole has no page either: it is not below low, and not from high on.": (
        lambda pfn, low, high: pfn - (high - low) if pfn >= high else pfn
    ),
    "A pfn in the hole has no page. What does the function return for it?": (
        lambda pfn, low, high: pfn if pfn < low else pfn - (high - low)
    ),
    "Page number `low` is the first one of the hole: compare with <.": (
        lambda pfn, low, high: pfn if pfn <= low else None if pfn < high else pfn - (high - low)
    ),
    "Page number `high` is the first one behind the hole, and has a place.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn <= high else pfn - (high - low)
    ),
    "Below the hole the host's number is the pfn. Only above it do the two differ.": (
        lambda pfn, low, high: pfn - (high - low)
    ),
    "Bracket the length of the hole: pfn - high - low takes both numbers away.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high - low
    ),
    "That is one too few: the hole has high - low pages, for `high` is no page of it.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - (high - low) - 1
    ),
    "That is one too many: the hole has high - low pages, for `low` is a page of it.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - (high - low) + 1
    ),
    "Place 0 is page 0's. For a pfn in the hole return None.": (
        lambda pfn, low, high: pfn if pfn < low else 0 if pfn < high else pfn - (high - low)
    ),
    "C would return -1 for a pfn in the hole. Here it is None.": (
        lambda pfn, low, high: pfn if pfn < low else -1 if pfn < high else pfn - (high - low)
    ),
    "You subtract where the hole begins. Subtract how long it is.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - low
    ),
    "You subtract where the hole ends. Pages 0 to low - 1 come first in the host's RAM.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high
    ),
    "It is the other way round: the host's number is smaller than the pfn, by the length of the hole.": (
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn + (high - low)
    ),
}
"""Likely mistakes, by what to say of them."""


def _machine(chance: random.Random) -> tuple[GuestRam, int, int]:
    """A PC, or one of a few pages; with the first page of its hole and the one behind it."""
    if chance.random() < 0.5:
        name = chance.choice(("i440fx", "q35"))
        ram = GuestRam.pc(chance.randrange(1, 65) << 29, name)
        return ram, below_4g(ram.pages, name), FOUR_GIB
    pages, hole = chance.randrange(8, 64), chance.randrange(1, 16)
    low = chance.randrange(1, pages)
    mapped = ((0, low), (low + hole, pages + hole))
    return GuestRam([RamBlock("pc.ram", 0, pages, mapped)]), low, low + hole


def cases() -> dict[tuple[int, int, int], int | None]:
    """Pages of many machines, at both ends of their holes and in between: (pfn, low, high) -> ram_addr."""
    chance, found = random.Random(2016), dict[tuple[int, int, int], int | None]()
    for _ in range(MACHINES):
        ram, low, high = _machine(chance)
        for pfn in (0, low - 1, low, high - 1, high, ram.max_pfn - 1, chance.randrange(ram.max_pfn)):
            if pfn < ram.max_pfn:
                found[pfn, low, high] = None
                with suppress(FreepagesError):
                    found[pfn, low, high] = ram.ram_addr(pfn)
    return found


def _judge(answer: Translation) -> str:
    same_everywhere(answer, "ram_addr", cases(), LIKELY)
    return f"{MACHINES} machines, at both ends of their holes and in between, agree."


translate = Exercise(
    "Write ram_addr(pfn, low, high): the host's number of a page of the guest. The guest has RAM "
    "at the pfns from 0 to low - 1 and from high on. The host keeps these pages in one block without a "
    "hole. For a pfn in the hole return None.",
    _judge,
    (
        "there are three cases: below low, from high on, and in between.",
        "the page at pfn high comes in the host's block right after the page at pfn low - 1.",
        "pfn if pfn < low else None if pfn < high else pfn - (high - low)",
    ),
    function,
)
