"""Notebook 27: how far off the model is; and how many pages were not zeros, from a migration's bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from statistics import median

from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.exercises.prediction import Forecast
from freepages.host.sender import NORMAL_BYTES, ZERO_BYTES
from freepages.migrate.calibration import Predictions
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate
from freepages.pages.orders import PAGE_SIZE

CHOICES = {"10 %": 10, "30 %": 30, "100 %": 100}


def _typical(told: Predictions) -> dict[str, str]:
    """The median error of a kind of migration, as the nearest of the choices."""
    kinds = {"idle, everything": ("idle", False), "build, skipping": ("kernel-build", True)}
    off = {key: median(abs(time.error) for time in told.times(*kind)) for key, kind in kinds.items()}
    return {key: min(CHOICES, key=lambda words: abs(CHOICES[words] - off[key])) for key in kinds}


prediction = Forecast(
    _typical,
    why={
        "idle, everything": "This is nearly all search for zeros, and guests and processors were alike.",
        "build, skipping": "The pages in use decide it, and the mails do not say how many there are.",
    },
    wrong={
        "idle, everything": {
            "30 %": "An idle guest of zeros is the easy case: hardly anything is on the unknown network.",
            "100 %": "An idle guest of zeros is the easy case: hardly anything is on the unknown network.",
        },
        "build, skipping": {
            "10 %": "What is in the guest decides it. How would the model know?",
            "30 %": "It is worse. What is in the guest decides it, and the model does not know that.",
        },
    },
)
"""How far the predictions of the published tables are off, for the easiest and for the hardest kind."""

GIB = 1 << 30
CASES = ((1, 0.9), (2, 0.5), (4, 0.99))
"""GiB of the guest, and the share of it that is free and holds zeros."""
NEAR = 0.0002
"""The bytes of sections and names are not a page's: the count is off by that share of it at most."""

Rule = Callable[[int, int], float]
"""normal_pages(pages, sent)"""

LIKELY: Mapping[str, Rule] = {
    "You take all bytes for normal pages. The pages of zeros have some too.": (
        lambda pages, sent: sent / NORMAL_BYTES
    ),
    "A normal page has 8 bytes of header, and the pages of zeros have 9 bytes each.": (
        lambda pages, sent: sent / PAGE_SIZE
    ),
    "You take off 9 bytes for every page. Then a normal page is left with 9 bytes less.": (
        lambda pages, sent: (sent - ZERO_BYTES * pages) / NORMAL_BYTES
    ),
    "You take off 9 bytes for every page. How many of its 4104 bytes are then left to a normal page?": (
        lambda pages, sent: (sent - ZERO_BYTES * pages) / PAGE_SIZE
    ),
    "That is the number of pages of zeros.": (
        lambda pages, sent: pages - (sent - ZERO_BYTES * pages) / (NORMAL_BYTES - ZERO_BYTES)
    ),
}


@lru_cache
def measured(gib: int, share: float) -> tuple[int, int, int]:
    """Pages of RAM, bytes sent, and normal pages sent, of a guest that is still."""
    guest = Guest.made_up(gib * GIB, share)
    done = migrate(guest, "everything", "still", bandwidth=1.25e9, keep=False)
    return guest.ram.pages, done.transferred_bytes, done.normal_pages


def near(said: float, found: float) -> bool:
    return abs(said / found - 1) <= NEAR


def _judge(answer: Rule) -> str:
    for case in CASES:
        pages, sent, found = measured(*case)
        said = returned(answer, pages, sent)
        if not isinstance(said, int | float):
            raise Wrong(f"normal_pages({pages}, {sent}) is {said!r:.60}, and that is no number.")
        if not near(said, found):
            reason = next((f" {why}" for why, rule in LIKELY.items() if near(said, rule(pages, sent))), "")
            raise Wrong(f"normal_pages({pages}, {sent}) is {said:,.0f}, and {found:,} were sent.{reason}")
    return f"{len(CASES)} guests were migrated, and you find their pages within {NEAR:.2%}."


normal_pages = Exercise(
    "Write normal_pages(pages, sent): how many normal pages a migration has sent. The guest has pages pages "
    "of RAM and writes nothing, so each page is sent once. sent is the bytes on the link: "
    f"{ZERO_BYTES} for a page of zeros, {NORMAL_BYTES} for a normal one.",
    _judge,
    (
        "call the normal pages n. How many pages are zeros, and how many bytes are all pages together?",
        f"sent = {NORMAL_BYTES} * n + {ZERO_BYTES} * (pages - n). Solve for n.",
        f"(sent - {ZERO_BYTES} * pages) / ({NORMAL_BYTES} - {ZERO_BYTES})",
    ),
    function,
)
