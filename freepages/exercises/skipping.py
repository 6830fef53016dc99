"""Notebook 07: from a guest's page frame number to the host's offset in RAM."""

from __future__ import annotations

import random
from collections.abc import Callable

from freepages.engine.errors import FreepagesError
from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.pc_memory import FOUR_GIB, below_4g

CASES = 400


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


def _judge(answer: Callable[[int, int, int], object]) -> str:
    chance = random.Random(2016)
    for _ in range(CASES):
        ram, low, high = _machine(chance)
        near = [0, low - 1, low, high - 1, high, ram.max_pfn - 1, chance.randrange(ram.max_pfn)]
        for pfn in near:
            if pfn >= ram.max_pfn:
                continue
            try:
                wanted: int | None = ram.ram_addr(pfn)
            except FreepagesError:
                wanted = None
            given = answer(pfn, low, high)
            if given != wanted:
                raise Wrong(
                    f"mine(pfn={pfn}, low={low}, high={high}) gives {given}; the page's place is {wanted}."
                )
    return f"{CASES} machines, at both ends of their holes and in between, agree."


translate = Exercise(
    "Write mine(pfn, low, high): the page's place in pc.ram, for a machine whose RAM lies at the pfns "
    "[0, low) and from high on; None for a pfn in the hole between them.",
    _judge,
    (
        "three cases: below low, from high on, and in between.",
        "the first page behind the hole, pfn high, comes in pc.ram right after page low - 1.",
        "pfn if pfn < low else None if pfn < high else pfn - (high - low)",
    ),
    function,
)
