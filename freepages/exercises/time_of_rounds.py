"""Notebook 25: how long a migration takes whose guest writes all its memory, from the rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from freepages.engine.costs import Costs
from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.exercises.prediction import Forecast
from freepages.host.sender import NORMAL_BYTES
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate
from freepages.pages.orders import PAGE_SIZE

LINK = Costs().link * PAGE_SIZE / NORMAL_BYTES
"""Bytes of pages that the link carries in a second."""
GIB, MIB = 1 << 30, 1 << 20
CASES = ((4, 0), (8, 250), (8, 500), (16, 500), (8, 800))
"""GiB of the guest, MiB it writes a second."""
ENDLESS = ((8, 1100.0), (4, 2048.0), (8, LINK / MIB))
NEAR = 0.06

Rule = Callable[[float, float, float], float | None]
"""seconds(memory, writes, link)"""

LIKELY: Mapping[str, Rule] = {
    "That is the first round alone. What was written meanwhile must be sent too.": (
        lambda memory, writes, link: memory / link
    ),
    "These are two rounds. While the second is sent the guest writes again.": (
        lambda memory, writes, link: memory / link * (1 + writes / link)
    ),
    "Twice as long is right where the guest writes half as fast as the link carries. What of other rates?": (
        lambda memory, writes, link: 2 * memory / link
    ),
    "The guest's writing makes it longer, not shorter.": (
        lambda memory, writes, link: memory / (link + writes)
    ),
}


@lru_cache
def measured(gib: int, mib: int) -> float:
    """Seconds of the migration of such a guest, by the clock."""
    workload = f"dirty:{mib}MiB/s:{gib}GiB" if mib else "idle"
    guest = Guest.made_up(gib * GIB, 0.0)
    return migrate(guest, "everything", workload, bandwidth=1.25e9, keep=False).total / 1e9


def _times_as_long() -> float:
    times = measured(8, round(LINK / 2 / MIB)) / measured(8, 0)
    return min(CHOICES, key=lambda choice: abs(choice - times))


CHOICES = (1.5, 2, 3, 4)
prediction = Forecast(
    _times_as_long,
    why="Each round takes half as long as the one before: 1 + 1/2 + 1/4 + ... comes near to 2.",
    wrong={
        1: "What is written while the first round is sent must be sent too.",
        1.5: "In the second round, which takes half as long, the guest writes again.",
        3: "Each round takes half as long as the one before. Add them up.",
        4: "Each round takes half as long as the one before. Add them up.",
    },
)
"""How many times as long the migration takes when the guest writes half as fast as the link carries."""


def near(said: float | None, found: float | None) -> bool:
    """Whether two times are the same up to what the stop and the last round make of them."""
    if said is None or found is None:
        return said is found
    return abs(said / found - 1) <= NEAR


def _judge(answer: Rule) -> str:
    told = []
    for gib, mib in CASES:
        case = gib * GIB, mib * MIB, LINK
        said, found = returned(answer, *case), measured(gib, mib)
        if not isinstance(said, int | float):
            raise Wrong(f"seconds(...) is {said!r:.60}, and that is no number.")
        if not near(said, found):
            reason = next((why for why, rule in LIKELY.items() if near(said, rule(*case))), "")
            raise Wrong(
                f"{gib} GiB, {mib} MiB/s written: you say {said:.1f} s, and it takes {found:.1f} s. "
                f"{reason}".rstrip()
            )
        told.append(f"{said / found - 1:+.0%}")
    for gib, rate in ENDLESS:
        about = f"{gib} GiB, {rate:.0f} MiB/s written"
        how = "faster than" if rate * MIB > LINK else "just as fast as"
        why = f"the guest writes {how} the link carries, so there is no end: return None."
        try:
            said = answer(gib * GIB, rate * MIB, LINK)
        except ZeroDivisionError:
            raise Wrong(f"{about}: you divide by zero. But {why}") from None
        if said is not None:
            raise Wrong(f"{about}: you say {said:.1f} s. But {why}")
    return f"all within {NEAR:.0%} of the clock: off by {', '.join(told)}."


seconds = Exercise(
    "Write seconds(memory, writes, link): how long the migration of a guest takes that is all in use and "
    "writes to all of its memory in turn. memory is in bytes, writes and link are in bytes a second. Leave "
    "out what the stop takes. Where there is no end, return None.",
    _judge,
    (
        "the first round takes memory / link seconds. Which part of memory does the guest write meanwhile?",
        "each round is writes / link times as long as the one before: 1 + r + r*r + ... is 1 / (1 - r).",
        "None if writes >= link else memory / (link - writes)",
    ),
    function,
)
