"""Notebook 26: how long the zone lock is held; and the largest guest in which that is not too long."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from freepages.engine.quantity import format_seconds
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate

LIMIT = 0.6  # seconds
SIZES = tuple(1 << shift for shift in range(3, 10))
"""GiB of the guests that there are."""
FREE_SHARE = 0.75
WAYS = ("snapshot", "locked")


@lru_cache
def lock_held(way: str, gib: int) -> float:
    """Seconds for which the zone lock is held in all in the migration of such a guest, by the clock."""
    guest = Guest.made_up(gib << 30, FREE_SHARE)
    done = migrate(guest, way, "churn:20000/s", bandwidth=1.25e9, keep=False)
    return sum(span.ns for span in done.held) / 1e9


CHOICES = {"5 ms": 0.005, "50 ms": 0.05, "0.5 s": 0.5, "5 s": 5.0}


def _held_and_waited(waits: Mapping[str, float]) -> dict[str, str]:
    held = lock_held("snapshot", 256)
    return {
        "held": min(CHOICES, key=lambda words: abs(CHOICES[words] / held - 1)),
        "wait longest": max(waits, key=lambda way: waits[way]),
    }


prediction = Forecast(
    _held_and_waited,
    why={
        "held": "Memory is 32 times Li's, and three quarters of it is free: 20 ms times 24 is 0.48 s.",
        "wait longest": "It walks all lists again for each GiB, and holds the lock while the host works.",
    },
    wrong={
        "held": {
            "5 ms": "The walk visits each free page. There are more of them than in Li's guest.",
            "50 ms": "Li's guest had 8 GB. How many times as much is free here?",
            "5 s": "That would be ten times too long. Multiply Li's 20 ms.",
        },
        "wait longest": {
            "snapshot": "It walks once. How often does a driver walk that answers for a GiB at a time?",
            "free_page_hint": "It takes one block at a time, and holds the lock only for that.",
        },
    },
)
"""For how long `snapshot` holds the lock in a guest of 256 GiB; and of ways, each with the seconds that the
vCPUs wait, the one with the longest."""


TOO_LARGE = {
    "snapshot": "one walk takes 9.5 ns for each free page",
    "locked": "the driver walks all lists again for each chunk, so twice the guest is four times the time",
}


def _judge(answer: Any) -> str:
    if not isinstance(answer, dict) or set(answer) != set(WAYS):
        raise Wrong(f"the answer is {{'snapshot': GiB, 'locked': GiB}}, not {answer!r:.60}.")
    if any(answer[way] is ... for way in WAYS):
        raise Wrong("one of the two sizes is still missing.")
    for way in WAYS:
        if answer[way] not in SIZES:
            raise Wrong(f"{way}: {answer[way]!r:.60} is not one of {', '.join(map(str, SIZES))}.")
    told = []
    for way in WAYS:
        held = lock_held(way, answer[way])
        if held > LIMIT:
            gib = next(size for size in SIZES if lock_held(way, size) > LIMIT)
            already = "" if gib == answer[way] else "already "
            raise Wrong(
                f"{way}: {already}in a guest of {gib} GiB the lock is held for "
                f"{format_seconds(lock_held(way, gib))}: {TOO_LARGE[way]}."
            )
        if answer[way] != SIZES[-1] and (more := lock_held(way, 2 * answer[way])) <= LIMIT:
            raise Wrong(f"{way}: twice that size is possible too, with the lock held {format_seconds(more)}.")
        told.append(f"{way} {format_seconds(held)}")
    return f"both were migrated: {', '.join(told)}, and more than {LIMIT} s in twice the guest."


largest_guest = Exercise(
    f"""The zone lock may be held for {LIMIT} s in all, while a guest is migrated.
Its size is {", ".join(map(str, SIZES[:-1]))} or {SIZES[-1]} GiB, and {FREE_SHARE:.0%} of it is free,
in single pages: a walk takes 9.5 ns for each of them, marked or passed.
What is the largest, with "snapshot" and with "locked" in chunks of 1 GiB?
Answer {{"snapshot": GiB, "locked": GiB}}.""",
    _judge,
    (
        "a GiB has 2**18 pages, and a free page costs 9.5 ns each time that the lists are walked. How often "
        "is that, with each?",
        "snapshot: once. locked: once for each chunk, and the chunks are as many as the guest has GiB.",
        "with n GiB: 9.5 ns * 0.75 * 2**18 * n = 1.9 ms * n for snapshot, 1.9 ms * n * n for locked.",
    ),
)
